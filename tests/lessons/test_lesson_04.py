"""Lesson 04 defines what the library holds: same weights, same outputs, same training."""

import pytest
import torch
from cells import definitions

from course_lib import data, losses, sampling
from course_lib.models import dcgan
from course_lib.training import EMA, seed_everything


@pytest.fixture(scope="module")
def lesson():
    return definitions("04_gan.ipynb")


def test_the_lessons_networks_equal_the_librarys(lesson):
    torch.manual_seed(0)
    z = sampling.latents(8, 100, seed=1)
    for theirs, ours in (
        (lesson.Generator(), dcgan.Generator()),
        (lesson.Discriminator(), dcgan.Discriminator()),
    ):
        ours.load_state_dict(theirs.state_dict())
        inputs = z if isinstance(ours, dcgan.Generator) else torch.rand(8, 1, 28, 28) * 2 - 1
        for mode in (True, False):
            theirs.train(mode)
            ours.train(mode)
            torch.testing.assert_close(theirs(inputs), ours(inputs), rtol=0, atol=0)


def test_the_lessons_initial_weights_equal_the_librarys(lesson):
    for theirs, ours in (
        (lesson.Generator, dcgan.Generator),
        (lesson.Discriminator, dcgan.Discriminator),
    ):
        torch.manual_seed(3)
        a = theirs(width=8).state_dict()
        torch.manual_seed(3)
        b = ours(width=8).state_dict()
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_the_lessons_step_trains_both_and_only_what_it_should(lesson):
    seed_everything(0)
    generator, discriminator = dcgan.Generator(width=4), dcgan.Discriminator(width=4)
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    ema = EMA(generator)
    step = lesson.make_step(generator, discriminator, data.batches(images, size=16), ema)

    def snapshot(network):
        return torch.cat([weight.detach().flatten() for weight in network.parameters()]).clone()

    before = snapshot(generator), snapshot(discriminator), snapshot(ema.model)
    values = step(0)
    assert set(values) == {"loss_d", "loss_g"}
    assert values["loss_d"].item() == pytest.approx(2 * 0.6931, abs=0.5)
    for old, network in zip(before, (generator, discriminator, ema.model), strict=True):
        assert not torch.equal(old, snapshot(network))


def test_the_lessons_step_by_hand(lesson):
    """One step equals Adam's on the two losses, D first, on a detached fake."""
    seed_everything(0)
    images = torch.randint(0, 256, (16, 1, 28, 28), dtype=torch.uint8)

    def fresh():
        seed_everything(1)
        return dcgan.Generator(width=4), dcgan.Discriminator(width=4)

    generator, discriminator = fresh()
    step = lesson.make_step(
        generator, discriminator, data.batches(images, size=16), EMA(generator), rate=1e-3
    )
    seed_everything(2)
    step(0)

    g, d = fresh()
    # Fused like the lesson's: where a gradient is as small as Adam's epsilon, another order of
    # operations gives another step.
    adam_g = torch.optim.Adam(g.parameters(), 1e-3, betas=(0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 1e-3, betas=(0.5, 0.999), fused=True)
    real = next(data.batches(images, size=16))
    seed_everything(2)
    z = torch.randn(16, 100)
    fake = g(z)
    losses.discriminator_loss(d(real), d(fake.detach())).backward()
    assert all(weight.grad is None for weight in g.parameters())
    adam_d.step()
    losses.generator_loss(d(fake)).backward()
    adam_g.step()
    for ours, theirs in ((g, generator), (d, discriminator)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_lessons_step_stays_on_its_device(lesson, monkeypatch):
    """On another device nothing is left on the CPU: PyTorch's "meta" device refuses to mix."""
    adam = torch.optim.Adam  # "meta" has no fused kernel
    monkeypatch.setattr(torch.optim, "Adam", lambda *a, fused=None, **options: adam(*a, **options))
    generator, discriminator = dcgan.Generator(width=4), dcgan.Discriminator(width=4)
    generator, discriminator = generator.to("meta"), discriminator.to("meta")
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    batches = data.batches(images, size=16, device="meta")
    values = lesson.make_step(generator, discriminator, batches, EMA(generator))(0)
    assert {value.device.type for value in values.values()} == {"meta"}
    on_cpu = data.batches(images, size=16)
    with pytest.raises(RuntimeError):  # what a step that forgot the device would meet
        lesson.make_step(generator, discriminator, on_cpu, EMA(generator))(0)
