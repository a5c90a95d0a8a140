"""Values over two quantities, as colours: a plane, a landscape, a gap."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from course_lib.figures.base import new, shown


@shown()
def landscape(
    means: torch.Tensor, scales: torch.Tensor, values: torch.Tensor, title: str
) -> Figure:
    """Return V(D*, G) over the generator's mean and scale, with its lowest point marked.

    Args:
        means, scales: (m,) and (s,).
        values: (s, m).
    """
    figure, axis = new(width=5.6, height=3.2)
    mesh = axis.contourf(means, scales, values, levels=torch.arange(-14, 1) / 10, cmap="cividis")
    row, column = divmod(int(values.argmin()), values.shape[1])
    axis.plot(means[column], scales[row], "*", color="white", markersize=14, markeredgecolor="k")
    axis.set(title=title, xlabel="mean of q (units of x)", ylabel="scale of q (units of x)")
    figure.colorbar(mesh, ax=axis, label="V(D*, G) in nats")
    return figure


@shown()
def plane(
    x: torch.Tensor,
    y: torch.Tensor,
    panels: Mapping[str, torch.Tensor],
    reach: float = 4.0,
) -> Figure:
    """Return maps of the plane side by side; a map called D* is coloured from 0 over ½ to 1.

    Args:
        x, y: (n, n), as `theory.grid_2d` returns them.
        panels: title -> values (n, n); a title that names "D*" gets the scale of probabilities.
        reach: how far the maps go from 0 in each direction.
    """
    figure, axes = new(len(panels), width=3.2 * len(panels), height=3.0, sharey=True)
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
    return figure


@shown()
def gap_map(
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
    figure, axis = new(width=5.2, height=3.0)
    levels = [0.0, 0.05, 0.2, 0.5, 1, 2, 4, 8, 16]
    mesh = axis.contourf(means, stds, gap, levels=levels, cmap="cividis", extend="max")
    lines = axis.contour(means, stds, gap, levels=levels[1:], colors="white", linewidths=0.6)
    axis.clabel(lines, fontsize=7, fmt="%g")
    axis.plot(*posterior, "*", color="white", markersize=15, markeredgecolor="k")
    axis.set(title=title, xlabel="mean of q (units of z)", ylabel="std of q (units of z)")
    figure.colorbar(mesh, ax=axis, label="log p(x) − ELBO in nats")
    return figure
