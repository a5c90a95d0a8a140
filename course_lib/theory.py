"""Lessons 01 and 09 on a grid: the best discriminators, the divergences they measure, exact flows.

Everything is a pure function on float64 tensors. A density on a line is a tensor (n,) of its
values at the points `x` of a uniform grid, whose step is `dx`; several densities may be stacked
in front, (..., n). `p` is the density of the data, `q` that of the generator's images.

Integrals are sums by the trapezoidal rule. For a smooth density that has died out at both ends of
the grid its error falls exponentially with the number of points (Trefethen and Weideman 2014); a
kink, as in |p − q|, leaves an error of order dx². Either is far below 1e-6 on the default grid.
"""

import math

import torch
from torch.nn.functional import logsigmoid

Tensor = torch.Tensor


def grid(low: float = -10.0, high: float = 10.0, points: int = 20_001) -> tuple[Tensor, float]:
    """Return the points x (points,), float64, from `low` to `high`, and their distance dx."""
    if not low < high or points < 3:
        raise ValueError(f"a grid has low < high and 3 points, not {low}, {high}, {points}")
    return torch.linspace(low, high, points, dtype=torch.float64), (high - low) / (points - 1)


def gaussian(x: Tensor, mean: float | Tensor = 0.0, std: float | Tensor = 1.0) -> Tensor:
    """Return the density of N(mean, std²) at x; same shape. `mean` and `std` may want gradients."""
    z = (x - mean) / std
    return torch.exp(-(z**2) / 2) / (std * math.sqrt(2 * math.pi))


def mixture(x: Tensor, means: list[float], stds: list[float], weights: list[float]) -> Tensor:
    """Return Σ weights[k]·N(means[k], stds[k]²) at x; same shape.

    Raises:
        ValueError: the lists differ in length, or the weights do not sum to 1.
    """
    _check_weights(weights)
    parts = (w * gaussian(x, m, s) for w, m, s in zip(weights, means, stds, strict=True))
    return sum(parts, start=torch.zeros_like(x))


