"""Lesson 03: a variational autoencoder (Kingma and Welling 2014) for 28×28 images.

The prior is p(z) = N(0, I), the decoder's p(x|z) = N(decoder(z), σ²I) with one fixed σ for all
pixels, and the encoder's q(z|x) = N(mu, diag exp(logvar)). The networks are built like lesson 04's
DCGAN, in its fast form: 4×4 convolutions of stride 2 halve the size, and 4×4 transposed ones
double it, in place of resizing and a 3×3 convolution, which need 2.25 times more operations.
There is no batch norm: it would add the noise of the batch to that of z. Without it the ELBO after
the same seconds is higher here, and an image's code depends on that image alone in either mode.
"""

import math

import torch
from torch import nn

from course_lib.data import to_float
from course_lib.layers import expect_shape
from course_lib.sampling import in_batches, latents, sample


class Encoder(nn.Module):
    """Map images (N, 1, 28, 28) in [-1, 1] to mu and logvar of q(z|x), (N, z_dim) each.

    The last layer is linear: mu and logvar = log σ² take any value, and a ReLU there would forbid
    half of them.

    Args:
        z_dim: length of the latent vector.
        width: channels at 14×14; 7×7 has 2 and 4×4 has 4 times as many.
    """

    def __init__(self, z_dim: int = 16, width: int = 32):
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            nn.Conv2d(1, w, 4, stride=2, padding=1),  # 14×14
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1),  # 7×7
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1),  # 4×4
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(4 * w * 4 * 4, 2 * z_dim),
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        expect_shape(images, (None, 1, 28, 28), "images")
        mu, logvar = self.layers(images).chunk(2, dim=1)
        return mu, logvar


class Decoder(nn.Module):
    """Map latent vectors z (N, z_dim) to the mean of p(x|z), images (N, 1, 28, 28) in [-1, 1].

    Args:
        z_dim: length of the latent vector.
        width: channels at 14×14; 7×7 has twice as many.
    """

    def __init__(self, z_dim: int = 16, width: int = 32):
        super().__init__()
        self.z_dim, w = z_dim, width
        self.layers = nn.Sequential(
            nn.Linear(z_dim, 2 * w * 7 * 7),
            nn.Unflatten(1, (2 * w, 7, 7)),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1),  # 14×14
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),  # 28×28
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        expect_shape(z, (None, self.z_dim), "z")
        return self.layers(z)


