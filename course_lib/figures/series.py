"""Curves: losses over steps, functions over a grid, measures over sizes, speeds over time."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.figure import Figure

from course_lib.figures.base import (
    BLUE,
    GREEN,
    LINE_STYLES,
    MARKERS,
    ORANGE,
    PURPLE,
    RED,
    new,
    shown,
)
from course_lib.latent.easings import EASINGS, eased

Curves = Mapping[str, torch.Tensor]

# One look per quantity in all of unit 01, by the first word of a curve's name.
LOOKS = {
    "p": (BLUE, "-"),
    "q": (ORANGE, "--"),
    "D*": (GREEN, "-."),
    "a*": (GREEN, "-."),
    "D": (PURPLE, "-"),
    "a": (PURPLE, "-"),
    "w": (PURPLE, ":"),
    "early": ("0.55", ":"),
    "m": ("0.2", ":"),
    "JSD": ("0.2", "-"),
    "TV": ("0.5", "--"),
    "W1": (RED, "-."),
    "saturating": ("0.5", "--"),
    "non-saturating": ("0.1", "-"),
}


def smooth(values: Sequence[float], window: int) -> np.ndarray:
    """Return the running mean over the last `window` values (fewer at the beginning)."""
    sums = np.cumsum(np.insert(np.asarray(values, float), 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


@shown(colours=64)
def curves(
    history: Mapping[str, Sequence[float]],
    title: str = "",
    window: int = 25,
    ylabel: str = "",
    xlabel: str = "step",
    every: int = 1,
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """Return the loss curves of a history, smoothed over `window` steps.

    Args:
        history: name -> one value per step, as `fit` returns it.
        title: the finding, in a few words.
        window: steps of the running mean.
        ylabel: what is drawn; by default the loss.
        xlabel: what the values are counted in.
        every: steps from one value to the next.
        levels: name -> a height to compare the curves with, drawn as a dotted line.
    """
    figure, axis = new(width=6.0, height=2.6)
    for name, values in history.items():
        steps = range(every, every * len(values) + 1, every)
        axis.plot(steps, smooth(values, window), label=name, linewidth=1.4)
    for name, level in (levels or {}).items():
        axis.axhline(level, color="0.5", linewidth=0.8, linestyle=":")
        axis.annotate(
            name,
            (1, level),
            (3, 0),
            ("axes fraction", "data"),
            "offset points",
            va="center",
            fontsize=8,
        )
    axis.set(xlabel=xlabel, ylabel=ylabel or f"loss (mean of {window} steps)", title=title)
    if len(history) > 1:
        axis.legend(frameon=False)
    return figure


@shown()
def losses_side_by_side(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    window: int = 10,
    every: int = 1,
    reach: tuple[float, float] | None = None,
) -> Figure:
    """Return the loss curves of several trainings, four in a row, all on one scale.

    Args:
        histories: title -> name -> values.
        window: values of the running mean.
        every: steps from one value to the next.
        reach: lowest and highest loss shown; what lies beyond is cut off. All by default.
    """
    rows = -(-len(histories) // 4)
    columns = min(4, len(histories))
    figure, axes = new(
        columns, rows, width=2.4 * columns, height=2.1, sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    for axis in axes.flat[len(histories) :]:
        axis.set_axis_off()
    for axis, (title, history) in zip(axes.flat, histories.items(), strict=False):
        for name, values in history.items():
            steps = range(every, every * len(values) + 1, every)
            axis.plot(steps, smooth(values, window), label=name, linewidth=1.2)
        axis.set(title=title, xlabel="step")
        axis.axhline(0, color="0.7", linewidth=0.8, linestyle=":")
    axes[0, 0].set(ylabel="loss", ylim=reach)
    axes[0, 0].legend(frameon=False, fontsize=8)
    return figure


@shown(colours=64)
def functions(
    x: torch.Tensor,
    panels: Mapping[str, Curves],
    labels: Sequence[str],
    xlabel: str = "x",
    between: tuple[float, float] | None = None,
    width: float = 4.4,
    marks: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Return a figure of one panel per title, side by side, with the named curves over x.

    Args:
        x: the points (n,).
        panels: title -> name -> values (n,). Names that begin with a word of `LOOKS` have its
            colour and line, the others those of the course in turn.
        labels: what stands beside each vertical axis, with its unit; an axis of probabilities or
            of "D(x)" or "D(x, y)" reaches from 0 to 1, with a thin line at ½. An empty label
            stands for the one to its left.
        xlabel: what stands under the horizontal axes.
        between: the part of x to show; all of it by default.
        width: of one panel, in inches. More than three panels with the same curves share a legend.
        marks: title -> places on the axis of x; a dotted line there, and a dot on each curve.
    """
    low, high = between or (float(x.min()), float(x.max()))
    part = (x >= low) & (x <= high)
    kind = ""
    figure, axes = new(len(panels), width=width * max(len(panels), 1.35), squeeze=False)
    small = 8 if len(panels) < 3 else 10  # a page shrinks what is wider than itself
    together = len(panels) > 3 and len({tuple(curves) for curves in panels.values()}) == 1
    for axis, (title, curves), label in zip(axes.flat, panels.items(), labels, strict=True):
        for name, values in curves.items():
            look = dict(zip(("color", "linestyle"), LOOKS.get(name.split()[0], ()), strict=False))
            axis.plot(x[part], values.detach()[part], label=name, linewidth=1.8, **look)
        axis.set(title=title, xlabel=xlabel, ylabel=label)
        kind = label or kind
        if kind.startswith(("probability", "D(x")):
            axis.axhline(0.5, color="0.8", linewidth=0.8, linestyle="-", zorder=0)
            axis.set_ylim(-0.03, 1.03)
        for mark in (marks or {}).get(title, ()):
            axis.axvline(mark, color="0.6", linewidth=0.9, linestyle=":", zorder=0)
            for values in curves.values():
                axis.plot(mark, np.interp(mark, x, values.detach()), "o", color="0.1", ms=4)
        if len(curves) > 1 and not together:
            place = {}
            if len(panels) == 1:
                place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
            elif len(curves) > 2:  # no room inside
                place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": len(curves)}
            axis.legend(frameon=False, fontsize=small, **place)
    if together:
        lines, names = axes.flat[0].get_legend_handles_labels()
        figure.legend(lines, names, loc="outside lower center", ncols=len(names), frameon=False)
    return figure


