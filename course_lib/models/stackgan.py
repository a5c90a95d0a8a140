"""Lesson 06: StackGAN (Zhang et al. 2017), from a caption to a portrait in two stages.

A text encoder (`models/text.py`) turns the caption into a vector; Stage I draws a small image
from it and from noise, Stage II reads the caption again and redraws that image four times as
large. As in the paper: conditioning augmentation in both stages, no new z in Stage II, residual
blocks, nearest upsampling followed by 3×3 convolutions (as one operation: `UpsampleConv2d`),
discriminators that join their 4×4 features with the compressed embedding.

The paper: a character-level text encoder from earlier work, 64×64 then 256×256. Here: words,
trained in the course, 16×16 then 64×64, and few channels, because two cores train many small
steps better than few large ones.
"""

from itertools import pairwise

import torch
from torch import nn

from course_lib.data import Tokeniser
from course_lib.layers import UpsampleConv2d, expect_shape
from course_lib.models.dcgan import initialise
from course_lib.models.text import TextEncoder, down
from course_lib.sampling import in_batches, latents


def up(in_channels: int, out_channels: int) -> nn.Sequential:
    """Double height and width: nearest upsampling with a 3×3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        UpsampleConv2d(in_channels, out_channels, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def strided_down(in_channels: int, out_channels: int, norm: bool = True) -> nn.Sequential:
    """Halve height and width: 4×4 convolution of stride 2, batch norm, LeakyReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=not norm),
        *([nn.BatchNorm2d(out_channels)] if norm else []),
        nn.LeakyReLU(0.2),
    )


def replicated(vectors: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) joined with vectors (N, D) at every place, (N, C + D, H, W)."""
    everywhere = vectors[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, everywhere], dim=1)


class ConditioningAugmentation(nn.Module):
    """Map a text embedding to a Gaussian of conditions and draw one: c = μ + σ ⊙ ε.

    Zhang et al. 2017, section 3.2. The head that gives μ and log σ is linear: a ReLU on it, as in
    the authors' code, would forbid σ < 1 and negative means.

    Args:
        reads: False hides the text, so that c is noise of one distribution for all captions.
    """

    def __init__(self, text_dim: int, c_dim: int, reads: bool = True):
        super().__init__()
        self.c_dim, self.reads = c_dim, reads
        self.head = nn.Linear(text_dim, 2 * c_dim)

    def forward(
        self, text: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return c, μ and log σ, each (N, c_dim), for text (N, text_dim).

        Args:
            noise: ε, (N, c_dim); drawn from N(0, I) where None. Zeros give c = μ.
        """
        expect_shape(text, (None, self.head.in_features), "text")
        mu, log_sigma = self.head(text if self.reads else torch.zeros_like(text)).chunk(2, dim=1)
        if noise is None:
            noise = torch.randn_like(mu)
        expect_shape(noise, (text.shape[0], self.c_dim), "noise")
        return mu + log_sigma.exp() * noise, mu, log_sigma


