"""Lesson 08's pictures of shares with their intervals, side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_lib import figures
from course_lib.metrics import Estimate

MARKS = "osD^v"


def draw_estimates(
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
    figure, axis = figures.new(width=7.4, height=3.1)
    places, count = np.arange(len(ticks)), len(series)
    for index, (name, shares) in enumerate(series.items()):
        value, low, high = np.array(shares, float).T
        shift = (index - (count - 1) / 2) * (0.04 if joined else 0.6 / count)
        axis.errorbar(
            places + shift,
            value,
            yerr=np.maximum(0, [value - low, high - value]),
            fmt=MARKS[index],
            markersize=4.5,
            capsize=2,
            linewidth=1.4,
            color=figures.COLOURS[index],
            linestyle=figures.LINE_STYLES[index] if joined else "none",
            label=name,
        )
    crowded = max(map(len, ticks)) * len(ticks) > 75
    turned = {"rotation": 40, "ha": "right"} if crowded else {}
    axis.set_xticks(places, ticks, fontsize=8, **turned)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=min(count, 5), frameon=False, fontsize=8)
    return figure


def estimates(
    series: Mapping[str, Sequence[Estimate]],
    ticks: Sequence[str],
    title: str,
    alt: str,
    xlabel: str = "",
    ylabel: str = "share of images",
    joined: bool = False,
) -> None:
    """Show what `draw_estimates` draws, with alt text."""
    figure = draw_estimates(series, ticks, title, xlabel, ylabel, joined)
    figures.show(figure, alt, colours=64)
