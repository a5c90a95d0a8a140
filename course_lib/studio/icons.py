"""Icons from a conditional generator: transparent, in a palette, with names.

The generator's garments are bright on black. How bright a pixel is says how much garment there is
(alpha) and which shade of the icon's colour it gets. A set is drawn by `icon_set`, `one_idea` or
`variations`; nothing is written until `IconSet.save`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional
from torch.nn.functional import avg_pool2d, interpolate

from course_lib.layers import expect_shape
from course_lib.sampling import latents
from course_lib.studio import provenance
from course_lib.studio.sources import Source, Work

# Two that the colour-blind tell apart as flat colours (a test simulates it): Okabe and Ito's
# without black and yellow, which are lost on black and white paper; and Tol's "bright" (2021)
# without grey. In the shades of `tinted` two of them can meet. The others are for their mood.
PALETTES: dict[str, tuple[str, ...]] = {
    "okabe-ito": ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"),
    "tol bright": ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377"),
    "terracotta": ("#264653", "#2A9D8F", "#E9C46A", "#F4A261", "#E76F51"),
    "sea": ("#03396C", "#005B96", "#2E86AB", "#5FA8D3", "#62B6CB"),
    "ink": ("#262626",),
}
COLOUR_BLIND_SAFE = ("okabe-ito", "tol bright")

SIZES = (112, 512)  # pixels of an icon: four times the generator's, and more
TRUNCATION = 0.7  # of z: fewer odd garments than at 1, and less variety
# Brightness, 0 to 1, at which a pixel begins to be seen, and from which it hides what is behind.
EDGE = (0.06, 0.20)
MOST = 400


def palette(chosen: str | Sequence[str]) -> list[str]:
    """Return a palette's colours, as "#RRGGBB".

    Args:
        chosen: one of `PALETTES`, or colours of your own.

    Raises:
        ValueError: no palette has this name, there is no colour, or one is not "#RRGGBB".
    """
    if isinstance(chosen, str):
        if chosen not in PALETTES:
            raise ValueError(f"palettes are {', '.join(PALETTES)}, not {chosen!r}")
        return list(PALETTES[chosen])
    colours = list(chosen)
    strange = [c for c in colours if not re.fullmatch("#[0-9A-Fa-f]{6}", str(c))]
    if strange or not colours:
        raise ValueError(f'a palette has one colour or more such as "#0072B2", got {strange}')
    return colours


def as_rgb(colours: Sequence[str]) -> torch.Tensor:
    """Return colours "#RRGGBB" as numbers in [0, 1], (N, 3)."""
    return torch.tensor([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])


def tinted(images: torch.Tensor, colours: Sequence[str], size: int = 112) -> torch.Tensor:
    """Return grey images as icons: uint8 RGBA, (N, 4, size, size).

    Args:
        images: (N, 1, H, W), float in [-1, 1], bright on black.
        colours: one for each image. Its darkest pixels get a dark shade of it, its brightest ones
            a light one.
        size: `SIZES`, in pixels.

    Raises:
        ValueError: images of another shape, another number of colours, or a size out of range.
    """
    expect_shape(images, (None, 1, None, None), "images")
    if len(colours) != len(images):
        raise ValueError(f"expected {len(images)} colours, got {len(colours)}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"icons have {SIZES[0]} to {SIZES[1]} pixels, not {size}")
    grey = (images + 1) / 2
    # Drawn at twice the size: where a bright garment ends, alpha rises within one pixel.
    finer = interpolate(grey, size=(2 * size, 2 * size), mode="bicubic").clamp(0, 1)
    low, high = EDGE
    share = ((finer - low) / (high - low)).clamp(0, 1)
    alpha = avg_pool2d(share * share * (3 - 2 * share), 2)  # (N, 1, S, S)
    large = avg_pool2d(finer, 2)  # (N, 1, S, S)
    middle = as_rgb(colours)[:, :, None, None]  # (N, 3, 1, 1)
    dark, light = 0.45 * middle, middle + 0.55 * (1 - middle)
    # Lower half of the brightness: from dark to the colour; upper half: from there to light.
    shade = torch.where(
        large < 0.6,
        torch.lerp(dark, middle, (large / 0.6).clamp(0, 1)),
        torch.lerp(middle, light, ((large - 0.6) / 0.4).clamp(0, 1)),
    )
    return torch.cat([shade, alpha], dim=1).mul(255).round().to(torch.uint8)


def slug(name: str) -> str:
    """Return a name as files have it: "ankle boot" as "ankle-boot"."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


