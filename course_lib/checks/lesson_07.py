"""Tasks of lesson 07: the parts that let ProGAN grow."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.checks.comparing import Case
from course_lib.checks.inputs import DTYPES, normal, told, uniform
from course_lib.checks.tasks import FunctionTask


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


TASKS = [
    FunctionTask(
        name="pixel_norm",
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
]
