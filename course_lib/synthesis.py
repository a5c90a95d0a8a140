"""Images made from a network's features: activation maximisation, inversion, style transfer.

All three do the same: they leave the network as it is and train an image. What differs is the
loss. A network is anything that has its convolutional part, an `nn.Sequential`, in
`convolutions`; layers are called by the names they have there ("relu1_1", or "0.2" for layer 2 of
block 0). Convolutions do not care about size: images may be larger than those of the training.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn
from torch.nn.functional import pad

from course_lib import training
from course_lib.layers import eval_mode
from course_lib.models.vgg import vgg as vgg

CONTENT_LAYER = "relu3_2"
STYLE_LAYERS = ("pixels", "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2")
SMALLEST = 16  # pixels that four poolings leave something of
ITERATIONS = 5  # of L-BFGS in one step

Watch = Callable[[int, torch.Tensor], None]
Losses = Callable[[torch.Tensor], dict[str, torch.Tensor]]


def layers_of(network: nn.Module) -> dict[str, nn.Module]:
    """Return the layers of a network's convolutional part by name, in their order.

    Before them stands "pixels", the image itself: its "features" are its colours.
    """
    modules = network.convolutions.named_modules()
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


def total_variation(images: torch.Tensor, beta: float = 2.0) -> torch.Tensor:
    """Return how much neighbouring pixels differ, a scalar ≥ 0: the smoothness prior.

    The mean over images (N, C, H, W) and pixels of (Δx² + Δy²)^(β/2), with the differences to the
    next pixel to the right and below: Mahendran and Vedaldi 2015, equation 6.
    """
    right = images[..., :-1, 1:] - images[..., :-1, :-1]
    below = images[..., 1:, :-1] - images[..., :-1, :-1]
    squares = right.square() + below.square()
    # The root of 0 has no finite slope.
    return squares.mean() if beta == 2 else (squares + 1e-8).pow(beta / 2).mean()


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


def frequencies(height: int, width: int) -> torch.Tensor:
    """Return the spatial frequency of each coefficient of `rfft2`, in periods per pixel.

    (height, width // 2 + 1). That of the mean, 0, counts as one period per image, so that it can
    be divided by.
    """
    down, right = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    return (down.square() + right.square()).sqrt().clamp(min=1 / max(height, width))


class Descent:
    """An image, trained to lower the sum of some losses.

    By L-BFGS, as Gatys et al. 2016: on one image, with no chance in the gradient, it is much
    faster than Adam. What it trains are not the pixels but the image's Fourier coefficients, in
    units of 1/f^decay for the spatial frequency f, about as large as they are in images. In pixels,
    the steepest way down runs through fine noise, which nobody wants to see; in these units, large
    shapes come first (Olah, Mordvintsev and Schubert 2017, "Feature visualization",
    preconditioning). Pixels outside [-1, 1] cost extra. `step` does five iterations and can be
    given to `training.fit`.

    Args:
        network: on whose features the losses depend; its weights are left alone.
        losses: maps the image to its losses by name.
        start: the image at the beginning, (N, C, H, W).
        decay: 0 is the descent in pixels; about 1 favours large shapes as images do.
    """

    def __init__(self, network: nn.Module, losses: Losses, start: torch.Tensor, decay: float):
        self.network, self.losses, self.latest = network, losses, {}
        self.size = start.shape[2:]
        units = frequencies(*self.size).pow(-decay).to(start)
        self.units = units / units.mean()
        spectrum = torch.fft.rfft2(start.detach(), norm="ortho") / self.units
        self.spectrum = torch.view_as_real(spectrum).clone().requires_grad_()
        self.optimiser = torch.optim.LBFGS(
            [self.spectrum],
            max_iter=ITERATIONS,
            history_size=20,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )

    def pixels(self) -> torch.Tensor:
        """Return the image that the coefficients stand for, (N, C, H, W), not clipped."""
        spectrum = torch.view_as_complex(self.spectrum) * self.units
        return torch.fft.irfft2(spectrum, s=self.size, norm="ortho")

    @property
    def image(self) -> torch.Tensor:
        """The image as it is now, clipped to [-1, 1]."""
        with torch.no_grad():
            return self.pixels().clamp(-1, 1)

    def evaluate(self) -> torch.Tensor:
        """Return the sum of the losses, and leave its gradient with the coefficients."""
        pixels = self.pixels()
        losses = self.losses(pixels)
        self.latest = {name: loss.detach() for name, loss in losses.items()}
        outside = (pixels.abs() - 1).clamp(min=0).square().mean()
        total = sum(losses.values()) + 10 * outside
        (self.spectrum.grad,) = torch.autograd.grad(total, self.spectrum)
        return total

    def step(self, i: int) -> dict[str, torch.Tensor]:
        """Do five iterations and return the losses by name."""
        with eval_mode(self.network):
            self.optimiser.step(self.evaluate)
        return self.latest


def watched(descent: Descent, steps: int, watch: Watch | None, progress: bool) -> training.History:
    """Take the steps, show the image to `watch` after each, and return the history."""

    def step(i: int) -> dict[str, torch.Tensor]:
        values = descent.step(i)
        if watch is not None:
            watch(i + 1, descent.image)
        return values

    return training.fit(step, steps, progress=progress)


def noise(shape: Sequence[int], seed: int, scale: float = 0.2) -> torch.Tensor:
    """Return grey with a little noise: where an image begins that may become anything."""
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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
