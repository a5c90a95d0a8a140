"""The recipe of the second ProGAN: which penalty acts when, and what its card tells."""

import dataclasses

import pytest
import torch

from course_lib import data, losses, metrics, recipes
from course_lib.models.progan import Generator
from course_lib.recipes import progan_personas_2
from course_lib.recipes.progan_personas import Schedule

STAGES = [  # two steps at 4×4 pixels, three that fade, two stable at 8×8
    {"fade": 0, "stabilise": 16, "batch": 8},
    {"fade": 12, "stabilise": 8, "batch": 4},
]


@pytest.fixture
def short(monkeypatch):
    few = [part[:40] for part in data.personas("test")]
    monkeypatch.setattr(data, "personas", lambda split: few)
    monkeypatch.setattr(metrics, "portraits_report", lambda samples, judge: {"n": len(samples)})
    monkeypatch.setattr(progan_personas_2, "portrait_details", lambda generator: {"details": 1})
    return dataclasses.replace(
        recipes.recipe("progan-personas-2"),
        arguments={"z_dim": 8, "channels": [8, 8]},
        stages=STAGES,
        penalty_every=3,
    )


def test_the_recipe_keeps_the_networks_and_leaves_the_old_one_alone():
    old, new = (recipes.recipe(f"progan-personas{end}") for end in ("", "-2"))
    assert (old.objective, old.penalty_every, old.ema) == ("wgan-gp", 1, 0.999)
    assert (new.objective, new.falling) == ("paired", 0.0), "any leg's average could ship"
    assert new.model == old.model
    last = Schedule(new.stages).at(new.steps - 1)
    assert (last.stage, last.fade) == (4, 1)


def test_penalties_act_in_every_third_step_and_weigh_three_times(short):
    recipe = dataclasses.replace(short, r1=0.5, r2=0.25)
    real, fake = torch.randn(2, 5, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    w = torch.full((12,), 3 / 12**0.5)  # of norm 3: half its square is 4.5 everywhere

    def critic(images):
        return images.flatten(1) @ w

    for i in range(5):
        loss, distance = recipe.critic_loss(critic, real.clone(), fake.clone(), i)
        game = losses.relativistic_discriminator_loss(critic(real), critic(fake))
        penalty = 3 * (0.5 + 0.25) * 4.5 if i % 3 == 0 else 0
        assert loss.item() == pytest.approx(game.item() + penalty, rel=1e-5), i
        expected = (critic(real) - critic(fake)).mean().item()
        assert distance.item() == pytest.approx(expected, abs=1e-5)


def test_the_generator_is_paired_with_real_images_and_moves_alone(short):
    real, fake = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(1))
    real, fake = real.requires_grad_(), fake.requires_grad_()

    def critic(images):
        return images.sum(dim=(1, 2, 3))

    loss = short.generator_loss(critic, real, fake)
    expected = losses.relativistic_generator_loss(critic(real), critic(fake))
    assert loss.item() == pytest.approx(expected.item())
    loss.backward()
    assert real.grad is None and fake.grad.abs().sum() > 0


def test_both_networks_learn_and_all_losses_are_finite(short):
    work = short.begin()
    parts = [work.parts["generator"], work.parts["discriminator"]]
    before = [[p.detach().clone() for p in part.parameters()] for part in parts]
    for i in range(short.steps):
        assert all(value.isfinite() for value in work.step(i).values())
    for part, old in zip(parts, before, strict=True):
        moved = [not torch.equal(p, q) for p, q in zip(part.parameters(), old, strict=True)]
        # The critic's last bias lifts all scores alike, and pairs ask for differences only.
        assert moved.count(False) <= 1, "the weights of both stages have learned"
        assert all(p.requires_grad for p in part.parameters())


def test_its_card_tells_more_than_its_parents(short):
    assert short.figures(Generator(8, (8, 8))) == {"n": 2000, "details": 1}
