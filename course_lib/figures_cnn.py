"""Lesson 02's pictures: matrices with their numbers, confusion matrices, measures against size."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib import figures

MARKERS = ("o", "s", "^", "D", "v")


def draw_numbers(panels: Mapping[str, torch.Tensor]) -> Figure:
    """Return a figure of small matrices side by side, each cell with its number.

    Every panel has its own grey scale, from its smallest to its largest number.

    Args:
        panels: title -> values (H, W), at most 16 rows and columns.

    Raises:
        ValueError: a panel is no matrix, or too large to read.
    """
    for title, values in panels.items():
        if values.ndim != 2 or max(values.shape) > 16:
            raise ValueError(f"{title}: a matrix of at most 16 × 16, got {tuple(values.shape)}")
    columns = [values.shape[1] for values in panels.values()]
    rows = max(values.shape[0] for values in panels.values())
    figure, axes = figures.new(
        len(panels),
        width=0.36 * sum(columns) + 0.5 * len(panels),
        height=0.36 * rows + 0.5,
        squeeze=False,
        width_ratios=columns,
    )
    for axis, (title, values) in zip(axes.flat, panels.items(), strict=True):
        values = values.detach().double()
        low, high = float(values.min()), float(values.max())
        high = high if high > low else low + 1
        # Less than the whole range of greys, so that black and white numbers can be read on it.
        margin = 0.25 * (high - low)
        axis.imshow(values.numpy(), cmap="gray", vmin=low - margin, vmax=high + margin)
        for (row, column), value in zip(
            torch.cartesian_prod(*map(torch.arange, values.shape)).tolist(),
            values.flatten().tolist(),
            strict=True,
        ):
            colour = "white" if value < (low + high) / 2 else "black"
            axis.text(column, row, f"{value:.3g}", ha="center", va="center", color=colour, size=8)
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    return figure


def numbers(panels: Mapping[str, torch.Tensor], alt: str, caption: str = "") -> None:
    """Show what `draw_numbers` draws, with alt text."""
    figures.show(draw_numbers(panels), alt, caption)


def draw_confusion(
    matrix: torch.Tensor,
    names: Sequence[str],
    title: str,
    axes: tuple[str, str] = ("predicted", "true"),
) -> Figure:
    """Return a confusion matrix: shares of each true class (a row) by predicted class, in percent.

    Args:
        matrix: counts (K, K), true class by predicted class.
        names: of the K classes.
        title: the finding.
        axes: what the columns and what the rows stand for.

    Raises:
        ValueError: shapes do not fit, or a class has no image.
    """
    k = len(names)
    if matrix.shape != (k, k):
        raise ValueError(f"{k} names need a matrix ({k}, {k}), got {tuple(matrix.shape)}")
    totals = matrix.sum(dim=1, keepdim=True)
    if bool((totals == 0).any()):
        raise ValueError("every class needs an image")
    percent = 100 * matrix.double() / totals
    figure, axis = figures.new(width=0.5 * k + 1.6, height=0.42 * k + 1.5)
    # The diagonal dwarfs the rest: a root lifts the small numbers, which are the interesting ones.
    axis.imshow((percent / 100).sqrt().numpy(), cmap="Blues", vmin=0, vmax=1)
    for row in range(k):
        for column in range(k):
            share = percent[row, column].item()
            if round(share):  # what would read 0 stays empty
                colour = "white" if share > 35 else "black"
                axis.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour)
    axis.set_xticks(range(k), names, rotation=45, ha="right")
    axis.set_yticks(range(k), names)
    axis.set(title=title, xlabel=axes[0], ylabel=axes[1])
    axis.spines[["left", "bottom"]].set_visible(False)
    return figure


def confusion(
    matrix: torch.Tensor,
    names: Sequence[str],
    title: str,
    alt: str,
    axes: tuple[str, str] = ("predicted", "true"),
) -> None:
    """Show what `draw_confusion` draws, with alt text."""
    figure = draw_confusion(matrix, names, title, axes)
    figures.show(figure, alt, "percent of each row; below 0.5 empty")


def draw_against_size(
    sizes: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
) -> Figure:
    """Return a figure of measures against the number of images: means and the range of the draws.

    Args:
        sizes: numbers of images, on a logarithmic axis.
        panels: what is measured, with its unit -> name -> per size the values of several draws.
    """
    figure, axes = figures.new(len(panels), width=4.2 * max(len(panels), 1.4), squeeze=False)
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


def against_size(
    sizes: Sequence[int],
    panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    alt: str,
    caption: str = "",
) -> None:
    """Show what `draw_against_size` draws, with alt text."""
    figures.show(draw_against_size(sizes, panels), alt, caption)
