"""Endless, seeded, resumable batches out of tensors that are held in memory."""

from typing import Any

import torch
from torch.nn.functional import avg_pool2d


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images (0 to 255) as float32 in [-1, 1], the range that every model uses."""
    if images.dtype != torch.uint8:
        raise TypeError(f"expected uint8 images, got {images.dtype}")
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Return float images in [-1, 1] as uint8, rounded; values outside the range are clipped."""
    if not images.is_floating_point():
        raise TypeError(f"expected float images, got {images.dtype}")
    whole = torch.empty(images.shape, dtype=torch.uint8, device=images.device)
    # Part by part: a second copy of 2,000 portraits as floats would take 98 MB.
    for part, target in zip(images.detach().split(250), whole.split(250), strict=True):
        target.copy_(part.add(1).mul_(127.5).round_().clamp_(0, 255))
    return whole


def shrunk(images: torch.Tensor, size: int) -> torch.Tensor:
    """Return square uint8 images (N, C, S, S) as (N, C, size, size): means of blocks, rounded.

    Raises:
        ValueError: S is not a multiple of size.
    """
    if images.shape[2] % size:
        raise ValueError(f"{images.shape[2]} pixels cannot be shared among {size}")
    if images.shape[2] == size:
        return images
    block = images.shape[2] // size
    # Part by part: all 14,000 portraits as floats would take 690 MB.
    return torch.cat([to_uint8(avg_pool2d(to_float(part), block)) for part in images.split(100)])


class Batches:
    """An endless iterator over shuffled batches.

    Batch number `position` depends on the seed and on that number alone, so that a run which is
    resumed at position 1,000 sees what an uninterrupted run would have seen. Each epoch has a new
    order; an incomplete last batch is left out, because batch normalisation dislikes small ones.
    """

    def __init__(
        self,
        *tensors: torch.Tensor,
        size: int,
        seed: int,
        device: torch.device | str,
        rows: slice = slice(None),
    ):
        lengths = {len(tensor) for tensor in tensors}
        if len(lengths) != 1:
            raise ValueError(f"all tensors need the same length, got {sorted(lengths)}")
        self.length = lengths.pop()
        if not 1 <= size <= self.length:
            raise ValueError(f"size is 1 to {self.length} (the number of images), not {size}")
        self.tensors, self.size, self.seed, self.device = tensors, size, seed, device
        self.rows = rows
        self.per_epoch = self.length // size
        self.position = 0
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __iter__(self):
        return self

    def __next__(self) -> Any:  # one tensor, or a tuple: whoever made the batches knows which
        epoch, index = divmod(self.position, self.per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._epoch, self._order = epoch, torch.randperm(self.length, generator=generator)
        chosen = self._order[index * self.size : (index + 1) * self.size][self.rows]
        self.position += 1
        batch = [tensor[chosen] for tensor in self.tensors]
        batch = [to_float(part) if part.dtype == torch.uint8 else part for part in batch]
        batch = [part.to(self.device) for part in batch]
        return batch[0] if len(batch) == 1 else tuple(batch)

    def state_dict(self) -> dict:
        return {"position": self.position}

    def load_state_dict(self, state: dict) -> None:
        self.position = int(state["position"])


def batches(
    *tensors: torch.Tensor,
    size: int = 64,
    seed: int = 0,
    device: torch.device | str = "cpu",
    rows: slice = slice(None),
) -> Batches:
    """Return endless, shuffled batches of the given tensors.

    uint8 images (N, C, H, W) come out as float32 in [-1, 1]; every other tensor as it is. Indexing
    a tensor in memory costs a fraction of what a `DataLoader` costs for images this small.

    Args:
        tensors: one or more tensors of the same length N.
        size: images in a batch, 1 to N.
        seed: fixes the order of all epochs.
        device: where the batches go.
        rows: of each batch; one process's share of it where several train together.

    Returns:
        An iterator; `next` gives one tensor, or a tuple where several were passed. It has
        `position`, `state_dict` and `load_state_dict` for resuming.

    Raises:
        ValueError: lengths differ, or `size` does not fit.
    """
    return Batches(*tensors, size=size, seed=seed, device=device, rows=rows)
