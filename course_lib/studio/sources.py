"""Any generator of the course as a function of one latent vector, and what comes of it as a file.

`Source` holds what a generator reads beside z: a class, or a caption. `Work` is a finished picture
with its facts; it is not written anywhere until `save` is called.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from IPython.display import display
from PIL import Image
from torch import nn

from course_lib import figures, zoo
from course_lib.data import FASHION_CLASSES
from course_lib.sampling import codes_of, draw, latents, reads, size_of
from course_lib.studio import provenance


class Source:
    """A generator by name, with the class or the caption that it shall draw.

    Args:
        model: a name in the zoo, or what you call a generator of your own.
        generator: your own; None loads the zoo's.
        label: of a conditional generator, the class; several are drawn in turn.
        caption: of a StackGAN, the sentence; several are drawn in turn.

    Raises:
        KeyError: there is no generator, and the zoo has no such model.
        ValueError: the model generates nothing, lacks its label or caption, has no use for the
            one given, or has no such class.
    """

    def __init__(
        self,
        model: str,
        generator: nn.Module | None = None,
        *,
        label: int | Sequence[int] | None = None,
        caption: str | Sequence[str] | None = None,
    ):
        self.model = model
        self.generator = zoo.load(model) if generator is None else generator
        if not hasattr(self.generator, "z_dim"):
            raise ValueError(f"{model} generates nothing: it has no latent vector z")
        self.classes = getattr(self.generator, "classes", 0)
        self.labels = [label] if isinstance(label, int) else list(label or ())
        self.captions = [caption] if isinstance(caption, str) else list(caption or ())
        for name, given in (("label", self.labels), ("caption", self.captions)):
            wanted = reads(self.generator) == name
            if wanted and not given:
                raise ValueError(f"{model} needs a {name}: {name}=…")
            if given and not wanted:
                raise ValueError(f"{model} takes no {name}")
        self._codes = codes_of(self.generator, self.labels or self.captions or None)

    @property
    def size(self) -> int:
        """How many numbers decide an image: z, and of a StackGAN the conditioning noise too."""
        return size_of(self.generator)

    def latents(self, seeds: Sequence[int]) -> torch.Tensor:
        """Return one latent vector for each seed, (N, size): that of `sample(1, seed)`.

        Raises:
            ValueError: there is no seed.
        """
        if len(seeds) == 0:
            raise ValueError("at least one seed is needed")
        return torch.cat([latents(1, self.size, seed) for seed in seeds])

    def images(self, z: torch.Tensor, batch: int = 25) -> torch.Tensor:
        """Return the images (N, C, H, W) in [-1, 1] of latent vectors (N, size).

        Image i has label i and caption i of those that were given, in turn.
        """
        return draw(self.generator, z, self._codes, batch)

    def words(self, index: int) -> str:
        """Return what image `index` was asked to show: its class, its caption, or nothing."""
        if self.captions:
            return self.captions[index % len(self.captions)]
        if self.labels:
            label = self.labels[index % len(self.labels)]
            fashion = self.classes == len(FASHION_CLASSES)
            return FASHION_CLASSES[label] if fashion else f"class {label}"
        return ""

    def facts(self, seed: int | None = None, **details: object) -> dict[str, object]:
        """Return what a file from this source should say about its origin."""
        asked = {"labels": self.labels, "captions": self.captions}
        asked = {name: values for name, values in asked.items() if values}
        return provenance.facts(self.model, seed, **asked, **details)


def as_source(source: Source | str) -> Source:
    """Return a source as it is; a name as the zoo's model of that name."""
    return Source(source) if isinstance(source, str) else source


@dataclass(frozen=True, eq=False)
class Work:
    """A picture and what its file will say about its origin.

    Attributes:
        image: PIL's, RGB or RGBA.
        facts: what `provenance.facts` returns.
    """

    image: Image.Image
    facts: Mapping[str, object]

    def save(self, path: Path | str) -> Path:
        """Write the picture as PNG with its facts; return its path.

        Raises:
            ValueError: the path's suffix is another.
        """
        if Path(path).suffix.lower() != ".png":
            raise ValueError(f"pictures are saved as .png, not {Path(path).name}")
        return provenance.save_png(self.image, path, self.facts)

    def preview(self, width: int = 480, kind: str = "png") -> bytes:
        """Return the picture at a width in pixels, on white, as JPEG or, in 256 colours, as PNG."""
        size = (width, max(1, round(self.image.height * width / self.image.width)))
        small = flat(self.image.resize(size, Image.Resampling.LANCZOS))
        buffer = io.BytesIO()
        if kind == "jpeg":
            small.save(buffer, "JPEG", quality=80)
        else:
            few_colours(small).save(buffer, "PNG")
        return buffer.getvalue()

    def show(self, alt: str, caption: str = "", width: int = 480) -> None:
        """Show a small copy in a notebook, with alt text and caption; the file stays large."""
        display(figures.as_html(self.preview(width, "jpeg"), alt, caption, kind="jpeg"))


def flat(image: Image.Image, paper: str = "white") -> Image.Image:
    """Return a picture as RGB, what is transparent filled with the colour of the paper."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, paper)
    return Image.alpha_composite(ground, image).convert("RGB")


def few_colours(image: Image.Image) -> Image.Image:
    """Return an RGB picture in 256 colours of its own: as PNG it has a quarter of the size.

    By octree, which takes 2 ms, so that a preview still follows a finger.
    """
    octree, none = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    return image.quantize(256, method=octree, dither=none)
