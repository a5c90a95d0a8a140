"""Lesson 08: a generator of textures that tile, at any size.

After the spatial GAN of Jetchev, Bergmann and Vollgraf (2016): the latent is not a vector but a
grid of noise, there is no dense layer, and one discriminator judges every patch of an image. Ours
alone: circular padding, so that the right edge is the left edge's neighbour and the bottom the
top's, and three upsamplings in place of five.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import expect_shape, upsample_kernel
from course_lib.models.dcgan import initialise
from course_lib.sampling import in_batches, latents

CELL = 8  # pixels per cell of the grid of noise, in both directions


class CircularUpsample(nn.Conv2d):
    """Nearest upsampling by 2, then a padded 3×3 convolution, as one operation.

    With padding_mode "circular" the image is a torus; with "zeros" this is what
    `layers.UpsampleConv2d` does.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, 2H, 2W)."""
        mode = "circular" if self.padding_mode == "circular" else "constant"
        x = functional.pad(x, (1, 1, 1, 1), mode)
        # The frame has become two pixels wide; it is cut off together with the usual one.
        kernel = upsample_kernel(self.weight)
        return functional.conv_transpose2d(x, kernel, self.bias, stride=2, padding=3)


class Generator(nn.Module):
    """Map noise (N, z_dim, H, W) to textures (N, 3, 8H, 8W) in [-1, 1].

    Args:
        z_dim: channels of the noise.
        width: channels of the finest layer; the layers before it have 2, 4 and 4 times as many.
        padding_mode: "circular" for textures that tile; "zeros" shows what that is good for. The
            weights of either fit the other.
    """

    def __init__(self, z_dim: int = 16, width: int = 16, padding_mode: str = "circular"):
        super().__init__()
        self.z_dim, w = z_dim, width
        padded = {"padding": 1, "padding_mode": padding_mode}
        layers: list[nn.Module] = []
        kinds = [nn.Conv2d, *[CircularUpsample] * 3]  # from H×W to 2H×2W, 4H×4W, 8H×8W
        channels = pairwise([z_dim, 4 * w, 4 * w, 2 * w, w])
        for kind, (before, after) in zip(kinds, channels, strict=True):
            convolution = kind(before, after, 3, **padded, bias=False)
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(w, 3, 3, **padded), nn.Tanh())
        self.apply(initialise)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        expect_shape(z, (None, self.z_dim, None, None), "z")
        return self.layers(z)

    def noise(self, n: int, seed: int, height: int, width: int) -> torch.Tensor:
        """Return noise for n textures of height × width pixels, (n, z_dim, height/8, width/8).

        Raises:
            ValueError: a length is no multiple of 8.
        """
        if height < CELL or width < CELL or height % CELL or width % CELL:
            raise ValueError(f"sizes are multiples of {CELL} pixels, not {height}×{width}")
        shape = (self.z_dim, height // CELL, width // CELL)
        return latents(n, shape[0] * shape[1] * shape[2], seed).unflatten(1, shape)

    def sample(
        self, n: int, seed: int = 0, batch: int = 16, *, height: int = 128, width: int = 128
    ) -> torch.Tensor:
        """Return n textures (n, 3, height, width) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` textures at a time, and restores the mode.

        Raises:
            ValueError: a length is no multiple of 8.
        """
        return in_batches(self, self.noise(n, seed, height, width), batch=batch)


class Discriminator(nn.Module):
    """Map images (N, 3, H, W) to logits (N, H', W'), one for every patch of 38×38 pixels.

    Patches overlap: their corners are 8 pixels apart. No convolution pads, so each patch is whole,
    and 38 pixels are the smallest image.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            nn.Conv2d(3, w, 4, stride=2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, stride=2, bias=False),
            nn.BatchNorm2d(2 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 4, stride=2, bias=False),
            nn.BatchNorm2d(4 * w),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * w, 1, 3),
        )
        self.apply(initialise)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, 3, None, None), "images")
        return self.layers(images).squeeze(1)
