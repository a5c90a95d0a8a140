"""How long the judge's table takes, and how much the fused convolutions save.

    python benchmarks/metrics.py [--images 5000] [--threads 1]

Prints the seconds of `metrics.compare` for one set of samples (and the floor) beyond those in which
the judge finds the features, and of one training pass, forward and backward, through the plain and
the fused forms of up- and downsampling convolutions. Run it on a machine that is idle.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from course_lib import data, layers, metrics, zoo


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the least seconds that a call took."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    n, judge, real = options.images, zoo.load("fashion-cnn"), data.fashion("test")[0]
    samples = zoo.load("dcgan-fashion").sample(n, seed=1)
    found = seconds(lambda: metrics.features(judge, torch.cat([real[: 2 * n], real[:n]])), 1)
    whole = seconds(lambda: metrics.compare(real, samples, judge), 1)
    print(f"compare, {n:,} samples: {whole - found:.1f} s beyond {found:.1f} s for features")

    plain = {
        "up": nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(64, 32, 3, padding=1)),
        "down": nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.AvgPool2d(2)),
    }
    fused = {"up": layers.UpsampleConv2d(64, 32), "down": layers.DownsampleConv2d(32, 64)}
    inputs = {"up": torch.randn(64, 64, 16, 16), "down": torch.randn(64, 32, 32, 32)}
    for name, images in inputs.items():
        images = images.to(memory_format=torch.channels_last).requires_grad_()
        taken = []
        for forms in (plain, fused):
            module = forms[name].to(memory_format=torch.channels_last)

            def run(module=module, images=images):
                module(images).square().mean().backward()

            taken.append(seconds(run, 10))
        print(
            f"{name:4} 64 images, 64 and 32 channels, 16 and 32 pixels: plain {taken[0] * 1000:.1f}"
            f" ms, fused {taken[1] * 1000:.1f} ms, {taken[0] / taken[1]:.2f} times faster"
        )


if __name__ == "__main__":
    main()
