"""Seeded inputs for the checks."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import nn

from course_lib import theory
from course_lib.tasks.comparing import Case

DTYPES = (torch.float32, torch.float64)


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return normal numbers of a shape, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def uniform(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return numbers of a shape, uniform in [0, 1), the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=torch.float64).to(dtype)


def told(dtype: torch.dtype) -> str:
    """Return a dtype's name without its module: "float32"."""
    return str(dtype).removeprefix("torch.")


def over(
    *rows: Sequence, dtypes: Iterable[torch.dtype] = DTYPES
) -> Callable[[Callable[..., Case]], Callable[[], list[Case]]]:
    """Make an input for each row and dtype of a function (seed, dtype, *row); seeds count rows."""

    def decorate(make: Callable[..., Case]) -> Callable[[], list[Case]]:
        @functools.wraps(make)
        def cases() -> list[Case]:
            return [make(k, dtype, *row) for k, row in enumerate(rows) for dtype in dtypes]

        return cases

    return decorate


def logits(count: int) -> Callable[[], list[Case]]:
    """Return what makes inputs of `count` tensors of logits: small, zero, and as large as ±100."""
    gradients = tuple(range(count))

    @over((1,), (8,), (33,))
    def small(seed, dtype, n):
        inputs = [2 * normal(seed + 10 * k, n, dtype=dtype) for k in range(count)]
        return Case(tuple(inputs), f"{n} logit{'s' * (n > 1)} each, {told(dtype)}", gradients)

    def cases() -> list[Case]:
        found = small()
        for dtype in DTYPES:
            zeros = (torch.zeros(4, dtype=dtype),) * count
            found.append(Case(zeros, f"logits 0, {told(dtype)}"))
            extremes = torch.tensor([-100.0, 100.0, -20.0, 3.0], dtype=dtype)
            inputs = tuple(extremes.roll(k) for k in range(count))
            where = f"logits {extremes.tolist()}, {told(dtype)}"
            found.append(Case(inputs, where, gradients))
        return found

    return cases


def mixture(seed: int, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the density on x of two Gaussians, drawn by the seed; it has died out at ±10."""
    shares = uniform(seed, 5).tolist()
    # In float32 D* rounds to 1 where the ratio of two densities passes 1e7: there, nearer ones.
    reach, spread = (1.0, 0.0) if dtype == torch.float32 else (2.0, 0.6)
    means = [reach * (2 * share - 1) for share in shares[1:3]]
    stds = [1.2 + spread * (share - 0.5) for share in shares[3:]]
    weight = 0.2 + 0.6 * shares[0]
    return theory.mixture(x, means, stds, [weight, 1 - weight]).to(dtype)


def with_axes(function: Callable) -> Callable:
    """Return a function of (N, C, H, W) that also takes one plane (H, W) and its kernel (k, k)."""

    def wrapped(image, kernel, *numbers):
        if image.ndim == 4:
            return function(image, kernel, *numbers)
        return function(image[None, None], kernel[None, None], *numbers)[0, 0]

    return wrapped


def covariance(seed: int, size: int, dtype: torch.dtype) -> torch.Tensor:
    """Return a covariance (size, size) that is far from diagonal and from singular."""
    factor = normal(seed, size, size)
    return (factor @ factor.T / math.sqrt(size) + 0.3 * torch.eye(size)).to(dtype)


class Descent:
    """Gradient descent at rate 0.1.

    The first optimiser of torch.optim imports modules for seconds, on a busy machine for more than
    a check may take; this one imports nothing.
    """

    def __init__(self, network: nn.Module):
        self.weights = [*network.parameters()]

    def zero_grad(self, set_to_none: bool = True):
        for weight in self.weights:
            weight.grad = None if set_to_none else torch.zeros_like(weight)

    def step(self):
        with torch.no_grad():
            for weight in self.weights:
                if weight.grad is not None:
                    weight -= 0.1 * weight.grad