@dataclass(frozen=True, eq=False)
class IconSet:
    """Icons that belong together.

    Attributes:
        icons: uint8 RGBA, (N, 4, S, S).
        names: of their files, without ".png".
        facts: what every file says about its origin; each icon adds its own.
        own: what each icon adds, such as its label.
        columns: of the sheet.
    """

    icons: torch.Tensor
    names: tuple[str, ...]
    facts: Mapping[str, object]
    own: tuple[Mapping[str, object], ...]
    columns: int

    def sheet(self, paper: str | None = None) -> Work:
        """Return all icons on one sheet, transparent, or on paper of a colour such as "#FFFFFF"."""
        ground = "#00000000" if paper is None else palette([paper])[0]
        n, _, side, _ = self.icons.shape
        gap = side // 7
        step, rows = side + gap, math.ceil(n / self.columns)
        sheet = Image.new("RGBA", (self.columns * step + gap, rows * step + gap), ground)
        for index, icon in enumerate(self.icons):
            row, column = divmod(index, self.columns)
            place = gap + column * step, gap + row * step
            sheet.alpha_composite(provenance.picture(icon), place)
        return Work(sheet, {**self.facts, "icons": n, "columns": self.columns})

    def save(self, folder: Path | str, paper: str | None = None) -> list[Path]:
        """Write every icon as a transparent PNG, and `sheet.png`; return all paths, sheet last.

        Args:
            folder: made where it is missing. Files of the same names are replaced.
            paper: of the sheet, see `sheet`; the icons are transparent in any case.
        """
        folder = Path(folder)
        paths = [
            provenance.save_png(icon, folder / f"{name}.png", {**self.facts, **own})
            for icon, name, own in zip(self.icons, self.names, self.own, strict=True)
        ]
        return [*paths, self.sheet(paper).save(folder / "sheet.png")]


def icon_set(
    source: Source | str = "cgan-fashion",
    count: int = 48,
    seed: int = 0,
    colours: str | Sequence[str] = "okabe-ito",
    *,
    truncation: float = TRUNCATION,
    size: int = 112,
    columns: int = 8,
) -> IconSet:
    """Return icons of different garments: labels in turn, and a z of its own for each.

    Args:
        source: a conditional generator of grey images, or the zoo's by name.
        count: of icons, 1 to 400.
        seed: of the z.
        colours: see `palette`; the icons take them in turn.
        truncation: factor of z, 0 to 1.5. Below 1 garments are more ordinary, and fewer fail.
        size: of an icon, in pixels.
        columns: of the sheet, 1 to `count`.

    Raises:
        ValueError: an argument out of range, or a source that draws no grey garments by label.
    """
    source = garments(source)
    expect_counts(count, columns)
    z = truncated(count, source, seed, truncation)
    details = {"kind": "icon set", "truncation": truncation}
    return _drawn(source, z, seed, colours, size, columns, details)


def one_idea(
    source: Source | str = "cgan-fashion",
    seed: int = 0,
    colours: str | Sequence[str] = "okabe-ito",
    *,
    truncation: float = TRUNCATION,
    size: int = 112,
    columns: int = 5,
) -> IconSet:
    """Return one z as each of the classes: one idea, ten garments. Arguments as `icon_set`."""
    source = garments(source)
    expect_counts(len(source.labels), columns)
    z = truncated(1, source, seed, truncation).repeat(len(source.labels), 1)
    details = {"kind": "one idea", "truncation": truncation}
    return _drawn(source, z, seed, colours, size, columns, details)


