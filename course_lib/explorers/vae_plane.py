"""Lesson 03's map: a VAE's plane of codes, with a cross that two sliders move as on a pad."""

import math
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import nn

from course_lib import figures
from course_lib.explorers.base import WIDE, Explorer
from course_lib.explorers.canvas import Canvas, Plot, as_float, pixels, upscaled
from course_lib.explorers.networks import decoded, encoded

# Okabe and Ito's colours, with grey for black and without yellow, which white paper swallows.
# Ten classes are more than a reader tells apart by colour, so each has a mark of its own as well.
COLOURS = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.RED, figures.PURPLE)
COLOURS += ("#56B4E9", "#555555")
MARKS = (  # corners of a polygon, where on the circle the first one is (in turns), filled or not
    *((16, 0, True), (4, 1 / 8, True), (3, -1 / 4, True), (4, 0, True), (3, 1 / 4, True)),
    *((16, 0, False), (4, 1 / 8, False), (3, -1 / 4, False), (4, 0, False), (3, 1 / 4, False)),
)


def draw_mark(canvas: Canvas, label: int, x: float, y: float, radius: float = 3.2) -> None:
    """Draw the mark of a class, in its colour."""
    (corners, turn, filled), colour = MARKS[label], COLOURS[label % len(COLOURS)]
    angles = 2 * math.pi * (np.arange(corners + 1) / corners + turn)
    points = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=-1)
    if filled:
        canvas.polygon(points, colour)
    else:
        canvas.line(points, colour, 1)


def apart(points: np.ndarray, distance: float, rounds: int = 100) -> np.ndarray:
    """Return points (n, 2) pushed away from each other until none are nearer than `distance`."""
    points = points.astype(float)
    for _ in range(rounds):
        gaps = points[:, None] - points[None]
        lengths = np.hypot(gaps[..., 0], gaps[..., 1]) + np.eye(len(points)) * distance
        near = lengths < distance
        if not near.any():
            break
        # Two in one place have no direction to part in: the first of them goes left.
        gaps[near & (lengths == 0)] = np.array([1e-9, 0.0])  # divided by as much below
        gaps = np.where(np.tri(len(points), dtype=bool)[..., None], gaps, -gaps.swapaxes(0, 1))
        push = (distance - lengths) / (2 * np.maximum(lengths, 1e-9))
        points = points + (np.where(near, push, 0)[..., None] * gaps).sum(axis=1)
    return points


