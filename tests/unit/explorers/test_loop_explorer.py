"""Lesson 08's explorer of loops in the kernel, and the pictures of easings and pace."""

import pytest
import torch
from looking import pixels, said
from PIL import Image

from course_lib import explorers
from course_lib.explorers.films import frame_pixels
from course_lib.studio import provenance
from course_lib.studio.loops import Loop


@pytest.fixture
def explorer(tmp_path):
    return explorers.loop(folder=tmp_path / "made")


def large(explorer, side):
    """Return the large picture (H, W, 3), in the size that the generator draws."""
    times = 256 // side
    return pixels(explorer)[28 : 28 + times * side : times, 4 : 4 + times * side : times]


def press(explorer, words):
    button = next(c for c in explorer.controls if getattr(c, "description", "") == words)
    button.click()


def test_the_preview_is_the_film(explorer):
    explorer.seed.value, explorer.easing.value, explorer.seconds.value = 4, "breathe", 2
    explorer.reach.value = 100
    loop = Loop("progan-personas", seed=4, seconds=2, easing="breathe", reach=100)
    assert explorer.loop() == loop
    images = loop.images()
    assert explorer.frame.max == explorer.play.max == len(images) - 1 == 39
    assert explorer.play.interval == 1000 / loop.rate and explorer.play.repeat
    for at in (0, 7, 39):
        explorer.play.value = at
        assert explorer.frame.value == at
        assert (large(explorer, 64) == frame_pixels(images[at])).all()
        assert f"frame {at}" not in said(explorer) and f"{at / 20:.2f} of 2 seconds" in said(
            explorer
        )
    shown = pixels(explorer)[316:380, 204:268]  # the third of six
    assert (shown == frame_pixels(images[2 * 40 // 6])).all()


def test_it_says_where_z_stands(explorer):
    explorer.frame.value = 40
    assert "z stands 180° away from its start and moves 4.5° to the next frame" in said(explorer)
    explorer.reach.value = 60
    assert "z stands 60° away" in said(explorer)
    explorer.frame.value, explorer.easing.value = 0, "four rests"
    assert "z stands 0° away from its start and moves 0.0° to" in said(explorer)


def test_a_shorter_film_takes_the_frame_back(explorer):
    explorer.frame.value = 79
    explorer.seconds.value = 1
    assert explorer.frame.value == explorer.frame.max == 19
    assert "0.95 of 1 seconds" in said(explorer)
    explorer.seconds.value = 8
    assert explorer.frame.max == 159


@pytest.mark.parametrize(("words", "suffix"), [("Save as GIF", ".gif"), ("Save as MP4", ".mp4")])
def test_the_buttons_save_and_tell_the_path(explorer, words, suffix, tmp_path):
    explorer.seconds.value, explorer.seed.value, explorer.side.value = 1, 9, 128
    assert "20 frames of 128×128 pixels" in said(explorer)
    press(explorer, words)
    path = tmp_path / "made" / f"loop-001{suffix}"
    assert f"saved as {path}" in explorer.saved.value
    facts = provenance.read(path)
    assert facts["seed"] == 9 and Loop(**facts["loop"]) == explorer.loop()
    press(explorer, words)  # spares what is there
    assert "loop-002" in explorer.saved.value and path.exists()
    if suffix == ".gif":
        assert Image.open(path).size == (128, 128)


def test_a_class_is_chosen_where_there_are_classes(tmp_path):
    explorer = explorers.loop("cgan-fashion", folder=tmp_path)
    explorer.label.value = 8
    loop = Loop("cgan-fashion", label=8)
    assert explorer.loop() == loop
    assert (large(explorer, 28)[..., 0] == loop.draw(torch.zeros(1))[0, 0].numpy()).all()
    assert "80 frames of 252×252 pixels" in said(explorer)
    assert explorer.captions is None


def test_captions_are_typed_where_there_is_text(tmp_path):
    explorer = explorers.loop("stackgan-personas", folder=tmp_path)
    one, two = explorer.captions
    assert len(explorer.loop().captions) == 1
    explorer.frame.value = 40
    before = pixels(explorer)
    two.value = "a bald person with a beard"
    assert explorer.loop().captions == (one.value, two.value)
    assert (pixels(explorer) != before).any()
    one.value = "a <b>person</b> & 1/2 unicorn 🦄 {x} %s"
    one.value = ""
    assert explorer.loop().captions == ("", two.value)


def test_a_model_without_loops_is_refused():
    for name in ("fashion-cnn", "nothing"):
        with pytest.raises(ValueError, match=f"'{name}' is no generator of the zoo that loops"):
            explorers.loop(name)
