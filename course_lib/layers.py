"""Building blocks and small tools that two models or more share."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

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
def eval_mode(*models: nn.Module) -> Iterator[None]:
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
def in_batches(model: nn.Module, *inputs: torch.Tensor, batch: int, **options) -> torch.Tensor:
    """Return model(*inputs, **options), computed `batch` rows at a time, on the CPU.

    Runs in eval mode without gradients, and restores the modes.
    """
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    device = next(model.parameters()).device
    first, outputs = 0, None
    with eval_mode(model):
        for row in threads.tuned(zip(*(tensor.split(batch) for tensor in inputs), strict=True)):
            part = model(*(tensor.to(device) for tensor in row), **options).cpu()
            if outputs is None:  # filled part by part: a list of parts, joined, needs it twice
                outputs = part.new_empty(len(inputs[0]), *part.shape[1:])
            outputs[first : first + len(part)] = part
            first += len(part)
    return outputs


def sample(generator: nn.Module, n: int, seed: int = 0, batch: int = 100) -> torch.Tensor:
    """Return n images generator(z) with z ~ N(0, I), the same for the same seed.

    Args:
        generator: maps z (N, z_dim) to images and has an attribute `z_dim`.
        n: number of images.
        seed: of the latent vectors, which do not depend on `batch`.
        batch: images computed at a time.
    """
    return in_batches(generator, latents(n, generator.z_dim, seed), batch=batch)


def expect_shape(tensor: torch.Tensor, shape: tuple[int | None, ...], name: str) -> None:
    """Raise ValueError unless `tensor` has `shape`, where None stands for any length.

    Models say x.shape[0] for the length of their batch, not len(x): the exporter to ONNX takes the
    latter for a number that never changes.
    """
    fits = tensor.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("N" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} has shape ({wanted}), got {tuple(tensor.shape)}")


def _shifted_sum(weight: torch.Tensor) -> torch.Tensor:
    """Return the sum of a kernel's four copies, shifted by 0 or 1 in height and in width.

    (O, I, 3, 3) -> (O, I, 4, 4): the full convolution of the kernel with a 2×2 block of ones.
    """
    expect_shape(weight, (None, None, 3, 3), "the weight")
    w = functional.pad(weight, (1, 1, 1, 1))
    return w[..., 1:, 1:] + w[..., 1:, :-1] + w[..., :-1, 1:] + w[..., :-1, :-1]


def upsample_kernel(weight: torch.Tensor) -> torch.Tensor:
    """Return the kernel of `conv_transpose2d` that upsamples and convolves at once.

    functional.conv_transpose2d(x, upsample_kernel(weight), stride=2, padding=1) equals nearest
    upsampling by 2, then a 3×3 convolution with padding 1. Two neighbours of the upsampled image
    are copies of one pixel: their weights are summed instead of multiplied by it one by one. Four
    products per output pixel and pair of channels are left of nine.

    Args:
        weight: of the 3×3 convolution, (out_channels, in_channels, 3, 3); gradients flow to it,
            and so do gradients of gradients.

    Returns:
        (in_channels, out_channels, 4, 4), as transposed convolutions have it.

    Raises:
        ValueError: the weight has another shape.
    """
    # A transposed convolution spreads each pixel where a convolution gathers: the kernel turns.
    return _shifted_sum(weight.flip(2, 3)).transpose(0, 1)


def downsample_kernel(weight: torch.Tensor) -> torch.Tensor:
    """Return the kernel of `conv2d` that convolves and pools at once.

    functional.conv2d(x, downsample_kernel(weight), stride=2, padding=1) equals a 3×3 convolution
    with padding 1, then 2×2 average pooling. Sixteen products per output pixel and pair of
    channels are left of 36.

    Args:
        weight: of the 3×3 convolution, (out_channels, in_channels, 3, 3); gradients flow to it,
            and so do gradients of gradients.

    Returns:
        (out_channels, in_channels, 4, 4).

    Raises:
        ValueError: the weight has another shape.
    """
    return _shifted_sum(weight) / 4


class UpsampleConv2d(nn.Conv2d):
    """Nearest upsampling by 2, then a 3×3 convolution with padding 1, as one operation.

    Its parameters are those of nn.Conv2d(in_channels, out_channels, 3, padding=1), so that weights
    can be copied either way; see `upsample_kernel`.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True):
        super().__init__(in_channels, out_channels, 3, padding=1, bias=bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, 2H, 2W)."""
        expect_shape(images, (None, self.in_channels, None, None), "the input")
        kernel = upsample_kernel(self.weight)
        return functional.conv_transpose2d(images, kernel, self.bias, stride=2, padding=1)


class DownsampleConv2d(nn.Conv2d):
    """A 3×3 convolution with padding 1, then 2×2 average pooling, as one operation.

    Its parameters are those of nn.Conv2d(in_channels, out_channels, 3, padding=1), so that weights
    can be copied either way; see `downsample_kernel`.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True):
        super().__init__(in_channels, out_channels, 3, padding=1, bias=bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H/2, W/2), odd lengths rounded down."""
        expect_shape(images, (None, self.in_channels, None, None), "the input")
        kernel = downsample_kernel(self.weight)
        return functional.conv2d(images, kernel, self.bias, stride=2, padding=1)
