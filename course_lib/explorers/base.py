"""What all explorers share: the box, the picture, the line of text, the button that saves."""

import base64
import errno
import html
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import torch
from IPython import get_ipython
from IPython.display import display

from course_lib import machine, output
from course_lib.explorers.ends import Ended, Later
from course_lib.figures.progress import Picture
from course_lib.threads import one_thread

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


def whole_slider(description: str, low: int, high: int, value: int, step: int = 1):
    """Return a slider for a whole number that reports while it is dragged."""
    return widgets.IntSlider(
        value=value, min=low, max=high, step=step, description=description, style=WIDE
    )


def menu(description: str, options: Iterable, **given) -> Dropdown:
    """Return a menu, in which the first option is chosen, or `value`."""
    return Dropdown(options=[*options], description=description, style=WIDE, **given)


def player(slider: widgets.IntSlider, milliseconds: int) -> widgets.Play:
    """Return buttons that play: they move a slider round and round."""
    limits = {"min": slider.min, "max": slider.max}
    play = widgets.Play(**limits, interval=milliseconds, repeat=True, show_repeat=False)
    widgets.link((play, "value"), (slider, "value"))
    return play


def until_let_go(*controls: widgets.IntSlider | widgets.FloatSlider) -> None:
    """Let sliders report only when the finger leaves them: for pictures that take a while."""
    for control in controls:
        control.continuous_update = False


_made: dict[str, tuple[int, list["Explorer"]]] = {}  # by cell: its last run, and what that made


def _release_earlier(explorer: "Explorer") -> None:
    """Close the explorers that an earlier run of the same cell made; remember this one.

    A closed page would not free them: ipywidgets keep every widget, and IPython every result.
    """
    shell = get_ipython()
    if shell is None:
        return  # no notebook, no cell
    parent = getattr(shell, "get_parent", dict)() or {}
    cell = parent.get("metadata", {}).get("cellId") or shell.user_ns["In"][-1]
    run, made = _made.get(cell, (0, []))
    if run != shell.execution_count:
        for earlier in made:
            earlier.close()
        made = []
    _made[cell] = shell.execution_count, [*made, explorer]


