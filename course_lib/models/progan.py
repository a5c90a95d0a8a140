"""Lesson 07: ProGAN (Karras, Aila, Laine and Lehtinen 2018), which grows while it learns.

Both networks begin at 4×4 pixels. A stage doubles the resolution: new layers fade in beside the
old way to and from colours, then take over. As in the paper: equalised learning rate, pixel norm,
minibatch standard deviation, linear colours without tanh, LeakyReLU(0.2), no batch norm. As in
the authors' code, resampling and the convolution beside it are one operation, so that the critic's
nonlinearity comes after the pooling. Ours alone: few channels and 64×64 pixels, not 1024×1024.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import downsample_kernel, expect_shape, upsample_kernel
from course_lib.sampling import in_batches, latents

CHANNELS = (64, 64, 48, 32, 16)  # at 4, 8, 16, 32 and 64 pixels
GAIN = math.sqrt(2)  # He et al. 2015: keeps the variance through a rectifier


class EqualisedLinear(nn.Linear):
    """A linear layer whose weights are N(0, 1) and scaled by gain/√fan_in each time they are used.

    Karras et al. 2018, section 4.1. Adam moves every weight by about the learning rate, whatever
    its gradient's scale; with weights of one size, all layers learn at one speed. The bias is not
    scaled.
    """

    def __init__(self, in_features: int, out_features: int, gain: float = GAIN):
        super().__init__(in_features, out_features)
        self.scale = gain / math.sqrt(in_features)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.scale * self.weight, self.bias)


class EqualisedConv2d(nn.Conv2d):
    """A convolution that keeps height and width, with the weights of `EqualisedLinear`."""

    def __init__(self, in_channels: int, out_channels: int, size: int = 3, gain: float = GAIN):
        super().__init__(in_channels, out_channels, size, padding=size // 2)
        self.scale = gain / math.sqrt(in_channels * size**2)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.scale * self.weight, self.bias, padding=self.padding)


class EqualisedUpsample(EqualisedConv2d):
    """Nearest upsampling by 2, then an equalised 3×3 convolution, as one operation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = upsample_kernel(self.scale * self.weight)
        return functional.conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


class EqualisedDownsample(EqualisedConv2d):
    """An equalised 3×3 convolution, then 2×2 average pooling, as one operation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = downsample_kernel(self.scale * self.weight)
        return functional.conv2d(x, kernel, self.bias, stride=2, padding=1)


class PixelNorm(nn.Module):
    """Divide the vector of channels at each pixel by its root mean square.

    x/√(mean_c x² + 1e-8), Karras et al. 2018, section 4.2: signals cannot escalate while both
    networks compete. Takes (N, C, …).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class MinibatchStd(nn.Module):
    """Join images (N, C, H, W) with one channel that tells how much a group of them varies.

    Karras et al. 2018, section 3. Groups are `group` neighbours in the batch, or the whole batch
    where it is smaller; the (biased) standard deviation over the group, √(variance + 1e-8), is
    averaged over channels and pixels. A generator that repeats itself gives itself away.

    Raises:
        ValueError: the batch is not a whole number of groups.
    """

    def __init__(self, group: int = 4):
        super().__init__()
        self.group = group

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, group = len(x), min(self.group, len(x))
        if n % group:
            raise ValueError(f"a batch is a multiple of {group} images, got {n}")
        variance = x.unflatten(0, (-1, group)).var(dim=1, correction=0)  # (N/group, C, H, W)
        std = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (N/group,)
        channel = std.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, channel], dim=1)


def rectified(*layers: nn.Module, norm: bool = False) -> Iterator[nn.Module]:
    """Yield each layer with LeakyReLU(0.2) after it, and pixel norm after that in a generator."""
    for layer in layers:
        yield layer
        yield nn.LeakyReLU(0.2)
        if norm:
            yield PixelNorm()


