"""Solutions of lesson 01, and inputs that answers are compared on; `pages/01.md` has the rest."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import theory
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, mixture, normal, over, told
from course_lib.tasks.lesson import Lesson

lesson = Lesson("01")


def _logits() -> list[Case]:
    @over((2,), (9,), (32,))
    def small(seed, dtype, n):
        where = f"{n} logits, {told(dtype)}"
        return Case((2 * normal(n, n, dtype=dtype),), where, gradients=(0,))

    extremes = [torch.tensor([-100.0, 100.0, -20.0, 3.0], dtype=dtype) for dtype in DTYPES]
    return small() + [
        Case((some,), f"logits {some.tolist()}, {told(some.dtype)}", gradients=(0,))
        for some in extremes
    ]


@lesson.task(_logits)
def saturating_generator_loss(fake_logits):
    # log(1 − D) is −softplus(a): exact where 1 − sigmoid(a) rounds to 0.
    return -F.softplus(fake_logits).mean()


def _pairs(low: float, high: float) -> list[tuple[torch.Tensor, torch.Tensor, float, str]]:
    """Return pairs of smooth densities on grids of several sizes and dtypes."""
    pairs = []
    for seed, points in enumerate((401, 1201, 2001)):
        x, dx = theory.grid(low, high, points)
        for dtype in DTYPES:
            p, q = mixture(2 * seed, x, dtype), mixture(2 * seed + 1, x, dtype)
            pairs.append(
                (p, q, dx, f"two densities on {points} points, dx = {dx:.4g}, {told(dtype)}")
            )
    return pairs


def _discriminator_cases() -> list[Case]:
    # Not further than ±5, where p and q are both positive in float32 too: 0/0 is no mistake.
    cases = [Case((p, q), where) for p, q, _, where in _pairs(-5, 5)]
    x, _ = theory.grid(-3, 3, 301)
    bump, wide = theory.raised_cosine(x), theory.gaussian(x)
    cases.append(Case((bump, wide), "a p that is 0 outside [−1, 1], and a q that is not"))
    cases.append(Case((wide, bump), "a q that is 0 outside [−1, 1], and a p that is not"))
    return cases


def _divergence_cases() -> list[Case]:
    # The absolute value in the total variation has kinks, where rules of integration differ by
    # some dx²: 1e-3 lets all of them pass.
    cases = [Case((p, q, dx), where, tolerance=1e-3) for p, q, dx, where in _pairs(-10, 10)]
    x, dx = theory.grid(-4, 4, 1601)
    bumps = [theory.raised_cosine(x, centre) for centre in (-2.0, -1.5, 2.0)]
    for q, where in ((bumps[1], "that overlap in part"), (bumps[2], "without overlap")):
        where = f"two bumps {where}, 0 elsewhere, dx = {dx:.4g}"
        cases.append(Case((bumps[0], q, dx), where, tolerance=1e-3))
    cases.append(Case((bumps[0], bumps[0], dx), "p and q equal", tolerance=1e-3))
    return cases


@lesson.task(_divergence_cases)
def wasserstein1(p, q, dx):
    difference = torch.cumsum(p - q, dim=0) * dx  # of the two distribution functions, at each x
    return difference.abs().sum() * dx


@lesson.trial("trained.near_the_best")
def trained_discriminator():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(400):
        real, fake = torch.randn(512, 1) + 1, torch.randn(512, 1) - 1
        loss = F.softplus(-network(real)).mean() + F.softplus(network(fake)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


@lesson.task(_discriminator_cases)
def optimal_discriminator(p, q):
    return p / (p + q)


@lesson.task(_divergence_cases)
def js_divergence(p, q, dx):
    m = (p + q) / 2
    # xlogy(p, m) is p·log m, and 0 where p is 0: no 0/0, no 0·log 0.
    left = torch.xlogy(p, p) - torch.xlogy(p, m)
    right = torch.xlogy(q, q) - torch.xlogy(q, m)
    return (left + right).sum() * dx / 2


@lesson.task(_divergence_cases)
def total_variation(p, q, dx):
    return (p - q).abs().sum() * dx / 2


TASKS = lesson.tasks()
