"""Lesson 09a defines what the library holds: the same path, velocity, steps and loss."""

import pytest
import torch
from cells import definitions

from course_lib import theory, zoo
from course_lib.data import fashion, to_float
from course_lib.models import flow
from course_lib.models.flow_network import UNet
from course_lib.sampling import latents

PLACES = torch.linspace(-3, 3, 13, dtype=torch.float64)


@pytest.fixture(scope="module")
def lesson():
    return definitions("09a_flow_matching.ipynb")


@pytest.fixture
def network():
    """Return a network that is not as its start: what begins at zero is drawn."""
    torch.manual_seed(0)
    network = UNet(width=16, middle=16, blocks=1, classes=10, rank=8)
    network.gaussians.fit(*(part[:2000] for part in fashion("train")))
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(0.1 * torch.randn_like(weight))
    return network.eval()


@pytest.mark.parametrize("t", [0.0, 0.3, 0.8, 0.98])
def test_the_lessons_quadrature_is_the_librarys(lesson, t):
    p, x = lesson.p_data, lesson.x
    for theirs, ours in (
        (lesson.density, theory.flow_density),
        (lesson.velocity, theory.flow_velocity),
    ):
        torch.testing.assert_close(theirs(PLACES, t), ours(PLACES, t, p, x), atol=1e-6, rtol=1e-6)


def test_the_lessons_data_have_the_lessons_density(lesson):
    torch.manual_seed(0)
    samples = lesson.sample_data(200_000)
    for limit in (-2.5, -1.0, 0.0, 1.0, 2.5):
        below = torch.trapezoid(lesson.p_data * (lesson.x <= limit), dx=lesson.dx)
        assert (samples <= limit).double().mean().item() == pytest.approx(below.item(), abs=0.006)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_lessons_steps_are_the_librarys(lesson, steps):
    def velocity(x, t):
        return torch.sin(3 * x) + t

    theirs = lesson.euler(velocity, PLACES, steps)
    torch.testing.assert_close(theirs, torch.stack(flow.euler(velocity, PLACES, steps)))
    for first, last in ((0.0, 1.0), (1.0, 0.0)):
        there = lesson.midpoint(velocity, PLACES, steps, first, last)
        torch.testing.assert_close(there, flow.midpoint(velocity, PLACES, steps, first, last)[-1])


def test_the_lessons_loss_is_the_librarys(lesson, network, monkeypatch):
    """The lesson draws z, t and which labels are left out; the library takes them as arguments."""
    images, labels = (part[:64] for part in fashion("train"))
    x, noise, kept = to_float(images), torch.randn(64, 1, 28, 28), torch.rand(64, 1)
    drawn = {(64, 1, 28, 28): noise, (64,): torch.linspace(-2, 2, 64)}
    monkeypatch.setattr(torch, "randn_like", lambda like, **_: drawn[tuple(like.shape)])
    monkeypatch.setattr(torch, "randn", lambda *size, **_: drawn[size])
    monkeypatch.setattr(torch, "rand", lambda *size, **_: kept)
    found = lesson.flow_loss(network, x, labels)
    weights = flow.weights_of(labels, 10) * (kept >= 0.1)
    assert (weights.sum(dim=1) == 0).any() and (weights.sum(dim=1) == 1).any()
    t = torch.linspace(-2, 2, 64).sigmoid()
    expected = flow.flow_loss(lambda x_t, t: network(x_t, t, weights), x, noise, t)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
def test_the_lessons_sampler_is_the_librarys(lesson, network, guidance):
    z, weights = latents(5, 784, seed=3).view(-1, 1, 28, 28), torch.eye(10)[:5]
    found = lesson.sample(network, z, weights, steps=3, guidance=guidance)
    expected = flow.midpoint(flow.guided(network, weights, guidance), z, 3)[-1]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_record_holds_what_the_lesson_shows():
    rows = zoo.record("equal-seconds")["rows"]
    assert {"VAE", "DCGAN", "conditional GAN", "flow", "flow, guided"} <= rows.keys()
    for columns in rows.values():
        for name, found in columns.items():
            seeds = len(found["seconds"])
            assert all(len(numbers) == seeds for numbers in found.values())
            assert name == "shipped" or found["seconds"] == [int(name)] * seeds
    weights = zoo.record("flow-guidance")["weights"]
    assert {"1", "2"} <= weights.keys()
