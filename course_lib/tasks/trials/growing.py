"""Networks small enough to know by heart, and the trials of lesson 07 that are made with them."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_lib import data, metrics
from course_lib.models.progan import MinibatchStd, double, half
from course_lib.tasks.comparing import number
from course_lib.tasks.inputs import normal

BAR = 7.0  # Fréchet distance of 8×8 pixels; one mean portrait, drawn again and again, has 12.6
_ENDS = (
    *(nn.Sigmoid, nn.Tanh, nn.LeakyReLU, nn.ReLU, nn.Softmax, nn.ELU, nn.GELU, nn.SiLU),
    *(nn.Softplus, nn.LogSigmoid, nn.LogSoftmax, nn.Hardtanh, nn.Softsign, nn.PReLU),
)


class Drawer(nn.Module):
    """A generator at one stage: two linear maps of z (N, 3), to the old size and to the new one.

    Like ProGAN's it mixes both by `fade`; unlike ProGAN's it takes a tensor for it without a word.
    """

    def __init__(self, stage: int, size: int, dtype: torch.dtype):
        super().__init__()
        self.stage, self.size = stage, size
        self.old = nn.Parameter(normal(1, 3, 2, size // 2, size // 2, dtype=dtype))
        self.new = nn.Parameter(normal(2, 3, 2, size, size, dtype=dtype))

    def forward(self, z: torch.Tensor, stage: int, fade: float | torch.Tensor = 1.0):
        if stage != self.stage:
            raise ValueError(f"both networks are at stage {self.stage}, not {stage}")
        old, new = (torch.einsum("nz,zchw->nchw", z, weight) for weight in (self.old, self.new))
        return (1 - fade) * double(old) + fade * new


class Judge(nn.Module):
    """A critic at one stage, linear for a given fade: its slope is the same at every image."""

    def __init__(self, stage: int, size: int, dtype: torch.dtype):
        super().__init__()
        self.stage = stage
        self.old = nn.Parameter(0.5 * normal(3, 2 * (size // 2) ** 2, dtype=dtype))
        self.new = nn.Parameter(0.5 * normal(4, 2 * size**2, dtype=dtype))

    def forward(self, images: torch.Tensor, stage: int, fade: float | torch.Tensor = 1.0):
        if stage != self.stage:
            raise ValueError(f"both networks are at stage {self.stage}, not {stage}")
        fade = fade.flatten() if isinstance(fade, torch.Tensor) else fade
        return (1 - fade) * (half(images).flatten(1) @ self.old) + fade * (
            images.flatten(1) @ self.new
        )


class _Watching(Judge):
    """A critic that remembers every image it has scored."""

    def __init__(self, stage: int, size: int, dtype: torch.dtype):
        super().__init__(stage, size, dtype)
        self.seen = []

    def forward(self, images: torch.Tensor, stage: int, fade: float | torch.Tensor = 1.0):
        self.seen.append(images.detach().clone())
        return super().forward(images, stage, fade)


def takes_slopes_between(loss: Callable) -> str:
    """Return what is wrong with where a critic's loss takes the slope, or "".

    The slope of `Judge` is the same at every image, so that its value does not tell.
    """
    torch.manual_seed(0)
    generator, critic = Drawer(1, 8, torch.float32), _Watching(1, 8, torch.float32)
    real, z = (normal(seed, 64, *rest).float() for seed, rest in ((1, (2, 8, 8)), (2, (3,))))
    loss(generator, critic, real.clone(), z.clone(), 1, 0.6)
    with torch.no_grad():
        faded = 0.4 * double(half(real)) + 0.6 * real
        fake, real = generator(z, 1, 0.6).flatten(1), faded.flatten(1)
    # Each image that was scored, as a share of the way from each fake to its real image.
    images, way = torch.cat(critic.seen).flatten(1), real - fake
    shares = (images @ way.T - (fake * way).sum(1)) / way.square().sum(1)  # (seen, 64)
    # By differences: cdist's usual way, by a product, is off by more than is looked for here.
    exact = "donot_use_mm_for_euclid_dist"
    ends = torch.cdist(images, torch.cat([real, fake]), compute_mode=exact)
    near = ends.amin(dim=1) < 1e-3
    if near.all():
        return (
            "The slope is taken at real or generated images; the penalty looks between them, at "
            "eps·real + (1 − eps)·fake."
        )
    images, shares = images[~near], shares[~near]
    off = (fake + shares[..., None] * way - images[:, None]).square().sum(2)  # (mixed, 64)
    best = off.argmin(dim=1, keepdim=True)
    if (off.gather(1, best) > 1e-3 * way.square().sum(1)[best]).any():
        return (
            "The slope is taken off the straight line between an image and its fake: one weight "
            "for each image, not for each pixel or channel."
        )
    weights = shares.gather(1, best).flatten()
    if weights.min() < -1e-3 or weights.max() > 1 + 1e-3:
        return (
            "The slope is taken beyond the real images or the fakes: the weights are not between "
            "0 and 1. Drawn from a normal? They are uniform, as from mixing_weights."
        )
    if len(weights) > 1 and weights.std() < 1e-3:
        return "One weight serves the whole batch; each image has its own, (N, 1, 1, 1)."
    return ""


def mixes_uniformly(draw: Callable) -> str:
    """Return what is wrong with weights that mix real and generated images, or ""."""
    real = torch.zeros(4000, 3, 2, 2)
    eps = draw(real)
    if not isinstance(eps, torch.Tensor):
        return f"It returns a {type(eps).__name__}; a tensor of weights is expected."
    faults = []
    if eps.shape in (real.shape, (len(real), 1, 2, 2)):
        faults.append(
            "Each pixel has a weight of its own: the mixtures leave the straight line between an "
            "image and a fake, where the best critic has slope 1."
        )
    elif eps.shape == (len(real), 3, 1, 1):
        faults.append("Each channel has a weight of its own; an image has one.")
    elif eps.numel() == 1:
        return "One weight serves the whole batch; each image has its own, (N, 1, 1, 1)."
    elif eps.shape != (len(real), 1, 1, 1):
        return (
            "For N images (N, C, H, W) the weights are (N, 1, 1, 1), which stretches over an image "
            f"and over nothing else; with N = 4000 came {tuple(eps.shape)}."
        )
    values = eps.flatten().double().sort().values
    low, high = values[0].item(), values[-1].item()
    if not (low >= 0 and high <= 1):  # NaN too
        faults.append(
            f"They run from {number(low)} to {number(high)}. Drawn from a normal, the mixture "
            "leaves the way between real and fake; weights are uniform between 0 and 1."
        )
    elif high - low < 1e-6:
        faults.append(f"All are {number(low)}; each image draws its own.")
    # Kolmogorov–Smirnov: of 4,000 uniform numbers, one set in 10⁵ lies as far off as 0.04.
    elif (values - torch.linspace(0, 1, len(values), dtype=values.dtype)).abs().max() > 0.04:
        faults.append(
            "They lie between 0 and 1, and not evenly: a tenth of them is wanted in each tenth."
        )
    elif torch.equal(draw(real), eps):
        faults.append("Two calls gave the same weights: draw them anew at each step.")
    return " ".join(faults)


def scores_one_by_one(critic: Callable) -> str:
    """Return what is wrong with a critic of images (N, 3, 8, 8) for a gradient penalty, or ""."""
    if isinstance(critic, type) or not callable(critic):
        return f"This is a {type(critic).__name__}; pass the critic itself, a network."
    images = torch.randn(6, 3, 8, 8)
    scores = critic(images)
    known = isinstance(scores, torch.Tensor)
    if not known or scores.numel() != 6 or scores.shape[:1] != (6,):
        came = tuple(scores.shape) if known else type(scores).__name__
        return f"For 6 images (N, 3, 8, 8) come 6 scores, (6,) or (6, 1); came {came}."
    layers = [*critic.modules()] if isinstance(critic, nn.Module) else []
    faults = []
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in layers):
        faults.append(
            "There is batch norm in it: a score then depends on the whole batch, and the gradient "
            "of the scores' sum is no image's own slope. Leave it out; layer norm would do."
        )
    elif any(isinstance(layer, MinibatchStd) for layer in layers):
        faults.append(
            "Minibatch standard deviation joins the images of a group: ProGAN allows itself this "
            "one exception, and this task does not."
        )
    elif not torch.allclose(critic(images), scores, atol=1e-5):
        faults.append(
            "Two calls with the same images gave two answers: there is chance in it, or something "
            "that it keeps from one call to the next."
        )
    elif not torch.allclose(critic(images[:1]).flatten(), scores.flatten()[:1], atol=1e-4):
        faults.append("An image's score changes with its neighbours in the batch.")
    shapes = (nn.Flatten, nn.Unflatten, nn.Identity)  # they change no number
    last = next((layer for layer in reversed(layers) if not isinstance(layer, shapes)), None)
    if isinstance(last, _ENDS):
        faults.append(
            f"A {type(last).__name__} stands on the scores: a critic is linear at its end, its "
            "scores have no bounds and no probability is in them."
        )
    elif scores.std() < 1e-6:
        faults.append("All images have one score: no gradient will show the generator a way.")
    # Far out a sigmoid is 0 or 1, and a tanh −1 or 1: for most images, not for one near the edge.
    elif (
        (far := critic(1e4 * images).abs()) - far.round()
    ).abs().median() < 1e-4 and far.max() < 1.5:
        faults.append("Its scores have bounds, like probabilities; a critic's have none.")
    return " ".join(faults)


class _Trained(nn.Module):
    """A generator with batch norm, and steps that train it without knowing how."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.first(z)))

    def step(self, seed: int) -> None:
        self(2 + 3 * normal(seed, 16, 2, dtype=torch.float32))  # batch norm's buffers move
        with torch.no_grad():
            for k, weight in enumerate(self.parameters()):
                weight += 0.3 * normal(100 * seed + k, *weight.shape, dtype=weight.dtype)


