"""Lesson 08's completion: the hole is never read, the search fits, the encoder helps."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data, explorers, latent, recipes, zoo
from course_lib.models.completion import Encoder
from course_lib.recipes.encoder_personas import random_masks
from course_lib.studio import completion, provenance


@pytest.fixture(scope="module")
def generator():
    return zoo.load("progan-personas")


@pytest.fixture(scope="module")
def encoder():
    return zoo.load("encoder-personas")


@pytest.fixture(scope="module")
def portraits():
    return data.to_float(data.personas("test")[0][20:28])


@pytest.fixture(scope="module")
def mask():
    return latent.rectangle(8, 12, 24, 40)


@pytest.fixture(scope="module")
def found(generator, encoder, portraits, mask):
    return {
        start: [
            latent.complete(x, mask, generator, with_encoder, answers=3, steps=20)
            for x in portraits.split(1)
        ]
        for start, with_encoder in (("anywhere", None), ("encoder", encoder))
    }


def test_a_rectangle_hides_what_it_says_and_has_to_lie_inside():
    mask = latent.rectangle(2, 3, 4, 5, size=16)
    assert mask.shape == (1, 1, 16, 16) and (mask == 0).sum() == 20
    assert (mask[0, 0, 2:6, 3:8] == 0).all()
    for wrong in ((-1, 0, 4, 4), (0, 62, 4, 4), (0, 0, 0, 4)):
        with pytest.raises(ValueError, match="do not lie inside 64×64"):
            latent.rectangle(*wrong)


def test_errors_count_the_chosen_pixels_only():
    images, mask = torch.zeros(2, 3, 64, 64), latent.rectangle(0, 0, 8, 8)
    images[0, :, :8, :8] = 1.0
    images[1, 0, 20, 20] = 2.0
    truth = torch.zeros(1, 3, 64, 64)
    visible = latent.visible_error(images, truth, mask)
    assert visible.tolist() == pytest.approx([0, (4 / (3 * (4096 - 64))) ** 0.5])
    assert latent.visible_error(images, truth, 1 - mask).tolist() == [1.0, 0.0]
    assert latent.diversity(images, mask) == pytest.approx(1.0)


def test_what_is_hidden_has_no_influence(generator, encoder, portraits, mask):
    x = portraits[:1]
    other = torch.where(mask > 0, x, torch.rand_like(x))
    for start in (None, encoder):
        first, second = (
            latent.complete(p, mask, generator, start, answers=2, steps=3) for p in (x, other)
        )
        assert first.drawn.equal(second.drawn)
        assert first.images[..., 8:32, 12:52].equal(second.images[..., 8:32, 12:52])


def test_visible_pixels_stay_and_answers_are_sorted(found, portraits, mask):
    for results in found.values():
        for result, x in zip(results, portraits, strict=True):
            kept = mask.expand_as(result.images) > 0
            assert result.images[kept].equal(x.expand_as(result.images)[kept])
            assert result.trace.shape == (21, 3) and result.trace[-1].diff().min() >= 0
            errors = latent.visible_error(result.drawn, x, mask)
            torch.testing.assert_close(errors, result.trace[-1], atol=0.02, rtol=0)  # clipped
            torch.testing.assert_close(result.z.square().mean(1), torch.ones(3))


def test_the_search_finds_a_portrait_that_the_generator_drew(generator, encoder, mask):
    x = generator.sample(1, seed=3)
    result = latent.complete(x, mask, generator, encoder, answers=3, steps=60)
    assert result.trace[-1, 0] < 0.5 * result.trace[0, 0] and result.trace[-1, 0] < 0.12


def test_the_encoder_helps_the_search_to_fit_what_is_visible(found):
    anywhere, helped = (latent.measured(found[name]) for name in ("anywhere", "encoder"))
    assert helped["start"] < 0.8 * anywhere["start"]
    assert helped["visible"] < anywhere["visible"]
    assert helped["between"] > 0.03  # its answers still differ


def test_one_start_is_the_encoders_guess_and_the_others_lie_around_it(
    generator, encoder, portraits, mask
):
    x = portraits[:1]
    starts = latent.complete(x, mask, generator, encoder, answers=3, steps=0).z
    with torch.no_grad():
        away = (starts - encoder(x, mask)).square().mean(1).sqrt().sort().values
    assert away[0] < 1e-5 and 0.2 < away[1] < away[2] < 0.6


def test_the_encoder_reads_no_hidden_pixel_and_returns_directions(encoder, portraits, mask):
    with torch.no_grad():
        z = encoder(portraits, mask.expand(8, -1, -1, -1))
        noisy = torch.where(mask > 0, portraits, torch.randn_like(portraits))
        assert z.equal(encoder(noisy, mask.expand(8, -1, -1, -1)))
    torch.testing.assert_close(z.square().mean(1), torch.ones(8))
    with pytest.raises(ValueError, match="masks has shape"):
        encoder(portraits, mask)


def test_the_encoder_belongs_to_the_generator_that_ships():
    """If this fails: python -m course_lib train encoder-personas."""
    figures = zoo.card("encoder-personas")["figures"]
    assert figures["sha256 of the generator"] == zoo.card("progan-personas")["sha256"]
    hidden = "RMS error, hidden pixels", "RMS error of another portrait, hidden pixels"
    assert figures[hidden[0]] < 0.9 * figures[hidden[1]]


def test_random_masks_hide_one_rectangle_each():
    torch.manual_seed(0)
    masks = random_masks(200, 64)
    assert masks.shape == (200, 1, 64, 64)
    for mask in masks[:, 0]:
        rows, columns = (mask == 0).any(1).sum().item(), (mask == 0).any(0).sum().item()
        assert 12 <= rows <= 40 and 12 <= columns <= 40
        assert (mask == 0).sum() == rows * columns
    assert (masks.amin((0, 1, 2)) == 0).all()  # every column is hidden at times
    assert (masks.amin((0, 1, 3)) == 0).all()


def test_the_search_leaves_the_generator_alone_and_refuses_what_it_cannot_do(
    generator, portraits, mask
):
    x = portraits[:1]
    latent.complete(x, mask, generator, answers=1, steps=2)
    assert all(weight.requires_grad and weight.grad is None for weight in generator.parameters())
    with pytest.raises(ValueError, match="no pixel is visible"):
        latent.complete(x, torch.zeros_like(mask), generator)
    with pytest.raises(ValueError, match="the mask has shape"):
        latent.complete(x, mask[..., :32], generator)


def test_completions_are_saved_with_their_facts(found, tmp_path):
    result = found["encoder"][0]
    path = completion.save_completion(result, tmp_path / "a" / "all.png", seed=0)
    assert Image.open(path).size == (3 * 512, 512)
    facts = provenance.read(path)
    assert facts["hidden"] == [8, 12, 32, 52] and facts["encoder"] is True
    assert provenance.COMPOSITE_TYPE.encode() in path.read_bytes()  # generated in part
    one = completion.save_completion(result, tmp_path / "one.png", answer=1)
    expected = data.to_uint8(result.images[1:2])[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(one))[4::8, 4::8], expected)


def test_a_sketch_is_read_letter_by_letter():
    rows = ["." * 16] * 15 + ["r" + "." * 15]
    drawing = completion.sketch(rows, {".": "white", "r": "#FF0000"})
    assert drawing.shape == (1, 3, 16, 16) and drawing[0, :, 0, 0].tolist() == [1, 1, 1]
    assert drawing[0, :, 15, 0].tolist() == [1, -1, -1]
    with pytest.raises(ValueError, match="16 rows of 16 letters"):
        completion.sketch([*rows[:-1], "short"], {".": "white"})
    with pytest.raises(ValueError, match="no colour for 'r'"):
        completion.sketch(rows, {".": "white"})


def test_stage_two_keeps_the_sketch_and_hears_the_sentence(portraits, tmp_path):
    model, x = zoo.load("stackgan-personas"), portraits[2:3]
    small = torch.nn.functional.interpolate(x, size=16, mode="area")
    plain = completion.upscale(small, "a person with brown hair", model)
    assert plain.shape == (1, 3, 64, 64) and plain.abs().max() <= 1
    assert plain.equal(completion.upscale(x, "a person with brown hair", model))

    def error(image):
        return (torch.nn.functional.interpolate(image, size=16, mode="area") - small).abs().mean()

    others = portraits[[0, 1, 3, 4]]
    assert error(plain) < 0.5 * min(error(other[None]) for other in others)
    bearded = completion.upscale(small, "a bald person with a full beard", model)
    assert (bearded - plain).abs().max() > 0.3
    path = completion.save_upscaled(small, "a bald person", model, tmp_path / "up.png")
    assert provenance.read(path)["sentence"] == "a bald person"
    assert Image.open(path).size == (512, 512)
    with pytest.raises(ValueError, match="16×16 pixels or more"):
        completion.upscale(small[..., :8], "a person", model)
    with pytest.raises(ValueError, match="has no Stage II"):
        completion.upscale(small, "a person", zoo.load("stackgan-stage1-personas"))


def test_the_explorer_searches_where_the_sliders_say(generator, encoder, portraits, tmp_path):
    explorer = explorers.complete(generator, encoder, portraits[:3], steps=2, folder=tmp_path)
    for control in (
        *(explorer.number, explorer.top, explorer.left),
        *(explorer.height, explorer.width, explorer.answer),
    ):
        start = control.value
        for value in (control.max, control.min):
            if value != control.value:
                before = explorer.picture.value
                control.value = value
                assert explorer.picture.value != before, control.description
        control.value = start
    searched = explorer.completion()
    explorer.answer.value = 3
    assert explorer.completion() is searched  # another answer needs no other search
    assert "Answer 3 of 4" in explorer.text.value
    path = explorer.save()
    assert provenance.read(path)["answer"] == 2 and Image.open(path).size == (512, 512)
    explorer.top.value = explorer.left.value = 56
    explorer.height.value = explorer.width.value = 48
    assert explorer.hole() == (56, 56, 8, 8)


@pytest.mark.slow
def test_the_recipe_trains_an_encoder_for_the_generator():
    recipe = recipes.recipe("encoder-personas")
    assert recipe.generator == "progan-personas" and recipe.arguments["z_dim"] == 64
    torch.manual_seed(0)
    run = recipe.begin()
    losses = [sum(run.step(i).values()).item() for i in range(12)]
    assert isinstance(run.model, Encoder) and losses[-1] < losses[0]
