"""Easings: how much of a closed walk is behind at each moment."""

import math
from collections.abc import Callable

import torch

# From t, float64 (N,) in [0, 1), to the share of the circle: all begin at 0 and end at 0 or 1.
EASINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "linear": lambda t: t,
    "ease in and out": lambda t: 3 * t**2 - 2 * t**3,
    "four rests": lambda t: t - torch.sin(8 * math.pi * t) / (8 * math.pi),
    "breathe": lambda t: (1 - torch.cos(2 * math.pi * t)) / 4,
}


def eased(easing: str, times: torch.Tensor) -> torch.Tensor:
    """Return the shares of the circle (N,), in [0, 1), that are behind at the times (N,).

    "linear": p = t, always the same speed. "ease in and out": p = 3t² − 2t³, from rest to rest.
    "four rests": p = t − sin(8πt)/8π, of speed 1 − cos(8πt), 0 at four places. "breathe":
    p = (1 − cos 2πt)/4, to the other side of the circle and back the same way.

    Args:
        easing: one of `EASINGS`.
        times: any real numbers; only what stands behind the point counts, so that t = 1 is t = 0.

    Raises:
        ValueError: there is no such easing.
    """
    if easing not in EASINGS:
        raise ValueError(f"easings are {', '.join(EASINGS)}, not {easing!r}")
    return EASINGS[easing](times.double() % 1.0)
