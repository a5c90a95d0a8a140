"""Lesson 04a defines what the library holds: same weights, same outputs, same training."""

import sys
from pathlib import Path

import pytest
import torch
from cells import NOTEBOOKS, definitions

from course_lib import losses, sampling, training, zoo
from course_lib.models import dcgan
from course_lib.training import seed_everything

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import failures
import ring


@pytest.fixture(scope="module")
def lesson():
    return definitions("04a_gan.ipynb")


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


def adams(generator, discriminator):
    return [training.adam(network, 1e-3) for network in (generator, discriminator)]


def test_the_lessons_step_moves_both_networks(lesson):
    seed_everything(0)
    pair = dcgan.Generator(width=4), dcgan.Discriminator(width=4)

    def snapshot(network):
        return torch.cat([weight.detach().flatten() for weight in network.parameters()]).clone()

    before = [snapshot(network) for network in pair]
    values = lesson.step(*pair, *adams(*pair), torch.rand(16, 1, 28, 28) * 2 - 1)
    assert set(values) == {"loss_d", "loss_g", "D(x)", "D(G(z))"}
    assert values["loss_d"].item() == pytest.approx(2 * 0.6931, abs=0.5)
    assert values["D(x)"].item() == pytest.approx(0.5, abs=0.2)
    for old, network in zip(before, pair, strict=True):
        assert not torch.equal(old, snapshot(network))


def test_the_lessons_step_by_hand(lesson):
    """One step equals Adam's on the two losses, D first, on a detached fake."""
    real = torch.rand(16, 1, 28, 28) * 2 - 1

    def fresh():
        seed_everything(1)
        return dcgan.Generator(width=4), dcgan.Discriminator(width=4)

    generator, discriminator = fresh()
    optimisers = adams(generator, discriminator)
    seed_everything(2)
    lesson.step(generator, discriminator, *optimisers, real)

    g, d = fresh()
    adam_g, adam_d = adams(g, d)
    seed_everything(2)
    fake = g(torch.randn(16, 100))
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
    pair = dcgan.Generator(width=4).to("meta"), dcgan.Discriminator(width=4).to("meta")
    values = lesson.step(*pair, *adams(*pair), torch.rand(16, 1, 28, 28, device="meta"))
    assert {value.device.type for value in values.values()} == {"meta"}
    with pytest.raises(RuntimeError):  # what a step that forgot the device would meet
        lesson.step(*pair, *adams(*pair), torch.rand(16, 1, 28, 28))


def test_the_record_of_the_ring_is_made_by_the_lessons_loop(lesson, monkeypatch):
    monkeypatch.setattr(training, "steps", lambda n, **_: range(n))
    snapshots = lesson.play(steps=50)
    (points,) = ring.play(lesson, seed=0, steps=50)
    torch.testing.assert_close(points, snapshots[50][0], rtol=0, atol=1e-5)
    rows = zoo.record("ring-penalties")["rows"]
    assert list(rows) == list(ring.LOSSES)
    assert all(len(row["fewest modes"]) == len(ring.SEEDS) for row in rows.values())


@pytest.mark.parametrize("name", failures.RUNS)
def test_each_recorded_failure_is_a_training_that_runs(lesson, name):
    history, generator, draw, _ = failures.train(lesson, **failures.RUNS[name] | {"steps": 2})
    assert history.steps == 2
    assert draw(generator, sampling.latents(3, 8, seed=1)).shape == (3, 1, 28, 28)
    run = zoo.record("gan-failures")["runs"][name]
    steps = failures.RUNS[name].get("steps", failures.STEPS)
    assert len(run["loss_d"]) == len(run["loss_g"]) == steps // failures.EVERY
    assert zoo.recorded_images("gan-failures")[name].shape == (failures.SHOWN, 1, 28, 28)


def test_the_controls_of_a_strong_discriminator_are_those_of_the_text():
    record = zoo.record("gan-failures")
    controls = record["controls"]
    assert controls["healthy"]["FID-course"][0] == record["runs"]["healthy"]["FID-course"]
    assert list(controls) == list(failures.CONTROLS)
    text = (NOTEBOOKS / "04b_reading_a_gan.ipynb").read_text(encoding="utf-8")
    for name, row in (("healthy", "healthy"), ("G slow alone", "only $G$ slow")):
        values = ", ".join(f"{value:.0f}" for value in controls[name]["FID-course"])
        assert f"| {row} | {values} |" in text
    fast, healthy = (controls[name]["FID-course"] for name in ("D fast alone", "healthy"))
    assert f"| only $D$ fast | {', '.join(f'{value:.0f}' for value in fast)} |" in text
    assert max(fast) < min(healthy) and min(controls["G slow alone"]["FID-course"]) > max(healthy)
