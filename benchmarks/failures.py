"""Seven trainings of lesson 04a's DCGAN for 04b: one healthy, six with one thing wrong.

    python benchmarks/failures.py                  # prints figures, in about twenty minutes
    python benchmarks/failures.py "rate too high"  # this one only
    python benchmarks/failures.py --write          # writes course_lib/records/gan-failures.*
    python benchmarks/failures.py --controls       # half of "D too strong" each, into the record

Networks, data and losses are the lesson's, and so is the number of steps (for the collapse, 600
rounds of ten steps of G).
"""

import argparse
import json
import sys
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from course_lib import data, losses, metrics, sampling, training, zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions

STEPS, BATCH, SHOWN, EVERY = 2400, 16, 24, 10
RUNS = {
    "healthy": {},
    "saturating loss": {"g_loss": losses.saturating_generator_loss, "d_steps": 3},
    "D too strong": {"rate_g": 5e-5, "rate_d": 2e-3, "d_steps": 3},
    "no batch norm": {"norm": False},
    "rate too high": {"rate_g": 0.05, "rate_d": 0.05},
    "collapse": {"g_steps": 10, "steps": 600},
    "train mode": {"train_mode": True},
}
# "D too strong" changes two things. Which of them spoils it?
CONTROLS = {
    "healthy": {},
    "G slow alone": {"rate_g": 5e-5},
    "D fast alone": {"rate_d": 2e-3, "d_steps": 3},
}
CONTROL_SEEDS = (0, 1, 2)
# By which letter lesson 04b shows each, so that its reader has to find out.
LETTERS = dict(
    zip(
        "ABCDEF",
        (
            "collapse",
            "train mode",
            "rate too high",
            "saturating loss",
            "no batch norm",
            "D too strong",
        ),
        strict=True,
    )
)


def without_norm(network: nn.Module) -> nn.Module:
    """Replace batch normalisation by nothing, in place."""
    for k, layer in enumerate(network.layers):
        if isinstance(layer, nn.BatchNorm2d):
            network.layers[k] = nn.Identity()
    return network


def descend(adam: torch.optim.Adam, loss: torch.Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def alone(generator: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Return the mistake of the last run: each image drawn alone, and in train mode."""
    with torch.no_grad():
        return torch.cat([generator.train()(row[None]) for row in z])


def train(
    lesson,
    g_loss=losses.generator_loss,
    g_steps=1,
    d_steps=1,
    rate_g=1e-3,
    rate_d=1e-3,
    norm=True,
    train_mode=False,
    steps=STEPS,
    seed=0,
):
    """Return history, averaged generator, what draws with it from z (N, 8), and discriminator."""
    training.start(seed)
    generator, discriminator = lesson.Generator(z_dim=8), lesson.Discriminator(width=24)
    if not norm:
        generator, discriminator = without_norm(generator), without_norm(discriminator)
    adam_g, adam_d = training.adam(generator, rate_g), training.adam(discriminator, rate_d)
    average, history = training.EMA(generator, decay=0.995), training.History()
    batches = data.batches(data.fashion("train")[0], size=BATCH)
    for _ in training.steps(steps, progress=False):
        for _ in range(d_steps):
            real = next(batches)
            fake = generator(torch.randn(BATCH, 8)).detach()
            loss_d = losses.discriminator_loss(discriminator(real), discriminator(fake))
            descend(adam_d, loss_d)
        for _ in range(g_steps):
            loss_g = g_loss(discriminator(generator(torch.randn(BATCH, 8))))
            descend(adam_g, loss_g)
        average.update(generator)
        history.add({"loss_d": loss_d, "loss_g": loss_g})
    draw = alone if train_mode else (lambda model, z: sampling.in_batches(model, z, batch=250))
    return history, average.model, draw, discriminator


def thinned(values: list[float]) -> list[float]:
    """Return the mean of every ten steps, rounded."""
    means = torch.tensor(values).view(-1, EVERY).mean(dim=1)
    return [round(value, 3) for value in means.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("only", nargs="*", help="names of runs; all by default")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--controls", action="store_true")
    options = parser.parse_args()
    path = zoo.RECORDS / "gan-failures.json"
    lesson, judge = definitions("04a_gan.ipynb"), zoo.load("fashion-cnn")
    test, _ = data.fashion("test")
    runs, images = {}, {}

    def measured(name: str, changes: dict) -> tuple[dict, torch.Tensor, training.History]:
        """Train once, and return FID-course and coverage of 5,000 samples, these, the losses."""
        history, generator, draw, _ = train(lesson, **changes)
        samples = draw(generator, sampling.latents(5000, 8, seed=1))
        row = metrics.compare(test, {name: samples}, judge=judge)[name]
        last = {key: round(value, 3) for key, value in history.recent(200).items()}
        print(f"{name}: {last}, FID-course {row['FID-course']}, {row['coverage']}", flush=True)
        found = {
            "FID-course": round(row["FID-course"].value, 1),
            "coverage": round(row["coverage"].value, 3),
        }
        return found, samples, history

    if options.controls:
        record = {**zoo.record("gan-failures"), "controls": {}}
        for name, changes in CONTROLS.items():
            found = [measured(name, changes | {"seed": seed})[0] for seed in CONTROL_SEEDS]
            record["controls"][name] = {
                figure: [one[figure] for one in found] for figure in found[0]
            }
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        return
    for name in options.only or RUNS:
        found, samples, history = measured(name, RUNS[name])
        runs[name] = found | {loss: thinned(values) for loss, values in history.items()}
        images[name] = data.to_uint8(samples[:SHOWN])
    if options.write:
        record = {
            "command": "python benchmarks/failures.py --write",
            "steps": STEPS,
            "steps a value": EVERY,
            "letters": LETTERS,
            "runs": runs,
            "controls": zoo.record("gan-failures").get("controls", {}),
        }
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        safetensors.torch.save_file(images, path.with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
