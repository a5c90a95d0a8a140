"""StackGAN as in the paper: conditions, two stages, the frozen first, matching, and sampling."""

import dataclasses
import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as kl_between

from course_lib import data, losses, recipes, zoo
from course_lib.layers import UpsampleConv2d
from course_lib.models.stackgan import (
    ConditioningAugmentation,
    Discriminator,
    StackGAN,
    StageIGenerator,
    StageIIGenerator,
    replicated,
)
from course_lib.recipes import stackgan_personas

SMALL = {
    "text": {"dim": 16, "hidden": 8},
    "stage1": {"text_dim": 16, "c_dim": 8, "z_dim": 8, "width": 4},
    "stage2": {"text_dim": 16, "c_dim": 8, "width": 4, "blocks": 1},
}
CAPTIONS = data.captions(data.personas("test")[1][:10])


@pytest.fixture
def small():
    torch.manual_seed(0)
    return StackGAN(**SMALL)


def trained_a_little(model):
    """Let batch norm see what it will meet, so that signals are not lost in its first guesses."""
    model.train()
    for _ in range(40):
        model(torch.randn(16, 8), torch.randn(16, 16))
    return model


# Conditioning augmentation


def test_the_moments_of_c():
    torch.manual_seed(0)
    augment = ConditioningAugmentation(6, 4)
    text = torch.randn(1, 6)
    c, mu, log_sigma = augment(text.expand(40_000, 6))
    torch.testing.assert_close(
        c.mean(0), mu[0], atol=4 * log_sigma.exp().max().item() / 200, rtol=0
    )
    torch.testing.assert_close(c.std(0), log_sigma[0].exp(), rtol=0.02, atol=0)
    torch.testing.assert_close(augment(text, torch.zeros(1, 4))[0], mu[:1])
    noise = torch.randn(1, 4)
    torch.testing.assert_close(augment(text, noise)[0], mu[:1] + log_sigma[:1].exp() * noise)


def test_the_head_is_linear_and_may_be_negative():
    torch.manual_seed(0)
    augment = ConditioningAugmentation(16, 32)
    assert [type(layer) for layer in augment.children()] == [nn.Linear]
    _, mu, log_sigma = augment(torch.randn(50, 16))
    assert mu.min() < 0 < mu.max() and log_sigma.min() < 0 < log_sigma.max()


def test_the_kl_takes_twice_log_sigma():
    torch.manual_seed(0)
    _, mu, log_sigma = ConditioningAugmentation(6, 4)(torch.randn(5, 6))
    expected = kl_between(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(losses.kl_divergence(mu, 2 * log_sigma), expected)


def test_gradients_reach_the_head_through_c():
    augment = ConditioningAugmentation(6, 4)
    augment(torch.randn(3, 6))[0].square().sum().backward()
    assert augment.head.weight.grad[:4].abs().sum() > 0, "mu"
    assert augment.head.weight.grad[4:].abs().sum() > 0, "log sigma"


# The networks


def test_shapes_and_ranges():
    torch.manual_seed(0)
    text, z = torch.randn(3, 128), torch.randn(3, 64)
    stage1, stage2 = StageIGenerator(), StageIIGenerator()
    c, mu, log_sigma = stage1.augment(text)
    assert c.shape == mu.shape == log_sigma.shape == (3, 64)
    images = stage1(z, c)
    assert images.shape == (3, 3, 16, 16) and images.abs().max() <= 1
    large = stage2(images, stage2.augment(text)[0])
    assert large.shape == (3, 3, 64, 64) and large.abs().max() <= 1
    assert Discriminator(16)(images, text).shape == Discriminator(64)(large, text).shape == (3,)


def test_the_layers_are_those_of_the_paper():
    stage1, stage2, d = StageIGenerator(), StageIIGenerator(), Discriminator(64)
    for layers in (stage1.layers, stage2.draw):
        assert isinstance(layers[-1], nn.Tanh) and isinstance(layers[-2], nn.Conv2d)
    for network, ups in ((stage1, 2), (stage2, 3)):
        found = [module for module in network.modules() if isinstance(module, UpsampleConv2d)]
        assert len(found) == ups
        assert not any(isinstance(m, nn.LeakyReLU) and m.negative_slope for m in network.modules())
    slopes = {m.negative_slope for m in d.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}
    assert isinstance(d.judge[-1], nn.Linear), "the losses take logits"
    assert not any(isinstance(m, nn.BatchNorm2d) for m in d.features[0]), "none at D's input"
    assert d.features(torch.zeros(2, 3, 64, 64)).shape[2:] == (4, 4)
    for network in (stage1, stage2, d):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.weight.numel() > 1000:
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.15)


