"""Lesson 08's explorer of icons: sets, one idea as ten garments, variations around one."""

import html
import io
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

from course_lib.explorers.base import WIDE, Explorer, menu, slider, until_let_go, whole_slider
from course_lib.explorers.conditional import classes, seed_slider
from course_lib.studio import icons
from course_lib.studio.icons import IconSet
from course_lib.studio.sources import Source, few_colours

KINDS = ("a set of garments", "one idea, ten garments", "variations around one")
PAPERS = {"transparent": None, "white": "#FFFFFF", "black": "#000000"}
MINE = "my own"


def chequered(width: int, height: int, side: int = 8) -> Image.Image:
    """Return the pattern that stands for "transparent" in programs for pictures."""
    y, x = np.mgrid[:height, :width] // side
    grey = np.where((x + y) % 2 == 0, 255, 225).astype(np.uint8)
    return Image.fromarray(grey).convert("RGBA")


class IconSheet(Explorer):
    """An explorer of icons: a set, one idea as ten garments, or variations around one.

    Menus choose the kind, the class of variations, the palette (or the student's own colours) and
    the paper; sliders the seed, the number, the variations' distance and the truncation. A button
    saves every icon as a transparent PNG, and the sheet, into a new folder `icons-001`, `icons-002`
    and so on.

    Args:
        source: a conditional generator of grey images, with all its labels.
        class_names: one for each class.
        seeds: number of seeds to choose from.
        folder: where the button makes the new folder.

    Raises:
        ValueError: names and classes differ in number.
    """

    WIDTH, COLUMNS = 380, {KINDS[0]: 8, KINDS[1]: 5, KINDS[2]: 6}

    def __init__(
        self,
        source: Source,
        class_names: Sequence[str],
        seeds: int = 100,
        folder: Path | str = "made",
    ):
        if len(class_names) != source.classes:
            raise ValueError(
                f"expected a name for each of {source.classes} classes, got {len(class_names)}"
            )
        self.source, self.class_names, self.folder = source, list(class_names), folder
        self.kind = menu("kind", KINDS)
        self.seed = seed_slider(seeds)
        self.number = whole_slider("number", 10, 64, 48)
        self.label = classes("class, of variations", class_names, min(7, len(class_names) - 1))
        self.distance = slider("distance, degrees", 0.0, 90.0, 30.0, 1.0)
        self.truncation = slider("truncation", 0.0, 1.5, icons.TRUNCATION)
        # A sheet has dozens of icons, a fifth of a second's work.
        until_let_go(self.seed, self.number, self.distance, self.truncation)
        self.colours = menu("palette", [*icons.PALETTES, MINE])
        self.mine = widgets.Text(
            value="#264653, #E76F51", description=MINE, style=WIDE, continuous_update=False
        )
        self.paper = menu("paper", PAPERS)
        save = self.button("Save icons and sheet", self.save, "download", width="auto")
        controls = [self.kind, self.seed, self.number, self.label, self.distance, self.truncation]
        controls += [self.colours, self.mine, self.paper, *self.saving(save)]
        alt = "A sheet of generated garments as icons, each in a colour of the palette."
        super().__init__(controls, alt, self.WIDTH)

    def palette(self) -> list[str]:
        """Return the chosen colours.

        Raises:
            ValueError: one of the student's own is no colour.
        """
        if self.colours.value != MINE:
            return icons.palette(self.colours.value)
        return icons.palette([c.strip() for c in self.mine.value.split(",") if c.strip()])

    def icons(self) -> IconSet:
        """Return the icons that the controls describe.

        Raises:
            ValueError: as `palette`.
        """
        kind, seed, colours = self.kind.value, self.seed.value, self.palette()
        options = {"truncation": self.truncation.value, "columns": self.COLUMNS[kind]}
        if kind == KINDS[0]:
            return icons.icon_set(self.source, self.number.value, seed, colours, **options)
        if kind == KINDS[1]:
            options["columns"] = min(options["columns"], self.source.classes)
            return icons.one_idea(self.source, seed, colours, **options)
        return icons.variations(
            self.source,
            self.label.value,
            seed,
            self.distance.value,
            colours,
            count=self.number.value,
            **options,
        )

    def draw(self) -> tuple[bytes, str]:
        kind = self.kind.value
        # Only what has an effect is shown: one idea has ten garments, a set no centre.
        self.number.layout.display = "none" if kind == KINDS[1] else ""
        for control in (self.label, self.distance):
            control.layout.display = "" if kind == KINDS[2] else "none"
        try:
            found = self.icons()
        except ValueError as error:
            return self.picture.value, f"Nothing new is drawn: {error}."
        sheet = found.sheet(PAPERS[self.paper.value]).image
        height = round(sheet.height * self.WIDTH / sheet.width)
        small = sheet.resize((self.WIDTH, height), Image.Resampling.LANCZOS)
        small = Image.alpha_composite(chequered(*small.size), small).convert("RGB")
        name = self.class_names[self.label.value]
        details = {
            KINDS[0]: f"{len(found.names)} icons",
            KINDS[1]: f"one z as {len(found.names)} classes",
            KINDS[2]: f"{name}, the first icon, and {len(found.names) - 1} at "
            f"{self.distance.value:.0f} degrees from it",
        }
        buffer = io.BytesIO()
        few_colours(small).save(buffer, "PNG")
        return buffer.getvalue(), (
            f"{kind.capitalize()}: {details[kind]}, seed {self.seed.value}, truncation "
            f"{self.truncation.value:.2f}, palette {self.colours.value}, paper {self.paper.value}."
        )

    def save(self) -> Path | None:
        """Save icons and sheet in a new folder."""
        try:
            found = self.icons()
        except ValueError as error:
            self.saved.value = html.escape(f"not saved: {error}")
            return None
        words = f"{len(found.names)} icons and sheet.png saved in {{}}"
        paper = PAPERS[self.paper.value]
        return self.store("icons", "", lambda folder: found.save(folder, paper), words)
