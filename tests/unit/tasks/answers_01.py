"""Answers to the tasks of lesson 01."""

import math

import numpy as np
import torch
from answers import Answers


def discriminator_by_solving(p, q):
    d = torch.empty_like(p)
    for i in range(len(p)):
        d[i] = p[i] / (p[i] + q[i])
    return d


def discriminator_in_place(p, q):
    q += p
    p /= q
    return p


class Discriminator(torch.nn.Module):
    def forward(self, p, q):
        return torch.sigmoid(p.log() - q.log())


def kl(p, m, dx):
    return torch.trapezoid(torch.xlogy(p, p) - torch.xlogy(p, m), dx=dx)


def js_by_kl(p, q, dx):
    m = 0.5 * (p + q)
    return 0.5 * kl(p, m, dx) + 0.5 * kl(q, m, dx)


def js_by_entropies(p, q, dx):
    def entropy(density):
        return float(-torch.xlogy(density, density).sum() * dx)

    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def js_by_the_game(p, q, dx):
    total = (p + q).clamp(min=1e-30)
    d = p / total
    value = torch.einsum("i->", torch.xlogy(p, d) + torch.xlogy(q, 1 - d)) * dx
    return (value + math.log(4)) / 2


def js_by_mask(p, q, dx):
    m = (p + q) / 2
    left, right = p > 0, q > 0
    total = (p[left] * (p[left] / m[left]).log()).sum()
    total += (q[right] * (q[right] / m[right]).log()).sum()
    return total * dx / 2


def js_dividing_by_the_sum(p, q, dx):
    m = p + q
    return 0.5 * kl(p, m, dx) + 0.5 * kl(q, m, dx)


def js_with_ratio(p, q, dx):
    m = (p + q) / 2
    return 0.5 * torch.trapezoid(p * torch.log(p / m) + q * torch.log(q / m), dx=dx)


def tv_by_the_larger(p, q, dx):
    return 1 - torch.trapezoid(torch.minimum(p, q), dx=dx)


def tv_by_the_event(p, q, dx):
    event = p > q
    return (p[event].sum() - q[event].sum()).item() * dx


def tv_by_numpy(p, q, dx):
    return np.abs(p.numpy() - q.numpy()).sum() * dx * 0.5


class Logit(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def w1_by_trapezoid(p, q, dx):
    difference = torch.cumulative_trapezoid(p - q, dx=dx)
    return torch.trapezoid(difference.abs(), dx=dx)


def w1_by_numpy(p, q, dx):
    return np.abs(np.cumsum(p.numpy()) - np.cumsum(q.numpy())).sum() * dx**2


VALUES = {
    "V where D is one half": -1.386,
    "D* where p is three times q": 0.75,
    "JSD without overlap": 0.693,
    "TV without overlap": 1,
    "slope of log(1 - D) at logit -50": 0,
}

ANSWERS = {
    "game_values": Answers(
        right=[
            VALUES,
            VALUES | {"JSD without overlap": math.log(2)},
            VALUES | {"TV without overlap": 1.0},
        ],
        wrong=[
            (VALUES | {"V where D is one half": -0.602}, r"natural logarithms"),
            (VALUES | {"JSD without overlap": "log 2"}, r"without quotation marks"),
        ],
    ),
    "saturating_generator_loss": Answers(
        right=[
            lambda a: (-a - torch.nn.functional.softplus(-a)).mean(),
            lambda a: torch.nn.functional.logsigmoid(-a).mean(),
            lambda a: -torch.nn.functional.binary_cross_entropy_with_logits(a, torch.zeros_like(a)),
            lambda a: -torch.logaddexp(a, torch.zeros_like(a)).sum() / len(a),
        ],
        wrong=[
            (lambda a: -torch.nn.functional.softplus(a), r"mean is missing"),
            (
                lambda a: -torch.nn.functional.logsigmoid(a).mean(),
                r"non-saturating loss.+the text derives",
            ),
            (lambda a: torch.nn.functional.logsigmoid(-a).sum(), r"sum over the batch"),
        ],
    ),
    "wasserstein1": Answers(
        right=[w1_by_trapezoid, w1_by_numpy, lambda p, q, dx: w1_by_trapezoid(q, p, dx)],
        wrong=[
            (
                lambda p, q, dx: abs((torch.cumsum(p - q, 0) * dx).sum() * dx),
                r"outside the integral",
            ),
            (lambda p, q, dx: (torch.cumsum(p - q, 0) * dx).abs(), r"came \(401,\)"),
            (lambda p, q, dx: w1_by_trapezoid(p, q, dx) / 2, r"no factor ½"),
        ],
    ),
    "trained_discriminator": Answers(
        right=[
            Logit(lambda x: 2 * x),
            lambda x: 1.9 * x[:, 0],
            lambda x: 2 * torch.sinh(x / 2) * 2,
        ],
        wrong=[
            (lambda x: x * math.nan, r"diverged"),
            (lambda x: 0 * x - 9, r"everything fake"),
            ("network", r"Pass the trained network"),
            (torch.nn.Linear, r"Pass the trained network"),
            # Compared with its own zeros it would be right everywhere.
            (lambda x: x.zero_(), r"½ everywhere"),
            (lambda x: -2 * x, r"changed places"),
            (lambda x: 0 * x, r"½ everywhere"),
            (Logit(lambda x: torch.sigmoid(2 * x)), r"probabilities"),
            (lambda x: 0 * x + 9, r"everything real"),
            (lambda x: x.mean(), r"n logits"),
        ],
    ),
    "optimal_discriminator": Answers(
        right=[
            lambda p, q: torch.nn.functional.normalize(torch.stack([p, q]), p=1, dim=0)[0],
            lambda p, q: 1 - q / (p + q),
            discriminator_by_solving,
            discriminator_in_place,
            Discriminator(),
            lambda p, q: 1 / (1 + q / p),
        ],
        wrong=[
            (lambda p, q: 1 - p / (p + q), r"share of the fakes"),
            (lambda p, q: torch.where(p > q, 1.0, 0.0), r"linear game"),
            (lambda p, q: 0.5 * p / (p + q), r"0\.5 times"),
        ],
    ),
    "js_divergence": Answers(
        right=[js_by_kl, js_by_entropies, js_by_the_game, js_by_mask],
        wrong=[
            (js_dividing_by_the_sum, r"mixture is the mean"),
            (js_with_ratio, r"0·log 0"),
            (lambda p, q, dx: kl(p, q, dx), r"KL\(p‖q\)"),
        ],
    ),
    "total_variation": Answers(
        right=[
            lambda p, q, dx: torch.cdist(p[None], q[None], p=1) * dx / 2,
            lambda p, q, dx: 0.5 * torch.trapezoid((p - q).abs(), dx=dx),
            tv_by_the_larger,
            tv_by_the_event,
            tv_by_numpy,
            lambda p, q, dx: torch.maximum(p - q, torch.zeros_like(p)).sum() * dx,
        ],
        wrong=[
            (lambda p, q, dx: (p - q).clamp(min=0).sum() * dx / 2, r"½ too many"),
            (lambda p, q, dx: torch.trapezoid((p - q).abs(), dx=dx), r"½ is missing"),
            (lambda p, q, dx: 0.5 * torch.trapezoid(p - q, dx=dx), r"absolute value is missing"),
        ],
    ),
}
