"""Pages to print: contact sheets, posters from a walk through latent space, portraits in a style.

Every function returns a `Work`: look at it, then save it. Pages have the proportions of DIN A
paper, 1:√2, or are longer where the images need it. At 150 dots per inch the default width is A4's;
the files do not say how many dots an inch has.
"""

import math
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from torch.nn.functional import interpolate

from course_lib import data, features, latent, machine, zoo
from course_lib.sampling import latents
from course_lib.studio import provenance
from course_lib.studio.sources import Source, Work, as_source

A4 = 1240  # pixels: 210 mm at 150 dots per inch
INK, PALE = "#262626", "#7A7A7A"
TITLE, PLAIN = "STIXGeneral.ttf", "DejaVuSans.ttf"  # matplotlib brings both along
FILTERS = ("smooth", "pixels")
LAYOUTS = ("grid", "slices")
MOST = 400  # pictures on a page, beyond which none can be recognised

# Of a style transfer: side in pixels and steps, first coarse, then fine. Large motifs settle at
# the small size, where a step costs a third; the second one draws their edges.
STAGES = ((96, 16), (160, 5))
SMOOTHNESS = 3.0  # three times lesson 02's: this picture is enlarged, and noise would be too
BORDER = 6  # pixels cut off at each side, where the network saw zeros beside the picture
READER = "personas-cnn"  # whose features know portraits


