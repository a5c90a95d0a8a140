"""Lesson 07's explorer in the kernel: stages, fades, steered attributes, and a walk that closes."""

import re

import numpy as np
import pytest
import torch
from looking import pixels, said, shown
from PIL import Image

from course_lib import data, explorers, latent
from course_lib.explorers.stages import FRAMES
from course_lib.latent import CONTRASTS, Directions
from course_lib.models.cnn import AttributeClassifier
from course_lib.models.progan import Generator, double
from course_lib.studio import provenance

Z, LAST = 24, 4


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(Z, channels=5 * (4,))


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    values = {name: len(values) for name, values in data.ATTRIBUTES.items()}
    return AttributeClassifier(values, width=2)


@pytest.fixture(scope="module")
def directions():
    vectors = torch.randn(9, Z, generator=torch.Generator().manual_seed(1))
    vectors = torch.nn.functional.normalize(vectors, dim=1)
    return Directions(CONTRASTS, vectors, {}, {}).disentangled()


@pytest.fixture
def explorer(generator, directions, tmp_path):
    return explorers.growth(generator, directions, folder=tmp_path / "pictures")


def drawn(generator, z, stage, fade=1.0):
    with torch.no_grad():
        return generator(z, stage, fade)[0]


def test_the_large_picture_is_that_of_sample(explorer, generator):
    explorer.seed.value = 5
    for stage in range(LAST + 1):
        for fade in (0.0, 0.3, 1.0):
            explorer.stage.value, explorer.fade.value = stage, fade
            image = generator.sample(1, seed=5, stage=stage, fade=fade)[0]
            shown(explorer, 4, 28, image, 256)
    assert "64×64 pixels, stage 5 of 5, fade 100%" in said(explorer)


def test_a_fade_mixes_the_two_pictures_beside_it(explorer, generator):
    explorer.stage.value, explorer.fade.value = 2, 0.25
    old, new = (generator.sample(1, seed=0, stage=stage) for stage in (1, 2))
    shown(explorer, 316, 28, double(old)[0], 128)
    shown(explorer, 474, 28, new[0], 128)
    assert "fade 25%: 75% of the 8×8 picture, doubled, and 25% of what" in said(explorer)


def test_the_first_stage_has_nothing_to_fade_from(explorer, generator):
    explorer.stage.value = 0
    before = pixels(explorer)
    explorer.fade.value = 0.2
    assert (pixels(explorer) == before).all()
    shown(explorer, 474, 28, generator.sample(1, stage=0)[0], 128)
    assert (before[28:156, 316:444] == 255).all()
    assert "4×4 pixels, stage 1 of 5, which has nothing to fade from." in said(explorer)


def test_the_strip_shows_every_stage(explorer, generator):
    explorer.stage.value = 1
    for stage in range(LAST + 1):
        image = generator.sample(1, stage=stage)[0]
        shown(explorer, 4 + 72 * stage, 316, image, 64)
    orange = (230, 159, 0)
    framed = [tuple(pixels(explorer)[340, 4 + 72 * stage - 1]) == orange for stage in range(5)]
    assert framed == [False, True, False, False, False]


def test_attributes_steer_z(explorer, generator, directions):
    explorer.walk.value = 10
    explorer.steps["darker skin"].value, explorer.steps["smile"].value = 1.0, -0.5
    amounts = torch.zeros(9)
    amounts[list(CONTRASTS).index("darker skin")] = 1.0
    amounts[list(CONTRASTS).index("smile")] = -0.5
    z = latent.steered(explorer.circle()[10:11], amounts, directions.vectors)
    shown(explorer, 4, 28, drawn(generator, z, LAST), 256)
    assert "10 of 96 frames around the walk. Steered: smile -0.5, darker skin +1.0." in said(
        explorer
    )


def test_where_the_sphere_ends_it_is_said(explorer):
    assert "room" not in said(explorer)
    for step in explorer.steps.values():
        step.value = 4.0
    share = re.search(r"no more room: z takes (\d+)% of these steps\.", said(explorer))
    assert 0 < int(share[1]) < 60


def test_the_button_takes_all_steps_back_and_draws_once(explorer, monkeypatch):
    before = explorer.picture.value
    for name in ("smile", "beard"):
        explorer.steps[name].value = 2.0
    assert explorer.picture.value != before
    draws, draw = [], explorer.draw
    monkeypatch.setattr(explorer, "draw", lambda: draws.append(1) or draw())
    button = next(c for c in explorer.controls if getattr(c, "description", "").startswith("All"))
    button.click()
    assert explorer.picture.value == before and len(draws) == 1
    explorer.steps["smile"].value = 1.0  # and it listens again
    assert explorer.picture.value != before


def test_play_moves_the_walk_and_draws_once_a_frame(explorer, monkeypatch):
    draws, draw = [], explorer.draw
    monkeypatch.setattr(explorer, "draw", lambda: draws.append(1) or draw())
    pictures = set()
    for frame in (1, 2, 3):
        explorer.play.value = frame
        assert explorer.walk.value == frame and len(draws) == frame
        pictures.add(explorer.picture.value)
    assert len(pictures) == 3
    explorer.walk.value = 40  # by hand; it plays on from there
    assert explorer.play.value == 40 and len(draws) == 4
    assert explorer.play.repeat and (explorer.play.min, explorer.play.max) == (0, FRAMES - 1)


