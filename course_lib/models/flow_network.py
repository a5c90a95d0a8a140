"""Lesson 09: the network that learns the velocity of `flow.py`: a Gaussian's flow, and the rest.

A small U-Net (Ronneberger et al. 2015) of two levels. Ours alone: it does not begin at nothing.
The flow of a Gaussian has a closed form. So Gaussians are fitted to the images, and the network
learns only what they do not know (benchmarks/LOG.md says what that is worth).
"""

import torch
from torch import nn
from torch.nn import functional

from course_lib.data import to_float
from course_lib.layers import expect_shape

Tensor = torch.Tensor


class Gaussians(nn.Module):
    """The exact flow of a Gaussian for each class, and of one for all: what needs no network.

    Along an eigenvector of its covariance with the variance λ, E[x − z | x_t] is affine in x_t, of
    slope (tλ − (1 − t)) / ((1 − t)² + t²λ). The variances beyond the first `rank` are averaged.
    """

    means: Tensor
    directions: Tensor
    variances: Tensor

    def __init__(self, size: int, classes: int, rank: int):
        super().__init__()
        n = classes + 1  # the last one is for images whose class is not told
        self.register_buffer("means", torch.zeros(n, size))
        self.register_buffer("directions", torch.zeros(n, size, rank))
        self.register_buffer("variances", torch.ones(n, rank + 1))  # the last one: of the rest

    def fit(self, images: Tensor, labels: Tensor) -> None:
        """Take means and covariances from images uint8 (N, 1, 28, 28) and labels (N,).

        Every class needs two images or more.
        """
        classes, rank = len(self.means) - 1, self.directions.shape[2]
        found = []
        for k in range(classes):  # one after the other: all images as floats take 190 MB
            rows = to_float(images[labels == k]).flatten(1)
            found.append((rows.mean(dim=0), torch.cov(rows.T)))
        means = torch.stack([mean for mean, _ in found])  # (classes, size)
        within = torch.stack([covariance for _, covariance in found])  # (classes, size, size)
        shares = labels.bincount(minlength=classes) / len(labels)
        away = means - shares @ means
        # The covariance of all: what varies within the classes, and what between them.
        of_all = torch.einsum("k,kij->ij", shares, within) + (away.T * shares) @ away
        self.means.copy_(torch.cat([means, (shares @ means)[None]]))
        for k, covariance in enumerate([*within, of_all]):
            values, vectors = torch.linalg.eigh(covariance)  # in ascending order
            rest = values[:-rank].mean().view(1)
            self.directions[k] = vectors[:, -rank:]
            self.variances[k] = torch.cat([values[-rank:], rest]).clamp(min=4e-4)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """Return the velocity at x (N, 1, 28, 28), t (N, 1), weights of the classes (N, classes).

        It is the weighted mean of the Gaussians' velocities.
        """
        away = x.flatten(1) - t * self.means[:, None]  # (classes + 1, N, size)
        variances = self.variances[:, None]  # (classes + 1, 1, rank + 1)
        slopes = (t * variances - (1 - t)) / ((1 - t) ** 2 + t**2 * variances)
        rest = slopes[..., -1:]  # (classes + 1, N, 1)
        along = (slopes[..., :-1] - rest) * (away @ self.directions)  # (classes + 1, N, rank)
        velocities = self.means[:, None] + rest * away + along @ self.directions.mT
        weights = torch.cat([labels, 1 - labels.sum(dim=1, keepdim=True)], dim=1)
        return torch.einsum("nk,kns->ns", weights, velocities).view_as(x)


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
    of the weights. The Gaussians' velocity is added at the end, so the network learns the rest.

    Args:
        width: channels at 14×14.
        middle: channels at 7×7.
        blocks: at 7×7; at 14×14 there is one on the way down and one on the way up.
        classes: of the labels.
        rank: of the Gaussians.
    """

    def __init__(self, width: int, middle: int, blocks: int, classes: int, rank: int):
        super().__init__()
        conditions = 128
        self.gaussians = Gaussians(28 * 28, classes, rank)
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
        zero(self.leave)  # at first the Gaussians' flow is all

    def forward(self, x: Tensor, t: Tensor | float, labels: Tensor) -> Tensor:
        expect_shape(x, (None, 1, 28, 28), "images")
        t = torch.as_tensor(t, dtype=x.dtype, device=x.device).expand(x.shape[0]).view(-1, 1)
        easy = self.gaussians(x, t, labels)  # (N, 1, 28, 28)
        guess = x + (1 - t)[:, :, None, None] * easy  # where the Gaussians would lead
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
