"""The two halves of a VAE, as the explorers of lesson 03 use them."""

import torch
from torch import nn

from course_lib.training import evaluating


def encoded(
    vae: nn.Module, images: torch.Tensor, batch: int = 250
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mu and logvar of q(z|x), (N, z_dim) each, of images (N, C, H, W) in [-1, 1].

    Raises:
        ValueError: the model has no `encoder`, `decoder` or `z_dim`.
    """
    missing = [name for name in ("encoder", "decoder", "z_dim") if not hasattr(vae, name)]
    if missing:
        raise ValueError(
            "expected a VAE with encoder, decoder and z_dim, got "
            f"{type(vae).__name__} without {', '.join(missing)}"
        )
    encoder = vae.get_submodule("encoder")
    with evaluating(vae):
        parts = [encoder(part) for part in images.split(batch)]
        mu, logvar = (torch.cat(halves) for halves in zip(*parts, strict=True))
    return mu, logvar


def decoded(vae: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Return the decoder's images (N, C, H, W) in [-1, 1] of z (N, z_dim)."""
    decoder = vae.get_submodule("decoder")
    with evaluating(decoder):
        return decoder(z)
