"""Lesson 02's explorer of style transfer: any content in any style, step by step."""

import html
import os
from collections.abc import Mapping
from contextlib import nullcontext

import ipywidgets as widgets
import torch
from torch import nn

from course_lib import data, features, threads
from course_lib.data.pictures import MOST_BYTES
from course_lib.explorers.base import Explorer, menu, slider, until_let_go, whole_slider
from course_lib.explorers.canvas import Canvas, as_float
from course_lib.explorers.networks import device_of

MINE = "my picture"
UPLOADS = "COURSE_UPLOADS"  # set by `make lab`, whose server takes all that the course takes
LIMIT = (
    "A file above 10 MB may not arrive: most servers refuse it without a word. Where "
    f"<code>make lab</code> started the server, {MOST_BYTES // 10**6} MB arrive."
)
NARROW = {"max_width": "330px"}
CONTENT_LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2")
MOST_STORED = 24  # transfers whose steps are kept; each is a few hundred kilobytes


class Transfer:
    """One style transfer, of which every step that was ever taken is kept."""

    def __init__(self, descent: features.Descent):
        self.descent, self.images, self.losses = descent, [descent.image], []

    def advance(self) -> None:
        """Take one more step."""
        values = self.descent.step(len(self.losses))
        self.losses.append({name: float(value) for name, value in values.items()})
        self.images.append(self.descent.image)


