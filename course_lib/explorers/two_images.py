"""Lesson 03's explorer of the way between two images: through the code, and through the pixels."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import nn

from course_lib.explorers.base import Explorer, slider, whole_slider
from course_lib.explorers.canvas import Canvas, as_float, named
from course_lib.explorers.networks import decoded, encoded
from course_lib.explorers.walks import WALK
from course_lib.figures import ORANGE
from course_lib.latent import lerp


class Interpolation(Explorer):
    """An explorer of the way from one image to another: along their codes, and by cross-fade.

    In the middle of the picture stand the decoder's image at the chosen point of the way and,
    for comparison, the cross-fade of the two images; beside them the images themselves. Below are
    both ways in whole, from the first image to the second, with a mark under the chosen point.

    Args:
        vae: has `z_dim`, an `encoder` that returns mu and logvar, and a `decoder`. The way is the
            straight line between the two mu.
        images: (N, C, H, W), uint8, or float in [-1, 1]; sliders choose two of them.
        names: what to call each image, such as its class.

    Raises:
        ValueError: there are fewer than two images, or names and images differ in number.
    """

    WIDTH, HEIGHT, TOP = 606, 406, 28
    SMALL, LARGE, STEP = 112, 168, 66  # pixels: an end, a point of the way, from image to image
    LEFTS, STRIP_LEFT, STRIPS = (4, 126, 308, 490), 10, (236, 334)

    def __init__(self, vae: nn.Module, images: torch.Tensor, names: Sequence[str] | None = None):
        self.vae, self.images = vae, as_float(images)
        self.names, self.words = named(images, names), names or [""] * len(images)
        if len(images) < 2:
            raise ValueError("expected two images or more, got 1")
        self.codes, _ = encoded(vae, self.images)  # the way leads from mean to mean
        self._drawn = {}
        last = len(images) - 1
        self.image_a = whole_slider("image A", 0, last, 0)
        self.image_b = whole_slider("image B", 0, last, 1)
        self.between = slider("from A to B", 0.0, 1.0, 0.5, 0.02)
        alt = (
            "Two images, with a picture from the middle of the way between their codes and one "
            "from their cross-fade; under them both ways in whole, as strips."
        )
        super().__init__([self.image_a, self.image_b, self.between], alt, self.WIDTH)

    def walk(self, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return decoded and cross-faded images, (n, C, H, W) each, at t (n,) in [0, 1]."""
        a, b = self.image_a.value, self.image_b.value
        codes = lerp(self.codes[a], self.codes[b], t[:, None])
        faded = lerp(self.images[a], self.images[b], t[:, None, None, None])
        return decoded(self.vae, codes), faded

    def _base(self) -> Image.Image:
        """Return what depends on the two images alone: themselves and both strips."""
        ends = (self.image_a.value, self.image_b.value)
        if ends not in self._drawn:
            canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
            for end, left, letter in zip(ends, self.LEFTS[::3], "AB", strict=True):
                top = self.TOP + (self.LARGE - self.SMALL) // 2
                canvas.text(left, top - 7, f"{letter}: image {end}", 12)
                canvas.show(self.images[end], self.SMALL, left, top)
                canvas.text(left, top + self.SMALL + 16, str(self.words[end])[:16], 12)
            titles = (
                "between the codes: each picture is decoded",
                "cross-fade: each pixel is mixed",
            )
            strips = self.walk(torch.linspace(0, 1, WALK))
            for title, strip, top in zip(titles, strips, self.STRIPS, strict=True):
                canvas.text(self.STRIP_LEFT, top - 8, title, 12)
                for index, image in enumerate(strip):
                    canvas.show(image, 56, *(self.STRIP_LEFT + index * self.STEP, top))
            self._drawn = {ends: canvas.image}
        return self._drawn[ends]

    def draw(self) -> tuple[bytes, str]:
        t = self.between.value
        canvas = Canvas(self.WIDTH, self.HEIGHT, self._base(), scale=1)
        decoded_image, faded = self.walk(torch.tensor([t]))
        titles = ("decoded", "cross-faded")
        for left, title, image in zip(self.LEFTS[1:3], titles, (decoded_image, faded), strict=True):
            canvas.text(left, 18, f"{title}, at {t:.0%}", 12)
            canvas.show(image[0], self.LARGE, left, self.TOP)
        x = self.STRIP_LEFT + 28 + t * (WALK - 1) * self.STEP
        for top in self.STRIPS:
            canvas.mark(x, top + 58, ORANGE)
        a, b = self.image_a.value, self.image_b.value
        apart = float((self.codes[a] - self.codes[b]).norm())
        sentence = (
            f"{t:.0%} of the way from {self.names[a]} to {self.names[b]}; their codes lie "
            f"{apart:.2f} apart. Left: the decoder's picture of the code at this point. Right: "
            f"{1 - t:.0%} of the pixels of A plus {t:.0%} of B. The strips show both ways; the "
            "upper one begins and ends with reconstructions."
        )
        return canvas.png(), sentence
