"""Lesson 06: StackGAN (Zhang et al. 2017), from a caption to a portrait in two stages.

As in the paper's figure 2: a text encoder (`text`) turns the caption into a vector; Stage I draws a
small image from this vector and from noise z; Stage II gets the vector again and redraws the image
four times as large, without a new z. Conditioning augmentation is in both stages. The stages are in
`stackgan_generators`, their discriminator in `stackgan_discriminator`, blocks in `stackgan_blocks`.

The paper: a character-level text encoder from earlier work, 64×64 then 256×256. Here: words,
trained in the course, 16×16 then 64×64, and few channels, because two cores train many small
steps better than few large ones.
"""

import torch
from torch import nn

from course_lib.data import Tokeniser
from course_lib.layers import expect_shape
from course_lib.models.stackgan_blocks import ConditioningAugmentation, replicated  # noqa: F401
from course_lib.models.stackgan_discriminator import Discriminator  # noqa: F401
from course_lib.models.stackgan_generators import StageIGenerator, StageIIGenerator
from course_lib.models.text import TextEncoder
from course_lib.sampling import Reads, in_batches, latents, size_of


class StackGAN(nn.Module):
    """Map z and a text embedding through both stages; `sample` begins with captions.

    Args:
        text, stage1, stage2: arguments of `TextEncoder`, `StageIGenerator`, `StageIIGenerator`;
            stage2 None leaves Stage II out, and images stay 16×16.
    """

    reads: Reads = "caption"
    open_caption = "a person"  # leaves all open

    def __init__(self, text: dict, stage1: dict, stage2: dict | None):
        super().__init__()
        self.tokeniser = Tokeniser()
        self.text = TextEncoder(**text)
        self.stage1 = StageIGenerator(**stage1)
        self.stage2 = None if stage2 is None else StageIIGenerator(**stage2)
        self.z_dim = self.stage1.z_dim
        self.c_dim = self.stage1.c_dim
        self.c_dim2 = 0 if self.stage2 is None else self.stage2.c_dim
        self.noise_dim = self.c_dim + self.c_dim2

    def forward(
        self,
        z: torch.Tensor,
        text: torch.Tensor,
        noise: torch.Tensor | None = None,
        stage: int = 2,
    ) -> torch.Tensor:
        """Return images of z (N, z_dim) and text embeddings (N, text_dim), float in [-1, 1].

        Args:
            noise: ε of both conditioning augmentations, (N, c_dim + c_dim2). Where None, it stands
                beside z, (N, z_dim + c_dim + c_dim2), or else it is drawn.
            stage: 1 for Stage I's (N, 3, 16, 16), 2 for (N, 3, 64, 64) where there is a Stage II.
        """
        if noise is None and z.shape[1] == self.z_dim + self.noise_dim:
            z, noise = z.split([self.z_dim, self.noise_dim], dim=1)
        elif noise is None:
            noise = torch.randn(len(z), self.noise_dim, device=z.device)
        expect_shape(noise, (z.shape[0], self.noise_dim), "noise")
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
        given = captions if text is None else text
        if given is None or (captions is not None and text is not None):
            raise ValueError("sample takes captions or text, one of them")
        if stage not in (1, 2):
            raise ValueError(f"stage is 1 or 2, not {stage}")
        n = len(given)
        z = latents(n, size_of(self), seed)
        z[:, self.z_dim :] *= noise
        text = given if isinstance(given, torch.Tensor) else self.encode(given)
        expect_shape(text, (n, self.text.dim), "text")
        return in_batches(self, z, text, batch=batch, stage=stage)
