"""Matrices with a number in each cell: small ones, confusions, effects."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib.figures.base import new, shown


@shown()
def numbers(panels: Mapping[str, torch.Tensor]) -> Figure:
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
    figure, axes = new(
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


@shown(caption="percent of each row; below 0.5 empty")
def confusion(
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
    figure, axis = new(width=0.5 * k + 1.6, height=0.42 * k + 1.5)
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


@shown(colours=256)
def effects(matrices: Mapping[str, torch.Tensor], names: Sequence[str]) -> Figure:
    """Return maps of what a step along each direction (row) changes in each attribute (column).

    Args:
        matrices: title -> (K, K), as `latent.effects` returns them, −1 to 1. Blue is less, red
            is more; numbers stand where they do not round to 0.
        names: of the K directions.
    """
    count = len(matrices)
    figure, axes = new(count, width=4.1 * count + 0.8, height=4.0, squeeze=False)
    for index, (axis, (title, matrix)) in enumerate(zip(axes.flat, matrices.items(), strict=True)):
        axis.imshow(matrix.numpy(), cmap="RdBu_r", vmin=-1, vmax=1)
        for row, column in torch.cartesian_prod(*2 * [torch.arange(len(names))]).tolist():
            value = matrix[row, column].item()
            if abs(value) >= 0.05:
                colour = "white" if abs(value) > 0.6 else "black"
                figure_of = f"{value:+.1f}".replace("-", "−")
                axis.text(column, row, figure_of, ha="center", va="center", size=7, color=colour)
        axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
        axis.set_yticks(range(len(names)), names if index == 0 else [], fontsize=8)
        axis.set(title=title, xlabel="what the judge reads")
    axes.flat[0].set_ylabel("a step along")
    return figure
