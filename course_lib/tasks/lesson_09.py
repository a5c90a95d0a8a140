"""Solutions of lesson 09, and inputs that answers are compared on; `pages/09.md` has the rest."""

import math

import torch
from torch import nn

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over, told
from course_lib.tasks.lesson import Lesson

lesson = Lesson("09")


class _Current(nn.Module):
    """A velocity that bends with place and time; t is a number, or one for each point (N,)."""

    def __init__(self, seed: int, dtype: torch.dtype):
        super().__init__()
        start = torch.tensor([1.3, 2.1, -0.4], dtype=dtype)
        self.weights = nn.Parameter(start + 0.2 * normal(seed, 3, dtype=dtype))

    def forward(self, x, t):
        t = torch.as_tensor(t, dtype=x.dtype)
        t = t.reshape(-1, *[1] * (x.ndim - 1)) if t.ndim else t
        slope, speed, shift = self.weights
        return 1.5 * (slope * x + speed * t + shift).sin() + t.square()


@over(
    (7, 0.3, 1.0, 0.5),
    (6, 0.0, 2.0, 0.7),
    (12, 0.8, -1.5, 1.5),
    (4, 0.5, 0.4, 0.2),
    (9, 0.9, 3.0, 2.0),
)
def _places(seed, dtype, n, t, mean, std):
    x = 2 * normal(seed, n, dtype=dtype)
    return Case((x.view(-1, 3) if n % 3 == 0 else x, t, mean, std))


@lesson.task(_places)
def gaussian_velocity(x, t, mean, std):
    variance = (1 - t) ** 2 + t**2 * std**2  # of x_t
    slope = (t * std**2 - (1 - t)) / variance  # the covariance of x − z and x_t, over that
    return mean + slope * (x - t * mean)  # the mean of x − z, and what x_t says beyond it


@over((4, 1, 4, 4), (2, 2), (5, 1, 3, 6), (7, 2), (3, 3, 5, 2))
def _pairs(seed, dtype, *shape):
    velocity = _Current(seed, dtype)
    x, z = 1 + 0.5 * normal(seed + 10, *shape, dtype=dtype), normal(seed + 20, *shape, dtype=dtype)
    t = torch.linspace(0.1, 0.9, shape[0], dtype=dtype)[normal(seed + 30, shape[0]).argsort()]
    where = f"x and z of shape {shape}, t of shape ({shape[0]},), {told(dtype)}"
    return Case((velocity, x, z, t), where, gradients=(0,))


@lesson.task(_pairs)
def flow_loss(velocity, x, z, t):
    s = t.view(-1, *[1] * (x.ndim - 1))  # (N, 1, …): one time for each image
    x_t = (1 - s) * z + s * x
    return (velocity(x_t, t) - (x - z)).square().mean()


@over((2, (5, 2)), (4, (3, 1, 2, 2)), (7, (6, 2)), (3, (4,)), (1, (2, 2)))
def _starts(seed, dtype, steps, shape):
    where = f"z of shape {shape}, steps = {steps}, {told(dtype)}"
    return Case((_Current(seed, dtype), normal(seed + 10, *shape, dtype=dtype), steps), where)


@lesson.task(_starts)
def euler(velocity, z, steps):
    x, h = z, 1 / steps
    for i in range(steps):
        x = x + h * velocity(x, i * h)
    return x


@lesson.task(_starts)
def midpoint(velocity, z, steps):
    x, h = z, 1 / steps
    for i in range(steps):
        middle = x + h / 2 * velocity(x, i * h)
        x = x + h * velocity(middle, (i + 0.5) * h)
    return x


@over((1.0, (5, 2)), (3.0, (2, 1, 3, 3)), (0.0, (4,)), (0.5, (3, 2)), (7.5, (6,)))
def _velocities(seed, dtype, weight, shape):
    without, with_label = normal(seed, *shape, dtype=dtype), normal(seed + 9, *shape, dtype=dtype)
    return Case((without, with_label, weight))


@lesson.task(_velocities)
def guided_velocity(without, with_label, weight):
    return without + weight * (with_label - without)


@lesson.trial("trained.flows_to_the_clusters")
def ring_flow():
    angles = torch.arange(8) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # (8, 2)
    network = nn.Sequential(
        nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2),
    )  # fmt: skip

    def velocity(x, t):
        t = torch.as_tensor(t).expand(len(x))  # (N,), also where t is a number
        return network(torch.cat([x, t[:, None]], dim=1))

    adam = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(2000):
        x = centres[torch.randint(8, (256,))] + 0.05 * torch.randn(256, 2)  # (256, 2)
        loss = flow_loss(velocity, x, torch.randn(256, 2), torch.rand(256))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return lambda z: midpoint(velocity, z, 16)


TASKS = lesson.tasks()