class StageIGenerator(nn.Module):
    """Map z (N, z_dim) and a condition c (N, c_dim) to images (N, 3, 16, 16) in [-1, 1].

    `augment` makes c of a text embedding. Channels at 4×4, 8×8 and 16×16: 4, 2 and 1 times width.

    Args:
        hidden: units of a layer that decides for the whole image, such as on one of five backdrops.
            Without it, 0, as in the paper, each of the 4×4 places decides by itself.
    """

    def __init__(
        self,
        text_dim: int = 128,
        c_dim: int = 64,
        z_dim: int = 64,
        width: int = 32,
        hidden: int = 0,
    ):
        super().__init__()
        self.z_dim, self.c_dim, w = z_dim, c_dim, width
        self.augment = ConditioningAugmentation(text_dim, c_dim)
        decides = []
        if hidden:
            decides += [nn.Linear(c_dim + z_dim, hidden, bias=False), nn.BatchNorm1d(hidden)]
            decides += [nn.ReLU()]
        self.layers = nn.Sequential(
            *decides,
            nn.Linear(hidden or c_dim + z_dim, 4 * w * 4 * 4, bias=False),
            nn.Unflatten(1, (4 * w, 4, 4)),
            nn.BatchNorm2d(4 * w),
            nn.ReLU(),
            up(4 * w, 2 * w),  # 8×8
            up(2 * w, w),  # 16×16
            nn.Conv2d(w, 3, 3, padding=1),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, z: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        expect_shape(z, (None, self.z_dim), "z")
        expect_shape(c, (z.shape[0], self.c_dim), "c")
        return self.layers(torch.cat([c, z], dim=1))


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


class StageIIGenerator(nn.Module):
    """Map Stage I's images (N, 3, 16, 16) and a condition c (N, c_dim) to (N, 3, 64, 64).

    Reads the small image, joins c at 8×8, thinks in residual blocks, and draws. The paper halves
    the image twice; here once, because 4×4 would forget where things stand. Channels at 16, 32 and
    64 pixels: 4, 2 and 1 times width.

    Args:
        trunk: channels at 8×8, where the residual blocks are; 6 times width where None.
        text_twice: False hides the caption from this stage, for the ablation in the paper's
            table 2 ("text twice: no"); c is noise then.
    """

    def __init__(
        self,
        text_dim: int = 128,
        c_dim: int = 64,
        width: int = 16,
        blocks: int = 2,
        text_twice: bool = True,
        trunk: int | None = None,
    ):
        super().__init__()
        self.c_dim, w = c_dim, width
        trunk = 6 * w if trunk is None else trunk
        self.augment = ConditioningAugmentation(text_dim, c_dim, reads=text_twice)
        self.read = nn.Sequential(
            nn.Conv2d(3, 4 * w, 3, padding=1),
            nn.ReLU(),
            down(4 * w, trunk, slope=0),  # 8×8
        )
        self.join = nn.Sequential(
            nn.Conv2d(trunk + c_dim, trunk, 3, padding=1, bias=False),
            nn.BatchNorm2d(trunk),
            nn.ReLU(),
        )
        self.draw = nn.Sequential(
            *(Residual(trunk) for _ in range(blocks)),
            up(trunk, 4 * w),  # 16×16
            up(4 * w, 2 * w),  # 32×32
            up(2 * w, w),  # 64×64
            nn.Conv2d(w, 3, 3, padding=1),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, small: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        expect_shape(small, (None, 3, 16, 16), "small")
        expect_shape(c, (small.shape[0], self.c_dim), "c")
        return self.draw(self.join(replicated(c, self.read(small))))


class Discriminator(nn.Module):
    """Map images (N, 3, size, size) and text embeddings (N, text_dim) to logits (N,).

    Positive means "real, and this is its caption". The features of an image can be matched with
    several texts: match(features(images), text) for each. Channels double with every halving of
    the image, from `width` to at most 4 · width, down to 4×4 pixels.

    Args:
        hidden: units of a layer that sees the 4×4 places together. In the paper a place adds its
            part to the logit by itself, and no place sees both sides of a 16×16 image: a backdrop
            may be rose on the left and mint on the right. 0 leaves the layer out.
        strided: halve the image by 4×4 convolutions of stride 2, as in the authors' code. False:
            by 3×3 convolutions with average pooling, whose mean over two neighbours is blind to
            what alternates from pixel to pixel. A generator is then free to draw such a pattern.
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
        self.shape, self.text_dim = (3, size, size), text_dim
        halvings = (size // 4).bit_length() - 1
        channels = [min(width << i, 4 * width) for i in range(halvings)]
        halve = strided_down if strided else down
        self.features = nn.Sequential(
            halve(3, channels[0], norm=False),
            *(halve(a, b) for a, b in pairwise(channels)),
        )
        self.compress = nn.Sequential(nn.Linear(text_dim, compressed), nn.LeakyReLU(0.2))
        last = channels[-1]
        self.judge = nn.Sequential(
            nn.Conv2d(last + compressed, last, 1, bias=False),
            nn.BatchNorm2d(last),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            *([nn.Linear(last * 4 * 4, hidden), nn.LeakyReLU(0.2)] if hidden else []),
            nn.Linear(hidden or last * 4 * 4, 1),
        )
        self.apply(initialise)

    def match(self, features: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the logits (N,) of images' features (N, C, 4, 4) with texts (N, text_dim)."""
        expect_shape(text, (len(features), self.text_dim), "text")
        return self.judge(replicated(self.compress(text), features)).squeeze(1)

    def forward(self, images: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        expect_shape(images, (None, *self.shape), "images")
        return self.match(self.features(images), text)


class StackGAN(nn.Module):
    """Map z and a text embedding through both stages; `sample` begins with captions.

    Args:
        text, stage1, stage2: arguments of `TextEncoder`, `StageIGenerator`, `StageIIGenerator`;
            stage2 None leaves Stage II out, and images stay 16×16.
    """

    def __init__(self, text: dict, stage1: dict, stage2: dict | None):
        super().__init__()
        self.tokeniser = Tokeniser()
        self.text = TextEncoder(**text)
        self.stage1 = StageIGenerator(**stage1)
        self.stage2 = None if stage2 is None else StageIIGenerator(**stage2)
        self.z_dim, self.c_dim = self.stage1.z_dim, self.stage1.c_dim
        self.c_dim2 = 0 if stage2 is None else self.stage2.c_dim

    def forward(
        self,
        z: torch.Tensor,
        text: torch.Tensor,
        noise: torch.Tensor | None = None,
        stage: int = 2,
    ) -> torch.Tensor:
        """Return images of z (N, z_dim) and text embeddings (N, text_dim), float in [-1, 1].

        Args:
            noise: ε of both conditioning augmentations, (N, c_dim + c_dim2); drawn where None.
            stage: 1 for Stage I's (N, 3, 16, 16), 2 for (N, 3, 64, 64) where there is a Stage II.
        """
        if noise is None:
            noise = torch.randn(len(z), self.c_dim + self.c_dim2, device=z.device)
        expect_shape(noise, (len(z), self.c_dim + self.c_dim2), "noise")
        small = self.stage1(z, self.stage1.augment(text, noise[:, : self.c_dim])[0])
        if stage == 1 or self.stage2 is None:
            return small
        return self.stage2(small, self.stage2.augment(text, noise[:, self.c_dim :])[0])

    def encode(self, captions: list[str]) -> torch.Tensor:
        """Return the embeddings (N, text_dim) of captions; words it does not know are skipped.

        Raises:
            TypeError, ValueError: as `data.Tokeniser.encode`.
        """
        tokens = self.tokeniser.encode(captions)
        unknown = tokens <= Tokeniser.UNKNOWN  # or padding: both move to the end
        tokens = tokens.masked_fill(unknown, Tokeniser.PADDING)
        order = unknown.int().argsort(dim=1, stable=True)
        return in_batches(self.text, tokens.gather(1, order), batch=200)

    def sample(
        self,
        captions: list[str] | None = None,
        seed: int = 0,
        batch: int = 25,
        *,
        text: torch.Tensor | None = None,
        noise: float = 1.0,
        stage: int = 2,
    ) -> torch.Tensor:
        """Return one image per caption, (N, 3, 64, 64) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` images at a time, and restores the mode.

        Args:
            captions: a list of N sentences; one repeated gives many faces of one sentence.
            seed: of z and of the conditioning noise; row i's do not depend on N or `batch`.
            text: embeddings (N, text_dim) in place of captions, such as a walk between two.
            noise: scale of the conditioning noise ε: 0 for c = μ, 1 as in training.
            stage: 1 returns Stage I's images, (N, 3, 16, 16).

        Raises:
            TypeError: captions are a single string.
            ValueError: no caption, both or neither of captions and text, a wrong shape or stage.
        """
        if (captions is None) == (text is None):
            raise ValueError("sample takes captions or text, one of them")
        if stage not in (1, 2):
            raise ValueError(f"stage is 1 or 2, not {stage}")
        n, sizes = len(captions if text is None else text), (self.z_dim, self.c_dim + self.c_dim2)
        z, eps = latents(n, sum(sizes), seed).split(sizes, dim=1)
        text = self.encode(captions) if text is None else text
        expect_shape(text, (n, self.text.dim), "text")
        return in_batches(self, z, text, noise * eps, batch=batch, stage=stage)
