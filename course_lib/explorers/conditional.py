"""Lesson 05's explorers: a class and an idea, chosen apart from each other."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image
from torch import nn

from course_lib import figures, zoo
from course_lib.explorers.base import Dropdown, Explorer, menu, slider, whole_slider
from course_lib.explorers.canvas import Canvas
from course_lib.explorers.ends import Ended
from course_lib.explorers.networks import computed, expect
from course_lib.explorers.walks import (
    WALK,
    direction_sliders,
    moved,
    principal_directions,
    two_ends,
)
from course_lib.models.cgan import Generator
from course_lib.sampling import draw, latents
from course_lib.studio import provenance

FIRST_SEED = 19  # of the shipped model's seeds, one with ten bright and clean garments


class Conditional(Explorer):
    """What the four have in common: a generator, and the names of its classes.

    A subclass calls `take`, makes its controls and hands them on; sizes are in pixels.
    """

    WIDTH = 606

    def take(self, generator: Generator, class_names: Sequence[str]) -> None:
        """Note a conditional generator and a name for each class.

        Raises:
            ValueError: the generator has no classes, or not as many as there are names.
        """
        expect(generator, "a conditional generator with z_dim and classes", "z_dim", "classes")
        if len(class_names) != generator.classes:
            raise ValueError(
                f"expected a name for each of {generator.classes} classes, got {len(class_names)}"
            )
        self.generator, self.class_names = generator, list(class_names)

    def images(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the generator's images (N, C, H, W) in [-1, 1]."""
        return draw(self.generator, z, labels)


def seed_slider(seeds: int) -> widgets.IntSlider:
    """Return a slider for the seed, which begins where all garments are clean."""
    return whole_slider("seed", 0, seeds - 1, min(FIRST_SEED, seeds - 1))


def classes(description: str, class_names: Sequence[str], value: int) -> Dropdown:
    """Return a menu of classes, whose value is the number of one."""
    return menu(description, [(name, i) for i, name in enumerate(class_names)], value=value)


class Latents:
    """Controls that choose one z: a seed, its truncation, and steps along principal directions."""

    def __init__(self, generator: Generator, count: int, seeds: int):
        self.z_dim = generator.z_dim
        self.directions = principal_directions(generator, count)
        self.seed = seed_slider(seeds)
        self.truncation = slider("truncation", 0.0, 1.5, 1.0)
        self.steps = direction_sliders(count)
        self.ended = [Ended(step) for step in self.steps]
        self.controls = [self.seed, self.truncation, *self.ended]

    def z(self) -> torch.Tensor:
        """Return the chosen latent vector, (1, z_dim)."""
        offset = torch.tensor([step.value for step in self.steps]) @ self.directions
        return latents(1, self.z_dim, self.seed.value) * self.truncation.value + offset

    def ends(self):
        """Yield sliders, and the latents (2, z_dim) at their two ends."""
        return two_ends(self.ended, self.z(), self.directions)

    def sentence(self) -> str:
        """Return in words which z is chosen."""
        words = f"seed {self.seed.value}, truncation {self.truncation.value:.2f}"
        return ", ".join([words, *moved(self.steps)])


