"""Lesson 07's explorer: a ProGAN's stages, attributes under sliders, and a walk that plays."""

import copy
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch

from course_lib import latent, zoo
from course_lib.data import to_uint8
from course_lib.explorers.base import WIDE, Explorer, player, slider, whole_slider
from course_lib.explorers.canvas import Canvas
from course_lib.explorers.ends import Ended
from course_lib.explorers.networks import expect
from course_lib.explorers.sentences import seen
from course_lib.figures import BLUE, ORANGE
from course_lib.latent import Directions
from course_lib.metrics.reports.personas import SIZE
from course_lib.models.cnn import AttributeClassifier
from course_lib.models.progan import Generator, double
from course_lib.sampling import latents
from course_lib.studio import films, provenance
from course_lib.training import evaluating

FRAMES = 96  # of a walk
MILLISECONDS = 100  # each frame, on the screen and in the file

WHY = (
    "Pixel norm gives every z one length, so all of them lie on a sphere. The walk goes around it "
    "once, on the circle through the seed's z, at even speed; halfway it is at −z. An attribute's "
    "step counts standard deviations of z."
)


def named_size(size: int) -> str:
    """Return how to call an image's size: "32×32"."""
    return f"{size}×{size}"


class Growth(Explorer):
    """An explorer of a ProGAN: its stages and fades, its attributes, and a walk.

    Sliders choose the seed, the resolution, the fade, a step along each direction and the place
    on a closed walk, which plays. A button saves the walk as GIF, at the chosen resolution, fade
    and attributes: `FRAMES` frames, the last one step before the first.

    Large, the picture at the chosen stage and fade; beside it the two ways to colours of which it
    is the mean; under them the stages, and the place on the walk's circle. Sizes are in pixels.

    Args:
        generator: `progan.Generator`, of which the explorer keeps a copy.
        directions: what `latent.find` returns, best `disentangled`; None: no attributes.
        judge: a classifier of the nine attributes, "personas-cnn": says in words what it sees.
        seeds: number of seeds to choose from.
        folder: where the button saves.

    Raises:
        ValueError: the generator is not ProGAN's, its images are too large for the judge, or the
            directions belong to another z.
    """

    WIDTH, HEIGHT, TOP, LEFT = 606, 392, 28, 4
    LARGE, WAY, WAYS = 256, 128, (316, 474)
    SMALL, STEP, STRIP, STAGES = 64, 72, 316, 6
    CENTRE, RADIUS = (534, 268), 62

    def __init__(
        self,
        generator: Generator,
        directions: Directions | None = None,
        judge: AttributeClassifier | None = None,
        seeds: int = 100,
        folder: Path | str = "pictures",
    ):
        expect(generator, "ProGAN's generator", "z_dim", "sizes", "blocks", "to_rgb")
        if judge is not None and generator.sizes[-1] > SIZE:
            raise ValueError(f"the judge reads {SIZE} pixels or fewer, not {generator.sizes[-1]}")
        # One core convolves images stored pixel by pixel (channels last) faster.
        self.generator = copy.deepcopy(generator).cpu().to(memory_format=torch.channels_last)
        self.judge, self.folder = judge, folder
        self.vectors = torch.empty(0, generator.z_dim) if directions is None else directions.vectors
        names = [] if directions is None else list(directions.contrasts)
        sizes, last = generator.sizes, len(generator.sizes) - 1
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.stage = widgets.SelectionSlider(
            options=[(named_size(size), stage) for stage, size in enumerate(sizes)],
            value=last,
            description="resolution",
            style=WIDE,
        )
        self.stage.add_class("choice")  # for the tests: its readout looks like a field to type in
        self.fade = slider("fade", 0.0, 1.0, 1.0)
        self.steps = {name: slider(name, -4.0, 4.0, 0.0, 0.1) for name in names}
        self.ended = {name: Ended(step) for name, step in self.steps.items()}
        self.walk = whole_slider("walk", 0, FRAMES - 1, 0)
        self.play = player(self.walk, MILLISECONDS)
        buttons = [self.button("Save the walk as GIF", self.save, "download", width="200px")]
        if names:
            words = "All attributes to 0"
            buttons.append(self.button(words, self.reset, "undo", width="200px"))
        controls = [
            self.seed,
            self.stage,
            self.fade,
            *self.ended.values(),
            self.walk,
            self.play,
            *self.saving(*buttons),
            widgets.HTML(WHY, layout=widgets.Layout(width="320px")),
        ]
        alt = (
            "A large generated portrait, the two pictures that a fade mixes into it, and the same "
            f"portrait at {sizes[0]} to {sizes[-1]} pixels."
        )
        super().__init__(controls, alt, self.WIDTH)

    def changed(self, change) -> None:
        # Play moves the slider `walk`, which then draws.
        if change.owner is not self.play:
            self.refresh()

    def reset(self) -> None:
        """Set all attributes' sliders to 0 and draw once."""
        with self.quietly():
            for step in self.steps.values():
                step.value = 0.0
        self.refresh()

    def amounts(self) -> torch.Tensor:
        """Return the attributes' steps (K,)."""
        return torch.tensor([step.value for step in self.steps.values()])

    def circle(self) -> torch.Tensor:
        """Return the walk before it is steered, (FRAMES, z_dim): the same for the same seed.

        It begins at the z of `generator.sample(1, seed)`, scaled as pixel norm does.
        """
        z0, z1 = latents(2, self.generator.z_dim, self.seed.value)
        return latent.great_circle(z0, z1, FRAMES)

    def pictures(self, z: torch.Tensor) -> list[torch.Tensor]:
        """Return the images of z (N, z_dim) at all stages, (N, colours, size, size) each.

        In one pass, where a call for each stage would compute the first block once for each.
        """
        images, x = [], z
        with evaluating(self.generator):
            for block, to_rgb in zip(self.generator.blocks, self.generator.to_rgb, strict=True):
                x = block(x)
                images.append(to_rgb(x))
        return images

    def ends(self):
        at, stage, fade = self.walk.value, self.stage.value, self.fade.value
        for number, row in enumerate(self.ended.values()):
            amounts = self.amounts().repeat(2, 1)  # (2, K)
            amounts[:, number] = torch.tensor([row.slider.min, row.slider.max])
            z = latent.steered(self.circle()[[at, at]], amounts, self.vectors)
            with evaluating(self.generator):
                images = self.generator(z, stage, fade)
            yield row, images.clamp(-1, 1)

    def draw(self) -> tuple[bytes, str]:
        stage, fade, at = self.stage.value, self.fade.value, self.walk.value
        z = self.circle()[at : at + 1]
        share = latent.share_of_step(z, self.amounts(), self.vectors).item()
        images = self.pictures(latent.steered(z, self.amounts(), self.vectors))
        new, old = images[stage], double(images[stage - 1]) if stage else None
        image = new if old is None else torch.lerp(old, new, fade)
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        size = named_size(self.generator.sizes[stage])
        canvas.text(self.LEFT, self.TOP - 10, f"{size} pixels", 13)
        canvas.show(image[0], self.LARGE, self.LEFT, self.TOP)
        ways = [(f"new layers: {fade:.0%}" if stage else "nothing to fade from", new)]
        if stage:
            before = named_size(self.generator.sizes[stage - 1])
            ways.insert(0, (f"{before} doubled: {1 - fade:.0%}", old))
        for left, (words, way) in zip(self.WAYS[-len(ways) :], ways, strict=True):
            canvas.text(left, self.TOP - 10, words, 12)
            canvas.show(way[0], self.WAY, left, self.TOP)
        self._strip(canvas, images)
        self._circle(canvas, at)
        return canvas.png(), self.words(image.clamp(-1, 1)[0], share)

    def _strip(self, canvas: Canvas, images: list[torch.Tensor]) -> None:
        """Draw the stages side by side, the last ones where there are many."""
        first = max(0, len(images) - self.STAGES)
        canvas.text(self.LEFT, self.STRIP - 10, "the same z at every stage", 12)
        for index, image in enumerate(images[first:]):
            left = self.LEFT + index * self.STEP
            canvas.show(image[0], self.SMALL, left, self.STRIP)
            if first + index == self.stage.value:
                canvas.frame(left, self.STRIP, self.SMALL, self.SMALL, ORANGE)

    def _circle(self, canvas: Canvas, at: int) -> None:
        """Draw the walk's circle, with a dot where the picture is."""
        (x, y), r = self.CENTRE, self.RADIUS
        angles = 2 * np.pi * np.arange(FRAMES + 1) / FRAMES
        points = np.stack([x + r * np.sin(angles), y - r * np.cos(angles)], axis=1)
        canvas.line(points, Canvas.PALE, 1)
        canvas.text(x, y - 12, "the walk", 12, anchor="ms")
        canvas.text(x, y + 6, f"{at} of {FRAMES}", 12, anchor="ms")
        canvas.text(x, y - r + 22, "z", 11, Canvas.PALE, anchor="ms")
        canvas.text(x, y + r - 14, "−z", 11, Canvas.PALE, anchor="ms")
        canvas.dot(points[at], BLUE, 6)

    def words(self, image: torch.Tensor, share: float) -> str:
        """Return what there is to say about the picture, (colours, size, size) in [-1, 1]."""
        stage, fade, sizes = self.stage.value, self.fade.value, self.generator.sizes
        steps = [f"{name} {s.value:+.1f}" for name, s in self.steps.items() if s.value]
        faded = (
            f", fade {fade:.0%}: {1 - fade:.0%} of the {named_size(sizes[stage - 1])} picture, "
            f"doubled, and {fade:.0%} of what the new layers draw"
        )
        parts = [
            f"{named_size(sizes[stage])} pixels, stage {stage + 1} of {len(sizes)}"
            f"{faded if stage else ', which has nothing to fade from'}.",
            f"Seed {self.seed.value}, {self.walk.value} of {FRAMES} frames around the walk.",
            f"Steered: {', '.join(steps)}." if steps else "",
            f"The sphere has no more room: z takes {share:.0%} of these steps." * (share < 1),
            seen(image, self.judge),
        ]
        return " ".join(filter(None, parts))

    def frames(self) -> torch.Tensor:
        """Return the walk at the chosen stage, fade and attributes, uint8 (FRAMES, C, H, W)."""
        z = latent.steered(self.circle(), self.amounts(), self.vectors)
        with evaluating(self.generator):
            parts = [self.generator(p, self.stage.value, self.fade.value) for p in z.split(32)]
        return to_uint8(torch.cat(parts))

    def save(self) -> Path | None:
        """Save the walk as GIF, a loop without a seam."""
        facts = provenance.facts(
            zoo.name_of(self.generator),
            self.seed.value,
            walk="circle",
            stage=self.stage.value,
            fade=self.fade.value,
            attributes={name: step.value for name, step in self.steps.items()},
        )
        frames, rate = self.frames(), 1000 // MILLISECONDS
        return self.store(
            "walk", ".gif", lambda path: films.save_gif(frames, path, facts, rate, self.LARGE)
        )
