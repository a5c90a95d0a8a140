"""Tasks of lesson 07: the parts that let ProGAN grow, a training, and directions in z."""

import copy
import math
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.models.progan import Critic, Generator, double, half
from course_lib.tasks import running
from course_lib.tasks.comparing import Case
from course_lib.tasks.growing import (
    Drawer,
    Judge,
    draws_portraits,
    keeps_its_average,
    mixes_uniformly,
    scores_one_by_one,
    takes_slopes_between,
)
from course_lib.tasks.inputs import DTYPES, normal, told, uniform
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial, Verdict, took_too_long
from course_lib.tasks.results import ERROR, RIGHT, WRONG
from course_lib.training import EMA


def pixel_norm(x):
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def minibatch_std(x, group):
    n, c, h, w = x.shape
    groups = x.reshape(group, n // group, c, h, w)  # as Karras: a group's images lie n/group apart
    variance = groups.var(dim=0, unbiased=False)  # (n/group, C, H, W)
    std = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (n/group,)
    channel = std.repeat(group).view(n, 1, 1, 1).expand(n, 1, h, w)
    return torch.cat([x, channel], dim=1)  # (N, C + 1, H, W)


def equalised_linear(x, weight, bias, gain):
    scale = gain / math.sqrt(weight.shape[1])  # fan-in: how many inputs each output sums
    return x @ (weight * scale).T + bias  # the bias is not scaled


def fade_in(old_rgb, new_rgb, fade):
    return (1 - fade) * old_rgb + fade * new_rgb


def gradient_penalty(critic, real, fake, eps):
    mixed = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    norms = gradient.flatten(1).norm(dim=1)  # (N,): one per image
    return 10 * (norms - 1).square().mean()


def mixing_weights(real):
    return torch.rand(len(real), 1, 1, 1, dtype=real.dtype)  # one per image


def gp_critic():
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.LeakyReLU(0.2), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 4 * 4, 1)),
    )


def critic_loss(generator, critic, real, z, stage, fade):
    coarse = F.interpolate(F.avg_pool2d(real, 2), scale_factor=2)
    real = fade_in(coarse, real, fade)  # no sharper than G can draw
    fake = generator(z, stage, fade).detach()
    eps = mixing_weights(real)
    penalty = gradient_penalty(lambda x: critic(x, stage, fade), real, fake, eps)
    return critic(fake, stage, fade).mean() - critic(real, stage, fade).mean() + penalty


def averaged(generator, phases, decay):
    average = copy.deepcopy(generator)  # once, for all phases
    for steps in phases:
        for step in steps:
            step()
            for mean, weight in zip(average.parameters(), generator.parameters(), strict=True):
                mean.data.lerp_(weight.data, 1 - decay)
            for mine, its in zip(average.buffers(), generator.buffers(), strict=True):
                mine.copy_(its)
    return average


def trained_progan(batches, plan):
    generator, critic = Generator(32, (32, 24)), Critic((32, 24))
    adam_g, adam_c = (
        torch.optim.Adam(network.parameters(), lr=1.2e-2, betas=(0.0, 0.99), fused=True)
        for network in (generator, critic)
    )
    average = EMA(generator, decay=0.98)
    for stage, fade in plan:  # [(0, 1.0)] * 120, then (1, i / 80), then [(1, 1.0)] * 300
        real, z = next(batches[stage]), torch.randn(16, 32)
        loss = critic_loss(generator, critic, real, z, stage, fade)
        adam_c.zero_grad()
        loss.backward()
        adam_c.step()
        loss = -critic(generator(z, stage, fade), stage, fade).mean()
        adam_g.zero_grad()
        loss.backward()
        adam_g.step()
        average.update(generator)
    return average.model


def alone(vectors):
    directions = []
    for k, vector in enumerate(vectors):
        others = torch.cat([vectors[:k], vectors[k + 1 :]])
        basis = torch.linalg.qr(others.T).Q  # orthonormal columns (z_dim, K − 1)
        directions.append(F.normalize(vector - basis @ (basis.T @ vector), dim=0))
    return torch.stack(directions)


class _Linear(nn.Module):
    """⟨w, x⟩ with a w of some length: at 3 the penalty is 10·(3 − 1)² = 40 for any batch."""

    def __init__(self, shape: tuple[int, ...], length: float, dtype: torch.dtype):
        super().__init__()
        w = normal(0, math.prod(shape), dtype=dtype)
        self.w = nn.Parameter(length * w / w.norm())

    def forward(self, images):
        return images.flatten(1) @ self.w


class _Curved(nn.Module):
    """A small convolution, tanh and a weighted sum: each image has another gradient."""

    def __init__(self, channels: int, dtype: torch.dtype):
        super().__init__()
        self.kernel = nn.Parameter(0.5 * normal(1, 4, channels, 3, 3, dtype=dtype))
        self.out = nn.Parameter(0.5 * normal(2, 4, dtype=dtype))

    def forward(self, images):
        return F.conv2d(images, self.kernel, padding=1).tanh().sum(dim=(2, 3)) @ self.out


def _pixel_cases() -> list[Case]:
    cases = [
        Case(
            (2 * normal(seed, *shape, dtype=dtype),),
            f"x of shape {shape}, {told(dtype)}",
            gradients=(0,),
            in_place=True,
        )
        for seed, shape in enumerate(((2, 4, 3, 5), (1, 16, 2, 2), (3, 8, 1, 1)))
        for dtype in DTYPES
    ]
    dark = normal(5, 2, 4, 3, 3)
    dark[:, :, 1, 1] = 0
    return [*cases, Case((dark,), "an x with one pixel of zeros in each image, float64")]


def _groups_cases() -> list[Case]:
    cases = []
    for seed, (shape, group) in enumerate(
        (((4, 3, 4, 4), 4), ((8, 2, 3, 5), 4), ((6, 4, 2, 2), 2), ((12, 1, 4, 4), 3))
    ):
        for dtype in DTYPES:
            where = f"x of shape {shape}, groups of {group}, {told(dtype)}"
            x = normal(seed, *shape, dtype=dtype)
            # Images of different spread, so that groups differ.
            x = x * torch.arange(1, shape[0] + 1, dtype=dtype).view(-1, 1, 1, 1)
            cases.append(Case((x, group), where, gradients=(0,), in_place=True))
    pair = torch.tensor([-1.0, 1.0], dtype=torch.float64).view(2, 1, 1, 1)
    cases.append(Case((pair, 2), "a group of −1 and +1: the standard deviation is 1"))
    alike = 0.1 * normal(7, 1, 2, 4, 4).repeat(4, 1, 1, 1)
    cases.append(Case((alike, 4), "four equal images: the channel is √1e-8 = 1e-4"))
    return cases


