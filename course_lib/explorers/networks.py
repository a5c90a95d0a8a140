"""Networks as explorers use them: in eval mode, without gradients, each on its own device."""

import copy
from typing import Any

import torch
from torch import nn

from course_lib.sampling import device_of
from course_lib.training import evaluating


def computed(model: nn.Module, *inputs: torch.Tensor, **options: Any) -> Any:
    """Return model(*inputs, **options), a tensor or several, on the CPU.

    The inputs may be on any device; the model may be in training mode, and stays so.
    """
    with evaluating(model):
        outputs = model(*(tensor.to(device_of(model)) for tensor in inputs), **options)
    if isinstance(outputs, torch.Tensor):
        return outputs.detach().cpu()
    return tuple(tensor.detach().cpu() for tensor in outputs)  # one may be a weight as it is


def on_cpu(model: nn.Module) -> nn.Module:
    """Return a model that is on the CPU as it is, and of another one a copy on the CPU."""
    return model if device_of(model).type == "cpu" else copy.deepcopy(model).cpu()


def expect(model: nn.Module, kind: str, *needed: str) -> None:
    """Raise ValueError unless a model has these attributes.

    Args:
        kind: what is expected, in words.
    """
    missing = [name for name in needed if not hasattr(model, name)]
    if missing:
        raise ValueError(
            f"expected {kind}, got {type(model).__name__} without {', '.join(missing)}"
        )


def encoded(
    vae: nn.Module, images: torch.Tensor, batch: int = 250
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mu and logvar of q(z|x), (N, z_dim) each, of images (N, C, H, W) in [-1, 1].

    Raises:
        ValueError: the model has no `encoder`, `decoder` or `z_dim`.
    """
    expect(vae, "a VAE with encoder, decoder and z_dim", "encoder", "decoder", "z_dim")
    parts = [computed(vae.get_submodule("encoder"), part) for part in images.split(batch)]
    mu, logvar = (torch.cat(halves) for halves in zip(*parts, strict=True))
    return mu, logvar


def decoded(vae: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Return the decoder's images (N, C, H, W) in [-1, 1] of z (N, z_dim)."""
    return computed(vae.get_submodule("decoder"), z)