def test_a_hidden_layer_sees_both_sides_of_a_backdrop():
    """Whether left and right differ is no sum of what left and right say."""
    torch.manual_seed(0)
    text = torch.zeros(1, 16, dtype=torch.float64)  # untrained weights are small, and so are logits

    def pair(left, right):
        images = torch.zeros(1, 3, 16, 16, dtype=torch.float64)
        images[..., :2], images[..., -2:] = left, right
        return images

    for hidden in (0, 32):
        d = Discriminator(16, width=8, text_dim=16, hidden=hidden).double().eval()
        same = d(pair(1, 1), text) + d(pair(-1, -1), text)
        mixed = d(pair(1, -1), text) + d(pair(-1, 1), text)
        assert torch.allclose(same, mixed, rtol=0, atol=1e-12) == (hidden == 0)


def alternating():
    """Return a grey image (1, 3, 16, 16) with columns that alternate, but at the edges."""
    images = torch.zeros(1, 3, 16, 16)
    images[..., 4:-4, 4:-4:2], images[..., 4:-4, 5:-4:2] = 0.5, -0.5
    return images


def test_pooling_hides_a_pattern_that_strided_convolutions_see():
    torch.manual_seed(0)
    inside = (..., slice(3, -3), slice(3, -3))
    for strided in (False, True):
        first = Discriminator(16, width=8, text_dim=16, strided=strided).features[0]
        # The first layer's outputs, of 8×8, whose inputs are inside the pattern.
        seen = first(alternating())[inside] - first(torch.zeros(1, 3, 16, 16))[inside]
        assert bool(seen.abs().max() > 1e-4) == strided


def test_all_places_of_a_sketch_hang_on_the_hidden_layer():
    torch.manual_seed(0)
    plain, deciding = (StageIGenerator(16, 8, 8, width=4, hidden=hidden) for hidden in (0, 12))
    assert len(deciding.layers) == len(plain.layers) + 3
    images = deciding.eval()(torch.randn(3, 8), torch.randn(3, 8))
    assert images.shape == (3, 3, 16, 16)
    torch.nn.init.zeros_(deciding.layers[3].weight)  # what follows the hidden layer
    one, other = (deciding(torch.randn(1, 8), torch.randn(1, 8)) for _ in range(2))
    assert torch.equal(one, other), "c and z reach the image through that layer alone"


def test_the_text_stands_at_every_place():
    joined = replicated(torch.tensor([[1.0, 2.0]]), torch.zeros(1, 3, 4, 4))
    assert joined.shape == (1, 5, 4, 4)
    assert (joined[0, 3] == 1).all() and (joined[0, 4] == 2).all() and not joined[0, :3].any()


def test_every_input_matters(small):
    torch.manual_seed(1)
    trained_a_little(small).eval()
    z, text, noise = torch.randn(2, 8), torch.randn(2, 16), torch.randn(2, 16)
    images = small(z, text, noise)
    for changed in (
        small(-z, text, noise),
        small(z, -text, noise),
        small(z, text, torch.cat([-noise[:, :8], noise[:, 8:]], dim=1)),  # Stage I's
        small(z, text, torch.cat([noise[:, :8], -noise[:, 8:]], dim=1)),  # Stage II's
    ):
        assert not torch.allclose(changed, images)
    d = Discriminator(64, width=4, text_dim=16)
    assert not torch.allclose(d(images, text), d(images, -text))
    torch.testing.assert_close(d.match(d.features(images), text), d(images, text))


def test_text_once_hides_the_caption_from_stage_two():
    torch.manual_seed(0)
    stage2 = StageIIGenerator(text_dim=16, c_dim=8, width=4, text_twice=False)
    noise = torch.randn(3, 8)
    one, other = (stage2.augment(torch.randn(3, 16), noise)[0] for _ in range(2))
    assert torch.equal(one, other)


# The losses and the steps


def test_the_discriminators_loss_at_logits_zero():
    zero = torch.zeros(8)
    assert losses.matching_loss(zero, zero, zero).item() == pytest.approx(2 * math.log(2))


def test_the_matching_loss_weighs_the_negatives_by_half():
    logits = torch.zeros(3, 8, requires_grad=True)
    losses.matching_loss(*logits).backward()
    slopes = logits.grad.sum(dim=1).tolist()
    assert slopes == pytest.approx([-0.5, 0.25, 0.25]), "up, down, down"
    right, wrong = torch.randn(2, 8)
    torch.testing.assert_close(
        losses.matching_loss(right, wrong, wrong), losses.discriminator_loss(right, wrong)
    )
    far = torch.tensor([-100.0, 100.0])
    assert losses.matching_loss(far, far, far).isfinite()


