"""Every limit, on both sides: the last value that is taken, the first that is refused; options."""

import io
import wave

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import data, features, latent, losses, metrics, sampling, theory, training, zoo
from course_lib.models import cgan, progan, texture, vae
from course_lib.studio import (
    export,
    films,
    icons,
    loops,
    responsibility,
    sheets,
    sound,
    sources,
    textures,
)


def png(width, height=20):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def dice():
    return torch.Generator().manual_seed(0)


ROWS = torch.randn(9, 3, generator=dice())
IMAGES = torch.rand(4, 1, 28, 28, generator=dice()) * 2 - 1
GROWN, DRAWN = progan.Generator(4, (8, 8, 8)), cgan.Generator(4, 2)
NET = zoo.build("cnn.Classifier", {"width": 2})
FLAT = torch.ones(5)
HIT, SILENT = {"kick": torch.zeros(1, 9)}, {"kick": "." * 16}


class Loud(nn.Module):
    """A generator whose images leave [-1, 1] on both sides."""

    reads, z_dim, sizes = "nothing", 4, (4,)

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(50.0))

    def forward(self, z, *_):
        return (self.gain * z)[:, :, None, None].expand(-1, 4, 16, 16)[:, 1:]


class Sum(nn.Module):
    """Adds two inputs."""

    def forward(self, a, b):
        return a + b