class LatentMap(Explorer):
    """An explorer of a VAE's plane: codes of images, coloured by class, and a cross over them.

    Every test image is a mark at its mean code; each class has its own mark and colour, and its
    circled number stands at the median of its codes. The sliders lie along the map's edges as the
    axes of a pad and move the cross. On the right is what the decoder makes of the point under the
    cross, and the test image whose code is nearest; a ring marks that code. A switch replaces the
    marks by pictures, each decoded from the middle of the place where it stands.

    Args:
        vae: has `z_dim` 2, an `encoder` that returns mu and logvar, and a `decoder`.
        images: (N, C, H, W), uint8, or float in [-1, 1]; some thousand fill the map.
        labels: int64 (N,), 0 to one less than the number of classes.
        class_names: one name for each class, at most 10.

    Raises:
        ValueError: there is no image, images and labels differ in number, a label has no name, or
            z_dim is not 2.
    """

    WIDTH, HEIGHT, RIGHT, SIDE, TILES = 664, 484, 490, 168, 15
    LEFT, TOP, MAP = 44, 34, 420  # the sliders' names and margins fit left of the map and above
    VIEWS = ("codes", "decoded pictures")

    def __init__(
        self,
        vae: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        class_names: Sequence[str],
    ):
        self.vae, self.images, self.labels = vae, as_float(images), labels
        self.class_names = list(class_names)
        if len(images) != len(labels):
            raise ValueError(
                f"expected a label for each of {len(images)} images, got {len(labels)}"
            )
        if not 1 <= len(self.class_names) <= len(MARKS):
            raise ValueError(f"expected 1 to {len(MARKS)} classes, got {len(self.class_names)}")
        if not 0 <= int(labels.min()) <= int(labels.max()) < len(self.class_names):
            raise ValueError(
                f"labels are 0 to {len(self.class_names) - 1}, one for each class name, got "
                f"{int(labels.min())} to {int(labels.max())}"
            )
        if getattr(vae, "z_dim", 2) != 2:
            raise ValueError(f"a map shows two dimensions: expected z_dim 2, got {vae.z_dim}")
        self.codes, _ = encoded(vae, self.images)
        # A few codes far out would make the map small for all others.
        far = float(self.codes.abs().amax(dim=1).quantile(0.99))
        limit = max(3.0, math.ceil(2 * far) / 2)
        left, top = self.LEFT, self.TOP
        ends = (-limit, limit)
        self.plot = Plot(left, top, left + self.MAP, top + self.MAP, ends, ends)
        self.outside = int((self.codes.abs() > limit).any(dim=1).sum())
        self._drawn, self._numbers = {}, np.empty((0, 2))
        self.across, self.up = self._pad(limit)
        self.view = widgets.ToggleButtons(
            options=self.VIEWS,
            description="the map shows",
            style={**WIDE, "button_width": "140px"},
        )
        alt = (
            "A map of the latent plane with the codes of test images, one mark and colour for each "
            "class, and a cross; beside it the image that the point under the cross decodes to."
        )
        super().__init__([self.view, self.across, self.up], alt, self.WIDTH, under=[self.across])

    def arranged(self, above, controls, beside: widgets.Box) -> widgets.Box:
        """Return the box: the map with a slider along two of its edges."""
        return widgets.VBox([self.view, widgets.HBox([self.up, beside])])

    def _pad(self, limit: float) -> tuple[widgets.FloatSlider, widgets.FloatSlider]:
        """Return the sliders along the map's edges, as long as these."""
        common = {"min": -limit, "max": limit, "step": 0.05, "value": 0.0}
        # What name, margins and readout take besides the track, as measured in a browser.
        width, height = (f"{self.MAP + extra}px" for extra in (126, 72))
        across = widgets.FloatSlider(
            **common,
            description="z[0]",
            style={"description_width": "30px"},
            layout=widgets.Layout(width=width),
        )
        up = widgets.FloatSlider(
            **common,
            description="z[1]",
            orientation="vertical",
            layout=widgets.Layout(height=height),
        )
        return across, up

    def nearest(self) -> tuple[int, float]:
        """Return the number of the image whose code is nearest to the cross, and how far it is."""
        cross = torch.tensor([self.across.value, self.up.value])
        distances = (self.codes - cross).norm(dim=1)
        number = int(distances.argmin())
        return number, float(distances[number])

    def _base(self) -> Image.Image:
        """Return the map without the cross, as codes or as decoded pictures; drawn once each."""
        view = self.view.value
        if view not in self._drawn:
            canvas, plot = Canvas(self.WIDTH, self.HEIGHT), self.plot
            canvas.bar(plot.left - 1, plot.top - 1, self.MAP + 2, self.MAP + 2, Canvas.PALE)
            canvas.bar(plot.left, plot.top, self.MAP, self.MAP, "white")
            limit = math.floor(plot.xlim[1])
            for tick in range(-limit, limit + 1):
                x, y = plot.at(tick, tick)
                canvas.text(x, plot.bottom + 5, f"{tick}", 10, anchor="ma")
                canvas.text(plot.left - 5, y, f"{tick}", 10, anchor="rm")
            if view == self.VIEWS[0]:
                self._draw_codes(canvas)
            self._draw_legend(canvas)
            title = f"codes of {len(self.codes):,} images, and the median of each class"
            title = title if view == self.VIEWS[0] else "what each place decodes to"
            canvas.text(plot.left, 22, title, 12)
            canvas.text(self.RIGHT, 22, "decoded at the cross", 12)
            canvas.text(self.RIGHT, 222, "the nearest code is of", 12)
            self._drawn[view] = canvas.finished()
            if view == self.VIEWS[1]:
                self._drawn[view].paste(Image.fromarray(self._tiles()), (plot.left, plot.top))
        return self._drawn[view]

    def _draw_codes(self, canvas: Canvas) -> None:
        inside = (self.codes.abs() <= self.plot.xlim[1]).all(dim=1)
        codes, labels = self.codes[inside], self.labels[inside]
        for (x, y), label in zip(self.plot.at(*codes.T.numpy()), labels.tolist(), strict=True):
            draw_mark(canvas, label, x, y)
        present = labels.unique().tolist()
        medians = torch.stack([codes[labels == label].median(dim=0).values for label in present])
        self._numbers = apart(self.plot.at(*medians.T.numpy()), 22)
        for place, label in zip(self._numbers, present, strict=True):
            canvas.dot(place, Canvas.INK, 9, "white")
            canvas.text(*place, words=f"{label}", size=12, anchor="mm")

    def _uncover_numbers(self, canvas: Canvas, base: Image.Image, cross: np.ndarray) -> None:
        """Draw the numbers over the lines of the cross, but for one that its centre touches."""
        disc = Image.new("L", (20, 20))
        ImageDraw.Draw(disc).ellipse((0, 0, 19, 19), fill=255)
        for place in self._numbers:
            if np.hypot(*(place - cross)) > 12:
                left, top = (round(float(value)) - 10 for value in place)
                patch = base.crop((left, top, left + 20, top + 20))
                canvas.image.paste(patch, (left, top), disc)

    def _draw_legend(self, canvas: Canvas) -> None:
        for label, name in enumerate(self.class_names):
            y = 340 + 14 * label
            draw_mark(canvas, label, self.RIGHT + 5, y, 4.5)
            canvas.text(self.RIGHT + 26, y, f"{label}", 11, anchor="rm")
            canvas.text(self.RIGHT + 34, y, name[:20], 11, anchor="lm")

    def _tiles(self) -> np.ndarray:
        """Return pictures decoded from a grid of points as one picture, as large as the map."""
        n, limit, side = self.TILES, self.plot.xlim[1], self.MAP // self.TILES
        middles = limit * (2 * (torch.arange(n) + 0.5) / n - 1)
        up, across = torch.meshgrid(middles.flip(0), middles, indexing="ij")
        images = decoded(self.vae, torch.stack([across.flatten(), up.flatten()], dim=1))
        tiles = [upscaled(pixels(image), side) for image in images]
        rows = [np.concatenate(tiles[n * row : n * (row + 1)], axis=1) for row in range(n)]
        return np.concatenate(rows)

    def draw(self) -> tuple[bytes, str]:
        plot, right = self.plot, self.RIGHT
        base = self._base()
        canvas = Canvas(self.WIDTH, self.HEIGHT, base, scale=1)
        z = torch.tensor([[self.across.value, self.up.value]])
        number, distance = self.nearest()
        name = self.class_names[int(self.labels[number])]
        x, y = (round(float(value)) for value in plot.at(*z[0].numpy()))
        for grow, colour in ((1, "white"), (0, "black")):
            canvas.bar(plot.left, y - grow, self.MAP, 1 + 2 * grow, colour)
            canvas.bar(x - grow, plot.top, 1 + 2 * grow, self.MAP, colour)
        if self.view.value == self.VIEWS[0]:
            self._uncover_numbers(canvas, base, np.array([x, y]))
        if bool((self.codes[number].abs() <= plot.xlim[1]).all()):
            place = plot.at(*self.codes[number].numpy())
            for radius, colour in ((7, "white"), (6, "black"), (5, "white")):
                x, y = place
                box = [x - radius, y - radius, x + radius, y + radius]
                canvas.pen.ellipse(box, outline=colour)
        canvas.show(decoded(self.vae, z)[0], self.SIDE, right, 34)
        canvas.show(self.images[number], 84, right, 230)
        facts = (f"image {number}", name[:14], f"{distance:.2f} away")
        for row, words in enumerate(facts):
            canvas.text(right + 92, 256 + 17 * row, words, 11)
        outside = f" {self.outside} codes lie outside the map." if self.outside else ""
        sentence = (
            f"z = ({self.across.value:.2f}, {self.up.value:.2f}). The nearest of "
            f"{len(self.codes):,} codes belongs to image {number} ({name}), {distance:.2f} "
            f"away.{outside}"
        )
        return canvas.png(), sentence
