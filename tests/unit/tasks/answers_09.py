"""Answers to the tasks of lesson 09."""

import functools
import itertools
import math

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib.tasks import every

TASKS = every()


def by_the_mean_of_x(x, t, mean, std):
    guess = mean + t * std**2 / ((1 - t) ** 2 + t**2 * std**2) * (x - t * mean)  # E[x | x_t]
    return (guess - x) / (1 - t)


def by_one_slope(x, t, mean, std):
    return mean + (t * std**2 - 1 + t) / (1 - 2 * t + t * t * (1 + std**2)) * (x - t * mean)


def by_precisions(x, t, mean, std):
    noise, data = 1 / (1 - t) ** 2, 1 / std**2  # of x_t given x, and of x
    guess = (mean * data + noise * t * x) / (data + noise * t**2)
    return ((guess - x) / (1 - t)).numpy()


def by_two_guesses(x, t, mean, std):
    away = (x - t * mean) / ((1 - t) ** 2 + (t * std) ** 2)
    return (mean + t * std * std * away) - (1 - t) * away  # E[x | x_t] − E[z | x_t]


def loss_by_mse(velocity, x, z, t):
    s = t.reshape(t.shape + (1,) * (x.dim() - 1))
    return F.mse_loss(velocity(torch.lerp(z, x, s.expand_as(x)), t), x - z)


def loss_by_loop(velocity, x, z, t):
    losses = []
    for k in range(len(x)):
        here = z[k] + t[k] * (x[k] - z[k])
        losses.append((velocity(here[None], t[k : k + 1])[0] - x[k] + z[k]).pow(2).mean())
    return torch.stack(losses).mean()


def loss_by_einsum(velocity, x, z, t):
    x_t = torch.einsum("n,n...->n...", 1 - t, z) + torch.einsum("n,n...->n...", t, x)
    return ((x - z - velocity(x_t, t)) ** 2).sum() / x.numel()


def loss_of_expanded(velocity, x, z, t):
    while t.ndim < x.ndim:
        t = t.unsqueeze(-1)
    return torch.mean(torch.square(velocity(x * t + z * (1 - t), t) - x + z))


def loss_with_own_noise(velocity, x, z, t):
    return loss_by_mse(velocity, x, torch.randn_like(z), t)


def loss_of_numbers(velocity, x, z, t):
    return loss_by_mse(velocity, x, z, t).item()


def euler_by_times(velocity, z, steps):
    times = torch.linspace(0, 1, steps + 1)
    for now, then in itertools.pairwise(times):
        z = z + (then - now) * velocity(z, now)
    return z


@torch.no_grad()
def euler_in_place(velocity, z, steps):
    t = torch.zeros(len(z), dtype=z.dtype)
    for _ in range(steps):
        z += velocity(z, t) / steps
        t += 1 / steps
    return z


def euler_by_recursion(velocity, z, steps):
    def after(i):
        return z if i == 0 else (x := after(i - 1)) + velocity(x, (i - 1) / steps) / steps

    return after(steps)


def euler_on_too_few_times(velocity, z, steps):
    times = torch.linspace(0, 1, steps)
    for now, then in itertools.pairwise(times):
        z = z + (then - now) * velocity(z, now)
    return z


def euler_all_points(velocity, z, steps):
    points = [z]
    for i in range(steps):
        points.append(points[-1] + velocity(points[-1], i / steps) / steps)
    return points


def euler_down(velocity, z, steps):
    t = 1.0
    for _ in range(steps):
        z, t = z - velocity(z, t) / steps, t - 1 / steps
    return z


def midpoint_by_half_steps(velocity, z, steps):
    h, t = 0.5 / steps, 0.0
    for _ in range(steps):
        z, t = z + 2 * h * velocity(z + h * velocity(z, t), t + h), t + 2 * h
    return z


def midpoint_by_times(velocity, z, steps):
    times = torch.linspace(0, 1, 2 * steps + 1, dtype=z.dtype)
    for k in range(0, 2 * steps, 2):
        start, middle, end = times[k : k + 3]
        half = z + (middle - start) * velocity(z, start.expand(len(z)))
        z = z + (end - start) * velocity(half, middle.expand(len(z)))
    return z


@torch.no_grad()
def midpoint_in_place(velocity, z, steps):
    for i in range(steps):
        k = velocity(z, i / steps)
        z += velocity(z + k / (2 * steps), (2 * i + 1) / (2 * steps)) / steps
    return z


def midpoint_at_the_end(velocity, z, steps):
    for i in range(steps):
        end = z + velocity(z, i / steps) / steps
        z = z + velocity(end, (i + 1) / steps) / steps
    return z


def midpoint_at_the_old_point(velocity, z, steps):
    for i in range(steps):
        z = z + velocity(z, (i + 0.5) / steps) / steps
    return z


def heun(velocity, z, steps):
    for i in range(steps):
        first = velocity(z, i / steps)
        z = z + (first + velocity(z + first / steps, (i + 1) / steps)) / (2 * steps)
    return z


class Guided(nn.Module):
    def forward(self, without, with_label, weight):
        return torch.add(without, with_label - without, alpha=weight)


