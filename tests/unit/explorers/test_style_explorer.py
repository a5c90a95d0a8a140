"""The style explorer in the kernel: menus, sliders, the button, and the student's own picture."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from looking import pixels
from PIL import Image

from course_lib import data, explorers, features
from course_lib.explorers.transfer import CONTENT_LAYERS, MINE, MOST_STORED
from course_lib.models.cnn import AttributeClassifier


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return AttributeClassifier({"a": 2}, width=4, size=32, features=4).eval()


@pytest.fixture
def explorer(network):
    contents = {name: data.patterns(name, size=32) for name in ("waves", "dots")}
    styles = {name: data.patterns(name, size=32) for name in ("stripes", "fire")}
    return explorers.style(network, contents, styles, steps=4, shown=2)


def large(explorer) -> np.ndarray:
    """The large image, at its own size."""
    middle = 320 // 32 // 2
    return pixels(explorer)[18 + middle :, middle:320][::10, ::10]


def uploaded(content: bytes, name: str = "me.png") -> tuple:
    """What `FileUpload` holds after a file was chosen."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    kind = {"type": "image/png", "size": len(content), "last_modified": day}
    return ({"name": name, "content": memoryview(content), **kind},)


def png(colour=(200, 30, 30), size=(90, 60)) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", size, colour)
    image.paste((20, 20, 200), (size[0] // 2, 0, *size))
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_what_is_shown_is_the_transfer(explorer, network):
    content, style = (data.to_float(data.patterns(name, size=32)) for name in ("waves", "stripes"))
    expected, _ = features.style_transfer(content, style, network, steps=2, progress=False)
    pixels = data.to_uint8(expected)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(large(explorer), pixels)
    explorer.steps.value = 0
    pixels = data.to_uint8(content)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(large(explorer), pixels)
    assert "this is the content" in explorer.text.value


def test_steps_are_taken_once(explorer, monkeypatch):
    taken, real = [], features.Descent.step

    def counted(self, i):
        taken.append(i)
        return real(self, i)

    monkeypatch.setattr(features.Descent, "step", counted)
    explorer.steps.value = 4
    assert taken == [2, 3]
    for value in (1, 3, 0, 4):
        explorer.steps.value = value
    explorer.style.value = "fire"
    assert taken == [2, 3, 0, 1, 2, 3]
    explorer.style.value = "stripes"  # known already
    assert len(taken) == 6


def test_the_button_runs_all_steps_and_shows_each(explorer):
    seen = []
    explorer.picture.observe(lambda change: seen.append(change.new), names="value")
    explorer.run.click()
    assert explorer.steps.value == 4 and "step 4 of 4" in explorer.text.value
    assert len(set(seen)) == 5  # the content, and four steps
    assert seen[-1] == explorer.picture.value
    explorer.run.click()
    assert seen[-1] == explorer.picture.value


def test_the_text_says_what_is_pixels(explorer):
    explorer.content_layer.value, explorer.style_layers.value = 3, 1
    for part in (
        "waves in the style of stripes, step 2 of 4",
        "content at relu3_2, style from the pixels to relu1_1, style weight 10.",
        "Content loss",
    ):
        assert part in explorer.text.value


def test_memory_stays_bounded(explorer):
    explorer.steps.value = 0
    for number in range(MOST_STORED + 3):
        explorer.weight.value = 0.5 * number
    assert len(explorer._transfers) == MOST_STORED


def test_the_students_own_picture_is_taken(explorer):
    explorer.upload.value = uploaded(png())
    assert MINE in explorer.content.options and MINE in explorer.style.options
    assert (explorer.content.value, explorer.style.value) == (MINE, "stripes")
    assert "me.png is now in both menus" in explorer.note.value
    explorer.steps.value = 0
    first = large(explorer)
    assert abs(first[16, 2].astype(int) - (200, 30, 30)).max() < 10
    explorer.style.value = MINE
    assert f"{MINE} in the style of {MINE}" in explorer.text.value
    explorer.style.value = "fire"
    explorer.steps.value = 1
    explorer.upload.value = uploaded(png((30, 200, 30)), "other.png")  # in place of the first
    explorer.steps.value = 0
    assert abs(large(explorer)[16, 2].astype(int) - (30, 200, 30)).max() < 10
    assert explorer.content.options.count(MINE) == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"GIF89a", "is a GIF file"), (png()[:100], "damaged")],
    ids=["GIF", "cut off"],
)
def test_a_bad_picture_is_refused_in_words(explorer, content, complaint):
    before = explorer.picture.value
    explorer.upload.value = uploaded(content, "<b>mine</b>")
    assert complaint in explorer.note.value and "was not taken" in explorer.note.value
    assert "<b>" not in explorer.note.value
    assert MINE not in explorer.content.options and explorer.picture.value == before


def test_all_layers_exist(network):
    assert {*CONTENT_LAYERS, *features.STYLE_LAYERS} <= set(features.layers_of(network))


def test_bad_input_is_refused(network):
    good = {"a": data.patterns("dots", size=32)}
    with pytest.raises(ValueError, match="at least one content and one style"):
        explorers.style(network, {}, good)
    with pytest.raises(ValueError, match=r"grey has shape \(N, 3, H, W\)"):
        explorers.style(network, good, {"grey": torch.zeros(1, 1, 32, 32)})
    with pytest.raises(ValueError, match="two is one image"):
        explorers.style(network, good, {"two": torch.zeros(2, 3, 32, 32)})
    with pytest.raises(ValueError, match="shown is 0 to steps, and steps 1 or more, got 9 and 4"):
        explorers.style(network, good, good, steps=4, shown=9)