def test_the_walk_closes(explorer):
    # Without training a small step in z changes much in the layers far up.
    explorer.stage.value = 0
    frames = explorer.frames().permute(0, 2, 3, 1).double().numpy()
    assert frames.shape == (FRAMES, 4, 4, 3)
    steps = np.abs(np.roll(frames, -1, axis=0) - frames).mean(axis=(1, 2, 3))
    assert steps.min() > 0  # it moves all the way
    far = np.abs(frames[FRAMES // 2] - frames[0]).mean()
    # The seam, from the last frame to the first, is a step like the others.
    assert steps[-1] < 2 * np.median(steps) < far / 4


def test_the_button_saves_the_walk_as_gif(explorer, tmp_path):
    explorer.stage.value, explorer.fade.value = 2, 0.5
    explorer.steps["smile"].value = 1.0
    button = next(c for c in explorer.controls if getattr(c, "description", "").startswith("Save"))
    button.click()
    path = tmp_path / "pictures" / "walk-001.gif"
    assert f"saved as {path}" in explorer.saved.value
    gif = Image.open(path)
    assert gif.format == "GIF" and gif.size == (256, 256)
    assert gif.n_frames == FRAMES and gif.info["loop"] == 0
    facts = provenance.read(path)
    assert facts["model"] == "Generator" and facts["attributes"]["smile"] == 1.0
    for number, frame in enumerate(explorer.frames().permute(0, 2, 3, 1)):
        gif.seek(number)
        assert gif.info["duration"] == 100
        found = np.asarray(gif.convert("RGB")).astype(float)
        assert (found[::16, ::16] == found[15::16, 15::16]).all()  # 16 times as large
        # 256 colours for 96 frames of noise, which a trained network does not draw.
        assert np.abs(found[::16, ::16] - np.asarray(frame)).mean() < 12


def test_the_gif_shows_what_the_slider_shows(explorer):
    explorer.steps["beard"].value = 1.5
    frames = explorer.frames().permute(0, 2, 3, 1).int()  # (FRAMES, 64, 64, 3)
    for number in (0, 1, 50, FRAMES - 1):
        explorer.walk.value = number
        large = pixels(explorer)[28:284:4, 4:260:4]
        assert np.abs(large - frames[number].numpy()).max() <= 1


def test_the_judge_says_what_it_sees(generator, judge):
    explorer = explorers.growth(generator, judge=judge)
    for stage in (2, LAST):
        explorer.stage.value = stage
        image = generator.sample(1, stage=stage).repeat_interleave(64 // (4 << stage), dim=2)
        logits = judge.eval().logits(image.repeat_interleave(64 // (4 << stage), dim=3))
        seen = {
            name.replace(" ", "_"): data.ATTRIBUTES[name][int(part.argmax())]
            for name, part in logits.items()
        }
        assert f"The judge would call it “{data.describe(**seen)}”." in said(explorer)


def test_without_directions_there_is_no_attribute(generator):
    explorer = explorers.growth(generator)
    assert not explorer.steps and "Steered" not in said(explorer)
    assert not any(getattr(c, "description", "").startswith("All") for c in explorer.controls)
    shown(explorer, 4, 28, generator.sample(1)[0], 256)


def test_other_networks_fit_too():
    torch.manual_seed(0)
    grey = explorers.growth(Generator(8, channels=(4, 4), colours=1))
    assert "8×8 pixels, stage 2 of 2" in said(grey) and pixels(grey).std() > 0
    large = explorers.growth(Generator(8, channels=7 * (2,)))  # 256×256: the strip has room for 6
    assert "256×256 pixels, stage 7 of 7" in said(large)
    assert tuple(pixels(large)[340, 4 + 72 * 5 - 1]) == (230, 159, 0)


def test_the_explorer_keeps_a_copy(generator, explorer):
    before = explorer.picture.value
    other = Generator(Z, channels=5 * (4,)).state_dict()
    kept = {name: weight.clone() for name, weight in generator.state_dict().items()}
    generator.load_state_dict(other)
    explorer.refresh()
    generator.load_state_dict(kept)
    assert explorer.picture.value == before


def test_what_does_not_fit_is_refused(generator, judge):
    with pytest.raises(ValueError, match="expected ProGAN's generator, got AttributeClassifier"):
        explorers.growth(judge)
    with pytest.raises(ValueError, match="64 pixels or fewer, not 128"):
        explorers.growth(Generator(8, channels=6 * (2,)), judge=judge)
    few = Directions({"smile": CONTRASTS["smile"]}, torch.eye(5)[:1], {}, {})
    with pytest.raises(ValueError, match=r"vectors has shape \(N, 24\), got \(1, 5\)"):
        explorers.growth(generator, few)
