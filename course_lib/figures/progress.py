"""A picture and loss curves that change in place while a training runs."""

from collections.abc import Callable

import ipywidgets as widgets
import torch
from IPython.display import display
from matplotlib.figure import Figure
from traitlets import Unicode

from course_lib.figures.base import as_html, figure_png, png
from course_lib.figures.grids import tile
from course_lib.figures.series import curves
from course_lib.training import History


class Picture(widgets.Image):
    """A picture with a name for screen readers, its `tooltip`.

    The browser's part of `Image` names the picture by its tooltip only where there is an empty
    description, and stumbles where there is none. So this one has it.
    """

    description = Unicode("").tag(sync=True)


class Live:
    """A picture and loss curves that change in place while `fit` runs; `live` makes one."""

    def __init__(
        self, picture: Callable[[], torch.Tensor | Figure], alt: str, columns: int, scale: int
    ):
        self.picture, self.alt, self.columns, self.scale = picture, alt, columns, scale
        self.box = None

    def _sheet(self) -> bytes:
        picture = self.picture()
        if isinstance(picture, Figure):
            return figure_png(picture)
        return png(tile(picture, self.columns, self.scale))

    def update(self, history: History) -> None:
        """Draw the picture and the curves anew, in the same place."""
        if self.box is None:
            self._image, self._curves = Picture(tooltip=self.alt), Picture(tooltip="Loss curves")
            self.box = widgets.HBox([self._image, self._curves])
            display(self.box)
        # An Image widget swaps its bytes in the browser: no flicker, no growing output.
        self._image.value = self._sheet()
        self._curves.value = figure_png(curves.draw(history))

    def finish(self, history: History) -> None:
        """Replace the live picture by a lasting one, with a line on time and speed."""
        if self.box is not None:  # ipywidgets keep what is not closed, its bytes too
            for part in (self._image, self._curves, self.box):
                part.layout.close()
                part.close()
        speed = history.images_per_second
        caption = f"{history.steps:,} steps"
        caption += f" in {history.seconds:.0f} s" if history.seconds else ""
        caption += f", {speed:,.0f} images per second" if speed else ""
        caption += ", stopped by hand" if history.interrupted else ""
        display(as_html(self._sheet(), self.alt, caption))


def live(
    picture: Callable[[], torch.Tensor | Figure], alt: str, columns: int = 8, scale: int = 2
) -> Live:
    """Return what `fit(show=…)` shows: `picture()` as a grid beside the loss curves.

    Args:
        picture: returns images (N, C, H, W), float in [-1, 1], or a figure; called once per update.
        alt: a sentence for those who cannot see the grid.
        columns, scale: as in `tile`.
    """
    return Live(picture, alt, columns, scale)
