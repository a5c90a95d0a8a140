"""Lesson 09: the network that learns the velocity of `flow.py`: a Gaussian's flow, and the rest.

A small U-Net (Ronneberger et al. 2015) of two levels. Ours alone: it does not begin at nothing.
The flow of a Gaussian has a closed form. So one Gaussian is fitted to the images, and the network
learns only what the Gaussian does not know (benchmarks/LOG.md says what that is worth).
"""

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import expect_shape

Tensor = torch.Tensor


class Gaussian(nn.Module):
    """The exact flow of one Gaussian that is fitted to the images: what needs no network.

    Along an eigenvector of the covariance with the variance λ, E[x − z | x_t] is affine in x_t with
    the slope (tλ − (1 − t)) / ((1 − t)² + t²λ). The variances beyond the first `rank` are averaged.
    """

    mean: Tensor
    directions: Tensor
    variances: Tensor

    def __init__(self, size: int, rank: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("directions", torch.eye(size)[:, :rank].clone())
        self.register_buffer("variances", torch.ones(rank + 1))  # the last one is that of the rest

    def fit(self, images: Tensor) -> None:
        """Take mean and covariance from images (N, C, H, W) in [-1, 1]."""
        rows, rank = images.flatten(1), len(self.variances) - 1
        values, vectors = torch.linalg.eigh(torch.cov(rows.T).double())  # in ascending order
        self.mean.copy_(rows.mean(dim=0))
        self.directions.copy_(vectors[:, -rank:])
        self.variances.copy_(torch.cat([values[-rank:], values[:-rank].mean().view(1)]))
        self.variances.clamp_(min=1e-4)  # a pixel that is always black

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Return the velocity of the Gaussian's flow at x (N, C, H, W) and t (N, 1)."""
        away = x.flatten(1) - t * self.mean  # (N, size)
        slopes = (t * self.variances - (1 - t)) / ((1 - t) ** 2 + t**2 * self.variances)
        rest = slopes[:, -1:]  # (N, 1)
        along = (slopes[:, :-1] - rest) * (away @ self.directions)  # (N, rank)
        return (self.mean + rest * away + along @ self.directions.T).view_as(x)


def zero(*layers: nn.Linear | nn.Conv2d) -> None:
    """Set weights and biases to 0, so that a layer adds nothing before it has learnt."""
    for layer in layers:
        for weight in layer.parameters():
            nn.init.zeros_(weight)


class Block(nn.Module):
    """Two convolutions beside a skip; time and label scale and shift what goes in (FiLM)."""

    def __init__(self, channels: int, conditions: int):
        super().__init__()
        self.norm = nn.GroupNorm(channels // 16, channels, affine=False)
        self.scale_shift = nn.Linear(conditions, 2 * channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        zero(self.scale_shift, self.second)  # at first a block changes nothing

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.scale_shift(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.norm(x) * (1 + scale) + shift
        return x + self.second(functional.silu(self.first(h)))


class UNet(nn.Module):
    """Map x_t (N, 1, 28, 28), t and weights of the classes (N, classes) to the velocity v.

    2×2 pixels become four channels at 14×14 (nothing is lost). One level lower, at 7×7, stand most
    of the weights. The Gaussian's velocity is added at the end, so the network learns the rest.

    Args:
        width: channels at 14×14.
        middle: channels at 7×7.
        blocks: at 7×7; at 14×14 there is one on the way down and one on the way up.
        classes: of the labels.
        rank: of the Gaussian.
    """

    def __init__(self, width: int, middle: int, blocks: int, classes: int, rank: int):
        super().__init__()
        conditions = 128
        self.gaussian = Gaussian(28 * 28, rank)
        self.time = nn.Sequential(
            nn.Linear(32, conditions), nn.SiLU(), nn.Linear(conditions, conditions)
        )
        self.label = nn.Linear(classes, conditions, bias=False)
        self.enter = nn.Conv2d(8, width, 3, padding=1)
        self.down = Block(width, conditions)
        self.shrink = nn.Conv2d(width, middle, 2, stride=2)
        self.middle = nn.ModuleList(Block(middle, conditions) for _ in range(blocks))
        self.enlarge = nn.ConvTranspose2d(middle, width, 2, stride=2)
        self.up = Block(width, conditions)
        self.norm = nn.GroupNorm(width // 16, width, affine=False)
        self.leave = nn.Conv2d(width, 4, 3, padding=1)
        zero(self.leave)  # at first the Gaussian's flow is all

    def forward(self, x: Tensor, t: Tensor | float, labels: Tensor) -> Tensor:
        expect_shape(x, (None, 1, 28, 28), "images")
        t = torch.as_tensor(t, dtype=x.dtype, device=x.device).expand(x.shape[0]).view(-1, 1)
        easy = self.gaussian(x, t)  # (N, 1, 28, 28)
        guess = x + (1 - t)[:, :, None, None] * easy  # where the Gaussian's velocity would lead
        waves = t * torch.arange(1, 17, device=x.device) * (torch.pi / 2)  # (N, 16)
        condition = self.time(torch.cat([waves.sin(), waves.cos()], dim=1)) + self.label(labels)
        condition = functional.silu(condition)  # (N, 128)
        h = self.enter(functional.pixel_unshuffle(torch.cat([x, guess], dim=1), 2))
        skip = h = self.down(h, condition)  # (N, width, 14, 14)
        h = self.shrink(h)  # (N, middle, 7, 7)
        for block in self.middle:
            h = block(h, condition)
        h = self.up(skip + self.enlarge(h), condition)  # (N, width, 14, 14)
        rest = self.leave(functional.silu(self.norm(h)))  # (N, 4, 14, 14)
        return easy + functional.pixel_shuffle(rest, 2)
