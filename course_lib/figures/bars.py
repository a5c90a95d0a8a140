"""Histograms, bars, and estimates with their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_lib.figures.base import BLUE, COLOURS, LINE_STYLES, MARKERS, ORANGE, new, shown
from course_lib.metrics import Estimate


@shown()
def histograms(
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
    figure, axes = new(
        len(estimates), width=7.4, height=2.6, sharex=True, sharey=True, squeeze=False
    )
    for axis, (name, values) in zip(axes.flat, estimates.items(), strict=True):
        axis.hist(values.numpy(), bins=40, density=True, color=BLUE)
        mean = values.mean()
        axis.axvline(mean, color=ORANGE, linestyle="-", linewidth=2.4, label="their mean")
        axis.axvline(exact, color="black", linestyle="--", linewidth=1.4, label="exact")
        axis.set(title=f"{name}: std {values.std():.2f}", xlabel=xlabel, xlim=xlim)
    axes.flat[0].set_ylabel("density")
    axes.flat[0].legend(frameon=False, fontsize=8)
    return figure


@shown()
def kl_bars(models: Mapping[str, torch.Tensor]) -> Figure:
    """Return bar charts, three in a row: the KL of each latent dimension in nats, largest first.

    Args:
        models: name -> mean KL per dimension (z_dim,).
    """
    columns, rows = min(len(models), 3), -(-len(models) // 3)
    figure, axes = new(
        columns, rows, width=2.5 * max(columns, 2), height=2.1, sharey=True, squeeze=False
    )
    for axis in axes.flat[len(models) :]:
        axis.axis("off")
    for axis, (name, kl) in zip(axes.flat, models.items(), strict=False):
        values = kl.sort(descending=True).values
        axis.bar(range(1, len(values) + 1), values.tolist(), color=BLUE)
        used = int((values > 0.1).sum())
        axis.set_title(f"{name}: {used} of {len(values)} in use", fontsize=10)
    figure.supxlabel("dimension, sorted", fontsize=10)
    figure.supylabel("KL in nats", fontsize=10)
    return figure


@shown(colours=64)
def intervals(
    series: Mapping[str, Sequence[Estimate]],
    ticks: Sequence[str],
    title: str,
    xlabel: str = "",
    ylabel: str = "share of images",
    joined: bool = False,
) -> Figure:
    """Return points with their 95% intervals: a group of points for each tick, one per series.

    Args:
        series: at most 5, name -> one share for each tick.
        joined: points of a series are joined by lines, where ticks are steps of one quantity.
    """
    figure, axis = new(width=7.4, height=3.1)
    places, count = np.arange(len(ticks)), len(series)
    for index, (name, shares) in enumerate(series.items()):
        value, low, high = np.array(shares, float).T
        shift = (index - (count - 1) / 2) * (0.04 if joined else 0.6 / count)
        axis.errorbar(
            places + shift,
            value,
            yerr=np.maximum(0, [value - low, high - value]),
            fmt=MARKERS[index],
            markersize=4.5,
            capsize=2,
            linewidth=1.4,
            color=COLOURS[index],
            linestyle=LINE_STYLES[index] if joined else "none",
            label=name,
        )
    crowded = max(map(len, ticks)) * len(ticks) > 75
    turned = {"rotation": 40, "ha": "right"} if crowded else {}
    axis.set_xticks(places, ticks, fontsize=8, **turned)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=min(count, 5), frameon=False, fontsize=8)
    return figure
