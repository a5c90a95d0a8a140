"""Lesson 08's explorer of completion: hide a part of a portrait, and see several answers."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib import latent, zoo
from course_lib.explorers.base import Explorer, until_let_go, whole_slider
from course_lib.explorers.canvas import Canvas, as_float, pixels, upscaled
from course_lib.explorers.networks import on_cpu
from course_lib.studio import completion


class Complete(Explorer):
    """An explorer of completion: a part of a portrait is hidden, and there are several answers.

    Sliders choose the portrait, the hole's place and size, and which of four answers is shown
    large. A button saves that answer.

    Args:
        generator, encoder: "progan-personas" and "encoder-personas" of the zoo; without an encoder
            the search starts anywhere.
        portraits: one or more, (N, 3, 64, 64), uint8 or float in [-1, 1].
        steps: of each search.
        folder: where the button saves.
    """

    ANSWERS, LARGE, SMALL, GAP, TOP = 4, 192, 64, 6, 20

    def __init__(
        self,
        generator: nn.Module,
        encoder: nn.Module | None,
        portraits: torch.Tensor,
        steps: int = 40,
        folder: Path | str = "made",
    ):
        # The search makes its z on the CPU.
        self.generator, self.steps = on_cpu(generator), steps
        self.encoder = None if encoder is None else on_cpu(encoder)
        self.portraits, self.folder = as_float(portraits), folder
        self.found: dict[tuple[int, ...], latent.Completion] = {}
        size = self.portraits.shape[-1]
        self.number = whole_slider("portrait", 0, len(self.portraits) - 1, 0)
        self.top = whole_slider("hole: top", 0, size - 8, 6)
        self.left = whole_slider("hole: left", 0, size - 8, 14)
        self.height = whole_slider("hole: height", 8, 48, 26)
        self.width = whole_slider("hole: width", 8, 48, 36)
        searching = [self.number, self.top, self.left, self.height, self.width]
        until_let_go(*searching)  # each starts a search
        self.answer = whole_slider("answer", 1, self.ANSWERS, 1)
        alt = (
            "A portrait with a hole, the portrait that an answer gives, and below them four small "
            "answers side by side."
        )
        width = 2 * self.LARGE + self.GAP
        save = self.button("Save this answer", self.save, "download", width="auto")
        super().__init__([*searching, self.answer, *self.saving(save)], alt, width)

    def hole(self) -> tuple[int, int, int, int]:
        """Return the hole's top, left, height and width; what would lie outside is cut off."""
        size = self.portraits.shape[-1]
        top, left = self.top.value, self.left.value
        return top, left, min(self.height.value, size - top), min(self.width.value, size - left)

    def completion(self) -> latent.Completion:
        """Return the answers for what the sliders describe; the last ones are kept."""
        choice = (self.number.value, *self.hole())
        if choice not in self.found:
            portrait = self.portraits[choice[0]][None]
            mask = latent.rectangle(*choice[1:], size=portrait.shape[-1])
            found = latent.complete(
                portrait, mask, self.generator, self.encoder, self.ANSWERS, self.steps
            )
            self.found = {choice: found}
        return self.found[choice]

    def draw(self) -> tuple[bytes, str]:
        found, chosen = self.completion(), self.answer.value - 1
        hole = np.where(found.mask[0].permute(1, 2, 0) > 0, pixels(found.portrait[0]), 90)
        small_top = self.TOP + self.LARGE + self.GAP
        canvas = Canvas(self.shown_width, small_top + self.SMALL, scale=1)
        canvas.text(0, 14, "what is visible", 12)
        canvas.text(self.LARGE + self.GAP, 14, f"answer {chosen + 1} of {self.ANSWERS}", 12)
        answers = [pixels(image) for image in found.images]
        shown = [(hole.astype(np.uint8), 0, self.TOP, self.LARGE)]
        shown += [(answers[chosen], self.LARGE + self.GAP, self.TOP, self.LARGE)]
        step = (self.shown_width - self.SMALL) / (self.ANSWERS - 1)
        shown += [(a, round(i * step), small_top, self.SMALL) for i, a in enumerate(answers)]
        for image, x, y, side in shown:
            canvas.paste(upscaled(image, side), x, y)
        hidden = latent.visible_error(found.images, found.portrait, 1 - found.mask)
        sentence = (
            f"Answer {chosen + 1} of {self.ANSWERS} differs from what is visible by "
            f"{found.trace[-1, chosen]:.2f} (RMS, colours from -1 to 1) and from what was hidden "
            f"by {hidden[chosen]:.2f}. The answers differ from each other by "
            f"{latent.diversity(found.images, found.mask):.2f} there."
        )
        return canvas.png(), sentence

    def save(self) -> Path | None:
        """Save the chosen answer as PNG, eight times enlarged."""
        found, model = self.completion(), zoo.name_of(self.generator)
        chosen = {"answer": self.answer.value - 1, "portrait": self.number.value}
        return self.store(
            "completion",
            ".png",
            lambda path: completion.save_completion(found, path, model=model, **chosen),
        )
