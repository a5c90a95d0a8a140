"""Recipes run, stop, resume and write what the zoo reads; shown on the real ones, made short."""

import dataclasses
import inspect
import json

import pytest
import torch

from course_lib import data, recipes, training, zoo
from course_lib.recipes.players import Players
from course_lib.recipes.runner import run


def test_every_shipped_model_has_a_recipe_and_follows_it():
    assert set(zoo.names()) <= set(recipes.names())
    for name in zoo.names():
        card, recipe = zoo.card(name), recipes.recipe(name)
        assert recipe.name == name
        assert (card["model"], card["arguments"]) == (recipe.model, recipe.arguments)
        assert (card["steps"], card["seed"]) == (recipe.steps, recipe.seed)
        for key, value in card["recipe"].items():
            # A card is JSON, which has no tuples.
            assert json.loads(json.dumps(getattr(recipe, key))) == value, key


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"no recipe is called 'x'; there are cgan-fashion"):
        recipes.train("x")


def test_recipes_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipes.recipe("fashion-cnn").steps = 1


SHORT = {
    "cgan-fashion": {
        "arguments": {"z_dim": 8, "width": 4, "way": "projection"},
        "batch": 16,
        "steps": 6,
        "discriminator_width": 4,
    },
    "fashion-cnn": {"arguments": {"classes": 10, "width": 4}, "batch": 16, "steps": 6},
    "dcgan-fashion": {"arguments": {"z_dim": 8, "width": 4}, "batch": 16, "steps": 6},
    "drums": {
        "arguments": {"style_dim": 4, "width": 2},
        "batch": 8,
        "steps": 6,
        "sounds": 24,
        "discriminator_width": 2,
    },
    "drums-cnn": {
        "arguments": {"width": 2, "features": 4},
        "batch": 8,
        "steps": 6,
        "sounds": 24,
    },
    "personas-cnn": {
        "arguments": {
            "attributes": {name: len(values) for name, values in data.ATTRIBUTES.items()},
            "width": 1,
        },
        "batch": 8,
        "steps": 6,
    },
    "text-encoder-personas": {
        "arguments": {"words": 192, "dim": 8, "hidden": 4, "width": 1},
        "batch": 16,
        "steps": 6,
    },
    "encoder-personas": {"arguments": {"z_dim": 64, "width": 4}, "batch": 4, "steps": 6},
    "texture-mosaic": {
        "arguments": {"z_dim": 4, "width": 4},
        "batch": 2,
        "steps": 6,
        "drawings": 2,
    },
    "vae16-fashion": {
        "arguments": {"z_dim": 2, "width": 4, "sigma": 0.3},
        "batch": 16,
        "steps": 6,
        "importance_images": 20,
        "importance_samples": 5,
    },
}


@pytest.fixture
def quick_measure(monkeypatch):
    """Leave out the figures, which need 10,000 images: other tests measure them."""
    for name in ("fashion_report", "conditional_fashion_report"):
        monkeypatch.setattr(f"course_lib.metrics.{name}", lambda *samples, judge: {"n": 1})
    monkeypatch.setattr("course_lib.recipes.drums.figures", lambda generator: {"n": 1})


@pytest.fixture
def seeds(monkeypatch):
    """The seeds that a recipe hands on, to the generators and to its batches."""
    heard = set()

    def listening(function):
        def called(*arguments, **options):
            bound = inspect.signature(function).bind(*arguments, **options)
            bound.apply_defaults()
            heard.add(bound.arguments["seed"])
            return function(*arguments, **options)

        return called

    monkeypatch.setattr(training, "start", listening(training.start))
    monkeypatch.setattr(data, "batches", listening(data.batches))
    return heard


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_recipe_resumes_to_the_bit(name, tmp_path, monkeypatch, quick_measure, seeds):
    recipe = dataclasses.replace(recipes.recipe(name), seed=3, **SHORT[name])
    straight = run(recipe, tmp_path / "straight", resume=False, every=3)
    assert seeds == {3}

    real_fit = training.fit

    def stopped_fit(step, steps, **options):
        def interrupted(i):
            if i == 4:
                raise KeyboardInterrupt
            return step(i)

        return real_fit(interrupted, steps, **options)

    monkeypatch.setattr(training, "fit", stopped_fit)
    out = run(recipe, tmp_path / "resumed", resume=False, every=3)
    assert not (out / f"{name}.safetensors").exists()  # stopped after the checkpoint of step 3
    monkeypatch.setattr(training, "fit", real_fit)
    with pytest.raises(FileExistsError, match="pass --resume"):
        run(recipe, out, resume=False)
    run(recipe, out, resume=True, every=3)

    weights = [(folder / f"{name}.safetensors").read_bytes() for folder in (straight, out)]
    assert weights[0] == weights[1]
    monkeypatch.setattr(zoo, "FOLDER", out)
    assert zoo.card(name)["steps"] == 6 and zoo.card(name)["seconds"] >= 0
    assert isinstance(zoo.load(name), torch.nn.Module)


@pytest.fixture
def few(monkeypatch):
    """Sixty-four garments in place of all."""
    images = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8)
    monkeypatch.setattr(data, "fashion", lambda split: (images, torch.arange(64) % 10))


MATTER = {  # the numbers of which a training consists
    "cgan-fashion": ("batch", "learning_rate", "falling", "ema", "discriminator_width"),
    "dcgan-fashion": ("batch", "learning_rate", "ema"),
    "fashion-cnn": ("batch", "learning_rate", "weight_decay", "shift"),
    "vae16-fashion": ("batch", "learning_rate", "beta"),
}


@pytest.mark.parametrize("name", MATTER)
def test_every_number_of_a_recipe_matters(name, few):
    recipe = dataclasses.replace(recipes.recipe(name), **SHORT[name])

    def trained(recipe):
        training.start(recipe.seed)
        work = recipe.begin()
        for i in range(recipe.steps):
            work.step(i)
        return torch.cat([weight.flatten() for weight in work.model.parameters()])

    usual = trained(recipe)
    assert torch.equal(trained(recipe), usual)
    for number in MATTER[name]:
        value = getattr(recipe, number)
        other = value / 20 if isinstance(value, float) else value // 2
        assert not torch.equal(trained(dataclasses.replace(recipe, **{number: other})), usual), (
            number
        )


def test_a_shifted_garment_stands_before_the_same_black(monkeypatch):
    black = torch.zeros(64, 1, 28, 28, dtype=torch.uint8)
    monkeypatch.setattr(data, "fashion", lambda split: (black, torch.arange(64) % 10))
    work = dataclasses.replace(recipes.recipe("fashion-cnn"), **SHORT["fashion-cnn"]).begin()
    seen = []
    work.model.register_forward_pre_hook(lambda model, inputs: seen.append(inputs[0]))
    for i in range(3):
        work.step(i)
    assert set(torch.cat(seen).unique().tolist()) == {-1.0}


def test_the_players_learn_at_their_own_rates():
    networks = [torch.nn.Linear(2, 2) for _ in "gd"]
    for rate_d, expected in ((None, 0.1), (0.4, 0.4)):
        players = Players(*networks, rate=0.1, rate_d=rate_d, steps=4, ema=0.9)
        rates = [players.optimisers[name].param_groups[0]["lr"] for name in "gd"]
        assert rates == pytest.approx([0.1, expected])
