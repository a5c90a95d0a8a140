"""Flow matching: path, loss, samplers against closed forms; guidance; a generator's contract."""

import itertools
import math

import pytest
import torch
from torch import nn

from course_lib import sampling, theory, training
from course_lib.data import to_float, to_uint8
from course_lib.models import flow
from course_lib.studio import export

LINE, _ = theory.grid(-8.0, 8.0, 1601)
Z = torch.linspace(-2, 2, 9).double()


def exact(p):
    """Return the velocity for data of the density p, by quadrature."""
    return lambda x, t: theory.flow_velocity(x, float(t), p, LINE)


def lively(model):
    """Return a model that is not as its start: what begins at zero is drawn."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.2 * torch.randn_like(weight))
    return model.eval()


@pytest.fixture
def generator():
    return lively(flow.Flow(width=16, middle=16, steps=2))


def test_the_path_goes_from_noise_to_data_with_a_time_for_each_image():
    z, x = torch.randn(3, 1, 28, 28), torch.randn(3, 1, 28, 28)
    found = flow.path(z, x, torch.tensor([0.0, 0.25, 1.0]))
    torch.testing.assert_close(found[[0, 2]], torch.stack([z[0], x[2]]))
    torch.testing.assert_close(found[1], 0.75 * z[1] + 0.25 * x[1])


def test_the_loss_is_lowest_at_the_exact_velocity():
    """What is left is the variance of x − z given x_t; any other velocity adds its square."""
    chance = torch.Generator().manual_seed(0)
    x = 1.5 + 0.4 * torch.randn(40_000, generator=chance, dtype=torch.float64)
    z, t = torch.randn(len(x), generator=chance).double(), torch.tensor(0.6).expand(len(x))
    # For N(μ, s²): Var(x − z | x_t) = s² / ((1 − t)² + t²s²).
    left = 0.4**2 / (0.4**2 + (0.6 * 0.4) ** 2)
    slope = (0.6 * 0.4**2 - 0.4) / (0.4**2 + (0.6 * 0.4) ** 2)

    def velocity(error):
        return lambda x_t, t: 1.5 + slope * (x_t - 0.6 * 1.5) + error

    loss = flow.flow_loss(velocity(0.0), x, z, t)
    assert loss.item() == pytest.approx(left, rel=0.03)
    for error in (-0.5, 0.5):
        more = flow.flow_loss(velocity(error), x, z, t) - loss
        assert more.item() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("sampler", "error"), [(flow.euler, 0.05), (flow.midpoint, 2e-3)])
def test_the_exact_flow_takes_a_gaussian_to_a_gaussian_and_back(sampler, error):
    """The rule: docs/fidelity.md, "Flow matching". The map is z -> μ + s·z."""
    velocity = exact(theory.gaussian(LINE, 1.5, 0.4))
    way = sampler(velocity, Z, 40)
    assert len(way) == 41 and torch.equal(way[0], Z)
    torch.testing.assert_close(way[-1], 1.5 + 0.4 * Z, atol=error, rtol=0)
    back = sampler(velocity, 1.5 + 0.4 * Z, 40, 0.97, 0.0)[-1]
    width = math.hypot(0.03, 0.97 * 0.4)
    torch.testing.assert_close(back, (1.5 * (1 - 0.97) + 0.4 * Z) / width, atol=5 * error, rtol=0)


@pytest.mark.parametrize(("sampler", "order"), [(flow.euler, 1), (flow.midpoint, 2)])
def test_the_error_falls_with_the_step(sampler, order):
    """The rule: docs/fidelity.md, "Flow matching": of the first order, and of the second."""
    # Two bells. With one, the errors of a midpoint step cancel up to the third order.
    velocity = exact(theory.mixture(LINE, [-1.5, 1.0], [0.5, 0.3], [0.4, 0.6]))
    end = flow.midpoint(velocity, Z, 400, 0.0, 0.9)[-1]
    errors = [
        (sampler(velocity, Z, steps, 0.0, 0.9)[-1] - end).abs().mean().item()
        for steps in (10, 20, 40)
    ]
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.35)


def test_few_steps_ask_the_velocity_as_often_as_they_say():
    asked = []

    def velocity(x, t):
        asked.append(t)
        return torch.ones_like(x)

    assert flow.euler(velocity, torch.zeros(1), 4)[-1].item() == 1
    assert asked == [0, 0.25, 0.5, 0.75]
    asked.clear()
    assert flow.midpoint(velocity, torch.zeros(1), 2, 1.0, 0.0)[-1].item() == -1
    assert asked == [1, 0.75, 0.5, 0.25]


def test_a_label_dropped_is_a_label_of_zeros():
    torch.manual_seed(0)
    labels = torch.arange(10).repeat(400)
    weights = flow.weights_of(labels, 10, dropped=0.2)
    none = weights.sum(dim=1) == 0
    assert none.double().mean().item() == pytest.approx(0.2, abs=0.03)
    assert torch.equal(weights[~none].argmax(dim=1), labels[~none])
    assert torch.equal(flow.weights_of(labels, 10).argmax(dim=1), labels)


def test_guidance_of_weight_1_is_the_conditional_model_and_0_the_unconditional(generator):
    """The rule: docs/fidelity.md, "Flow matching"."""
    z, t = torch.randn(3, 1, 28, 28), 0.3
    labels = flow.weights_of(torch.tensor([1, 5, 9]), 10)
    network = generator.velocity
    with torch.no_grad():
        with_label, without = network(z, t, labels), network(z, t, torch.zeros_like(labels))
        for weight, expected in (
            (0, without),
            (1, with_label),
            (3, 3 * with_label - 2 * without),
        ):
            found = flow.guided(network, labels, weight)(z, t)
            torch.testing.assert_close(found, expected)
    assert (with_label - without).abs().max() > 0.01


def test_time_and_label_change_the_velocity_of_their_own_image_alone(generator):
    x, t = torch.randn(2, 1, 28, 28), torch.tensor([0.2, 0.7])
    labels = flow.weights_of(torch.tensor([4, 2]), 10)
    other = flow.weights_of(torch.tensor([4, 8]), 10)
    with torch.no_grad():
        before = generator.velocity(x, t, labels)
        for after in (
            generator.velocity(x, torch.tensor([0.2, 0.8]), labels),
            generator.velocity(x, t, other),
        ):
            torch.testing.assert_close(after[0], before[0])
            assert (after[1] - before[1]).abs().max() > 1e-3
        torch.testing.assert_close(
            generator.velocity(x[:1], 0.2, labels[:1]), before[:1], atol=1e-5, rtol=1e-4
        )


def test_samples_keep_the_contract(generator):
    """The rule: docs/promise.md, "Names that stay"."""
    generator.train()
    wanted = [3, 0, 3, 9, 1, 2]
    whole = generator.sample(labels=wanted, seed=3)
    assert whole.shape == (6, 1, 28, 28) and whole.abs().max() <= 1 and not whole.requires_grad
    assert generator.training
    for batch in (1, 4):
        again = generator.sample(labels=wanted, seed=3, batch=batch)
        torch.testing.assert_close(again, whole, atol=1e-4, rtol=0)
    assert not torch.equal(generator.sample(labels=wanted, seed=4), whole)
    chance = torch.get_rng_state()
    other = generator.sample(labels=[4, *wanted[1:]], seed=3)  # z does not depend on the labels
    assert torch.equal(torch.get_rng_state(), chance)
    torch.testing.assert_close(other[1:], whole[1:], atol=1e-4, rtol=0)
    assert (other[0] - whole[0]).abs().max() > 0.01
    in_turn = generator.sample(12, seed=3)
    torch.testing.assert_close(in_turn, generator.sample(labels=[*range(10), 0, 1], seed=3))
    torch.testing.assert_close(in_turn, sampling.sample(generator, 12, seed=3))


def test_steps_and_guidance_may_be_chosen_for_one_call(generator):
    usual = generator.sample(3, seed=3)
    torch.testing.assert_close(generator.sample(3, seed=3, steps=2, guidance=1), usual)
    for options in ({"steps": 3}, {"guidance": 2.0}):
        assert (generator.sample(3, seed=3, **options) - usual).abs().max() > 1e-3
    assert (generator.steps, generator.guidance) == (2, 1)


def test_bad_arguments_are_named(generator):
    for arguments in ({}, {"n": 2, "labels": [1, 2]}):
        with pytest.raises(ValueError, match="needs either n or labels"):
            generator.sample(**arguments)
    with pytest.raises(ValueError, match="labels are 0 to 9, got 3 to 12"):
        generator.sample(labels=[3, 12])
    with pytest.raises(ValueError, match="z has shape"):
        generator(torch.randn(2, 783), torch.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"labels are int64 \(N,\).* for 2 images"):
        generator(torch.randn(2, 784), torch.tensor([1, 2, 3]))
    with pytest.raises(ValueError, match="images has shape"):
        generator.velocity(torch.randn(2, 1, 28, 27), 0.5, torch.zeros(2, 10))
    with pytest.raises(ValueError, match="steps is 1 or more, not 0"):
        generator.sample(2, steps=0)


def test_before_training_the_flow_is_that_of_a_gaussian_fitted_to_the_images():
    """Its samples have the mean and the covariance of the images, as far as its rank goes."""
    torch.manual_seed(0)
    spread = torch.linspace(0.05, 0.25, 28 * 28)
    images = to_uint8(0.1 + spread * torch.randn(2000, 28 * 28)).view(-1, 1, 28, 28)
    network = flow.UNet(width=16, middle=16, blocks=1, classes=10, rank=28 * 28 - 1).eval()
    network.gaussians.fit(images, torch.arange(2000) % 10)
    x, labels = torch.randn(2, 1, 28, 28), torch.eye(10)[[3, 4]]
    times = torch.tensor([0.2, 0.9])
    torch.testing.assert_close(
        network(x, times, labels), network.gaussians(x, times[:, None], labels)
    )
    rows = flow.midpoint(
        lambda x, t: network.gaussians(x, torch.full((len(x), 1), t), torch.zeros(len(x), 10)),
        torch.randn(400, 1, 28, 28),
        32,
    )[-1].flatten(1)
    real = to_float(images).flatten(1)
    torch.testing.assert_close(rows.mean(dim=0), real.mean(dim=0), atol=0.06, rtol=0)
    ratio = rows.std(dim=0) / real.std(dim=0)
    assert ratio.mean().item() == pytest.approx(1, abs=0.02)


def test_each_class_has_a_gaussian_around_its_own_mean():
    """At t = 0 nothing is known yet, so the velocity is the mean of the class minus the noise."""
    torch.manual_seed(0)
    labels = torch.arange(600) % 3
    images = to_uint8(0.3 * labels.view(-1, 1, 1, 1) + 0.1 * torch.randn(600, 1, 28, 28))
    gaussians = flow.UNet(16, 16, 1, 3, rank=8).gaussians
    gaussians.fit(images, labels)
    x, t = torch.randn(4, 1, 28, 28), torch.zeros(4, 1)
    asked = torch.cat([torch.eye(3), torch.zeros(1, 3)])  # each class, and none
    reached = (x + gaussians(x, t, asked)).flatten(1).mean(dim=1)
    torch.testing.assert_close(reached, torch.tensor([0, 0.3, 0.6, 0.3]), atol=0.01, rtol=0)
    half = gaussians(x[:1], t[:1] + 0.5, torch.tensor([[0.5, 0.5, 0.0]]))
    both = gaussians(x[[0, 0]], t[:2] + 0.5, torch.eye(3)[:2])
    torch.testing.assert_close(half, both.mean(dim=0, keepdim=True))
    torch.testing.assert_close(
        gaussians.variances[:, -1].sqrt(), torch.full((4,), 0.1), atol=0.01, rtol=0
    )


def test_the_gaussians_velocity_is_the_closed_form():
    """Against `theory.flow_velocity`, along each direction: with one, and with what is averaged."""
    torch.manual_seed(0)
    basis = torch.linalg.qr(torch.randn(28 * 28, 28 * 28))[0]
    stds = torch.tensor([0.5, 0.3] + 782 * [0.1])
    images = to_uint8((0.3 + (stds * torch.randn(4000, 28 * 28)) @ basis.T).view(-1, 1, 28, 28))
    gaussians = flow.UNet(16, 16, 1, 10, rank=2).gaussians
    gaussians.fit(images, torch.arange(4000) % 10)
    mean, directions = gaussians.means[-1], gaussians.directions[-1]
    x = torch.randn(5, 1, 28, 28)
    found = gaussians(x, torch.full((5, 1), 0.7), torch.zeros(5, 10)).flatten(1)
    places = [(directions[:, -1], 0.5), (directions[:, -2], 0.3)]
    places.append((basis[:, 5] - directions @ (directions.T @ basis[:, 5]), 0.1))
    for direction, std in places:
        direction = direction / direction.norm()
        p = theory.gaussian(LINE, (mean @ direction).item(), std)
        expected = theory.flow_velocity((x.flatten(1) @ direction).double(), 0.7, p, LINE)
        torch.testing.assert_close((found @ direction).double(), expected, atol=0.2, rtol=0.1)


@pytest.mark.slow
def test_the_whole_sampler_goes_out_as_onnx(generator, tmp_path):
    path = export.export_onnx(generator, tmp_path / "flow.onnx")
    for n in (1, 3):
        images = export.run_onnx(path, export.inputs(generator, n, seed=4))["images"]
        torch.testing.assert_close(images, generator.sample(n, seed=4), atol=1e-4, rtol=0)


def test_it_learns_a_toy_distribution_in_seconds():
    """The whole method on the ring: eight modes, all of them reached."""
    angles = torch.arange(8) * (2 * torch.pi / 8)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    training.start(seed=0)
    network = nn.Sequential(
        nn.Linear(3, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 2)
    )

    def velocity(x, t):
        t = torch.as_tensor(t).float().expand(len(x))
        return network(torch.cat([x, t[:, None]], dim=1))

    adam = training.adam(network, 5e-3, betas=(0.9, 0.99))
    for i in range(1000):
        adam.param_groups[0]["lr"] = 5e-3 * (1 - i / 1000)
        x = centres[torch.randint(8, (256,))] + 0.05 * torch.randn(256, 2)
        loss = flow.flow_loss(velocity, x, torch.randn_like(x), torch.rand(256))
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        points = flow.midpoint(velocity, torch.randn(2000, 2), 16)[-1]
    distance, nearest = torch.cdist(points, centres).min(dim=1)
    hits = nearest[distance < 0.2].bincount(minlength=8)
    assert hits.min() >= 0.02 * len(points)
