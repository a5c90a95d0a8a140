"""Latent vectors from a seed, and images in batches: what every generator is sampled with."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn

from course_lib import threads


def latents(n: int, z_dim: int, seed: int) -> torch.Tensor:
    """Return n latent vectors z ~ N(0, I), float32, (n, z_dim), the same for the same seed.

    The first rows do not depend on n.
    """
    if n < 1:
        raise ValueError(f"n is 1 or more, not {n}")
    # PyTorch draws normal numbers in blocks of 16 and an incomplete last block in another way.
    length = -(-n * z_dim // 16) * 16
    numbers = torch.randn(length, generator=torch.Generator().manual_seed(seed))
    return numbers[: n * z_dim].view(n, z_dim)


@contextmanager
def eval_mode(*models: nn.Module) -> Generator[None, None, None]:
    """Run the block with all models in eval mode, and restore the mode of every submodule.

    In training mode, batch normalisation would make each image depend on its neighbours, and would
    learn from the images that are being made.
    """
    modes = [(module, module.training) for model in models for module in model.modules()]
    for model in models:
        model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@torch.no_grad()
def in_batches(model: nn.Module, *inputs: torch.Tensor, batch: int, **options: Any) -> torch.Tensor:
    """Return model(*inputs, **options), computed `batch` rows at a time, on the CPU.

    Runs in eval mode without gradients, and restores the modes.
    """
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    device = next(model.parameters()).device
    first = 0
    outputs: torch.Tensor | None = None
    with eval_mode(model):
        for row in threads.tuned(zip(*(torch.split(x, batch) for x in inputs), strict=True)):
            part: torch.Tensor = model(*(tensor.to(device) for tensor in row), **options).cpu()
            if outputs is None:  # filled part by part: a list of parts, joined, needs it twice
                outputs = part.new_empty(len(inputs[0]), *part.shape[1:])
            outputs[first : first + len(part)] = part
            first += len(part)
    assert outputs is not None  # no rows at all make one part, an empty one
    return outputs


def z_dim_of(generator: nn.Module) -> int:
    """Return the length of the latent vectors that a generator takes, its attribute `z_dim`."""
    return cast(int, generator.z_dim)  # torch's stubs take all attributes for tensors or modules


def sample(generator: nn.Module, n: int, seed: int = 0, batch: int = 100) -> torch.Tensor:
    """Return n images generator(z) with z ~ N(0, I), the same for the same seed.

    Args:
        generator: maps z (N, z_dim) to images and has an attribute `z_dim`.
        n: number of images.
        seed: of the latent vectors, which do not depend on `batch`.
        batch: images computed at a time.
    """
    return in_batches(generator, latents(n, z_dim_of(generator), seed), batch=batch)
