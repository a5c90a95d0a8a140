"""Lesson 08 defines what the studio does: same alpha, same circle, same padding, same search."""

import math

import numpy as np
import pytest
import torch
from cells import definitions
from PIL import Image

from course_lib import data, latent, zoo
from course_lib.models.texture import Generator
from course_lib.sampling import latents
from course_lib.studio import icons, provenance


@pytest.fixture(scope="module")
def lesson():
    return definitions("08_studio.ipynb")


def test_alpha_is_the_icons_alpha(lesson):
    # Flat squares, so that enlarging does not mix levels.
    levels = torch.tensor([0.0, 0.05, 0.1, 0.13, 0.2, 0.7])
    squares = (2 * levels - 1)[:, None, None, None].expand(-1, 1, 28, 28)
    drawn = icons.tinted(squares, ["#0072B2"] * len(levels))[:, 3, 56, 56]
    expected = lesson.alpha_of(levels, *icons.EDGE).mul(255).round()
    assert torch.equal(drawn, expected.to(torch.uint8))
    assert 0 < expected[2] < expected[3] < 255


def test_seen_is_how_paper_shows_through(lesson):
    colour, paper = icons.as_rgb(["#0072B2", "#FFF4E0"])
    alpha = torch.linspace(0, 1, 64).view(8, 8)
    icon = torch.cat([colour[:, None, None].expand(-1, 8, 8), alpha[None]]).mul(255).round()
    ground = Image.new("RGBA", (8, 8), "#FFF4E0")
    ground.alpha_composite(provenance.picture(icon.to(torch.uint8)))
    shown = torch.from_numpy(np.array(ground.convert("RGB"))).permute(2, 0, 1)
    assert (255 * lesson.seen(colour, alpha, paper) - shown).abs().max() < 1.5


@pytest.mark.parametrize("seed", [0, 7])
def test_the_circle_is_the_librarys_great_circle(lesson, seed):
    z, shares = latents(3, 64, seed), torch.tensor([0.0, 0.1, 0.5, 0.99])
    mine = lesson.circle(z[0], z[1], shares)
    torch.testing.assert_close(mine, latent.circle(z, shares), atol=1e-4, rtol=0)
    assert (mine.norm(dim=1) - math.sqrt(64)).abs().max() < 1e-4


def test_the_texture_generator_pads_as_the_lesson_does(lesson):
    first = Generator(padding_mode="circular").layers[0]
    noise = torch.randn(2, 16, 6, 5)
    expected = lesson.convolved(noise, first.weight, "circular")
    torch.testing.assert_close(first(noise), expected)
    zeros = lesson.convolved(noise, first.weight, "constant")
    assert (zeros - expected).abs().max() > 0.01
    torch.testing.assert_close(zeros[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_the_search_is_the_librarys(lesson):
    lesson.generator = zoo.load("progan-personas")
    portrait = data.to_float(data.personas("test")[0][3:4])
    mask, starts = latent.rectangle(20, 16, 20, 30), latents(3, 64, seed=0)
    z = lesson.searched(starts, portrait, mask, steps=6)
    found = latent.complete(portrait, mask, lesson.generator, answers=3, steps=6)
    order = torch.cdist(found.z, z).argmin(dim=1)
    assert sorted(order.tolist()) == [0, 1, 2]
    torch.testing.assert_close(found.z, z[order], atol=1e-4, rtol=0)
    assert (lesson.on_sphere(starts) - found.z[order.argsort()]).abs().max() > 0.1  # it moved
