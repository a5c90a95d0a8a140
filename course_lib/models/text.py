"""Lesson 06: captions and portraits in one space, so that a caption becomes a vector.

StackGAN takes its text encoder from Reed et al. 2016, who train characters against photographs.
Here: words against portraits, by the contrastive loss of CLIP (Radford et al. 2021).
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_lib.data import Tokeniser
from course_lib.layers import DownsampleConv2d, expect_shape


def down(
    in_channels: int, out_channels: int, norm: bool = True, slope: float = 0.2
) -> nn.Sequential:
    """Halve height and width: 3×3 convolution with average pooling, batch norm, LeakyReLU."""
    layers = nn.Sequential(DownsampleConv2d(in_channels, out_channels, bias=not norm))
    if norm:
        layers.append(nn.BatchNorm2d(out_channels))
    return layers.append(nn.LeakyReLU(slope))


class TextEncoder(nn.Module):
    """Map captions, as word numbers (N, L), to embeddings (N, dim).

    A word vector per word, a GRU in both directions (Cho et al. 2014), the largest value of each
    unit over all words (Conneau et al. 2017), a linear layer. Embeddings have length √dim, so that
    a component has size 1 or so, whatever the length of the caption.

    Args:
        words: size of the vocabulary of `data.Tokeniser`; number 0 pads.
        dim: length of the embedding.
        hidden: length of a word vector and units of the GRU in each direction.
    """

    def __init__(self, words: int = 192, dim: int = 128, hidden: int = 64):
        super().__init__()
        self.dim = dim
        self.words = nn.Embedding(words, hidden, padding_idx=Tokeniser.PADDING)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.to_embedding = nn.Linear(2 * hidden, dim)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        expect_shape(tokens, (None, None), "tokens")
        # An empty caption counts as one word of padding.
        lengths = (tokens != Tokeniser.PADDING).sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(self.words(tokens), lengths, True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], True, padding_value=-torch.inf)
        embedding = self.to_embedding(states.max(dim=1).values)
        return self.dim**0.5 * nn.functional.normalize(embedding)


class ImageEncoder(nn.Module):
    """Map portraits (N, 3, 64, 64) in [-1, 1] to embeddings (N, dim), for training texts only."""

    def __init__(self, dim: int = 128, width: int = 24):
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            down(3, w),  # 32×32
            down(w, 2 * w),  # 16×16
            down(2 * w, 4 * w),  # 8×8
            down(4 * w, 8 * w),  # 4×4
            nn.Flatten(),
            nn.Linear(8 * w * 4 * 4, dim),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, 3, 64, 64), "images")
        return self.layers(images)


class JointEmbedding(nn.Module):
    """A text and an image encoder with one space for both, trained by `losses.contrastive_loss`.

    Reed et al. 2016 train StackGAN's text encoder against an image encoder too; the contrastive
    loss and its learnt temperature are those of CLIP (Radford et al. 2021, section 2.3).
    """

    def __init__(self, words: int = 192, dim: int = 128, hidden: int = 64, width: int = 24):
        super().__init__()
        self.text = TextEncoder(words, dim, hidden)
        self.image = ImageEncoder(dim, width)
        self.log_temperature = nn.Parameter(torch.tensor(0.07).log())

    def forward(self, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return the cosine of every image with every text, (N images, M texts)."""
        normalize = nn.functional.normalize
        return normalize(self.image(images)) @ normalize(self.text(tokens)).T
