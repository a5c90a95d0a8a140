"""Every seed: the same one gives the same, another one gives something else, and no two overlap."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import course_lib
from course_lib import data, features, latent, metrics, sampling, theory, zoo
from course_lib.explorers.drums import measured_directions
from course_lib.explorers.walks import principal_directions
from course_lib.metrics.intervals import half_samples
from course_lib.models import cgan, dcgan, drums, flow, progan, texture, vae
from course_lib.studio import (
    export,
    icons,
    loops,
    responsibility,
    sheets,
    sound,
    textures,
)
from course_lib.studio.sources import Source

ROOT = Path(course_lib.__file__).parent


def dice(seed):
    return torch.Generator().manual_seed(seed)


GREY = torch.rand(60, 1, 28, 28, generator=dice(0)) * 2 - 1
PORTRAIT = torch.rand(1, 3, 16, 16, generator=dice(1)) * 2 - 1
# The same person again and again: whatever differs is the seed's doing.
PERSON = torch.tensor([[2, 1, 3, 0, 3, 4, 1, 1, 0]]).repeat(12, 1)
A, B = torch.arange(40) % 3, torch.arange(40) // 7


@pytest.fixture(scope="module")
def nets():
    """Return networks by name, small and untrained: what a seed does needs no training."""
    torch.manual_seed(0)
    made = {
        "dcgan": dcgan.Generator(8, 2),
        "cgan": cgan.Generator(8, 2),
        "drums": drums.Generator(style_dim=4, width=2),
        "flow": flow.Flow(width=16, middle=16, blocks=1, rank=2, steps=1),
        "progan": progan.Generator(8, (8, 8, 8)),
        "texture": texture.Generator(4, 2),
        "vae": vae.VAE(2, 4),
        "trained": zoo.load("dcgan-fashion"),
        "dressed": zoo.load("cgan-fashion-embedding"),
        "stackgan": zoo.load("stackgan-personas"),
        "judge": zoo.load("fashion-cnn"),
        "reader": zoo.build("cnn.AttributeClassifier", READER),
    }
    return {name: net.eval() for name, net in made.items()}


READER = {"attributes": {name: len(values) for name, values in data.ATTRIBUTES.items()}, "width": 2}


CLASSES = {name: responsibility.Group("class", (name,)) for name in data.FASHION_CLASSES}


def epochs(seed):
    batches = data.batches(torch.arange(50), size=50, seed=seed)
    return torch.stack([next(batches) for _ in range(5)])


def rows_of(table):
    return [tuple(cells.values()) for cells in table.values()]


def directions():
    vectors = torch.eye(8)[:1]
    return latent.Directions({"smile": latent.CONTRASTS["smile"]}, vectors, {}, {})


# Function, as its file and name say -> what it gives for a seed, of small networks n.
SEEDED = {
    "data.batching.batches": lambda s, n: epochs(s),
    "data.caption_text.captions": lambda s, n: data.captions(PERSON, s),
    "data.caption_text.mentioned": lambda s, n: data.mentioned(PERSON, s),
    "data.caption_text.near_misses": lambda s, n: data.near_misses(PERSON, s),
    "data.caption_text.describe": lambda s, n: data.describe(s, hair="bob", mouth="smile"),
    "data.pairs.wrong_captions": lambda s, n: data.wrong_captions(
        torch.cat([PERSON, PERSON + torch.eye(9, dtype=torch.long)[0]]),
        torch.eye(9, dtype=torch.bool)[:1].repeat(24, 1),
        dice(s),
    ),
    "data.pattern_images.patterns": lambda s, n: data.patterns("mosaic", 16, s),
    "explorers.drums.measured_directions": lambda s, n: measured_directions(n["drums"], s)[
        "length"
    ],
    "explorers.walks.principal_directions": lambda s, n: principal_directions(n["dcgan"], 2, 50, s),
    "sampling.latents": lambda s, n: sampling.latents(6, 8, s),
    "sampling.sample": lambda s, n: sampling.sample(n["dcgan"], 3, s),
    "metrics.comparison.compare": lambda s, n: rows_of(
        metrics.compare(GREY, GREY[:20], n["judge"], replicates=5, seed=s)
    ),
    "metrics.damage.damaged": lambda s, n: metrics.damaged(GREY, "noise", 0.1, seed=s),
    "metrics.intervals.half_samples": lambda s, n: half_samples(30, 6, s).T,
    "models.cgan.Generator.sample": lambda s, n: n["cgan"].sample(4, s),
    "models.dcgan.Generator.sample": lambda s, n: n["dcgan"].sample(4, s),
    "models.drums.Generator.sample": lambda s, n: n["drums"].sample(4, s),
    "models.flow.Flow.sample": lambda s, n: n["flow"].sample(4, s),
    "models.progan.Generator.sample": lambda s, n: n["progan"].sample(4, s),
    "models.progan_colours.with_fitted_colours": lambda s, n: (
        progan.with_fitted_colours(n["progan"], 9, s).to_rgb[0].weight
    ),
    "models.stackgan.StackGAN.sample": lambda s, n: n["stackgan"].sample(
        ["a person"] * 2, s, stage=1
    ),
    "models.texture.Generator.noise": lambda s, n: n["texture"].noise(4, s, 16, 8),
    "models.texture.Generator.sample": lambda s, n: n["texture"].sample(4, s, height=16, width=8),
    "models.vae.VAE.sample": lambda s, n: n["vae"].sample(4, s),
    "models.vae_bounds.evidence_lower_bound": lambda s, n: vae.evidence_lower_bound(
        n["vae"], GREY[:4], seed=s
    ),
    "models.vae_bounds.importance_weighted_bound": lambda s, n: vae.importance_weighted_bound(
        n["vae"], GREY[:4], k=3, seed=s
    ),
    "latent.directions.effects": lambda s, n: latent.effects(
        n["progan"], n["reader"], directions(), n=3, seed=s
    ),
    "latent.directions.turned": lambda s, n: (
        latent.turned(n["progan"], n["reader"], directions(), updates=1, n=1, seed=s).vectors
    ),
    "latent.search.complete": lambda s, n: (
        latent.complete(
            PORTRAIT, torch.ones(1, 1, 16, 16), n["progan"], answers=2, steps=1, seed=s
        ).z
    ),
    "studio.export.inputs": lambda s, n: export.inputs("dcgan-fashion", 4, s)["z"],
    "studio.icons.icon_set": lambda s, n: icons.icon_set(clothes(n), 4, s, columns=2).icons,
    "studio.icons.one_idea": lambda s, n: icons.one_idea(clothes(n), s).icons,
    "studio.icons.variations": lambda s, n: (
        icons.variations(clothes(n), 3, s, count=4, columns=2).icons
    ),
    "studio.icons.variations, other": lambda s, n: (
        icons.variations(clothes(n), 3, other=s, count=4, columns=2).icons
    ),
    "studio.icons.neighbours": lambda s, n: icons.neighbours(torch.ones(8), 20, 4, s),
    "studio.icons.truncated": lambda s, n: icons.truncated(4, clothes(n), s, 0.7),
    "studio.loops.Loop": lambda s, n: loops.Loop("dcgan-fashion", s).latents(torch.arange(4) / 4),
    "studio.responsibility.association_by_chance": (
        lambda s, n: responsibility.association_by_chance(A, B, 5, s)
    ),
    "studio.responsibility.truncated": lambda s, n: responsibility.truncated(n["dcgan"], 0.7, 4, s),
    "studio.responsibility.truncation_curves": lambda s, n: responsibility.truncation_curves(
        n["trained"], n["judge"], CLASSES, [1.0], 20, s
    ),
    "studio.sheets.walk": lambda s, n: sheets.walk(plain(n), s, 5),
    "studio.sheets.poster": lambda s, n: sheets.poster(plain(n), s, columns=2, rows=2, width=300),
    "studio.sheets.stylised": lambda s, n: sheets.stylised(
        Source("p", n["progan"]), s, "dots", size=32
    ),
    "studio.sound.drum_kit": lambda s, n: sound.drum_kit(n["drums"], s)["kick"],
    "studio.textures.backdrop": lambda s, n: textures.backdrop(n["texture"], s, 16, 16),
    "features.descent.noise": lambda s, n: features.noise((4, 3, 8, 8), s),
    "features.inversion.invert_features": lambda s, n: features.invert_features(
        n["judge"], GREY[:1], "0.0", steps=1, seed=s, progress=False
    )[0],
    "features.inversion.maximise_activation": lambda s, n: features.maximise_activation(
        n["judge"], lambda x: n["judge"](x)[:, 8], GREY[:1], steps=3, seed=s, progress=False
    ),
    "theory.sample_mixture": lambda s, n: theory.sample_mixture(
        9, [0.0, 5.0], [1.0, 1.0], [0.5, 0.5], dice(s)
    ),
}
# Tested where what they need is at hand, or what they do with a seed is write it down.
ELSEWHERE = {
    "data.batching.Batches",
    "latent.directions.find",  # tests of steering
    "latent.directions.success",  # reads what `effects` reads
    "studio.sound.save_loop",  # writes `drum_kit`
    "training.seed_everything",  # tests of recipes
    "training.start",
}


def plain(n):
    return Source("mine", n["dcgan"])


def clothes(n):
    return Source("mine", n["dressed"], label=range(10))


def plainly(value):
    """Return a result as bytes or as a list of rows that can be compared."""
    value = getattr(value, "image", value)
    if isinstance(value, Image.Image):
        return np.asarray(value).tobytes()
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return value


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_decides_and_nothing_else_does(name, nets, monkeypatch):
    monkeypatch.setattr(sheets, "STAGES", ((32, 1),))
    monkeypatch.setattr("course_lib.explorers.drums.FITTED", 4)
    found = []
    for chance, seed in enumerate((3, 3, 4)):
        torch.manual_seed(chance)
        found.append(plainly(SEEDED[name](seed, nets)))
    assert found[0] == found[1] != found[2]
    if isinstance(found[0], list) and len(found[0]) >= 4:
        assert found[0][1:] != found[2][:-1]  # no seed plus number of the row


def test_every_function_with_a_seed_is_tested():
    names = set()
    for path in ROOT.rglob("*.py"):
        if {"tasks", "build", "recipes"} & set(path.parts):
            continue
        file = ".".join(path.relative_to(ROOT).with_suffix("").parts)

        def seeded(node, name, names=names):
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.FunctionDef | ast.ClassDef) and inner.name[0] != "_":
                    seeded(inner, f"{name}.{inner.name}")
                if isinstance(inner, ast.arguments):
                    arguments = [*inner.args, *inner.kwonlyargs]
                    if any(
                        (a.arg == "seed" and ast.unparse(a.annotation) == "int")
                        or (
                            a.arg == "generator"
                            and "torch.Generator" in ast.unparse(a.annotation or a)
                        )
                        for a in arguments
                    ):
                        names.add(name)

        seeded(ast.parse(path.read_text(encoding="utf-8")), file)
    assert names - ELSEWHERE <= set(SEEDED)
