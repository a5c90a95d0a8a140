"""Latent vectors from a seed, and images in batches: what every generator is sampled with."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

import torch
from torch import nn

from course_lib import threads
from course_lib.layers import check_labels, expect_shape

Reads = Literal["nothing", "label", "caption"]
Asked = int | str | Sequence[int] | Sequence[str] | torch.Tensor


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


def device_of(model: nn.Module) -> torch.device:
    """Return the device that a model's parameters are on; without parameters, the CPU."""
    return next((weight.device for weight in model.parameters()), torch.device("cpu"))


@torch.no_grad()
def in_batches(model: nn.Module, *inputs: torch.Tensor, batch: int, **options: Any) -> torch.Tensor:
    """Return model(*inputs, **options), computed `batch` rows at a time, on the CPU.

    Runs in eval mode without gradients, and restores the modes.
    """
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    device = device_of(model)
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


def reads(generator: nn.Module | type[nn.Module]) -> Reads:
    """Return what a generator reads beside z, its attribute `reads`.

    A generator without it reads a label where it has `classes`, and else nothing.
    """
    return getattr(generator, "reads", "label" if hasattr(generator, "classes") else "nothing")


def size_of(generator: nn.Module) -> int:
    """Return how many random numbers decide an image: those of z, and of noise that comes later.

    They are the attributes `z_dim` and, where a generator has it, `noise_dim`.
    """
    return cast(int, generator.z_dim) + cast(int, getattr(generator, "noise_dim", 0))


def draw(
    generator: nn.Module, z: torch.Tensor, asked: Asked | None = None, batch: int = 100
) -> torch.Tensor:
    """Return the images (N, C, H, W) in [-1, 1] of the latent vectors z (N, `size_of`), on the CPU.

    Runs in eval mode without gradients, `batch` images at a time, and restores the mode. A
    generator is a module that is called with z, or with z and what it reads. Its attributes are
    `z_dim` and `reads`:

    - "nothing": z is all. Of an autoencoder, its `decoder` is called.
    - "label": labels int64 (N,), or their weights, float (N, classes). It has `classes`.
    - "caption": codes of captions, (N, D). It has `encode`, which makes them of a list of
      sentences, and `open_caption`, the sentence that leaves all open.

    Args:
        generator: as above.
        z: from `latents`, or from anywhere else.
        asked: a label, a caption, several of them or what the generator makes of them. Image i
            shows the i-th; where they are fewer than the images, they come in turn. None asks for
            all classes in turn, or for the caption that leaves all open.
        batch: images computed at a time.

    Raises:
        ValueError: z has another shape, something is asked of a generator that reads nothing, or a
            label is no class.
    """
    expect_shape(z, (None, size_of(generator)), "z")
    inputs = [z]
    if (codes := codes_of(generator, asked)) is not None:
        inputs.append(codes[torch.arange(len(z)) % len(codes)])
    network = getattr(generator, "decoder", generator)
    return in_batches(network, *inputs, batch=batch).clamp_(-1, 1)


def codes_of(generator: nn.Module, asked: Asked | None = None) -> torch.Tensor | None:
    """Return what a generator is called with beside z; arguments and errors as `draw`."""
    kind = reads(generator)
    if kind == "nothing":
        if asked is not None:
            raise ValueError(f"{type(generator).__name__} reads nothing beside z, got {asked!r}")
        return None
    if isinstance(asked, torch.Tensor) and asked.dim() > 1:
        return asked
    if kind == "label":
        classes = cast(int, generator.classes)
        labels = torch.as_tensor(range(classes) if asked is None else asked).reshape(-1)
        check_labels(labels, len(labels), classes)
        return labels
    captions = cast(str, generator.open_caption) if asked is None else asked
    encode = cast(Callable[[list[str]], torch.Tensor], generator.encode)
    return encode([captions] if isinstance(captions, str) else list(cast(list[str], captions)))


def sample(
    generator: nn.Module,
    n: int,
    seed: int = 0,
    batch: int = 100,
    asked: Asked | None = None,
) -> torch.Tensor:
    """Return n images with z ~ N(0, I), the same for the same seed, whatever the batch.

    Args:
        generator, asked: see `draw`.
        n: number of images.
        seed: of the latent vectors.
        batch: images computed at a time.
    """
    return draw(generator, latents(n, size_of(generator), seed), asked, batch)