@lru_cache
def typeface(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return one of matplotlib's typefaces, which are there wherever matplotlib is."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf" / name), size)


def line_of(words: str, name: str, size: int, width: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Return words and a typeface in which they are no wider than `width`.

    At `size`, or smaller where they would be wider; what is too long at 7 pixels is cut.
    """
    wide = typeface(name, size).getlength(words)
    font = typeface(name, max(7, min(size, int(size * width / max(wide, 1)))))
    if font.getlength(words) <= width:
        return words, font
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words + "…", font


def resampled(image: torch.Tensor, width: int, height: int, filter: str = "smooth") -> Image.Image:
    """Return an image (C, H, W) in [-1, 1] or uint8 at another size, as RGB.

    Args:
        filter: "pixels" keeps every pixel a square, all equal if the sizes are multiples.
            "smooth" doubles the size again and again by Lanczos' filter, which bends stairs into
            curves, and makes the edges steep after each (`steepened`).

    Raises:
        ValueError: there is no such filter.
    """
    if filter not in FILTERS:
        raise ValueError(f"filter is one of {', '.join(FILTERS)}, not {filter!r}")
    picture = provenance.picture(image).convert("RGB")
    if filter == "pixels":
        return picture.resize((width, height), Image.Resampling.NEAREST)
    while picture.width < width or picture.height < height:
        size = min(width, 2 * picture.width), min(height, 2 * picture.height)
        picture = steepened(_without_halo(picture, size))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _without_halo(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an RGB picture at another size by Lanczos' filter, within what was there nearby.

    The filter alone overshoots at edges: beside a dark line lies one that is too bright.
    """
    low, high = (
        picture.filter(nearby(3)).resize(size, Image.Resampling.NEAREST)
        for nearby in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
    )
    large = picture.resize(size, Image.Resampling.LANCZOS)
    return ImageChops.lighter(ImageChops.darker(large, high), low)


def steepened(picture: Image.Image) -> Image.Image:
    """Return an RGB picture with steeper edges and without halos beside them.

    Each colour of a pixel moves towards the largest or the smallest of its neighbours, whichever
    is nearer (Kramer and Bruckner 1975), by no more than 80%, and not at all where these two differ
    by less than 12 of 255: there is no edge.
    """
    values, low, high = (
        np.asarray(part, np.float32)
        for part in (
            picture,
            picture.filter(ImageFilter.MinFilter(3)),
            picture.filter(ImageFilter.MaxFilter(3)),
        )
    )
    nearer = np.where(high - values < values - low, high, low)
    moved = values + 0.8 * np.clip((high - low - 12) / 30, 0, 1) * (nearer - values)
    # A trace of blur takes the stairs away that pixels leave which moved to different sides.
    return Image.fromarray(moved.round().astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def checked(images: torch.Tensor, columns: int) -> int:
    """Return the rows that images (N, C, H, W) fill; raise ValueError if they make no page."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not 1 <= len(images) <= MOST:
        raise ValueError(
            f"a page holds 1 to {MOST} images (N, 1 or 3, H, W), got {tuple(images.shape)}"
        )
    if not 1 <= columns <= len(images):
        raise ValueError(f"columns are 1 to {len(images)}, the number of images, not {columns}")
    return -(-len(images) // columns)


def credit(facts) -> str:
    """Return the line at the foot of a page: that it was generated, by what, from whose data.

    It is the credit that the data's licence asks for (`provenance.CREDITS`): who prints the page
    prints it too.
    """
    source = facts.get("credit", "")
    return f"Generated by {facts['model']}" + (f" · data: {source}" * bool(source))


def page(
    images: torch.Tensor,
    words: Sequence[str],
    columns: int,
    title: str = "",
    foot: str = "",
    width: int = A4,
    filter: str = "smooth",
) -> Image.Image:
    """Return a page of images in rows, words under each, a title above and a line at the foot.

    As high as the images need it, and at least as DIN paper is.

    Args:
        images: (N, C, H, W), float in [-1, 1] or uint8.
        words: one for each image, empty for none; long ones are broken into lines.
        columns: images in a row, 1 to N.
        title, foot: empty for none; a long foot is broken into lines.
        width: in pixels, 300 to 5,000.
        filter: see `enlarged`.

    Raises:
        ValueError: images, words, columns or width that make no page.
    """
    rows = checked(images, columns)
    if len(words) != len(images):
        raise ValueError(f"expected words for each of {len(images)} images, got {len(words)}")
    expect_width(width)
    margin, gap = round(0.07 * width), round(0.014 * width)
    side = (width - 2 * margin - (columns - 1) * gap) // columns
    high = round(side * images.shape[2] / images.shape[3])
    letter = max(8, min(round(0.0125 * width), side // 7))
    font, line = typeface(PLAIN, letter), round(1.3 * letter)
    broken = [textwrap.wrap(word, max(6, int(side / (0.58 * letter)))) for word in words]
    below = line * max(1, *map(len, broken), 1) + round(0.8 * letter)
    top = round(1.45 * margin) if title else margin
    needed = top + rows * (high + below) + margin + _foot_height(foot, width, margin)
    sheet = Image.new("RGB", (width, max(needed, round(width * math.sqrt(2)))), "white")
    pen = ImageDraw.Draw(sheet)
    if title:
        title, face = line_of(title, TITLE, round(0.042 * width), width - 2 * margin)
        pen.text((margin, top - round(0.35 * margin)), title, INK, face, anchor="ls")
    for index, (image, lines) in enumerate(zip(images, broken, strict=True)):
        row, column = divmod(index, columns)
        x, y = margin + column * (side + gap), top + row * (high + below)
        sheet.paste(resampled(image, side, high, filter), (x, y))
        for number, part in enumerate(lines):
            place = (x, y + high + round(0.35 * letter) + number * line)
            pen.text(place, part, PALE, font, anchor="la")
    _foot(sheet, foot, margin)
    return sheet


def expect_width(width: int) -> None:
    """Raise ValueError unless a page can be so wide."""
    if not 300 <= width <= 5000:
        raise ValueError(f"a page is 300 to 5,000 pixels wide, not {width}")


def _foot_lines(words: str, width: int, margin: int) -> tuple[list[str], int]:
    """Return the words at the foot of a page, broken into lines that fit, and the letters' size."""
    size = max(8, round(0.0105 * width))
    font, lines = typeface(PLAIN, size), [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width - 2 * margin:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines, size


def _foot_height(words: str, width: int, margin: int) -> int:
    """Return how many pixels the foot needs beyond the one line that the margin has room for."""
    lines, size = _foot_lines(words, width, margin)
    return round(1.3 * size) * (len(lines) - 1)


def _foot(sheet: Image.Image, words: str, margin: int) -> None:
    """Write small lines at the foot of a page: a credit is never cut."""
    lines, size = _foot_lines(words, sheet.width, margin)
    bottom, pen = sheet.height - round(0.5 * margin), ImageDraw.Draw(sheet)
    for above, line in enumerate(reversed(lines)):
        line, font = line_of(line, PLAIN, size, sheet.width - 2 * margin)  # one long word
        place = (margin, bottom - above * round(1.3 * size))
        pen.text(place, line, PALE, font, anchor="ls")


def contact_sheet(
    source: Source | str,
    seeds: Sequence[int] | None = None,
    *,
    images: torch.Tensor | None = None,
    words: Sequence[str] | None = None,
    columns: int = 5,
    title: str = "",
    width: int = A4,
    filter: str = "smooth",
) -> Work:
    """Return a page of generated images, each over the seed from which you can make it again.

    Args:
        source: a `Source`, or the name of a model in the zoo that needs no label or caption.
        seeds: one for each image, as in `sample(1, seed)`; or, in their place,
        images: (N, C, H, W), float in [-1, 1] or uint8, of latents of your own.
        words: under the images, in place of the seeds (with the class or the caption).
        columns, title, width, filter: see `page`.

    Raises:
        ValueError: neither seeds nor images, or both; or as `page`, `Source`.
    """
    source = as_source(source)
    if (seeds is None) == (images is None):
        raise ValueError("a contact sheet needs seeds or images, one of them")
    details = {"kind": "contact sheet", "columns": columns}
    if images is None:
        assert seeds is not None  # one of the two is given
        seeds = [int(seed) for seed in seeds]
        images, details["seeds"] = source.images(source.latents(seeds)), seeds
        asked = [source.words(index) for index in range(len(seeds))]
        names = [
            f"seed {seed}" + f" · {asked}" * bool(asked)
            for seed, asked in zip(seeds, asked, strict=True)
        ]
    else:
        names = [f"{index + 1}" for index in range(len(images))]
    facts = source.facts(**details)
    names = names if words is None else list(words)
    return Work(page(images, names, columns, title, credit(facts), width, filter), facts)


def walk(source: Source, seed: int, frames: int, share: float = 1.0) -> torch.Tensor:
    """Return latent vectors (frames, size) along a great circle through a seed's, at even speed.

    Args:
        seed: of the two latent vectors that the circle passes.
        share: of the circle, above 0 to 1; the whole one closes (`latent.great_circle`).

    Raises:
        ValueError: fewer than 2 frames, or another share.
    """
    if frames < 2:
        raise ValueError(f"a walk has 2 frames or more, not {frames}")
    if not 0 < share <= 1:
        raise ValueError(f"share is above 0 and at most 1, not {share}")
    z0, z1 = latents(2, source.size, seed)
    return latent.great_circle(z0, z1, max(3, round(frames / share)))[:frames]


def poster(
    source: Source | str,
    seed: int = 0,
    *,
    z: torch.Tensor | None = None,
    layout: str = "grid",
    columns: int = 6,
    rows: int = 7,
    share: float = 1.0,
    title: str = "",
    width: int = A4,
    filter: str = "smooth",
) -> Work:
    """Return a poster from a walk through latent space.

    Args:
        source: a `Source`, or the name of a model in the zoo that needs no label or caption.
        seed: where the walk along a great circle begins; or, in its place,
        z: latent vectors of your own, one for each frame, (frames, source.size).
        layout: "grid" sets the frames side by side, row after row. "slices" makes one large
            picture, of which each vertical slice shows another moment, from left to right, as a
            slit-scan camera does.
        columns, rows: of the grid; the slices are as many as columns times rows.
        share: of the circle that is walked.
        title: a line under the picture; empty for none.
        width, filter: see `page`.

    Raises:
        ValueError: no such layout, or frames that do not fill it; or as `walk`, `page`, `Source`.
    """
    source, frames = as_source(source), columns * rows
    if layout not in LAYOUTS:
        raise ValueError(f"layout is one of {', '.join(LAYOUTS)}, not {layout!r}")
    if min(columns, rows) < 1 or frames > MOST:
        raise ValueError(f"columns times rows are 1 to {MOST}, not {columns} × {rows}")
    expect_width(width)
    details = {"kind": "poster", "layout": layout, "columns": columns, "rows": rows}
    if z is None:
        z, details["share"], asked = walk(source, seed, frames, share), share, seed
    else:
        asked = None
    if len(z) != frames:
        raise ValueError(f"{columns} × {rows} frames are needed, got {len(z)}")
    images = source.images(z)
    margin = round(0.07 * width)
    inner = width - 2 * margin
    if layout == "grid":
        body = _grid(images, columns, inner, filter)
    else:
        body = _slices(images, inner, filter)
    facts = source.facts(asked, **details)
    foot = credit(facts)
    strip = round(2.2 * margin) if title else margin
    high, below = margin + body.height + strip, _foot_height(foot, width, margin)
    sheet = Image.new("RGB", (width, max(high + below, round(width * math.sqrt(2)))), "white")
    free = sheet.height - high
    top = margin + min(free // 3, free - below)
    sheet.paste(body, ((width - body.width) // 2, top))
    if title:
        title, face = line_of(title, TITLE, round(0.075 * width), inner)
        place = (width // 2, top + body.height + round(1.35 * margin))
        ImageDraw.Draw(sheet).text(place, title, INK, face, anchor="ms")
    _foot(sheet, foot, margin)
    return Work(sheet, facts)


def _grid(images: torch.Tensor, columns: int, width: int, filter: str) -> Image.Image:
    """Return images side by side without a gap, `width` pixels wide or a little less."""
    side = width // columns
    high = round(side * images.shape[2] / images.shape[3])
    sheet = Image.new("RGB", (side * columns, high * -(-len(images) // columns)), "white")
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet.paste(resampled(image, side, high, filter), (column * side, row * high))
    return sheet


def _slices(images: torch.Tensor, width: int, filter: str) -> Image.Image:
    """Return one picture whose column x is that of the image x / W · N, enlarged to `width`."""
    n, _, _, w = images.shape
    moment = torch.arange(w) * n // w
    mixed = torch.stack([images[moment[x], :, :, x] for x in range(w)], dim=-1)  # (C, H, W)
    return resampled(mixed, width, round(width * images.shape[2] / w), filter)


def stylised(
    source: Source | str,
    seed: int = 0,
    pattern: str = "mosaic",
    *,
    style_weight: float = 1.0,
    size: int = 768,
) -> Work:
    """Return a generated portrait, drawn in the manner of a pattern.

    Gatys et al. 2016 (lesson 02), on the features of "personas-cnn", at 96 and then at 160 pixels,
    `STAGES`; the result is enlarged. Takes about 4 s on one core.

    Args:
        source: draws portraits in colour, such as "progan-personas".
        seed: of the portrait.
        pattern: one of `data.PATTERNS`.
        style_weight: how much the pattern counts beside the face, 0 or more.
        size: of the picture, 160 to 3,000 pixels.

    Raises:
        ValueError: no such pattern, weight or size, or images without colour.
    """
    source = as_source(source)
    if not STAGES[-1][0] <= size <= 3000:
        raise ValueError(f"size is {STAGES[-1][0]} to 3,000 pixels, not {size}")
    portrait = source.images(source.latents([seed]))  # (1, 3, 64, 64)
    image, reader = portrait, zoo.load(READER)
    for side, steps in STAGES:
        content, image = (_resized(part, side) for part in (portrait, image))
        style = data.to_float(data.patterns(pattern, side))
        losses = features.style_descent(
            content, style, reader, style_weight=style_weight, smoothness=SMOOTHNESS
        ).losses
        # From the coarse picture on; `style_descent` itself would begin with the portrait.
        descent = features.Descent(reader, losses, image, decay=0.7)
        for step in range(steps):
            descent.step(step)
        image = descent.image
    machine.give_back_memory()
    facts = source.facts(
        seed, kind="style transfer", pattern=pattern, style_weight=style_weight, features=READER
    )
    inner = image[0, :, BORDER:-BORDER, BORDER:-BORDER]
    return Work(resampled(inner, size, size), facts)


def _resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return images (N, C, H, W) at another size, (N, C, side, side), in [-1, 1]."""
    resized = interpolate(images, size=(side, side), mode="bicubic", antialias=True)
    return resized.clamp(-1, 1)
