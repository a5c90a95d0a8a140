"""Lesson 01's pictures: curves over a grid and maps of the plane."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from course_lib import figures

Curves = Mapping[str, torch.Tensor]

# One look per quantity in all of lesson 01, by the first word of a curve's name.
LOOKS = {
    "p": (figures.BLUE, "-"),
    "q": (figures.ORANGE, "--"),
    "D*": (figures.GREEN, "-."),
    "a*": (figures.GREEN, "-."),
    "D": (figures.PURPLE, "-"),
    "a": (figures.PURPLE, "-"),
    "w": (figures.PURPLE, ":"),
    "early": ("0.55", ":"),
}


def draw_curves(
    x: torch.Tensor,
    panels: Mapping[str, Curves],
    labels: Sequence[str],
    xlabel: str = "x",
    between: tuple[float, float] | None = None,
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
    """
    low, high = between or (float(x.min()), float(x.max()))
    part = (x >= low) & (x <= high)
    kind = ""
    figure, axes = figures.new(len(panels), width=4.4 * max(len(panels), 1.35), squeeze=False)
    small = 8 if len(panels) < 3 else 10  # a page shrinks what is wider than itself
    for axis, (title, curves), label in zip(axes.flat, panels.items(), labels, strict=True):
        for name, values in curves.items():
            look = dict(zip(("color", "linestyle"), LOOKS.get(name.split()[0], ()), strict=False))
            axis.plot(x[part], values.detach()[part], label=name, linewidth=1.8, **look)
        axis.set(title=title, xlabel=xlabel, ylabel=label)
        kind = label or kind
        if kind.startswith(("probability", "D(x")):
            axis.axhline(0.5, color="0.8", linewidth=0.8, linestyle="-", zorder=0)
            axis.set_ylim(-0.03, 1.03)
        if len(curves) > 1:
            place = {}
            if len(panels) == 1:
                place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
            elif len(curves) > 2:  # no room inside
                place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": len(curves)}
            axis.legend(frameon=False, fontsize=small, **place)
    return figure


def curves(
    x: torch.Tensor,
    panels: Mapping[str, Curves],
    labels: Sequence[str],
    alt: str,
    xlabel: str = "x",
    between: tuple[float, float] | None = None,
) -> None:
    """Show what `draw_curves` draws, with alt text."""
    figures.show(draw_curves(x, panels, labels, xlabel, between), alt, colours=64)


def landscape(
    means: torch.Tensor, scales: torch.Tensor, values: torch.Tensor, title: str, alt: str
) -> None:
    """Show V(D*, G) over the generator's mean and scale, with its lowest point marked.

    Args:
        means, scales: (m,) and (s,).
        values: (s, m).
    """
    figure, axis = figures.new(width=5.6, height=3.2)
    mesh = axis.contourf(means, scales, values, levels=torch.arange(-14, 1) / 10, cmap="cividis")
    row, column = divmod(int(values.argmin()), values.shape[1])
    axis.plot(means[column], scales[row], "*", color="white", markersize=14, markeredgecolor="k")
    axis.set(title=title, xlabel="mean of q (units of x)", ylabel="scale of q (units of x)")
    figure.colorbar(mesh, ax=axis, label="V(D*, G) in nats")
    figures.show(figure, alt)


def plane(
    x: torch.Tensor,
    y: torch.Tensor,
    panels: Mapping[str, torch.Tensor],
    alt: str,
    caption: str = "",
    reach: float = 4.0,
) -> None:
    """Show maps of the plane side by side; a map called D* is coloured from 0 over ½ to 1.

    Args:
        x, y: (n, n), as `theory.grid_2d` returns them.
        panels: title -> values (n, n); a title that names "D*" gets the scale of probabilities.
        reach: how far the maps go from 0 in each direction.
    """
    figure, axes = figures.new(len(panels), width=3.2 * len(panels), height=3.0, sharey=True)
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        is_answer = "D*" in title
        limits = (0, 1) if is_answer else (0, float(values.max()))
        colours, unit = ("PuOr_r", "probability") if is_answer else ("cividis", "density")
        mesh = axis.pcolormesh(x, y, values, cmap=colours, vmin=limits[0], vmax=limits[1])
        if is_answer:
            axis.contour(x, y, values, levels=[0.5], colors="black", linewidths=1)
        axis.set(title=title, xlabel="x", aspect="equal")
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach))
        figure.colorbar(mesh, ax=axis, shrink=0.8, label=unit)
    axes[0].set_ylabel("y")
    figures.show(figure, alt, caption)
