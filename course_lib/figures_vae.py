"""Lesson 03's pictures: codes, gaps, estimates, bits per dimension, rate against distortion."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib import figures

MARKERS = ("o", "s", "^", "D", "v")


def draw_codes(codes: torch.Tensor, noise: torch.Tensor, title: str) -> Figure:
    """Return a figure of codes (N, 2) with noise (M, 2) over them, on one scale."""
    figure, axis = figures.new(width=5.0, height=3.4)
    axis.scatter(*codes.T, s=4, color="0.7", label="codes")
    axis.scatter(*noise.T, s=10, color=figures.BLUE, marker="x", label="N(0, I)")
    axis.set(title=title, xlabel="dimension 1 of the code", ylabel="dimension 2", aspect="equal")
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), markerscale=2)
    return figure


def codes(codes: torch.Tensor, noise: torch.Tensor, title: str, alt: str) -> None:
    """Show what `draw_codes` draws, with alt text."""
    figures.show(draw_codes(codes, noise, title), alt)


def draw_gap(
    means: torch.Tensor,
    stds: torch.Tensor,
    gap: torch.Tensor,
    posterior: tuple[float, float],
    title: str,
) -> Figure:
    """Return a map of the gap log p(x) − ELBO over q's mean and standard deviation.

    Args:
        means, stds: (m,) and (s,).
        gap: (s, m), in nats, at least 0.
        posterior: mean and standard deviation of the true posterior, marked by a star.
        title: the finding.
    """
    figure, axis = figures.new(width=5.2, height=3.0)
    levels = [0.0, 0.05, 0.2, 0.5, 1, 2, 4, 8, 16]
    mesh = axis.contourf(means, stds, gap, levels=levels, cmap="cividis", extend="max")
    lines = axis.contour(means, stds, gap, levels=levels[1:], colors="white", linewidths=0.6)
    axis.clabel(lines, fontsize=7, fmt="%g")
    axis.plot(*posterior, "*", color="white", markersize=15, markeredgecolor="k")
    axis.set(title=title, xlabel="mean of q (units of z)", ylabel="std of q (units of z)")
    figure.colorbar(mesh, ax=axis, label="log p(x) − ELBO in nats")
    return figure


def gap_map(
    means: torch.Tensor,
    stds: torch.Tensor,
    gap: torch.Tensor,
    posterior: tuple[float, float],
    title: str,
    alt: str,
) -> None:
    """Show what `draw_gap` draws, with alt text."""
    figures.show(draw_gap(means, stds, gap, posterior, title), alt)


def draw_estimates(estimates: Mapping[str, torch.Tensor], exact: float, xlabel: str) -> Figure:
    """Return a histogram per estimator, on one scale, with the exact value as a line.

    Args:
        estimates: name -> estimates (n,).
        exact: what all of them estimate.
        xlabel: what is estimated, with its unit.
    """
    figure, axes = figures.new(len(estimates), width=7.4, height=2.6, sharex=True, squeeze=False)
    for axis, (name, values) in zip(axes.flat, estimates.items(), strict=True):
        axis.hist(values.numpy(), bins=40, density=True, color=figures.BLUE)
        mean = values.mean()
        axis.axvline(mean, color=figures.ORANGE, linestyle="-", linewidth=2.4, label="their mean")
        axis.axvline(exact, color="black", linestyle="--", linewidth=1.4, label="exact")
        axis.set(title=f"{name}: std {values.std():.2f}", xlabel=xlabel, yticks=[])
    axes.flat[0].set_ylabel("density")
    axes.flat[0].legend(frameon=False, fontsize=8)
    return figure


def estimates(estimates: Mapping[str, torch.Tensor], exact: float, xlabel: str, alt: str) -> None:
    """Show what `draw_estimates` draws, with alt text."""
    figures.show(draw_estimates(estimates, exact, xlabel), alt)


def draw_lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    xlabel: str,
    ylabel: str,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> Figure:
    """Return a figure of points joined by lines, on two logarithmic axes.

    Args:
        series: name -> (x, y) pairs, all positive.
        title: the finding.
        xlabel, ylabel: with units.
        notes: name -> a short text beside each of its points.

    Raises:
        ValueError: a number is not positive.
    """
    figure, axis = figures.new(width=5.8, height=3.3)
    for marker, (name, points) in zip(MARKERS, series.items(), strict=False):
        if min(min(point) for point in points) <= 0:
            raise ValueError(f"logarithmic axes need positive numbers, not {name}: {points}")
        axis.plot(*zip(*points, strict=True), label=name, marker=marker, markersize=4)
        for point, note in zip(points, (notes or {}).get(name, ()), strict=False):
            axis.annotate(note, point, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log")
    axis.legend(frameon=False, fontsize=8)
    return figure


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    xlabel: str,
    ylabel: str,
    alt: str,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Show what `draw_lines` draws, with alt text."""
    figures.show(draw_lines(series, title, xlabel, ylabel, notes), alt)


def draw_kl_bars(models: Mapping[str, torch.Tensor]) -> Figure:
    """Return a row of bar charts: the KL of each latent dimension in nats, largest first.

    Args:
        models: name -> mean KL per dimension (z_dim,).
    """
    count = len(models)
    figure, axes = figures.new(count, width=2.5 * max(count, 2), height=2.3, sharey=True)
    panels = [axes] if count == 1 else axes
    for axis, (name, kl) in zip(panels, models.items(), strict=True):
        values = kl.sort(descending=True).values
        axis.bar(range(1, len(values) + 1), values.tolist(), color=figures.BLUE)
        used = int((values > 0.1).sum())
        axis.set(title=f"{name}: {used} of {len(values)} in use", xlabel="dimension, sorted")
        axis.title.set_fontsize(9)
    panels[0].set_ylabel("KL in nats")
    return figure


def kl_bars(models: Mapping[str, torch.Tensor], alt: str, caption: str = "") -> None:
    """Show what `draw_kl_bars` draws, with alt text."""
    figures.show(draw_kl_bars(models), alt, caption)
