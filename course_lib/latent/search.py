"""A z for a portrait: the latent vector whose portrait agrees with what is visible of another.

A generator cannot be asked for "the rest of this portrait", but z can be searched: the portrait
that it draws has to agree with what is visible (Yeh et al. 2017, "Semantic image inpainting with
deep generative models", without their second loss). What it draws elsewhere is its guess. Several
searches from different starts give several guesses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import nn

from course_lib import machine, threads
from course_lib.latent.sphere import on_sphere
from course_lib.layers import expect_shape
from course_lib.sampling import latents, size_of
from course_lib.training import evaluating


def rectangle(top: int, left: int, height: int, width: int, size: int = 64) -> torch.Tensor:
    """Return a mask (1, 1, size, size): 1 where a portrait stays visible, 0 in a rectangle.

    Raises:
        ValueError: the rectangle is empty, or does not lie inside the portrait.
    """
    inside = min(top, left) >= 0 and max(top + height, left + width) <= size
    if not inside or min(height, width) < 1:
        raise ValueError(
            f"rows {top} to {top + height} and columns {left} to {left + width} do not lie inside "
            f"{size}×{size} pixels"
        )
    mask = torch.ones(1, 1, size, size)
    mask[..., top : top + height, left : left + width] = 0
    return mask


def visible_error(
    images: torch.Tensor, portraits: torch.Tensor, masks: torch.Tensor
) -> torch.Tensor:
    """Return the root mean square difference where the mask is 1, (N,), in units of [-1, 1].

    Args:
        images, portraits: (N, C, H, W), or one of either for all of the other.
        masks: (N or 1, 1, H, W); 1 − mask gives the error where it is 0.
    """
    squares = (images - portraits).square() * masks
    count = masks.sum((1, 2, 3)) * squares.shape[1]
    return (squares.sum((1, 2, 3)) / count.clamp(min=1)).sqrt()


def diversity(images: torch.Tensor, mask: torch.Tensor) -> float:
    """Return how much answers differ where the mask is 0: the mean RMS difference of two.

    Args:
        images: (N, C, H, W), N at least 2.
        mask: (1, 1, H, W).
    """
    pairs = torch.combinations(torch.arange(len(images)))
    return visible_error(images[pairs[:, 0]], images[pairs[:, 1]], 1 - mask).mean().item()


@dataclass(frozen=True)
class Completion:
    """Answers to one hole in one portrait, the one that fits best first.

    Attributes:
        portrait: (1, 3, H, W), float; what its hidden part holds was never read.
        mask: (1, 1, H, W), 1 where the portrait is visible.
        drawn: what the generator draws, (N, 3, H, W), visible part and all, in [-1, 1].
        z: (N, z_dim), each of root mean square 1.
        trace: the error on the visible part before each step and at the end, (steps + 1, N).
        encoded: whether the search began at an encoder's guess.
    """

    portrait: torch.Tensor
    mask: torch.Tensor
    drawn: torch.Tensor
    z: torch.Tensor
    trace: torch.Tensor
    encoded: bool

    @property
    def images(self) -> torch.Tensor:
        """The answers, (N, 3, H, W): visible pixels as they were, hidden ones as drawn."""
        return torch.where(self.mask > 0, self.portrait, self.drawn)


def complete(
    portrait: torch.Tensor,
    mask: torch.Tensor,
    generator: nn.Module,
    encoder: nn.Module | None = None,
    answers: int = 6,
    steps: int = 60,
    seed: int = 0,
    rate: float = 0.1,
    spread: float = 0.4,
) -> Completion:
    """Search for z whose portraits agree with the visible pixels, from several starts at once.

    Adam lowers the mean squared error on the visible pixels. After each step z returns to the
    sphere of root mean square 1: its length means nothing to the generator, which begins with
    pixel norm, and all directions are equally likely under its prior N(0, I), so that no term for
    the prior is needed.

    Args:
        portrait: (1, 3, H, W), float in [-1, 1]; its hidden pixels have no influence.
        mask: (1, 1, H, W), 1 where it is visible: see `rectangle`.
        generator: ProGAN's, or another that does not care about the length of z.
        encoder: maps portrait and mask to z; None starts anywhere on the sphere.
        answers: number of starts.
        steps: of Adam; 0 returns the starts.
        seed: of the starts.
        rate: Adam's step, for components of z that are about 1.
        spread: standard deviation of the noise that is added to the encoder's guess, so that the
            answers differ; the first start is the guess itself.

    Raises:
        ValueError: a shape is another one, or no pixel is visible.
    """
    expect_shape(portrait, (1, 3, None, None), "the portrait")
    expect_shape(mask, (1, 1, *portrait.shape[2:]), "the mask")
    if not mask.any():
        raise ValueError("no pixel is visible: there is nothing to agree with")
    z, seen, trace = latents(answers, size_of(generator), seed), portrait * mask, []
    if encoder is not None:
        noise = spread * z
        noise[0] = 0
        with evaluating(encoder):
            z = encoder(seen, mask) + noise
    z = on_sphere(z).requires_grad_()
    optimiser = torch.optim.Adam([z], lr=rate)
    for step in threads.tuned(range(steps)):
        errors = visible_error(generator(z), seen, mask)
        trace.append(errors.detach())
        (z.grad,) = torch.autograd.grad(errors.square().sum(), z)  # the generator's own stay out
        optimiser.param_groups[0]["lr"] = rate * min(1.0, 2 * (1 - step / steps))
        optimiser.step()
        with torch.no_grad():
            z.copy_(on_sphere(z))
    with torch.no_grad():
        drawn = generator(z)
        trace.append(visible_error(drawn, seen, mask))
    order = trace[-1].argsort()
    machine.give_back_memory()
    return Completion(
        portrait,
        mask,
        drawn[order].clamp(-1, 1),
        z.detach()[order],
        torch.stack(trace)[:, order],
        encoder is not None,
    )


def measured(found: Sequence[Completion]) -> dict[str, float]:
    """Return how good completions are, means over portraits and answers, in units of [-1, 1].

    "start" and "visible" are the errors where the portraits are visible, before and after the
    search; "hidden" is the error against what was hidden; "between" is the answers' `diversity`.

    Args:
        found: completions of whole portraits, so that the truth is known.
    """
    hidden = [visible_error(f.drawn, f.portrait, 1 - f.mask).mean().item() for f in found]
    return {
        "start": fmean(f.trace[0].mean().item() for f in found),
        "visible": fmean(f.trace[-1].mean().item() for f in found),
        "hidden": fmean(hidden),
        "between": fmean(diversity(f.drawn, f.mask) for f in found),
    }
