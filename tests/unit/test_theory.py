"""The objective: every equation of lesson 01, against exact quadrature and torch's own formulas."""

import math

import pytest
import sympy
import torch
from scipy import stats
from scipy.integrate import quad
from torch.distributions import Normal, kl_divergence

from course_lib import losses, theory

X, DX = theory.grid()
# The same three pairs twice: on the grid by our densities, at a point by scipy's.
PAIRS = {
    "shifted": (stats.norm(1, 1), stats.norm(-1, 1)),
    "wider": (stats.norm(0, 1), stats.norm(0.5, 1.5)),
    "narrow": (stats.norm(-1, 0.6), stats.norm(1.2, 0.9)),
}


def on_grid(name):
    return tuple(theory.gaussian(X, d.mean(), d.std()) for d in PAIRS[name])


def exact(f, name, knots=()):
    p, q = (d.pdf for d in PAIRS[name])
    points = [-2, -1, 0, 1, 2, *knots]
    return quad(lambda x: f(p(x), q(x)), -10, 10, points=points, epsabs=1e-11, limit=400)[0]


def crossings(name):
    p, q = on_grid(name)
    return X[:-1][(p - q).sign().diff() != 0].tolist()


@pytest.fixture(params=list(PAIRS))
def pair(request):
    return request.param


def test_densities_integrate_to_one_and_match_scipy(pair):
    for density, oracle in zip(on_grid(pair), PAIRS[pair], strict=True):
        assert theory.integrate(density, DX) == pytest.approx(1, abs=1e-9)  # cut off at ±10
        assert torch.allclose(density, torch.from_numpy(oracle.pdf(X.numpy())), atol=1e-14)
        assert torch.allclose(
            theory.cdf(density, DX), torch.from_numpy(oracle.cdf(X.numpy())), atol=1e-7
        )


def test_value_at_the_best_discriminator_is_twice_jsd_minus_log_4(pair):
    p, q = on_grid(pair)
    best = theory.optimal_discriminator(p, q)
    value, jsd = theory.value(p, q, best, DX), theory.js_divergence(p, q, DX)
    assert value == pytest.approx(-math.log(4) + 2 * jsd.item(), abs=1e-6)
    oracle = exact(lambda p, q: p * math.log(p / (p + q)) + q * math.log(q / (p + q)), pair)
    assert value == pytest.approx(oracle, abs=1e-6)
    by_logits = theory.value_of_logits(p, q, theory.optimal_logits(p, q), DX)
    assert by_logits == pytest.approx(oracle, abs=1e-6)


def test_no_other_discriminator_reaches_the_value(pair):
    p, q = on_grid(pair)
    best = theory.optimal_discriminator(p, q)
    top = theory.value(p, q, best, DX)
    for frequency in range(1, 30):
        other = (best + 0.05 * torch.sin(frequency * X)).clamp(1e-9, 1 - 1e-9)
        assert theory.value(p, q, other, DX) < top


def test_the_best_discriminator_symbolically():
    p, q, odds, d = *sympy.symbols("p q t", positive=True), sympy.symbols("d")
    f = p * sympy.log(d) + q * sympy.log(1 - d)
    assert sympy.solve(sympy.diff(f, d), d) == [p / (p + q)]
    assert sympy.diff(f, d, 2).subs(d, odds / (1 + odds)).simplify().is_negative


def test_divergences_against_quadrature(pair):
    p, q = on_grid(pair)
    assert theory.kl_divergence(p, q, DX) == pytest.approx(
        exact(lambda p, q: p * math.log(p / q), pair), abs=1e-6
    )
    normals = [Normal(float(d.mean()), float(d.std())) for d in PAIRS[pair]]
    assert theory.kl_divergence(p, q, DX) == pytest.approx(kl_divergence(*normals).item(), abs=1e-6)
    assert theory.js_divergence(p, q, DX) == pytest.approx(
        exact(
            lambda p, q: (p * math.log(2 * p / (p + q)) + q * math.log(2 * q / (p + q))) / 2, pair
        ),
        abs=1e-6,
    )
    tv = exact(lambda p, q: abs(p - q) / 2, pair, crossings(pair))
    assert theory.total_variation(p, q, DX) == pytest.approx(tv, abs=1e-6)


