"""Lesson 08's pictures of motion: easings, and how fast a walk through z goes where."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from course_lib import figures
from course_lib.studio.loops import EASINGS, eased

_STYLES = dict(zip(EASINGS, ("-", "--", "-.", ":"), strict=True))


def draw_easings() -> Figure:
    """Return the curves of all easings, and beside them their speeds."""
    figure, (left, right) = figures.new(2, width=7.4, height=2.4)
    t = torch.linspace(0, 1 - 1e-9, 401, dtype=torch.float64, requires_grad=True)
    for name, style in _STYLES.items():
        p = eased(name, t)
        (speed,) = torch.autograd.grad(p.sum(), t)
        left.plot(t.detach(), p.detach(), style, label=name)
        right.plot(t.detach(), speed, style)
    left.set(title="Every easing ends where it began…", xlabel="time t", ylabel="share p behind")
    right.set(title="…and takes its time elsewhere", xlabel="time t", ylabel="speed dp/dt")
    right.axhline(0, color="#777777", linewidth=0.8)
    left.legend(fontsize=7)
    return figure


def easings(alt: str) -> None:
    """Show what `draw_easings` draws, with alt text."""
    figures.show(draw_easings(), alt, colours=64)


def draw_speeds(walks: Mapping[str, torch.Tensor], title: str) -> Figure:
    """Return a curve for each walk: the angle of each step, over the share of the steps behind.

    Args:
        walks: name -> angles in degrees (N,), as `loops.turns` returns them.
        title: says the finding.
    """
    figure, axis = figures.new(width=4.6, height=2.0)
    for (name, angles), style in zip(walks.items(), ("-", "--", "-.", ":"), strict=False):
        axis.plot((torch.arange(len(angles)) + 0.5) / len(angles), angles, style, label=name)
    axis.set(title=title, xlabel="time t", ylabel="degrees per step", ylim=(0, None))
    axis.legend(fontsize=7)
    return figure


def speeds(walks: Mapping[str, torch.Tensor], title: str, alt: str) -> None:
    """Show what `draw_speeds` draws, with alt text."""
    figures.show(draw_speeds(walks, title), alt, colours=64)
