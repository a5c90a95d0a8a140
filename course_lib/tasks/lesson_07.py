"""Solutions of lesson 07, and inputs that answers are compared on; `pages/07.md` has the rest."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.models.progan import Critic, Generator
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, normal, over, told, uniform
from course_lib.tasks.lesson import Lesson
from course_lib.tasks.trials.growing import Drawer, Judge
from course_lib.training import EMA

lesson = Lesson("07")


def _vectors() -> list[Case]:
    @over((2, 4, 3, 5), (1, 16, 2, 2), (3, 8, 1, 1))
    def normals(seed, dtype, *shape):
        x = 2 * normal(seed, *shape, dtype=dtype)
        return Case((x,), gradients=(0,), in_place=True)

    dark = normal(5, 2, 4, 3, 3)
    dark[:, :, 1, 1] = 0
    return [*normals(), Case((dark,), "an x with one pixel of zeros in each image, float64")]


@lesson.task(_vectors)
def pixel_norm(x):
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()


def _groups() -> list[Case]:
    @over(((4, 3, 4, 4), 4), ((8, 2, 3, 5), 4), ((6, 4, 2, 2), 2), ((12, 1, 4, 4), 3))
    def spread(seed, dtype, shape, group):
        # Images of different spread, so that groups differ.
        factors = torch.arange(1, shape[0] + 1, dtype=dtype).view(-1, 1, 1, 1)
        x = normal(seed, *shape, dtype=dtype) * factors
        where = f"x of shape {shape}, groups of {group}, {told(dtype)}"
        return Case((x, group), where, gradients=(0,), in_place=True)

    pair = torch.tensor([-1.0, 1.0], dtype=torch.float64).view(2, 1, 1, 1)
    alike = 0.1 * normal(7, 1, 2, 4, 4).repeat(4, 1, 1, 1)
    return [
        *spread(),
        Case((pair, 2), "a group of −1 and +1: the standard deviation is 1"),
        Case((alike, 4), "four equal images: the channel is √1e-8 = 1e-4"),
    ]


# A batch is in no order, so a group of neighbours is as good as one of images apart; each group's
# number must only stand with its own images.
@lesson.task(_groups)
def minibatch_std(x, group):
    n, c, h, w = x.shape
    groups = x.reshape(group, n // group, c, h, w)  # as Karras: a group's images lie n/group apart
    variance = groups.var(dim=0, unbiased=False)  # (n/group, C, H, W)
    std = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (n/group,)
    channel = std.repeat(group).view(n, 1, 1, 1).expand(n, 1, h, w)
    return torch.cat([x, channel], dim=1)  # (N, C + 1, H, W)


def _layers() -> list[Case]:
    @over((3, 4, 6, math.sqrt(2)), (5, 16, 2, 1.0), (2, 9, 9, math.sqrt(2) / 4))
    def normals(seed, dtype, n, fan_in, fan_out, gain):
        x, weight = normal(seed, n, fan_in), normal(seed + 10, fan_out, fan_in)
        inputs = (part.to(dtype) for part in (x, weight, 1 + normal(seed + 20, fan_out)))
        where = f"x ({n}, {fan_in}), weight ({fan_out}, {fan_in}), gain {gain:.3g}, {told(dtype)}"
        return Case((*inputs, gain), where, gradients=(0, 1, 2), in_place=True)

    zero, one = torch.zeros(5, 4, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    where = "weight 0 and bias 1: the output is 1"
    return [*normals(), Case((normal(9, 3, 4), zero, one, 1.0), where)]


@lesson.task(_layers)
def equalised_linear(x, weight, bias, gain):
    scale = gain / math.sqrt(weight.shape[1])  # fan-in: how many inputs each output sums
    return x @ (weight * scale).T + bias  # the bias is not scaled


@over((0.3,), (0.0,), (1.0,), (0.75,))
def _fades(seed, dtype, fade):
    images = (normal(k, 2, 3, 4, 4, dtype=dtype) for k in (seed, seed + 9))
    where = f"two images (2, 3, 4, 4), fade = {fade}, {told(dtype)}"
    return Case((*images, fade), where, gradients=(0, 1), in_place=True)


@lesson.task(_fades)
def fade_in(old_rgb, new_rgb, fade):
    return (1 - fade) * old_rgb + fade * new_rgb


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


def _critics() -> list[Case]:
    cases = []
    for seed, (n, c, size) in enumerate(((4, 3, 5), (2, 1, 6), (7, 2, 4))):
        dtype = DTYPES[seed % 2]
        shape = (n, c, size, size)
        real, fake = (normal(seed + k, *shape, dtype=dtype) for k in (0, 10))
        for critic, name in (
            (_Curved(c, dtype), "a small convolutional critic"),
            (_Linear(shape[1:], 3.0, dtype), "the critic ⟨w, x⟩ with ‖w‖ = 3"),
            (_Linear(shape[1:], 0.5, dtype), "the critic ⟨w, x⟩ with ‖w‖ = 0.5"),
        ):
            inputs = (critic, real, fake, uniform(seed + 20, n, 1, 1, 1, dtype=dtype))
            where = f"{name}, {n} images {shape[1:]}, {told(dtype)}"
            cases.append(Case(inputs, where, gradients=(0,)))
    return cases


# eps is uniform in [0, 1], and so is 1 − eps: it may weigh the real image or the fake.
@lesson.task(_critics)
def gradient_penalty(critic, real, fake, eps):
    mixed = (eps * real + (1 - eps) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    norms = gradient.flatten(1).norm(dim=1)  # (N,): one per image
    return 10 * (norms - 1).square().mean()


@lesson.trial("growing.mixes_uniformly", arguments=1)
def mixing_weights(real):
    return torch.rand(len(real), 1, 1, 1, dtype=real.dtype)  # one per image


@lesson.trial("growing.scores_one_by_one")
def gp_critic():
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.LeakyReLU(0.2), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 4 * 4, 1)),
    )


@over((4, 8, 1, 0.25), (3, 4, 2, 0.7), (6, 8, 1, 1.0), (5, 8, 3, 0.0))
def _growing(seed, dtype, n, size, stage, fade):
    networks = Drawer(stage, size, dtype), Judge(stage, size, dtype)
    real, z = normal(seed, n, 2, size, size, dtype=dtype), normal(seed + 10, n, 3, dtype=dtype)
    where = f"linear networks, {n} images of {size}×{size}, fade = {fade}, {told(dtype)}"
    # No gradient of the critic's loss may reach the generator: its leaves count too.
    return Case((*networks, real, z, stage, fade), where, gradients=(0, 1))


@lesson.task(_growing, then="growing.takes_slopes_between")
def critic_loss(generator, critic, real, z, stage, fade):
    coarse = F.interpolate(F.avg_pool2d(real, 2), scale_factor=2)
    real = fade_in(coarse, real, fade)  # no sharper than G can draw
    fake = generator(z, stage, fade).detach()
    eps = mixing_weights(real)
    penalty = gradient_penalty(lambda x: critic(x, stage, fade), real, fake, eps)
    return critic(fake, stage, fade).mean() - critic(real, stage, fade).mean() + penalty


@lesson.trial("growing.keeps_its_average", arguments=3, compared=True)
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


@lesson.trial("growing.draws_portraits")
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


def _directions() -> list[Case]:
    @over((3, 8), (2, 5), (9, 64), (4, 16))
    def correlated(seed, dtype, count, size):
        # What they share, as the directions of hair and beard do.
        vectors = normal(seed, count, size) + 0.6 * normal(seed + 20, size)
        where = f"{count} unit vectors of {size} numbers, {told(dtype)}"
        return Case((F.normalize(vectors, dim=1).to(dtype),), where)

    where = "three directions that are orthogonal already, float64"
    return [*correlated(), Case((torch.eye(3, 6, dtype=torch.float64),), where)]


@lesson.task(_directions)
def alone(vectors):
    directions = []
    for k, vector in enumerate(vectors):
        others = torch.cat([vectors[:k], vectors[k + 1 :]])
        basis = torch.linalg.qr(others.T).Q  # orthonormal columns (z_dim, K − 1)
        directions.append(F.normalize(vector - basis @ (basis.T @ vector), dim=0))
    return torch.stack(directions)


TASKS = lesson.tasks()
