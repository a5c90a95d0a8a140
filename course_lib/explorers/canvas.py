"""Pictures for explorers, drawn with Pillow.

A redrawn matplotlib figure takes 100 ms, too long for a picture that follows a finger. What never
changes is drawn once; `Canvas(…, base=…, scale=1)` goes on from there.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw

from course_lib import figures
from course_lib.data import to_float
from course_lib.studio.sheets import PLAIN, typeface


def as_float(images: torch.Tensor) -> torch.Tensor:
    """Return an explorer's images as float (N, C, H, W) in [-1, 1]; uint8 images are converted.

    Raises:
        ValueError: there is no image, or the shape is another one.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(
            f"expected one image or more, (N, 1 or 3, H, W), got {tuple(images.shape)}"
        )
    return to_float(images) if images.dtype == torch.uint8 else images.float()


def named(images: torch.Tensor, names: Sequence[str] | None) -> list[str]:
    """Return what to call each image, in a picture or in a sentence: "image 3 (dress)".

    Raises:
        ValueError: there are not as many names as images.
    """
    if names is None:
        return [f"image {number}" for number in range(len(images))]
    if len(names) != len(images):
        raise ValueError(f"expected a name for each of {len(images)} images, got {len(names)}")
    return [f"image {number} ({name})" for number, name in enumerate(names)]


def pixels(image: torch.Tensor) -> np.ndarray:
    """Return one image (C, H, W), float in [-1, 1], as uint8 (H, W), or (H, W, 3) in colour."""
    return figures.tile(image[None], scale=1)


def enlargement(height: int, width: int, side: int) -> float:
    """Return how many times enlarged an image fits a square of `side`.

    A whole number, so that every pixel stays a square; less than 1 where the pixels are too many.
    """
    longest = max(height, width)
    return side // longest or side / longest


