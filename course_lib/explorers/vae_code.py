"""Lesson 03's explorer of a code: sliders for its dimensions, and for β."""

import math
from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import torch
from PIL import Image
from torch import nn

from course_lib import losses
from course_lib.explorers.base import WIDE, Explorer, slider, whole_slider
from course_lib.explorers.canvas import Canvas, Plot, as_float, named
from course_lib.explorers.ends import Ended
from course_lib.explorers.networks import decoded, encoded
from course_lib.figures import BLUE, ORANGE
from course_lib.sampling import latents

COLLAPSED = 0.1  # nats; figures.kl_bars.draw counts a dimension as used from here on
GREY = "#9A9A9A"  # of a bar that does nothing


class Autoencoder(Explorer):
    """An explorer of a VAE's code, with a slider for every dimension, ordered by KL.

    The picture shows an image, its reconstruction, and what the decoder makes of the code that the
    sliders hold; under them every dimension of that code as a bar, with a black line where it
    started, and its KL. A dimension with a KL below 0.1 nats has collapsed: it carries nothing of
    the image, stands last, and its bar is grey. You can move it all the same, and see that its
    bar alone follows.

    The start is the mean code of a test image, or a draw from the prior. With several models, a
    slider chooses β. Dimensions mean other things in another model: so the code starts anew from
    that model's own code of the same image, and the sliders get new labels.

    Args:
        models: one VAE, or several by their β. A VAE has `z_dim`, an `encoder` that returns mu
            and logvar, and a `decoder`.
        images: (N, C, H, W), uint8, or float in [-1, 1]. A slider chooses one to start from; the
            KL is averaged over all of them, so give some hundred.
        names: what to call each image, such as its class.
        seeds: number of draws from the prior to choose from.

    Raises:
        ValueError: there is no image or no model, names and images differ in number, or the
            models differ in z_dim.
    """

    WIDTH, HEIGHT, SIDE, TOP = 560, 452, 168, 24
    LEFTS = (16, 196, 376)
    STARTS = ("a test image", "the prior")

    def __init__(
        self,
        models: nn.Module | Mapping[float, nn.Module],
        images: torch.Tensor,
        names: Sequence[str] | None = None,
        seeds: int = 100,
    ):
        models = models if isinstance(models, Mapping) else {1: models}
        self.models, self.images = dict(sorted(models.items())), as_float(images)
        self.names = named(images, names)
        if not self.models:
            raise ValueError("expected one VAE or more, got none")
        self.codes = {beta: encoded(vae, self.images) for beta, vae in self.models.items()}
        sizes = sorted({mu.shape[1] for mu, _ in self.codes.values()})
        if len(sizes) > 1:
            raise ValueError(f"all models have the same z_dim, got {sizes}")
        self.kl = {beta: losses.kl_per_dimension(*pair) for beta, pair in self.codes.items()}
        self.order = {beta: kl.argsort(descending=True).tolist() for beta, kl in self.kl.items()}
        self.plots = {beta: self._plot(mu) for beta, (mu, _) in self.codes.items()}
        self._drawn = {}
        self.start = widgets.ToggleButtons(
            options=self.STARTS, description="start from", style={"button_width": "120px"}
        )
        self.image = whole_slider("image", 0, max(1, len(images) - 1), 0)
        self.seed = whole_slider("draw number", 0, seeds - 1, 0)
        options = [(f"{beta:g}", beta) for beta in self.models]
        chosen = 1 if 1 in self.models else options[0][1]
        self.beta = widgets.SelectionSlider(
            options=options, value=chosen, description="β", style=WIDE
        )
        self.beta.add_class("choice")  # for the tests: its readout looks like a field to type in
        self.steps = [slider("", -4.0, 4.0, 0.0) for _ in range(sizes[0])]
        self.ended = [Ended(step) for step in self.steps]
        for control in (self.image, self.seed, self.beta):
            control.layout.width = "340px"
        for control in (self.image, self.seed, self.beta, *self.steps):
            control.layout.height, control.layout.margin = "24px", "0 2px"
            control.style.description_width = "10.5em"
        reset = self.button("back to the start", self.reset, "undo")
        controls = [self.start]
        controls += [self.image] if len(images) > 1 else []
        controls += [self.seed]
        controls += [self.beta] if len(self.models) > 1 else []
        alt = (
            "An image, its reconstruction by a VAE, and the image that a changed code decodes to; "
            "under them the code and the KL of its dimensions as bars, largest KL first."
        )
        self._restart()
        super().__init__([*controls, reset, *self.ended], alt, self.WIDTH)

    @staticmethod
    def _plot(mu: torch.Tensor) -> Plot:
        """Return the coordinates of the code's bars, wide enough for every code."""
        limit = float(max(4, math.ceil(mu.abs().max())))
        return Plot(46, 226, 546, 326, (0, mu.shape[1]), (-limit, limit))

    def reset(self) -> None:
        """Take all moves back."""
        self._restart()
        self.refresh()

    def changed(self, change) -> None:
        if change.owner in self.steps:
            # Only the slider that moved: the others show rounded numbers, the code exact ones.
            if abs(change.new - change.old) < change.owner.step / 2:
                return  # the browser's rounding, not a move
            rank = self.steps.index(change.owner)
            self.code[self.order[self.beta.value][rank]] = change.new
        else:
            self._restart()
        self.refresh()

    def _restart(self) -> None:
        """Take the chosen start's code, and set the sliders to it without drawing."""
        beta, of_image = self.beta.value, self.start.value == self.STARTS[0]
        self.image.layout.display = "" if of_image else "none"
        self.seed.layout.display = "none" if of_image else ""
        if of_image:
            self.first = self.codes[beta][0][self.image.value].clone()
        else:
            self.first = latents(1, len(self.steps), self.seed.value)[0]
        self.code = self.first.clone()
        self.first_image = decoded(self.models[beta], self.first[None])[0]
        with self.quietly():
            self._set_sliders(beta)

    def _set_sliders(self, beta: float) -> None:
        """Give each slider the name, the range and the value of its dimension."""
        for step, dimension in zip(self.steps, self.order[beta], strict=True):
            kl = float(self.kl[beta][dimension])
            verdict = "collapsed" if kl < COLLAPSED else f"{kl:.2f} nats"
            step.description = f"z[{dimension}]: {verdict}"
            step.min, step.max = self.plots[beta].ylim
            assert step.step is not None  # a slider may have none; `slider` gives each one
            step.value = round(float(self.code[dimension]) / step.step) * step.step

    def _error(self, image: torch.Tensor) -> float:
        """Return the mean squared error of an image (C, H, W) in 8-bit levels."""
        return float(127.5**2 * (image - self.images[self.image.value]).square().mean())

    def _base(self) -> Image.Image:
        """Return what depends on the model alone: both plots' axes, and the bars of its KL."""
        beta = self.beta.value
        if beta not in self._drawn:
            kl, order, plot = self.kl[beta], self.order[beta], self.plots[beta]
            highest = max(1, math.ceil(float(kl.max())))
            below = Plot(46, 382, 546, 434, plot.xlim, (0, highest))
            canvas = Canvas(self.WIDTH, self.HEIGHT)
            top, bottom = plot.at([0, 0], [2, -2])[:, 1]
            canvas.bar(plot.left, top, plot.right - plot.left, bottom - top, "#EEEEEE")
            limit = plot.ylim[1]
            title = "the code z, dimension by dimension (black: its start; band: 95% of the prior)"
            canvas.axes(plot, (), (-limit, -2, 0, 2, limit), title)
            title = "KL of each dimension in nats; × has collapsed"
            canvas.axes(below, (), (0, highest), title)
            for rank, dimension in enumerate(order):
                (x, y), value = below.at(rank + 0.5, kl[dimension]), float(kl[dimension])
                canvas.text(x, plot.bottom + 5, f"{dimension}", 10, anchor="ma")
                if value < COLLAPSED:
                    canvas.text(x, below.bottom - 3, "×", 12, Canvas.PALE, "ms")
                else:
                    canvas.bar(x - 9, y, 18, below.bottom - y, BLUE)
            self._drawn[beta] = canvas.finished()
        return self._drawn[beta]

    def ends(self):
        beta = self.beta.value
        for row, dimension in zip(self.ended, self.order[beta], strict=True):
            codes = self.code.repeat(2, 1)  # (2, z_dim)
            codes[:, dimension] = torch.tensor([row.slider.min, row.slider.max])
            yield row, decoded(self.models[beta], codes)

    def draw(self) -> tuple[bytes, str]:
        beta, of_image = self.beta.value, self.start.value == self.STARTS[0]
        canvas = Canvas(self.WIDTH, self.HEIGHT, self._base(), scale=1)
        image = decoded(self.models[beta], self.code[None])[0]
        panels = [("reconstruction", self.first_image), ("after your moves", image)]
        if of_image:
            number = self.image.value
            panels.insert(0, (self.names[number][:25], self.images[number]))
        else:
            panels = [("", None), ("draw from the prior", self.first_image), panels[1]]
            middle = self.LEFTS[0] + self.SIDE // 2
            canvas.text(middle, self.TOP + 84, "no original", 12, Canvas.PALE, "mm")
        for left, (title, panel) in zip(self.LEFTS, panels, strict=True):
            canvas.text(left, 16, title, 12)
            if panel is not None:
                canvas.show(panel, self.SIDE, left, self.TOP)
        self._draw_code(canvas)
        return canvas.png(), self._sentence(of_image, image)

    def _draw_code(self, canvas: Canvas) -> None:
        plot, order = self.plots[self.beta.value], self.order[self.beta.value]
        for rank, dimension in enumerate(order):
            numbers = [0.0, float(self.code[dimension]), float(self.first[dimension])]
            x, (zero, now, start) = plot.at(rank + 0.5, 0)[0], plot.at([0] * 3, numbers)[:, 1]
            moved = numbers[1] != numbers[2]
            colour = ORANGE if moved else BLUE
            colour = GREY if self.kl[self.beta.value][dimension] < COLLAPSED else colour
            canvas.bar(x - 9, min(zero, now), 18, max(1, abs(now - zero)), colour)
            canvas.bar(x - 12, start - 1, 24, 2, "black")

    def _sentence(self, of_image: bool, image: torch.Tensor) -> str:
        beta = self.beta.value
        kl, order = self.kl[beta], self.order[beta]
        collapsed = int((kl < COLLAPSED).sum())
        moves = [
            f"z[{d}] from {self.first[d]:.2f} to {self.code[d]:.2f}"
            for d in order
            if self.code[d] != self.first[d]
        ]
        parts = [f"β = {beta:g}."] if len(self.models) > 1 else []
        if of_image:
            number = self.image.value
            mu, logvar = (part[number : number + 1] for part in self.codes[beta])
            bits = float(losses.kl_divergence(mu, logvar)) / math.log(2)
            parts += [
                f"The code of {self.names[number]} has a rate of {bits:.1f} bits "
                f"({float(kl.sum()) / math.log(2):.1f} on average over {len(self.images)} images).",
                f"Mean squared error in 8-bit levels: {self._error(self.first_image):.0f} for the "
                f"reconstruction, {self._error(image):.0f} after your moves.",
            ]
        else:
            parts += [f"Draw {self.seed.value} from the prior: no original, no rate, no error."]
        parts += [f"Moved: {', '.join(moves)}." if moves else "Nothing is moved."]
        parts += [f"Collapsed: {collapsed} of {len(order)} dimensions."]
        if len(self.models) > 1:
            parts += ["Another β is another model: choosing one starts again, from its own code."]
        return " ".join(parts)
