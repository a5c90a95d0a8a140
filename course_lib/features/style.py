"""Style transfer: the content of one image in the style of another."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from course_lib import training
from course_lib.features.activations import expect_one, gram_matrix, layer_activations
from course_lib.features.descent import Descent, Watch, total_variation, watched
from course_lib.sampling import eval_mode

CONTENT_LAYER = "relu3_2"

STYLE_LAYERS = ("pixels", "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2")


def content_loss(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return ‖found − wanted‖² / ‖wanted‖² of features (Mahendran and Vedaldi 2015, equation 2).

    0 for equal features; 1 for features that are all zero. Being relative, it means the same in
    every layer of every network.
    """
    return (found - wanted).square().sum() / wanted.square().sum().clamp(min=1e-12)


def style_loss(
    found: Mapping[str, torch.Tensor], style: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Return how far activations are from a style's, as the mean over the layers.

    Gatys et al. 2016, equations 4 and 5: the squared distance of the Gram matrices, here relative
    to the style's, so that every layer counts alike. And here with the mean apart from the rest:
    after ReLU all features are positive, and in a Gram matrix their means outweigh what makes a
    pattern. So the style's means are subtracted from the features of both images (shifted
    activations: Novak and Nikulin 2016), and the means are compared by themselves, relative to
    the style's variance.

    Args:
        found: layer -> features (1, C, H, W) of an image.
        style: layer -> features (1, C, h, w) of the style; its layers are compared.
    """
    losses = []
    for name, features in style.items():
        centre = features.mean((2, 3), keepdim=True)
        wanted, given = gram_matrix(features - centre), gram_matrix(found[name] - centre)
        variance = wanted.diagonal(dim1=1, dim2=2).sum().clamp(min=1e-12)
        means = (found[name].mean((2, 3), keepdim=True) - centre).square().sum() / variance
        losses.append(content_loss(given, wanted) + means)
    return torch.stack(losses).mean()


def style_descent(
    content: torch.Tensor,
    style: torch.Tensor,
    network: nn.Module,
    *,
    content_layer: str = CONTENT_LAYER,
    style_layers: Sequence[str] = STYLE_LAYERS,
    style_weight: float = 10.0,
    smoothness: float = 1.0,
) -> Descent:
    """Return a style transfer that has not begun: `style_transfer` without its loop.

    For those who want to take the steps themselves; the arguments are the same.
    """
    expect_one(content, network, "content")
    expect_one(style, network, "style")
    if style_weight < 0 or smoothness < 0:
        raise ValueError(f"weights are 0 or more, got {style_weight} and {smoothness}")
    with eval_mode(network), torch.no_grad():
        wanted = layer_activations(network, content, [content_layer])[content_layer]
        manner = layer_activations(network, style, style_layers)

    def losses(x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = layer_activations(network, x, [content_layer, *style_layers])
        return {
            "content": content_loss(found[content_layer], wanted),
            "style": style_weight * style_loss(found, manner),
            "smoothness": smoothness * total_variation(x),
        }

    return Descent(network, losses, content, decay=0.7)


def style_transfer(
    content: torch.Tensor,
    style: torch.Tensor,
    network: nn.Module,
    *,
    steps: int = 40,
    watch: Watch | None = None,
    progress: bool = True,
    **choices,
) -> tuple[torch.Tensor, training.History]:
    """Return the content of one image in the style of another: Gatys et al. 2016, equation 7.

    The image begins as the content, and L-BFGS lowers content loss + `style_weight` · style loss
    + `smoothness` · total variation.

    Args:
        content: (1, C, H, W), float in [-1, 1]: what is to be seen.
        style: (1, C, h, w), float in [-1, 1]: how it is to be drawn. Its size may differ.
        network: has its convolutional part in `convolutions`.
        steps: of L-BFGS, five iterations each.
        watch: called as watch(step, image) after every step.
        progress: False runs silently.
        choices: any of
            content_layer: where content is compared. The deeper, the freer the lines.
            style_layers: where style is compared. The deeper, the larger the motifs.
            style_weight: how much style counts beside content, 10 by default.
            smoothness: weight of the smoothness prior, 1 by default.

    Returns:
        The image (1, C, H, W) in [-1, 1], and the history of the three losses as they are summed,
        "content", "style" and "smoothness", with their weights.

    Raises:
        ValueError: an image has another shape or type, a layer does not exist, or a weight is
            negative.
    """
    descent = style_descent(content, style, network, **choices)
    history = watched(descent, steps, watch, progress)
    return descent.image, history
