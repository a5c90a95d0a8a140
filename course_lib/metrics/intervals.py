"""Intervals for measures of sets of images, by half-samples.

How far would a figure move with other images? The images at hand are drawn from anew: 200 times,
half of them, each at most once. The figure of a half moves about that of the whole set as much as
the latter about the truth: the variance of a mean over m of n rows, drawn without repeats, is
σ²(1/m − 1/n), and for m = n/2 this is σ²/n (the delete-half jackknife; Shao and Wu 1989).

The usual bootstrap draws n of n with repeats. Repeated rows are their own nearest neighbours and
equal pairs: they would falsify KID and coverage.
"""

import math

import torch

from course_lib.metrics.table import Estimate

NORMAL_95 = 1.959964  # 95% of a normal distribution lie within so many standard deviations


def half_samples(n: int, replicates: int, seed: int) -> torch.Tensor:
    """Return parts of n rows, bool (n, 1 + replicates): all rows, then halves drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(n, replicates, generator=generator).argsort(0)
    parts = torch.zeros(n, 1 + replicates, dtype=torch.bool)
    parts[:, 0] = True
    parts[:, 1:].scatter_(0, order[: n // 2], True)
    return parts


def interval(
    figures: torch.Tensor, least: float = float("-inf"), most: float = float("inf")
) -> Estimate:
    """Return the figure of a whole set with its 95% interval.

    The interval is the value plus the quantiles 0.025 and 0.975 of the halves' deviations from
    their own mean. From their mean, not from the value: the Fréchet distance of fewer images is
    larger on average, which is bias, not spread. It holds for images that were drawn one by one;
    for equal distributions (the floor) KID's and the Fréchet distance's come out wider than they
    need be, by up to √3, because there the estimators' spread is of second order.

    Args:
        figures: (1 + replicates,), the whole set's first, as `half_samples` orders them.
        least, most: bounds of the measure, at which the interval is cut off.
    """
    value, halves = figures[0].item(), figures[1:]
    shares = torch.tensor([0.025, 0.975], dtype=figures.dtype)
    low, high = value + (halves - halves.mean()).quantile(shares)
    return Estimate(value, max(least, low.item()), min(most, high.item()))


def share(hits: int, n: int) -> Estimate:
    """Return hits/n with its 95% interval (Wilson 1927).

    The interval holds the shares p that the count does not contradict: |hits/n − p| is at most
    1.96 √(p(1 − p)/n). It stays within [0, 1] and is honest about rare things: none of 100 says
    "at most 4%", where half-samples, none of which holds any, would say "0 for sure".

    Args:
        hits: how many of n images show what is counted.
        n: images, drawn one by one.

    Raises:
        ValueError: there is no image, or hits is not 0 to n.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"hits are 0 to n of 1 or more images, not {hits} of {n}")
    p, extra = hits / n, NORMAL_95**2 / n
    middle = (p + extra / 2) / (1 + extra)
    half = math.sqrt(extra * p * (1 - p) + extra**2 / 4) / (1 + extra)
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))
