"""What a judge says of images: features, probabilities, and the distance between two sets."""

from typing import Any

import torch
from torch import nn

from course_lib import threads
from course_lib.data import to_float
from course_lib.metrics.distances import frechet_distance
from course_lib.sampling import device_of
from course_lib.training import evaluating


def features(judge: nn.Module, images: torch.Tensor, batch: int = 100) -> torch.Tensor:
    """Return the judge's features, float64 (N, F), of images (N, C, H, W).

    Images are float in [-1, 1] or uint8, which are converted batch by batch to spare memory.
    """
    return judged(judge, images, batch)[0]


def probabilities(judge: nn.Module, images: torch.Tensor, batch: int = 100) -> torch.Tensor:
    """Return the judge's class probabilities (N, classes) of images as `features` takes them.

    Raises:
        ValueError: the judge does not tell probabilities of one classification.
    """
    chances = judged(judge, images, batch)[1]
    if chances is None:
        raise ValueError(
            f"a judge with one classification, `to_logits`, is needed, got {type(judge).__name__}"
        )
    return chances


def judged(
    judge: nn.Module, images: torch.Tensor, batch: int = 100
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return features, float64 (N, F), and class probabilities (N, classes), in one pass.

    None stands for the probabilities where the judge tells none.
    """
    tells = hasattr(judge, "to_logits") and not hasattr(judge, "attributes")
    sees: Any = judge  # torch's stubs take a module's methods for tensors
    found, chances = [], []
    with evaluating(judge):
        # As many pixels at a time as `batch` images of 28×28 have, so that portraits fit as well.
        size = max(1, batch * 28 * 28 // images.shape[2:].numel())
        for part in threads.tuned(images.split(size)):
            part = to_float(part) if part.dtype == torch.uint8 else part
            seen = sees.features(part.to(device_of(judge)))
            found.append(seen.cpu())
            if tells:
                chances.append(sees.to_logits(seen).softmax(dim=1).cpu())
    return torch.cat(found).double(), torch.cat(chances) if tells else None


def fid_course(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> float:
    """Return FID-course between two sets of images, as `features` takes them."""
    return frechet_distance(features(judge, real), features(judge, fake))