def half(images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) at half their height and width: means of 2×2 pixels."""
    return functional.avg_pool2d(images, 2)


def double(images: torch.Tensor) -> torch.Tensor:
    """Return images (N, C, H, W) at twice their height and width: each pixel four times."""
    return functional.interpolate(images, scale_factor=2, mode="nearest")


def faded(images: torch.Tensor, fade: float) -> torch.Tensor:
    """Return real images as a stage that fades in shall see them: their fine detail by `fade`.

    At 0 they look like those of the stage before, doubled, and like what G draws at fade 0; at 1
    they stay as they are. Images sharper than G can draw would let the critic win.
    """
    return images if fade == 1 else torch.lerp(double(half(images)), images, fade)


class Growing(nn.Module):
    """What generator and critic share: `channels`, one entry per stage, and their sizes.

    Stage s has images of 4 · 2ˢ pixels; stage None is the last one.
    """

    def __init__(self, channels: Sequence[int], colours: int):
        super().__init__()
        self.channels, self.colours = tuple(channels), colours
        self.sizes = tuple(4 << stage for stage in range(len(channels)))

    def checked(self, stage: int | None, fade: float) -> int:
        """Return the stage's number; raise ValueError where there is no such stage or fade."""
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

    def __init__(self, z_dim: int = 64, channels: Sequence[int] = CHANNELS, colours: int = 3):
        super().__init__(channels, colours)
        self.z_dim, first = z_dim, channels[0]
        # The paper's first layer is a 4×4 convolution of a 1×1 image: 16 times the fan-in.
        dense = EqualisedLinear(z_dim, first * 4 * 4, gain=GAIN / 4)
        layers = nn.Sequential(dense, nn.Unflatten(1, (first, 4, 4))), EqualisedConv2d(first, first)
        smallest = nn.Sequential(PixelNorm(), *rectified(*layers, norm=True))
        self.blocks = nn.ModuleList([smallest])
        for before, after in pairwise(channels):
            layers = EqualisedUpsample(before, after), EqualisedConv2d(after, after)
            self.blocks.append(nn.Sequential(*rectified(*layers, norm=True)))
        self.to_rgb = nn.ModuleList(EqualisedConv2d(c, colours, 1, gain=1) for c in channels)

    def forward(self, z: torch.Tensor, stage: int | None = None, fade: float = 1.0) -> torch.Tensor:
        """Return the stage's images; by 1 − fade those of the stage before it, doubled."""
        expect_shape(z, (None, self.z_dim), "z")
        stage, x = self.checked(stage, fade), z
        for block in self.blocks[: stage + 1]:
            before, x = x, block(x)
        images = self.to_rgb[stage](x)
        if fade == 1 or stage == 0:
            return images
        return torch.lerp(double(self.to_rgb[stage - 1](before)), images, fade)

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


def with_fitted_colours(generator: Generator, n: int = 200, seed: int = 0) -> Generator:
    """Return a copy whose earlier stages draw what its last stage draws, as well as they can.

    Once a stage has faded in, its predecessor's way to colours learns no more, while the blocks
    that it reads go on learning; at the end the two do not fit. Here each way to colours but the
    last is fitted anew, by least squares, to the last stage's images at its own size.

    Args:
        generator: trained to its last stage.
        n: images to fit to.
        seed: of their latent vectors.
    """
    fitted, z = copy.deepcopy(generator), latents(n, generator.z_dim, seed)
    targets = [in_batches(generator, z, batch=25)]
    for _ in generator.sizes[1:]:
        targets.append(half(targets[-1]))
    with torch.no_grad():
        x = z
        stages = zip(fitted.blocks, fitted.to_rgb[:-1], reversed(targets), strict=False)
        for block, to_rgb, target in stages:
            x = block(x)
            features, colours = (part.movedim(1, -1).flatten(0, -2) for part in (x, target))
            features = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
            solution = torch.linalg.lstsq(features, colours).solution  # (C + 1, colours)
            to_rgb.weight.copy_(solution[:-1].T[:, :, None, None] / to_rgb.scale)
            to_rgb.bias.copy_(solution[-1])
    return fitted


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
        first, widths = channels[0], (channels[0] - 1, *channels[1:])
        self.from_rgb = nn.ModuleList(
            nn.Sequential(*rectified(EqualisedConv2d(colours, c, 1))) for c in widths
        )
        dense = nn.Sequential(nn.Flatten(), EqualisedLinear(first * 4 * 4, first))
        layers = rectified(EqualisedConv2d(first, first), dense)
        smallest = nn.Sequential(MinibatchStd(group), *layers, EqualisedLinear(first, 1, gain=1))
        self.blocks = nn.ModuleList([smallest])
        for after, before in pairwise(widths):
            layers = EqualisedConv2d(before, before), EqualisedDownsample(before, after)
            self.blocks.append(nn.Sequential(*rectified(*layers)))

    def forward(
        self, images: torch.Tensor, stage: int | None = None, fade: float = 1.0
    ) -> torch.Tensor:
        """Return scores (N,); by 1 − fade the images enter halved, at the stage before."""
        stage = self.checked(stage, fade)
        expect_shape(images, (None, self.colours, *2 * [self.sizes[stage]]), "images")
        x = self.from_rgb[stage](images)
        if stage > 0:
            x = self.blocks[stage](x)
            if fade < 1:
                x = torch.lerp(self.from_rgb[stage - 1](half(images)), x, fade)
        for block in reversed(self.blocks[: max(stage, 1)]):
            x = block(x)
        return x.squeeze(1)
