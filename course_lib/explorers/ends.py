"""Small pictures at the two ends of a slider: they say at a glance what "direction 3" does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import ipywidgets as widgets
import torch

from course_lib.figures.base import png
from course_lib.figures.grids import tile
from course_lib.figures.progress import Picture

IDLE = 0.4  # seconds without a change, before small pictures are drawn
SIDE = "28px"


class Ended(widgets.HBox):
    """A slider between two small pictures of what stands at its ends."""

    def __init__(self, slider: widgets.FloatSlider):
        self.slider = slider
        hidden = {"width": SIDE, "height": SIDE, "visibility": "hidden"}  # the place is kept
        self.pictures = [Picture(layout=hidden) for _ in range(2)]
        low, high = self.pictures
        slider.layout.width, slider.layout.flex = "auto", "1 1 auto"
        layout = {"align_items": "center", "width": "400px", "max_width": "100%"}
        super().__init__([low, slider, high], layout=layout)

    def show(self, images: torch.Tensor) -> None:
        """Show what the slider's lower and its upper end lead to, images (2, C, H, W)."""
        ends = zip(self.pictures, images, (self.slider.min, self.slider.max), strict=True)
        for picture, image, value in ends:
            picture.value = png(tile(image[None], scale=1))
            picture.tooltip = f"{self.slider.description} at {value:g}"
            picture.layout.visibility = "visible"


class Later:
    """Does pieces of work one by one, once nothing has asked for anything else for a while.

    Between two pieces the kernel answers whoever drags a slider. Where no event loop runs, as in a
    script, there is nobody to see the result, and nothing is done.

    Args:
        threads: what each piece runs in.
    """

    def __init__(self, threads: Callable[[], AbstractContextManager]):
        self._threads = threads
        self._waiting: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Forget what is left of the work."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def begin(self, work: Callable[[], Iterator[None]]) -> None:
        """Forget the earlier work; after `IDLE` seconds go through `work()`, a piece at a time."""
        self.stop()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        pieces = work()

        def go_on() -> None:
            with self._threads():
                for _ in pieces:
                    self._waiting = loop.call_later(0.01, go_on)
                    return

        self._waiting = loop.call_later(IDLE, go_on)
