"""A student's own picture: every kind of PNG and JPEG is taken, everything else refused."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data

RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(left=RED, right=BLUE, size=(80, 80)) -> Image.Image:
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def colour(image: torch.Tensor, y: float, x: float) -> list[int]:
    """The colour at a place, given in parts of the height and the width."""
    size = image.shape[-1]
    return image[0, :, int(y * size), int(x * size)].tolist()


def near(found, wanted, by=12) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= by


@pytest.mark.parametrize("size", [16, 64, 100])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_becomes_an_image(kind, size, tmp_path):
    content = saved(halves(), kind)
    image = data.picture(content, size=size)
    assert image.dtype == torch.uint8 and image.shape == (1, 3, size, size)
    assert image.is_contiguous()
    assert near(colour(image, 0.5, 0.2), RED) and near(colour(image, 0.5, 0.8), BLUE)
    path = tmp_path / "mine"
    path.write_bytes(content)
    assert torch.equal(data.picture(path, size=size), image)
    assert torch.equal(data.picture(str(path), size=size), image)
    assert torch.equal(data.picture(memoryview(content), size=size), image)  # as FileUpload gives


def test_the_middle_is_cut_out():
    image = Image.new("RGB", (300, 100), GREEN)
    image.paste(halves(size=(100, 100)), (100, 0))
    for picture, turned in ((image, False), (image.transpose(Image.Transpose.ROTATE_270), True)):
        found = data.picture(saved(picture))
        places = [(0.1, 0.5), (0.9, 0.5)] if turned else [(0.5, 0.1), (0.5, 0.9)]
        assert near(colour(found, *places[0]), RED) and near(colour(found, *places[1]), BLUE)


@pytest.mark.parametrize(
    "image",
    [
        halves().convert("P"),
        halves().quantize(4),
        halves().convert("RGBA"),
        halves().convert("P", palette=Image.Palette.ADAPTIVE, colors=2),
    ],
    ids=["web palette", "4 colours", "alpha", "2 colours"],
)
def test_modes_of_png(image):
    found = data.picture(saved(image))
    assert near(colour(found, 0.5, 0.2), RED, by=60) and near(colour(found, 0.5, 0.8), BLUE, by=60)


def test_cmyk_and_grey_jpegs():
    found = data.picture(saved(halves().convert("CMYK"), "JPEG"))
    assert near(colour(found, 0.5, 0.2), RED, by=20) and near(colour(found, 0.5, 0.8), BLUE, by=20)
    for mode, kind in (("L", "JPEG"), ("L", "PNG"), ("LA", "PNG"), ("1", "PNG")):
        grey = halves((0, 0, 0), (255, 255, 255)).convert(mode)
        found = data.picture(saved(grey, kind))
        assert near(colour(found, 0.5, 0.2), (0, 0, 0)), mode
        assert near(colour(found, 0.5, 0.8), (255, 255, 255)), mode


def test_sixteen_bits_are_scaled_and_not_clipped():
    values = np.repeat(np.array([[0, 16384, 32768, 65535]], np.uint16), 10, axis=1).repeat(40, 0)
    found = data.picture(saved(Image.fromarray(values)), size=40)
    assert [found[0, 0, 20, x].item() for x in (5, 15, 25, 35)] == [0, 64, 128, 255]


def test_what_is_transparent_becomes_white():
    image = Image.new("RGBA", (64, 64), (*RED, 0))
    image.paste((*BLUE, 128), (32, 0, 64, 64))
    found = data.picture(saved(image))
    assert colour(found, 0.5, 0.2) == [255, 255, 255]
    assert near(colour(found, 0.5, 0.8), (132, 132, 252), by=2)
    palette = halves().quantize(2)
    clear = palette.getpixel((0, 0))
    found = data.picture(saved(palette, transparency=clear))
    assert near(colour(found, 0.5, 0.2), (255, 255, 255)) and near(colour(found, 0.5, 0.8), BLUE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_cameras_orientation_is_obeyed(kind):
    """Orientation 6: the camera was held so that the picture must be turned clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    found = data.picture(saved(halves(), kind, exif=exif))
    assert near(colour(found, 0.2, 0.5), RED) and near(colour(found, 0.8, 0.5), BLUE)


def test_a_damaged_exif_block_does_not_matter():
    found = data.picture(saved(halves(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 40))
    assert near(colour(found, 0.5, 0.2), RED)


def test_a_large_jpeg_is_taken():
    found = data.picture(saved(halves(size=(4000, 3000)), "JPEG"))
    assert near(colour(found, 0.5, 0.2), RED) and near(colour(found, 0.5, 0.8), BLUE)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nothing\.png"):
        data.picture(tmp_path / "nothing.png")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        data.picture(tmp_path)


@pytest.mark.parametrize("kind", ["GIF", "WebP", "BMP", "TIFF"])
def test_other_formats_are_named(kind, tmp_path):
    path = tmp_path / "mine.png"  # the name does not help
    path.write_bytes(saved(halves(), kind))
    with pytest.raises(ValueError, match=f"mine.png is a {kind} file; a PNG or JPEG is expected"):
        data.picture(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG file"),
        (b"\n<?xml version='1.0'?><svg/>", "is an SVG or another XML file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "is a HEIC, AVIF or video file"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"hello, I am a text", "is not an image"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_picture_is_refused(content, complaint):
    with pytest.raises(ValueError, match=f"the picture {complaint}.* a PNG or JPEG is expected"):
        data.picture(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_file_is_refused_wherever_it_ends(kind):
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    content = saved(Image.fromarray(noise), kind)
    for length in [*range(1, 400), len(content) // 2, len(content) - 200]:
        with pytest.raises(ValueError, match=r"damaged|not an image"):
            data.picture(content[:length])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_garbled_bytes_never_cause_another_error(kind):
    content = bytearray(saved(halves(size=(40, 40)), kind))
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        garbled = content.copy()
        for place in random.integers(0, len(content), 8):
            garbled[place] = random.integers(256)
        try:
            assert data.picture(bytes(garbled)).shape == (1, 3, 64, 64)
        except ValueError:
            refused += 1
    assert refused > 0


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has width × height pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    start = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize("side", [8_001, 10_000, 30_000])
def test_a_bomb_is_refused_before_it_is_decoded(side):
    with pytest.raises(ValueError, match="is too large: at most 64 million pixels"):
        data.picture(png_header(side, side))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(200_000_000)  # takes no space
    with pytest.raises(ValueError, match=r"huge.png has more than 100 MB"):
        data.picture(path)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_a_picture_too_small_is_refused(size):
    with pytest.raises(ValueError, match=rf"has {size[0]}×{size[1]} pixels; 16×16 is the least"):
        data.picture(saved(halves(size=size)))


@pytest.mark.parametrize("size", [0, 15, 513])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match=f"size is 16 to 512 pixels, not {size}"):
        data.picture(saved(halves()), size=size)