def upscaled(image: np.ndarray, side: int) -> np.ndarray:
    """Return a uint8 image (H, W) or (H, W, 3) in the largest size that fits a square of `side`."""
    times = enlargement(*image.shape[:2], side=side)
    if times >= 1:
        return image.repeat(int(times), axis=0).repeat(int(times), axis=1)  # whole already
    height, width = (max(1, round(times * length)) for length in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


class Plot:
    """A coordinate system on a picture: corners in final pixels, limits in the data's units."""

    def __init__(self, left, top, right, bottom, xlim, ylim):
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.xlim, self.ylim = xlim, ylim

    def at(self, x, y) -> np.ndarray:
        """Return pixels (n, 2) of the points (x, y), clipped to the plot's height."""
        (x0, x1), (y0, y1) = self.xlim, self.ylim
        across = self.left + (np.asarray(x, float) - x0) / (x1 - x0) * (self.right - self.left)
        up = (np.asarray(y, float) - y0) / (y1 - y0)
        down = self.bottom - np.clip(up, 0, 1) * (self.bottom - self.top)
        return np.stack([across, down], axis=-1)


class Canvas:
    """A picture drawn at twice its size and halved at the end, which smooths its lines.

    Args:
        width, height: in pixels; all coordinates are in these pixels too, from the top left.
        base: what is already drawn, `scale` times as large as width and height say.
        scale: 2, or 1 for a picture of images, frames and words, which gain nothing by halving.
    """

    INK, FAINT, PALE = "#333333", "#DDDDDD", "#777777"

    def __init__(self, width: int, height: int, base: Image.Image | None = None, scale: int = 2):
        size, self.scale = (scale * width, scale * height), scale
        self.image = base.copy() if base else Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.image)

    def line(self, points: np.ndarray, colour: str, width: float = 2, dash: tuple = ()) -> None:
        """Draw a line through points (n, 2); `dash` gives lengths on, off, on, off … in pixels."""
        points, width = self.scale * np.asarray(points, float), round(self.scale * width)
        for run in self._dashes(points, self.scale * np.array(dash)) if dash else [points]:
            self.pen.line([*map(tuple, run)], fill=colour, width=max(1, width), joint="curve")

    @staticmethod
    def _dashes(points: np.ndarray, dash: np.ndarray) -> list[np.ndarray]:
        """Cut a line into the pieces that are drawn; `dash` is measured along the line."""
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        dense = np.arange(0, along[-1], 2)
        points = np.stack([np.interp(dense, along, column) for column in points.T], axis=-1)
        drawn = np.searchsorted(np.cumsum(dash), dense % dash.sum(), side="right") % 2 == 0
        breaks = np.flatnonzero(np.diff(drawn)) + 1
        pieces = np.split(points, breaks)
        return [piece for piece, on in zip(pieces, drawn[[0, *breaks]], strict=True) if on]

    def polygon(self, points: np.ndarray, colour: str) -> None:
        self.pen.polygon([*map(tuple, self.scale * np.asarray(points, float))], fill=colour)

    def dot(self, centre, colour: str, radius: float = 2.5, fill: str = "") -> None:
        x, y, r = (self.scale * length for length in (*centre, radius))
        self.pen.ellipse([x - r, y - r, x + r, y + r], fill or colour, colour, width=self.scale)

    def arrow(self, start: np.ndarray, length: float, colour: str, width: float) -> None:
        """Draw a horizontal arrow, `length` pixels to the right (to the left if negative)."""
        x, y = start
        head = math.copysign(min(7.0, abs(length)), length)
        if abs(length) > 7:
            self.line(np.array([(x, y), (x + length - head, y)]), colour, width)
        tip = x + length
        self.polygon(np.array([(tip, y), (tip - head, y - 5), (tip - head, y + 5)]), colour)

    def text(self, x: float, y: float, words: str, size: int = 11, colour: str = INK, anchor="ls"):
        place = (self.scale * x, self.scale * y)
        self.pen.text(
            place, words, fill=colour, font=typeface(PLAIN, self.scale * size), anchor=anchor
        )

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle; y is its top."""
        left, top = self.scale * x, self.scale * y
        right, bottom = left + self.scale * width - 1, top + self.scale * height - 1
        self.pen.rectangle([left, top, max(left, right), max(top, bottom)], fill=colour)

    def frame(self, x: int, y: int, width: int, height: int, colour: str, thick: int = 2) -> None:
        """Draw a frame close around a rectangle, white at its outer edge: seen on any image."""
        left, top = self.scale * x, self.scale * y
        right, bottom = left + self.scale * width - 1, top + self.scale * height - 1
        for line, grow in (("white", thick + 1), (colour, thick)):
            grow *= self.scale
            box = [left - grow, top - grow, right + grow, bottom + grow]
            self.pen.rectangle(box, outline=line, width=grow)

    def paste(self, pixels: np.ndarray, x: int, y: int) -> None:
        """Put uint8 pixels (H, W) or (H, W, 3) on a picture of scale 1."""
        self.image.paste(Image.fromarray(pixels), (x, y))

    def show(self, image: torch.Tensor, side: int, x: int, y: int) -> None:
        """Put one image (C, H, W) in [-1, 1] on a picture of scale 1, enlarged to fit `side`."""
        self.paste(upscaled(pixels(image), side), x, y)

    def mark(self, x: float, y: float, colour: str) -> None:
        """Draw a mark that points upwards to a place."""
        self.polygon(np.array([(x, y), (x - 6, y + 9), (x + 6, y + 9)]), colour)

    def axes(self, plot: Plot, xticks, yticks, title: str) -> None:
        """Draw a plot's frame, its ticks and its title."""
        for value in yticks:
            x, y = plot.at(plot.xlim[0], value)
            self.line(np.array([(x, y), (plot.right, y)]), self.FAINT, 0.5)
            self.text(x - 5, y, f"{value:g}", 10, anchor="rm")
        for value in xticks:
            x, _ = plot.at(value, plot.ylim[0])
            self.text(x, plot.bottom + 4, f"{value:g}", 10, anchor="ma")
        corner = [(plot.left, plot.top), (plot.left, plot.bottom), (plot.right, plot.bottom)]
        self.line(np.array(corner), self.INK, 0.75)
        self.text(plot.left, plot.top - 7, title, 11)

    def finished(self) -> Image.Image:
        """Return the picture at its final size."""
        return self.image.reduce(self.scale) if self.scale > 1 else self.image

    def png(self) -> bytes:
        """Return the picture at its final size as PNG."""
        return figures.png(np.asarray(self.finished()))