def keeps_its_average(averaged: Callable, solution: Callable) -> str:
    """Return what is wrong with an average of a generator over phases, or ""."""
    torch.manual_seed(0)
    theirs = _Trained()
    ours, calls = copy.deepcopy(theirs), []

    def phases(network: _Trained, called: list[int]) -> list[list[Callable]]:
        def one(seed: int) -> Callable:
            def step():
                called.append(seed)
                network.step(seed)

            return step

        return [[one(10 * phase + k) for k in range(4)] for phase in range(3)]

    wanted = solution(ours, phases(ours, []), 0.7)
    began = {name: value.clone() for name, value in theirs.state_dict().items()}
    average = averaged(theirs, phases(theirs, calls), 0.7)
    if not isinstance(average, nn.Module):
        return f"It returns a {type(average).__name__}; the averaged generator is expected."
    if average is theirs or any(a is b for a, b in _pairs(average, theirs)):
        return "The average is the generator itself: make a copy of it, copy.deepcopy(generator)."
    if calls != [10 * phase + k for phase in range(3) for k in range(4)]:
        return f"Each step is to be called once, in its order: there are 12, and {len(calls)} ran."
    if any(not torch.allclose(a, b) for a, b in _pairs(theirs, ours)):
        return "The generator itself has changed: only the average is to be written to."
    if all(torch.allclose(a, b, atol=1e-5) for a, b in _pairs(average, wanted)):
        return _buffers_fault(average, wanted, began)
    for fault, decay, start in (
        ("rebuilt", 0.7, 2),
        ("turned", 0.3, 0),
        ("rebuilt and turned", 0.3, 2),
        ("last", 0.0, 0),
        ("first", 1.0, 0),
    ):
        other = _Trained()
        other.load_state_dict(began)
        for phase in phases(other, [])[:start]:
            for step in phase:
                step()
        made = solution(other, phases(other, [])[start:], decay)
        if all(torch.allclose(a, b, atol=1e-5) for a, b in _pairs(average, made)):
            also = _buffers_fault(average, wanted, began)
            return f"{_AVERAGES[fault]} {also}".strip()
    return "The average's weights are not decay · average + (1 − decay) · weight, step after step."


