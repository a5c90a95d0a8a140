"""Write pictures as a film that says it was generated: GIF by Pillow, MP4 by PyAV (FFmpeg).

GIF has 256 colours, whole pixels and a flag to start again; it plays anywhere. MP4 with H.264 has
all colours in a tenth of the bytes, and leaves it to the player to start again (in a web page:
<video loop>). PyAV's wheels bring the codec, so that no FFmpeg has to be installed.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from course_lib import machine, output
from course_lib.studio import provenance

RATES = (5, 10, 20, 25, 50)  # frames per second for which GIF's unit, 1/100 s, is fine enough
SIDE = 256  # pixels to which small images are enlarged
_BT709 = 1  # the code of these colours in H.264 (table E-5 of its standard)


def _frames(images: torch.Tensor, rate: int, side: int) -> tuple[np.ndarray, int]:
    """Return uint8 frames (N, H, W) or (N, H, W, 3), and how many times to enlarge them."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) < 2:
        raise ValueError(f"a film is (N ≥ 2, 1 or 3, H, W), not {tuple(images.shape)}")
    if rate not in RATES:
        raise ValueError(f"frames per second are one of {RATES}, not {rate}")
    frames = np.stack([np.asarray(provenance.picture(image)) for image in images])
    return frames, max(1, side // max(frames.shape[1:3]))


def save_gif(
    images: torch.Tensor, path: Path | str, facts: Mapping, rate: int = 20, side: int = SIDE
) -> Path:
    """Write images as a GIF that plays for ever, with its facts as its comment; return its path.

    All frames share one palette of 256 colours: colours that change from frame to frame flicker.
    Frames that do not differ become one that stays for longer.

    Args:
        images: (N, 1 or 3, H, W), float in [-1, 1] or uint8.
        path: its folder is made where it is missing.
        facts: what `provenance.facts` returns.
        rate: frames per second, one of `RATES`.
        side: small images are enlarged, by a whole number, as far as they fit into this many
            pixels, each pixel a square.

    Raises:
        ValueError: another shape or rate.
        NotWritten: the file or its folder cannot be written.
    """
    frames, times = _frames(images, rate, side)
    # Grey fits as it is. For colours: the median cut of all frames' pixels.
    pictures = [Image.fromarray(frame) for frame in frames]
    if frames.ndim == 4:
        sheet = Image.fromarray(frames.reshape(-1, *frames.shape[2:]))
        palette = sheet.quantize(256)
        pictures = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    size = (times * frames.shape[2], times * frames.shape[1])
    first, *others = (p.resize(size, Image.Resampling.NEAREST) for p in pictures)
    with output.writing(path) as file:
        first.save(
            file,
            "GIF",
            save_all=True,
            append_images=others,
            duration=1000 // rate,
            loop=0,
            comment=provenance.text(facts).encode("ascii"),
        )
    return Path(path)


def save_mp4(
    images: torch.Tensor, path: Path | str, facts: Mapping, rate: int = 20, side: int = SIDE
) -> Path:
    """Write images as MP4 (H.264, yuv420p), with its facts as its comment; return its path.

    The index stands before the pictures ("faststart"), so that a browser plays while it loads.
    H.264 keeps colour at half the resolution: enlarged images lose nothing by that. It needs even
    sizes: the last row or column is drawn twice where one is odd.

    Args and errors as of `save_gif`.
    """
    import av  # only here: it loads FFmpeg's libraries
    from av.video.reformatter import ColorRange

    frames, times = _frames(images, rate, side)
    frames = frames.repeat(times, axis=1).repeat(times, axis=2)
    height, width = (length + length % 2 for length in frames.shape[1:3])
    edges = [(0, 0), (0, height - frames.shape[1]), (0, width - frames.shape[2])]
    frames = np.pad(frames, edges + [(0, 0)] * (frames.ndim - 3), mode="edge")
    if frames.ndim == 3:
        frames = frames[..., None].repeat(3, axis=3)
    options = {"movflags": "+faststart"}
    with (
        output.writing(path) as file,
        av.open(file, "w", format="mp4", options=options) as film,
    ):
        film.metadata["comment"] = provenance.text(facts)
        stream = film.add_stream("h264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, rate)
        context = stream.codec_context
        # Said in the file, so that no player has to guess which of two sets of colours it is.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        if context.codec.name == "libx264":
            context.options = {"crf": "16", "preset": "medium"}  # hardly to be told from the input
        else:  # FFmpeg without the GPL's parts has another encoder of H.264
            context.bit_rate = 4_000_000
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = number, Fraction(1, rate)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    machine.give_back_memory()
    return Path(path)


WRITERS = {".gif": save_gif, ".mp4": save_mp4}
