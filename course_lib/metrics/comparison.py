"""The table that grows from lesson to lesson: sets of images against real ones."""

from collections.abc import Mapping

import torch
from torch import nn

from course_lib.metrics.distances import (
    Features,
    check,
    densities_and_coverages,
    frechet_distances,
    kernel_distances,
)
from course_lib.metrics.intervals import half_samples, interval
from course_lib.metrics.judge import features, judged
from course_lib.metrics.table import Comparison

FLOOR = "floor"  # the row of real images measured against other real images


def compare(
    real: torch.Tensor,
    samples: torch.Tensor | Mapping[str, torch.Tensor],
    judge: nn.Module,
    floor: torch.Tensor | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Comparison:
    """Return KID, FID-course, density and coverage (k = 5) of sets of samples, with intervals.

    Every row has N images and is measured against the same N real ones, because FID-course
    depends on N. The first row, "floor", is what other real images reach; no generator can be
    expected to do better.

    Args:
        real: held-out images, float in [-1, 1] or uint8, (M, C, H, W). From 2N of them, drawn at
            random, come the reference and the floor. Where `floor` is given, these are N.
        samples: N images as `real`, or name -> N images; a lone set is called "samples".
        judge: see the top of the package. If it tells class probabilities, a column holds the mean
            of the top one: unsure means unlike any class.
        floor: N other real images, where `real` is not enough for two sets.
        replicates: halves from which an interval is taken (see `intervals.py`).
        seed: of the split and of the halves.

    Returns:
        Row name -> column name -> `Estimate`. KID is the unscaled squared distance. An interval
        holds the figure to expect at this N with other images, real and generated, of the same
        kinds; it does not tell how another training of the generator would fare.

    Raises:
        ValueError: sets of different sizes or shapes, fewer than 12 images a set, too few real
            ones, a set called "floor", or features that are not finite.
    """
    sets = {"samples": samples} if isinstance(samples, torch.Tensor) else dict(samples)
    if not sets or FLOOR in sets:
        raise ValueError(f"samples are one set or more, none named {FLOOR!r}, got {list(sets)}")
    n = len(next(iter(sets.values())))
    if floor is None:
        if len(real) < 2 * n:
            raise ValueError(
                f"for sets of {n:,} samples, real holds {2 * n:,} images or more (the reference "
                f"and the floor), got {len(real):,}; or give {n:,} and as many more as floor="
            )
        order = torch.randperm(len(real), generator=torch.Generator().manual_seed(seed))
        real, floor = real[order[:n]], real[order[n : 2 * n]]
    sets = {FLOOR: floor, **sets}
    sizes = {"real": len(real), **{name: len(images) for name, images in sets.items()}}
    if len(set(sizes.values())) > 1 or n < 12:
        raise ValueError(f"all sets have the same number of images, 12 or more, got {sizes}")
    shapes = {tuple(images.shape[1:]) for images in (real, *sets.values())}
    if len(shapes) > 1:
        raise ValueError(f"images of all sets have one shape (C, H, W), got {sorted(shapes)}")

    reference = Features(features(judge, real), half_samples(n, replicates, seed))
    parts, rows = half_samples(n, replicates, seed + 1), {}
    for name, images in sets.items():
        found, chances = judged(judge, images)
        check(reference.rows, found)
        fake = Features(found, parts)
        densities, coverages = densities_and_coverages(reference, fake)
        rows[name] = {
            "KID": interval(kernel_distances(reference, fake)),
            "FID-course": interval(frechet_distances(reference, fake), least=0),
            "density": interval(densities, least=0),
            "coverage": interval(coverages, least=0, most=1),
        }
        if chances is not None:
            top = chances.max(dim=1).values.double()
            means = top @ fake.weights / fake.sizes
            rows[name]["mean top probability"] = interval(means, least=0, most=1)
    caption = (
        f"{n:,} images a row against {n:,} real ones, with 95% intervals. KID (not scaled) and "
        "FID-course: lower is better. Density and coverage: the floor's are the ones to reach. "
        "Floor: other real images."
    )
    return Comparison(rows, caption, n)
