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


def js_one_sided(p, q, dx):
    return kl(p, (p + q) / 2, dx)


def js_in_bits(p, q, dx):
    m = (p + q) / 2
    return 0.5 * (kl(p, m, dx) + kl(q, m, dx)) / math.log(2)


def js_upside_down(p, q, dx):
    m = (p + q) / 2
    return (
        0.5
        * (torch.xlogy(p, m) - torch.xlogy(p, p) + torch.xlogy(q, m) - torch.xlogy(q, q)).sum()
        * dx
    )


def tv_by_the_larger(p, q, dx):
    return 1 - torch.trapezoid(torch.minimum(p, q), dx=dx)


def tv_by_the_event(p, q, dx):
    event = p > q
    return (p[event].sum() - q[event].sum()).item() * dx


def tv_by_numpy(p, q, dx):
    return np.abs(p.numpy() - q.numpy()).sum() * dx * 0.5


ANSWERS = {
    "optimal_discriminator": Answers(
        right=[
            lambda p, q: p / (p + q),
            lambda p, q: 1 - q / (p + q),
            discriminator_by_solving,
            discriminator_in_place,
            Discriminator(),
            lambda p, q: 1 / (1 + q / p),
        ],
        wrong=[
            (lambda p, q: 1 - p / (p + q), r"share of the fakes"),
            (lambda p, q: p.div(q), r"odds"),
            (lambda p, q: torch.where(p > q, 1.0, 0.0), r"linear game"),
            (lambda p, q: (p / q).log(), r"logit"),
            (lambda p, q: p / ((p + q) / 2), r"factor 2"),
            (lambda p, q: p / p + q, r"divides before it adds"),
            (lambda p, q: p / (p + q).sum(), r"at each x"),
            (lambda p, q: 0.5 * p / (p + q), r"0\.5 times"),
        ],
    ),
    "js_divergence": Answers(
        right=[
            js_by_kl,
            js_by_entropies,
            js_by_the_game,
            js_by_mask,
            lambda p, q, dx: js_by_kl(q, p, dx),
        ],
        wrong=[
            (js_dividing_by_the_sum, r"mixture is the mean"),
            (js_with_ratio, r"0·log 0"),
            (js_one_sided, r"other half"),
            (js_in_bits, r"in bits"),
            (js_upside_down, r"sign"),
            (lambda p, q, dx: 2 * js_by_kl(p, q, dx), r"½ is missing"),
            (lambda p, q, dx: kl(p, q, dx), r"KL\(p‖q\)"),
            (lambda p, q, dx: js_by_kl(p, q, dx) / dx, r"times the grid's step"),
            (lambda p, q, dx: js_by_kl(p, q, dx) ** 0.5, r"root"),
            (lambda p, q, dx: 2 * js_by_kl(p, q, dx) - math.log(4), r"value of the game"),
        ],
    ),
    "total_variation": Answers(
        right=[
            lambda p, q, dx: 0.5 * torch.trapezoid((p - q).abs(), dx=dx),
            tv_by_the_larger,
            tv_by_the_event,
            tv_by_numpy,
            lambda p, q, dx: torch.maximum(p - q, torch.zeros_like(p)).sum() * dx,
        ],
        wrong=[
            (lambda p, q, dx: torch.trapezoid((p - q).abs(), dx=dx), r"½ is missing"),
            (lambda p, q, dx: 0.5 * torch.trapezoid(p - q, dx=dx), r"absolute value is missing"),
            (lambda p, q, dx: 0.5 * ((p - q) ** 2).sum() * dx, r"squared"),
            (lambda p, q, dx: 0.5 * (p - q).abs().sum(), r"times the grid's step"),
            (lambda p, q, dx: (p - q).abs().max(), r"largest difference"),
            (lambda p, q, dx: torch.minimum(p, q).sum() * dx, r"1 − TV"),
            (lambda p, q, dx: 0.5 * (p - q).abs().mean(), r"mean over the points"),
            (lambda p, q, dx: ((p - q) ** 2).sum().mul(dx).sqrt(), r"L2"),
        ],
    ),
}