def ring_velocity(x, t, sign=1.0):
    """The exact velocity of the ring of eight clusters, each a Gaussian."""
    angles = torch.arange(8) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # (8, 2)
    variance = (1 - t) ** 2 + (0.05 * t) ** 2
    away = x[:, None] - t * centres  # (N, 8, 2)
    weights = (-away.square().sum(-1) / (2 * variance)).softmax(dim=1)  # of the clusters
    each = centres + (t * 0.05**2 - (1 - t)) / variance * away
    return sign * (weights[..., None] * each).sum(1)


def ring(z, steps=16, **how):
    return TASKS["midpoint"].answer(functools.partial(ring_velocity, **how), z, steps)


class Ring(nn.Module):
    def forward(self, z):
        return euler_by_times(ring_velocity, z, 32).requires_grad_()


def on_seven(z):
    angles = torch.arange(7) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    return centres[z[:, 0].argsort().argsort() % 7] + 0.03 * z


PATH, BUGS = dict(TASKS["flow_path"].expected), dict(TASKS["flow_bugs"].expected)
PATHS = [*PATH]

ANSWERS = {
    "flow_path": Answers(
        right=[PATH, PATH | {PATHS[0]: 2.0}],
        wrong=[
            (PATH | {PATHS[0]: 0.0}, r"t and 1 − t have changed places"),
            (PATH | {PATHS[3]: 1.0}, r"Papers on diffusion"),
            (PATH | {PATHS[1]: "4"}, r"without quotation marks"),
        ],
    ),
    "gaussian_velocity": Answers(
        right=[by_the_mean_of_x, by_one_slope, by_precisions, by_two_guesses],
        wrong=[
            (lambda x, t, mean, std: by_one_slope(x, t, mean, std**0.5), r"s stands where s²"),
            (lambda x, t, mean, std: by_the_mean_of_x(x, t, mean, std) * (1 - t), r"left of the"),
            (lambda x, t, mean, std: -by_one_slope(x, 1 - t, mean, std), r"papers on diffusion"),
            (lambda x, t, mean, std: by_two_guesses(x, 1 - t, mean, std), r"t and 1 − t have"),
            (lambda x, t, mean, std: mean, r"came \(\)|mean of x − z over all"),
        ],
    ),
    "flow_loss": Answers(
        right=[loss_by_mse, loss_by_loop, loss_by_einsum, loss_of_expanded],
        wrong=[
            (lambda v, x, z, t: loss_by_mse(v, z, x, t), r"x and z have changed places"),
            (lambda v, x, z, t: loss_by_mse(v, z, x, 1 - t), r"target is z − x|1 − t"),
            (lambda v, x, z, t: F.mse_loss(v(t * x + (1 - t) * z, t), x - z), r"has shape \(N,\)"),
            (lambda v, x, z, t: x.numel() * loss_by_mse(v, x, z, t), r"a sum over the batch and"),
            (loss_with_own_noise, r"draws random numbers"),
            (loss_of_numbers, r"[Ii]ts graph was cut|detached"),
        ],
    ),
    "euler": Answers(
        right=[euler_by_times, euler_in_place, euler_by_recursion],
        wrong=[
            (euler_on_too_few_times, r"one step too few"),
            (euler_all_points, r"a list of \d+ tensors"),
            (euler_down, r"from t = 1 down to 0"),
            (midpoint_in_place, r"midpoint rule, the next function"),
        ],
    ),
    "midpoint": Answers(
        right=[midpoint_by_half_steps, midpoint_by_times, midpoint_in_place],
        wrong=[
            (midpoint_at_the_end, r"at the end of the step"),
            (midpoint_at_the_old_point, r"at the old point"),
            (heun, r"Heun's rule"),
            (euler_by_times, r"This is Euler's rule"),
            (lambda v, z, steps: euler_in_place(v, z, 2 * steps), r"two steps of Euler"),
        ],
    ),
    "guided_velocity": Answers(
        right=[
            torch.lerp,
            lambda a, b, w: (1 - w) * a + w * b,
            lambda a, b, w: b + (w - 1) * (b - a),
            Guided(),
        ],
        wrong=[
            (lambda a, b, w: b + w * (a - b), r"wrong side"),
            (lambda a, b, w: (1 + w) * b - w * a, r"counts for one more"),
            (lambda a, b, w: a + (w - 1) * (b - a), r"one too small"),
            (lambda a, b, w: w * (b - a), r"without a label is missing"),
        ],
    ),
    "ring_flow": Answers(
        right=[ring, Ring(), lambda z: euler_by_times(ring_velocity, z, 50)],
        wrong=[
            (lambda z: z, r"still the noise"),
            (lambda z: euler_by_times(ring_velocity, z, 1), r"gather in the middle"),
            (lambda z: ring(z, sign=-1.0), r"run away"),
            (lambda z: 0 * z + 2, r"on one spot"),
            (lambda z: 1.5 * F.normalize(z, dim=1), r"miss the clusters"),
            (lambda z: euler_by_times(ring_velocity, z, 3), r"Some points arrive.+the bar is 70%"),
            (on_seven, r"7 of 8"),
            (lambda z: z / 0, r"diverged"),
            (lambda z: euler_all_points(ring_velocity, z, 4), r"return the last one"),
            (lambda z: z[:, 0], r"here came \(1000,\)"),
            (nn.Linear, r"Pass the flow itself"),
        ],
    ),
    "flow_bugs": Answers(
        right=[BUGS],
        wrong=[
            (BUGS | {"H": 0.25}, r"Euler's error falls like h"),
            (BUGS | {"E": "no average"}, r"does not turn labels away"),
        ],
    ),
}
