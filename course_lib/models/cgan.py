"""Lesson 05: the conditional GAN (Mirza and Osindero 2014), on the DCGAN of lesson 04.

Both networks get the class, in one of three ways:

- "concatenated", as in the paper: a one-hot vector beside z, and one as ten constant planes beside
  the image. (The paper's networks are dense; planes are what a convolution takes instead.)
- "embedding": learnt numbers in place of the one-hot ones, beside z, and as one plane.
- "projection" (Miyato and Koyama 2018, equation 3): the discriminator adds the inner product of
  its features with a vector of the class to its logit. The generator gets a one-hot vector beside
  z. Ours: they scale the generator's features class by class (conditional batch norm), sum the
  discriminator's maps before the inner product, and train with the hinge loss.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import one_hot

from course_lib.layers import check_labels, expect_shape
from course_lib.models import dcgan
from course_lib.sampling import Reads, sample

WAYS = ("concatenated", "embedding", "projection")
EMBEDDING = 16  # numbers in the generator's learnt vector of a class


def check_way(way: str) -> None:
    """Raise ValueError if `way` is none of `WAYS`."""
    if way not in WAYS:
        raise ValueError(f"way is one of {', '.join(WAYS)}, not {way!r}")


class Generator(nn.Module):
    """Map latent vectors z (N, z_dim) and labels (N,) to images (N, channels, 28, 28) in [-1, 1].

    Args:
        z_dim: length of the latent vector.
        width: channels at 28×28; 14×14 has 2 and 7×7 has 4 times as many.
        channels: colour channels of the images.
        classes: labels are int64, 0 to classes − 1.
        way: how the label comes in, one of `WAYS`.

    Raises:
        ValueError: there is no such way.
    """

    reads: Reads = "label"

    def __init__(
        self,
        z_dim: int = 100,
        width: int = 16,
        channels: int = 1,
        classes: int = 10,
        way: str = "projection",
    ):
        super().__init__()
        check_way(way)
        self.z_dim, self.classes, self.way = z_dim, classes, way
        beside_z = EMBEDDING if way == "embedding" else classes
        self.layers = dcgan.Generator(z_dim + beside_z, width, channels).layers
        if way == "embedding":
            self.label = nn.Embedding(classes, EMBEDDING)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return images; labels may also be weights of the classes, float (N, classes)."""
        expect_shape(z, (None, self.z_dim), "z")
        if labels.is_floating_point():
            expect_shape(labels, (z.shape[0], self.classes), "a mixture of labels")
            weights = labels
        else:
            check_labels(labels, len(z), self.classes)
            weights = one_hot(labels, self.classes).to(z.dtype)
        vectors = weights @ self.label.weight if self.way == "embedding" else weights
        return self.layers(torch.cat([z, vectors], dim=1))

    def sample(
        self,
        n: int | None = None,
        seed: int = 0,
        batch: int = 100,
        labels: Sequence[int] | torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return images (N, channels, 28, 28) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` images at a time, and restores the mode. The
        latent vectors depend on the seed and not on the labels: the same seed with other labels
        draws the same ideas as other classes.

        Args:
            n: number of images, with labels 0, 1 … classes − 1, 0, 1 … in turn.
            seed: of the latent vectors.
            batch: images computed at a time.
            labels: the classes wanted, one for each image, in place of n.

        Raises:
            ValueError: both n and labels are given, or neither, or there is no such label.
        """
        if labels is None and n is not None:
            return sample(self, n, seed, batch)
        if labels is not None and n is None:
            return sample(self, len(labels), seed, batch, asked=labels)
        raise ValueError("sample needs either n or labels=[…], one class for each image")


class Discriminator(nn.Module):
    """Map images (N, channels, 28, 28) in [-1, 1] and labels (N,) to logits (N,).

    Positive means "a real image, of this class". Arguments and errors as those of the generator.
    """

    def __init__(
        self, width: int = 16, channels: int = 1, classes: int = 10, way: str = "projection"
    ):
        super().__init__()
        check_way(way)
        self.shape, self.classes, self.way = (channels, 28, 28), classes, way
        planes = {"concatenated": classes, "embedding": 1, "projection": 0}[way]
        layers = dcgan.Discriminator(width, channels + planes).layers
        self.features = layers[:-1]
        self.to_logit = layers[-1]
        if way == "embedding":
            self.label = nn.Embedding(classes, 28 * 28)
        elif way == "projection":
            self.label = nn.Embedding(classes, 4 * width * 4 * 4)
            nn.init.normal_(self.label.weight, 0.0, 0.02)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, *self.shape), "images")
        check_labels(labels, len(images), self.classes)
        if self.way == "concatenated":
            planes = one_hot(labels, self.classes).to(images.dtype)[:, :, None, None]
            images = torch.cat([images, planes.expand(-1, -1, 28, 28)], dim=1)
        elif self.way == "embedding":
            images = torch.cat([images, self.label(labels).view(-1, 1, 28, 28)], dim=1)
        features = self.features(images)  # (N, 4·width·4·4)
        logits = self.to_logit(features).squeeze(1)
        if self.way == "projection":
            logits = logits + (features * self.label(labels)).sum(dim=1)
        return logits
