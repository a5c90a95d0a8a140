"""Answers to the tasks of lesson 07."""

import math

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F


class PixelNorm(nn.Module):
    def forward(self, x):
        return x * torch.rsqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


def pixel_norm_by_einsum(x):
    squares = torch.einsum("nchw,nchw->nhw", x, x) / x.shape[1]
    return x / (squares + 1e-8).sqrt()[:, None]


def pixel_norm_in_place(x):
    scale = x.pow(2).mean(1, keepdim=True).add(1e-8).sqrt()
    return x.div_(scale)


def std_of_neighbours(x, group):
    parts = []
    for part in x.split(group):
        std = (part.var(dim=0, correction=0) + 1e-8).sqrt().mean()
        parts.append(torch.cat([part, std.expand(group, 1, *x.shape[2:])], dim=1))
    return torch.cat(parts)


def std_as_karras(x, group):
    _, c, h, w = x.shape
    y = x.view(group, -1, c, h, w)
    y = y - y.mean(dim=0, keepdim=True)
    y = torch.sqrt(y.square().mean(dim=0) + 1e-8)
    y = y.mean(dim=[1, 2, 3], keepdim=True)
    return torch.cat([x, y.repeat(group, 1, h, w)], dim=1)


def std_by_hand(x, group):
    n, c, h, w = x.shape
    out = torch.empty(n, c + 1, h, w, dtype=x.dtype)
    out[:, :c] = x
    step = n // group
    for i in range(step):
        members = x[i::step]
        mean = members.sum(dim=0) / group
        variance = ((members - mean) ** 2).sum(dim=0) / group
        out[i::step, c] = (variance + 1e-8).sqrt().mean()
    return out


def std_statistic(statistic):
    def wrong(x, group):
        _, c, h, w = x.shape
        y = statistic(x.view(group, -1, c, h, w)).view(-1, 1, 1, 1)
        return torch.cat([x, y.repeat(group, 1, h, w)], dim=1)

    return wrong


def std_of_the_batch(x, group):
    std = (x.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    return torch.cat([x, std.expand(len(x), 1, *x.shape[2:])], dim=1)


def std_of_the_image(x, group):
    std = (x.var(dim=(1, 2, 3), unbiased=False) + 1e-8).sqrt()
    return torch.cat([x, std[:, None, None, None].expand(-1, 1, *x.shape[2:])], dim=1)


def std_misplaced(x, group):
    n, c, h, w = x.shape
    y = x.view(group, -1, c, h, w)
    std = (y.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    channel = std.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)
    return torch.cat([x, channel], dim=1)


def linear_by_einsum(x, weight, bias, gain):
    return torch.einsum("ni,oi->no", x, weight) * (gain / weight.size(1) ** 0.5) + bias


def linear_in_place(x, weight, bias, gain):
    weight *= gain / math.sqrt(x.shape[1])
    return F.linear(x, weight, bias)


def fade_in_place(old_rgb, new_rgb, fade):
    old_rgb *= 1 - fade
    old_rgb += fade * new_rgb
    return old_rgb


def penalty_with_ones(critic, real, fake, eps):
    mixed = (real * eps + fake * (1 - eps)).requires_grad_(True)
    scores = critic(mixed)
    grads = torch.autograd.grad(
        outputs=scores,
        inputs=mixed,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
    )[0]
    grads = grads.view(len(real), -1)
    return 10 * ((grads.norm(2, dim=1) - 1) ** 2).mean()


def penalty_the_other_way(critic, real, fake, eps):
    mixed = torch.lerp(real, fake, eps).detach().requires_grad_()
    grads = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)[0]
    norms = grads.square().sum(dim=(1, 2, 3)).sqrt()
    return 10.0 * F.mse_loss(norms, torch.ones_like(norms))


def penalty_image_by_image(critic, real, fake, eps):
    total = 0
    for r, f, e in zip(real, fake, eps, strict=True):
        x = (e * r + (1 - e) * f)[None].requires_grad_()
        (g,) = torch.autograd.grad(critic(x).squeeze(), x, create_graph=True)
        total = total + (torch.einsum("nchw,nchw->", g, g).sqrt() - 1) ** 2
    return 10 * total / len(real)


def penalty(norms, graph=True, reduce=torch.sum, place=None, weight=10):
    def wrong(critic, real, fake, eps):
        x = place(real, fake, eps) if place else eps * real + (1 - eps) * fake
        x = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(reduce(critic(x)), x, create_graph=graph)
        return weight * ((norms(g) - 1) ** 2).mean()

    return wrong


def per_image(g):
    return g.flatten(1).norm(dim=1)


def penalty_without_requires_grad(critic, real, fake, eps):
    x = eps * real + (1 - eps) * fake
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return 10 * ((per_image(g) - 1) ** 2).mean()


def random_place(real, fake, eps):
    eps = torch.rand(len(real), 1, 1, 1, dtype=real.dtype)
    return eps * real + (1 - eps) * fake


