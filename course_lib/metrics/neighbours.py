"""Has a generator learnt images by heart? Its samples' nearest training images tell."""

import torch

from course_lib import threads
from course_lib.data import to_float


def _rows(images: torch.Tensor) -> torch.Tensor:
    return (to_float(images) if images.dtype == torch.uint8 else images).flatten(1)


def nearest(
    images: torch.Tensor, among: torch.Tensor, chunk: int = 250
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each image's distance to the nearest of other images, and which one it is.

    The distance is the Euclidean one over all pixels on the scale [-1, 1]. It says something only
    beside the same distances of images that were never trained on.

    Args:
        images: (N, C, H, W), float in [-1, 1] or uint8.
        among: (M, C, H, W), as `images`; usually the training set.
        chunk: so many of `images` and of `among` are compared at a time.

    Returns:
        Distances, float32 (N,), and indices into `among`, int64 (N,).

    Raises:
        ValueError: the shapes differ, or one of the sets is empty.
    """
    if images.shape[1:] != among.shape[1:] or not len(images) or not len(among):
        raise ValueError(
            "images and those to look among have one shape (C, H, W) and are not empty, got "
            f"{tuple(images.shape)} and {tuple(among.shape)}"
        )
    rows = _rows(images)
    best = torch.full((len(rows),), torch.inf)
    where = torch.zeros(len(rows), dtype=torch.long)
    for first in threads.tuned(range(0, len(among), chunk)):
        others = _rows(among[first : first + chunk])
        # Of what it compares, `cdist` makes three copies.
        distances = torch.cat([torch.cdist(part, others) for part in rows.split(chunk)])
        distances, index = distances.min(dim=1)
        closer = distances < best
        best = torch.where(closer, distances, best)
        where = torch.where(closer, first + index, where)
    return best, where