ADDED = Sum()
# What is limited -> a call, the values just inside, and those just outside.
LIMITS = {
    "a pattern's size": (lambda n: data.patterns("stripes", n), (8, 256), (7, 257)),
    "a picture's size": (lambda n: data.picture(png(20), n), (16, 512), (15, 513)),
    "a picture's side": (lambda n: data.picture(png(n)), (16,), (15,)),
    "sounds": (lambda n: data.drums("test", n), (1,), (0, 1201)),
    "rounds of a sound": (lambda n: data.to_sounds(torch.zeros(1, 1, 128, 64), n), (0,), (-1,)),
    "a batch": (lambda n: data.batches(torch.arange(9), size=n), (1, 9), (0, 10)),
    "latents": (lambda n: sampling.latents(n, 3, 0), (1,), (0,)),
    "rows at a time": (lambda n: sampling.sample(DRAWN_PLAIN, 2, batch=n), (1,), (0,)),
    "a second input's rows": (
        lambda n: sampling.in_batches(ADDED, ROWS[:4], ROWS[:n], batch=2),
        (4,),
        (2, 6),
    ),
    "a weight of a mixture": (
        lambda w: theory.mixture(ROWS, [0, 1], [1, 1], [w, 1 - w]),
        (0, 1),
        (-0.1, 1.1),
    ),
    "parts of a mixture": (
        lambda n: theory.mixture(ROWS, [0] * n, [1, 1], [0.5, 0.5]),
        (2,),
        (1, 3),
    ),
    "D": (lambda d: theory.value(FLAT, FLAT, d * FLAT, 1), (0, 1), (-0.1, 1.1)),
    "D of the linear game": (
        lambda d: theory.linear_value(FLAT, FLAT, d * FLAT, 1),
        (0, 1),
        (-0.1, 1.1),
    ),
    "the data's density": (lambda p: theory.wasserstein1(p * FLAT, FLAT, 1), (0, 1), (-0.1,)),
    "the generator's density": (lambda q: theory.wasserstein1(FLAT, q * FLAT, 1), (0, 1), (-0.1,)),
    "the time of a flow": (
        lambda t: theory.flow_velocity(FLAT, t, FLAT, torch.arange(5.0)),
        (0, 0.5),
        (-0.1, 0.51, 1),
    ),
    "points of a grid": (lambda n: theory.grid(0, 1, n), (3,), (2,)),
    "a grid's beginning": (lambda low: theory.grid(low, 1, 3), (0,), (1, 2)),
    "an average's decay": (lambda d: training.EMA(NET, d), (0, 0.999), (-0.1, 1)),
    "steps": (lambda n: training.steps(n), (1,), (0,)),
    "threads": (lambda n: training.steps(1, threads=n), (1,), (0,)),
    "an image to read": (
        lambda n: features.expect_images(torch.zeros(1, 1, n, 16), NET),
        (16,),
        (15,),
    ),
    "jitter": (
        lambda n: features.maximise_activation(
            NET, lambda x: NET(x)[:, 0], IMAGES, jitter=n, steps=1, progress=False
        ),
        (0,),
        (-1,),
    ),
    "a loop's frames": (lambda n: latent.great_circle(ROWS[0], ROWS[1], n), (3,), (2,)),
    "a ridge": (lambda r: latent.logistic(ROWS, ROWS[:, 0] > 0, r), (1e-3,), (0, -1)),
    "directions": (
        lambda n: latent.steered(torch.ones(1, 3), torch.zeros(n), torch.eye(3)[:n]),
        (2,),
        (3,),
    ),
    "a walk's frames": (lambda n: sheets.walk(MINE, 0, n), (2,), (1,)),
    "a walk's share": (lambda s: sheets.walk(MINE, 0, 3, s), (0.01, 1), (0, 1.01)),
    "a poster": (lambda n: sheets.poster(MINE, columns=n, rows=1, width=300), (2,), (0, 401)),
    "the tempo": (lambda b: sound.bar(HIT, SILENT, b), (40, 240), (39, 241)),
    "a row of a bar": (lambda n: sound.bar(HIT, {"kick": "." * n}), (16,), (15, 17)),
    "an icon's size": (
        lambda n: icons.tinted(IMAGES[:1], ["#112233"], n),
        (112, 512),
        (111, 513),
    ),
    "icons": (lambda n: icons.expect_counts(n, 1), (1, 400), (0, 401)),
    "icons in a row": (lambda n: icons.expect_counts(4, n), (1, 4), (0, 5)),
    "an icon's truncation": (lambda t: icons.truncated(1, MINE, 0, t), (0, 1.5), (-0.1, 1.6)),
    "a neighbour's angle": (lambda a: icons.neighbours(ROWS[0], a, 2), (0, 90), (-1, 91)),
    "a fade": (lambda f: GROWN.stage_number(1, f), (0, 1), (-0.1, 1.1)),
    "a stage": (lambda s: GROWN.stage_number(s, 1), (0, 2), (-1, 3)),
    "labels": (lambda k: DRAWN.sample(labels=[k]), (0, 9), (-1, 10)),
    "a label": (lambda k: loops.Loop("cgan-fashion", label=k), (0, 9), (-1, 10)),
    "seconds": (lambda s: loops.Loop("dcgan-fashion", seconds=s), (0.15,), (0.1,)),
    "a loop's reach": (
        lambda r: latent.circle(torch.eye(3), torch.zeros(1), r),
        (0, 180),
        (-1, 181),
    ),
    "a film": (lambda n: films._frames(IMAGES[:n], 20, 56), (2,), (1,)),
    "a field of view": (
        lambda a: textures.view(torch.zeros(3, 4, 8), field=a, size=(2, 2)),
        (1, 179),
        (0, 180),
    ),
    "a texture": (lambda n: texture.Generator(2, 2).noise(1, 0, n, 8), (8, 16), (0, 12)),
    "neighbours": (lambda k: metrics.density_coverage(ROWS, ROWS, k), (1, 8), (0, 9)),
    "hits": (lambda k: metrics.share(k, 3), (0, 3), (-1, 4)),
    "images": (lambda n: metrics.share(0, n), (1,), (0,)),
    "images that are left": (lambda n: metrics.damaged(IMAGES, "few", n), (1, 4), (0, 5)),
    "the amount of damage": (lambda a: metrics.damaged(IMAGES, "blur", a), (0.1,), (0,)),
    "samples of a bound": (
        lambda k: vae.evidence_lower_bound(vae.VAE(2, 2), IMAGES, k),
        (1,),
        (0,),
    ),
    "sigma": (lambda s: losses.gaussian_nll(ROWS, ROWS, s), (1e-3,), (0, -1)),
    "values": (lambda v: responsibility.frequencies(torch.tensor([v]), 3), (0, 2), (3,)),
    "a hole": (lambda n: latent.rectangle(4, n, 8, 8, size=16), (0, 8), (-1, 9)),
}
DRAWN_PLAIN = zoo.build("dcgan.Generator", {"z_dim": 4, "width": 2})
MINE = sources.Source("mine", DRAWN_PLAIN)


@pytest.mark.parametrize("name", LIMITS)
def test_the_last_value_is_taken_and_the_next_is_refused(name):
    call, inside, outside = LIMITS[name]
    for value in inside:
        call(value)
    for value in outside:
        with pytest.raises(ValueError, match=r"\w"):
            call(value)


