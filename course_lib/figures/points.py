"""Points in a plane: samples of a two-dimensional distribution, codes."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from course_lib.figures.base import BLUE, COLOURS, MARKERS, new, shown


def scatter(panels: Mapping[str, torch.Tensor], target: torch.Tensor) -> Figure:
    """Return a figure with one panel per set of points (N, 2), over the target points (M, 2)."""
    figure, axes = new(len(panels), width=2.3 * len(panels), height=2.5, squeeze=False)
    for axis, (title, points) in zip(axes.flat, panels.items(), strict=True):
        axis.scatter(*target.detach().T, s=3, color="0.8", label="real")
        axis.scatter(*points.detach().T, s=3, color=BLUE, label="generated")
        axis.set(title=title, xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xlabel="$x_1$")
    axes.flat[0].set_ylabel("$x_2$")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, markerscale=3)
    return figure


@shown()
def codes(codes: Mapping[str, torch.Tensor], noise: torch.Tensor, title: str) -> Figure:
    """Return a figure of codes with noise over them, on one scale.

    Args:
        codes: name -> codes (n, 2); the first are grey and lie below the others.
        noise: (m, 2).
        title: the finding.
    """
    figure, axis = new(width=5.6, height=3.4)
    colours = ("0.75", *(colour for colour in COLOURS if colour != BLUE))
    for colour, marker, (name, points) in zip(colours, MARKERS, codes.items(), strict=False):
        axis.scatter(*points.T, s=8, color=colour, marker=marker, label=name)
    axis.scatter(*noise.T, s=14, color=BLUE, marker="x", label="N(0, I)")
    axis.set(
        title=title,
        xlabel="first direction of the codes",
        ylabel="second direction",
        aspect="equal",
    )
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), markerscale=2)
    return figure
