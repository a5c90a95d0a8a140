"""What a discriminator knows of clothes: a linear probe on its features, with few labels.

    python benchmarks/probe.py           # prints a line for each way, in about ten minutes
    python benchmarks/probe.py --write   # also writes course_lib/records/gan-probe.json

Four ways to classify garments with 100 or 1,000 labels, three draws of labels each:
- logistic regression on the features of lesson 04a's D, after the lesson's training;
- the same on a D with random weights;
- the same on the pixels;
- the same network with ten logits instead of one, trained from nothing on these labels.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from course_lib import data, training, zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions
from failures import train

LABELS, DRAWS, DECAYS = (100, 1000), range(3), (1e-3, 1e-2, 1e-1, 1.0)


def features(discriminator: nn.Module | None, images: torch.Tensor) -> torch.Tensor:
    """Return what goes into D's last layer, (N, 4w·4·4), in eval mode; of no D, the pixels."""
    if discriminator is None:
        return data.to_float(images).flatten(1)
    with training.evaluating(discriminator):
        parts = [discriminator.layers[:-1](data.to_float(part)) for part in images.split(1000)]
    return torch.cat(parts)


def probe(inputs: torch.Tensor, labels: torch.Tensor, decay: float) -> nn.Linear:
    """Return a logistic regression (N, F) -> (N, 10) with the squared weights as a penalty."""
    line = nn.Linear(inputs.shape[1], 10)
    nn.init.zeros_(line.weight)
    descent = torch.optim.LBFGS(line.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure():
        descent.zero_grad()
        loss = cross_entropy(line(inputs), labels) + decay * line.weight.square().sum() / 2
        loss.backward()
        return loss

    descent.step(closure)
    return line


def accuracy(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> float:
    with training.evaluating(model):
        answers = torch.cat([model(part).argmax(dim=1) for part in inputs.split(1000)])
    return float((answers == labels).float().mean())


def probed(known, labels, test, test_labels) -> float:
    """Return the test accuracy of a probe whose penalty was chosen on a fifth of the labels."""
    mean, deviation = known.mean(dim=0), known.std(dim=0) + 1e-3
    known, test = (known - mean) / deviation, (test - mean) / deviation
    known, test = (rows / rows.shape[1] ** 0.5 for rows in (known, test))
    cut = len(known) // 5
    found = {
        decay: accuracy(probe(known[cut:], labels[cut:], decay / 100), known[:cut], labels[:cut])
        for decay in DECAYS
    }
    best = max(found, key=found.__getitem__)
    return accuracy(probe(known, labels, best / 100), test, test_labels)


def from_nothing(lesson, images, labels, test, test_labels, seed: int) -> float:
    """Return the test accuracy of D's network with ten logits, trained on these labels alone."""
    training.start(seed)
    network = nn.Sequential(*lesson.Discriminator(width=24).layers[:-1], nn.Linear(1536, 10))
    adam = training.adam(network, 1e-3, betas=(0.9, 0.999))
    batches = data.batches(images, labels, size=50)
    for _ in training.steps(600, progress=False):
        inputs, targets = next(batches)
        loss = cross_entropy(network(inputs), targets)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return accuracy(network, data.to_float(test), test_labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lesson = definitions("04a_gan.ipynb")
    (images, labels), (test, test_labels) = data.fashion("train"), data.fashion("test")
    ways: dict[str, nn.Module | None] = {"D of the GAN": train(lesson)[-1]}
    training.start(seed=6)
    ways |= {"D, random weights": lesson.Discriminator(width=24), "pixels": None}
    tests = {way: features(network, test) for way, network in ways.items()}
    rows = {way: {str(n): [] for n in LABELS} for way in (*ways, "trained from nothing")}
    for n in LABELS:
        for draw in DRAWS:
            order = torch.randperm(len(images), generator=torch.Generator().manual_seed(draw))
            some, known = images[order[:n]], labels[order[:n]]
            for way, network in ways.items():
                found = probed(features(network, some), known, tests[way], test_labels)
                rows[way][str(n)].append(round(found, 4))
            found = from_nothing(lesson, some, known, test, test_labels, draw)
            rows["trained from nothing"][str(n)].append(round(found, 4))
            print(n, draw, {way: row[str(n)][-1] for way, row in rows.items()}, flush=True)
    if options.write:
        record = {"command": "python benchmarks/probe.py --write", "test accuracy": rows}
        path = zoo.RECORDS / "gan-probe.json"
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
