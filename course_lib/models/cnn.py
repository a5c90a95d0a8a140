"""Lesson 02: the convolutional classifier, which is also the judge of all later lessons."""

import torch
from torch import nn

from course_lib.layers import expect_shape


def block(in_channels: int, out_channels: int) -> nn.Sequential:
    """3×3 convolution, batch norm, ReLU, 2×2 max pooling: halves height and width."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class Classifier(nn.Module):
    """Three convolution blocks, then two linear layers.

    Args:
        classes: number of classes.
        width: channels after the first block; the next two have 2 and 4 times as many.
        channels: colour channels of the images.
        size: height and width of the images in pixels.
        features: length of the feature vector, the space in which the course measures images.
    """

    def __init__(
        self,
        classes: int = 10,
        width: int = 16,
        channels: int = 1,
        size: int = 28,
        features: int = 64,
    ):
        super().__init__()
        self.shape = (channels, size, size)
        self.convolutions = nn.Sequential(
            block(channels, width), block(width, 2 * width), block(2 * width, 4 * width)
        )
        side = size // 2 // 2 // 2
        self.to_features = nn.Sequential(
            nn.Flatten(), nn.Linear(4 * width * side**2, features), nn.ReLU()
        )
        self.to_logits = nn.Linear(features, classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the feature vectors (N, features), ≥ 0, of images (N, C, H, W) in [-1, 1]."""
        expect_shape(images, (None, *self.shape), "images")
        return self.to_features(self.convolutions(images))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, classes) of images (N, C, H, W) in [-1, 1]."""
        return self.to_logits(self.features(images))
