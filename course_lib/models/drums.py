"""Lesson 08: the GAN of lessons 04 and 05 on sounds; `drums_cnn` has the judge of their kinds.

A sound of one second is a picture of 128×64, its spectrogram (`data.to_spectrograms`), and
pictures are what a DCGAN draws. Two things are new. There are four sizes on the way up in place of
three. And the picture of a hi-hat is noise in every pixel, which a network has to take from
somewhere: it comes in beside the inner maps, as in StyleGAN (Karras et al. 2019, section 3.2), and
the network says where and how much. The class comes in as in lesson 05: one-hot beside z, and by
projection (Miyato and Koyama 2018, equation 3).
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import one_hot

from course_lib.data.drum_sounds import DRUMS
from course_lib.data.spectrograms import COLUMNS, ROWS
from course_lib.layers import check_labels, expect_shape
from course_lib.models.dcgan import initialise
from course_lib.models.drums_cnn import Judge as Judge
from course_lib.models.drums_cnn import convolutions
from course_lib.sampling import Reads, sample


class Generator(nn.Module):
    """Map latent vectors z (N, z_dim) and labels (N,) to spectrograms (N, 1, 128, 64) in [-1, 1].

    The first `style_dim` numbers of z say what the sound is like. The others are the noise in it,
    a number for each pixel: they change no more than a second hit of the same drum does.

    Args:
        style_dim: numbers of z that say what the sound is like.
        width: channels at 64×32; then twice, four and six times as many at 32×16, 16×8 and 8×4.
        kinds: labels are int64, 0 to kinds − 1.
    """

    reads: Reads = "label"

    def __init__(self, style_dim: int = 32, width: int = 16, kinds: int = len(DRUMS)):
        super().__init__()
        self.style_dim, self.classes, w = style_dim, kinds, width
        self.z_dim = style_dim + ROWS * COLUMNS
        self.layers = nn.Sequential(
            nn.Linear(style_dim + kinds, 6 * w * 8 * 4, bias=False),
            nn.Unflatten(1, (6 * w, 8, 4)),
            nn.BatchNorm2d(6 * w),
            nn.ReLU(),
            nn.ConvTranspose2d(6 * w, 4 * w, 4, stride=2, padding=1, bias=False),  # 16×8
            nn.BatchNorm2d(4 * w),
            nn.ReLU(),
            nn.ConvTranspose2d(4 * w, 2 * w, 4, stride=2, padding=1, bias=False),  # 32×16
            nn.BatchNorm2d(2 * w),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1, bias=False),  # 64×32
            nn.BatchNorm2d(w),
            nn.ReLU(),
            nn.ConvTranspose2d(w, 2, 4, stride=2, padding=1),  # 128×64: loudness, and its noise
        )
        # Windows overlap, so that neighbouring pixels of a noise are alike: it is smoothed.
        self.grain = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        self.layers.apply(initialise)
        # Noise everywhere at first. From none, its gradient has no direction: ± sound the same.
        nn.init.constant_(self.layers[-1].get_parameter("bias")[1:], 0.2)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return spectrograms; labels may also be weights of the kinds, float (N, kinds)."""
        expect_shape(z, (None, self.z_dim), "z")
        if labels.is_floating_point():
            expect_shape(labels, (z.shape[0], self.classes), "a mixture of labels")
            weights = labels
        else:
            check_labels(labels, len(z), self.classes)
            weights = one_hot(labels, self.classes).to(z.dtype)
        style, noise = z.split([self.style_dim, ROWS * COLUMNS], dim=1)
        maps = self.layers(torch.cat([style, weights], dim=1))  # (N, 2, 128, 64)
        loudness, amount = maps.split(1, dim=1)
        return torch.tanh(loudness + amount * self.grain(noise.view(-1, 1, ROWS, COLUMNS)))

    def sample(
        self,
        n: int | None = None,
        seed: int = 0,
        batch: int = 100,
        labels: Sequence[int] | torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return spectrograms (N, 1, 128, 64) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` at a time, and restores the mode. The same
        seed with other labels draws the same z as other kinds. `data.to_sounds` makes them heard.

        Args:
            n: number of sounds, with labels 0, 1 … kinds − 1, 0, 1 … in turn.
            seed: of the latent vectors.
            batch: sounds computed at a time.
            labels: the kinds wanted, one for each sound, in place of n.

        Raises:
            ValueError: both n and labels are given, or neither, or there is no such label.
        """
        if labels is None and n is not None:
            return sample(self, n, seed, batch)
        if labels is not None and n is None:
            return sample(self, len(labels), seed, batch, asked=labels)
        raise ValueError("sample needs either n or labels=[…], one kind for each sound")


class Discriminator(nn.Module):
    """Map spectrograms (N, 1, 128, 64) in [-1, 1] and labels (N,) to logits (N,).

    Positive means "a real sound, of this kind".

    Args:
        width: channels at 32×32; then twice and four times as many.
        kinds: labels are int64, 0 to kinds − 1.
    """

    def __init__(self, width: int = 16, kinds: int = len(DRUMS)):
        super().__init__()
        self.classes = kinds
        self.features = convolutions(width)
        self.to_logit = nn.Linear(64 * width, 1)
        self.label = nn.Embedding(kinds, 64 * width)
        self.apply(initialise)
        nn.init.normal_(self.label.weight, 0.0, 0.02)

    def forward(self, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        expect_shape(pictures, (None, 1, ROWS, COLUMNS), "pictures")
        check_labels(labels, len(pictures), self.classes)
        features = self.features(pictures)  # (N, 64·width)
        return self.to_logit(features).squeeze(1) + (features * self.label(labels)).sum(dim=1)
