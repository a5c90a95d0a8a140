"""Lesson 03: a variational autoencoder (Kingma and Welling 2014) for 28×28 images.

The prior is p(z) = N(0, I), the decoder's p(x|z) = N(decoder(z), σ²I) with one fixed σ for all
pixels, and the encoder's q(z|x) = N(mu, diag exp(logvar)). The networks are built like lesson 04's
DCGAN, in its fast form: 4×4 convolutions of stride 2 halve the size, and 4×4 transposed ones
double it, in place of resizing and a 3×3 convolution, which need 2.25 times more operations.
There is no batch norm: it would add the noise of the batch to that of z. Without it the ELBO after
the same seconds is higher here, and an image's code depends on that image alone in either mode.
"""

import torch
from torch import nn

from course_lib.layers import expect_shape
from course_lib.models.vae_bounds import (  # noqa: F401
    evidence_lower_bound,
    importance_weighted_bound,
)
from course_lib.sampling import Reads, sample


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

    reads: Reads = "nothing"

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
        return sample(self, n, seed, batch)
