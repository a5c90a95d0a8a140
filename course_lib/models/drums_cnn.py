"""Lesson 08: the classifier that tells the kinds of drums apart, and judges generated sounds.

It has the convolutions of the discriminator in `drums`. Those are lesson 04's, for 128×64 pixels.
"""

import torch
from torch import nn

from course_lib.data.drum_sounds import DRUMS
from course_lib.data.spectrograms import COLUMNS, ROWS
from course_lib.layers import expect_shape


def convolutions(width: int) -> nn.Sequential:
    """Return convolutions from spectrograms (N, 1, 128, 64) to vectors (N, 64·width)."""
    w = width
    return nn.Sequential(
        nn.Conv2d(1, w, (6, 4), stride=(4, 2), padding=1),  # 32×32
        nn.LeakyReLU(0.2),
        nn.Conv2d(w, 2 * w, 4, stride=2, padding=1, bias=False),  # 16×16
        nn.BatchNorm2d(2 * w),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * w, 4 * w, 4, stride=2, padding=1, bias=False),  # 8×8
        nn.BatchNorm2d(4 * w),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4 * w, 4 * w, 4, stride=2, padding=1, bias=False),  # 4×4
        nn.BatchNorm2d(4 * w),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
    )


class Judge(nn.Module):
    """Map spectrograms (N, 1, 128, 64) in [-1, 1] to the logits of their kinds (N, kinds).

    Args:
        width: as the discriminator's.
        features: length of the feature vector, the space in which sounds are measured.
        kinds: number of kinds.
    """

    def __init__(self, width: int = 8, features: int = 32, kinds: int = len(DRUMS)):
        super().__init__()
        self.to_features = convolutions(width)
        self.to_features.append(nn.Linear(64 * width, features))
        self.to_features.append(nn.ReLU())
        self.to_logits = nn.Linear(features, kinds)

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the feature vectors (N, features), ≥ 0."""
        expect_shape(pictures, (None, 1, ROWS, COLUMNS), "pictures")
        return self.to_features(pictures)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.to_logits(self.features(pictures))
