"""Known damage to images, by which a measure shows what it notices and what it overlooks."""

import torch
from torch.nn import functional

from course_lib.data import to_float

KINDS = ("noise", "blur", "duplicates", "dropped class", "few")


def damaged(
    images: torch.Tensor,
    kind: str,
    amount: float,
    labels: torch.Tensor | None = None,
    seed: int = 0,
) -> torch.Tensor:
    """Return images with one kind of damage, float in [-1, 1]; the given ones stay as they are.

    Args:
        images: float in [-1, 1] or uint8, (N, C, H, W).
        kind: what is done, and by it what `amount` is.
            "noise": Gaussian noise of this standard deviation is added, the sum cut to [-1, 1].
            "blur": a Gaussian blur of this standard deviation in pixels.
            "duplicates": this number of the images, drawn at random, stand for all N in turn.
            "dropped class": the images of this label are left out; fewer than N come back.
            "few": this number of the images, drawn at random, come back.
        labels: integers (N,), for "dropped class" alone.
        seed: of what is drawn.

    Raises:
        ValueError: there is no such kind, or shape, amount or labels do not fit it.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(map(repr, KINDS))}, not {kind!r}")
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(f"images have shape (N, C, H, W), got {tuple(images.shape)}")
    n, generator = len(images), torch.Generator().manual_seed(seed)
    if kind == "dropped class":
        return _as_float(images[_others(labels, amount, n)])
    if kind in ("duplicates", "few"):
        if amount not in range(1, n + 1):
            raise ValueError(f"{kind!r} keeps 1 to {n} of {n} images, not {amount}")
        kept = torch.randperm(n, generator=generator)[: int(amount)]
        length = n if kind == "duplicates" else len(kept)
        return _as_float(images[kept[torch.arange(length) % len(kept)]])
    if not amount > 0:
        raise ValueError(f"the amount of {kind} is above 0, not {amount}")
    images = _as_float(images)
    if kind == "blur":
        return _blurred(images, amount)
    return (images + amount * torch.randn(images.shape, generator=generator)).clamp(-1, 1)


def _as_float(images: torch.Tensor) -> torch.Tensor:
    return to_float(images) if images.dtype == torch.uint8 else images


def _others(labels: torch.Tensor | None, label: float, n: int) -> torch.Tensor:
    """Return which of n images have another label than the one that is dropped, bool (n,)."""
    if labels is None or labels.shape != (n,):
        given = "none" if labels is None else f"shape {tuple(labels.shape)}"
        raise ValueError(f"a dropped class needs labels of shape ({n},), got {given}")
    others = labels != label
    if others.all() or not others.any():
        raise ValueError(
            f"label {label} cannot be dropped: the labels are {labels.unique().tolist()}"
        )
    return others


def _blurred(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return images (N, C, H, W) after a Gaussian blur; beyond an edge its pixels repeat."""
    reach = max(1, round(3 * sigma))  # three standard deviations hold 99.7% of a Gaussian
    weights = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights = weights / weights.sum()
    planes = images.flatten(0, 1)[:, None]  # (N · C, 1, H, W)
    planes = functional.pad(planes, (reach, reach, reach, reach), mode="replicate")
    # A Gaussian is a product: blurring rows, then columns, saves most of the sums.
    planes = functional.conv2d(planes, weights.view(1, 1, 1, -1))
    planes = functional.conv2d(planes, weights.view(1, 1, -1, 1))
    return planes.view(images.shape)
