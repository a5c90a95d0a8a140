"""How every figure looks, and how it is shown: as an HTML image with alt text.

JupyterLab gives images of its own no alt text. So every function that shows something takes `alt`,
a sentence for those who cannot see the picture, and prints a visible caption where one is given.
"""

import base64
import functools
import html
import io
from collections.abc import Callable
from typing import Any, Protocol, cast, overload

import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from PIL import Image

# Okabe and Ito's palette: told apart by colour-blind readers; line styles tell it in grey print.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, "#333333")
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
STYLE = cycler(color=COLOURS) + cycler(linestyle=LINE_STYLES)


def as_html(content: bytes, alt: str, caption: str = "", kind: str = "png") -> HTML:
    """Return an HTML image with alt text and a visible caption under it.

    Raises:
        ValueError: `alt` is empty.
    """
    if not alt.strip():
        raise ValueError("every picture needs alt text")
    data = base64.b64encode(content).decode()
    alt, caption = html.escape(alt), html.escape(caption)
    image = f'<img alt="{alt}" src="data:image/{kind};base64,{data}" style="max-width:100%">'
    note = f"<figcaption>{caption}</figcaption>" if caption else ""
    return HTML(f'<figure style="margin:0">{image}{note}</figure>')


def png(pixels: np.ndarray) -> bytes:
    """Return uint8 pixels (H, W) or (H, W, 3) as PNG, compressed lightly for speed."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


@overload
def new(*, width: float = ..., height: float = ...) -> tuple[Figure, Axes]: ...
@overload  # one panel has an axis, several have an array of them: only the caller knows
def new(
    columns: int, rows: int = ..., width: float = ..., height: float = ..., **options: Any
) -> tuple[Figure, Any]: ...
def new(columns: int = 1, rows: int = 1, width: float = 7.0, height: float = 2.8, **options) -> Any:
    """Return a new figure and its axes, in the course's style.

    Args:
        columns, rows: panels.
        width, height: of the whole figure and of one row, in inches.
        options: for `Figure.subplots`.

    The figure belongs to no window, so that a notebook never shows it twice.
    """
    figure = Figure(figsize=(width, height * rows), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, **options)
    for axis in np.atleast_1d(axes).flat:
        axis.set_prop_cycle(STYLE)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def figure_png(figure: Figure, colours: int | None = None) -> bytes:
    """Return a figure as PNG; with few colours, at most 256, at a third of the size."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    if colours is None:
        return buffer.getvalue()
    with Image.open(buffer) as picture:
        reduced = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    reduced.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def figure_jpeg(figure: Figure) -> bytes:
    """Return a figure as JPEG, a tenth of the size of a PNG where every pixel differs."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", pil_kwargs={"quality": 90, "subsampling": 0})
    return buffer.getvalue()


def show(
    figure: Figure, alt: str, caption: str = "", jpeg: bool = False, colours: int | None = None
) -> None:
    """Show a figure with alt text and caption, as PNG or, for images rich in detail, as JPEG.

    Args:
        figure: what `new` returned, drawn upon.
        alt: what is to be seen, for those who cannot see it.
        caption: stands below.
        jpeg: as JPEG.
        colours: so many suffice, at most 256, for the PNG of a plot of lines.
    """
    kind = "jpeg" if jpeg else "png"
    content = figure_jpeg(figure) if jpeg else figure_png(figure, colours)
    display(as_html(content, alt, caption, kind))


class Shown(Protocol):
    """A function that shows a figure, and that returns the figure by its attribute `draw`."""

    draw: Callable[..., Figure]

    def __call__(self, *arguments: Any, alt: str, caption: str = ..., **options: Any) -> None: ...


def shown(colours: int | None = None, caption: str = "") -> Callable[[Callable], Shown]:
    """Return a decorator: a function that returns a figure becomes one that shows the figure.

    The function takes two more arguments by name, `alt` and `caption`, which are those of `show`.
    What it returned before, the figure itself, is returned by its attribute `draw`.

    Args:
        colours: as in `show`.
        caption: what stands below where a call gives no caption.
    """

    def decorated(draw: Callable[..., Figure]) -> Shown:
        usual = caption

        @functools.wraps(draw)
        def showing(*arguments, alt: str, caption: str = usual, **options) -> None:
            show(draw(*arguments, **options), alt, caption, colours=colours)

        drawing = cast(Shown, showing)  # which its attribute makes it
        drawing.draw = draw
        return drawing

    return decorated