def test_total_variation_and_w1_in_closed_form():
    p, q = theory.gaussian(X, 0.0, 1.0), theory.gaussian(X, 1.0, 1.0)
    assert theory.total_variation(p, q, DX) == pytest.approx(math.erf(0.5 / math.sqrt(2)), abs=1e-6)
    assert theory.wasserstein1(p, q, DX) == pytest.approx(1, abs=1e-6)
    wide = theory.gaussian(X, 0.0, 1.4)  # same centre: W1 = (1.4 − 1)·E|z|
    expected = 0.4 * math.sqrt(2 / math.pi)
    assert theory.wasserstein1(p, wide, DX) == pytest.approx(expected, abs=1e-6)


def test_linear_game_is_one_minus_total_variation(pair):
    p, q = on_grid(pair)
    best = theory.linear_optimum(p, q)
    lowest = theory.linear_value(p, q, best, DX)
    assert lowest == pytest.approx(1 - theory.total_variation(p, q, DX).item(), abs=1e-6)
    tv = exact(lambda p, q: abs(p - q) / 2, pair, crossings(pair))
    assert lowest == pytest.approx(1 - tv, abs=1e-6)
    assert lowest < theory.linear_value(p, q, theory.optimal_discriminator(p, q), DX)
    assert lowest < theory.linear_value(p, q, (best + 0.01).clamp(0, 1), DX)


def test_equal_densities_are_the_global_optimum():
    p = theory.mixture(X, [-1.0, 2.0], [0.5, 1.0], [0.3, 0.7])
    assert theory.js_divergence(p, p, DX) == pytest.approx(0, abs=1e-12)
    assert theory.value(p, p, theory.optimal_discriminator(p, p), DX) == pytest.approx(
        -math.log(4), abs=1e-9
    )
    assert theory.wasserstein1(p, p, DX) == theory.total_variation(p, p, DX) == 0


def test_disjoint_supports_leave_only_w1():
    p = theory.raised_cosine(X, 0.0)
    place = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    q = theory.raised_cosine(X, place)
    expected = {
        theory.js_divergence: (math.log(2), 0),
        theory.total_variation: (1, 0),
        theory.wasserstein1: (4, 1),
    }
    for measure, (distance, slope) in expected.items():
        measured = measure(p, q, DX)
        (gradient,) = torch.autograd.grad(measured, place, retain_graph=True)
        assert measured.item() == pytest.approx(distance, abs=1e-6)
        assert gradient.item() == pytest.approx(slope, abs=1e-6)
    best = theory.optimal_discriminator(p, q.detach())
    assert set(best[(p + q.detach()) > 0].tolist()) == {0.0, 1.0}
    assert theory.value(p, q.detach(), best, DX) == pytest.approx(0, abs=1e-9)


def test_gradients_of_the_generator_are_those_of_the_divergences():
    p = theory.gaussian(X, 0.0, 1.0)
    mean = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    q = theory.gaussian(X, mean, 0.9)
    logits = theory.optimal_logits(p, q).detach()
    two_jsd = 2 * theory.js_divergence(p, q, DX)
    (jsd_slope,) = torch.autograd.grad(two_jsd, mean, retain_graph=True)
    (kl_slope,) = torch.autograd.grad(theory.kl_divergence(q, p, DX), mean)
    saturating, non_saturating = theory.generator_gradients(
        q.detach(), logits, theory.slope(logits, DX), DX
    )
    assert saturating == pytest.approx(jsd_slope.item(), abs=1e-6)
    assert non_saturating == pytest.approx((kl_slope - jsd_slope).item(), abs=1e-6)


@pytest.mark.parametrize("parameter", ["mean", "scale"])
def test_gradients_along_paths_equal_those_of_samples(parameter):
    theta = {
        name: torch.tensor(v, dtype=torch.float64, requires_grad=True)
        for name, v in (("mean", 0.7), ("scale", 1.2))
    }
    z, dz = theory.grid(-8, 8, 4001)
    samples, weight = theta["mean"] + theta["scale"] * z, theory.gaussian(z)

    def logit(x):
        return torch.sin(x) - 0.5 * x

    q = theory.gaussian(X, 0.7, 1.2)
    velocity = 1.0 if parameter == "mean" else (X - 0.7) / 1.2
    found = theory.generator_gradients(q, logit(X), torch.cos(X) - 0.5, DX, velocity)
    for gradient, sign in zip(found, (1, -1), strict=True):
        softplus = torch.nn.functional.softplus(sign * logit(samples))
        loss = theory.integrate(-sign * softplus * weight, dz)
        (expected,) = torch.autograd.grad(loss, theta[parameter], retain_graph=True)
        assert gradient == pytest.approx(expected.item(), abs=1e-6)


