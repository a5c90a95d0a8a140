"""Lesson 08's explorer of pages: contact sheets and posters, before they are saved."""

from collections.abc import Mapping
from pathlib import Path

import ipywidgets as widgets

from course_lib.explorers.base import WIDE, Dropdown, Explorer, slider, unused, whole_slider
from course_lib.studio import sheets
from course_lib.studio.sources import Source, Work
from course_lib.threads import one_thread

KINDS = ("contact sheet", "poster, frames in a grid", "poster, one picture of slices")


class Pages(Explorer):
    """See `pages`."""

    WIDTH = 340

    def __init__(self, sources: Mapping[str, Source], title: str, seeds: int, folder: Path):
        if not sources:
            raise ValueError("at least one source is needed")
        self.sources, self.folder = dict(sources), folder
        self.source = Dropdown(options=[*sources], description="generator", style=WIDE)
        self.kind = Dropdown(options=KINDS, description="kind", style=WIDE)
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.columns = whole_slider("columns", 3, 8, 5)
        self.rows = whole_slider("rows", 3, 8, 6)
        self.share = slider("share of the circle", 0.05, 1.0, 1.0)
        for control in (self.seed, self.columns, self.rows, self.share):
            # A page has dozens of images, a fifth of a second's work: it waits for the finger.
            control.continuous_update = False
        self.filter = Dropdown(options=sheets.FILTERS, description="enlargement", style=WIDE)
        self.title = widgets.Text(
            value=title, description="title", style=WIDE, continuous_update=False
        )
        save = widgets.Button(description="Save this page", icon="download")
        save.on_click(lambda _: self.save())
        self.saved = widgets.HTML()
        controls = [self.source, self.kind, self.seed, self.columns, self.rows, self.share]
        controls += [self.filter, self.title, save, self.saved]
        alt = "A page of generated pictures in rows, with a title and a line that says who made it."
        super().__init__(controls, alt, self.WIDTH)
        self.text.layout.width = f"{self.WIDTH}px"

    def work(self, width: int) -> Work:
        """Return the page that the controls describe, at a width in pixels."""
        source, seed, columns = self.sources[self.source.value], self.seed.value, self.columns.value
        options = {"title": self.title.value, "width": width, "filter": self.filter.value}
        if self.kind.value == KINDS[0]:
            seeds = range(seed, seed + columns * self.rows.value)
            return sheets.contact_sheet(source, seeds, columns=columns, **options)
        return sheets.poster(
            source,
            seed,
            layout="grid" if self.kind.value == KINDS[1] else "slices",
            columns=columns,
            rows=self.rows.value,
            share=self.share.value,
            **options,
        )

    @one_thread()
    def draw(self) -> tuple[bytes, str]:
        """Return the picture as PNG bytes, and a sentence that says what it shows."""
        seed, number = self.seed.value, self.columns.value * self.rows.value
        walked = self.kind.value != KINDS[0]
        self.share.layout.display = "" if walked else "none"  # no walk on a contact sheet
        if not walked:
            what = f"seeds {seed} to {seed + number - 1}, {self.columns.value} in a row."
        else:
            what = f"{number} frames, {self.share.value:.0%} of the circle through seed {seed}."
        return self.work(self.WIDTH).preview(self.WIDTH), (
            f"{self.kind.value.capitalize()} by {self.source.value}: {what}"
        )

    @one_thread()
    def save(self) -> Path:
        """Write the page at the size of A4 as PNG, and return its path."""
        kind = "contact-sheet" if self.kind.value == KINDS[0] else "poster"
        path = self.work(sheets.A4).save(unused(self.folder, kind, ".png"))
        self.saved.value = f"saved as {path}"
        return path


def pages(
    sources: Mapping[str, Source],
    title: str = "",
    seeds: int = 100,
    folder: Path | str = "made",
) -> Pages:
    """Return an explorer of pages to print: a contact sheet, or a poster from a walk.

    Menus choose the generator, the kind of page and how images are enlarged; sliders the seed, the
    columns and rows, and for posters how much of the circle is walked. A button saves the page,
    larger, with its facts, as `contact-sheet-001.png` or `poster-001.png`, or the next free number.

    Args:
        sources: by the name that the menu shows.
        title: to begin with; it can be changed.
        seeds: number of seeds to choose from.
        folder: where the button saves.

    Raises:
        ValueError: there is no source.
    """
    return Pages(sources, title, seeds, Path(folder))
