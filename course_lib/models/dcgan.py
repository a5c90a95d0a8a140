"""Lesson 04: DCGAN (Radford, Metz and Chintala 2015) for 28×28 images.

As in the paper: strided convolutions instead of pooling, batch norm everywhere but on the
generator's output and the discriminator's input, ReLU and tanh in the generator, LeakyReLU(0.2) in
the discriminator, weights from N(0, 0.02²). As in PyTorch's example: 4×4 kernels and z ~ N(0, I).
Ours alone: three sizes (7, 14, 28) in place of five, and few channels, because two cores train
many small steps better than few large ones.
"""

import torch
from torch import nn

from course_lib.layers import expect_shape
from course_lib.sampling import Reads, sample


def initialise(module: nn.Module) -> None:
    """Draw weights as the paper does: N(0, 0.02²), batch-norm gains N(1, 0.02²), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """Map latent vectors z (N, z_dim) to images (N, channels, 28, 28) in [-1, 1].

    Args:
        z_dim: length of the latent vector; 100 in the paper.
        width: channels at 28×28; 14×14 has 2 and 7×7 has 4 times as many.
        channels: colour channels of the images.
    """

    reads: Reads = "nothing"

    def __init__(self, z_dim: int = 100, width: int = 16, channels: int = 1):
        super().__init__()
        self.z_dim, w = z_dim, width
        self.layers = nn.Sequential(
            nn.Linear(z_dim, 4 * w * 7 * 7, bias=False),
            nn.Unflatten(1, (4 * w, 7, 7)),
            nn.BatchNorm2d(4 * w),
            nn.ReLU(),
            nn.ConvTranspose2d(4 * w, 2 * w, 4, stride=2, padding=1, bias=False),  # 14×14
            nn.BatchNorm2d(2 * w),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1, bias=False),  # 28×28
            nn.BatchNorm2d(w),
            nn.ReLU(),
            nn.Conv2d(w, channels, 3, padding=1),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        expect_shape(z, (None, self.z_dim), "z")
        return self.layers(z)

    def sample(self, n: int, seed: int = 0, batch: int = 100) -> torch.Tensor:
        """Return n images (n, channels, 28, 28) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` images at a time, and restores the mode.
        """
        return sample(self, n, seed, batch)


class Discriminator(nn.Module):
    """Map images (N, channels, 28, 28) in [-1, 1] to logits (N,): positive means "real".

    The last layer is linear: the losses work on logits, and sigmoid(logit) is D(x).
    """

    def __init__(self, width: int = 16, channels: int = 1):
        super().__init__()
        self.shape, w = (channels, 28, 28), width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, w, 4, stride=2, padding=1),  # 14×14
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1, bias=False),  # 7×7
            nn.BatchNorm2d(2 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1, bias=False),  # 4×4
            nn.BatchNorm2d(4 * w),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(4 * w * 4 * 4, 1),
        )
        self.apply(initialise)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, *self.shape), "images")
        return self.layers(images).squeeze(1)
