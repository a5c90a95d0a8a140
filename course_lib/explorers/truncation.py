"""Lesson 08's explorer of truncation: a sheet of portraits, and whose share of it shrinks."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from course_lib import figures
from course_lib.explorers.base import Explorer, slider, whole_slider
from course_lib.explorers.canvas import Canvas
from course_lib.figures import BLUE
from course_lib.metrics import Estimate
from course_lib.studio import provenance
from course_lib.studio.responsibility import truncated


class Truncation(Explorer):
    """An explorer of what truncation does to groups: a slider, a sheet, and bars.

    Args:
        name: of the model, for the facts in a saved sheet.
        model: as `responsibility.truncated` takes it.
        truncations, curves: what `responsibility.truncation_curves` took and returned.
        real: name of each group -> its share of the data.
        folder: where the button saves the sheet.
    """

    COLUMNS, ROWS = 8, 2
    LINE, LEFT, RIGHT = 22, 190, 400  # pixels: a line, and where the bars begin and end at most

    def __init__(
        self,
        name: str,
        model: nn.Module,
        truncations: Sequence[float],
        curves: Mapping[str, Sequence[Estimate]],
        real: Mapping[str, Estimate],
        folder: Path | str = "made",
    ):
        self.name, self.model, self.folder = name, model, folder
        self.truncations, self.curves, self.real = [*truncations], curves, real
        self.factor = slider("truncation", min(truncations), max(truncations), 1.0)
        self.seed = whole_slider("seed", 0, 99, 0)
        save = self.button("Save this sheet", self.save, "download")
        self.drawn = torch.empty(0)
        alt = (
            "A sheet of 16 generated portraits, and under it bars: the share of each group among "
            "samples, with a line at its share of the data."
        )
        super().__init__([self.factor, self.seed, *self.saving(save)], alt, width=526)

    def shares(self) -> dict[str, float]:
        """Return each group's share at the slider's truncation, between the measured points."""
        order = np.argsort(self.truncations)
        at = np.array(self.truncations)[order]
        return {
            name: float(np.interp(self.factor.value, at, [curve[i].value for i in order]))
            for name, curve in self.curves.items()
        }

    def images(self) -> torch.Tensor:
        """Return the sheet's images, (16, C, H, W), float in [-1, 1]."""
        return truncated(self.model, self.factor.value, self.COLUMNS * self.ROWS, self.seed.value)

    def draw(self) -> tuple[bytes, str]:
        self.drawn = self.images()
        sheet = figures.tile(self.drawn, self.COLUMNS, scale=1)
        height, width = sheet.shape[:2]
        canvas = Canvas(width, height + 8 + self.LINE * len(self.curves) + 18, scale=1)
        canvas.paste(sheet, 0, 0)
        shares = self.shares()
        top = max(*shares.values(), *(real.value for real in self.real.values()), 0.01)
        for line, (name, share) in enumerate(shares.items()):
            y = height + 8 + self.LINE * line
            long = (self.RIGHT - self.LEFT) / top
            canvas.text(4, y + 15, name, 12)
            if share > 0:
                canvas.bar(self.LEFT, y + 4, max(1, round(long * share)), 14, BLUE)
            real = self.real[name].value
            mark = self.LEFT + long * real
            canvas.line(np.array([(mark, y + 1), (mark, y + 21)]), Canvas.INK, 2)
            canvas.text(
                self.RIGHT + 10, y + 15, f"{share:.0%}, data {self.real[name].value:.0%}", 12
            )
        canvas.text(4, canvas.image.height - 5, "bars: samples; lines: the data", 11)
        sentence = f"Truncation {self.factor.value:.2f}, seed {self.seed.value}: " + "; ".join(
            f"{name} {share:.0%} of samples, {self.real[name].value:.0%} of the data"
            for name, share in shares.items()
        )
        buffer = io.BytesIO()
        # 256 colours show as well and take a third of the room; the saved sheet has all.
        canvas.image.quantize(256, Image.Quantize.FASTOCTREE).save(buffer, "png")
        return buffer.getvalue(), sentence + "."

    def save(self) -> Path | None:
        """Save the sheet as PNG; the truncation is among its facts."""
        facts = provenance.facts(self.name, self.seed.value, truncation=self.factor.value)
        sheet = figures.tile(self.drawn, self.COLUMNS, scale=1)
        pixels = torch.from_numpy(sheet.reshape(*sheet.shape[:2], -1)).permute(2, 0, 1)
        name = f"truncation-{self.factor.value:.2f}-seed-{self.seed.value:02d}"
        return self.store(name, ".png", lambda path: provenance.save_png(pixels, path, facts))


truncation = Truncation  # as lesson 08 calls it