@pytest.fixture
def small_zoo(monkeypatch):
    """A zoo that holds an untrained text encoder and Stage I, as small as SMALL."""
    torch.manual_seed(7)
    models = {
        "text-encoder-personas": zoo.build("text.JointEmbedding", {**SMALL["text"], "width": 2}),
        "stackgan-stage1-personas": StackGAN(**{**SMALL, "stage2": None}),
        "personas-cnn": None,
    }
    stage1 = models["stackgan-stage1-personas"].stage1
    for _ in range(3):
        stage1(torch.randn(16, 8), torch.randn(16, 8))  # buffers unlike those of a new network
    models["stackgan-stage1-personas-2"] = models["stackgan-stage1-personas"]
    monkeypatch.setattr(zoo, "load", lambda name, folder=None: models[name])
    for name in ("personas_report", "whole_captions_report"):
        monkeypatch.setattr(stackgan_personas.metrics, name, lambda sample, judge: {"n": 1})
    return models


@pytest.fixture(scope="module")
def portraits():
    return {
        size: [part[:40] for part in stackgan_personas.training_portraits(size)]
        for size in (16, 64)
    }


def short(name, **options):
    recipe = recipes.recipe(name)
    stage2 = None if "stage1" in name else SMALL["stage2"]
    discriminator = {**recipe.discriminator, "width": 4, "text_dim": 16, "compressed": 8}
    return dataclasses.replace(
        recipe,
        arguments={**SMALL, "stage2": stage2},
        discriminator=discriminator,
        batch=16,
        steps=6,
        **options,
    )


NAMES = tuple(
    f"stackgan{part}-personas{edition}" for edition in ("", "-2") for part in ("-stage1", "")
)


@pytest.fixture
def few(monkeypatch, portraits):
    monkeypatch.setattr(stackgan_personas, "training_portraits", portraits.__getitem__)


def test_a_step_of_stage_two_leaves_stage_one_and_the_text_encoder_alone(small_zoo, few):
    work = short("stackgan-personas").begin()
    frozen = {"stage1": work.model.stage1, "text": work.model.text}
    before = {
        name: {key: value.clone() for key, value in module.state_dict().items()}
        for name, module in frozen.items()
    }
    assert any("running_mean" in key for key in before["stage1"])
    expected = small_zoo["stackgan-stage1-personas"].stage1.state_dict()
    generator = [weight.clone() for weight in work.parts["generator"].parameters()]
    for i in range(3):
        assert all(value.isfinite() for value in work.step(i).values())
    for name, module in frozen.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, before[name][key]), (name, key)
        assert all(weight.grad is None for weight in module.parameters())
    for key, value in expected.items():
        assert torch.equal(value, before["stage1"][key]), "Stage I is the zoo's"
    moved = zip(generator, work.parts["generator"].parameters(), strict=True)
    assert all(not torch.equal(old, new) for old, new in moved)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {"wrong_pairs": False},
        {"augmentation": False},
        {"r1": 0.0},
        {"near_misses": 0.0},
        {"both_wrong": True, "added_lies": True, "even": 0.5},
    ],
)
def test_the_ablations_run(name, options, small_zoo, few):
    work = short(name, **options).begin()
    values = work.step(0)
    assert all(value.isfinite() for value in values.values())
    augment = work.parts["generator"].augment
    sigma = augment.head.weight.grad[augment.c_dim :]
    assert bool(sigma.any()) == options.get("augmentation", True), "without noise, no gradient"


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_of_every_fourth_step_weighs_four_times(name, small_zoo, few):
    def loss_of_d(r1, r1_every):
        torch.manual_seed(0)
        return short(name, r1=r1, r1_every=r1_every).begin().step(0)["loss_d"].item()

    assert loss_of_d(0.2, 4) == pytest.approx(loss_of_d(0.8, 1))
    assert loss_of_d(0.2, 4) > loss_of_d(0.2, 1) > loss_of_d(0.0, 1)


def test_stage_two_without_the_caption_runs(small_zoo, few):
    recipe = short("stackgan-personas")
    blind = {**recipe.arguments, "stage2": {**SMALL["stage2"], "text_twice": False}}
    work = dataclasses.replace(recipe, arguments=blind).begin()
    assert work.step(0)["loss_g"].isfinite()


def test_stage_two_builds_on_a_stage_one_that_does_not_ship_yet(tmp_path, monkeypatch):
    torch.manual_seed(0)
    arguments = {**SMALL, "stage2": None}
    model = StackGAN(**arguments)
    folder = tmp_path / "runs" / "new-stage1"
    zoo.save("new-stage1", model, "stackgan.StackGAN", arguments, {}, folder)
    monkeypatch.chdir(tmp_path)
    for key, value in stackgan_personas.finished("new-stage1").state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


