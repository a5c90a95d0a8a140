"""Lesson 05 defines what the library holds: same weights, same outputs, same training."""

import pytest
import torch
from cells import definitions

from course_lib import data, losses, sampling
from course_lib.models import cgan
from course_lib.training import EMA, seed_everything


@pytest.fixture(scope="module")
def lesson():
    return definitions("05_conditional_gan.ipynb")


@pytest.fixture
def pairs():
    """Images and labels, few and random."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8, generator=generator)
    return images, torch.randint(10, (32,), generator=generator)


@pytest.mark.parametrize("way", cgan.WAYS)
def test_the_lessons_networks_equal_the_librarys(lesson, way):
    torch.manual_seed(0)
    z, labels = sampling.latents(8, 16, seed=1), torch.arange(8)
    for theirs, ours in (
        (lesson.Generator(way), cgan.Generator(16, 16, way=way)),
        (lesson.Discriminator(way), cgan.Discriminator(24, way=way)),
    ):
        ours.load_state_dict(theirs.state_dict())
        inputs = z if isinstance(ours, cgan.Generator) else torch.rand(8, 1, 28, 28) * 2 - 1
        for mode in (True, False):
            theirs.train(mode)
            ours.train(mode)
            torch.testing.assert_close(theirs(inputs, labels), ours(inputs, labels), rtol=0, atol=0)


@pytest.mark.parametrize("way", cgan.WAYS)
def test_the_lessons_initial_weights_equal_the_librarys(lesson, way):
    for theirs, ours in (
        (lesson.Generator, cgan.Generator),
        (lesson.Discriminator, cgan.Discriminator),
    ):
        torch.manual_seed(3)
        a = theirs(way, width=8).state_dict()
        torch.manual_seed(3)
        sizes = {"z_dim": 16} if ours is cgan.Generator else {}
        b = ours(width=8, way=way, **sizes).state_dict()
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def fresh(width=4):
    seed_everything(1)
    return cgan.Generator(16, width), cgan.Discriminator(width)


def test_the_lessons_step_by_hand(lesson, pairs):
    """Two steps equal Adam's on the two losses, D first, with the reals' labels everywhere."""
    generator, discriminator = fresh()
    batches, average = data.batches(*pairs, size=16), EMA(generator)
    step = lesson.make_step(generator, discriminator, batches, average, steps=10, rate=1e-3)
    seed_everything(2)
    for i in range(7):
        values = step(i)
    assert set(values) == {"loss_d", "loss_g"}

    g, d = fresh()
    adam_g = torch.optim.Adam(g.parameters(), 1e-3, betas=(0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 1e-3, betas=(0.5, 0.999), fused=True)
    batches, expected = data.batches(*pairs, size=16), EMA(g)
    seed_everything(2)
    for i in range(7):
        for adam in (adam_g, adam_d):  # whole for six of ten steps, then falling to 0
            adam.param_groups[0]["lr"] = 1e-3 * min(1, (10 - i) / 4)
        real, labels = next(batches)
        fake = g(torch.randn(16, 16), labels)
        adam_d.zero_grad()
        losses.discriminator_loss(d(real, labels), d(fake.detach(), labels)).backward()
        adam_d.step()
        adam_g.zero_grad()
        losses.generator_loss(d(fake, labels)).backward()
        adam_g.step()
        expected.update(g)
    for ours, theirs in ((g, generator), (d, discriminator), (expected.model, average.model)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_lessons_step_gives_the_fakes_their_own_labels(lesson, pairs):
    """What a step that muddles the labels would not pass: D and G hear the same, in this order."""
    generator, discriminator = fresh()
    heard = []
    for name, network in (("G", generator), ("D", discriminator)):
        network.register_forward_pre_hook(
            lambda _, inputs, name=name: heard.append((name, inputs[1].clone()))
        )
    batches = data.batches(*pairs, size=16)
    lesson.make_step(generator, discriminator, batches, EMA(generator), steps=10)(0)
    _, labels = next(data.batches(*pairs, size=16))
    assert [name for name, _ in heard] == ["G", "D", "D", "D"]
    assert all(torch.equal(told, labels) for _, told in heard)


def test_the_lessons_step_stays_on_its_device(lesson, pairs, monkeypatch):
    """On another device nothing is left on the CPU: PyTorch's "meta" device refuses to mix."""
    adam = torch.optim.Adam  # "meta" has no fused kernel
    monkeypatch.setattr(torch.optim, "Adam", lambda *a, fused=None, **options: adam(*a, **options))
    generator, discriminator = (network.to("meta") for network in fresh())
    batches = data.batches(*pairs, size=16, device="meta")
    average = EMA(generator)
    values = lesson.make_step(generator, discriminator, batches, average, steps=10)(0)
    assert {value.device.type for value in values.values()} == {"meta"}
    on_cpu = data.batches(*pairs, size=16)
    with pytest.raises(RuntimeError):  # what a step that forgot the device would meet
        lesson.make_step(generator, discriminator, on_cpu, average, steps=10)(0)
