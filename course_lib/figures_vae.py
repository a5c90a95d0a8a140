"""Lesson 03's pictures: codes, gaps, estimates, bits per dimension, rate against distortion."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib import figures

MARKERS = ("o", "s", "^", "D", "v")


def draw_codes(codes: Mapping[str, torch.Tensor], noise: torch.Tensor, title: str) -> Figure:
    """Return a figure of codes with noise over them, on one scale.

    Args:
        codes: name -> codes (n, 2); the first are grey and lie below the others.
        noise: (m, 2).
        title: the finding.
    """
    figure, axis = figures.new(width=5.6, height=3.4)
    colours = ("0.75", *(colour for colour in figures.COLOURS if colour != figures.BLUE))
    for colour, marker, (name, points) in zip(colours, MARKERS, codes.items(), strict=False):
        axis.scatter(*points.T, s=8, color=colour, marker=marker, label=name)
    axis.scatter(*noise.T, s=14, color=figures.BLUE, marker="x", label="N(0, I)")
    axis.set(
        title=title,
        xlabel="first direction of the codes",
        ylabel="second direction",
        aspect="equal",
    )
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), markerscale=2)
    return figure


def codes(codes: Mapping[str, torch.Tensor], noise: torch.Tensor, title: str, alt: str) -> None:
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


def draw_estimates(
    estimates: Mapping[str, torch.Tensor],
    exact: float,
    xlabel: str,
    xlim: tuple[float, float] | None = None,
) -> Figure:
    """Return a histogram per estimator, on one scale, with the exact value as a line.

    Args:
        estimates: name -> estimates (n,).
        exact: what all of them estimate.
        xlabel: what is estimated, with its unit.
        xlim: what to show of it; by default all.
    """
    figure, axes = figures.new(
        len(estimates), width=7.4, height=2.6, sharex=True, sharey=True, squeeze=False
    )
    for axis, (name, values) in zip(axes.flat, estimates.items(), strict=True):
        axis.hist(values.numpy(), bins=40, density=True, color=figures.BLUE)
        mean = values.mean()
        axis.axvline(mean, color=figures.ORANGE, linestyle="-", linewidth=2.4, label="their mean")
        axis.axvline(exact, color="black", linestyle="--", linewidth=1.4, label="exact")
        axis.set(title=f"{name}: std {values.std():.2f}", xlabel=xlabel, xlim=xlim)
    axes.flat[0].set_ylabel("density")
    axes.flat[0].legend(frameon=False, fontsize=8)
    return figure


def estimates(
    estimates: Mapping[str, torch.Tensor],
    exact: float,
    xlabel: str,
    alt: str,
    xlim: tuple[float, float] | None = None,
) -> None:
    """Show what `draw_estimates` draws, with alt text."""
    figures.show(draw_estimates(estimates, exact, xlabel, xlim), alt)


def _plain(value: float, _position: int) -> str:
    # On a logarithmic axis 7, 8 and 9 stand too close to each other for a label each.
    return f"{value:,g}" if f"{value:e}"[0] in "12346" else ""


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
        notes: name -> a short text at each of its points, above and below the line by turns, so
            that neighbours do not touch.

    Raises:
        ValueError: a number is not positive.
    """
    figure, axis = figures.new(width=5.8, height=3.3)
    for marker, (name, points) in zip(MARKERS, series.items(), strict=False):
        if min(min(point) for point in points) <= 0:
            raise ValueError(f"logarithmic axes need positive numbers, not {name}: {points}")
        axis.plot(*zip(*points, strict=True), label=name, marker=marker, markersize=4)
        for k, (point, note) in enumerate(zip(points, (notes or {}).get(name, ()), strict=False)):
            offset, side = ((5, 4), "left") if k % 2 == 0 else ((-3, -12), "right")
            axis.annotate(note, point, offset, textcoords="offset points", ha=side, fontsize=8)
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log")
    for side in (axis.xaxis, axis.yaxis):
        low, high = side.get_data_interval()
        if high < 30 * low:  # hardly a power of ten lies within: 200, not 2 × 10²
            side.set_major_formatter(_plain)
            side.set_minor_formatter(_plain)
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
    figures.show(draw_lines(series, title, xlabel, ylabel, notes), alt, colours=64)


def draw_kl_bars(models: Mapping[str, torch.Tensor]) -> Figure:
    """Return bar charts, three in a row: the KL of each latent dimension in nats, largest first.

    Args:
        models: name -> mean KL per dimension (z_dim,).
    """
    columns, rows = min(len(models), 3), -(-len(models) // 3)
    figure, axes = figures.new(
        columns, rows, width=2.5 * max(columns, 2), height=2.1, sharey=True, squeeze=False
    )
    for axis in axes.flat[len(models) :]:
        axis.axis("off")
    for axis, (name, kl) in zip(axes.flat, models.items(), strict=False):
        values = kl.sort(descending=True).values
        axis.bar(range(1, len(values) + 1), values.tolist(), color=figures.BLUE)
        used = int((values > 0.1).sum())
        axis.set_title(f"{name}: {used} of {len(values)} in use", fontsize=10)
    figure.supxlabel("dimension, sorted", fontsize=10)
    figure.supylabel("KL in nats", fontsize=10)
    return figure


def kl_bars(models: Mapping[str, torch.Tensor], alt: str, caption: str = "") -> None:
    """Show what `draw_kl_bars` draws, with alt text."""
    figures.show(draw_kl_bars(models), alt, caption)
