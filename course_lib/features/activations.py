"""What a network's layers answer to images, and the Gram matrix of the answers."""

from collections.abc import Sequence

import torch
from torch import nn

SMALLEST = 16  # pixels that four poolings leave something of


def layers_of(network: nn.Module) -> dict[str, nn.Module]:
    """Return the layers of a network's convolutional part by name, in their order.

    Before them stands "pixels", the image itself: its "features" are its colours.
    """
    modules = network.get_submodule("convolutions").named_modules()
    layers = {name: layer for name, layer in modules if not isinstance(layer, nn.Sequential)}
    return {"pixels": nn.Identity(), **layers}


def expect_images(images: torch.Tensor, network: nn.Module, name: str = "images") -> None:
    """Raise ValueError unless `images` are float (N, C, H, W) with the network's channels."""
    first = next(layer for layer in layers_of(network).values() if isinstance(layer, nn.Conv2d))
    channels = first.in_channels
    if images.ndim != 4 or images.shape[1] != channels or min(images.shape[2:]) < SMALLEST:
        raise ValueError(
            f"{name} has shape (N, {channels}, H, W), H and W at least {SMALLEST}, "
            f"got {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"{name} is float in [-1, 1], got {images.dtype}: see data.to_float")


def expect_one(image: torch.Tensor, network: nn.Module, name: str) -> None:
    """Raise ValueError unless `image` is one image as `expect_images` wants them."""
    expect_images(image, network, name)
    if len(image) != 1:
        raise ValueError(f"{name} is one image, (1, C, H, W), got {len(image)}")


def layer_activations(
    network: nn.Module, images: torch.Tensor, layers: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Return what some layers of a network give for images: name -> (N, channels, h, w).

    Nothing beyond the last of these layers is computed.

    Args:
        network: has its convolutional part in `convolutions`.
        images: (N, C, H, W), float in [-1, 1].
        layers: names out of `layers_of(network)`, one or more.

    Raises:
        ValueError: no layer has this name, or the images have another shape or type.
    """
    known = layers_of(network)
    for name in layers:
        if name not in known:
            raise ValueError(f"no layer is called {name!r}; there are {', '.join(known)}")
    expect_images(images, network)
    last = max(list(known).index(name) for name in layers)
    found = {}
    for name, layer in list(known.items())[: last + 1]:
        images = layer(images)
        if name in layers:
            found[name] = images
    return found


def gram_matrix(features: torch.Tensor) -> torch.Tensor:
    """Return how strongly channels occur together, (N, C, C), for features (N, C, H, W).

    The mean over all positions of the product of channels i and j: Gatys et al. 2016, equation 3,
    divided by H·W, so that images of different sizes can be compared. Where things are is lost.
    """
    if features.ndim != 4:
        raise ValueError(f"features have shape (N, C, H, W), got {tuple(features.shape)}")
    flat = features.flatten(2)  # (N, C, H·W)
    return flat @ flat.transpose(1, 2) / flat.shape[2]
