"""Lesson 06: the discriminator of StackGAN (Zhang et al. 2017), the same for both stages.

The paper's (section 3.3): the image is halved down to 4×4, the compressed text is joined to every
place, and a 1×1 convolution and a linear layer judge the two together. No batch norm at the input.
Ours alone: few channels; 3×3 convolutions with average pooling in the first edition; and, in the
second edition, a hidden layer. That edition's 4×4 convolutions of stride 2 are the authors'.
"""

import torch
from torch import nn

from course_lib.layers import expect_shape
from course_lib.models.dcgan import initialise
from course_lib.models.stackgan_blocks import replicated, strided_down
from course_lib.models.text import down


class Discriminator(nn.Module):
    """Map images (N, 3, size, size) and text embeddings (N, text_dim) to logits (N,).

    Positive means "real, and this is its caption". The features of an image can be matched with
    several texts: match(features(images), text) for each.

    Args:
        size: 16 for Stage I's images, 64 for Stage II's.
        width: channels after the first halving; at 4×4 there are 2 · width or 4 · width.
        text_dim: length of a text embedding.
        compressed: length of the compressed text.
        hidden: units of a layer that sees the 4×4 places together. In the paper a place adds its
            part to the logit by itself, and no place sees both sides of a 16×16 image: a backdrop
            may be rose on the left and mint on the right. 0 leaves the layer out.
        strided: halve the image by 4×4 convolutions of stride 2, as in the authors' code. False:
            by 3×3 convolutions with average pooling, whose mean over two neighbours is blind to
            what alternates from pixel to pixel. A generator is then free to draw such a pattern.

    Raises:
        ValueError: there is no stage of this size.
    """

    def __init__(
        self,
        size: int,
        width: int = 32,
        text_dim: int = 128,
        compressed: int = 64,
        hidden: int = 0,
        strided: bool = False,
    ):
        super().__init__()
        if size not in (16, 64):
            raise ValueError(f"size is 16 (Stage I) or 64 (Stage II), not {size}")
        self.shape, self.text_dim, w = (3, size, size), text_dim, width
        halve = strided_down if strided else down
        if size == 16:
            last = 2 * w  # channels at 4×4
            self.features = nn.Sequential(
                halve(3, w, norm=False),  # 8×8
                halve(w, 2 * w),  # 4×4
            )
        else:
            last = 4 * w
            self.features = nn.Sequential(
                halve(3, w, norm=False),  # 32×32
                halve(w, 2 * w),  # 16×16
                halve(2 * w, 4 * w),  # 8×8
                halve(4 * w, 4 * w),  # 4×4
            )
        self.compress = nn.Sequential(nn.Linear(text_dim, compressed), nn.LeakyReLU(0.2))
        self.judge = nn.Sequential(
            nn.Conv2d(last + compressed, last, 1, bias=False),
            nn.BatchNorm2d(last),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        if hidden:
            self.judge.append(nn.Linear(last * 4 * 4, hidden))
            self.judge.append(nn.LeakyReLU(0.2))
            self.judge.append(nn.Linear(hidden, 1))
        else:
            self.judge.append(nn.Linear(last * 4 * 4, 1))
        self.apply(initialise)

    def match(self, features: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the logits (N,) of images' features (N, C, 4, 4) with texts (N, text_dim)."""
        expect_shape(text, (len(features), self.text_dim), "text")
        return self.judge(replicated(self.compress(text), features)).squeeze(1)

    def forward(self, images: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, *self.shape), "images")
        return self.match(self.features(images), text)
