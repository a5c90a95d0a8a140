"""Figures and image grids, each with alt text.

Pictures are shown as HTML images, because JupyterLab gives images of its own no alt text. Every
function that shows something takes `alt`, a sentence for those who cannot see it, and prints a
visible caption where one is given.
"""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets
import numpy as np
import torch
from IPython.display import HTML, display
from matplotlib import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_lib.data import to_uint8
from course_lib.metrics.table import html_table

# Okabe and Ito's palette: told apart by colour-blind readers; line styles tell it in grey print.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
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


def new(columns: int = 1, rows: int = 1, width: float = 7.0, height: float = 2.8, **options):
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


def tile(images: torch.Tensor, columns: int | None = None, scale: int = 2) -> np.ndarray:
    """Return images as one picture, uint8 (H, W) or (H, W, 3), with a thin gap between them.

    Pixels map [-1, 1] to [0, 255] for every image alike. Nothing is normalised per grid, which
    would hide saturation and collapse.

    Args:
        images: float in [-1, 1] or uint8, (N, 1, H, W) or (N, 3, H, W).
        columns: images in a row; by default about the square root of N.
        scale: how many screen pixels stand for one, a whole number.

    Raises:
        ValueError: the shape is another one.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"images have shape (N, 1 or 3, H, W), got {tuple(images.shape)}")
    pixels = images if images.dtype == torch.uint8 else to_uint8(images)
    pixels = pixels.cpu().permute(0, 2, 3, 1).numpy()  # (N, H, W, C)
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, channels = pixels.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    gap = 2
    sheet = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for index, image in enumerate(pixels):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet[:, :, 0] if channels == 1 else sheet


def grid(
    images: torch.Tensor,
    alt: str,
    caption: str = "",
    columns: int | None = None,
    scale: int = 2,
    jpeg: bool = False,
) -> None:
    """Show images (N, C, H, W), float in [-1, 1] or uint8, as a grid with alt text and caption.

    As JPEG, portraits take a quarter of the room, and pixels are no longer exact.
    """
    sheet = tile(images, columns, scale)
    if not jpeg:
        display(as_html(png(sheet), alt, caption))
        return
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "JPEG", quality=90)
    display(as_html(buffer.getvalue(), alt, caption, kind="jpeg"))


def labelled_grid(
    images: torch.Tensor,
    names: Sequence[str],
    alt: str,
    caption: str = "",
    columns: int = 10,
    inches: float = 0.85,
    jpeg: bool = False,
) -> None:
    """Show images (N, C, H, W) in rows, with a name above each.

    Args:
        images: float in [-1, 1] or uint8.
        names: one for each image; a line break makes two lines.
        alt, caption: as in `as_html`.
        columns: images in a row.
        inches: the least width of an image; long names make it wider.
        jpeg: as in `show`.
    """
    rows = -(-len(images) // columns)
    lines = [line for name in names for line in name.split("\n")]
    wide = max(inches, 0.075 * max(map(len, lines)))  # inches; names must not touch
    high = wide + 0.2 * max(name.count("\n") + 1 for name in names)
    figure, axes = new(columns, rows, width=wide * columns, height=high, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, name in zip(axes.flat, images, names, strict=False):
        axis.imshow(tile(image[None], scale=1), cmap="gray", vmin=0, vmax=255)
        axis.set_title(name, fontsize=8)
    show(figure, alt, caption, jpeg)


def smooth(values: Sequence[float], window: int) -> np.ndarray:
    """Return the running mean over the last `window` values (fewer at the beginning)."""
    sums = np.cumsum(np.insert(np.asarray(values, float), 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _draw_curves(
    history: Mapping[str, Sequence[float]],
    title: str,
    window: int,
    ylabel: str = "",
    xlabel: str = "step",
    every: int = 1,
    levels: Mapping[str, float] | None = None,
) -> Figure:
    figure, axis = new(width=6.0, height=2.6)
    for name, values in history.items():
        steps = range(every, every * len(values) + 1, every)
        axis.plot(steps, smooth(values, window), label=name, linewidth=1.4)
    for name, level in (levels or {}).items():
        axis.axhline(level, color="0.5", linewidth=0.8, linestyle=":")
        axis.annotate(
            name,
            (1, level),
            (3, 0),
            ("axes fraction", "data"),
            "offset points",
            va="center",
            fontsize=8,
        )
    axis.set(xlabel=xlabel, ylabel=ylabel or f"loss (mean of {window} steps)", title=title)
    if len(history) > 1:
        axis.legend(frameon=False)
    return figure


def curves(
    history: Mapping[str, Sequence[float]],
    alt: str,
    title: str = "",
    window: int = 25,
    ylabel: str = "",
    xlabel: str = "step",
    every: int = 1,
    levels: Mapping[str, float] | None = None,
) -> None:
    """Show the loss curves of a history, smoothed over `window` steps.

    Args:
        history: name -> one value per step, as `fit` returns it.
        alt: what is to be seen in them.
        title: the finding, in a few words.
        window: steps of the running mean.
        ylabel: what is drawn; by default the loss.
        xlabel: what the values are counted in.
        every: steps from one value to the next.
        levels: name -> a height to compare the curves with, drawn as a dotted line.
    """
    figure = _draw_curves(history, title, window, ylabel, xlabel, every, levels)
    show(figure, alt, colours=64)


def losses_side_by_side(
    histories: Mapping[str, Mapping[str, Sequence[float]]], alt: str, window: int = 10
) -> None:
    """Show the loss curves of several trainings in one row, each with a scale of its own."""
    figure, axes = new(len(histories), width=2.6 * len(histories), height=2.3)
    for axis, (title, history) in zip(np.atleast_1d(axes), histories.items(), strict=True):
        for name, values in history.items():
            axis.plot(smooth(values, window), label=name, linewidth=1.2)
        axis.set(title=title, xlabel="step")
    np.atleast_1d(axes)[0].set_ylabel("loss")
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8)
    show(figure, alt)


def scatter(panels: Mapping[str, torch.Tensor], target: torch.Tensor) -> Figure:
    """Return a figure with one panel per set of points (N, 2), over the target points (M, 2)."""
    figure, axes = new(len(panels), width=2.3 * len(panels), height=2.5, squeeze=False)
    for axis, (title, points) in zip(axes.flat, panels.items(), strict=True):
        axis.scatter(*target.detach().T, s=3, color="0.8", label="real")
        axis.scatter(*points.detach().T, s=3, color=BLUE, label="generated")
        axis.set(title=title, xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xlabel="$x_1$")
    axes.flat[0].set_ylabel("$x_2$")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, markerscale=3)
    return figure


def table(rows: Mapping[str, Sequence[object]], columns: Sequence[str], caption: str) -> None:
    """Show a table: row name -> one cell per column, under a caption."""
    display(HTML(html_table(rows, ("", *columns), caption)))


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

    def update(self, history: Mapping[str, Sequence[float]]) -> None:
        """Draw the picture and the curves anew, in the same place."""
        if self.box is None:
            self._image, self._curves = widgets.Image(), widgets.Image()
            self.box = widgets.HBox([self._image, self._curves])
            display(self.box)
        # An Image widget swaps its bytes in the browser: no flicker, no growing output.
        self._image.value = self._sheet()
        self._curves.value = figure_png(_draw_curves(history, "", 25))

    def finish(self, history: Mapping[str, Sequence[float]]) -> None:
        """Replace the live picture by a lasting one, with a line on time and speed."""
        if self.box is not None:
            self.box.close()
        speed = history.images_per_second
        caption = f"{history.steps} steps in {history.seconds:.0f} s"
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
