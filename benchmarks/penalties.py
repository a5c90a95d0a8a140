"""Do R1 and R2 help lesson 04a's DCGAN? With and without, at equal seconds of one thread.

    python benchmarks/penalties.py           # prints a line for each run, in about twenty minutes
    python benchmarks/penalties.py --write   # also writes course_lib/records/gan-penalties.json

Three seeds each. The seconds are those of the processor, so that other programs do not count. The
penalties are computed at every fourth step, with four times the weight (Karras et al. 2020).
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from course_lib import data, losses, metrics, sampling, training, zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions
from failures import BATCH, descend

SECONDS, SEEDS, LAZY = 60, range(3), 4
WAYS = {  # name: weight of the penalties, seconds
    "the lesson's loss": (0.0, SECONDS),
    "with R1 and R2": (0.02, SECONDS),
    "the lesson's loss, twice as long": (0.0, 2 * SECONDS),
}


def train(lesson, seed: int, weight: float, seconds: float) -> tuple[int, torch.nn.Module]:
    """Return how many steps were done, and the averaged generator."""
    training.start(seed)
    generator, discriminator = lesson.Generator(z_dim=8), lesson.Discriminator(width=24)
    adam_g, adam_d = training.adam(generator, 1e-3), training.adam(discriminator, 1e-3)
    average = training.EMA(generator, decay=0.995)
    batches, steps = data.batches(data.fashion("train")[0], size=BATCH), 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        priced = weight > 0 and steps % LAZY == 0
        real = next(batches).requires_grad_(priced)
        fake = generator(torch.randn(BATCH, 8))
        shown = fake.detach().requires_grad_(priced)
        real_logits, fake_logits = discriminator(real), discriminator(shown)
        loss_d = losses.discriminator_loss(real_logits, fake_logits)
        if priced:
            price = losses.r1_penalty(real_logits, real) + losses.r2_penalty(fake_logits, shown)
            loss_d = loss_d + LAZY * weight * price
        descend(adam_d, loss_d)
        descend(adam_g, losses.generator_loss(discriminator(fake)))
        average.update(generator)
        steps += 1
    return steps, average.model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lesson, judge = definitions("04a_gan.ipynb"), zoo.load("fashion-cnn")
    test, _ = data.fashion("test")
    rows = {way: {"steps": [], "FID-course": [], "coverage": []} for way in WAYS}
    for seed in SEEDS:
        for way, (weight, seconds) in WAYS.items():
            steps, generator = train(lesson, seed, weight, seconds)
            samples = sampling.sample(generator, 5000, seed=1)
            found = metrics.compare(test, {way: samples}, judge=judge)[way]
            rows[way]["steps"].append(steps)
            for name in ("FID-course", "coverage"):
                rows[way][name].append(round(found[name].value, 3))
            last = {name: values[-1] for name, values in rows[way].items()}
            print(f"seed {seed}, {way}: {last}", flush=True)
    if options.write:
        command = "python benchmarks/penalties.py --write"
        record = {"command": command, "seconds of one thread": SECONDS, "rows": rows}
        path = zoo.RECORDS / "gan-penalties.json"
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
