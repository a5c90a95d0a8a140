"""Lesson 03: how well a VAE explains images, by two lower bounds of log p(x).

The ELBO is Kingma and Welling's (2014, equation 3), the importance-weighted bound that of Burda,
Grosse and Salakhutdinov (2016, equation 8).
"""

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from course_lib.data import to_float
from course_lib.sampling import in_batches, latents

if TYPE_CHECKING:  # `vae` imports this file
    from course_lib.models.vae import VAE


class _Bounds(nn.Module):
    """ELBO and importance-weighted bound, (N, 2), of images (N, …) for noise (N, k, z_dim)."""

    def __init__(self, vae: "VAE"):
        super().__init__()
        self.vae = vae

    def forward(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        images = to_float(images) if images.dtype == torch.uint8 else images
        n, k, z_dim = noise.shape
        mu, logvar = (part.unsqueeze(1) for part in self.vae.encode(images))  # (N, 1, z_dim)
        noise = noise.to(mu.dtype)
        z = mu + (logvar / 2).exp() * noise  # as `vae.reparameterise`
        means = self.vae.decode(z.view(n * k, z_dim)).reshape(n, k, -1)
        pixels = images.flatten(1).unsqueeze(1)  # (N, 1, pixels)
        variance = self.vae.sigma**2
        errors = (pixels - means).square().sum(dim=2)
        constant = pixels.shape[2] * math.log(2 * math.pi * variance) / 2
        likelihood = -errors / (2 * variance) - constant  # log p(x|z), (N, k)
        kl = (mu.square() + logvar.exp() - 1 - logvar).sum(dim=2) / 2  # (N, 1)
        # log p(z) − log q(z|x): the two constants cancel.
        ratio = (noise.square() + logvar - z.square()).sum(dim=2) / 2
        elbo = likelihood.mean(dim=1) - kl.squeeze(1)
        weighted = (likelihood + ratio).logsumexp(dim=1) - math.log(k)
        return torch.stack([elbo, weighted], dim=1)


def _bounds(vae: "VAE", images: torch.Tensor, k: int, seed: int, batch: int) -> torch.Tensor:
    if k < 1:
        raise ValueError(f"at least 1 sample of z per image is needed, not {k}")
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    noise = latents(len(images) * k, vae.z_dim, seed).view(len(images), k, vae.z_dim)
    return in_batches(_Bounds(vae), images, noise, batch=max(1, batch // k))


def evidence_lower_bound(
    vae: "VAE", images: torch.Tensor, samples: int = 1, seed: int = 0, batch: int = 500
) -> torch.Tensor:
    """Return the ELBO of each image in nats, (N,): E_q log p(x|z) − KL(q(z|x) ‖ p(z)) ≤ log p(x).

    Kingma and Welling 2014, equation 3: the KL in closed form, the expectation over `samples` z.
    p(x) is a density on the scale of [-1, 1]. Runs in eval mode without gradients.

    Args:
        vae: has `encode`, `decode`, `sigma` and `z_dim`, as `VAE` has them.
        images: float (N, 1, 28, 28) in [-1, 1], or uint8, which are converted batch by batch.
        samples: of z per image.
        seed: of the noise, which does not depend on `batch`.
        batch: images decoded at a time.

    Raises:
        ValueError: there are no images, or samples or batch is less than 1.
    """
    return _bounds(vae, images, samples, seed, batch)[:, 0]


def importance_weighted_bound(
    vae: "VAE", images: torch.Tensor, k: int = 100, seed: int = 0, batch: int = 500
) -> torch.Tensor:
    """Return log 1/k Σ p(x, z_i)/q(z_i|x), z_i ~ q(z|x), of each image in nats, (N,).

    Burda, Grosse and Salakhutdinov 2016, equation 8. Its mean is the ELBO at k = 1, never falls
    with k, and approaches log p(x). Arguments and errors as in `evidence_lower_bound`; the
    noise takes N·k·z_dim floats, 64 MB for 10,000 images, k = 100 and 16 dimensions.
    """
    return _bounds(vae, images, k, seed, batch)[:, 1]
