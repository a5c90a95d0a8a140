"""The latent explorer: walks through a generator's latent space, under sliders."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image
from torch import nn

from course_lib import figures, sampling, zoo
from course_lib.explorers.base import Explorer, slider, whole_slider
from course_lib.explorers.ends import Ended
from course_lib.latent import lerp, slerp
from course_lib.sampling import latents, size_of
from course_lib.studio import provenance

WALK = 9  # images in the strip between the two seeds


def principal_directions(
    generator: nn.Module, count: int = 6, n: int = 1000, seed: int = 0
) -> torch.Tensor:
    """Return the unit directions in z-space that change the image most, (count, z_dim).

    Fits images ≈ mean + A·z by least squares on n samples (for z ~ N(0, I) that is A = E[x zᵀ])
    and returns the leading right singular vectors of A: the principal component analysis of the
    images, pulled back to z. The idea follows GANSpace (Härkönen et al. 2020), which does it with
    inner layers. Signs are fixed so that a positive step brightens the image.
    """
    z = latents(n, size_of(generator), seed)
    images = sampling.draw(generator, z, batch=250).flatten(1)
    slopes = (images - images.mean(0)).T @ z / n  # (pixels, z_dim)
    _, _, directions = torch.linalg.svd(slopes, full_matrices=False)
    directions = directions[:count]
    brighter = (slopes @ directions.T).sum(0).sign()
    return directions * torch.where(brighter == 0, 1.0, brighter)[:, None]


def direction_sliders(count: int) -> list[widgets.FloatSlider]:
    """Return sliders for steps along principal directions."""
    return [slider(f"direction {i + 1}", -6.0, 6.0, 0.0, 0.1) for i in range(count)]


def two_ends(
    rows: Sequence[Ended], z: torch.Tensor, directions: torch.Tensor
) -> Iterator[tuple[Ended, torch.Tensor]]:
    """Yield sliders for steps from z (1, z_dim), and the latents (2, z_dim) at their ends."""
    for row, direction in zip(rows, directions, strict=True):
        step = row.slider
        yield row, z + torch.tensor([[step.min], [step.max]]).sub(step.value) * direction


def moved(steps: Sequence[widgets.FloatSlider]) -> list[str]:
    """Return in words which of these sliders are not at 0."""
    return [f"direction {i + 1} by {s.value:+.1f}" for i, s in enumerate(steps) if s.value]


class Latent(Explorer):
    """An explorer of a generator's latent space.

    Sliders choose two seeds and a point on the way between them (spherical or linear), the
    truncation (z is multiplied by it: below 1 images become less varied; hidden where the generator
    reads no more of z than its direction), and steps along the principal directions. A button saves
    the image.

    Args:
        generator: any that `sampling.draw` takes.
        count: number of principal directions, 1 to z_dim.
        seeds: number of seeds to choose from.
        folder: where the button saves.
        first: seeds A and B at the beginning.
    """

    def __init__(
        self,
        generator: nn.Module,
        count: int = 6,
        seeds: int = 100,
        folder: Path | str = "pictures",
        first: tuple[int, int] = (0, 1),
    ):
        self.generator, self.folder = generator, folder
        self.directions = principal_directions(generator, count)
        self.seed_a = whole_slider("seed A", 0, seeds - 1, first[0])
        self.seed_b = whole_slider("seed B", 0, seeds - 1, first[1])
        self.between = slider("from A to B", 0.0, 1.0, 0.0, 0.02)
        self.path = widgets.ToggleButtons(
            options=["spherical", "linear"], description="path", style={"button_width": "80px"}
        )
        self.truncation = slider("truncation", 0.0, 1.5, 1.0)
        z = latents(2, size_of(generator), 0)
        once, twice = (sampling.draw(generator, factor * z) for factor in (1, 2))
        if torch.allclose(once, twice, atol=1e-3):  # only z's direction counts, as in ProGAN
            self.truncation.layout.display = "none"
        self.steps = direction_sliders(count)
        self.ended = [Ended(step) for step in self.steps]
        save = self.button("Save this image", self.save, "download")
        controls = [self.seed_a, self.seed_b, self.between, self.path, self.truncation]
        alt = "A large generated image, and under it a strip of images on the way to another one."
        super().__init__([*controls, *self.ended, *self.saving(save)], alt)

    def z(self) -> torch.Tensor:
        """Return the strip's latent vectors and, last, the chosen one: (WALK + 1, z_dim)."""
        z_dim = size_of(self.generator)
        z0, z1 = latents(1, z_dim, self.seed_a.value), latents(1, z_dim, self.seed_b.value)
        t = torch.cat([torch.linspace(0, 1, WALK), torch.tensor([self.between.value])])
        path = slerp if self.path.value == "spherical" else lerp
        offset = torch.tensor([step.value for step in self.steps]) @ self.directions
        return path(z0, z1, t[:, None]) * self.truncation.value + offset

    def draw(self) -> tuple[bytes, str]:
        images = sampling.draw(self.generator, self.z())  # (WALK + 1, C, H, W)
        strip = figures.tile(images[:WALK], columns=WALK, scale=1)
        scale = max(1, strip.shape[1] // images.shape[-1])
        large = figures.tile(images[WALK:], scale=scale)
        wide = np.full((large.shape[0], strip.shape[1], *large.shape[2:]), 255, np.uint8)
        left = (wide.shape[1] - large.shape[1]) // 2
        wide[:, left : left + large.shape[1]] = large
        space = np.full((4, *wide.shape[1:]), 255, np.uint8)
        steps = moved(self.steps)
        sentence = (
            f"Seed {self.seed_a.value}, {self.between.value:.0%} of the {self.path.value} way to "
            f"seed {self.seed_b.value}"
            + self.truncated()
            + (": " + ", ".join(steps) if steps else "")
            + ". The strip shows the whole way."
        )
        return figures.png(np.concatenate([wide, space, strip])), sentence

    def ends(self):
        for row, z in two_ends(self.ended, self.z()[-1:], self.directions):
            yield row, sampling.draw(self.generator, z)

    def truncated(self) -> str:
        """Return in words how far z is truncated, or nothing where that has no effect."""
        hidden = self.truncation.layout.display == "none"
        return "" if hidden else f", truncation {self.truncation.value:.2f}"

    def save(self) -> Path | None:
        """Save the chosen image as PNG, eight times enlarged."""
        image = sampling.draw(self.generator, self.z()[-1:])
        picture = Image.fromarray(figures.tile(image, scale=8))
        facts = provenance.facts(
            zoo.name_of(self.generator),
            self.seed_a.value,
            to={"seed": self.seed_b.value},
            at=self.between.value,
            path=self.path.value,
            truncation=self.truncation.value,
            directions=[step.value for step in self.steps],
        )
        return self.store("latent", ".png", lambda path: provenance.save_png(picture, path, facts))
