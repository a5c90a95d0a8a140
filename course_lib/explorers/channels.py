"""Lesson 02's explorer: what each channel of a convolutional network answers to an image."""

import math
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image
from torch import nn

from course_lib.data import to_uint8
from course_lib.explorers.base import Explorer, menu, whole_slider
from course_lib.explorers.canvas import Canvas, as_float, enlargement, named, pixels, upscaled
from course_lib.explorers.receptive import layers
from course_lib.figures import ORANGE
from course_lib.sampling import device_of
from course_lib.training import evaluating

GAP = 6  # pixels between the maps of a sheet


class FeatureMaps(Explorer):
    """An explorer of a network's feature maps: all channels of a layer, one of them enlarged.

    Controls choose an image, a layer (after each ReLU, after each pooling) and a channel, and
    whether all maps share one scale of brightness. Rows, columns and channels count from 0.

    On the left the input, and under it the chosen map; on the right all maps of the layer, the
    chosen one in a frame. A small frame on the map marks its strongest activation, and the frame
    on the input holds the pixels which that activation sees: its receptive field. All maps of a
    layer share one scale of brightness, so that a dark map is a weak one; a switch gives each map
    its own.

    Args:
        network: has `convolutions`, a module whose convolutions, batch norms, ReLUs and pooling
            layers follow one another, as `models.cnn.Classifier` and `AttributeClassifier` have it.
        images: (N, 1 or 3, H, W), uint8, or float in [-1, 1].
        names: what to call each image, such as its class.
        channel: which one is shown first.

    Raises:
        ValueError: there is no image, the first layer has no such channel, names and images
            differ in number, the images' colour channels do not fit, or the network has other
            modules.
    """

    WIDTH, HEIGHT, SIDE = 616, 478, 196
    LEFT, TOP, SHEET_LEFT, SHEET, BACKGROUND = 6, 24, 232, 376, "#A9BCD0"
    SCALES = ("each map its own", "one for all maps")

    def __init__(
        self,
        network: nn.Module,
        images: torch.Tensor,
        names: Sequence[str] | None = None,
        channel: int = 0,
    ):
        self.network, self.images = network, as_float(images)
        self.names = named(images, names)
        if not isinstance(getattr(network, "convolutions", None), nn.Module):
            raise ValueError(
                "expected a network with `convolutions`, as models.cnn.Classifier has them, got "
                f"{type(network).__name__}"
            )
        self.leaves, self.layers = layers(network.get_submodule("convolutions"))
        channels = next(leaf.in_channels for leaf in self.leaves if isinstance(leaf, nn.Conv2d))
        if images.shape[1] != channels:
            raise ValueError(f"images have {channels} colour channels, got {images.shape[1]}")
        self._found, self._drawn = {}, {}
        self.image = whole_slider("image", 0, max(1, len(images) - 1), 0)
        options = [(layer.name, number) for number, layer in enumerate(self.layers)]
        self.layer = menu("layer", options)
        self.channel = whole_slider("channel", 0, 1, 0)
        self.scale = widgets.ToggleButtons(
            options=self.SCALES, description="brightness", style={"button_width": "140px"}
        )
        if not 0 <= channel < len(self.maps()):
            raise ValueError(f"channel is 0 to {len(self.maps()) - 1}, not {channel}")
        self._fit_channel()
        self.channel.value = channel
        controls = [self.image] if len(images) > 1 else []
        alt = (
            "An image, a feature map of it with the strongest activation marked, the pixels which "
            "that activation sees, and all maps of the layer in a sheet."
        )
        super().__init__([*controls, self.layer, self.channel, self.scale], alt, self.WIDTH)

    def changed(self, change) -> None:
        if change.owner is self.layer:
            self._fit_channel()
        self.refresh()

    def _fit_channel(self) -> None:
        """Give the slider as many channels as the layer has, without drawing."""
        count = len(self.maps())
        with self.quietly():
            self.channel.max = max(1, count - 1)
            self.channel.value = min(self.channel.value, count - 1)
        self.channel.layout.display = "none" if count == 1 else ""

    def maps(self) -> torch.Tensor:
        """Return the chosen layer's maps (channels, height, width) of the chosen image."""
        number = self.image.value
        if number not in self._found:
            x, outputs = self.images[number : number + 1].to(device_of(self.network)), []
            with self.threads(), evaluating(self.network):
                for leaf in self.leaves:
                    x = leaf(x.clone())  # an activation may work in place
                    outputs.append(x[0].cpu())
            self._found = {number: [outputs[layer.depth - 1] for layer in self.layers]}
        return self._found[number][self.layer.value]

    def strongest(self) -> tuple[float, int, int]:
        """Return the chosen map's strongest activation, its row and its column."""
        chosen = self.maps()[self.channel.value]
        row, column = divmod(int(chosen.argmax()), chosen.shape[1])
        return float(chosen[row, column]), row, column

    def field(self) -> tuple[int, int, int, int]:
        """Return the pixels seen by the strongest activation: rows from, to, columns from, to.

        "To" is the one after the last. What lies outside the image is left out.
        """
        _, row, column = self.strongest()
        field, (height, width) = self.layers[self.layer.value].field, self.images.shape[2:]
        return *field.seen(row, height), *field.seen(column, width)

    @property
    def _own_scale(self) -> bool:
        return self.scale.value == self.SCALES[0]

    def _levels(self) -> np.ndarray:
        """Return the layer's maps as uint8 (channels, height, width) on the chosen scale."""
        maps = self.maps()
        white = maps.amax(dim=(1, 2), keepdim=True) if self._own_scale else maps.max()
        white = torch.where(white > 0, white, torch.ones_like(white))
        return to_uint8(2 * (maps / white).clamp(0, 1) - 1).numpy()

    def _cells(self) -> tuple[int, int]:
        """Return the sheet's number of columns, and how far its maps stand apart in pixels."""
        columns = math.ceil(math.sqrt(len(self.maps())))
        return columns, self.SHEET // columns

    def _corner(self, channel: int) -> tuple[int, int]:
        """Return where a channel's map stands on the sheet."""
        columns, cell = self._cells()
        row, column = divmod(channel, columns)
        return self.SHEET_LEFT + GAP + column * cell, self.TOP + GAP + row * cell

    def _sheet(self) -> tuple[Image.Image, np.ndarray]:
        """Return the picture without what depends on the channel, and the maps as uint8."""
        state = (self.image.value, self.layer.value, self.scale.value)
        if state not in self._drawn:
            levels = self._levels()
            canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
            number = self.image.value
            canvas.text(self.LEFT, 16, f"input: {self.names[number]}"[:32])
            self._outlined(canvas, upscaled(pixels(self.images[number]), self.SIDE), self.TOP)
            self._draw_maps(canvas, levels)
            self._draw_key(canvas)
            self._drawn = {state: (canvas.image, levels)}
        return self._drawn[state]

    def _outlined(self, canvas: Canvas, image: np.ndarray, top: int) -> None:
        """Put an image on the left; the line around it shows where a white one ends."""
        height, width = image.shape[:2]
        canvas.bar(self.LEFT - 1, top - 1, width + 2, height + 2, Canvas.PALE)
        canvas.paste(image, self.LEFT, top)

    def _draw_maps(self, canvas: Canvas, levels: np.ndarray) -> None:
        columns, cell = self._cells()
        count, rows = len(levels), -(-len(levels) // columns)
        scale = "each on its own scale" if self._own_scale else "all on one scale"
        title = f"{self.layers[self.layer.value].name}: {count} map{'s' * (count > 1)}, {scale}"
        canvas.text(self.SHEET_LEFT, 16, title)
        width, height = (GAP + length * cell for length in (columns, rows))
        canvas.bar(self.SHEET_LEFT, self.TOP, width, height, self.BACKGROUND)
        for channel, level in enumerate(levels):
            left, top = self._corner(channel)
            canvas.paste(upscaled(level, cell - GAP), left, top)
            if channel % columns == 0:
                place = (self.SHEET_LEFT - 5, top + (cell - GAP) // 2)
                canvas.text(*place, f"{channel}", 10, Canvas.PALE, "rm")

    def _draw_key(self, canvas: Canvas) -> None:
        """Draw what black and white stand for."""
        ramp = np.linspace(0, 255, 120).astype(np.uint8)[None].repeat(12, axis=0)
        left, top = self.SHEET_LEFT + 12, self.HEIGHT - 22
        canvas.text(left - 5, top + 6, "0", 10, anchor="rm")
        canvas.bar(left - 1, top - 1, 122, 14, Canvas.PALE)
        canvas.paste(ramp, left, top)
        white = f"{self.maps().max():.2f}, the strongest of all maps"
        white = "the strongest activation of each map" if self._own_scale else white
        canvas.text(left + 126, top + 6, white, 10, anchor="lm")

    def draw(self) -> tuple[bytes, str]:
        (base, levels), channel = self._sheet(), self.channel.value
        canvas = Canvas(self.WIDTH, self.HEIGHT, base, scale=1)
        top = self.TOP + self.SIDE + 32
        large = upscaled(levels[channel], self.SIDE)
        canvas.text(self.LEFT, top - 8, f"channel {channel}, enlarged")
        self._outlined(canvas, large, top)
        height, width = upscaled(levels[channel], self._cells()[1] - GAP).shape
        canvas.frame(*self._corner(channel), width, height, ORANGE, 3)
        value, row, column = self.strongest()
        if value > 0:
            y0, y1, x0, x1 = self.field()
            times = enlargement(*self.images.shape[2:], side=self.SIDE)
            self._frame(canvas, (x0, y0, x1, y1), times, self.TOP)
            times = enlargement(*levels.shape[1:], side=self.SIDE)
            self._frame(canvas, (column, row, column + 1, row + 1), times, top)
        return canvas.png(), self._sentence(value, row, column)

    def _frame(self, canvas: Canvas, box: tuple[int, ...], times: float, top: int) -> None:
        """Frame the pixels x0, y0, x1, y1 of an image that is shown `times` enlarged."""
        x0, y0, x1, y1 = (round(times * number) for number in box)
        canvas.frame(self.LEFT + x0, top + y0, x1 - x0, y1 - y0, ORANGE, 2)

    def _sentence(self, value: float, row: int, column: int) -> str:
        maps, layer = self.maps(), self.layers[self.layer.value]
        _, height, width = maps.shape
        size = layer.field.size
        found = "It is 0 everywhere: this channel finds nothing in this image."
        if value > 0:
            y0, y1, x0, x1 = self.field()
            found = (
                f"The strongest activation, {value:.2f}, is at row {row}, column {column}. In the "
                f"frame on the input is what it sees: rows {y0} to {y1 - 1}, columns {x0} to "
                f"{x1 - 1}."
            )
        scale = f"White is {maps.max():.2f} in every map."
        if self._own_scale:
            scale = "White is each map's own maximum, so that you cannot compare maps."
        return (
            f"Layer {layer.name}, channel {self.channel.value} of 0 to {len(maps) - 1}: a map of "
            f"{height}×{width}; each of its values sees {size}×{size} pixels. {found} {scale}"
        )