def test_saturation_at_logit_minus_50():
    a = torch.tensor(-50.0, dtype=torch.float64, requires_grad=True)
    (saturating,) = torch.autograd.grad(losses.saturating_generator_loss(a), a)
    (non_saturating,) = torch.autograd.grad(losses.generator_loss(a), a)
    assert saturating == pytest.approx(-1 / (1 + math.exp(50)), rel=1e-9)
    assert saturating == pytest.approx(-2e-22, rel=0.05)
    assert non_saturating == pytest.approx(-1, abs=1e-12)


def test_minus_log_one_minus_d_diverges_at_one():
    d = sympy.symbols("d", positive=True)
    assert sympy.limit(-sympy.log(1 - d), d, 1, "-") == sympy.oo
    certain = torch.tensor(800.0, dtype=torch.float64)
    assert -losses.saturating_generator_loss(certain) == 800  # −log(1 − D), exact in logits


def test_losses_at_logits_zero():
    zero = torch.zeros(3)
    assert losses.discriminator_loss(zero, zero) == pytest.approx(2 * math.log(2))
    assert losses.generator_loss(zero) == pytest.approx(math.log(2))
    assert losses.saturating_generator_loss(zero) == pytest.approx(-math.log(2))


def test_value_of_logits_stays_exact_where_d_rounds_to_one():
    p, q = theory.gaussian(X, 0.0, 2.0), theory.gaussian(X, 0.0, 0.5)
    assert theory.value(p, q, theory.optimal_discriminator(p, q), DX) == -math.inf
    value = theory.value_of_logits(p, q, theory.optimal_logits(p, q), DX)
    jsd = theory.js_divergence(p, q, DX)
    assert value == pytest.approx(-math.log(4) + 2 * jsd.item(), abs=1e-6)


def test_samples_follow_the_mixture():
    spec = {"means": [-2.0, 1.0], "stds": [0.3, 0.8], "weights": [0.25, 0.75]}
    generator = torch.Generator().manual_seed(0)
    samples = theory.sample_mixture(20_000, **spec, generator=generator)
    density = theory.mixture(X, **spec)

    def below(x):
        return torch.from_numpy(theory.cdf(density, DX).numpy()[((x + 10) / DX).astype(int)])

    assert samples.dtype == torch.float64
    assert stats.kstest(samples.numpy(), lambda x: below(x).numpy()).pvalue > 0.01


def test_the_plane():
    x, y, dx = theory.grid_2d(-6, 6, 241)
    assert x.shape == y.shape == (241, 241)
    assert y[1, 0] > y[0, 0] and x[0, 1] > x[0, 0]
    ring, round_one = theory.ring_2d(x, y), theory.gaussian_2d(x, y, (0.5, -1.0), 0.8)

    def integral(values):
        return theory.integrate(theory.integrate(values, dx), dx)

    assert integral(ring) == pytest.approx(1, abs=1e-9)
    assert integral(round_one * y) == pytest.approx(-1, abs=1e-6)
    assert integral(ring * (x**2 + y**2)) == pytest.approx(4 + 2 / 16, abs=1e-6)


def test_bad_input_is_named():
    p = theory.gaussian(X)
    with pytest.raises(ValueError, match="one grid"):
        theory.js_divergence(p, p[:-1], DX)
    with pytest.raises(ValueError, match="at least 0"):
        theory.total_variation(p, -p, DX)
    with pytest.raises(ValueError, match=r"D is in \[0, 1\]"):
        theory.value(p, p, 2 * torch.ones_like(p), DX)
    with pytest.raises(ValueError, match="weights"):
        theory.mixture(X, [0.0, 1.0], [1.0, 1.0], [0.5, 0.6])
    with pytest.raises(ValueError, match="low < high"):
        theory.grid(1, -1)


def test_nowhere_any_density_means_no_opinion():
    zero = torch.zeros(5, dtype=torch.float64)
    assert theory.optimal_discriminator(zero, zero).tolist() == [0.5] * 5
    assert theory.optimal_logits(zero, zero).tolist() == [0.0] * 5