@shown()
def against_size(
    sizes: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
) -> Figure:
    """Return a figure of measures against the number of images: means and the range of the draws.

    Args:
        sizes: numbers of images, on a logarithmic axis.
        panels: what is measured, with its unit -> name -> per size the values of several draws.
    """
    figure, axes = new(len(panels), width=4.2 * max(len(panels), 1.4), squeeze=False)
    for axis, (measure, curves) in zip(axes.flat, panels.items(), strict=True):
        for marker, (name, draws) in zip(MARKERS, curves.items(), strict=False):
            means = [sum(values) / len(values) for values in draws]
            axis.plot(sizes, means, label=name, marker=marker, markersize=4)
            lows, highs = [min(values) for values in draws], [max(values) for values in draws]
            axis.fill_between(sizes, lows, highs, alpha=0.2)
        axis.set(xlabel="images in each set", ylabel=measure, xscale="log")
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.minorticks_off()
        axis.axhline(0, color="0.7", linewidth=0.8, linestyle="-", zorder=0)
        axis.legend(frameon=False, fontsize=8)
    return figure


def _plain(value: float, _position: float) -> str:
    # On a logarithmic axis 7, 8 and 9 stand too close to each other for a label each.
    return f"{value:,g}" if f"{value:e}"[0] in "12346" else ""


@shown(colours=64)
def lines(
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
    figure, axis = new(width=5.8, height=3.3)
    for marker, (name, points) in zip(cycle(MARKERS), series.items(), strict=False):
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


@shown()
def paths(
    panels: Mapping[str, torch.Tensor], ylabel: str = "position", reach: float | None = None
) -> Figure:
    """Return a figure of points that move on a line, one panel per title, over the time t.

    Args:
        panels: title -> positions (times, n), the times from t = 0 to t = 1 in equal steps.
        ylabel: what the vertical axes show.
        reach: how far they go from 0 in both directions; by default as far as the points.

    A path's colour goes from dark to light by its position at t = 0.
    """
    figure, axes = new(len(panels), width=4.2 * max(len(panels), 1.4), squeeze=False, sharey=True)
    for axis, (title, positions) in zip(axes.flat, panels.items(), strict=True):
        times = torch.linspace(0, 1, len(positions))
        order = positions[0].argsort()
        for path, share in zip(positions[:, order].T, np.linspace(0, 1, len(order)), strict=True):
            axis.plot(times, path, "-", color=colormaps["cividis"](share), linewidth=1.1)
        axis.set(title=title, xlabel="time t (0: noise, 1: data)")
    axes.flat[0].set_ylabel(ylabel)
    if reach is not None:
        axes.flat[0].set_ylim(-reach, reach)
    return figure


@shown(colours=64)
def cumulative(values: Mapping[str, torch.Tensor], title: str, xlabel: str) -> Figure:
    """Return for each set of values (n,) the share that is at most x: its distribution function."""
    figure, axis = new(width=6.0, height=2.6)
    for name, numbers in values.items():
        shares = torch.arange(1, len(numbers) + 1) / len(numbers)
        axis.plot(numbers.sort().values.numpy(), shares.numpy(), label=name, linewidth=1.6)
    axis.set(title=title, xlabel=xlabel, ylabel="share of images", ylim=(0, 1))
    axis.legend(frameon=False)
    return figure


@shown(colours=64)
def easings() -> Figure:
    """Return the curves of all easings, and beside them their speeds."""
    figure, (left, right) = new(2, width=7.4, height=2.4)
    t = torch.linspace(0, 1 - 1e-9, 401, dtype=torch.float64, requires_grad=True)
    for name, style in zip(EASINGS, LINE_STYLES, strict=False):
        p = eased(name, t)
        (speed,) = torch.autograd.grad(p.sum(), t)
        left.plot(t.detach(), p.detach(), style, label=name)
        right.plot(t.detach(), speed, style)
    left.set(title="Every easing ends where it began…", xlabel="time t", ylabel="share p behind")
    right.set(title="…and takes its time elsewhere", xlabel="time t", ylabel="speed dp/dt")
    right.axhline(0, color="#777777", linewidth=0.8)
    left.legend(fontsize=7)
    return figure


@shown(colours=64)
def speeds(walks: Mapping[str, torch.Tensor], title: str) -> Figure:
    """Return a curve for each walk: the angle of each step, over the share of the steps behind.

    Args:
        walks: name -> angles in degrees (N,), as `latent.turns` returns them.
        title: says the finding.
    """
    figure, axis = new(width=4.6, height=2.0)
    for (name, angles), style in zip(walks.items(), LINE_STYLES, strict=False):
        axis.plot((torch.arange(len(angles)) + 0.5) / len(angles), angles, style, label=name)
    axis.set(title=title, xlabel="time t", ylabel="degrees per step", ylim=(0, None))
    axis.legend(fontsize=7)
    return figure
