"""The patterns: images of the right kind, seeded, alike at every size, unlike each other."""

import itertools

import pytest
import torch
from torch.nn.functional import avg_pool2d

from course_lib import data

NAMES = sorted(data.PATTERNS)


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_is_an_image(name):
    image = data.patterns(name, size=32)
    assert image.dtype == torch.uint8 and image.shape == (1, 3, 32, 32)
    assert image.is_contiguous() and image.float().std() > 30  # there is something to see


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    image = data.patterns(name, size=32, seed=3)
    assert torch.equal(data.patterns(name, size=32, seed=3), image)
    assert not torch.equal(data.patterns(name, size=32, seed=4), image)


@pytest.mark.parametrize("name", NAMES)
def test_no_global_state_is_touched(name):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    data.patterns(name, size=16)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_pattern_is_the_same_picture(name):
    small, large = data.patterns(name, 32).float(), data.patterns(name, 64).float()
    away = (avg_pool2d(large, 2) - small).abs().mean()
    assert away < 6, f"{away:.1f} of 255"


def test_patterns_differ_in_colour_or_in_grain():
    """What tells two styles apart: their mean colours, and how much neighbouring pixels differ."""

    def facts(name):
        image = data.patterns(name).float() / 255
        across = (image[..., 1:] - image[..., :-1]).abs().mean()
        return torch.cat([image.mean((0, 2, 3)), image.std((0, 2, 3)), 2 * across.view(1)])

    for one, other in itertools.combinations(NAMES, 2):
        assert (facts(one) - facts(other)).norm() > 0.1, (one, other)


def test_colours_are_those_of_the_palette():
    stripes = data.patterns("stripes", size=256)[0].flatten(1).T
    palette = torch.tensor([[0x17, 0x32, 0x4D], [0xE4, 0x57, 0x2E], [0xF7, 0xE7, 0xCE]])
    for colour in palette:
        assert 0.1 < (stripes == colour).all(dim=1).float().mean() < 0.3


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"no pattern is called 'plaid'; there are stripes, "):
        data.patterns("plaid")
    for size in (7, 257):
        with pytest.raises(ValueError, match=f"size is 8 to 256 pixels, not {size}"):
            data.patterns("dots", size=size)
