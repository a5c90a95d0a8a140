"""What all explorers share: the box, the picture, the line of text, and a picture that stays."""

import base64
import html
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from course_lib import machine

WIDE = {"description_width": "9em"}

if TYPE_CHECKING:

    class Dropdown(widgets.Dropdown):
        value: Any  # never None, which ipywidgets allow: ours have options, one of them chosen
else:
    Dropdown = widgets.Dropdown


def slider(description: str, low: float, high: float, value: float, step: float = 0.05):
    """Return a slider for a real number that reports while it is dragged."""
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=description, style=WIDE
    )


def whole_slider(description: str, low: int, high: int, value: int):
    """Return a slider for a whole number that reports while it is dragged."""
    return widgets.IntSlider(value=value, min=low, max=high, description=description, style=WIDE)


def unused(folder: Path, name: str, suffix: str = "") -> Path:
    """Return the first of name-001, name-002 … in a folder that does not exist yet.

    Every button that saves asks here. The number of files in the folder is no free number: whoever
    deletes the first of three files would lose the third.
    """
    paths = (folder / f"{name}-{number:03d}{suffix}" for number in count(1))
    return next(path for path in paths if not path.exists())


class Explorer:
    """A picture that follows its sliders.

    A subclass creates its controls, calls `super().__init__(controls)`, and defines `draw`. The
    picture is an `ipywidgets.Image`, whose bytes are swapped in place; the line under it says in
    words what the picture shows. In a notebook that is read without a kernel (on a web page, say)
    a static image stands where the explorer was.

    Args:
        controls: the widgets beside the picture, from top to bottom. Every change of a `value`
            draws anew; buttons have no value and call what they are told to.
        alt: a sentence that says what the static image shows.
        width: of the picture on the screen, in pixels.
        above: controls that need the whole width, such as a line of text; they come first.

    A subclass whose picture has no flat areas, which PNG cannot pack, sets `format` to "jpeg".
    """

    format = "png"

    def __init__(
        self,
        controls: Sequence[widgets.Widget],
        alt: str,
        width: int = 360,
        above: Sequence[widgets.Widget] = (),
    ):
        self.alt, self.shown_width = alt, width
        self.picture = widgets.Image(format=self.format, layout=widgets.Layout(width=f"{width}px"))
        self.picture.add_class("explorer-picture")
        self.text = widgets.HTML()
        self.controls = [*above, *controls]
        left = widgets.VBox([*controls], layout=widgets.Layout(min_width="330px"))
        right = widgets.VBox([self.picture, self.text])
        self.box = widgets.HBox([*above, left, right], layout=widgets.Layout(flex_flow="row wrap"))
        self.box.add_class("explorer")
        for control in self._with_value(self.controls):
            control.observe(self._changed, names="value")
        self.refresh()
        machine.give_back_memory()  # once: while a slider moves, it is needed again at once

    @classmethod
    def _with_value(cls, controls):
        """Yield the controls that have a value, inside boxes too."""
        for control in controls:
            if isinstance(control, widgets.Box):
                yield from cls._with_value(control.children)
            elif isinstance(control, widgets.ValueWidget) and not isinstance(
                control, widgets.HTML | widgets.Output
            ):
                yield control

    def _changed(self, change) -> None:
        self.refresh()

    def draw(self) -> tuple[bytes, str]:
        """Return the picture in `format`, and a sentence that says what it shows."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Draw the picture for the present values of the controls."""
        content, sentence = self.draw()
        self.picture.value = content
        self.text.value = f'<span aria-live="polite">{html.escape(sentence)}</span>'

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        data = self.box._repr_mimebundle_() or {}
        encoded = base64.b64encode(self.picture.value).decode()
        static = (
            f'<img alt="{html.escape(self.alt)}" src="data:image/{self.format};base64,{encoded}" '
            f'width="{self.shown_width}"><br>Run this cell to bring the sliders to life.'
        )
        return {**data, "text/html": static, "text/plain": f"explorer: {self.alt}"}
