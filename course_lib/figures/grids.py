"""Images in rows and columns, with a thin gap between them or a name above each."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from IPython.display import display
from PIL import Image, ImageDraw, ImageFont

from course_lib.data import to_uint8
from course_lib.figures.base import as_html, new, png, show


def tile(images: torch.Tensor, columns: int | None = None, scale: int = 2) -> np.ndarray:
    """Return images as one picture, uint8 (H, W) or (H, W, 3), with a thin gap between them.

    Pixels map [-1, 1] to [0, 255] for every image alike. Nothing is normalised per grid, which
    would hide saturation and collapse.

    Args:
        images: float in [-1, 1] or uint8, (N, 1, H, W) or (N, 3, H, W).
        columns: images in a row; by default about the square root of N.
        scale: how many screen pixels stand for one, a whole number.

    Raises:
        ValueError: the shape is another one.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"images have shape (N, 1 or 3, H, W), got {tuple(images.shape)}")
    pixels = images if images.dtype == torch.uint8 else to_uint8(images)
    pixels = pixels.cpu().permute(0, 2, 3, 1).numpy()  # (N, H, W, C)
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, channels = pixels.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    gap = 2
    sheet = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for index, image in enumerate(pixels):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet[:, :, 0] if channels == 1 else sheet


def grid(
    images: torch.Tensor,
    alt: str,
    caption: str = "",
    columns: int | None = None,
    scale: int = 2,
    jpeg: bool = False,
) -> None:
    """Show images (N, C, H, W), float in [-1, 1] or uint8, as a grid with alt text and caption.

    As JPEG, portraits take a quarter of the room, and pixels are no longer exact.
    """
    sheet = tile(images, columns, scale)
    if not jpeg:
        display(as_html(png(sheet), alt, caption))
        return
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "JPEG", quality=90)
    display(as_html(buffer.getvalue(), alt, caption, kind="jpeg"))


def rows(
    images: Mapping[str, torch.Tensor],
    alt: str,
    caption: str = "",
    columns: int = 12,
    scale: int = 3,
) -> None:
    """Show several sets of images below each other, each with its name at the left.

    Args:
        images: name -> images (N, C, H, W), float in [-1, 1] or uint8.
        alt, caption: as in `as_html`.
        columns: images in a row; a set with more takes several rows.
        scale: how many screen pixels stand for one, a whole number.
    """
    sheets = [Image.fromarray(tile(part, columns, scale)) for part in images.values()]
    font, gap = ImageFont.load_default(15), 6
    margin = int(max(font.getlength(name) for name in images)) + 3 * gap
    width = margin + max(sheet.width for sheet in sheets)
    height = sum(sheet.height + gap for sheet in sheets) - gap
    page = Image.new(sheets[0].mode, (width, height), "white")
    pen, top = ImageDraw.Draw(page), 0
    for name, sheet in zip(images, sheets, strict=True):
        pen.text((gap, top + sheet.height / 2), name, "black", font, anchor="lm")
        page.paste(sheet, (margin, top))
        top += sheet.height + gap
    display(as_html(png(np.asarray(page)), alt, caption))


def strip(groups: Mapping[str, torch.Tensor], alt: str, caption: str = "", side: int = 192) -> None:
    """Show sets of images of any size side by side, each as a block with its name below.

    Args:
        groups: name -> images (N, C, H, W), float in [-1, 1] or uint8; a line break in a name
            makes another line.
        alt, caption: as in `as_html`.
        side: pixels that a block may be high; it is enlarged by a whole number to fit.
    """
    font, gap = ImageFont.load_default(14), 12
    blocks = []
    for images in groups.values():
        scale = max(1, side // tile(images, scale=1).shape[0])
        blocks.append(Image.fromarray(tile(images, scale=scale)))
    wide = [
        max(block.width, *(int(font.getlength(line)) + 1 for line in name.split("\n")))
        for name, block in zip(groups, blocks, strict=True)
    ]
    high = max(block.height for block in blocks)
    lines = max(name.count("\n") + 1 for name in groups)
    size = (sum(wide) + gap * (len(wide) - 1), high + 8 + 19 * lines)
    page, left = Image.new("RGB", size, "white"), 0
    pen = ImageDraw.Draw(page)
    for name, block, width in zip(groups, blocks, wide, strict=True):
        page.paste(block, (left, high - block.height))
        pen.multiline_text((left, high + 5), name, "black", font)
        left += width + gap
    display(as_html(png(np.asarray(page)), alt, caption))


def labelled_grid(
    images: torch.Tensor,
    names: Sequence[str],
    alt: str,
    caption: str = "",
    columns: int = 10,
    inches: float = 0.85,
    jpeg: bool = False,
) -> None:
    """Show images (N, C, H, W) in rows, with a name above each.

    Args:
        images: float in [-1, 1] or uint8.
        names: one for each image; a line break makes two lines.
        alt, caption: as in `as_html`.
        columns: images in a row.
        inches: the least width of an image; long names make it wider.
        jpeg: as in `show`.
    """
    rows = -(-len(images) // columns)
    lines = [line for name in names for line in name.split("\n")]
    wide = max(inches, 0.075 * max(map(len, lines)))  # inches; names must not touch
    high = wide + 0.2 * max(name.count("\n") + 1 for name in names)
    figure, axes = new(columns, rows, width=wide * columns, height=high, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, name in zip(axes.flat, images, names, strict=False):
        axis.imshow(tile(image[None], scale=1), cmap="gray", vmin=0, vmax=255)
        axis.set_title(name, fontsize=8)
    show(figure, alt, caption, jpeg)
