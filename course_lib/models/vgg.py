"""VGG-19 (Simonyan and Zisserman 2015), the network of Gatys et al. 2016, for whoever has it."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn


class Normalise(nn.Module):
    """Turn images in [-1, 1] into what networks trained on ImageNet expect."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return ((images + 1) / 2 - self.mean) / self.std


class VGG(nn.Module):
    """VGG-19's convolutional part in `convolutions`, as `features` uses it; `vgg` makes one.

    Args:
        features: torchvision's `vgg19().features`.
    """

    def __init__(self, features: nn.Module):
        super().__init__()
        self.convolutions = nn.Sequential()
        self.convolutions.add_module("normalise", Normalise())
        block, number = 1, 0
        for layer in features.children():
            if isinstance(layer, nn.Conv2d):
                number += 1
                self.convolutions.add_module(f"conv{block}_{number}", layer)
            elif isinstance(layer, nn.ReLU):
                # Torchvision's works in place, which would change what the layer before it gave.
                self.convolutions.add_module(f"relu{block}_{number}", nn.ReLU())
            else:
                # The mean in place of the maximum: Gatys et al. 2016, section 2.
                self.convolutions.add_module(f"pool{block}", nn.AvgPool2d(2))
                block, number = block + 1, 0


def vgg(download: bool = False) -> VGG:
    """Return VGG-19 trained on ImageNet, the network of Gatys et al. 2016, with average pooling.

    Its layers bear the same names as those of "personas-cnn", so it can take its place.

    Args:
        download: True lets torch fetch the weights, 548 MB, once, if they are not here yet.

    Raises:
        FileNotFoundError: the weights are not here, and `download` is False.
        ValueError: the weights are damaged.
    """
    from torchvision.models import VGG19_Weights, vgg19  # slow to import, and rarely needed

    url = VGG19_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        if not download:
            raise FileNotFoundError(
                f"{path} is missing: VGG-19's weights, 548 MB. With a network, "
                "features.vgg(download=True) fetches them. Without one, "
                'zoo.load("personas-cnn") does the same on a smaller scale.'
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file's name ends in the beginning of its checksum, which torch compares.
        check = path.stem.rpartition("-")[2]
        torch.hub.download_url_to_file(url, str(path), hash_prefix=check)
    with torch.device("meta"):  # the layers without memory for weights, most of which go unused
        features = vgg19(weights=None).features
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        own = {
            name.removeprefix("features."): tensor
            for name, tensor in weights.items()
            if name.startswith("features.")
        }
        features.load_state_dict(own, assign=True)
    except (RuntimeError, OSError, EOFError, AttributeError, UnpicklingError):
        # Torch's own words advise to run whatever code the file holds.
        raise ValueError(
            f"{path} is damaged, or holds something else. Delete it and fetch it again, with "
            "features.vgg(download=True)."
        ) from None
    return VGG(features).eval().requires_grad_(False)
