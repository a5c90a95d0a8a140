"""Lesson 00's explorer: the reader is the discriminator, and guesses which garments are drawn."""

from typing import cast

import ipywidgets as widgets
import torch
from torch import nn

from course_lib import sampling
from course_lib.explorers.base import Explorer
from course_lib.explorers.canvas import Canvas, as_float
from course_lib.figures import BLUE, ORANGE

HALF = 6  # pictures of each kind in a round


class Guess(Explorer):
    """An explorer of how well one tells drawn images from real ones: twelve of them, six drawn.

    The reader ticks what a network drew. A button shows the answers and counts the right ones, and
    another one brings the next twelve. What was shown once is counted once, over all rounds.

    Args:
        generator: any that `sampling.draw` takes; of one that reads a label, labels are random.
        real: images (N, C, H, W), uint8 or float in [-1, 1], six of them or more.
        seed: of the first round; the next rounds have the next seeds.

    Raises:
        ValueError: there are fewer than six real images, or their shape is another one.
    """

    COLUMNS, SIDE, STEP, HEIGHT = 6, 84, 101, 132  # pixels; HEIGHT of a row with its words

    def __init__(self, generator: nn.Module, real: torch.Tensor, seed: int = 0):
        if len(real) < HALF:
            raise ValueError(f"expected {HALF} real images or more, got {len(real)}")
        self.generator, self.real, self.seed = generator, real, seed
        self.right: list[int] = []  # of twelve, for each round that was shown
        self.shown = False
        narrow = {"width": f"{self.STEP - 4}px", "margin": "2px"}
        self.marks = [
            widgets.Checkbox(False, description=f"{number} drawn", indent=False, layout=narrow)
            for number in range(1, 2 * HALF + 1)
        ]
        width = self.COLUMNS * self.STEP
        grid = widgets.HBox(self.marks, layout={"flex_flow": "row wrap", "max_width": f"{width}px"})
        self.show = self.button("Show the answers", self.answer)
        self.next = self.button("Next twelve", self.go_on)
        controls = [grid, widgets.HBox([self.show, self.next])]
        self.deal()
        alt = (
            "Twelve small grey pictures of garments in two rows, numbered from 1 to 12: six are "
            "real, and six were drawn by a network."
        )
        super().__init__(controls, alt, width, under=controls)

    def arranged(self, above, controls, beside: widgets.Box) -> widgets.Box:
        """Return the picture with all controls under it: each tick stands in its column."""
        return widgets.VBox([beside])

    def deal(self) -> None:
        """Choose this round's real images, draw the others, and shuffle them."""
        chance = torch.Generator().manual_seed(self.seed)
        chosen = torch.randperm(len(self.real), generator=chance)[:HALF]
        labels = None
        if sampling.reads(self.generator) == "label":
            classes = cast(int, self.generator.classes)
            labels = torch.randint(classes, (HALF,), generator=chance)
        drawn = sampling.sample(self.generator, HALF, self.seed, asked=labels)
        order = torch.randperm(2 * HALF, generator=chance)
        self.images = torch.cat([as_float(self.real[chosen]), drawn])[order]  # (12, C, H, W)
        self.drawn = (order >= HALF).tolist()

    def answer(self) -> None:
        """Show which images are drawn, and count once what the reader has ticked."""
        if not self.shown:
            self.shown = True
            self.right.append(sum(map(bool.__eq__, self.ticks(), self.drawn)))
            for mark in self.marks:
                mark.disabled = True
            self.refresh()

    def go_on(self) -> None:
        """Deal the next twelve images, without a tick."""
        self.seed, self.shown = self.seed + 1, False
        self.deal()
        with self.quietly():
            for mark in self.marks:
                mark.value, mark.disabled = False, False
        self.refresh()

    def ticks(self) -> list[bool]:
        """Return for each image whether the reader has ticked it."""
        return [bool(mark.value) for mark in self.marks]

    def draw(self) -> tuple[bytes, str]:
        canvas = Canvas(self.shown_width, 2 * self.HEIGHT, scale=1)
        for i, (image, ticked, drawn) in enumerate(
            zip(self.images, self.ticks(), self.drawn, strict=True)
        ):
            row, column = divmod(i, self.COLUMNS)
            left, top = self.STEP * column + 6, self.HEIGHT * row + 22
            canvas.text(left, top - 7, f"{i + 1}" + ": drawn?" * ticked, 13)
            canvas.show(image, self.SIDE, left, top)
            if self.shown:
                colour = ORANGE if drawn else BLUE
                canvas.frame(left, top, self.SIDE, self.SIDE, colour, 4)
                words = f"{'drawn' if drawn else 'real'}: {'right' if ticked == drawn else 'wrong'}"
                canvas.text(left, top + self.SIDE + 19, words, 13)
        return canvas.png(), self.sentence()

    def sentence(self) -> str:
        """Return in words what is ticked, or after the answers the score."""
        ticked = [i for i, tick in enumerate(self.ticks(), 1) if tick]
        if not self.shown:
            return f"Six of these twelve are drawn. Ticked: {numbers(ticked)}."
        total, rounds = sum(self.right), len(self.right)
        all_of_them = f" In {rounds} rounds: {total} of {12 * rounds}." if rounds > 1 else ""
        return (
            f"{self.right[-1]} of 12 right; by chance about 6. Drawn are "
            f"{numbers([i for i, drawn in enumerate(self.drawn, 1) if drawn])}; "
            f"you ticked {numbers(ticked)}.{all_of_them}"
        )


def numbers(found: list[int]) -> str:
    """Return numbers in words: "2, 5 and 7", or "none"."""
    *first, last = map(str, found or ["none"])
    return f"{', '.join(first)} and {last}" if first else last
