"""A student's own picture, brought to the size and the range that the course works with."""

import io
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

SMALLEST = 16  # pixels; less shows nothing
MOST_PIXELS = 64_000_000  # what a good telephone takes; decoded it is 256 MB at most
MOST_BYTES = 100_000_000
SIZES = (16, 512)

# The first bytes of files that people take for a picture of the right kind.
OTHER_FORMATS = {
    b"GIF8": "a GIF file",
    b"BM": "a BMP file",
    b"II*\0": "a TIFF file",
    b"MM\0*": "a TIFF file",
    b"%PDF": "a PDF file",
    b"<svg": "an SVG file",
    b"<?xml": "an SVG or another XML file",
}


def picture(source: str | Path | bytes, size: int = 64) -> torch.Tensor:
    """Return a PNG or JPEG as an image, uint8, (1, 3, size, size), RGB.

    The picture is turned as its camera says, what is transparent becomes white, the middle is cut
    out as a square, and that is resized.

    Args:
        source: path of the file, or its content.
        size: height and width of the image in pixels, 16 to 512.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no PNG or JPEG, it is damaged, or it is too large or too small; the
            message says which.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"size is {SIZES[0]} to {SIZES[1]} pixels, not {size}")
    content, name = content_of(source)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; ours are refused below, by our own limit.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except Image.DecompressionBombError:
        raise ValueError(too_large(name)) from None
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{name} is {kind_of(content)}; a PNG or JPEG is expected") from error
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(too_large(name, f", this one has {width}×{height}"))
    if min(width, height) < SMALLEST:
        raise ValueError(f"{name} has {width}×{height} pixels; {SMALLEST}×{SMALLEST} is the least")
    try:
        # JPEGs can be decoded at an eighth of their size or more, in a fraction of the time.
        image.draft("RGB", (2 * size, 2 * size))
        image.load()
        square = ImageOps.fit(upright(image), (size, size), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{name} is damaged or incomplete: {error}") from error
    pixels = np.array(square, np.uint8)  # (size, size, 3)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def content_of(source: str | Path | bytes) -> tuple[bytes, str]:
    """Return the bytes of a picture, and what a message calls it."""
    if isinstance(source, bytes | bytearray | memoryview):
        content, name = bytes(source), "the picture"
    else:
        path = Path(source)
        name = path.name
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{name} has more than {MOST_BYTES // 10**6} MB")
        content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} has more than {MOST_BYTES // 10**6} MB")
    if not content:
        raise ValueError(f"{name} is empty; a PNG or JPEG is expected")
    return content, name


def kind_of(content: bytes) -> str:
    """Return what a file seems to be, for the message that refuses it."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "a WebP file"
    if content[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    for start, name in OTHER_FORMATS.items():
        if content.lstrip()[: len(start)].lower() == start.lower():
            return name
    if content[:4] == b"\x89PNG" or content[:2] == b"\xff\xd8":
        return "damaged"
    return "not an image"


def too_large(name: str, given: str = "") -> str:
    return f"{name} is too large: at most {MOST_PIXELS // 10**6} million pixels{given}"


def upright(image: Image.Image) -> Image.Image:
    """Return an image of any mode as RGB on white, turned as its EXIF orientation says."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow would clip them to 8, not scale them
        return Image.fromarray((np.asarray(image, np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