ANSWERS = {
    "pixel_norm": Answers(
        right=[
            PixelNorm(),
            pixel_norm_by_einsum,
            pixel_norm_in_place,
            lambda x: F.normalize(x, dim=1) * math.sqrt(x.shape[1]),
        ],
        wrong=[
            (lambda x: F.normalize(x, dim=1), r"vectors of length 1"),
            (lambda x: x / x.norm(dim=1, keepdim=True), r"vectors of length 1"),
            (lambda x: x / (x.pow(2).mean(dim=1, keepdim=True) + 1e-8), r"root is missing"),
            (lambda x: x / x.pow(2).mean(dim=1, keepdim=True).sqrt(), r"zeros gives 0/0"),
            (lambda x: x / (x.pow(2).mean(dim=(2, 3), keepdim=True) + 1e-8).sqrt(), r"positions"),
            (lambda x: x * torch.rsqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e8), r"1e8"),
            (lambda x: F.layer_norm(x, x.shape[1:]), ""),
            (
                lambda x: (
                    (x - x.mean(1, keepdim=True))
                    / (x.var(1, keepdim=True, unbiased=False) + 1e-8).sqrt()
                ),
                r"mean is subtracted",
            ),
            (lambda x: x / (x.pow(2).mean() + 1e-8).sqrt(), r"whole batch"),
            (lambda x: x / (x.std(dim=1, keepdim=True) + 1e-8), r"standard deviation"),
        ],
    ),
    "minibatch_std": Answers(
        right=[std_of_neighbours, std_as_karras, std_by_hand],
        wrong=[
            (
                std_statistic(lambda y: (y.var(dim=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))),
                r"unbiased",
            ),
            (
                std_statistic(lambda y: y.std(dim=0, unbiased=False).mean(dim=(1, 2, 3))),
                r"ε is missing",
            ),
            (
                std_statistic(lambda y: (y.var(dim=0, unbiased=False) + 1e-8).mean(dim=(1, 2, 3))),
                r"root is missing",
            ),
            (
                std_statistic(
                    lambda y: (y.var(dim=0, unbiased=False) + 1e8).sqrt().mean(dim=(1, 2, 3))
                ),
                r"1e8",
            ),
            (
                std_statistic(
                    lambda y: (y.var(dim=0, unbiased=False) + 1e-8).square().mean(dim=(1, 2, 3))
                ),
                r"square stands where the root",
            ),
            (std_of_the_batch, r"whole batch"),
            (std_of_the_image, r"within one image"),
            (std_misplaced, r"repeat, not repeat_interleave"),
            (lambda x, group: std_as_karras(x, group)[:, -1:], r"append it to x"),
            (lambda x, group: std_of_neighbours(x, group)[:, -1:], r"append it to x"),
            (lambda x, group: x + std_as_karras(x, group)[:, -1:], r"added to x"),
        ],
    ),
    "equalised_linear": Answers(
        right=[
            lambda x, w, b, gain: F.linear(x, w * gain / math.sqrt(w.shape[1]), b),
            linear_by_einsum,
            linear_in_place,
            lambda x, w, b, gain: torch.addmm(b, x * (gain * w.shape[1] ** -0.5), w.T),
        ],
        wrong=[
            (
                lambda x, w, b, gain: F.linear(x, w, b) * gain / math.sqrt(w.shape[1]),
                r"bias is scaled too",
            ),
            (lambda x, w, b, gain: F.linear(x, w * gain / math.sqrt(w.shape[0]), b), r"fan-out"),
            (lambda x, w, b, gain: F.linear(x, w * gain / w.shape[1], b), r"root is missing"),
            (lambda x, w, b, gain: F.linear(x, w / math.sqrt(w.shape[1]), b), r"gain is not used"),
            (lambda x, w, b, gain: F.linear(x, w, b), r"not scaled at all"),
            (lambda x, w, b, gain: F.linear(x, w * gain / math.sqrt(w.shape[1])), r"bias is miss"),
            (lambda x, w, b, gain: F.linear(x, w * gain * math.sqrt(2 / w.shape[1]), b), r"√2"),
            (lambda x, w, b, gain: (x @ w) * gain / math.sqrt(w.shape[1]) + b, ""),
        ],
    ),
    "fade_in": Answers(
        right=[
            torch.lerp,
            lambda old, new, fade: old + fade * (new - old),
            fade_in_place,
            lambda old, new, fade: new * fade - (fade - 1) * old,
        ],
        wrong=[
            (lambda old, new, fade: torch.lerp(new, old, fade), r"inverted"),
            (lambda old, new, fade: old + fade * new, r"full strength"),
            (lambda old, new, fade: (old + new) / 2, r"fade is not used"),
            (lambda old, new, fade: torch.tanh(torch.lerp(old, new, fade)), r"tanh"),
            (
                lambda old, new, fade: torch.lerp(old.detach(), new, fade),
                r"old path is detached",
            ),
            (
                lambda old, new, fade: (
                    (1 - fade) * F.interpolate(old, scale_factor=2, mode="nearest") + fade * new
                ),
                r"second time",
            ),
            (lambda old, new, fade: new, r"new image only"),
        ],
    ),
    "gradient_penalty": Answers(
        right=[penalty_with_ones, penalty_the_other_way, penalty_image_by_image],
        wrong=[
            (penalty(lambda g: g.norm()), r"whole batch; the penalty needs one norm per image"),
            (penalty(lambda g: g.norm(2, dim=1)), r"over the channels"),
            (penalty(per_image, weight=1), r"weight 10 is missing"),
            (penalty(per_image, graph=False), r"create_graph"),
            (penalty(per_image, reduce=torch.mean), r"critic's mean"),
            (penalty(per_image, place=lambda real, fake, eps: real), r"at the real images"),
            (penalty(per_image, place=lambda real, fake, eps: fake), r"at the fakes"),
            (penalty(per_image, place=random_place), r"random numbers"),
            (penalty(lambda g: per_image(g) + 1), r"target 1"),
            (penalty(lambda g: per_image(g) ** 2), r"squared before"),
            (penalty(lambda g: per_image(g).clamp(min=1)), r"two-sided"),
            (penalty(lambda g: per_image(g).mean()), r"averaged before"),
            (penalty_without_requires_grad, r"requires_grad_\(True\)"),
            (lambda *inputs: penalty_with_ones(*inputs).item(), r"create_graph|detached"),
        ],
    ),
}
