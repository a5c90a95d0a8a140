"""Say in a file that it was generated, by which model and from which seed; and read it back.

Each format has a place for that: PNG its text chunks, GIF a comment, MP4 and WAV their tags, ONNX
its properties. What is written there is the same JSON everywhere. A PNG also carries the IPTC's
digital source type "trainedAlgorithmicMedia" in XMP, where catalogues and search engines look for
it (IPTC Photo Metadata Standard 2023.2, property Digital Source Type); or the one for pictures that
are generated in part.

None of this is a proof: whoever saves the pixels anew leaves it out.

A file names two licences, and keeps them apart. `model_licence` is that of the weights, and asks
nothing of what they draw. `credit` is the line that goes with the picture, because of the data: the
title, the artists, the licence with its link, and that the art was modified.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from course_lib import machine, output, zoo
from course_lib.data import to_uint8

KEY = "course_lib"  # under which formats with named fields keep the facts
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE = _TYPES + "trainedAlgorithmicMedia"
COMPOSITE_TYPE = _TYPES + "compositeWithTrainedAlgorithmicMedia"  # generated in part
# What a card calls the data -> the credit. CC BY 4.0, section 3(a)(1), asks for the creators, the
# licence with its link, a link to the material where there is one, and a word on changes.
CREDITS = {
    "CC BY 4.0 (Personas by Draftbit)": (
        "Personas by Draftbit (https://personas.draftbit.com/), "
        "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), modified"
    ),
    "MIT (Zalando Research)": "Fashion-MNIST by Zalando Research, MIT licence",
}
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>{}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def facts(model: str, seed: int | None = None, **details: object) -> dict[str, object]:
    """Return what a file should say about its origin.

    Args:
        model: a model's name in the zoo, or of one that you trained; of a model of the zoo the
            checksum of its weights, its licence, its data and the credit for them are added.
        seed: of the latents, None where there is none.
        details: whatever else helps to make the file again; JSON has to be able to hold it.

    PyTorch's version is among the facts: another version may draw other numbers from a seed.
    """
    found: dict[str, object] = {"generated": True, "model": model, "seed": seed, **details}
    found["torch"] = torch.__version__
    if model in zoo.names():
        card = zoo.card(model)
        licence, _, source = card["licence"].partition("; data: ")
        found |= {"sha256": card["sha256"], "model_licence": licence, "data": card["data"]}
        found["credit"] = CREDITS.get(source, source)
    return found


def text(facts: Mapping[str, object]) -> str:
    """Return the facts as the JSON that is written into files: ASCII, keys in their order."""
    return json.dumps(facts)


def parsed(text: str | None) -> dict[str, object] | None:
    """Return the facts in a text that `text` may have written; None if it did not."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("generated") is True else None


def picture(image: torch.Tensor) -> Image.Image:
    """Return an image (C, H, W), float in [-1, 1] or uint8, with 1, 3 or 4 channels, as PIL's.

    Raises:
        ValueError: the tensor has another shape.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3, 4):
        raise ValueError(f"an image is (1, 3 or 4, H, W), not {tuple(image.shape)}")
    pixels = image if image.dtype == torch.uint8 else to_uint8(image[None])[0]
    array = pixels.permute(1, 2, 0).contiguous().cpu().numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def save_png(image: Image.Image | torch.Tensor, path: Path | str, facts: Mapping) -> Path:
    """Write an image as PNG with its facts; return its path.

    Args:
        image: PIL's, or a tensor as `picture` takes it.
        path: its folder is made where it is missing.
        facts: what `facts` returns. Where they hold a true "composite", the picture is said to
            be generated in part.

    Raises:
        NotWritten: the file or its folder cannot be written.
    """
    path = Path(path)
    image = picture(image) if isinstance(image, torch.Tensor) else image
    chunks = PngInfo()
    chunks.add_itxt(KEY, text(facts))
    kind = COMPOSITE_TYPE if facts.get("composite") else SOURCE_TYPE
    chunks.add_itxt("XML:com.adobe.xmp", _XMP.format(kind))
    with output.writing(path) as file:
        image.save(file, "PNG", pnginfo=chunks, optimize=True)
    machine.give_back_memory()  # a page takes tens of megabytes while it is drawn
    return path


def read(path: Path | str) -> dict[str, Any] | None:
    """Return the facts in a file that the course wrote; None where it has none (any more).

    Raises:
        ValueError: files of this kind are not known.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"facts are read from {', '.join(sorted(READERS))}, not {path.name}")
    return parsed(reader(path))


def _read_png(path: Path) -> str | None:
    with Image.open(path) as image:
        image.load()  # text chunks may stand behind the pixels
        return image.info.get(KEY)


def _read_gif(path: Path) -> str | None:
    with Image.open(path) as image:
        return image.info.get("comment", b"").decode("utf-8", errors="replace")


def _read_tags(path: Path) -> str | None:
    import av  # only here: it loads FFmpeg's libraries

    with av.open(path) as file:
        return file.metadata.get("comment")


def _read_onnx(path: Path) -> str | None:
    import onnx  # only here: it loads slowly, and the other formats do without

    model = onnx.load(path, load_external_data=False)
    return next((entry.value for entry in model.metadata_props if entry.key == KEY), None)


# Suffix -> a function from a path to the text in which the facts are kept, or None.
READERS = {
    ".gif": _read_gif,
    ".mp4": _read_tags,
    ".onnx": _read_onnx,
    ".png": _read_png,
    ".wav": _read_tags,
}