class Style(Explorer):
    """An explorer of style transfer between any content and any style.

    Menus choose content and style; a button takes the student's own picture. Sliders choose the
    layer where content is compared, how deep the layers of style go, the style's weight, and the
    number of steps. Steps once taken are kept: going back is at once, going on takes only what is
    missing, and the picture changes with every step. A button runs all of them.

    Args:
        network: has the layers of "personas-cnn" or of `features.vgg()`, by the same names.
        contents: name -> one image (1, 3, H, W), uint8 or float in [-1, 1].
        styles: as `contents`; the same images may stand in both.
        steps: at most so many, five iterations of L-BFGS each.
        shown: steps that are taken at the beginning and after every choice.

    Raises:
        ValueError: no content or no style, an image of another shape, or `shown` is not 0 to
            `steps`.
    """

    SIDE, SMALL, GAP, TOP = 320, 157, 6, 18
    threads = nullcontext  # steps take seconds: `draw` chooses the number

    def __init__(
        self,
        network: nn.Module,
        contents: Mapping[str, torch.Tensor],
        styles: Mapping[str, torch.Tensor],
        steps: int = 20,
        shown: int = 6,
    ):
        if not 0 <= shown <= steps or steps < 1:
            raise ValueError(f"shown is 0 to steps, and steps 1 or more, got {shown} and {steps}")
        self.network, self.most = network, steps
        self.contents, self.styles = self._checked(contents), self._checked(styles)
        self._transfers = {}
        self.content = menu("content", self.contents)
        self.style = menu("style", self.styles)
        self.content_layer = whole_slider("content layer", 1, len(CONTENT_LAYERS), 3)
        self.style_layers = whole_slider(
            "style layers", 1, len(features.STYLE_LAYERS) - 1, len(features.STYLE_LAYERS) - 1
        )
        self.weight = slider("style weight", 0.0, 40.0, 10.0, 1.0)
        self.steps = whole_slider("steps", 0, steps, shown)
        # Each of these starts a transfer, or steps of one.
        until_let_go(self.content_layer, self.style_layers, self.weight, self.steps)
        self.upload = widgets.FileUpload(
            accept=".png,.jpg,.jpeg", multiple=False, description="Use my picture (PNG, JPEG)"
        )
        self.upload.layout.width = "auto"
        self.run = self.button("Run all steps", self.play, "play")
        self.note = widgets.HTML("" if os.environ.get(UPLOADS) else LIMIT, layout=NARROW)
        controls = [
            *(self.content, self.style, self.content_layer, self.style_layers, self.weight),
            *(self.steps, self.run, self.upload, self.note),
        ]
        alt = (
            "A large image that shows the content drawn in the style, and beside it, small, the "
            "content and the style."
        )
        super().__init__(controls, alt, self.SIDE + self.GAP + self.SMALL)

    def _checked(self, images: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the images as float in [-1, 1], all fit for the network."""
        if not images:
            raise ValueError("at least one content and one style are needed")
        device = device_of(self.network)
        checked = {name: as_float(image).to(device) for name, image in images.items()}
        for name, image in checked.items():
            features.expect_one(image, self.network, name)
        return checked

    def transfer(self) -> Transfer:
        """Return the transfer that the menus and sliders describe, begun or not."""
        layers = features.STYLE_LAYERS[: self.style_layers.value + 1]
        choice = (self.content.value, self.style.value, self.content_layer.value, layers)
        choice += (self.weight.value,)
        if choice not in self._transfers:
            descent = features.style_descent(
                self.contents[self.content.value],
                self.styles[self.style.value],
                self.network,
                content_layer=CONTENT_LAYERS[self.content_layer.value - 1],
                style_layers=layers,
                style_weight=self.weight.value,
            )
            while len(self._transfers) >= MOST_STORED:
                del self._transfers[next(iter(self._transfers))]  # the oldest
            self._transfers[choice] = Transfer(descent)
        return self._transfers[choice]

    def draw(self) -> tuple[bytes, str]:
        """Take the steps that are missing, and show each; return the picture of the last."""
        transfer, wanted = self.transfer(), self.steps.value
        for done in threads.tuned(range(len(transfer.losses) + 1, wanted + 1)):
            transfer.advance()
            if done < wanted:
                self.picture.value = self._sheet(transfer.images[done])
                self.text.value = f"step {done} of {wanted} …"
        return self._sheet(transfer.images[wanted]), self._sentence(transfer, wanted)

    def _sheet(self, image: torch.Tensor) -> bytes:
        """Return the picture: the image, large, and content and style beside it, small."""
        canvas = Canvas(self.shown_width, self.SIDE + self.TOP, scale=1)
        right = self.SIDE + self.GAP
        below = self.TOP + self.SIDE - self.SMALL
        canvas.text(0, 13, f"{self.content.value} in the style of {self.style.value}", 12)
        canvas.text(right, 13, "content and style", 12)
        for shown, x, y, side in (
            (image, 0, self.TOP, self.SIDE),
            (self.contents[self.content.value], right, self.TOP, self.SMALL),
            (self.styles[self.style.value], right, below, self.SMALL),
        ):
            canvas.show(shown[0], side, x, y)
        return canvas.png()

    def _sentence(self, transfer: Transfer, step: int) -> str:
        layer = CONTENT_LAYERS[self.content_layer.value - 1]
        deepest = features.STYLE_LAYERS[self.style_layers.value]
        sentence = (
            f"{self.content.value} in the style of {self.style.value}, step {step} of {self.most}: "
            f"content at {layer}, style from the pixels to {deepest}, style weight "
            f"{self.weight.value:g}."
        )
        if step == 0:
            return f"{sentence} Nothing has happened yet: this is the content."
        losses = transfer.losses[step - 1]
        return (
            f"{sentence} Content loss {losses['content']:.2f}, weighted style loss "
            f"{losses['style']:.2f} (after the first step {transfer.losses[0]['style']:.2f})."
        )

    def play(self) -> None:
        """Show all steps, one after the other; those that are missing are taken."""
        transfer = self.transfer()
        for step, image in enumerate(transfer.images[: self.most]):
            self.picture.value = self._sheet(image)
            self.text.value = f"step {step} of {self.most} …"
        with self.quietly():
            self.steps.value = self.most
        self.refresh()

    def changed(self, change) -> None:
        if change.owner is self.upload:
            self._take(change.new)
        self.refresh()

    def _take(self, files) -> None:
        """Put an uploaded picture into both menus and choose it as the content."""
        if not files:
            return
        size = next(iter(self.contents.values())).shape[-1]
        try:
            image = data.to_float(data.picture(files[0]["content"], size=size))
            image = image.to(device_of(self.network))
        except ValueError as error:
            self.note.value = html.escape(f"{files[0]['name']} was not taken: {error}.")
            return
        self.note.value = html.escape(f"{files[0]['name']} is now in both menus.")
        self._transfers = {
            choice: kept for choice, kept in self._transfers.items() if MINE not in choice
        }
        for chooser, images in ((self.content, self.contents), (self.style, self.styles)):
            chosen, images[MINE] = chooser.value, image
            with self.quietly():
                chooser.options = [*images]
                chooser.value = MINE if chooser is self.content else chosen
