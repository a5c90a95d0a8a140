"""Lesson 08's explorer of pages: contact sheets and posters, before they are saved."""

from collections.abc import Mapping
from pathlib import Path

import ipywidgets as widgets

from course_lib.explorers.base import WIDE, Explorer, menu, slider, until_let_go, whole_slider
from course_lib.studio import sheets
from course_lib.studio.sources import Source, Work

KINDS = ("contact sheet", "poster, frames in a grid", "poster, one picture of slices")


class Pages(Explorer):
    """An explorer of pages to print: a contact sheet, or a poster from a walk.

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

    WIDTH = 340

    def __init__(
        self,
        sources: Mapping[str, Source],
        title: str = "",
        seeds: int = 100,
        folder: Path | str = "made",
    ):
        if not sources:
            raise ValueError("at least one source is needed")
        self.sources, self.folder = dict(sources), folder
        self.source = menu("generator", sources)
        self.kind = menu("kind", KINDS)
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.columns = whole_slider("columns", 3, 8, 5)
        self.rows = whole_slider("rows", 3, 8, 6)
        self.share = slider("share of the circle", 0.05, 1.0, 1.0)
        # A page has dozens of images, a fifth of a second's work.
        until_let_go(self.seed, self.columns, self.rows, self.share)
        self.filter = menu("enlargement", sheets.FILTERS)
        self.title = widgets.Text(
            value=title, description="title", style=WIDE, continuous_update=False
        )
        save = self.button("Save this page", self.save, "download")
        controls = [self.source, self.kind, self.seed, self.columns, self.rows, self.share]
        controls += [self.filter, self.title, *self.saving(save)]
        alt = "A page of generated pictures in rows, with a title and a line that says who made it."
        super().__init__(controls, alt, self.WIDTH)

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

    def draw(self) -> tuple[bytes, str]:
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

    def save(self) -> Path | None:
        """Save the page at the size of A4, as PNG."""
        kind = "contact-sheet" if self.kind.value == KINDS[0] else "poster"
        with self.threads():
            page = self.work(sheets.A4)
        return self.store(kind, ".png", page.save)
