"""Points in a plane: samples of a two-dimensional distribution, codes."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from course_lib.figures.base import BLUE, COLOURS, MARKERS, ORANGE, new, shown


@shown()
def scatter(
    panels: Mapping[str, torch.Tensor | tuple[torch.Tensor, torch.Tensor]],
    target: torch.Tensor,
    reach: float = 3.0,
) -> Figure:
    """Return a figure with one panel per set of generated points, and the real points over them.

    Args:
        panels: title -> generated points (N, 2); or these and the discriminator's answers D(x) in
            [0, 1] on a grid (rows, columns) that fills the panel. The answers are drawn below the
            points: the darker, the surer D is of "real".
        target: real points (M, 2).
        reach: how far a panel goes from 0 in each direction.
    """
    width = 2.3 * len(panels) + 0.8
    figure, axes = new(len(panels), width=width, height=3.0, squeeze=False, sharey=True)
    figure.set_layout_engine("compressed")  # which knows that panels stay square
    mesh = None
    for axis, (title, shot) in zip(axes.flat, panels.items(), strict=True):
        points, answers = shot if isinstance(shot, tuple) else (shot, None)
        if answers is not None:
            extent = (-reach, reach, -reach, reach)
            look = {"cmap": "Blues", "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
            mesh = axis.imshow(answers.detach(), origin="lower", extent=extent, **look)
        axis.scatter(*points.detach().T, s=4, color=ORANGE, label="generated", linewidths=0)
        axis.scatter(*target.detach().T, s=1, color="0.25", label="real", linewidths=0)
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$x_1$")
        axis.set_title(title, fontsize=9)
    axes.flat[0].set_ylabel("$x_2$")
    if mesh is not None:
        figure.colorbar(mesh, ax=axes, shrink=0.7, label="D(x)")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, markerscale=4)
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
