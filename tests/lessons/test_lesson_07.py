"""Lesson 07 defines what the library holds: same weights, same outputs, same training."""

import pytest
import torch
from cells import definitions

from course_lib import data, losses
from course_lib.models import progan
from course_lib.recipes.progan_personas import Schedule
from course_lib.training import EMA, seed_everything

CHANNELS = (16, 8, 8)


@pytest.fixture(scope="module")
def lesson():
    return definitions("07_progan.ipynb")


def equal(theirs, ours, *inputs, **options):
    """Copy the lesson's weights into the library's network and compare all outputs, to the bit."""
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(theirs(*inputs, **options), ours(*inputs, **options), rtol=0, atol=0)


def test_the_equalised_layers(lesson):
    torch.manual_seed(0)
    x, images = torch.randn(3, 6), torch.randn(3, 6, 8, 8)
    equal(lesson.EqualisedLinear(6, 5), progan.EqualisedLinear(6, 5), x)
    equal(lesson.EqualisedLinear(6, 5, gain=0.3), progan.EqualisedLinear(6, 5, gain=0.3), x)
    for name in ("EqualisedConv2d", "EqualisedUpsample", "EqualisedDownsample"):
        equal(getattr(lesson, name)(6, 5), getattr(progan, name)(6, 5), images)
    colours = (lesson.EqualisedConv2d(6, 3, 1, gain=1), progan.EqualisedConv2d(6, 3, 1, gain=1))
    equal(*colours, images)


def test_what_has_no_weights(lesson):
    torch.manual_seed(0)
    images = torch.randn(8, 6, 8, 8)
    for name in ("half", "double"):
        assert torch.equal(getattr(lesson, name)(images), getattr(progan, name)(images))
    for fade in (0.0, 0.3, 1.0):
        assert torch.equal(lesson.faded(images, fade), progan.faded(images, fade))
    assert torch.equal(lesson.PixelNorm()(images), progan.PixelNorm()(images))
    for group, n in ((4, 8), (2, 8), (4, 3)):
        theirs, ours = lesson.MinibatchStd(group), progan.MinibatchStd(group)
        assert torch.equal(theirs(images[:n]), ours(images[:n]))


@pytest.mark.parametrize(("stage", "fade"), [(0, 1.0), (1, 0.0), (1, 0.4), (2, 0.7), (2, 1.0)])
def test_the_networks(lesson, stage, fade):
    torch.manual_seed(0)
    z, images = torch.randn(8, 8), torch.randn(8, 3, 4 << stage, 4 << stage)
    theirs, ours = lesson.Generator(8, CHANNELS), progan.Generator(8, CHANNELS)
    equal(theirs, ours, z, stage=stage, fade=fade)
    equal(lesson.Critic(CHANNELS), progan.Critic(CHANNELS), images, stage=stage, fade=fade)


def test_the_networks_have_the_recipes_size_and_start(lesson):
    for theirs, ours in (
        (lesson.Generator, progan.Generator),
        (lesson.Critic, progan.Critic),
    ):
        torch.manual_seed(3)
        a = theirs().state_dict()
        torch.manual_seed(3)
        b = ours().state_dict()
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_the_losses(lesson):
    torch.manual_seed(0)
    critic = progan.Critic(CHANNELS)
    real, fake, eps = torch.randn(8, 3, 16, 16), torch.randn(8, 3, 16, 16), torch.rand(8)
    theirs = lesson.gradient_penalty(critic, real, fake, eps)
    ours = losses.gradient_penalty(critic, real, fake, eps)
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)
    scores = critic(real)
    expected = losses.wgan_critic_loss(scores, critic(fake)) + losses.drift(scores) + ours
    torch.testing.assert_close(
        lesson.critic_loss(critic, real, fake, eps), expected, rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        lesson.generator_loss(critic, fake), losses.wgan_generator_loss(critic(fake))
    )


STAGES = [
    {"fade": 0, "stabilise": 16, "batch": 8},
    {"fade": 16, "stabilise": 16, "batch": 8},
]


@pytest.fixture(scope="module")
def portraits():
    images, _ = data.personas("test")
    return images[:48]


def fresh():
    seed_everything(1)
    return progan.Generator(64, (8, 8)), progan.Critic((8, 8))


def batches_of(images):
    return [data.batches(data.shrunk(images, size), size=8) for size in (4, 8)]


def test_the_lessons_step_by_hand(lesson, portraits):
    """Six steps through all phases equal Adam's, which forgets where one begins; EMA does not."""
    generator, critic = fresh()
    average, schedule = EMA(generator), Schedule(STAGES)
    step = lesson.make_step(generator, critic, batches_of(portraits), average, schedule)
    seed_everything(2)
    for i in range(6):
        assert set(step(i)) == {"loss_d", "loss_g"}

    g, d = fresh()
    expected, batches = EMA(g), batches_of(portraits)
    seed_everything(2)
    for i, (stage, fade) in enumerate([(0, 1), (0, 1), (1, 0), (1, 0.5), (1, 1), (1, 1)]):
        if i in (0, 2, 4):
            adam_g = torch.optim.Adam(g.parameters(), 3e-3, betas=(0.0, 0.99), fused=True)
            adam_d = torch.optim.Adam(d.parameters(), 3e-3, betas=(0.0, 0.99), fused=True)
        real = progan.faded(next(batches[stage]), fade).requires_grad_(i % 4 == 0)
        fake = g(torch.randn(8, 64), stage, fade)
        scores = d(real, stage, fade)
        loss = losses.discriminator_loss(scores, d(fake.detach(), stage, fade))
        if i % 4 == 0:
            loss = loss + 4 * 0.2 * losses.r1_penalty(scores, real)
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        losses.generator_loss(d(fake, stage, fade)).backward()
        adam_g.step()
        expected.update(g)
    for ours, theirs in ((g, generator), (d, critic), (expected.model, average.model)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_the_lessons_step_fades_both_networks_and_the_reals(lesson, portraits, monkeypatch):
    generator, critic = fresh()
    seen = []
    forward = type(critic).forward

    def listening(self, images, stage, fade=1.0):
        seen.append((images.detach(), stage, fade))
        return forward(self, images, stage, fade)

    monkeypatch.setattr(progan.Critic, "forward", listening)
    step = lesson.make_step(
        generator, critic, batches_of(portraits), EMA(generator), Schedule(STAGES)
    )
    step(2)
    assert {(stage, fade) for _, stage, fade in seen} == {(1, 0.0)}
    for images, *_ in seen:
        torch.testing.assert_close(images, progan.double(progan.half(images)))
    seen.clear()
    step(4)
    assert all(fade == 1.0 for *_, fade in seen)
    assert not torch.allclose(seen[0][0], progan.double(progan.half(seen[0][0])), atol=1e-3)