def variations(
    source: Source | str = "cgan-fashion",
    label: int = 9,
    seed: int = 0,
    distance: float = 30.0,
    colours: str | Sequence[str] = "okabe-ito",
    *,
    count: int = 24,
    other: int = 0,
    truncation: float = TRUNCATION,
    size: int = 112,
    columns: int = 6,
) -> IconSet:
    """Return the garment of a seed, first, and others whose z lies at one distance from its own.

    Args:
        label: the class of all.
        distance: the angle between the chosen z and each neighbour, in degrees, 0 to 90
            (`neighbours`).
        count: of icons, the chosen one among them.
        other: seed of the neighbours.
        source, seed, colours, truncation, size, columns: as in `icon_set`.

    Raises:
        ValueError: as `icon_set`, or a distance out of range.
    """
    source = garments(source)
    if not 0 <= label < source.classes:
        raise ValueError(f"labels are 0 to {source.classes - 1}, not {label}")
    source = Source(source.model, source.generator, label=label)
    expect_counts(count, columns)
    chosen = truncated(1, source, seed, truncation)
    others = neighbours(chosen[0], distance, count - 1, other)
    details = {"kind": "variations", "distance": distance, "other": other, "truncation": truncation}
    return _drawn(source, torch.cat([chosen, others]), seed, colours, size, columns, details)


def neighbours(z: torch.Tensor, distance: float, count: int, seed: int = 0) -> torch.Tensor:
    """Return points at one angle from z, as long as z, in random directions: (count, z_dim).

    cos θ · z + sin θ · |z| · t, with t of length 1 and at a right angle to z. In many dimensions
    nearly all of N(0, I) lies at one length, so the length of z is kept.

    Args:
        z: (z_dim,), z_dim 2 or more.
        distance: θ in degrees, 0 to 90. At 90 nothing of z is left: two seeds are about so far
            from each other.
        count: 0 or more.
        seed: of the directions.

    Raises:
        ValueError: a distance out of range.
    """
    if not 0 <= distance <= 90:
        raise ValueError(f"distance is an angle of 0 to 90 degrees, not {distance}")
    if count == 0:
        return z.new_empty(0, len(z))
    angle, length = math.radians(distance), z.norm()
    unit = z / length.clamp_min(1e-12)
    # Not the numbers that `latents` draws for this seed: z itself may be one of those.
    random = torch.randn(count, len(z), generator=torch.Generator().manual_seed(seed + 10**6))
    across = functional.normalize(random - (random @ unit)[:, None] * unit, dim=1)
    return math.cos(angle) * z + math.sin(angle) * length * across


def garments(source: Source | str) -> Source:
    """Return a source as it is; the zoo's by name with all ten labels.

    Raises:
        ValueError: it takes no label.
    """
    if isinstance(source, str):
        source = Source(source, label=range(10))
    if not source.classes:
        raise ValueError(f"icons need a generator that takes a label, and {source.model} does not")
    return source


def truncated(count: int, source: Source, seed: int, truncation: float) -> torch.Tensor:
    """Return latent vectors (count, source.size) of a seed, times the truncation, 0 to 1.5.

    Raises:
        ValueError: the truncation is out of range.
    """
    if not 0 <= truncation <= 1.5:
        raise ValueError(f"truncation is 0 to 1.5, not {truncation}")
    return truncation * latents(count, source.size, seed)


def expect_counts(count: int, columns: int) -> None:
    """Raise ValueError unless a sheet can hold so many icons in so many columns."""
    if not 1 <= count <= MOST:
        raise ValueError(f"a set has 1 to {MOST} icons, not {count}")
    if not 1 <= columns <= count:
        raise ValueError(f"columns are 1 to {count}, the number of icons, not {columns}")


def _drawn(source, z, seed, colours, size, columns, details) -> IconSet:
    """Return the set of icons of latent vectors (N, z_dim)."""
    chosen = palette(colours)
    mine = [chosen[index % len(chosen)] for index in range(len(z))]
    icons = tinted(source.images(z), mine, size)
    labels = [source.labels[index % len(source.labels)] for index in range(len(z))]
    names = tuple(f"icon-{index:02d}-{slug(source.words(index))}" for index in range(len(z)))
    own = tuple(
        {"icon": index, "label": label, "colour": colour}
        for index, (label, colour) in enumerate(zip(labels, mine, strict=True))
    )
    return IconSet(icons, names, source.facts(seed, palette=chosen, **details), own, columns)
