"""Recipes run, stop, resume and write what the zoo reads; shown on the real ones, made short."""

import dataclasses
import inspect
import json
import os
import re
import signal

import pytest
import torch
from safetensors import SafetensorError, safe_open

from course_lib import data, metrics, recipes, training, zoo
from course_lib.__main__ import main
from course_lib.recipes import progan_personas_2
from course_lib.recipes.dcgan_fashion import DCGANFashion
from course_lib.recipes.runner import run
from course_lib.recipes.stackgan_personas import STAGE1, TEXT


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


STAGES = [  # of ProGAN: two steps at 4×4 pixels, three that fade, two stable at 8×8
    {"fade": 0, "stabilise": 16, "batch": 8},
    {"fade": 12, "stabilise": 8, "batch": 4},
]
PROGAN = {"arguments": {"z_dim": 8, "channels": [8, 8]}, "stages": STAGES}
STAGE2 = {"text_dim": 128, "c_dim": 64, "width": 2, "blocks": 1}
STACKGAN = {
    size: {
        "arguments": {"text": TEXT, "stage1": STAGE1, "stage2": stage2},
        "discriminator": {"size": size, "width": 4, "compressed": 8},
    }
    for size, stage2 in ((16, None), (64, STAGE2))
}
ATTRIBUTES = {name: len(values) for name, values in data.ATTRIBUTES.items()}

# What makes each recipe short, beside six steps with batches of eight.
SHORT = {
    "cgan-fashion": {
        "arguments": {"z_dim": 8, "width": 4, "way": "projection"},
        "discriminator_width": 4,
    },
    "dcgan-fashion": {"arguments": {"z_dim": 8, "width": 4}},
    "drums": {"arguments": {"style_dim": 4, "width": 2}, "sounds": 24, "discriminator_width": 2},
    "drums-cnn": {"arguments": {"width": 2, "features": 4}, "sounds": 24},
    "encoder-personas": {"arguments": {"z_dim": 64, "width": 4}},
    "fashion-cnn": {"arguments": {"classes": 10, "width": 4}},
    "flow-fashion": {
        "arguments": {"width": 16, "middle": 16, "blocks": 1, "rank": 8, "steps": 1},
        "warmup": 2,
        "samples": 20,
    },
    "personas-cnn": {"arguments": {"attributes": ATTRIBUTES, "width": 1}},
    "progan-personas": PROGAN,
    "progan-personas-2": {**PROGAN, "penalty_every": 3},
    "stackgan-personas": STACKGAN[64],
    "stackgan-personas-2": {**STACKGAN[64], "first": "stackgan-stage1-personas"},
    "stackgan-stage1-personas": STACKGAN[16],
    "stackgan-stage1-personas-2": STACKGAN[16],
    "text-encoder-personas": {"arguments": {**TEXT, "dim": 8, "hidden": 4, "width": 1}},
    "texture-mosaic": {"arguments": {"z_dim": 4, "width": 4}, "drawings": 2},
    "vae16-fashion": {
        "arguments": {"z_dim": 2, "width": 4, "sigma": 0.3},
        "importance_images": 20,
        "importance_samples": 5,
    },
}


def short(name, **options):
    size = {} if name.startswith("progan") else {"batch": 8, "steps": 6}
    return dataclasses.replace(recipes.recipe(name), **size, **SHORT[name], **options)


@pytest.fixture
def few(monkeypatch):
    """Sixty-four garments in place of all."""
    images = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8)
    monkeypatch.setattr(data, "fashion", lambda split: (images, torch.arange(64) % 10))


@pytest.fixture
def quick(monkeypatch, few):
    """Forty portraits in place of all, and no figures of samples: other tests measure them."""
    portraits = [part[:40] for part in data.personas("test")]
    monkeypatch.setattr(data, "personas", lambda split: portraits)
    for name in dir(metrics):
        if name.endswith("_report"):
            monkeypatch.setattr(metrics, name, lambda *samples, judge=None: {"n": 1})
    monkeypatch.setattr(progan_personas_2, "portrait_details", lambda generator: {})
    monkeypatch.setattr(data, "to_sounds", lambda spectrograms: spectrograms)


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "every", "stop"),
    [
        *((name, 3, 4) for name in SHORT),
        # ProGAN's seven steps: before the boundary, at it, amid the fade, and after it.
        *(("progan-personas-2", every, stop) for every, stop in [(1, 1), (2, 3), (5, 6)]),
    ],
)
def test_a_recipe_resumes_to_the_bit(name, every, stop, tmp_path, monkeypatch, quick, seeds):
    """The rule: CONTRIBUTING.md, "Add a model"."""
    recipe = short(name, seed=3)
    straight = run(recipe, tmp_path / "straight", resume=False, every=every)
    assert seeds == ({3, 4} if "progan" in name else {3})  # each of its stages has its own

    real_fit = training.fit

    def stopped_fit(step, steps, **options):
        def interrupted(i):
            if i == stop:
                raise KeyboardInterrupt
            return step(i)

        return real_fit(interrupted, steps, **options)

    monkeypatch.setattr(training, "fit", stopped_fit)
    out = tmp_path / "resumed"
    assert run(recipe, out, resume=False, every=every) is None
    assert not (out / f"{name}.safetensors").exists()  # stopped after a checkpoint
    monkeypatch.setattr(training, "fit", real_fit)
    with pytest.raises(FileExistsError, match="pass --resume"):
        run(recipe, out, resume=False)
    run(recipe, out, resume=True, every=every)

    weights = [(folder / f"{name}.safetensors").read_bytes() for folder in (straight, out)]
    assert weights[0] == weights[1]
    card = zoo.card(name, out)
    assert card["steps"] == recipe.steps and card["seconds"] >= 0 and card["figures"]
    assert isinstance(zoo.load(name, out), torch.nn.Module)


