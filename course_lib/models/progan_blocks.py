"""Lesson 07: the blocks of ProGAN (Karras, Aila, Laine and Lehtinen 2018), which `progan` joins.

As in the paper's table 2: LeakyReLU(0.2) after every convolution, pixel norm after that in the
generator, minibatch standard deviation in the critic's block at 4×4 pixels. Ours alone: with the
standard deviation a block has `channels` input channels, not one more; processors dislike 65.
"""

import torch
from torch import nn
from torch.nn import functional

from course_lib.models.progan_layers import (
    GAIN,
    EqualisedConv2d,
    EqualisedDownsample,
    EqualisedLinear,
    EqualisedUpsample,
    MinibatchStd,
    PixelNorm,
)


def half(images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) at half their height and width: means of 2×2 pixels."""
    return functional.avg_pool2d(images, 2)


def double(images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) at twice their height and width: each pixel four times."""
    return functional.interpolate(images, scale_factor=2, mode="nearest")


def faded(images: torch.Tensor, fade: float) -> torch.Tensor:
    """Return real images with their fine detail weighted by `fade`, for a stage that fades in.

    At 0 they look like those of the stage before, doubled, and like what G draws at fade 0; at 1
    they stay as they are. Images sharper than G can draw would let the critic win.
    """
    return images if fade == 1 else torch.lerp(double(half(images)), images, fade)


def generator_4x4(z_dim: int, channels: int) -> nn.Sequential:
    """Return the generator's first block: z (N, z_dim) -> (N, channels, 4, 4)."""
    return nn.Sequential(
        PixelNorm(),
        nn.Sequential(
            # The paper's first layer is a 4×4 convolution of a 1×1 image: 16 times the fan-in.
            EqualisedLinear(z_dim, channels * 4 * 4, gain=GAIN / 4),
            nn.Unflatten(1, (channels, 4, 4)),
        ),
        nn.LeakyReLU(0.2),
        PixelNorm(),
        EqualisedConv2d(channels, channels),
        nn.LeakyReLU(0.2),
        PixelNorm(),
    )


def generator_block(before: int, after: int) -> nn.Sequential:
    """Return a block that doubles: (N, before, H, W) -> (N, after, 2H, 2W)."""
    return nn.Sequential(
        EqualisedUpsample(before, after),
        nn.LeakyReLU(0.2),
        PixelNorm(),
        EqualisedConv2d(after, after),
        nn.LeakyReLU(0.2),
        PixelNorm(),
    )


def from_colours(colours: int, channels: int) -> nn.Sequential:
    """Return the critic's layer from colours: (N, colours, H, W) -> (N, channels, H, W)."""
    return nn.Sequential(
        EqualisedConv2d(colours, channels, 1),
        nn.LeakyReLU(0.2),
    )


def critic_block(before: int, after: int) -> nn.Sequential:
    """Return a block that halves: (N, before, H, W) -> (N, after, H/2, W/2)."""
    return nn.Sequential(
        EqualisedConv2d(before, before),
        nn.LeakyReLU(0.2),
        EqualisedDownsample(before, after),
        nn.LeakyReLU(0.2),
    )


def critic_4x4(channels: int, group: int) -> nn.Sequential:
    """Return the critic's last block: (N, channels − 1, 4, 4) -> scores (N, 1)."""
    # Made first, as lesson 07 does: the order decides which random weights a layer starts with.
    dense = EqualisedLinear(channels * 4 * 4, channels)
    return nn.Sequential(
        MinibatchStd(group),  # (N, channels, 4, 4)
        EqualisedConv2d(channels, channels),
        nn.LeakyReLU(0.2),
        nn.Sequential(nn.Flatten(), dense),
        nn.LeakyReLU(0.2),
        EqualisedLinear(channels, 1, gain=1),
    )
