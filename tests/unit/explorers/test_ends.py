"""The small pictures at the ends of sliders: true, drawn when nothing moves, never in the way."""

import asyncio
import io
import time

import numpy as np
import pytest
import torch
from PIL import Image
from test_contract import NAMES, by_class, coder, grown, lively, plain, portrait_judge, state

from course_lib import data, explorers, figures, sampling
from course_lib.explorers import ends
from course_lib.explorers.networks import decoded
from course_lib.latent import Directions, steered
from course_lib.models import cnn
from course_lib.training import evaluating

IMAGES = data.fashion("test")[0][:12]


def latent():
    explorer = explorers.latent(lively(plain()), count=2)
    return explorer, explorer.ended, lambda: sampling.draw(explorer.generator, explorer.z()[-1:])


def class_menu():
    judge = lively(cnn.Classifier(width=2))
    explorer = explorers.class_menu(by_class(), judge, NAMES, count=2)
    explorer.label.value = 3
    label = torch.tensor([3])
    return explorer, explorer.latents.ended, lambda: explorer.images(explorer.latents.z(), label)


def autoencoder():
    explorer = explorers.autoencoder({1: coder(), 10: coder()}, IMAGES)
    explorer.beta.value = 10
    return explorer, explorer.ended, lambda: decoded(explorer.models[10], explorer.code[None])


def growth():
    vectors = torch.linalg.qr(torch.randn(8, 2)).Q.T
    names = {name: name for name in ("glasses", "smile")}
    directions = Directions(names, vectors, {}, {})
    explorer = explorers.growth(grown(3), directions, portrait_judge())
    explorer.fade.value = 0.5

    def image() -> torch.Tensor:
        z = explorer.circle()[explorer.walk.value :][:1]
        with evaluating(explorer.generator):
            return explorer.generator(
                steered(z, explorer.amounts(), explorer.vectors), explorer.stage.value, 0.5
            ).clamp(-1, 1)

    return explorer, [*explorer.ended.values()], image


MADE = [latent, class_menu, autoencoder, growth]


async def until(done) -> None:
    """Wait for something to come true, on a busy machine too."""
    last = time.monotonic() + 60
    while not done():
        assert time.monotonic() < last
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("make", MADE)
def test_they_show_what_the_slider_leads_to(make):
    """What stands at an end is the picture that the slider makes there, with the others as set."""
    torch.manual_seed(0)

    async def look():
        explorer, sliders, image = make()
        sliders[-1].slider.value = 1.5
        await until(lambda: sliders[-1].pictures[1].layout.visibility == "visible")
        return explorer, sliders, image

    explorer, sliders, image = asyncio.run(look())
    for ended in sliders:
        start, code = ended.slider.value, getattr(explorer, "code", torch.empty(0)).clone()
        for picture, value in zip(
            ended.pictures, (ended.slider.min, ended.slider.max), strict=True
        ):
            ended.slider.value = value
            drawn = np.asarray(Image.open(io.BytesIO(picture.value))).astype(int)
            # A batch of two is summed in another order than one image: a level may differ.
            assert np.abs(drawn - figures.tile(image(), scale=1)).max() <= 1
            assert picture.tooltip == f"{ended.slider.description} at {value:g}"
        ended.slider.value = start
        explorer.code = code  # of an autoencoder: its sliders show rounded numbers


@pytest.mark.parametrize("make", MADE)
def test_they_leave_models_and_chance_alone(make):
    explorer, sliders, _ = make()
    models = [value for value in vars(explorer).values() if isinstance(value, torch.nn.Module)]
    before = state([model.train() for model in models])
    assert [ended for ended, _ in explorer.ends()] == [*sliders]
    for kept, now in zip(before, state(models), strict=True):
        assert torch.equal(kept, now)


def test_they_wait_until_nothing_moves(monkeypatch):
    """While a slider is dragged nothing is drawn at its ends; after it, once."""
    monkeypatch.setattr(ends, "IDLE", 0.2)
    drawn = []

    async def drag():
        explorer, sliders, _ = latent()
        work = explorer.ends
        explorer.ends = lambda: (drawn.append(0), work())[1]
        for step in range(20):
            explorer.between.value = step / 20
            await asyncio.sleep(0.01)
            assert drawn == []
        await until(lambda: drawn)
        await asyncio.sleep(0.3)
        assert drawn == [0]
        sliders[0].slider.value = 1
        explorer.close()
        await asyncio.sleep(0.3)
        assert drawn == [0]

    asyncio.run(drag())


def test_a_script_draws_none():
    _, sliders, _ = latent()
    assert {picture.layout.visibility for ended in sliders for picture in ended.pictures} == {
        "hidden"
    }
