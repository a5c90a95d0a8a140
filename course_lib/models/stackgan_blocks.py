"""Lesson 06: the blocks of StackGAN (Zhang et al. 2017).

The paper's: conditioning augmentation (section 3.2), residual blocks, nearest upsampling followed
by 3×3 convolutions. Ours: upsampling and convolution are one operation (`UpsampleConv2d`), which
gives the same images with less than half of the products. `strided_down` is from the authors' code;
the first edition of the shipped models has `text.down` in its place.
"""

import torch
from torch import nn

from course_lib.layers import UpsampleConv2d, expect_shape


def up(in_channels: int, out_channels: int) -> nn.Sequential:
    """Double height and width: nearest upsampling with a 3×3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        UpsampleConv2d(in_channels, out_channels, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def strided_down(in_channels: int, out_channels: int, norm: bool = True) -> nn.Sequential:
    """Halve height and width: 4×4 convolution of stride 2, batch norm, LeakyReLU."""
    layers = nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=not norm)
    )
    if norm:
        layers.append(nn.BatchNorm2d(out_channels))
    return layers.append(nn.LeakyReLU(0.2))


class Residual(nn.Module):
    """x + two 3×3 convolutions of x with batch norm, then ReLU (He et al. 2016)."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(x + self.layers(x))


def replicated(vectors: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) joined with vectors (N, D) at every place, (N, C + D, H, W)."""
    everywhere = vectors[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, everywhere], dim=1)


class ConditioningAugmentation(nn.Module):
    """Map a text embedding to a Gaussian of conditions and draw one: c = μ + σ ⊙ ε.

    Zhang et al. 2017, section 3.2. The head that gives μ and log σ is linear: a ReLU on it, as in
    the authors' code, would forbid σ < 1 and negative means.

    Args:
        uses_text: False hides the text, so that c is noise of one distribution for all captions.
    """

    def __init__(self, text_dim: int, c_dim: int, uses_text: bool = True):
        super().__init__()
        self.c_dim, self.uses_text = c_dim, uses_text
        self.head = nn.Linear(text_dim, 2 * c_dim)

    def forward(
        self, text: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return c, μ and log σ, each (N, c_dim), for text (N, text_dim).

        Args:
            noise: ε, (N, c_dim); drawn from N(0, I) where None. Zeros give c = μ.
        """
        expect_shape(text, (None, self.head.in_features), "text")
        if not self.uses_text:
            text = torch.zeros_like(text)
        mu, log_sigma = self.head(text).chunk(2, dim=1)
        if noise is None:
            noise = torch.randn_like(mu)
        expect_shape(noise, (text.shape[0], self.c_dim), "noise")
        return mu + log_sigma.exp() * noise, mu, log_sigma