class Explorer:
    """A picture that follows its sliders.

    A subclass creates its controls, calls `super().__init__(controls, alt)`, and defines `draw`.
    The picture's bytes are swapped in place; the line under it says in words what the picture
    shows. In a notebook that is read without a kernel (on a web page, say) a static image stands
    where the explorer was.

    Args:
        controls: the widgets beside the picture, from top to bottom. Every change of a `value`
            draws anew; buttons have no value and call what they are told to.
        alt: a sentence that says what the picture shows, for those who do not see it.
        width: of the picture on the screen, in pixels.
        above: controls that need the whole width, such as a line of text; they come first.
        under: widgets between the picture and the line of text.

    What a control or a button starts runs on one thread: for one picture, a second thread costs
    more than it saves. Networks run through `networks.computed`, in eval mode and on their own
    device.

    Attributes of a subclass:
        format: "jpeg" for a picture that has no flat areas, which PNG cannot pack.
        threads: what every drawing runs in; another one for work that takes seconds.
    """

    format = "png"
    threads: Callable[[], AbstractContextManager] = staticmethod(one_thread)
    saved: widgets.HTML  # the line under the button that saves: `saving` makes it
    folder: Path | str  # where it saves
    _quiet = False

    def __init__(
        self,
        controls: Sequence[widgets.Widget],
        alt: str,
        width: int = 360,
        above: Sequence[widgets.Widget] = (),
        under: Sequence[widgets.Widget] = (),
    ):
        self.alt, self.shown_width = alt, width
        self._later = Later(self.threads)
        # A line longer than the picture would push the picture down. On a narrow page both shrink.
        wide = {"width": f"{width}px", "max_width": "calc(100% - 4px)"}  # margins take 4 pixels
        self.picture = Picture(format=self.format, tooltip=alt, layout=wide)
        self.picture.add_class("explorer-picture")
        self.text = widgets.HTML(layout=wide)
        self.controls = [*above, *controls]
        # As long as the sliders live, nobody needs the static picture above them.
        style = f"<style>.static-{self.picture.model_id} {{ display: none }}</style>"
        hidden = widgets.HTML(style, layout={"display": "none"})
        right = [self.picture, *under, self.text, hidden]
        beside = widgets.VBox(right, layout={"max_width": "100%"})
        self.box = self.arranged(above, controls, beside)
        self.box.add_class("explorer")
        for control in self._with_value(self.controls):
            control.observe(self._on_change, names="value")
        self.refresh()
        _release_earlier(self)
        machine.give_back_memory()  # once: while a slider moves, it is needed again at once

    def arranged(self, above, controls, beside: widgets.Box) -> widgets.Box:
        """Return the box of the explorer: its controls, and beside them picture and text."""
        left = widgets.VBox([*controls], layout={"min_width": "330px"})
        return widgets.HBox([*above, left, beside], layout={"flex_flow": "row wrap"})

    @classmethod
    def _with_value(cls, controls):
        """Yield the controls that have a value, inside boxes too."""
        for control in controls:
            if isinstance(control, widgets.Box):
                yield from cls._with_value(control.children)
            elif isinstance(control, widgets.ValueWidget) and not isinstance(
                control, widgets.HTML | widgets.Image | widgets.Output
            ):
                yield control

    def _on_change(self, change) -> None:
        if not self._quiet:
            with self.threads():
                self.changed(change)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Run a block that sets controls, without drawing."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def changed(self, change) -> None:
        """Answer the change of a control: draw, and whatever a subclass does before."""
        self.refresh()

    def draw(self) -> tuple[bytes, str]:
        """Return the picture in `format`, and a sentence that says what it shows."""
        raise NotImplementedError

    def ends(self) -> Iterator[tuple[Ended, torch.Tensor]]:
        """Yield sliders, and the images (2, C, H, W) that their two ends lead to; here none."""
        yield from ()

    def _draw_ends(self) -> Iterator[None]:
        for row, images in self.ends():
            row.show(images)
            yield

    def refresh(self) -> None:
        """Draw the picture for the present values of the controls."""
        with self.threads():
            content, sentence = self.draw()
        self.picture.value = content
        # The browser's part of `HTML` replaces all that it shows, and no widget of ipywidgets lets
        # us name a region that stays. So some screen readers speak only where one reads the line.
        self.text.value = f'<span aria-live="polite">{html.escape(sentence)}</span>'
        self._later.begin(self._draw_ends)

    def button(self, words: str, act: Callable[[], object], icon: str = "", **layout):
        """Return a button that calls `act`."""

        def pressed(_) -> None:
            with self.threads():
                act()

        button = widgets.Button(description=words, icon=icon, layout=layout)
        button.on_click(pressed)
        return button

    def saving(self, *buttons: widgets.Widget) -> list[widgets.Widget]:
        """Return the buttons that save, and under them the line that says what was saved."""
        self.saved = widgets.HTML(layout={"max_width": "330px"})
        return [*buttons, self.saved]

    def store(
        self, name: str, suffix: str, write: Callable[[Path], object], words="saved as {}"
    ) -> Path | None:
        """Write a file under a free name, and say under the button which; return its path.

        Where the folder cannot be written, the line says so, and what to do; None is returned.

        Args:
            name: of the file, or of a folder that `write` makes, without its number.
            suffix: with its dot, "" for a folder.
            write: puts the file, with the facts of its origin, where it is told to.
            words: what the line says, with {} for the path.
        """
        path = folder = output.place(self.folder)
        try:
            path = output.unused(folder, name, suffix)
            write(path)
        except OSError as error:
            if path != folder:  # what is there is half a file, and was not there before
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            reason = f"“{folder}” cannot be written: {output.why(error)}"
            cure = f"Make the explorer with another folder: folder={str(Path.home() / name)!r}."
            if error.errno == errno.ENOSPC:
                reason, cure = "the disk is full", f"Delete something, or save elsewhere. {cure}"
            self.saved.value = html.escape(f"Not saved: {reason}. {cure}", quote=False)
            return None
        self.saved.value = html.escape(words.format(path), quote=False)
        return path

    def close(self) -> None:
        """Take the explorer off the page and free all that it holds, its model too."""
        if not vars(self):  # one that is closed already stays so
            return
        self._later.stop()
        for widget in {id(widget): widget for widget in _widgets_in(vars(self))}.values():
            widget.close()
        vars(self).clear()

    def static_picture(self) -> bytes:
        """Return the picture for whoever reads without a kernel: the one that is shown now."""
        return self.picture.value

    def static(self) -> str:
        """Return the static picture as HTML.

        The style hides what JupyterLab writes below the picture when a saved notebook is opened
        again: an error, because the kernel that held the sliders is gone.
        """
        encoded = base64.b64encode(self.static_picture()).decode()
        gone = f".jp-OutputArea-child:has(.static-{self.picture.model_id}) + .jp-OutputArea-child"
        return (
            f'<div class="static-{self.picture.model_id}"><img alt="{html.escape(self.alt)}" '
            f'src="data:image/{self.format};base64,{encoded}" width="{self.shown_width}"><br>'
            "Run this cell to bring the sliders to life.</div>"
            f"<style>{gone} > .jupyter-widgets:not(:has(*)) {{ display: none }}</style>"
        )

    def _ipython_display_(self) -> None:
        if "box" not in vars(self):
            print("This explorer is closed, because its cell has run again.")
            return
        words = {"text/html": self.static(), "text/plain": f"explorer: {self.alt}"}
        display(words, raw=True)
        display(self.box)


def _widgets_in(value: object) -> Iterator[widgets.Widget]:
    """Yield a widget and all that it consists of; the widgets of a collection."""
    if isinstance(value, widgets.Widget):
        yield value
        for part in ("children", "layout", "style"):
            yield from _widgets_in(getattr(value, part, None))
    elif isinstance(value, Mapping):
        yield from _widgets_in([*value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _widgets_in(part)