def reparameterise(mu: torch.Tensor, logvar: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return z = mu + exp(logvar/2)·noise, a sample of N(mu, diag exp(logvar)), (N, z_dim).

    Kingma and Welling 2014, section 2.4. The noise ε ~ N(0, I) comes from outside, so that z is a
    differentiable function: dz/dmu = 1 and dz/dlogvar = ½·exp(logvar/2)·noise.
    """
    return mu + (logvar / 2).exp() * noise


class VAE(nn.Module):
    """Encoder and decoder together, with the σ of p(x|z).

    Args:
        z_dim: length of the latent vector.
        width: channels at 14×14, in both networks.
        sigma: standard deviation of a pixel around the decoder's mean, on the scale of [-1, 1].
            It weighs reconstruction against KL. For given networks the ELBO is highest where σ² is
            the mean squared error of a pixel. 0.2 is the value that agrees with itself: trained
            with it, the error is 0.196²; with 0.35 or 0.6 it was about 0.22² or 0.23².

    Raises:
        ValueError: sigma is not positive.
    """

    def __init__(self, z_dim: int = 16, width: int = 32, sigma: float = 0.2):
        super().__init__()
        if not sigma > 0:
            raise ValueError(f"sigma is a positive number, not {sigma}")
        self.z_dim, self.sigma = z_dim, sigma
        self.encoder = Encoder(z_dim, width)
        self.decoder = Decoder(z_dim, width)

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mu and logvar of q(z|x), (N, z_dim) each, for images (N, 1, 28, 28)."""
        return self.encoder(images)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the mean of p(x|z), images (N, 1, 28, 28) in [-1, 1], for z (N, z_dim)."""
        return self.decoder(z)

    def forward(
        self, images: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the reconstruction (N, 1, 28, 28), mu and logvar (N, z_dim) of images.

        Args:
            images: (N, 1, 28, 28) in [-1, 1].
            noise: (N, z_dim); drawn from N(0, I) by default. Zeros reconstruct from the mean code.
        """
        mu, logvar = self.encode(images)
        noise = torch.randn_like(mu) if noise is None else noise
        expect_shape(noise, (len(images), self.z_dim), "noise")
        return self.decode(reparameterise(mu, logvar, noise)), mu, logvar

    def sample(self, n: int, seed: int = 0, batch: int = 100) -> torch.Tensor:
        """Return n images (n, 1, 28, 28) in [-1, 1], the same for the same seed.

        Decodes z ~ N(0, I) in eval mode without gradients, `batch` at a time, and restores the
        mode. The images are means of p(x|z); its noise of σ per pixel is left out.
        """
        return sample(self.decoder, n, seed, batch)


class _Bounds(nn.Module):
    """ELBO and importance-weighted bound, (N, 2), of images (N, …) for noise (N, k, z_dim)."""

    def __init__(self, vae: nn.Module):
        super().__init__()
        self.vae = vae

    def forward(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        images = to_float(images) if images.dtype == torch.uint8 else images
        n, k, z_dim = noise.shape
        mu, logvar = (part.unsqueeze(1) for part in self.vae.encode(images))  # (N, 1, z_dim)
        noise = noise.to(mu.dtype)
        z = reparameterise(mu, logvar, noise)
        means = self.vae.decode(z.view(n * k, z_dim)).reshape(n, k, -1)
        pixels, variance = images.flatten(1).unsqueeze(1), self.vae.sigma**2
        errors = (pixels - means).square().sum(dim=2)
        constant = pixels.shape[2] * math.log(2 * math.pi * variance) / 2
        likelihood = -errors / (2 * variance) - constant  # log p(x|z), (N, k)
        kl = (mu.square() + logvar.exp() - 1 - logvar).sum(dim=2) / 2  # (N, 1)
        # log p(z) − log q(z|x): the two constants cancel.
        ratio = (noise.square() + logvar - z.square()).sum(dim=2) / 2
        elbo = likelihood.mean(dim=1) - kl.squeeze(1)
        weighted = (likelihood + ratio).logsumexp(dim=1) - math.log(k)
        return torch.stack([elbo, weighted], dim=1)


def _bounds(vae: nn.Module, images: torch.Tensor, k: int, seed: int, batch: int) -> torch.Tensor:
    if k < 1:
        raise ValueError(f"at least 1 sample of z per image is needed, not {k}")
    if batch < 1:
        raise ValueError(f"batch is 1 or more, not {batch}")
    noise = latents(len(images) * k, vae.z_dim, seed).view(len(images), k, vae.z_dim)
    return in_batches(_Bounds(vae), images, noise, batch=max(1, batch // k))


def evidence_lower_bound(
    vae: nn.Module, images: torch.Tensor, samples: int = 1, seed: int = 0, batch: int = 500
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
    vae: nn.Module, images: torch.Tensor, k: int = 100, seed: int = 0, batch: int = 500
) -> torch.Tensor:
    """Return log 1/k Σ p(x, z_i)/q(z_i|x), z_i ~ q(z|x), of each image in nats, (N,).

    Burda, Grosse and Salakhutdinov 2016, equation 8. Its mean is the ELBO at k = 1, never falls
    with k, and approaches log p(x). Arguments and errors as in `evidence_lower_bound`; the
    noise takes N·k·z_dim floats, 64 MB for 10,000 images, k = 100 and 16 dimensions.
    """
    return _bounds(vae, images, k, seed, batch)[:, 1]
