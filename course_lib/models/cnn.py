"""Lesson 02: the convolutional classifiers, which are also the judges of all later lessons."""

from collections.abc import Mapping

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


def named_blocks(channels: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Return one block per width: two 3×3 convolutions with batch norm and ReLU, then pooling.

    Layers are named as VGG's are (Simonyan and Zisserman 2015): conv1_1, norm1_1, relu1_1,
    conv1_2, norm1_2, relu1_2, pool1, conv2_1 … Pooling takes the mean instead of the maximum,
    which gives smoother images when they are made from features (Gatys et al. 2016, section 2).
    """
    layers = nn.Sequential()
    for i, width in enumerate(widths, 1):
        for j in (1, 2):
            # Batch norm subtracts the mean, and with it any bias of the convolution.
            layers.add_module(f"conv{i}_{j}", nn.Conv2d(channels, width, 3, padding=1, bias=False))
            layers.add_module(f"norm{i}_{j}", nn.BatchNorm2d(width))
            layers.add_module(f"relu{i}_{j}", nn.ReLU())
            channels = width
        layers.add_module(f"pool{i}", nn.AvgPool2d(2))
    return layers


class AttributeClassifier(nn.Module):
    """Several classifiers on one body: a VGG in small, with a linear head for each attribute.

    Args:
        attributes: name of each attribute -> number of its values.
        width: channels of the first of four blocks; the next have 2, 4 and 8 times as many.
        channels: colour channels of the images.
        size: height and width of the images in pixels, a multiple of 16.
        features: length of the feature vector, the space in which the course measures images.
    """

    def __init__(
        self,
        attributes: Mapping[str, int],
        width: int = 16,
        channels: int = 3,
        size: int = 64,
        features: int = 128,
    ):
        super().__init__()
        self.attributes, self.shape = dict(attributes), (channels, size, size)
        self.convolutions = named_blocks(channels, (width, 2 * width, 4 * width, 8 * width))
        self.to_features = nn.Sequential(
            nn.Flatten(), nn.Linear(8 * width * (size // 16) ** 2, features), nn.ReLU()
        )
        # The heads side by side are one linear layer.
        self.to_logits = nn.Linear(features, sum(self.attributes.values()))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the feature vectors (N, features), ≥ 0, of images (N, C, H, W) in [-1, 1]."""
        expect_shape(images, (None, *self.shape), "images")
        return self.to_features(self.convolutions(images))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return all heads' logits side by side, (N, sum of the numbers of values)."""
        return self.to_logits(self.features(images))

    def logits(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each attribute by name, (N, number of its values)."""
        parts = self(images).split(list(self.attributes.values()), dim=1)
        return dict(zip(self.attributes, parts, strict=True))

    def probabilities(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the probabilities of each attribute's values by name; each row sums to 1."""
        return {name: part.softmax(dim=1) for name, part in self.logits(images).items()}