# Lesson 09: exact flows. Data are a mixture whose p_t and velocity are known in closed form.
LINE, STEP = theory.grid(-8.0, 8.0, 1601)
MEANS, STDS, WEIGHTS = [-2.0, 1.0, 3.0], [0.5, 0.3, 0.6], [0.3, 0.5, 0.2]
TIMES = (0.0, 0.25, 0.5, 0.8, 0.95)


def mixture_at(t):
    """Return the parts of p_t, and of p_t·v, at the points of the grid: (3, n) each."""
    parts, pushed = [], []
    for mean, std, weight in zip(MEANS, STDS, WEIGHTS, strict=True):
        variance = (1 - t) ** 2 + (t * std) ** 2
        part = weight * theory.gaussian(LINE, t * mean, math.sqrt(variance))
        slope = (t * std**2 - (1 - t)) / variance  # cov(x1 − z, x_t) / var(x_t)
        parts.append(part)
        pushed.append(part * (mean + slope * (LINE - t * mean)))
    return torch.stack(parts), torch.stack(pushed)


@pytest.mark.parametrize("t", TIMES)
def test_the_exact_velocity_by_quadrature_is_that_of_the_closed_form(t):
    p = theory.mixture(LINE, MEANS, STDS, WEIGHTS)
    parts, pushed = mixture_at(t)
    density = theory.flow_density(LINE, t, p, LINE)
    torch.testing.assert_close(density, parts.sum(0), atol=1e-9, rtol=0)
    seen = parts.sum(0) > 1e-10  # farther out both numerator and denominator are rounding
    velocity = theory.flow_velocity(LINE, t, p, LINE)
    torch.testing.assert_close(
        velocity[seen], (pushed.sum(0) / parts.sum(0))[seen], atol=1e-4, rtol=0
    )
    assert velocity.isfinite().all()


def test_the_exact_velocity_is_the_mean_of_x_minus_z():
    """By the definition, with samples: among pairs whose x_t falls into a narrow bin."""
    chance = torch.Generator().manual_seed(0)
    x1 = theory.sample_mixture(400_000, MEANS, STDS, WEIGHTS, chance)
    z = torch.randn(len(x1), generator=chance, dtype=torch.float64)
    near = ((0.4 * z + 0.6 * x1) - 0.5).abs() < 0.02
    velocity = theory.flow_velocity(
        torch.tensor([0.5]).double(), 0.6, theory.mixture(LINE, MEANS, STDS, WEIGHTS), LINE
    )
    error = (x1 - z)[near].std() / near.sum().sqrt()
    assert velocity.item() == pytest.approx((x1 - z)[near].mean().item(), abs=4 * error.item())


def test_the_flow_of_a_gaussian_is_affine():
    """For N(μ, s²) a particle goes from z to μ + s·z: where it is at t is known."""
    mean, std, z = 1.5, 0.4, torch.linspace(-2, 2, 9).double()
    p = theory.gaussian(LINE, mean, std)
    for t in TIMES:
        width = math.sqrt((1 - t) ** 2 + (t * std) ** 2)
        h = 1e-5 if t else 0.0
        later = math.sqrt((1 - t - h) ** 2 + ((t + h) * std) ** 2)
        earlier = math.sqrt((1 - t + h) ** 2 + ((t - h) * std) ** 2)
        speed = mean + z * ((later - earlier) / (2 * h) if t else -1.0)
        velocity = theory.flow_velocity(t * mean + width * z, t, p, LINE)
        torch.testing.assert_close(velocity, speed, atol=1e-4, rtol=0)


@pytest.mark.parametrize("t", TIMES[1:])
def test_the_continuity_equation_holds(t):
    """∂p/∂t + ∂(p·v)/∂x = 0: no particle comes from nowhere."""
    p, h = theory.mixture(LINE, MEANS, STDS, WEIGHTS), 1e-4
    before, after = (theory.flow_density(LINE, t + sign * h, p, LINE) for sign in (-1, 1))
    flux = theory.flow_density(LINE, t, p, LINE) * theory.flow_velocity(LINE, t, p, LINE)
    change = (after - before) / (2 * h)
    assert (change + theory.slope(flux, STEP)).abs().max() < 0.02 * change.abs().max()


def test_a_time_too_near_to_the_data_is_refused():
    p = theory.gaussian(LINE)
    for t in (-0.1, 0.995, 1.0):
        for quadrature in (theory.flow_velocity, theory.flow_density):
            with pytest.raises(ValueError, match=r"t is 0 to 0.9901 on a grid with steps of 0.01"):
                quadrature(LINE, t, p, LINE)
