"""A film without a seam: a closed walk through z, whose last frame is one step before its first.

The walk is a circle on the sphere where latents live (lesson 07). An easing maps time t in [0, 1)
to the share p of the circle that is behind; since p ends where it began, up to whole rounds, so
does the film. What depends on p alone closes by itself: the text of StackGAN may go from one
caption to another and back on the way.

Loop("progan-personas", seed=7, easing="breathe").save("loop.gif")
"""

import functools
import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_lib import zoo
from course_lib.data import to_uint8
from course_lib.latent import circle, eased, slerp
from course_lib.sampling import codes_of, draw, latents, reads, size_of
from course_lib.studio import films, provenance


@functools.lru_cache(maxsize=4)
def _loaded(name: str) -> Any:
    return zoo.load(name)


@dataclass(frozen=True)
class Loop:
    """A looping film of a generator, of which nothing is left to chance.

    Attributes:
        model: a generator of the zoo, or what you call one of your own.
        seed: of the latents; the film begins with the image of `sample` with this seed, but for
            the length of z, which the sphere fixes.
        seconds: once around.
        rate: frames per second, one of `films.RATES`.
        easing: one of `EASINGS`.
        reach: how far from its start z goes, in degrees, 0 to 180.
        label: the class, for a generator that reads labels; it stays.
        captions: for a generator that reads captions: one that stays, or two, between which the
            text goes there and back.
        network: your own generator, one that `sampling.draw` takes; None loads the zoo's.

    Raises:
        ValueError: there is no such model, rate, easing or reach, the film has fewer than 3
            frames, the model reads no label or captions, or needs them, or nothing moves.
    """

    model: str = "progan-personas"
    seed: int = 0
    seconds: float = 4.0
    rate: int = 20
    easing: str = "linear"
    reach: float = 180.0
    label: int | None = None
    captions: tuple[str, ...] = ()
    network: nn.Module | None = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        # A list is what JSON makes of the captions in a file's facts.
        object.__setattr__(self, "captions", tuple(self.captions))
        if self.network is None and self.model not in zoo.generators():
            raise ValueError(f"{self.model!r} is no generator of the zoo that loops are made of")
        kind = reads(self.generator)
        if self.rate not in films.RATES:
            raise ValueError(f"frames per second are one of {films.RATES}, not {self.rate}")
        if self.frames < 3:
            raise ValueError(f"a loop has 3 frames or more, not {self.frames}")
        if (self.label is not None) != (kind == "label"):
            raise ValueError(f"{self.model} reads {kind}; label is {self.label}")
        if (len(self.captions) in (1, 2)) != (kind == "caption") or len(self.captions) > 2:
            raise ValueError(f"{self.model} reads {kind}; captions are {list(self.captions)}")
        if self.label is not None:
            codes_of(self.generator, self.label)
        eased(self.easing, torch.zeros(1))
        circle(torch.eye(3), torch.zeros(1), self.reach)
        if self.reach == 0 and len(set(self.captions)) < 2:
            raise ValueError("nothing moves: give z some reach, or the text two captions")

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return round(self.seconds * self.rate)

    @property
    def generator(self) -> nn.Module:
        """The model that draws; loaded once."""
        return _loaded(self.model) if self.network is None else self.network

    def times(self) -> torch.Tensor:
        """Return the time of each frame, float64 (frames,): 0 to one step before 1."""
        return torch.arange(self.frames, dtype=torch.float64) / self.frames

    def latents(self, times: torch.Tensor) -> torch.Tensor:
        """Return all that is random at the times (N,), (N, D): z; of StackGAN, z and noise.

        Only what stands behind the point of a time counts: at t = 1 it is what it is at t = 0, to
        the last bit.
        """
        z = latents(3, size_of(self.generator), self.seed)
        return circle(z, eased(self.easing, times), self.reach)

    def draw(self, times: torch.Tensor) -> torch.Tensor:
        """Return the images at the times (N,), uint8 (N, C, H, W)."""
        asked = self.text(times) if self.captions else self.label
        return to_uint8(draw(self.generator, self.latents(times), asked, batch=25))

    def text(self, times: torch.Tensor) -> torch.Tensor:
        """Return the captions' code at the times (N,), (N, text_dim).

        Of two captions, the first at p = 0 and the second halfway around, on the arc between them.
        """
        codes = codes_of(self.generator, [self.captions[0], self.captions[-1]])
        assert codes is not None  # it reads captions
        first, second = codes.double()
        away = (1 - torch.cos(2 * math.pi * eased(self.easing, times))) / 2
        return slerp(first, second, away[:, None]).float()

    def images(self) -> torch.Tensor:
        """Return all frames, uint8 (frames, C, H, W)."""
        return self.draw(self.times())

    def facts(self) -> dict[str, object]:
        """Return what the film's file says: enough to make it again, `Loop(**facts["loop"])`."""
        loop = {
            part.name: getattr(self, part.name) for part in fields(self) if part.name != "network"
        }
        return provenance.facts(self.model, self.seed, loop=loop)

    def save(self, path: Path | str, side: int = films.SIDE) -> Path:
        """Write the film, as .gif or .mp4 by the path's suffix, with its facts; return its path.

        Raises:
            ValueError: another suffix.
        """
        write = films.WRITERS.get(Path(path).suffix.lower())
        if write is None:
            raise ValueError(f"a loop is saved as .gif or .mp4, not {Path(path).name}")
        return write(self.images(), path, self.facts(), self.rate, side)
