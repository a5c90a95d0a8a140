"""Images found from a network's features: inverted, or made to excite a channel."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import pad

from course_lib import training
from course_lib.features.activations import expect_images, expect_one, layer_activations
from course_lib.features.descent import Descent, Watch, noise, total_variation, watched
from course_lib.features.style import content_loss
from course_lib.sampling import eval_mode


def invert_features(
    network: nn.Module,
    image: torch.Tensor,
    layer: str,
    *,
    smoothness: float = 0.1,
    steps: int = 20,
    seed: int = 0,
    watch: Watch | None = None,
    progress: bool = True,
) -> tuple[torch.Tensor, float]:
    """Return an image that has the same features in a layer, made from noise, and the error left.

    Mahendran and Vedaldi 2015, equation 1: content loss plus `smoothness` times total variation.

    Args:
        network: has its convolutional part in `convolutions`.
        image: (1, C, H, W), float in [-1, 1].
        layer: a name out of `layers_of(network)`.
        smoothness: weight of the smoothness prior.
        steps: of L-BFGS, five iterations each.
        seed: of the noise from which the image begins.
        watch: called as watch(step, image) after every step.
        progress: False runs silently.

    Returns:
        The reconstruction (1, C, H, W) in [-1, 1], and its `content_loss`: 0 is exact.
    """
    expect_one(image, network, "image")
    with eval_mode(network), torch.no_grad():
        wanted = layer_activations(network, image, [layer])[layer]

    def losses(x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = layer_activations(network, x, [layer])[layer]
        return {
            "features": content_loss(found, wanted),
            "smoothness": smoothness * total_variation(x),
        }

    descent = Descent(network, losses, noise(image.shape, seed), decay=1.0)
    watched(descent, steps, watch, progress)
    with eval_mode(network), torch.no_grad():
        found = layer_activations(network, descent.image, [layer])[layer]
    return descent.image, content_loss(found, wanted).item()


def maximise_activation(
    network: nn.Module,
    score: Callable[[torch.Tensor], torch.Tensor],
    start: torch.Tensor,
    *,
    smoothness: float = 20.0,
    jitter: int = 2,
    steps: int = 150,
    rate: float = 0.05,
    seed: int = 0,
    watch: Watch | None = None,
    progress: bool = True,
) -> torch.Tensor:
    """Return images that excite a network: pixels trained by Adam to raise `score`.

    Simonyan et al. 2014. Two priors keep the images from becoming noise that only the network
    likes: neighbouring pixels shall differ little, and before every step the images are shifted by
    chance, so that what is drawn must work in all places nearby (Mordvintsev et al. 2015).

    Args:
        network: whose features `score` uses; it is put into eval mode meanwhile.
        score: maps images (N, C, H, W) to numbers (N,), such as one logit of each:
            lambda images: network(images)[:, 8].
        start: (N, C, H, W), float in [-1, 1]: where the images begin, such as `noise(shape, seed)`.
        smoothness: weight of the smoothness prior.
        jitter: the largest shift in pixels; 0 for none.
        steps: of Adam.
        rate: Adam's learning rate.
        seed: of the shifts.
        watch: called as watch(step, images) after every step.
        progress: False runs silently.

    Returns:
        The images (N, C, H, W) in [-1, 1].
    """
    expect_images(start, network, "start")
    if jitter < 0:
        raise ValueError(f"jitter is 0 or more pixels, not {jitter}")
    images = start.detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([images], lr=rate)
    chance = torch.Generator().manual_seed(seed)
    height, width = images.shape[2:]

    def step(i: int) -> dict:
        top, left = torch.randint(2 * jitter + 1, (2,), generator=chance).tolist()
        padded = pad(images, (jitter,) * 4, mode="replicate")
        scores = score(padded[:, :, top : top + height, left : left + width])
        if scores.shape != (len(images),):
            raise ValueError(f"score gives shape ({len(images)},), got {tuple(scores.shape)}")
        # Every image has the same loss as if it were alone.
        loss = smoothness * len(images) * total_variation(images) - scores.sum()
        (images.grad,) = torch.autograd.grad(loss, images)
        optimiser.step()
        with torch.no_grad():
            images.clamp_(-1, 1)
        if watch is not None:
            watch(i + 1, images.detach().clone())
        return {"score": scores.mean()}

    with eval_mode(network):
        training.fit(step, steps, progress=progress)
    return images.detach()
