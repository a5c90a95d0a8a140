"""Lesson 09's explorer: a garment appears out of noise, step by step."""

from collections.abc import Sequence
from typing import Any, cast

import torch

from course_lib import figures
from course_lib.explorers.base import slider, whole_slider
from course_lib.explorers.canvas import Canvas
from course_lib.explorers.conditional import Conditional, classes
from course_lib.explorers.networks import expect
from course_lib.models.flow import Flow
from course_lib.sampling import device_of, latents
from course_lib.training import evaluating


class NoiseToImage(Conditional):
    """An explorer of a flow: the way from noise to a garment, in a chosen number of steps.

    A menu chooses the class, sliders the seed of the noise, the steps of the midpoint rule, the
    weight of the guidance, and the time t at which one looks.

    Args:
        flow: a `flow.Flow`.
        class_names: one for each class.
        seeds: number of seeds to choose from.

    Raises:
        ValueError: the model is no flow, or has not as many classes as there are names.
    """

    HEIGHT, LARGE, SMALL, STEP, LEFT, STRIP = 336, 224, 56, 68, 4, 264
    FRAMES, MOST = 9, 32

    def __init__(self, flow: Flow, class_names: Sequence[str], seeds: int = 100):
        expect(flow, "a flow with velocity and way", "velocity", "way")
        self.take(cast(Any, flow), class_names)  # it has what is needed of a `cgan.Generator`
        self.flow, self.known = flow, {}
        self.label = classes("class", class_names, 7)
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.steps = whole_slider("steps", 1, self.MOST, 4)
        self.guidance = slider("guidance", 0.0, 5.0, 1.0, 0.25)
        self.time = slider("time t", 0.0, 1.0, 1.0, 0.01)
        alt = "A garment that appears out of noise, and under it the way as a strip of pictures."
        controls = [self.label, self.seed, self.steps, self.guidance, self.time]
        super().__init__(controls, alt, self.WIDTH)

    def way(self) -> torch.Tensor:
        """Return the points of the chosen way, (steps + 1, 1, 28, 28); the last one is kept."""
        asked = (self.label.value, self.seed.value, self.steps.value, self.guidance.value)
        if asked not in self.known:
            label, seed, steps, guidance = asked
            device = device_of(self.flow)
            z = latents(1, self.flow.z_dim, seed).to(device)
            labels = torch.tensor([label], device=device)
            with evaluating(self.flow):
                points = self.flow.way(z, labels, steps=steps, guidance=guidance)
            self.known = {asked: torch.cat(points).cpu()}
        return self.known[asked]

    def draw(self) -> tuple[bytes, str]:
        way, t = self.way(), self.time.value
        last = len(way) - 1
        # Between two points the flow goes straight.
        before = min(int(t * last), last - 1)
        image = torch.lerp(way[before], way[before + 1], t * last - before)
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        canvas.show(image, self.LARGE, (self.WIDTH - self.LARGE) // 2, 8)
        canvas.text(self.LEFT, self.STRIP - 8, "t = 0: noise", 12)
        right = self.LEFT + (self.FRAMES - 1) * self.STEP + self.SMALL
        canvas.text(right, self.STRIP - 8, "t = 1: image", 12, anchor="rs")
        frames = min(self.FRAMES, len(way))
        for frame in range(frames):
            number = round(frame * last / (frames - 1))
            x = self.LEFT + round(number / last * (self.FRAMES - 1) * self.STEP)
            canvas.show(way[number], self.SMALL, x, self.STRIP)
        x = self.LEFT + self.SMALL // 2 + t * (self.FRAMES - 1) * self.STEP
        canvas.mark(x, self.STRIP + self.SMALL + 2, figures.ORANGE)
        steps, weight = self.steps.value, self.guidance.value
        asked = 2 * steps * (1 if weight in (0, 1) else 2)
        sentence = (
            f"{self.class_names[self.label.value].capitalize()}, seed {self.seed.value}, at t = "
            f"{t:.2f}: {steps} step{'s' if steps > 1 else ''}, guidance {weight:g}, for which the "
            f"network is asked {asked} times."
        )
        return canvas.png(), sentence
