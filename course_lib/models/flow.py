"""Lesson 09: flow matching (Lipman et al. 2023; Liu et al. 2023) with labels and guidance.

Time runs from t = 0, noise, to t = 1, data. (The papers on diffusion count the other way.) A point
goes from z ~ N(0, I) straight to an image x: x_t = (1 − t)·z + t·x, with the velocity x − z. The
network v (`flow_network.py`) learns this velocity by regression from x_t and t alone. So it finds
the mean E[x − z | x_t]. Following v from t = 0 to t = 1 turns noise into an image.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import check_labels, expect_shape
from course_lib.models.flow_network import UNet
from course_lib.sampling import Reads, codes_of, in_batches, latents

Tensor = torch.Tensor
Velocity = Callable[[Tensor, Any], Tensor]  # (x_t, t) -> v, where t is a number or (N,)


def path(z: Tensor, x: Tensor, t: Tensor) -> Tensor:
    """Return x_t = (1 − t)·z + t·x; z and x (N, …), t (N,), one time for each."""
    t = t.view(-1, *[1] * (x.ndim - 1))  # (N, 1, …): broadcast over the pixels
    return (1 - t) * z + t * x


def times(n: int) -> Tensor:
    """Return n times in (0, 1), the sigmoid of N(0, 1): more in the middle (Esser et al. 2024)."""
    return torch.randn(n).sigmoid()


def flow_loss(velocity: Velocity, x: Tensor, z: Tensor, t: Tensor) -> Tensor:
    """Return the mean of (v(x_t, t) − (x − z))²: conditional flow matching, Lipman et al. 2023."""
    return (velocity(path(z, x, t), t) - (x - z)).square().mean()


def euler(velocity: Velocity, z: Tensor, steps: int, first=0.0, last=1.0) -> list[Tensor]:
    """Follow the velocity from t = `first` to `last`; return the steps + 1 points on the way."""
    h, points = (last - first) / steps, [z]
    for i in range(steps):
        points.append(points[-1] + h * velocity(points[-1], first + i * h))
    return points


def midpoint(velocity: Velocity, z: Tensor, steps: int, first=0.0, last=1.0) -> list[Tensor]:
    """As `euler`, with the velocity in the middle of each step: two evaluations a step."""
    h, points = (last - first) / steps, [z]
    for i in range(steps):
        middle = points[-1] + h / 2 * velocity(points[-1], first + i * h)
        points.append(points[-1] + h * velocity(middle, first + (i + 0.5) * h))
    return points


def weights_of(labels: Tensor, classes: int, dropped: float = 0.0) -> Tensor:
    """Return labels int64 (N,) as weights (N, classes); a part `dropped` of them as zeros."""
    weights = functional.one_hot(labels, classes).float()
    if dropped:  # else no random number is drawn: a sample leaves their generator alone
        weights = weights * (torch.rand(len(labels), 1, device=labels.device) >= dropped)
    return weights


def guided(network: nn.Module, labels: Tensor, weight: float) -> Velocity:
    """Return v = v_∅ + weight·(v_y − v_∅): 0 without the label, 1 with it, above 1 beyond.

    Ho and Salimans 2022. `labels` are weights of the classes, (N, classes); no label is all zeros.
    """

    def velocity(x: Tensor, t: Any) -> Tensor:
        if weight == 1:
            return network(x, t, labels)
        without = network(x, t, torch.zeros_like(labels))
        return without + weight * (network(x, t, labels) - without) if weight else without

    return velocity


class Flow(nn.Module):
    """Map z (N, 784) and labels to images (N, 1, 28, 28) by following a learnt velocity.

    Args:
        width, middle, blocks, classes, rank: of the network, `UNet`.
        steps: of the midpoint rule; each asks the network twice, and twice as often with guidance.
        guidance: see `guided`.
    """

    reads: Reads = "label"

    def __init__(
        self,
        width: int = 32,
        middle: int = 64,
        blocks: int = 2,
        classes: int = 10,
        rank: int = 64,
        steps: int = 8,
        guidance: float = 1.0,
    ):
        super().__init__()
        self.z_dim, self.classes, self.steps, self.guidance = 28 * 28, classes, steps, guidance
        self.velocity = UNet(width, middle, blocks, classes, rank)

    def way(
        self, z: Tensor, labels: Tensor, steps: int | None = None, guidance: float | None = None
    ) -> list[Tensor]:
        """Return the steps + 1 points on the way from z to images, (N, 1, 28, 28) each.

        Labels are int64 (N,), or weights of the classes, float (N, classes).
        """
        expect_shape(z, (None, self.z_dim), "z")
        if not labels.is_floating_point():
            check_labels(labels, z.shape[0], self.classes)
            labels = weights_of(labels, self.classes)
        weight = self.guidance if guidance is None else guidance
        velocity = guided(self.velocity, labels, weight)
        return midpoint(velocity, z.view(-1, 1, 28, 28), self.steps if steps is None else steps)

    def forward(self, z: Tensor, labels: Tensor, **options: Any) -> Tensor:
        """Return the images at the end of the `way`; arguments are the same."""
        return self.way(z, labels, **options)[-1]

    def sample(
        self,
        n: int | None = None,
        seed: int = 0,
        batch: int = 100,
        labels: Sequence[int] | Tensor | None = None,
        steps: int | None = None,
        guidance: float | None = None,
    ) -> Tensor:
        """Return images (N, 1, 28, 28) in [-1, 1], the same for the same seed.

        Arguments as those of `cgan.Generator.sample`; `steps` and `guidance` in place of the
        model's own.
        """
        if (n is None) == (labels is None):
            raise ValueError("sample needs either n or labels=[…], one class for each image")
        if steps is not None and steps < 1:
            raise ValueError(f"steps is 1 or more, not {steps}")
        codes = codes_of(self, labels)
        assert codes is not None  # a flow reads labels
        z = latents(len(codes) if n is None else n, self.z_dim, seed)
        codes = codes[torch.arange(len(z)) % len(codes)]
        options = {"steps": steps, "guidance": guidance}
        return in_batches(self, z, codes, batch=batch, **options).clamp_(-1, 1)
