"""Lesson 07: ProGAN (Karras, Aila, Laine and Lehtinen 2018), which grows while it learns.

Both networks begin at 4×4 pixels. A stage doubles the resolution: new layers fade in beside the
old way to and from colours, then take over (section 2, figures 1 and 2). `progan_layers` has the
paper's layers and `progan_blocks` what is built of them. As in the paper: colours are linear,
without tanh; there is no batch norm. Ours alone: few channels and 64×64 pixels, not 1024×1024,
because two cores have to train both networks. Lessons and recipes import all names from here.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from course_lib.layers import expect_shape
from course_lib.models.progan_blocks import (
    critic_4x4,
    critic_block,
    double,
    faded,  # noqa: F401
    from_colours,
    generator_4x4,
    generator_block,
    half,
)
from course_lib.models.progan_colours import with_fitted_colours as with_fitted_colours
from course_lib.models.progan_layers import (  # noqa: F401
    EqualisedConv2d,
    EqualisedDownsample,
    EqualisedLinear,
    EqualisedUpsample,
    MinibatchStd,
    PixelNorm,
)
from course_lib.sampling import Reads, in_batches, latents

CHANNELS = (64, 64, 48, 32, 16)  # at 4, 8, 16, 32 and 64 pixels


class Growing(nn.Module):
    """What generator and critic share: stages. Stage s has images of 4 · 2ˢ pixels."""

    def __init__(self, channels: Sequence[int], colours: int):
        super().__init__()
        self.channels = tuple(channels)  # one entry for each stage
        self.colours = colours
        self.sizes = tuple(4 * 2**stage for stage in range(len(channels)))  # 4, 8, 16 …

    def stage_number(self, stage: int | None, fade: float) -> int:
        """Return `stage`, the last for None; raise ValueError if it or `fade` is out of range."""
        last = len(self.channels) - 1
        stage = last if stage is None else stage
        if not 0 <= stage <= last:
            raise ValueError(f"stage is 0 to {last} (4 to {self.sizes[-1]} pixels), not {stage}")
        if not 0 <= fade <= 1:
            raise ValueError(f"fade is between 0 and 1, not {fade}")
        return stage


class Generator(Growing):
    """Map latent vectors z (N, z_dim) to images (N, colours, size, size), size = 4 · 2^stage.

    The last layer is linear, so that colours may leave [-1, 1]; `sample` clips them.

    Args:
        z_dim: length of the latent vector, which is scaled to a root mean square of 1.
        channels: at 4, 8, 16 … pixels.
        colours: colour channels of the images.
    """

    reads: Reads = "nothing"

    def __init__(self, z_dim: int = 64, channels: Sequence[int] = CHANNELS, colours: int = 3):
        super().__init__(channels, colours)
        self.z_dim = z_dim
        self.blocks = nn.ModuleList([generator_4x4(z_dim, channels[0])])
        for before, after in pairwise(channels):
            self.blocks.append(generator_block(before, after))  # 8×8, 16×16 …
        self.to_rgb = nn.ModuleList(EqualisedConv2d(c, colours, 1, gain=1) for c in channels)

    def forward(self, z: torch.Tensor, stage: int | None = None, fade: float = 1.0) -> torch.Tensor:
        """Return the stage's images; by 1 − fade those of the stage before it, doubled."""
        expect_shape(z, (None, self.z_dim), "z")
        stage = self.stage_number(stage, fade)
        x = z
        for block in self.blocks[:stage]:
            x = block(x)
        images = self.to_rgb[stage](self.blocks[stage](x))
        if fade == 1 or stage == 0:
            return images
        return torch.lerp(double(self.to_rgb[stage - 1](x)), images, fade)

    def sample(
        self,
        n: int,
        seed: int = 0,
        batch: int = 100,
        *,
        stage: int | None = None,
        fade: float = 1.0,
    ) -> torch.Tensor:
        """Return n images (n, colours, size, size) in [-1, 1], the same for the same seed.

        Runs in eval mode without gradients, `batch` images at a time, and restores the mode.
        """
        z = latents(n, self.z_dim, seed)
        return in_batches(self, z, batch=batch, stage=stage, fade=fade).clamp_(-1, 1)


class Critic(Growing):
    """Map images (N, colours, size, size), size = 4 · 2^stage, to scores (N,): high is "real".

    Scores are linear, without sigmoid: they are logits where a loss takes logits. One of the
    channels at 4×4 is the minibatch standard deviation, so that the convolution that reads them
    has as many input channels as `channels` says: processors dislike 65.

    Args:
        channels: at 4, 8, 16 … pixels.
        colours: colour channels of the images.
        group: images that the minibatch standard deviation compares.
    """

    def __init__(self, channels: Sequence[int] = CHANNELS, colours: int = 3, group: int = 4):
        super().__init__(channels, colours)
        self.group = group
        widths = (channels[0] - 1, *channels[1:])  # before the standard deviation comes in
        self.from_rgb = nn.ModuleList(from_colours(colours, width) for width in widths)
        self.blocks = nn.ModuleList([critic_4x4(channels[0], group)])
        for after, before in pairwise(widths):
            self.blocks.append(critic_block(before, after))  # from 8×8, from 16×16 …

    def forward(
        self, images: torch.Tensor, stage: int | None = None, fade: float = 1.0
    ) -> torch.Tensor:
        """Return scores (N,); by 1 − fade the images enter halved, at the stage before."""
        stage = self.stage_number(stage, fade)
        size = self.sizes[stage]
        expect_shape(images, (None, self.colours, size, size), "images")
        x = self.from_rgb[stage](images)
        if stage > 0:
            x = self.blocks[stage](x)
            if fade < 1:
                x = torch.lerp(self.from_rgb[stage - 1](half(images)), x, fade)
            for block in reversed(self.blocks[1:stage]):  # each halves, down to 4×4
                x = block(x)
        return self.blocks[0](x).squeeze(1)
