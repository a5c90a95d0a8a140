"""Lesson 08's drum machine: a sound under sliders, seen and heard, and a bar made of it."""

from pathlib import Path

import ipywidgets as widgets
import numpy as np
import torch
from torch.nn.functional import one_hot

from course_lib import metrics, output
from course_lib.data import DRUMS, to_sounds
from course_lib.data.drum_sounds import RATE
from course_lib.explorers.base import Explorer, menu, slider, whole_slider
from course_lib.explorers.canvas import Canvas, pixels
from course_lib.explorers.networks import computed
from course_lib.figures import BLUE
from course_lib.latent import slerp
from course_lib.models.drums import Generator
from course_lib.sampling import latents
from course_lib.studio import provenance, sound

DIRECTIONS = {"brightness": "centroid", "length": "decay"}  # slider -> what is measured
FITTED = 96  # sounds of each kind from which a direction is found


def measured_directions(generator: Generator, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return, for each of `DIRECTIONS`, unit directions in style (kinds, style_dim).

    Along a kind's direction the logarithm of the measure grows fastest: for z ~ N(0, I) the slope
    of a linear fit is E[z·measure].
    """
    found = {name: torch.zeros(generator.classes, generator.style_dim) for name in DIRECTIONS}
    z = latents(FITTED, generator.z_dim, seed)
    for kind in range(generator.classes):
        drawn = computed(generator, z, torch.full((FITTED,), kind))
        measures = metrics.drum_measures(to_sounds(drawn, rounds=2))
        for name, measure in DIRECTIONS.items():
            values = measures[measure].clamp(min=1e-3).log().float()
            slope = (values - values.mean()) @ z[:, : generator.style_dim]
            found[name][kind] = slope / slope.norm().clamp(min=1e-6)
    return found


class DrumMachine(Explorer):
    """An explorer of a generator of drum sounds, with a player.

    Menus and sliders choose two sounds by kind and seed, a point on the way between them, and
    steps along two directions, brightness and length, that are measured on the generator's own
    sounds. The player holds the hit, or a bar of drums with the hit in it; every change puts new
    sound into it, and plays it at once where that is wished. (By keyboard: Tab to the player, then
    the space bar.) A button saves what the player holds as WAV.

    Args:
        generator: as "drums" of the zoo.
        name: the generator's name, for the files' facts.
        seeds: number of seeds to choose from.
        folder: where the button saves.
    """

    WIDTH, WAVE, TOP, LEFT = 512, 96, 18, 44
    ACROSS, DOWN = 8, 2  # pixels on the screen for one of the spectrogram
    SIDE = 84  # beside it, for A and B in small

    def __init__(
        self,
        generator: Generator,
        name: str = "drums",
        seeds: int = 100,
        folder: Path | str = "made",
    ):
        self.generator, self.name, self.folder = generator, name, folder
        with self.threads():
            self.directions = measured_directions(generator)
            self.base = sound.drum_kit(generator)
        kinds = [(kind, label) for label, kind in enumerate(DRUMS)]
        self.kind = menu("kind A", kinds, value=0)
        self.seed = whole_slider("seed A", 0, seeds - 1, 0)
        self.kind_b = menu("kind B", kinds, value=3)
        self.seed_b = whole_slider("seed B", 0, seeds - 1, 1)
        self.between = slider("from A to B", 0.0, 1.0, 0.0)
        self.steps = {name: slider(name, -4.0, 4.0, 0.0, 0.2) for name in DIRECTIONS}
        self.whole = widgets.ToggleButtons(
            options=["one hit", "a bar"], description="hear", style={"button_width": "80px"}
        )
        self.at_once = widgets.Checkbox(value=False, description="play every change at once")
        self.audio = widgets.Audio(format="wav", autoplay=False, loop=False, controls=True)
        self.audio.add_class("explorer-sound")
        self.at_once.observe(lambda change: self._autoplay(change.new), names="value")
        save = self.button("Save this sound", self.save, "download")
        controls = [
            *(self.kind, self.seed, self.kind_b, self.seed_b, self.between),
            *(*self.steps.values(), self.whole, self.at_once, *self.saving(save)),
        ]
        alt = (
            "The waveform of a generated drum, under it its spectrogram, and beside it, small, the "
            "spectrograms of the two sounds between which it lies."
        )
        width = self.LEFT + self.WIDTH + self.SIDE
        super().__init__(controls, alt, width, under=[self.audio])

    def _autoplay(self, wanted: bool) -> None:
        self.audio.autoplay = wanted

    def inputs(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z (3, z_dim) and weights of the kinds (3, kinds): the sound itself, A and B.

        The noise is that of seed A all the way: a walk changes the drum, not the hit.
        """
        generator, t = self.generator, self.between.value
        ends = [latents(1, generator.z_dim, seed.value) for seed in (self.seed, self.seed_b)]
        style_a, style_b = (z[:, : generator.style_dim] for z in ends)
        kinds = torch.tensor([self.kind.value, self.kind_b.value])
        a, b = one_hot(kinds, generator.classes).float().split(1)
        weights = torch.lerp(a, b, t)
        style = slerp(style_a, style_b, t)
        for name, step in self.steps.items():
            style = style + step.value * weights @ self.directions[name]
        noise = ends[0][:, generator.style_dim :]
        return torch.cat([torch.cat([style, noise], dim=1), *ends]), torch.cat([weights, a, b])

    def drawn(self) -> torch.Tensor:
        """Return the spectrograms (3, 1, 128, 64) of the sound itself, of A and of B."""
        return computed(self.generator, *self.inputs())

    def heard(self, hit: torch.Tensor) -> torch.Tensor:
        """Return what the player plays, (1, T): the hit, or a bar in which it is one drum."""
        if self.whole.value == "one hit":
            return hit[0]
        nearest = DRUMS[self.kind.value if self.between.value <= 0.5 else self.kind_b.value]
        return sound.bar({**self.base, nearest: hit[0]})

    def facts(self) -> dict[str, object]:
        """Return what a saved file says about its origin."""
        moved = {name: step.value for name, step in self.steps.items()}
        return provenance.facts(
            self.name,
            self.seed.value,
            kind=DRUMS[self.kind.value],
            to={"kind": DRUMS[self.kind_b.value], "seed": self.seed_b.value},
            at=self.between.value,
            **moved,
            what=self.whole.value,
        )

    def draw(self) -> tuple[bytes, str]:
        """Draw waveform and spectrogram, and put the sound into the player."""
        drawn = self.drawn()
        hit = to_sounds(drawn[:1])
        self.audio.value = sound.wav(self.heard(hit), self.facts())
        return self._sheet(drawn, hit), self._sentence(hit)

    def _sheet(self, drawn: torch.Tensor, hit: torch.Tensor) -> bytes:
        picture = pixels(drawn[0]).repeat(self.DOWN, axis=0).repeat(self.ACROSS, axis=1)
        under = self.TOP + self.WAVE + 24
        canvas = Canvas(self.shown_width, under + len(picture) + 22, scale=1)
        canvas.text(self.LEFT, 12, "waveform: amplitude, −1 to 1", 11)
        columns = hit[0, 0].view(self.WIDTH, -1).numpy()
        middle = self.TOP + self.WAVE / 2
        canvas.line(
            np.array([(self.LEFT, middle), (self.LEFT + self.WIDTH, middle)]), canvas.FAINT, 1
        )
        for x, column in enumerate(columns, self.LEFT):
            top, bottom = middle - self.WAVE / 2 * np.array([column.max(), column.min()])
            canvas.line(np.array([(x, top), (x, bottom)]), BLUE, 1)
        canvas.text(self.LEFT, under - 6, "spectrogram: bright is loud (76 dB)", 11)
        canvas.paste(picture, self.LEFT, under)
        right = self.LEFT + self.WIDTH + self.SIDE - drawn.shape[3]
        tops = (self.TOP, self.TOP + drawn.shape[2] + 26)
        for letter, end, top in zip("AB", drawn[1:], tops, strict=True):
            canvas.text(right, top - 6, letter, 11)
            canvas.paste(pixels(end), right, top)
        for kilohertz in range(5):
            y = under + len(picture) * (1 - kilohertz * 1000 / (RATE / 2))
            canvas.text(self.LEFT - 5, y, f"{kilohertz} kHz", 10, anchor="rm")
        for quarter in range(5):
            anchor = "la" if quarter == 0 else "ra" if quarter == 4 else "ma"
            x = self.LEFT + self.WIDTH * quarter / 4
            canvas.text(x, under + len(picture) + 5, f"{quarter / 4:g} s", 10, anchor=anchor)
        return canvas.png()

    def _sentence(self, hit: torch.Tensor) -> str:
        measures = {name: value.item() for name, value in metrics.drum_measures(hit).items()}
        a, b = (DRUMS[kind.value] for kind in (self.kind, self.kind_b))
        way = f"{a} {self.seed.value}"
        if self.between.value:
            way = f"{self.between.value:.0%} of the way from {way} to {b} {self.seed_b.value}"
        moved = [f"{name} {step.value:+.1f}" for name, step in self.steps.items() if step.value]
        return (
            f"{', '.join([way, *moved])}: its mean frequency is {measures['centroid']:,.0f} Hz, "
            f"and after {measures['decay']:.2f} s all but a hundredth of it has passed. "
            f"The player holds {self.whole.value}."
        )

    def save(self) -> Path | None:
        """Save what the player plays, as WAV."""

        def write(path: Path) -> None:
            with output.writing(path) as file:
                file.write_bytes(self.audio.value)

        return self.store("drum", ".wav", write)
