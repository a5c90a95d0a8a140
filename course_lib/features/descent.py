"""Descent on pixels: L-BFGS in frequencies, watched while it runs."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from course_lib import training
from course_lib.sampling import eval_mode

ITERATIONS = 5  # of L-BFGS in one step

Watch = Callable[[int, torch.Tensor], None]

Losses = Callable[[torch.Tensor], dict[str, torch.Tensor]]


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