def sample_mixture(
    n: int,
    means: list[float],
    stds: list[float],
    weights: list[float],
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return n samples (n,), float64, of the same mixture."""
    _check_weights(weights)
    chances = torch.tensor(weights, dtype=torch.float64)
    parts = torch.multinomial(chances, n, replacement=True, generator=generator)
    noise = torch.randn(n, generator=generator, dtype=torch.float64)
    mean, std = (torch.tensor(values, dtype=torch.float64)[parts] for values in (means, stds))
    return mean + std * noise


def raised_cosine(x: Tensor, centre: float | Tensor = 0.0, reach: float = 1.0) -> Tensor:
    """Return a smooth bump: (1 + cos(π(x − centre)/reach)) / (2·reach) within `reach`, 0 outside.

    Unlike a Gaussian it is exactly zero from some point on, so that two supports can be disjoint.
    """
    u = ((x - centre) / reach).clamp(-1, 1)
    return (1 + torch.cos(math.pi * u)) / (2 * reach)


def integrate(values: Tensor, dx: float) -> Tensor:
    """Return the integral over the last axis by the trapezoidal rule: (..., n) -> (...)."""
    # torch.trapezoid gives nan, not −inf, where a value at the grid's end is −inf.
    return (values[..., 1:] + values[..., :-1]).sum(-1) * (dx / 2)


def cdf(p: Tensor, dx: float) -> Tensor:
    """Return the distribution function F(x) = ∫ p up to x: (..., n) -> (..., n), 0 at the left."""
    zero = torch.zeros_like(p[..., :1])
    return torch.cat([zero, torch.cumulative_trapezoid(p, dx=dx)], dim=-1)


def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    """Return D* = p/(p + q), in [0, 1]; ½ where both densities are 0, as any D serves there.

    Goodfellow et al. 2014, proposition 1.
    """
    _check(p, q)
    total = p + q
    return torch.where(total > 0, p / total.where(total > 0, torch.ones_like(total)), 0.5)


def optimal_logits(p: Tensor, q: Tensor) -> Tensor:
    """Return the logit of D*, log p − log q; 0 where both densities are 0, ±inf where one is."""
    _check(p, q)
    return torch.where((p > 0) | (q > 0), p.log() - q.log(), 0.0)


def value(p: Tensor, q: Tensor, d: Tensor, dx: float) -> Tensor:
    """Return V(D, G) = ∫ p log D + q log(1 − D) dx; −inf where D is certain and wrong.

    Goodfellow et al. 2014, equation 1. A D nearer to 1 than 1e-16 rounds to 1: where p and q are
    that different, `value_of_logits` stays exact.

    Raises:
        ValueError: D leaves [0, 1].
    """
    _check(p, q)
    if d.min() < 0 or d.max() > 1:
        raise ValueError(f"D is in [0, 1], not in [{d.min():.3g}, {d.max():.3g}]")
    return integrate(torch.xlogy(p, d) + torch.xlogy(q, 1 - d), dx)


def value_of_logits(p: Tensor, q: Tensor, logits: Tensor, dx: float) -> Tensor:
    """Return V(D, G) for D = sigmoid(logits); exact for logits of any finite size."""
    _check(p, q)
    return integrate(p * logsigmoid(logits) + q * logsigmoid(-logits), dx)


def kl_divergence(p: Tensor, q: Tensor, dx: float) -> Tensor:
    """Return KL(p‖q) = ∫ p log(p/q) dx in nats; in [0, ∞], and ∞ where q is 0 but p is not."""
    _check(p, q)
    return integrate(torch.xlogy(p, p) - torch.xlogy(p, q), dx)


def js_divergence(p: Tensor, q: Tensor, dx: float) -> Tensor:
    """Return JSD(p‖q) = ½KL(p‖m) + ½KL(q‖m) with m = (p + q)/2, in nats; in [0, log 2].

    Lin 1991.
    """
    _check(p, q)
    # With p + q in place of m nothing underflows, and log 2 for each half comes back at the end.
    total = p + q
    parts = torch.xlogy(p, p) - torch.xlogy(p, total) + torch.xlogy(q, q) - torch.xlogy(q, total)
    return integrate(parts + math.log(2) * total, dx) / 2


def total_variation(p: Tensor, q: Tensor, dx: float) -> Tensor:
    """Return TV(p, q) = ½∫|p − q| dx, in [0, 1]."""
    _check(p, q)
    return integrate((p - q).abs(), dx) / 2


def wasserstein1(p: Tensor, q: Tensor, dx: float) -> Tensor:
    """Return W1(p, q) = ∫|F_p − F_q| dx, in units of x: how far the mass has to travel on average.

    On a line only (Vallender 1974).
    """
    _check(p, q)
    return integrate((cdf(p, dx) - cdf(q, dx)).abs(), dx)


def linear_value(p: Tensor, q: Tensor, d: Tensor, dx: float) -> Tensor:
    """Return ∫ p(1 − D) + qD dx, which D minimises in the linear game; in [0, 2].

    Raises:
        ValueError: D leaves [0, 1].
    """
    _check(p, q)
    if d.min() < 0 or d.max() > 1:
        raise ValueError(f"D is in [0, 1], not in [{d.min():.3g}, {d.max():.3g}]")
    return integrate(p * (1 - d) + q * d, dx)


def linear_optimum(p: Tensor, q: Tensor) -> Tensor:
    """Return the best D of the linear game, 1 where p > q and 0 elsewhere; its value is 1 − TV."""
    _check(p, q)
    return (p > q).to(p.dtype)


def slope(values: Tensor, dx: float) -> Tensor:
    """Return the derivative of values (n,) along the grid, by differences of second order."""
    return torch.gradient(values, spacing=dx, edge_order=2)[0]


def generator_gradients(
    q: Tensor, logits: Tensor, logit_slope: Tensor, dx: float, velocity: float | Tensor = 1.0
) -> tuple[Tensor, Tensor]:
    """Return the gradients of E_q log(1 − D) (saturating) and of −E_q log D (non-saturating).

    D is held fixed, as in a step of G. A parameter θ of the generator moves a sample x with the
    velocity ∂x/∂θ. By the chain rule along the samples' paths, with a the logit,
    ∂/∂θ E log(1 − D) = −E[D·a′(x)·∂x/∂θ] and ∂/∂θ (−E log D) = −E[(1 − D)·a′(x)·∂x/∂θ].

    Args:
        q: the generator's density (n,).
        logits, logit_slope: D's logit a (n,) and its derivative a′(x) (n,).
        dx: the grid's step.
        velocity: ∂x/∂θ, a number or (n,): 1 for the position of q, (x − mean)/std for its scale.
    """
    push = q * logit_slope * velocity
    saturating = -integrate(push * torch.sigmoid(logits), dx)
    return saturating, -integrate(push * torch.sigmoid(-logits), dx)


def flow_density(at: Tensor, t: float, p: Tensor, x: Tensor) -> Tensor:
    """Return the density of x_t = (1 − t)·z + t·x1 at the positions `at`; same shape.

    z ~ N(0, 1) is noise, x1 ~ p is data, independent. At t = 0 all is noise, at t = 1 all is data.

    Args:
        at: positions of any shape, on the grid or between its points.
        t: 0 to nearly 1. The bell of width (1 − t)/t, by which the data are blurred, must not be
            narrower than a step of the grid.
        p: the density of the data (n,) at the points x (n,) of a uniform grid.

    Raises:
        ValueError: t is not in that interval.
    """
    _check_time(t, x)
    return integrate(p * gaussian(at[..., None], t * x, 1 - t), float(x[1] - x[0]))


def flow_velocity(at: Tensor, t: float, p: Tensor, x: Tensor) -> Tensor:
    """Return the exact velocity E[x1 − z | x_t = at], by quadrature; arguments as `flow_density`.

    Where x_t is known, z = (x_t − t·x1)/(1 − t). So x1 − z = (x1 − x_t)/(1 − t), and the mean of x1
    is all that is asked for. Lipman et al. 2023, equation 8.
    """
    _check_time(t, x)
    # Logarithms: far from the data all products of densities would round to 0.
    weights = (p.log() - ((at[..., None] - t * x) / (1 - t)).square() / 2).softmax(
        -1
    )  # p(x1 | x_t)
    return ((weights * x).sum(-1) - at) / (1 - t)


def grid_2d(
    low: float = -4.0, high: float = 4.0, points: int = 201
) -> tuple[Tensor, Tensor, float]:
    """Return x and y (points, points), y growing along the first axis, and their step dx."""
    line, dx = grid(low, high, points)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return x, y, dx


def gaussian_2d(x: Tensor, y: Tensor, mean: tuple[float, float], std: float) -> Tensor:
    """Return the density of a round Gaussian in the plane; same shape as x and y."""
    return gaussian(x, mean[0], std) * gaussian(y, mean[1], std)


def ring_2d(x: Tensor, y: Tensor, modes: int = 8, radius: float = 2.0, std: float = 0.25) -> Tensor:
    """Return the density of `modes` round Gaussians, evenly spaced on a circle around 0."""
    angles = [2 * math.pi * k / modes for k in range(modes)]
    centres = [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]
    rounds = (gaussian_2d(x, y, centre, std) for centre in centres)
    return sum(rounds, start=torch.zeros_like(x)) / modes


def _check(p: Tensor, q: Tensor) -> None:
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"p and q stand on one grid, not on {p.shape[-1]} and {q.shape[-1]} points"
        )
    if p.min() < 0 or q.min() < 0:
        raise ValueError(f"densities are at least 0, not {min(p.min(), q.min()):.3g}")


def _check_time(t: float, x: Tensor) -> None:
    dx = float(x[1] - x[0])
    if t < 0 or 1 - t < t * dx:
        raise ValueError(f"t is 0 to {1 / (1 + dx):.4g} on a grid with steps of {dx:.3g}, not {t}")


def _check_weights(weights: list[float]) -> None:
    if min(weights) < 0 or not math.isclose(sum(weights), 1, abs_tol=1e-9):
        raise ValueError(f"the weights of a mixture are at least 0 and sum to 1, not {weights}")
