"""Lesson 08's explorer of icons: sets, one idea as ten garments, variations around one."""

import html
import io
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

from course_lib.explorers.base import WIDE, Dropdown, Explorer, slider, unused, whole_slider
from course_lib.explorers.conditional import FIRST_SEED, menu
from course_lib.studio import icons
from course_lib.studio.icons import IconSet
from course_lib.studio.sources import Source, few_colours
from course_lib.threads import one_thread

KINDS = ("a set of garments", "one idea, ten garments", "variations around one")
PAPERS = {"transparent": None, "white": "#FFFFFF", "black": "#000000"}
MINE = "my own"


def chequered(width: int, height: int, side: int = 8) -> Image.Image:
    """Return the pattern that stands for "transparent" in programs for pictures."""
    y, x = np.mgrid[:height, :width] // side
    grey = np.where((x + y) % 2 == 0, 255, 225).astype(np.uint8)
    return Image.fromarray(grey).convert("RGBA")


class Icons(Explorer):
    """See `icons`."""

    WIDTH, COLUMNS = 380, {KINDS[0]: 8, KINDS[1]: 5, KINDS[2]: 6}

    def __init__(self, source: Source, class_names: Sequence[str], seeds: int, folder: Path):
        if len(class_names) != source.classes:
            raise ValueError(
                f"expected a name for each of {source.classes} classes, got {len(class_names)}"
            )
        self.source, self.class_names, self.folder = source, list(class_names), folder
        self.kind = Dropdown(options=KINDS, description="kind", style=WIDE)
        self.seed = whole_slider("seed", 0, seeds - 1, min(FIRST_SEED, seeds - 1))
        self.number = whole_slider("number", 10, 64, 48)
        self.label = menu("class, of variations", class_names, min(7, len(class_names) - 1))
        self.distance = slider("distance, degrees", 0.0, 90.0, 30.0, 1.0)
        self.truncation = slider("truncation", 0.0, 1.5, icons.TRUNCATION)
        for control in (self.seed, self.number, self.distance, self.truncation):
            # A sheet has dozens of icons, a fifth of a second's work: it waits for the finger.
            control.continuous_update = False
        self.colours = Dropdown(options=[*icons.PALETTES, MINE], description="palette", style=WIDE)
        self.mine = widgets.Text(
            value="#264653, #E76F51", description=MINE, style=WIDE, continuous_update=False
        )
        self.paper = Dropdown(options=[*PAPERS], description="paper", style=WIDE)
        save = widgets.Button(description="Save icons and sheet", icon="download")
        save.layout.width = "auto"
        save.on_click(lambda _: self.save())
        self.saved = widgets.HTML()
        controls = [self.kind, self.seed, self.number, self.label, self.distance, self.truncation]
        controls += [self.colours, self.mine, self.paper, save, self.saved]
        alt = "A sheet of generated garments as icons, each in a colour of the palette."
        super().__init__(controls, alt, self.WIDTH)
        self.text.layout.width = f"{self.WIDTH}px"

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

    @one_thread()
    def draw(self) -> tuple[bytes, str]:
        """Return the picture as PNG bytes, and a sentence that says what it shows."""
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

    @one_thread()
    def save(self) -> Path | None:
        """Write icons and sheet into a new folder; return it, or None if there is nothing to."""
        try:
            found = self.icons()
        except ValueError as error:
            self.saved.value = html.escape(f"not saved: {error}")
            return None
        folder = unused(self.folder, "icons")
        found.save(folder, PAPERS[self.paper.value])
        self.saved.value = f"{len(found.names)} icons and sheet.png saved in {folder}"
        return folder


def icon_sheet(
    source: Source,
    class_names: Sequence[str],
    seeds: int = 100,
    folder: Path | str = "made",
) -> Icons:
    """Return an explorer of icons: a set, one idea as ten garments, or variations around one.

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
    return Icons(source, class_names, seeds, Path(folder))
