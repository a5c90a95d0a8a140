"""Lesson 06: the two generators of StackGAN (Zhang et al. 2017); `stackgan` joins them.

The paper's: Stage I draws from the text and z (section 3.3); Stage II halves Stage I's image, joins
the text, passes residual blocks and draws (3.4). Ours alone: 16×16 and 64×64 pixels in place of
64×64 and 256×256, and few channels, for two cores. The second edition of the shipped models has a
hidden layer in Stage I and a width of its own for the residual blocks, both named in the arguments.
"""

import torch
from torch import nn

from course_lib.layers import expect_shape
from course_lib.models.dcgan import initialise
from course_lib.models.stackgan_blocks import ConditioningAugmentation, Residual, replicated, up
from course_lib.models.text import down


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
        self.layers = nn.Sequential()
        if hidden:
            self.layers.append(nn.Linear(c_dim + z_dim, hidden, bias=False))
            self.layers.append(nn.BatchNorm1d(hidden))
            self.layers.append(nn.ReLU())
        self.layers.append(nn.Linear(hidden or c_dim + z_dim, 4 * w * 4 * 4, bias=False))
        self.layers.append(nn.Unflatten(1, (4 * w, 4, 4)))
        self.layers.append(nn.BatchNorm2d(4 * w))
        self.layers.append(nn.ReLU())
        self.layers.append(up(4 * w, 2 * w))  # 8×8
        self.layers.append(up(2 * w, w))  # 16×16
        self.layers.append(nn.Conv2d(w, 3, 3, padding=1))
        self.layers.append(nn.Tanh())
        self.apply(initialise)

    def forward(self, z: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        expect_shape(z, (None, self.z_dim), "z")
        expect_shape(c, (z.shape[0], self.c_dim), "c")
        return self.layers(torch.cat([c, z], dim=1))


class StageIIGenerator(nn.Module):
    """Map Stage I's images (N, 3, 16, 16) and a condition c (N, c_dim) to (N, 3, 64, 64).

    Halves the small image, joins c at 8×8, refines both in residual blocks, and draws. The paper
    halves the image twice; here once, because 4×4 would forget where things stand. Channels at 16,
    32 and 64 pixels: 4, 2 and 1 times width.

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
        self.augment = ConditioningAugmentation(text_dim, c_dim, uses_text=text_twice)
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
        self.draw = nn.Sequential()
        for _ in range(blocks):
            self.draw.append(Residual(trunk))
        self.draw.append(up(trunk, 4 * w))  # 16×16
        self.draw.append(up(4 * w, 2 * w))  # 32×32
        self.draw.append(up(2 * w, w))  # 64×64
        self.draw.append(nn.Conv2d(w, 3, 3, padding=1))
        self.draw.append(nn.Tanh())
        self.apply(initialise)

    def forward(self, small: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        expect_shape(small, (None, 3, 16, 16), "small")
        expect_shape(c, (small.shape[0], self.c_dim), "c")
        return self.draw(self.join(replicated(c, self.read(small))))
