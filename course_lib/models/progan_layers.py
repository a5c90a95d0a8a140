"""Lesson 07: the layers of ProGAN (Karras, Aila, Laine and Lehtinen 2018); see `progan`.

The paper's: equalised learning rate (section 4.1), pixel norm (4.2), minibatch standard deviation
(3). As in the authors' code: resampling and the convolution beside it are one operation, which
needs less than half of the products (`layers.upsample_kernel`).
"""

import math

import torch
from torch import nn
from torch.nn import functional

from course_lib.layers import downsample_kernel, upsample_kernel

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

    bias: nn.Parameter  # never None, as it may be in nn.Conv2d

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
    """Add to images (N, C, H, W) one channel that says how much a group of them varies.

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
        n = len(x)
        group = min(self.group, n)
        if n % group:
            raise ValueError(f"a batch is a multiple of {group} images, got {n}")
        variance = x.unflatten(0, (-1, group)).var(dim=1, correction=0)  # (N/group, C, H, W)
        std = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (N/group,)
        channel = std.repeat_interleave(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, channel], dim=1)