def _linear_cases() -> list[Case]:
    cases = []
    for seed, (n, fan_in, fan_out, gain) in enumerate(
        ((3, 4, 6, math.sqrt(2)), (5, 16, 2, 1.0), (2, 9, 9, math.sqrt(2) / 4))
    ):
        for dtype in DTYPES:
            inputs = (
                normal(seed, n, fan_in, dtype=dtype),
                normal(seed + 10, fan_out, fan_in, dtype=dtype),
                1 + normal(seed + 20, fan_out, dtype=dtype),
                gain,
            )
            where = (
                f"x ({n}, {fan_in}), weight ({fan_out}, {fan_in}), gain {gain:.3g}, {told(dtype)}"
            )
            cases.append(Case(inputs, where, gradients=(0, 1, 2), in_place=True))
    zero, one = torch.zeros(5, 4, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    return [*cases, Case((normal(9, 3, 4), zero, one, 1.0), "weight 0 and bias 1: the output is 1")]


def _fade_cases() -> list[Case]:
    return [
        Case(
            (normal(k, 2, 3, 4, 4, dtype=dtype), normal(k + 9, 2, 3, 4, 4, dtype=dtype), fade),
            f"two images (2, 3, 4, 4), fade = {fade}, {told(dtype)}",
            gradients=(0, 1),
            in_place=True,
        )
        for k, fade in enumerate((0.3, 0.0, 1.0, 0.75))
        for dtype in DTYPES
    ]


def _penalty_cases() -> list[Case]:
    cases = []
    for seed, (n, c, size) in enumerate(((4, 3, 5), (2, 1, 6), (7, 2, 4))):
        dtype = DTYPES[seed % 2]
        shape = (n, c, size, size)
        for critic, name in (
            (_Curved(c, dtype), "a small convolutional critic"),
            (_Linear(shape[1:], 3.0, dtype), "the critic ⟨w, x⟩ with ‖w‖ = 3"),
            (_Linear(shape[1:], 0.5, dtype), "the critic ⟨w, x⟩ with ‖w‖ = 0.5"),
        ):
            inputs = (
                critic,
                normal(seed, *shape, dtype=dtype),
                normal(seed + 10, *shape, dtype=dtype),
                uniform(seed + 20, n, 1, 1, 1, dtype=dtype),
            )
            where = f"{name}, {n} images {shape[1:]}, {told(dtype)}"
            cases.append(Case(inputs, where, gradients=(0,)))
    return cases


def _loss_cases() -> list[Case]:
    cases = []
    for seed, (n, size, stage, fade) in enumerate(
        ((4, 8, 1, 0.25), (3, 4, 2, 0.7), (6, 8, 1, 1.0), (5, 8, 3, 0.0))
    ):
        for dtype in DTYPES:
            inputs = (
                Drawer(stage, size, dtype),
                Judge(stage, size, dtype),
                normal(seed, n, 2, size, size, dtype=dtype),
                normal(seed + 10, n, 3, dtype=dtype),
                stage,
                fade,
            )
            where = f"linear networks, {n} images of {size}×{size}, fade = {fade}, {told(dtype)}"
            # No gradient of the critic's loss may reach the generator: its leaves count too.
            cases.append(Case(inputs, where, gradients=(0, 1)))
    return cases


def _direction_cases() -> list[Case]:
    cases = []
    for seed, (count, size) in enumerate(((3, 8), (2, 5), (9, 64), (4, 16))):
        for dtype in DTYPES:
            # What they share, as the directions of hair and beard do.
            vectors = normal(seed, count, size) + 0.6 * normal(seed + 20, size)
            vectors = F.normalize(vectors, dim=1).to(dtype)
            cases.append(Case((vectors,), f"{count} unit vectors of {size} numbers, {told(dtype)}"))
    square = torch.eye(3, 6, dtype=torch.float64)
    return [*cases, Case((square,), "three directions that are orthogonal already, float64")]


def _std_channel(x, std):
    n, _, h, w = x.shape
    return torch.cat([x, std.reshape(-1, 1, 1, 1).expand(n, 1, h, w)], dim=1)


def _neighbours(x, group):
    """Groups of neighbours: the images of a group follow one another."""
    n, c, h, w = x.shape
    groups = x.reshape(n // group, group, c, h, w)
    std = (groups.var(dim=1, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return _std_channel(x, std.repeat_interleave(group))


def _both(statistic):
    """Return the mistake for both ways of forming groups; `statistic` maps (group, …) to one."""

    def apart(x, group):
        n, c, h, w = x.shape
        groups = x.reshape(group, n // group, c, h, w)
        return _std_channel(x, statistic(groups, 0).repeat(group))

    def together(x, group):
        n, c, h, w = x.shape
        groups = x.reshape(n // group, group, c, h, w)
        return _std_channel(x, statistic(groups, 1).repeat_interleave(group))

    return apart, together


def _std_mistakes():
    """Yield each wrong statistic once for either way of forming groups."""
    axes = (1, 2, 3)
    named = [
        (
            lambda g, d: (g.var(dim=d, unbiased=True) + 1e-8).sqrt().mean(dim=axes),
            "This is the unbiased standard deviation, divided by n − 1; the paper's divides by n: "
            "unbiased=False.",
        ),
        (
            lambda g, d: g.std(dim=d).mean(dim=axes),
            "This is the unbiased standard deviation, divided by n − 1; the paper's divides by n: "
            "unbiased=False. And ε = 1e-8 belongs inside the root.",
        ),
        (
            lambda g, d: g.std(dim=d, unbiased=False).mean(dim=axes),
            "ε is missing: inside the root, + 1e-8, it keeps the gradient finite where all images "
            "of a group are equal.",
        ),
        (
            lambda g, d: (g.std(dim=d, unbiased=False) + 1e-8).mean(dim=axes),
            "ε stands outside the root; it belongs inside, √(variance + 1e-8).",
        ),
        (
            lambda g, d: (g.var(dim=d, unbiased=False) + 1e-8).mean(dim=axes),
            "The root is missing: this is the variance, not the standard deviation.",
        ),
        (
            lambda g, d: g.var(dim=d, unbiased=False).mean(dim=axes),
            "The root is missing: this is the variance, not the standard deviation.",
        ),
        (
            lambda g, d: (g.var(dim=d, unbiased=False) + 1e-8).square().mean(dim=axes),
            "A square stands where the root belongs.",
        ),
        (
            lambda g, d: (g.var(dim=d, unbiased=False).mean(dim=axes) + 1e-8).sqrt(),
            "The mean comes before the root; take the standard deviation of each value first, "
            "then their mean.",
        ),
        (
            lambda g, d: (g.var(dim=d, unbiased=False) + 1e8).sqrt().mean(dim=axes),
            "ε is 1e8 instead of 1e-8.",
        ),
        (
            lambda g, d: (g.mean(dim=(2, 3, 4)).var(dim=d, unbiased=False) + 1e-8).sqrt(),
            "The images are averaged first; take the standard deviation over the group first, "
            "then the mean.",
        ),
    ]
    for statistic, sentence in named:
        for function in _both(statistic):
            yield function, sentence


def _whole_batch_std(x, group):
    std = (x.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    return _std_channel(x, std.repeat(len(x)))


def _own_std(x, group):
    return _std_channel(x, (x.var(dim=(1, 2, 3), unbiased=False) + 1e-8).sqrt())


def _std_handed_out_wrong(x, group):
    n, c, h, w = x.shape
    groups = x.reshape(group, n // group, c, h, w)
    std = (groups.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return _std_channel(x, std.repeat_interleave(group))


def _std_handed_out_wrong_too(x, group):
    n, c, h, w = x.shape
    groups = x.reshape(n // group, group, c, h, w)
    std = (groups.var(dim=1, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return _std_channel(x, std.repeat(group))


def _per_channel_std(x, group):
    n, c, h, w = x.shape
    groups = x.reshape(group, n // group, c, h, w)
    std = (groups.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(2, 3))
    return torch.cat([x, std.repeat(group, 1)[:, :, None, None].expand(n, c, h, w)], dim=1)


def _penalty(critic, images, norms, graph=True):
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(images).sum(), images, create_graph=graph)
    return 10 * (norms(gradient) - 1).square().mean()


def _mix(real, fake, eps):
    return eps * real + (1 - eps) * fake


def _norms(gradient):
    return gradient.flatten(1).norm(dim=1)


def _penalty_mistakes():
    """Yield each mistake once for either way of mixing."""
    named = [
        (
            lambda critic, x: _penalty(critic, x, lambda g: g.norm()),
            "This is the norm over the whole batch; the penalty needs one norm per image.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: g.norm(dim=1)),
            "This is a norm over the channels, one per pixel; the penalty needs one norm per "
            "image, over all of its values.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: g.flatten(2).norm(dim=2)),
            "This is one norm per channel; the penalty needs one norm per image, over all of its "
            "values.",
        ),
        (
            lambda critic, x: _penalty(critic, x, _norms) / 10,
            "The weight 10 is missing.",
        ),
        (
            lambda critic, x: _penalty(critic, x, _norms, graph=False),
            "The graph is not kept: without create_graph=True, or detached, the penalty is a "
            "number, and the critic learns nothing from it.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: _norms(g) + 1),
            "The target 1 is missing: this pulls the norm to 0.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: _norms(g).square()),
            "The norm is squared before 1 is subtracted: it is (‖g‖ − 1)², not (‖g‖² − 1)².",
        ),
        (
            lambda critic, x: _penalty(critic, x, _norms) * len(x),
            "This is a sum over the batch; the penalty is a mean.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: (_norms(g) - 1).abs().sqrt() + 1),
            "The difference from 1 is not squared.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: g.flatten(1).abs().sum(dim=1)),
            "This is the sum of absolute values, the L1 norm; the penalty takes the root of the "
            "sum of squares.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: _norms(g) / len(g)),
            "The gradient is that of the critic's mean, N times too small; take the gradient of "
            "its sum.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: g.mean(dim=0).norm()),
            "The gradients are averaged over the batch before the norm; the penalty needs one "
            "norm per image.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: _norms(g).mean()),
            "The norms are averaged before 1 is subtracted; square each difference, then average.",
        ),
        (
            lambda critic, x: _penalty(critic, x, lambda g: _norms(g).clamp(min=1)),
            "Only norms above 1 are punished; this penalty is two-sided.",
        ),
    ]
    for function, sentence in named:
        yield (
            lambda critic, real, fake, eps, f=function: f(critic, _mix(real, fake, eps)),
            sentence,
        )
        yield (
            lambda critic, real, fake, eps, f=function: f(critic, _mix(fake, real, eps)),
            sentence,
        )
    between = "take it between real and fake, at eps·real + (1 − eps)·fake."
    shared = "One eps serves the whole batch; each image has its own."
    places = [
        (lambda real, fake, eps: real, f"The gradient is taken at the real images; {between}"),
        (lambda real, fake, eps: fake, f"The gradient is taken at the fakes; {between}"),
        (
            lambda real, fake, eps: (real + fake) / 2,
            "eps is not used: every image is mixed half and half.",
        ),
        (
            lambda real, fake, eps: real + eps * fake,
            "The weights do not add up to 1: eps·real + (1 − eps)·fake.",
        ),
        (lambda real, fake, eps: _mix(real, fake, eps[:1]), shared),
        (lambda real, fake, eps: _mix(real, fake, eps.mean()), shared),
    ]
    for place, sentence in places:
        yield (
            lambda critic, real, fake, eps, f=place: _penalty(critic, f(real, fake, eps), _norms),
            sentence,
        )


def _without_requires_grad(critic, real, fake, eps):
    mixed = eps * real + (1 - eps) * fake
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return 10 * (_norms(gradient) - 1).square().mean()


def _vector(critic, real, fake, eps):
    mixed = _mix(real, fake, eps).requires_grad_(True)
    return torch.autograd.grad(critic(mixed), mixed, create_graph=True)[0]


def _seen(real, fade):
    return fade_in(double(half(real)), real, fade)


def _loss(
    generator,
    critic,
    real,
    z,
    stage,
    fade,
    see=_seen,
    leak=False,
    fades=lambda fade: (fade, fade, fade),
    shadow="",
    parts=lambda real, fake, penalty: fake - real + penalty,
):
    """Return the critic's loss with a mistake.

    Args:
        fades: what generator, scores and penalty are given for the fade.
        shadow: whose dtype the mixing weights have that overwrite the fade, "real" or "default".
    """
    drawn, scored, punished = fades(fade)
    real, fake = see(real, fade), generator(z, stage, drawn)
    eps = torch.rand(len(real), 1, 1, 1, dtype=None if shadow == "default" else real.dtype)
    if shadow:
        scored = eps if scored is not None else fade
        punished = eps
    judge, at = (partial(critic, stage=stage, fade=value) for value in (scored, punished))
    penalty = gradient_penalty(at, real, fake.detach(), eps)
    return parts(judge(real).mean(), judge(fake if leak else fake.detach()).mean(), penalty)


def _loss_with_drift(generator, critic, real, z, stage, fade):
    drift = 1e-3 * critic(_seen(real, fade), stage, fade).square().mean()
    return critic_loss(generator, critic, real, z, stage, fade) + drift


_SHARP = (
    "The real images do not fade: while G can only draw coarse ones, the critic tells them by "
    "their sharpness. Show it (1 − fade)·double(half(real)) + fade·real."
)
_SHADOW = (
    "Two things share a name: the weights that mix real and fake have overwritten the fade, and "
    "the critic fades by chance, each image differently."
)
_LEAK = "detach is missing: a gradient of the critic's loss reaches the generator's weights."


def _loss_mistakes():
    """Yield the three bugs of the exercise, alone and together, and others."""
    for sharp in (False, True):
        for leak in (False, True):
            see = (lambda real, fade: real) if sharp else _seen
            said = [sentence for sentence, is_so in ((_SHARP, sharp), (_LEAK, leak)) if is_so]
            if said:
                yield partial(_loss, see=see, leak=leak), " ".join(said)
            for dtype in ("real", "default"):
                # Overwritten before the scores are taken, or between scores and penalty.
                for fades in (lambda fade: (fade, fade, fade), lambda fade: (fade, None, fade)):
                    wrong = partial(_loss, see=see, leak=leak, shadow=dtype, fades=fades)
                    yield wrong, " ".join([*said, _SHADOW])
    named = [
        (
            dict(see=lambda real, fade: fade_in(real, double(half(real)), fade)),
            "The reals' fade is inverted: at fade 0 they are as coarse as the old stage, at fade 1 "
            "sharp.",
        ),
        (
            dict(see=lambda real, fade: double(half(real))),
            "The real images stay coarse at every fade; at fade 1 the critic sees them as they "
            "are.",
        ),
        (
            dict(fades=lambda fade: (1.0, fade, fade)),
            "The generator does not fade: pass `fade` on to it.",
        ),
        (
            dict(fades=lambda fade: (fade, 1.0, 1.0)),
            "The critic does not fade: pass `fade` on to it.",
        ),
        (
            dict(fades=lambda fade: (fade, fade, 1.0)),
            "The penalty is that of another critic: where it takes the slope, `fade` is missing.",
        ),
        (
            dict(fades=lambda fade: (1.0, 1.0, 1.0)),
            "Neither network fades: pass `fade` on to both.",
        ),
        (
            dict(fades=lambda fade: (1 - fade, 1 - fade, 1 - fade)),
            "The fade is inverted in both networks: 0 is the old stage, 1 the new one.",
        ),
        (
            dict(parts=lambda real, fake, penalty: real - fake + penalty),
            "The critic learns the wrong way round: it is to score real images above fakes, so its "
            "loss is E f(fake) − E f(real).",
        ),
        (dict(parts=lambda real, fake, penalty: fake - real), "The penalty is missing."),
        (
            dict(parts=lambda real, fake, penalty: fake - real - penalty),
            "The penalty is subtracted: the steeper the critic, the better its loss.",
        ),
        (
            dict(parts=lambda real, fake, penalty: fake - real + 10 * penalty),
            "The weight 10 is in gradient_penalty already.",
        ),
        (
            dict(parts=lambda real, fake, penalty: F.softplus(-real) + F.softplus(fake) + penalty),
            "This is the loss on logits; a critic's scores are taken as they are, "
            "E f(fake) − E f(real).",
        ),
    ]
    for changed, sentence in named:
        yield partial(_loss, **changed), sentence


def _one_after_the_other(vectors):
    """Gram and Schmidt: each is freed of those before it only."""
    directions = []
    for vector in vectors:
        for before in directions:
            vector = vector - (vector @ before) * before
        directions.append(F.normalize(vector, dim=0))
    return torch.stack(directions)


def _projected_one_by_one(vectors):
    """From each all projections on the others are subtracted, as if those were orthogonal."""
    products = vectors @ vectors.T
    products = products - torch.diag(products.diag())
    return F.normalize(vectors - products @ vectors, dim=1)


def _projected_in_turn(vectors):
    directions = []
    for k, vector in enumerate(vectors):
        for j, other in enumerate(vectors):
            if j != k:
                vector = vector - (vector @ other) * other
        directions.append(F.normalize(vector, dim=0))
    return torch.stack(directions)


def _not_unit(vectors):
    inverse = torch.linalg.inv(vectors @ vectors.T)
    return inverse / inverse.diag()[:, None] @ vectors  # row k: v_k less its shadow


class _LossTask(FunctionTask):
    """A loss whose value does not tell where it takes the slope; that is watched afterwards."""

    def _judge(self, answer: Any) -> Verdict:
        verdict = super()._judge(answer)
        if verdict[0] != RIGHT:
            return verdict

        def run() -> str:
            with running.kept_state():
                return takes_slopes_between(answer, _seen)

        try:
            wrong = running.within_limit(run)
        except running.TookTooLong:
            return took_too_long(self.name)
        except BaseException as error:  # a larger batch than those before
            return ERROR, running.describe_error(error, answer)
        return (WRONG, wrong) if wrong else verdict


TASKS = [
    FunctionTask(
        name="pixel_norm",
        lesson="07",
        answer=pixel_norm,
        cases=_pixel_cases,
        why="Each pixel's feature vector is brought to one length, so that the generator's "
        "signals cannot escalate; nothing is learnt, and no image looks at its neighbours.",
        hints=(
            "Each pixel holds a vector. Along which axis does it lie?",
            "Divide by the root of the mean of the squares over the channels; keep the axis, so "
            "that it broadcasts.",
            "x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()",
        ),
        explanation="x/√(mean over channels of x² + 1e-8), Karras et al. 2018, section 4.2. The "
        "mean, not the sum: then a value is about 1 on average, whatever the number of channels.",
        mistakes=[
            (
                lambda x: x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt().detach(),
                "The length is detached: the gradient would push along x, where nothing changes.",
            ),
            (
                lambda x: (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt(),
                "This is what x is to be divided by.",
            ),
            (
                lambda x: x / (x.mean(dim=1, keepdim=True).square() + 1e-8).sqrt(),
                "This is the square of the mean; the mean of the squares is wanted.",
            ),
            (
                lambda x: x / (x.square().mean(dim=1, keepdim=True) + 1e-4).sqrt(),
                "ε is 1e-8 here: a larger one shortens small vectors.",
            ),
            (
                lambda x: x / (x.square().sum(dim=1, keepdim=True) + 1e-8).sqrt(),
                "This sums the squares over the channels and makes vectors of length 1; the paper "
                "takes their mean, so that values stay about 1.",
            ),
            (
                lambda x: x / x.norm(dim=1, keepdim=True),
                "This makes vectors of length 1, and NaN of a pixel of zeros; take the mean of the "
                "squares over the channels, plus 1e-8.",
            ),
            (
                lambda x: x / (x.square().mean(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt(),
                "This is one number for the whole image; each pixel is normalised by itself, over "
                "its channels.",
            ),
            (
                lambda x: x / (x.square().mean(dim=(2, 3), keepdim=True) + 1e-8).sqrt(),
                "This is a mean over the positions, one for each channel; take it over the "
                "channels, one for each pixel.",
            ),
            (
                lambda x: x / (x.square().mean(dim=-1, keepdim=True) + 1e-8).sqrt(),
                "This is a mean over the last axis, the columns; the channels are dim=1.",
            ),
            (
                lambda x: x / (x.square().mean(dim=0, keepdim=True) + 1e-8).sqrt(),
                "This is a mean over the batch; the channels are dim=1.",
            ),
            (
                lambda x: x / (x.square().mean() + 1e-8).sqrt(),
                "This is one number for the whole batch; each pixel is normalised by itself, over "
                "its channels.",
            ),
            (
                lambda x: x / (x.square().mean(dim=1, keepdim=True) + 1e-8),
                "The root is missing: divide by √(mean + 1e-8).",
            ),
            (
                lambda x: x / x.square().mean(dim=1, keepdim=True).sqrt(),
                "A pixel of zeros gives 0/0: ε = 1e-8 is missing inside the root.",
            ),
            (
                lambda x: x / (x.square().mean(dim=1, keepdim=True) + 1e8).sqrt(),
                "ε is 1e8 instead of 1e-8.",
            ),
            (
                lambda x: x / (x.var(dim=1, keepdim=True, unbiased=False) + 1e-8).sqrt(),
                "This divides by a standard deviation, which subtracts the mean; take the mean of "
                "the squares as they are.",
            ),
            (
                lambda x: x / (x.std(dim=1, keepdim=True) + 1e-8),
                "This divides by a standard deviation, which subtracts the mean; take the mean of "
                "the squares as they are.",
            ),
            (
                lambda x: (
                    (x - x.mean(dim=1, keepdim=True))
                    / (x.var(dim=1, keepdim=True, unbiased=False) + 1e-8).sqrt()
                ),
                "The mean is subtracted, as in layer normalisation; pixel norm only divides.",
            ),
            (
                lambda x: x / (x.abs().mean(dim=1, keepdim=True) + 1e-8),
                "This is the mean of absolute values; take the root of the mean of squares.",
            ),
            (
                lambda x: x * (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt(),
                "This multiplies by the root; divide by it.",
            ),
        ],
    ),
    FunctionTask(
        name="minibatch_std",
        lesson="07",
        answer=minibatch_std,
        # A batch is in no order, so a group of neighbours is as good as one of images apart; each
        # group's number must only stand with its own images.
        also_right=(_neighbours,),
        cases=_groups_cases,
        why="It shows the critic how varied a batch is, so that a generator that always draws the "
        "same picture is found out.",
        hints=(
            "In a collapsed batch all images are alike. Which statistic over the images of a group "
            "shows it?",
            "Reshape to (group, N/group, C, H, W), take the biased variance over the group, add "
            "1e-8, take the root, and average over C, H and W: one number per group.",
            "std = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3)); image i is "
            "in group i % (N/group), so std.repeat(group); expand it to (N, 1, H, W) and append.",
        ),
        explanation="The batch is split into groups, (group, N/group, C, H, W) as in the authors' "
        "code; neighbours may form a group as well. Biased standard deviation with ε inside the "
        "root, averaged to one number per group, appended as one channel to each of its images.",
        mistakes=[
            *_std_mistakes(),
            (
                _whole_batch_std,
                "This is one number for the whole batch; each group has its own.",
            ),
            (
                _own_std,
                "This is the spread within one image; it is the spread from image to image of a "
                "group that counts.",
            ),
            (
                _std_handed_out_wrong,
                "Each group's number stands with other images: with (group, N/group, …) image i is "
                "in group i % (N/group), so repeat, not repeat_interleave.",
            ),
            (
                _std_handed_out_wrong_too,
                "Each group's number stands with other images: with (N/group, group, …) neighbours "
                "form a group, so repeat_interleave, not repeat.",
            ),
            (
                _per_channel_std,
                "This appends a channel for each channel; average over C, H and W to one.",
            ),
            (
                lambda x, group: minibatch_std(x, group)[:, -1:],
                "Only the new channel is returned; append it to x, (N, C + 1, H, W).",
            ),
            (
                lambda x, group: _neighbours(x, group)[:, -1:],
                "Only the new channel is returned; append it to x, (N, C + 1, H, W).",
            ),
            (
                lambda x, group: minibatch_std(x, group).roll(1, dims=1),
                "The new channel stands first; append it after x.",
            ),
            (
                lambda x, group: _neighbours(x, group).roll(1, dims=1),
                "The new channel stands first; append it after x.",
            ),
            (
                lambda x, group: x + minibatch_std(x, group)[:, -1:],
                "The number is added to x; append it as a channel of its own.",
            ),
            (
                lambda x, group: minibatch_std(x, len(x) // group),
                "Number and size of the groups have changed places: `group` is how many images a "
                "group has.",
            ),
            (
                lambda x, group: _neighbours(x, len(x) // group),
                "Number and size of the groups have changed places: `group` is how many images a "
                "group has.",
            ),
        ],
    ),
    FunctionTask(
        name="equalised_linear",
        lesson="07",
        answer=equalised_linear,
        cases=_linear_cases,
        why="All weights live at one scale, so that Adam, whose steps do not depend on the "
        "gradient's size, changes all layers equally fast.",
        hints=(
            "How many numbers does each output add up, and how large is their sum if all are "
            "about 1?",
            "Scale the weight by gain/√fan_in, where fan_in is weight.shape[1]. What about the "
            "bias?",
            "x @ (weight * gain / math.sqrt(weight.shape[1])).T + bias",
        ),
        explanation="He's constant, gain/√fan_in, is applied when the layer runs instead of when "
        "it starts. The bias is one number per output and needs no scale.",
        mistakes=[
            (
                lambda x, w, b, gain: equalised_linear(x, w, b * gain, gain),
                "The bias is scaled by the gain; it is added as it is.",
            ),
            (
                lambda x, w, b, gain: equalised_linear(x, w, b / math.sqrt(w.shape[1]), gain),
                "The bias is scaled too, by 1/√fan-in; it is added as it is.",
            ),
            (
                lambda x, w, b, gain: (x @ w.T + b) * gain,
                "The fan-in is not used, and the bias is scaled too.",
            ),
            (
                lambda x, w, b, gain: equalised_linear(x, w, b, 1 / gain),
                "Divided by the gain; the scale is gain/√fan-in.",
            ),
            (
                lambda x, w, b, gain: equalised_linear(x, w, -b, gain),
                "The bias is subtracted.",
            ),
            (
                lambda x, w, b, gain: equalised_linear(x, w.detach(), b, gain),
                "The weight is detached: it would stay as it was drawn.",
            ),
            (
                lambda x, w, b, gain: F.leaky_relu(equalised_linear(x, w, b, gain), 0.2),
                "An activation follows; the linear layer alone is wanted.",
            ),
            (
                lambda x, w, b, gain: (x @ w.T + b) * gain / math.sqrt(w.shape[1]),
                "The bias is scaled too; only the weight is: with weight 0 and bias 1 the output "
                "is 1.",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain / math.sqrt(w.shape[0]) + b,
                "This is scaled by fan-out, the number of outputs; fan-in is weight.shape[1].",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain / w.shape[1] + b,
                "The root is missing: the scale is gain/√fan_in.",
            ),
            (
                lambda x, w, b, gain: x @ w.T / math.sqrt(w.shape[1]) + b,
                "The gain is not used: the scale is gain/√fan_in.",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain + b,
                "The division by √fan_in is missing.",
            ),
            (lambda x, w, b, gain: x @ w.T + b, "The weight is not scaled at all."),
            (
                lambda x, w, b, gain: x @ w.T * gain * math.sqrt(w.shape[1]) + b,
                "The scale is multiplied by √fan_in; it is divided by it.",
            ),
            (
                lambda x, w, b, gain: x @ w.T * math.sqrt(gain / w.shape[1]) + b,
                "The gain stands inside the root; the scale is gain/√fan_in.",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain / math.sqrt(x.shape[0]) + b,
                "This is scaled by the batch size; fan-in is weight.shape[1].",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain / math.sqrt(w.numel()) + b,
                "This is scaled by the number of all weights; fan-in is weight.shape[1].",
            ),
            (
                lambda x, w, b, gain: x @ w.T * gain * math.sqrt(2 / w.shape[1]) + b,
                "A factor √2 too many: it is in the gain already.",
            ),
            (
                lambda x, w, b, gain: equalised_linear(x, w, b * 0, gain),
                "The bias is missing.",
            ),
            (
                lambda x, w, b, gain: x @ (w / w.std()).T * gain / math.sqrt(w.shape[1]) + b,
                "The weight is divided by its own spread; the scale is a constant, gain/√fan_in.",
            ),
        ],
    ),
    FunctionTask(
        name="fade_in",
        lesson="07",
        answer=fade_in,
        cases=_fade_cases,
        why="The new layers come in gradually, so that what the small network has learnt is not "
        "thrown over at once.",
        hints=(
            "What must come out at fade 0, and what at fade 1?",
            "A weighted mean whose weights add up to 1. Which of the two images does fade weigh?",
            "(1 − fade)·old_rgb + fade·new_rgb",
        ),
        explanation="At fade 0 the network is the old one, enlarged; at fade 1 the old path gives "
        "nothing and gets no gradient.",
        mistakes=[
            (
                lambda old, new, fade: ((1 - fade) * old + fade * new).clamp(-1, 1),
                "Values are cut off at ±1: there is no activation after toRGB.",
            ),
            (
                lambda old, new, fade: old if fade < 0.5 else new,
                "This jumps from the old to the new image at fade ½; a fade mixes them.",
            ),
            (
                lambda old, new, fade: fade_in(old, new.detach(), fade),
                "The new path is detached: its layers would learn nothing.",
            ),
            (
                lambda old, new, fade: old * 1,
                "This is the old image only; fade is not used.",
            ),
            (
                lambda old, new, fade: fade_in(old, new, fade**2),
                "The fade is squared; it goes evenly from 0 to 1.",
            ),
            (
                lambda old, new, fade: fade * old + (1 - fade) * new,
                "The fade is inverted: fade 0 is the old image, fade 1 the new one.",
            ),
            (
                lambda old, new, fade: old + fade * new,
                "The old image stays at full strength; its weight is 1 − fade.",
            ),
            (
                lambda old, new, fade: (1 - fade) * old + new,
                "The new image comes in at full strength; its weight is fade.",
            ),
            (
                lambda old, new, fade: fade * (old + new),
                "Both are weighted by fade; the old image's weight is 1 − fade.",
            ),
            (
                lambda old, new, fade: (old + new) / 2,
                "fade is not used: this is always half and half.",
            ),
            (
                lambda old, new, fade: new * 1,
                "This is the new image only; the old one fades out step by step.",
            ),
            (
                lambda old, new, fade: math.sqrt(1 - fade) * old + math.sqrt(fade) * new,
                "These are the weights √(1 − fade) and √fade, which do not add up to 1.",
            ),
            (
                lambda old, new, fade: torch.tanh((1 - fade) * old + fade * new),
                "There is a tanh on it: ProGAN's RGB layers are linear, and the fade is a mean.",
            ),
            (
                lambda old, new, fade: torch.sigmoid(torch.tensor(fade)) * (new - old) + old,
                "fade is a weight already; it needs no sigmoid.",
            ),
            (
                lambda old, new, fade: (1 - fade) * old.detach() + fade * new,
                "The old path is detached: as long as fade is below 1 it goes on learning.",
            ),
            (
                lambda old, new, fade: fade_in(old.detach(), new.detach(), fade),
                "The value is right, but detached: nothing learns from it.",
            ),
            (
                lambda old, new, fade: (1 - fade) * F.interpolate(old, scale_factor=2) + fade * new,
                "The old image has the new size already; it is enlarged a second time here.",
            ),
        ],
    ),
    FunctionTask(
        name="gradient_penalty",
        lesson="07",
        answer=gradient_penalty,
        # eps is uniform in [0, 1], and so is 1 − eps: it may weigh the real image or the fake.
        also_right=(lambda critic, real, fake, eps: gradient_penalty(critic, fake, real, eps),),
        cases=_penalty_cases,
        why="It keeps the critic's slope near 1 between real and fake, so that its gradient "
        "always shows the generator a direction.",
        hints=(
            "At which images do you ask for the critic's slope, and how many slopes are there in "
            "a batch?",
            "Mix real and fake with eps, let the mixture require gradients, and take "
            "torch.autograd.grad of the critic's sum with respect to it, with create_graph=True. "
            "Then one norm per image.",
            "norms = gradient.flatten(1).norm(dim=1), and 10 * (norms − 1).square().mean().",
        ),
        explanation="Gulrajani et al. 2017, equation 3. The sum over the batch gives each image "
        "its own gradient, since no image looks at another. create_graph=True keeps the graph, so "
        "that the penalty can be differentiated with respect to the critic's weights.",
        mistakes=[
            *_penalty_mistakes(),
            (
                _without_requires_grad,
                "The mixture does not require gradients: call .requires_grad_(True) on it before "
                "the critic sees it.",
            ),
            (
                _vector,
                "The critic returns one number per image; differentiate their sum, or pass "
                "grad_outputs of ones.",
            ),
        ],
    ),
    Trial(
        name="mixing_weights",
        lesson="07",
        why="On the straight way from an image to a fake the best critic has slope 1; a weight "
        "outside of [0, 1], or one for each pixel, leaves that way.",
        hints=(
            "How many numbers does it take to choose one point on the line between two images?",
            "One for each pair, uniform between 0 and 1, of a shape that stretches over an image: "
            "(N, 1, 1, 1).",
            "torch.rand(len(real), 1, 1, 1): rand is uniform, randn is normal.",
        ),
        explanation="Gulrajani et al. 2017, algorithm 1: ε ~ U[0, 1], one for each pair of images. "
        "A normal ε lies outside of [0, 1] two times in three; an ε for each pixel mixes "
        "an image with a fake as noise does.",
        answer=mixing_weights,
        trial=mixes_uniformly,
        arguments=1,
    ),
    Trial(
        name="gp_critic",
        lesson="07",
        why="The penalty is about the slope at one image; so a score may depend on one image only, "
        "and on all of it freely.",
        hints=(
            "The gradient of the sum of all scores with respect to image 1: of which scores is it "
            "the gradient, if the layers look at the whole batch?",
            "Two layers do not belong there: one that mixes the images of a batch, and one that "
            "makes a probability of a score.",
            "Convolution, LeakyReLU, pooling, Flatten, Linear: without BatchNorm2d, without "
            "Sigmoid.",
        ),
        explanation="Gulrajani et al. 2017, section 4: with batch norm the critic maps a batch to "
        "a batch, and the penalty has lost its meaning. And a critic is no classifier: its "
        "scores estimate a distance and have no bounds.",
        answer=gp_critic,
        trial=scores_one_by_one,
    ),
    _LossTask(
        name="critic_loss",
        lesson="07",
        answer=critic_loss,
        also_right=(_loss_with_drift,),
        cases=_loss_cases,
        why="Reals, fakes and slope are all seen through the same fade: so a new stage comes in "
        "without giving the critic a game that is won already.",
        hints=(
            "At fade 0 G draws doubled 4×4 images. By what would a critic tell them from sharp "
            "ones?",
            "Three bugs: what the critic sees of the reals, a name that means two things, and what "
            "no detach lets through.",
            "real = fade_in(double(half(real)), real, fade); fake = generator(z, stage, "
            "fade).detach(); everywhere critic(x, stage, fade); and eps = mixing_weights(real).",
        ),
        explanation="The real images fade as the networks do. The weights that mix images for the "
        "penalty have a name of their own, so that `fade` stays the fade. E f(fake) − E f(real) "
        "plus the penalty; ProGAN's drift term, 1e-3·f(real)², may be there or not.",
        mistakes=[*_loss_mistakes()],
    ),
    Trial(
        name="averaged",
        lesson="07",
        why="The average is what you draw from: it must not forget when a phase begins, and must "
        "not draw with an untrained network's statistics.",
        hints=(
            "What is left, after the first step of a new phase, of all the phases before?",
            "Copy the generator once, before the first phase. And parameters() is not all that a "
            "network holds: what has batch norm beside its weights?",
            "average = copy.deepcopy(generator) before the outer loop; after the weights, "
            "for mine, its in zip(average.buffers(), generator.buffers()): mine.copy_(its).",
        ),
        explanation="One average for the whole training: layers that have not been used yet do no "
        "harm in it. Buffers are counts and running statistics; they are copied. ProGAN has "
        "none, and the same average serves DCGAN, which has.",
        answer=averaged,
        trial=partial(keeps_its_average, expected=averaged),
        arguments=3,
    ),
    Prediction(
        name="progan_signs",
        lesson="07",
        why="Each remedy has an illness of its own, and a number by which you can check it.",
        hints=(
            "Read each row from left to right: what comes in, what goes, and what stays the same?",
            "The rows are: fade inverted, no minibatch std, no pixel norm, reals not faded. A "
            "convolution has k·k·in·out weights and `out` biases.",
            "(3 − 1)²·10. An equalised weight moves by rate·gain/√fan_in: 1e-3·√2/√512. A 3×3 "
            "convolution from 16 to 8: 1160; from 8 to 8: 584; toRGB 8·3 + 3.",
        ),
        explanation="An inverted fade begins with the untrained layers and ends with the old "
        "ones. A critic without minibatch std does not mind one face for all z. Without pixel norm "
        "colours escalate. 10·(3 − 1)² = 40; 1e-3·√2/√512 = 1/16,000; 1160 + 584 + 27 = 1771. The "
        "statistic is taken of the last features, at 4×4, where faces have a meaning.",
        expected={
            "row A": "no minibatch std",
            "row B": "fade inverted",
            "row C": "reals not faded",
            "row D": "no pixel norm",
            "penalty of a critic whose slope is 3 everywhere": 40,
            "1 / step of an equalised weight: rate 1e-3, gain 2**0.5, fan-in 512": 16000,
            "first number of (3, 4, 0, 0) after pixel norm": 1.2,
            "parameters that G gains from 4x4 to 8x8, channels 16 to 8": 1771,
            "the minibatch std is that of": "features",
        },
        mistakes=[
            (
                "row A",
                "no pixel norm",
                "These colours are tame. What is the same from left to right, though z is not?",
            ),
            (
                "row B",
                "reals not faded",
                "There is one row of fakes here and no real image. What stands at fade 0, on the "
                "left: the old image, or new layers that have learnt nothing yet?",
            ),
            (
                "row C",
                "fade inverted",
                "The fakes are at fade 0.1 and as coarse as they should be. Which of the two kinds "
                "does not look like fade 0.1?",
            ),
            (
                "row D",
                "no minibatch std",
                "Each z has another image here; what has happened to the colours?",
            ),
            (
                "penalty of a critic whose slope is 3 everywhere",
                4,
                "That is (3 − 1)²; the weight 10 is missing.",
            ),
            (
                "penalty of a critic whose slope is 3 everywhere",
                640,
                "That is 10·(3² − 1)²: the norm is not squared before 1 is subtracted.",
            ),
            (
                "penalty of a critic whose slope is 3 everywhere",
                90,
                "That is 10·3², which pulls the slope to 0; the target is 1.",
            ),
            (
                "1 / step of an equalised weight: rate 1e-3, gain 2**0.5, fan-in 512",
                1000,
                "By so much Adam moves the stored weight; the layer uses gain/√fan_in of it.",
            ),
            (
                "1 / step of an equalised weight: rate 1e-3, gain 2**0.5, fan-in 512",
                1000 * math.sqrt(512),
                "The gain is forgotten: the scale is √2/√512.",
            ),
            (
                "first number of (3, 4, 0, 0) after pixel norm",
                0.6,
                "That is a vector of length 1; pixel norm takes the mean of the squares, 25/4.",
            ),
            (
                "parameters that G gains from 4x4 to 8x8, channels 16 to 8",
                1744,
                "toRGB is forgotten: the new stage has its own way to colours.",
            ),
            (
                "parameters that G gains from 4x4 to 8x8, channels 16 to 8",
                1752,
                "The biases are forgotten: one for each channel that comes out.",
            ),
            (
                "the minibatch std is that of",
                "pixels",
                "Of pixels it would say how bright and shifted images differ; of the features at "
                "4×4 it says how what the critic has recognised differs.",
            ),
        ],
    ),
    Trial(
        name="trained_progan",
        lesson="07",
        why="Two networks, a plan and a loss: the whole of ProGAN, small enough for a minute.",
        hints=(
            "One step each: whose loss does which optimiser lower, and which images need a graph?",
            "For each (stage, fade) of the plan: a batch of that stage, critic_loss and a step of "
            "the critic; then −E f(G(z)) with a fresh graph, and a step of the generator.",
            "Generator(32, (32, 24)), Critic((32, 24)), two Adam with rate 1.2e-2 and betas=(0.0, "
            "0.99), EMA with decay 0.98, and 500 steps: 120 at 4×4, 80 to fade, 300 at 8×8. "
            "Return average.model.",
        ),
        explanation="One step of the critic for each of the generator, as in ProGAN; Adam without "
        "momentum, β₁ = 0. The rate is twelve times the paper's, for a training a thousand "
        "times shorter, and the average forgets accordingly sooner.",
        answer=trained_progan,
        trial=draws_portraits,
    ),
    FunctionTask(
        name="alone",
        lesson="07",
        answer=alone,
        cases=_direction_cases,
        why="A step along such a direction moves one score and leaves the others where they are: "
        "whoever asks for longer hair does not get a beard with it.",
        hints=(
            "Which part of a direction must go, so that a step along it does not change the "
            "scores of the others?",
            "Its projection on the span of *all* the others. They are not orthogonal to each "
            "other, so take an orthonormal basis of their span first.",
            "basis = torch.linalg.qr(others.T).Q; rest = v − basis @ (basis.T @ v); "
            "F.normalize(rest, dim=0).",
        ),
        explanation="Shen et al. 2020, section 2.3: d_k is v_k less its projection on the span of "
        "all other v_j, scaled to length 1. ⟨d_k, v_j⟩ = 0 for all j ≠ k. The rows of the "
        "pseudo-inverse's transpose, normalised, are the same.",
        mistakes=[
            (
                _one_after_the_other,
                "This is Gram and Schmidt's way: each is freed of those before it only, so the "
                "first keeps all that it shares, and the order matters.",
            ),
            (
                _projected_one_by_one,
                "All projections are subtracted as if the others were orthogonal to each other: "
                "what two of them share is taken away twice.",
            ),
            (
                _projected_in_turn,
                "The others are taken away in turn, and each brings back some of those before it, "
                "since they are not orthogonal. Take an orthonormal basis of their span.",
            ),
            (
                _not_unit,
                "The length is not 1: normalise what is left.",
            ),
            (
                lambda vectors: torch.linalg.qr(vectors.T).Q.T,
                "An orthonormal basis of all directions is orthogonal in itself, and no longer "
                "orthogonal to the v_j; each needs a basis of the others.",
            ),
            (
                lambda vectors: F.normalize(vectors, dim=1),
                "These are the directions as they came.",
            ),
            (
                lambda vectors: F.normalize(vectors - vectors.mean(dim=0), dim=1),
                "The mean of all is subtracted; what a direction shares with each of the others is "
                "more than that.",
            ),
            (
                lambda vectors: torch.linalg.pinv(vectors).T,
                "The length is not 1: normalise what is left.",
            ),
        ],
    ),
]
