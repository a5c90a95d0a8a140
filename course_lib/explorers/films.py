"""Lesson 08's explorer of loops: a film that closes, seen as it will move, then saved."""

from functools import partial
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image

from course_lib import zoo
from course_lib.data import FASHION_CLASSES
from course_lib.explorers.base import WIDE, Explorer, menu, player, whole_slider
from course_lib.explorers.canvas import Canvas, Plot, upscaled
from course_lib.explorers.conditional import classes
from course_lib.figures import BLUE, ORANGE
from course_lib.latent import EASINGS, eased, turns
from course_lib.studio import loops

CAPTION = "a smiling person with a pink bob and a green checked shirt"


def frame_pixels(image: torch.Tensor) -> np.ndarray:
    """Return a frame, uint8 (C, H, W), as (H, W) or (H, W, 3)."""
    return image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).numpy()


class Loop(Explorer):
    """An explorer of looping films of a generator.

    Sliders choose the seed, the length, how the walk moves and how far it goes; a class or
    captions too where the generator reads them. The film plays as it will in the file. Two buttons
    save it, as GIF and as MP4, with its provenance.

    The picture shows a frame of the film; beside it the easing's curve and the circle with a dot
    for each frame; under it frames from the whole film. Sizes are in pixels.

    Args:
        model: a generator's name in the zoo, as `studio.loops.Loop` takes it.
        seeds: number of seeds to choose from.
        folder: where the buttons save.

    Raises:
        ValueError: no loops are made of this model.
    """

    WIDTH, HEIGHT, TOP, LEFT = 606, 392, 28, 4
    LARGE, SMALL, STEP, STRIP, SHOWN = 256, 64, 100, 316, 6
    PLOT = Plot(318, 40, 422, 250, (0, 1), (0, 1))
    CENTRE, RADIUS = (520, 150), 66

    def __init__(
        self, model: str = "progan-personas", seeds: int = 100, folder: Path | str = "made"
    ):
        self.model, self.folder, self._kept = model, folder, None
        reads = zoo.card(model)["model"] if model in zoo.names() else ""
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.easing = menu("easing", EASINGS)
        self.seconds = whole_slider("seconds", 1, 8, 4)
        self.reach = whole_slider("reach in degrees", 20, 180, 180, 10)
        self.side = menu("pixels of the file", [128, 256, 512], value=256)
        self.label = self.captions = None
        beside = []
        if reads == "cgan.Generator":
            self.label = classes("class", FASHION_CLASSES, 0)
            beside = [self.label]
        elif reads == "stackgan.StackGAN":
            wide = widgets.Layout(width="95%")
            self.captions = [
                widgets.Text(
                    words, description=name, style=WIDE, layout=wide, continuous_update=False
                )
                for name, words in (("caption", CAPTION), ("there and back to", ""))
            ]
        self.frame = whole_slider("frame", 0, self.loop().frames - 1, 0)
        self.play = player(self.frame, 1000 // self.loop().rate)
        buttons = [
            self.button(f"Save as {kind}", partial(self.save, suffix), "download", width="200px")
            for kind, suffix in (("GIF", ".gif"), ("MP4", ".mp4"))
        ]
        controls = [
            self.seed,
            *beside,
            self.easing,
            self.seconds,
            self.reach,
            self.frame,
            self.play,
            self.side,
            *self.saving(*buttons),
        ]
        alt = (
            "A large generated image; beside it the curve of the easing and a circle with a dot "
            "for every frame; under it six frames from the whole film."
        )
        super().__init__(controls, alt, self.WIDTH, above=self.captions or ())

    def changed(self, change) -> None:
        # Play moves the slider `frame`, which then draws; the file's pixels change no frame.
        if change.owner is self.play:
            return
        last = self.loop().frames - 1
        if self.frame.max != last:
            with self.quietly():
                self.play.max = self.frame.max = last
        self.refresh()

    def loop(self) -> loops.Loop:
        """Return the loop that the controls describe."""
        captions = [box.value for box in self.captions or ()]
        return loops.Loop(
            self.model,
            seed=self.seed.value,
            seconds=float(self.seconds.value),
            easing=self.easing.value,
            reach=float(self.reach.value),
            label=None if self.label is None else self.label.value,
            captions=tuple(captions[: 1 + any(captions[1:])]),
        )

    def film(self) -> tuple[torch.Tensor, Image.Image]:
        """Return the loop's frames, uint8 (N, C, H, W), and the picture without what moves."""
        loop = self.loop()
        if self._kept is None or self._kept[0] != loop:
            images = loop.images()
            self._kept = loop, images, self._base(loop, images)
        return self._kept[1:]

    def _base(self, loop: loops.Loop, images: torch.Tensor) -> Image.Image:
        """Draw what stays while the film plays."""
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        canvas.axes(self.PLOT, (0, 1), (0, 0.5, 1), "share p of the way")
        canvas.text(370, 272, "time t", 11, anchor="ms")
        curve = torch.linspace(0, 1 - 1e-9, 200, dtype=torch.float64)
        points = self.PLOT.at(curve.numpy(), eased(loop.easing, curve).numpy())
        canvas.line(points, BLUE, 2)
        canvas.text(self.CENTRE[0], 34, "a dot for each frame", 11, anchor="ms")
        for point in self._places(loop.times()):
            canvas.dot(point, Canvas.PALE, 2)
        canvas.text(self.CENTRE[0], self.CENTRE[1] - 4, "z stands", 11, anchor="ms")
        canvas.text(self.CENTRE[0], self.CENTRE[1] + 12, "on a circle", 11, anchor="ms")
        canvas.text(self.LEFT, self.STRIP - 10, "six frames, at equal times", 12)
        for index in range(self.SHOWN):
            image = images[index * len(images) // self.SHOWN]
            place = self.LEFT + index * self.STEP
            canvas.paste(upscaled(frame_pixels(image), self.SMALL), place, self.STRIP)
        return canvas.image

    def _places(self, times: torch.Tensor) -> np.ndarray:
        """Return where on the drawn circle z stands at the times, (N, 2)."""
        angles = 2 * np.pi * eased(self.easing.value, times).numpy()
        (x, y), r = self.CENTRE, self.RADIUS
        return np.stack([x + r * np.sin(angles), y - r * np.cos(angles)], axis=1)

    def draw(self) -> tuple[bytes, str]:
        loop, at = self.loop(), self.frame.value
        images, base = self.film()
        time = torch.tensor([at / loop.frames], dtype=torch.float64)
        canvas = Canvas(self.WIDTH, self.HEIGHT, base=base, scale=1)
        canvas.text(self.LEFT, self.TOP - 10, f"frame {at} of {loop.frames}", 13)
        canvas.paste(upscaled(frame_pixels(images[at]), self.LARGE), self.LEFT, self.TOP)
        canvas.dot(self.PLOT.at(time.numpy(), eased(loop.easing, time).numpy())[0], BLUE, 5)
        canvas.dot(self._places(time)[0], BLUE, 6)
        now = at * self.SHOWN // loop.frames
        canvas.frame(self.LEFT + now * self.STEP, self.STRIP, self.SMALL, self.SMALL, ORANGE)
        return canvas.png(), self.words(loop, at, images.shape[-1])

    def words(self, loop: loops.Loop, at: int, side: int) -> str:
        """Return what there is to say about the frame."""
        z = loop.latents(torch.tensor([0, at, at + 1]) / loop.frames)  # start, now, next
        away, step = turns(z[:2]), turns(z[1:])
        file = side * max(1, self.side.value // side)
        return (
            f"{at / loop.rate:.2f} of {loop.seconds:.0f} seconds: z stands "
            f"{away.item():.0f}° away from its start and moves {step.item():.1f}° "
            f"to the next frame. The file will have {loop.frames} frames of {file}×{file} pixels."
        )

    def save(self, suffix: str = ".gif") -> Path | None:
        """Save the film, as ".gif" or ".mp4"."""
        loop, side = self.loop(), self.side.value
        return self.store("loop", suffix, lambda path: loop.save(path, side))
