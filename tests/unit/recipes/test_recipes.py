"""Recipes run, stop, resume and write what the zoo reads; shown on the real ones, made short."""

import dataclasses
import json

import pytest
import torch

from course_lib import data, recipes, training, zoo
from course_lib.recipes.runner import run


def test_every_shipped_model_has_a_recipe_and_follows_it():
    """The rule: CONTRIBUTING.md, "Add a model"."""
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


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_recipe_resumes_to_the_bit(name, tmp_path, monkeypatch, quick_measure):
    """The rule: CONTRIBUTING.md, "Add a model"."""
    recipe = dataclasses.replace(recipes.recipe(name), **SHORT[name])
    straight = run(recipe, tmp_path / "straight", resume=False, every=3)

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
