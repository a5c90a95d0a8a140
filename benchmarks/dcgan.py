"""How good lesson 04's live training is, and after how many seconds.

    python benchmarks/dcgan.py [--steps 3400] [--every 850]

Runs the lesson's own cells and prints, at each stop, the seconds of training so far, images per
second and FID-course of 10,000 samples of the averaged generator. Run it on a machine that is idle.
"""

import argparse
import sys
import time
from pathlib import Path

import torch

from course_lib import data, metrics, sampling, training, zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3400)
    parser.add_argument("--every", type=int, default=850)
    options = parser.parse_args()
    lesson, judge = definitions("04_gan.ipynb"), zoo.load("fashion-cnn")
    training.start(seed=0)
    layout = torch.channels_last
    generator = lesson.Generator(z_dim=8).to(memory_format=layout)
    discriminator = lesson.Discriminator(width=24).to(memory_format=layout)
    ema = training.EMA(generator, decay=0.995)
    images, _ = data.fashion("train")
    step = lesson.make_step(generator, discriminator, data.batches(images, size=32), ema)
    seconds = 0.0
    print(f"{'steps':>6} {'seconds':>8} {'images/s':>9} {'FID-course':>11} {'top prob.':>10}")
    for first in range(0, options.steps, options.every):
        began = time.perf_counter()
        stop = min(first + options.every, options.steps)
        training.fit(step, stop, start=first, progress=False)
        seconds += time.perf_counter() - began
        with torch.random.fork_rng():
            samples = sampling.sample(ema.model, 10_000, seed=1)
        report = metrics.fashion_report(samples, judge)
        print(
            f"{stop:6} {seconds:8.1f} {stop * 32 / seconds:9,.0f} {report['FID-course']:11.1f} "
            f"{report['mean top probability']:10.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