LOUD = Loud()
Z = sampling.latents(40, 4, 0)
PART = torch.ones(1, 1, 16, 16)
# What may leave [-1, 1] on its way, and is clipped.
CLIPPED = {
    "samples": lambda: sources.Source("loud", LOUD).images(Z),
    "truncated samples": lambda: responsibility.truncated(LOUD, 1, 40),
    "exported": lambda: export._Graph(LOUD)(Z),
    "grown": lambda: louder(GROWN).sample(40),
    "a completion": lambda: latent.complete(IMAGES_RGB, PART, LOUD, answers=9, steps=0).drawn,
    "noise": lambda: metrics.damaged(IMAGES, "noise", 9.0),
    "a descent": lambda: features.Descent(NET, dict, 9 * IMAGES, 0.0).image,
    "maximised": lambda: features.maximise_activation(
        NET,
        lambda x: x.sum((1, 2, 3)) * torch.tensor([1, -1, 1, -1]),
        IMAGES,
        rate=2.0,
        steps=3,
        smoothness=0.0,
        progress=False,
    ),
    "a room": lambda: textures.room(9 * torch.randn(3, 8, 32), 9 * torch.randn(3, 8, 16), 16),
    "a sound": lambda: data.to_sounds(torch.ones(1, 1, 128, 64), 1),
    "a spectrogram": lambda: data.to_spectrograms(LOUD_END),
    "a resized picture": lambda: sheets._resized(torch.rand(1, 3, 9, 9).round() * 2 - 1, 32),
}
LOUD_END = 99 * torch.cat([torch.zeros(1, 1, 4096), torch.ones(1, 1, 4096)], 2)
IMAGES_RGB = torch.zeros(1, 3, 16, 16)


def louder(network):
    with torch.no_grad():
        network.to_rgb[-1].weight.mul_(50)
    return network


@pytest.mark.parametrize("name", CLIPPED)
def test_what_leaves_the_range_is_clipped(name):
    images = CLIPPED[name]()
    assert images.min() == -1 and images.max() == 1


def test_a_loud_sound_does_not_wrap_around():
    with wave.open(io.BytesIO(sound.wav(torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0]), {}))) as file:
        content = file.readframes(5)
    assert np.frombuffer(content, "<i2").tolist() == [-32767, -32767, 0, 32767, 32767]
    bar = sound.bar({"kick": 9 * torch.ones(1, 9)}, {"kick": "x" * 16})
    assert bar.max().item() == pytest.approx(0.95)


def excited(**options):
    dark = -torch.ones(2, 1, 28, 28)
    options = {"steps": 2, "seed": 1, "progress": False, **options}
    return features.maximise_activation(NET, lambda x: NET(x)[:, 0], dark + IMAGES[:2], **options)


def painted(**options):
    options = {"content_layer": "1.2", "style_layers": ["0.2"], "steps": 1, **options}
    return features.style_transfer(*IMAGES[:2].split(1), NET, progress=False, **options)[0]


class Guess(nn.Module):
    """An encoder that always guesses the same z."""

    def forward(self, portraits, masks):
        return Z[:1]


def searched(**options):
    return latent.complete(IMAGES_RGB, PART, SEARCHED, Guess(), 2, 2, **options).z


def inverted(smoothness):
    return features.invert_features(
        NET, IMAGES[:1], "0.2", smoothness=smoothness, steps=2, progress=False
    )[0]


def penalty(**options):
    eps = torch.full((9,), 0.3)
    return losses.gradient_penalty(lambda x: x.square().sum(1), ROWS, -ROWS, eps, **options)


SEARCHED = progan.Generator(4, (8, 8, 8))
PEOPLE = torch.tensor([[2, 1, 0, 0, 3, 4, 1, 0, 0]]).repeat(60, 1)
# An option -> a call, and two values that make a difference.
OPTIONS = {
    "smoothness of an inversion": (inverted, 0.0, 9.0),
    "smoothness of an excited image": (lambda v: excited(smoothness=v), 0.0, 90.0),
    "its jitter": (lambda v: excited(jitter=v), 0, 2),
    "its rate": (lambda v: excited(rate=v), 0.1, 0.2),
    "weight of a style": (lambda v: painted(style_weight=v), 0.0, 99.0),
    "smoothness of a style": (lambda v: painted(smoothness=v), 0.0, 99.0),
    "layer of a content": (lambda v: painted(content_layer=v), "0.2", "1.2"),
    "layers of a style": (lambda v: painted(style_layers=v), ["0.2"], ["pixels"]),
    "rate of a search": (lambda v: searched(rate=v), 0.1, 0.2),
    "spread of its starts": (lambda v: searched(spread=v), 0.1, 0.4),
    "ridge": (lambda v: latent.logistic(ROWS, ROWS[:, 0] > 0, v)[0], 0.5, 1.0),
    "weight of a penalty": (lambda v: penalty(weight=v), 1, 2),
    "slope without penalty": (lambda v: penalty(target=v), 0, 1),
    "weight of a drift": (lambda v: losses.drift(ROWS, v), 1.0, 2.0),
    "temperature": (lambda v: losses.contrastive_loss(ROWS, -ROWS, v), 0.1, 0.2),
    "even captions": (lambda v: data.mentioned(PEOPLE, even=v), 0.0, 1.0),
    "scale of noise": (lambda v: features.noise((3,), 0, v), 0.1, 0.2),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_makes_a_difference(name):
    call, one, other = OPTIONS[name]
    assert torch.equal(call(one), call(one)) and not torch.equal(call(one), call(other))
