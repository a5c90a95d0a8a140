"""Lesson 07, no part of the paper: earlier stages of a trained ProGAN, with colours that fit."""

import copy
from typing import TYPE_CHECKING

import torch

from course_lib.models.progan_blocks import half
from course_lib.models.progan_layers import EqualisedConv2d
from course_lib.sampling import in_batches, latents

if TYPE_CHECKING:  # `progan` imports this file
    from course_lib.models.progan import Generator


def with_fitted_colours(generator: "Generator", n: int = 200, seed: int = 0) -> "Generator":
    """Return a copy whose earlier stages draw what its last stage draws, as well as they can.

    Once a stage has faded in, the layer to colours of the stage before it learns no more. The
    blocks that this layer reads go on learning, so that at the end the two do not fit. Here each
    layer to colours but the last is fitted anew, by least squares, to the last stage's images at
    its own size.

    Args:
        generator: trained to its last stage.
        n: images to fit to.
        seed: of their latent vectors.
    """
    fitted = copy.deepcopy(generator)
    x = latents(n, generator.z_dim, seed)
    images = in_batches(generator, x, batch=25)
    targets = {images.shape[2]: images}  # size -> the last stage's images at this size
    for size in reversed(generator.sizes[:-1]):
        targets[size] = half(targets[2 * size])
    with torch.no_grad():
        for stage, size in enumerate(generator.sizes[:-1]):
            x = fitted.blocks[stage](x)
            features = x.movedim(1, -1).flatten(0, -2)  # (n · size · size, C)
            features = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
            colours = targets[size].movedim(1, -1).flatten(0, -2)  # (n · size · size, colours)
            solution = torch.linalg.lstsq(features, colours).solution  # (C + 1, colours)
            to_rgb = fitted.to_rgb[stage]
            assert isinstance(to_rgb, EqualisedConv2d)  # a ModuleList does not say so
            to_rgb.weight.copy_(solution[:-1].T[:, :, None, None] / to_rgb.scale)
            to_rgb.bias.copy_(solution[-1])
    return fitted