@pytest.fixture
def train(monkeypatch, tmp_path, quick):
    """Run the command on a short recipe; `before(i)` is called at the beginning of a step."""
    recipe = short("dcgan-fashion")
    step, handler = DCGANFashion.step, signal.signal(signal.SIGINT, signal.default_int_handler)

    def train(before, *options):
        def stepped(self, i, *game):
            before(i)
            return step(self, i, *game)

        monkeypatch.setattr(DCGANFashion, "step", stepped)
        monkeypatch.setattr(DCGANFashion, "every", 2)
        monkeypatch.setattr(recipes, "recipe", lambda name: recipe)
        return main(["train", "dcgan-fashion", "--out", str(tmp_path), *options])

    yield train
    signal.signal(signal.SIGINT, handler)


def checkpoint_step(folder):
    with safe_open(folder / "checkpoint.safetensors", "pt") as file:
        return int(file.metadata()["step"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_keeps_its_last_step_and_exits_with_130(number, train, tmp_path, capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert train(lambda i: i == 2 and os.kill(os.getpid(), number)) == 130
    assert checkpoint_step(tmp_path) == 3  # the step that was running is done
    assert "The checkpoint of step 3 is in" in capsys.readouterr().out
    assert not (tmp_path / "dcgan-fashion.safetensors").exists()
    assert signal.getsignal(signal.SIGTERM) is before
    first = []
    assert train(first.append, "--resume") == 0
    assert first == [3, 4, 5]
    capsys.readouterr()
    run(recipes.recipe("dcgan-fashion"), tmp_path / "straight", resume=False, every=4)
    assert re.findall(r"step (\d) of 6", capsys.readouterr().out) == ["4", "6"]
    resumed, straight = (
        (folder / "dcgan-fashion.safetensors").read_bytes()
        for folder in (tmp_path, tmp_path / "straight")
    )
    assert resumed == straight, "the falling rates go on where they stopped"


def test_a_training_that_is_stopped_twice_says_where_it_goes_on(train, tmp_path, capsys):
    def twice(i):
        for _ in range(2 * (i == 3)):
            os.kill(os.getpid(), signal.SIGTERM)

    assert train(twice) == 130
    assert checkpoint_step(tmp_path) == 2  # the step 3 was cut short
    assert "The checkpoint of step 2 is in" in capsys.readouterr().out


def test_a_stop_before_the_first_step_is_no_traceback(train, tmp_path, capsys, monkeypatch):
    def load(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "fashion", load)
    assert train(lambda i: None) == 130
    assert "stopped" in capsys.readouterr().err and not [*tmp_path.iterdir()]


def test_a_full_disk_leaves_the_last_checkpoint(train, tmp_path, capsys, monkeypatch):
    real, calls = training.save_file, []

    def full(tensors, path, **options):
        calls.append(path)
        if len(calls) < 2:
            return real(tensors, path, **options)
        path.write_bytes(b"half")
        raise SafetensorError("No space left on device")

    monkeypatch.setattr(training, "save_file", full)
    assert train(lambda i: None) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said and "The checkpoint of step 2 is in" in said
    assert checkpoint_step(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_the_clock_of_a_resumed_training_goes_on(train, tmp_path, monkeypatch):
    assert train(lambda i: i == 2 and os.kill(os.getpid(), signal.SIGINT)) == 130
    load = training.load_checkpoint

    def an_hour_ago(path, parts):
        step = load(path, parts)
        parts["clock"].seconds += 3600
        return step

    monkeypatch.setattr(training, "load_checkpoint", an_hour_ago)
    assert train(lambda i: i == 4 and os.kill(os.getpid(), signal.SIGINT), "--resume") == 130
    monkeypatch.setattr(training, "load_checkpoint", load)
    assert train(lambda i: None, "--resume") == 0
    assert 3600 <= zoo.card("dcgan-fashion", tmp_path)["seconds"] < 4200


MATTER = {  # the numbers of which a training consists
    "cgan-fashion": ("batch", "learning_rate", "falling", "ema", "discriminator_width"),
    "dcgan-fashion": ("batch", "learning_rate", "ema"),
    "encoder-personas": ("batch", "learning_rate", "pixel_weight"),
    "fashion-cnn": ("batch", "learning_rate", "weight_decay", "shift"),
    "flow-fashion": ("batch", "learning_rate", "ema", "dropped", "warmup"),
    "texture-mosaic": ("batch", "learning_rate", "ema", "drawings"),
    "vae16-fashion": ("batch", "learning_rate", "beta"),
}


@pytest.mark.parametrize("name", MATTER)
def test_every_number_of_a_recipe_matters(name, few):
    recipe = short(name)

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


def test_each_step_of_a_network_has_a_gradient_of_its_own(few, monkeypatch):
    recipe = short("fashion-cnn")

    def step(self, i, model, batches, descend):
        descend(next(model.parameters()).sum())

    monkeypatch.setattr(type(recipe), "step", step)
    work = recipe.begin()
    for i in range(2):
        work.step(i)
    assert next(work.model.parameters()).grad.unique().tolist() == [1.0]


def test_a_shifted_garment_stands_before_the_same_black(monkeypatch):
    black = torch.zeros(64, 1, 28, 28, dtype=torch.uint8)
    monkeypatch.setattr(data, "fashion", lambda split: (black, torch.arange(64) % 10))
    work = short("fashion-cnn").begin()
    seen = []
    work.model.register_forward_pre_hook(lambda model, inputs: seen.append(inputs[0]))
    for i in range(3):
        work.step(i)
    assert set(torch.cat(seen).unique().tolist()) == {-1.0}
