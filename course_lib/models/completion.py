"""Lesson 08: an encoder that guesses which z drew a portrait of which a part is hidden."""

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import expect_shape


class Encoder(nn.Module):
    """Map portraits (N, 3, 64, 64) and masks (N, 1, 64, 64) to latent vectors z (N, z_dim).

    A mask is 1 where the portrait is visible and 0 where it is hidden; hidden pixels do not enter.
    Portraits are halved first: for a first guess 32×32 pixels are enough, at a quarter of the
    time. Each z has a root mean square of 1, because to ProGAN's generator only its direction
    counts (its first layer is pixel norm).
    """

    SIZE = 64

    def __init__(self, z_dim: int = 64, width: int = 32):
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            nn.Conv2d(4, w, 4, stride=2, padding=1),  # 16×16
            nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1),  # 8×8
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * w, 4 * w, 4, stride=2, padding=1),  # 4×4
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(4 * w * 4 * 4, 8 * w),
            nn.LeakyReLU(0.2),
            nn.Linear(8 * w, z_dim),
        )

    def forward(self, portraits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        expect_shape(portraits, (None, 3, self.SIZE, self.SIZE), "portraits")
        expect_shape(masks, (len(portraits), 1, self.SIZE, self.SIZE), "masks")
        seen = torch.cat([portraits * masks, masks], dim=1)
        z = self.layers(functional.avg_pool2d(seen, 2))
        return functional.normalize(z, dim=1) * z.shape[1] ** 0.5
