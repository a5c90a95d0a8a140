"""Lesson 07's pictures: what a step in z changes, and how far samples are from training data."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib import figures


def draw_effects(matrices: Mapping[str, torch.Tensor], names: Sequence[str]) -> Figure:
    """Return maps of what a step along each direction (row) changes in each attribute (column).

    Args:
        matrices: title -> (K, K), as `steering.effects` returns them, −1 to 1. Blue is less, red
            is more; numbers stand where they do not round to 0.
        names: of the K directions.
    """
    count = len(matrices)
    figure, axes = figures.new(count, width=4.1 * count + 0.8, height=4.0, squeeze=False)
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


def effects(
    matrices: Mapping[str, torch.Tensor], names: Sequence[str], alt: str, caption: str = ""
) -> None:
    """Show what `draw_effects` draws, with alt text."""
    figures.show(draw_effects(matrices, names), alt, caption, colours=256)


def draw_shares(values: Mapping[str, torch.Tensor], title: str, xlabel: str) -> Figure:
    """Return for each set of values (n,) the share that is at most x: its distribution function."""
    figure, axis = figures.new(width=6.0, height=2.6)
    for name, numbers in values.items():
        shares = torch.arange(1, len(numbers) + 1) / len(numbers)
        axis.plot(numbers.sort().values.numpy(), shares.numpy(), label=name, linewidth=1.6)
    axis.set(title=title, xlabel=xlabel, ylabel="share of images", ylim=(0, 1))
    axis.legend(frameon=False)
    return figure


def shares(values: Mapping[str, torch.Tensor], title: str, xlabel: str, alt: str) -> None:
    """Show what `draw_shares` draws, with alt text."""
    figures.show(draw_shares(values, title, xlabel), alt, colours=64)