def test_training_portraits_hold_no_held_out_combination(portraits):
    images, attributes = stackgan_personas.training_portraits(16)
    assert images.shape[1:] == (3, 16, 16) and images.dtype == torch.uint8
    assert not data.held_out(attributes).any() and len(images) == len(attributes) == 12_012
    means = data.to_float(portraits[64][0]).unflatten(2, (16, 4)).unflatten(4, (16, 4)).mean((3, 5))
    assert (data.to_float(portraits[16][0]) - means).abs().max() <= 1 / 255 + 1e-6


# Sampling


def test_the_sample_contract(small):
    trained_a_little(small).stage1.eval()
    modes = [module.training for module in small.modules()]
    images = small.sample(captions=CAPTIONS, seed=3)
    assert images.shape == (10, 3, 64, 64) and images.dtype == torch.float32
    assert images.abs().max() <= 1 and not images.requires_grad
    for batch in (1, 3):
        torch.testing.assert_close(small.sample(CAPTIONS, seed=3, batch=batch), images)
    torch.testing.assert_close(small.sample(CAPTIONS[:4], seed=3), images[:4])
    assert not torch.allclose(small.sample(CAPTIONS, seed=4), images)
    assert [module.training for module in small.modules()] == modes
    state = torch.get_rng_state()
    small.sample(CAPTIONS[:2])
    assert torch.equal(torch.get_rng_state(), state), "the caller's random numbers stay"


def test_stage_one_alone_embeddings_and_the_scale_of_the_noise(small):
    trained_a_little(small)
    assert small.sample(CAPTIONS, stage=1).shape == (10, 3, 16, 16)
    alone = StackGAN(**{**SMALL, "stage2": None})
    assert alone.sample(CAPTIONS[:2]).shape == (2, 3, 16, 16)
    text = small.encode(CAPTIONS)
    assert text.shape == (10, 16) and not text.requires_grad
    whole = small.sample(CAPTIONS)
    torch.testing.assert_close(small.sample(text=text), whole)
    between = small.sample(text=0.5 * (text[:1] + text[1:2]))
    assert between.shape == (1, 3, 64, 64)
    calm, wild = (small.sample([CAPTIONS[0]] * 6, noise=noise) for noise in (0, 2))
    assert not torch.allclose(calm, wild)
    assert not torch.allclose(calm[0], calm[1]), "z still differs"


def test_unknown_words_are_skipped(small):
    known = small.encode(["a person with a bun", "a bun", ""])
    strange = small.encode(["a splendid person with a PURRING bun", "quantum a bun", "gibberish"])
    torch.testing.assert_close(strange, known)
    assert small.sample([""]).isfinite().all()


def test_bad_input_is_named(small):
    with pytest.raises(TypeError, match="texts must be a list of strings"):
        small.sample("a person with a bun")
    with pytest.raises(ValueError, match="captions or text, one of them"):
        small.sample()
    with pytest.raises(ValueError, match="captions or text, one of them"):
        small.sample(CAPTIONS, text=torch.zeros(10, 16))
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        small.sample([])
    with pytest.raises(ValueError, match="stage is 1 or 2, not 3"):
        small.sample(CAPTIONS, stage=3)
    with pytest.raises(ValueError, match="batch is 1 or more, not 0"):
        small.sample(CAPTIONS, batch=0)
    with pytest.raises(ValueError, match=r"text has shape \(2, 16\), got \(2, 15\)"):
        small.sample(text=torch.zeros(2, 15))
    with pytest.raises(ValueError, match=r"z has shape \(N, 8\), got \(2, 7\)"):
        small(torch.zeros(2, 7), torch.zeros(2, 16))
    with pytest.raises(ValueError, match=r"noise has shape \(2, 16\), got \(2, 8\)"):
        small(torch.zeros(2, 8), torch.zeros(2, 16), torch.zeros(2, 8))
    with pytest.raises(ValueError, match=r"text has shape \(2, 16\), got \(3, 16\)"):
        d = Discriminator(16, width=4, text_dim=16)
        d(torch.zeros(2, 3, 16, 16), torch.zeros(3, 16))
    with pytest.raises(ValueError, match=r"images has shape \(N, 3, 16, 16\)"):
        d(torch.zeros(2, 3, 64, 64), torch.zeros(2, 16))
    with pytest.raises(ValueError, match=r"size is 16 \(Stage I\) or 64 \(Stage II\), not 32"):
        Discriminator(32)