_AVERAGES = {
    "rebuilt": "The average is rebuilt when a phase begins: what it knew of the phases before is "
    "thrown away, and the samples jump. Copy the generator once, before the first phase.",
    "turned": "decay and 1 − decay have changed places: the average keeps `decay` of itself.",
    "rebuilt and turned": "The average is rebuilt when a phase begins, and decay and 1 − decay "
    "have changed places.",
    "last": "These are the generator's last weights, without an average.",
    "first": "These are the generator's first weights: the average never moved.",
}


def _pairs(a: nn.Module, b: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [*zip(a.parameters(), b.parameters(), strict=True)]


def _buffers_fault(average: nn.Module, wanted: nn.Module, began: dict) -> str:
    """Return what is wrong with an average's running statistics, or ""."""
    buffers = dict(average.named_buffers())
    right = dict(wanted.named_buffers())
    moving = [name for name in right if right[name].is_floating_point()]
    if all(torch.allclose(buffers[name], right[name], atol=1e-5) for name in moving):
        return ""
    if all(torch.equal(buffers[name], began[name]) for name in moving):
        return (
            "The buffers are forgotten: the average has the last weights' mean, and batch norm's "
            "running statistics are those of an untrained network. Copy the generator's buffers."
        )
    return "The buffers differ from the generator's; they are copied, not averaged."


def draws_portraits(generator: Any) -> str:
    """Return what is wrong with a generator of 8×8 portraits, or ""; 2,000 samples."""
    if isinstance(generator, type) or not callable(getattr(generator, "sample", None)):
        return f"This is a {type(generator).__name__}; pass the trained generator itself."
    samples = generator.sample(2000, seed=1)
    if samples.shape != (2000, 3, 8, 8):
        return f"Samples of the last stage are (2000, 3, 8, 8); came {tuple(samples.shape)}."
    if not samples.isfinite().all():
        return "There are NaN or infinite pixels: the training has diverged. Lower the rate."
    test = data.to_float(data.shrunk(data.personas("test")[0], 8))  # (2000, 3, 8, 8)
    distance = metrics.frechet_distance(samples.flatten(1), test.flatten(1))
    told = f"The Fréchet distance to the test portraits is {distance:.1f}; the bar is {BAR:.0f}."
    if distance <= BAR:
        return ""
    if samples.std(dim=0).mean() < 0.3 * test.std(dim=0).mean():
        return (
            "The samples are nearly all alike: it has collapsed. Does z change, and does "
            f"minibatch std see a group? {told}"
        )
    if distance > 12.6:
        return (
            "One mean portrait for everybody would do better, with 12.6. Was it trained, at its "
            f"last stage and at fade 1 too? {told}"
        )
    return f"Train longer at the last stage, or at another rate. {told}"