class ClassMenu(Conditional):
    """An explorer of a conditional generator: a menu of classes, and sliders for z.

    Beside the garment of the chosen class stands what the judge takes it for.

    Args:
        generator: maps z (N, z_dim) and labels (N,) to images; has `z_dim` and `classes`.
        judge: a classifier of the same classes; bars show its probabilities.
        class_names: one for each class.
        count: number of principal directions of z, the same ones for all classes.
        seeds: number of seeds to choose from.

    Raises:
        ValueError: the generator has no classes, or not as many as there are names.
    """

    HEIGHT, SIDE, BARS, LONGEST = 292, 252, 402, 140

    def __init__(
        self,
        generator: Generator,
        judge: nn.Module,
        class_names: Sequence[str],
        count: int = 4,
        seeds: int = 100,
    ):
        self.take(generator, class_names)
        self.judge, self.latents = judge, Latents(generator, count, seeds)
        self.label = classes("class", class_names, 0)
        alt = (
            "A large generated garment of the chosen class, and beside it bars: how probable the "
            "judge holds each class."
        )
        super().__init__([self.label, *self.latents.controls], alt, self.WIDTH)

    def ends(self):
        for row, z in self.latents.ends():
            yield row, self.images(z, torch.tensor([self.label.value] * 2))

    def draw(self) -> tuple[bytes, str]:
        image = self.images(self.latents.z(), torch.tensor([self.label.value]))
        chances = computed(self.judge, image).softmax(dim=1)[0].tolist()
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        name = self.class_names[self.label.value]
        canvas.text(4, 20, f"asked for: {name}", 12)
        canvas.show(image[0], self.SIDE, 4, 30)
        canvas.text(self.BARS - 90, 20, "the judge sees", 12)
        for label, chance in enumerate(chances):
            y, asked = 44 + 25 * label, label == self.label.value
            canvas.text(self.BARS - 8, y, self.class_names[label], 12, anchor="rm")
            colour = figures.BLUE if asked else figures.ORANGE
            canvas.bar(self.BARS, y - 8, max(1, self.LONGEST * chance), 16, colour)
            words = f"{chance:.0%}" if chance >= 0.005 else ""
            canvas.text(self.BARS + self.LONGEST * chance + 6, y, words, 12, anchor="lm")
        seen = int(np.argmax(chances))
        sentence = (
            f"Asked for: {name}, {self.latents.sentence()}. The judge sees: "
            f"{self.class_names[seen]}, with a probability of {chances[seen]:.0%}."
        )
        return canvas.png(), sentence


class AllClasses(Conditional):
    """An explorer that draws one z as each of ten classes; arguments as those of `class_menu`.

    What stays is the idea, what changes is the garment.
    """

    HEIGHT, SIDE, STEP, COLUMNS = 280, 112, 122, 5

    def __init__(
        self, generator: Generator, class_names: Sequence[str], count: int = 4, seeds: int = 100
    ):
        self.take(generator, class_names)
        self.latents = Latents(generator, count, seeds)
        alt = "Ten garments, one of each class, all drawn from the same latent vector."
        super().__init__(self.latents.controls, alt, self.WIDTH)

    def draw(self) -> tuple[bytes, str]:
        count = self.generator.classes
        images = self.images(self.latents.z().repeat(count, 1), torch.arange(count))
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        for label, image in enumerate(images):
            row, column = divmod(label, self.COLUMNS)
            left, top = 2 + self.STEP * column, 22 + 140 * row
            canvas.text(left, top - 6, self.class_names[label], 12)
            canvas.show(image, self.SIDE, left, top)
        return canvas.png(), f"One idea, {count} garments: {self.latents.sentence()}."


