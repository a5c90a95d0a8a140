"""How good lesson 05's live training is, in each of the three ways, and how long it takes.

    python benchmarks/cgan.py [--way projection] [--steps 3000]

Runs the lesson's own cells and prints the seconds of training (of one process's clock too, which
other programs do not lengthen), the judge's agreement with the label, in all and in the worst
class, and FID-course of 10,000 samples of the averaged generator. Run it on a machine that is idle.
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
    parser.add_argument("--way", default="projection")
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()
    lesson, judge = definitions("05_conditional_gan.ipynb"), zoo.load("fashion-cnn")
    training.start(seed=0)
    layout = torch.channels_last
    generator = lesson.Generator(options.way).to(memory_format=layout)
    discriminator = lesson.Discriminator(options.way).to(memory_format=layout)
    ema = training.EMA(generator, decay=0.995)
    batches = data.batches(*data.fashion("train"), size=32)
    step = lesson.make_step(generator, discriminator, batches, ema, steps=options.steps)
    processor = time.process_time()
    history = training.fit(step, options.steps, progress=False)
    processor = time.process_time() - processor
    asked = torch.arange(10_000) % 10
    noise = sampling.latents(10_000, generator.z_dim, seed=1)
    samples = sampling.in_batches(ema.model, noise, asked, batch=250)
    share, per_class = metrics.agreement(metrics.confusion(judge, samples, asked))
    fid = metrics.fid_course(judge, data.fashion("test")[0], samples)
    print(
        f"{options.way}: {options.steps} steps in {history.seconds:.0f} s ({processor:.0f} s of "
        f"processor time), agreement {share:.1%}, worst class {per_class.min():.0%}, "
        f"FID-course {fid:.1f}"
    )


if __name__ == "__main__":
    main()
