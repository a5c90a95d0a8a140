"""What fused resampling, round channel counts and channels-last each buy a ProGAN.

    python benchmarks/progan_speed.py [--rounds 15] [--write]

Times the recipe's whole step (WGAN-GP, batch of 16) at every stage: first with none of the three,
then with one more of them in each row. The rows take turns, round by round, so that what else the
machine does meets all of them alike; the median over the rounds is printed in milliseconds.
`--write` stores them in course_lib/records/progan-speed.json, which lesson 07 shows. Run it on a
machine that is idle.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from course_lib import losses, machine, training, zoo
from course_lib.models import progan
from course_lib.models.progan import double, half

BATCH = 16
STAGES = range(len(progan.CHANNELS))


def unfused(network: nn.Module) -> nn.Module:
    """Let the network resample by one operation and convolve by another."""

    def plain(layer: progan.EqualisedConv2d, x: torch.Tensor) -> torch.Tensor:
        up = isinstance(layer, progan.EqualisedUpsample)
        x = double(x) if up else x
        x = functional.conv2d(x, layer.scale * layer.weight, layer.bias, padding=1)
        return x if up else half(x)

    for layer in network.modules():
        if isinstance(layer, progan.EqualisedUpsample | progan.EqualisedDownsample):
            layer.forward = partial(plain, layer)
    return network


def odd_critic() -> progan.Critic:
    """Return a critic as in the paper: 64 channels at 4×4, and the standard deviation is a 65th."""
    first, *others = progan.CHANNELS
    critic = progan.Critic((first + 1, *others))
    critic.blocks[0] = nn.Sequential(
        progan.MinibatchStd(),
        progan.EqualisedConv2d(first + 1, first),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        progan.EqualisedLinear(first * 4 * 4, first),
        nn.LeakyReLU(0.2),
        progan.EqualisedLinear(first, 1, gain=1),
    )
    return critic


def make_step(fused: bool, round_channels: bool, channels_last: bool) -> Callable[[int], None]:
    """Return step(stage): the recipe's step on random images."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    networks = [progan.Generator(), progan.Critic() if round_channels else odd_critic()]
    for network in networks:
        network.to(memory_format=layout)
        if not fused:
            unfused(network)
    generator, critic = networks
    adam_g, adam_d = (
        torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.0, 0.99), fused=True)
        for network in networks
    )

    def step(stage: int) -> None:
        real = torch.rand(BATCH, 3, 4 << stage, 4 << stage).contiguous(memory_format=layout)
        fake = generator(torch.randn(BATCH, generator.z_dim), stage)
        judge = partial(critic, stage=stage)
        scores = judge(real)
        loss = losses.wgan_critic_loss(scores, judge(fake.detach())) + losses.drift(scores)
        adam_d.zero_grad()
        (loss + losses.gradient_penalty(judge, real, fake)).backward()
        adam_d.step()
        critic.requires_grad_(False)
        adam_g.zero_grad()
        losses.wgan_generator_loss(judge(fake)).backward()
        adam_g.step()
        critic.requires_grad_(True)

    return step


ROWS = {
    "none of the three": (False, False, False),
    "fused resampling": (True, False, False),
    "and 64 channels, not 65": (True, True, False),
    "and channels-last": (True, True, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    training.start(seed=0)
    steps = {name: make_step(*row) for name, row in ROWS.items()}
    medians: dict[str, list[float]] = {name: [] for name in ROWS}
    for stage in STAGES:
        times: dict[str, list[float]] = {name: [] for name in ROWS}
        for turn in range(options.rounds + 2):  # the first two warm up
            for name, step in steps.items():
                began = time.perf_counter()
                step(stage)
                if turn >= 2:
                    times[name].append(1000 * (time.perf_counter() - began))
        for name in ROWS:
            medians[name].append(round(statistics.median(times[name]), 1))
    sizes = [4 << stage for stage in STAGES]
    print("pixels", *sizes, sep="\t")
    for name, row in medians.items():
        print(name, *row, sep="\t")
    if options.write:
        record = {
            "command": "python benchmarks/progan_speed.py --write",
            "machine": f"{machine.cores()} cores, torch {torch.__version__}",
            "sizes": sizes,
            "milliseconds a step of 16 images": medians,
        }
        text = json.dumps(record, indent=2) + "\n"
        (zoo.RECORDS / "progan-speed.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