class ClassInterpolation(Conditional):
    """An explorer of the way from one class to another with the same z.

    On the way, what stands for the two classes is mixed.

    Args:
        generator: as for `class_menu`; also takes weights of the classes (N, classes) as labels.
        class_names, seeds: as for `class_menu`.
    """

    HEIGHT, LARGE, SMALL, STEP, LEFT, STRIP = 306, 196, 56, 66, 10, 232

    def __init__(self, generator: Generator, class_names: Sequence[str], seeds: int = 100):
        self.take(generator, class_names)
        self.label_a = classes("class A", class_names, 0)
        self.label_b = classes("class B", class_names, 3)
        self.seed = seed_slider(seeds)
        self.between = slider("from A to B", 0.0, 1.0, 0.5, 0.02)
        alt = (
            "A garment on the way from one class to another, and under it the whole way as a strip."
        )
        super().__init__([self.label_a, self.label_b, self.seed, self.between], alt, self.WIDTH)

    def mixtures(self, t: torch.Tensor) -> torch.Tensor:
        """Return weights of the classes (n, classes) at t (n,): 1 − t for A and t for B."""
        ends = torch.eye(self.generator.classes)[[self.label_a.value, self.label_b.value]]
        return torch.lerp(ends[0], ends[1], t[:, None])

    def draw(self) -> tuple[bytes, str]:
        share = self.between.value
        t = torch.cat([torch.linspace(0, 1, WALK), torch.tensor([share])])
        z = latents(1, self.generator.z_dim, self.seed.value).repeat(len(t), 1)
        images = self.images(z, self.mixtures(t))
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        a, b = (self.class_names[menu.value] for menu in (self.label_a, self.label_b))
        canvas.text(self.LEFT, self.STRIP - 8, a, 12)
        right = self.LEFT + (WALK - 1) * self.STEP + self.SMALL
        canvas.text(right, self.STRIP - 8, b, 12, anchor="rs")
        for index, image in enumerate(images[:WALK]):
            place = (self.LEFT + index * self.STEP, self.STRIP)
            canvas.show(image, self.SMALL, *place)
        canvas.show(images[WALK], self.LARGE, (self.WIDTH - self.LARGE) // 2, 8)
        x, bottom = self.LEFT + 28 + share * (WALK - 1) * self.STEP, self.STRIP + self.SMALL
        canvas.mark(x, bottom + 2, figures.ORANGE)
        sentence = (
            f"{1 - share:.0%} {a} and {share:.0%} {b}, seed {self.seed.value}. The strip shows "
            "the whole way; z is the same everywhere."
        )
        return canvas.png(), sentence


class Variations(Conditional):
    """An explorer of a garment's neighbourhood: a sheet of 25 that a button saves.

    The chosen garment stands in the middle of the sheet.

    Args:
        generator, class_names, seeds: as for `class_menu`.
        folder: where the button saves the sheet, as PNG.
    """

    SIDE, STEP, ROWS = 84, 88, 5
    WIDTH = HEIGHT = ROWS * STEP

    def __init__(
        self,
        generator: Generator,
        class_names: Sequence[str],
        seeds: int = 100,
        folder: Path | str = "pictures",
    ):
        self.take(generator, class_names)
        self.folder = folder
        self.label = classes("class", class_names, 7)
        self.seed = seed_slider(seeds)
        self.spread = slider("how different", 0.0, 1.0, 0.5, 0.02)
        self.others = whole_slider("other variations", 0, seeds - 1, 0)
        save = self.button("Save this sheet", self.save, "download")
        controls = [self.label, self.seed, self.spread, self.others, *self.saving(save)]
        alt = "A sheet of five by five garments: the chosen one in the middle, variations around."
        super().__init__(controls, alt, self.WIDTH)

    def z(self) -> torch.Tensor:
        """Return 25 latent vectors (25, z_dim), the chosen one in the middle.

        √(1 − s²)·z + s·noise is distributed as N(0, I), like z, for every spread s.
        """
        z_dim, s, count = self.generator.z_dim, self.spread.value, self.ROWS**2
        chosen = latents(1, z_dim, self.seed.value)
        # Seeds of the variations begin where those of the garments end.
        noise = latents(count, z_dim, self.seed.max + 1 + self.others.value)
        varied = math.sqrt(1 - s**2) * chosen + s * noise
        varied[count // 2] = chosen
        return varied

    def sheet(self) -> torch.Tensor:
        """Return the images on the sheet, (25, C, H, W) in [-1, 1]."""
        return self.images(self.z(), torch.full((self.ROWS**2,), self.label.value))

    def draw(self) -> tuple[bytes, str]:
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        for number, image in enumerate(self.sheet()):
            row, column = divmod(number, self.ROWS)
            place = (2 + self.STEP * column, 2 + self.STEP * row)
            canvas.show(image, self.SIDE, *place)
        middle = 2 + self.STEP * (self.ROWS // 2)
        canvas.frame(middle, middle, self.SIDE, self.SIDE, figures.ORANGE, thick=1)
        sentence = (
            f"{self.class_names[self.label.value].capitalize()}, seed {self.seed.value} (in the "
            f"frame), and 24 variations of it that differ by {self.spread.value:.0%}."
        )
        return canvas.png(), sentence

    def save(self) -> Path | None:
        """Save the sheet as PNG, four times enlarged, without the frame."""
        facts = provenance.facts(
            zoo.name_of(self.generator),
            self.seed.value,
            label=self.label.value,
            spread=self.spread.value,
            variations=self.others.value,
        )
        name = re.sub(r"\W+", "-", self.class_names[self.label.value].lower())
        sheet = Image.fromarray(figures.tile(self.sheet(), columns=self.ROWS, scale=4))
        return self.store(
            f"sheet-{name}", ".png", lambda path: provenance.save_png(sheet, path, facts)
        )
