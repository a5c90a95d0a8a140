"""Personas: 16,000 drawn portraits with nine exact attributes each (card: files/personas.md)."""

import lzma
from pathlib import Path

import numpy as np
import torch

from course_lib import machine
from course_lib.data.batching import shrunk
from course_lib.data.integrity import verified

FILE = Path(__file__).parent / "files" / "personas.xz"
SIZE = 1_453_884
SHA256 = "2bf36cc3ddcbd4159c3a803eb453c39403f55dbf369281060e93a3f40fa23963"

SPLITS = {"train": slice(0, 14_000), "test": slice(14_000, 16_000)}

# Attribute i of a portrait is an index into the i-th of these tuples.
ATTRIBUTES = {
    "hair": (
        "long hair",
        "side shave",
        "short hair",
        "curly high top",
        "bob",
        "big curls",
        "pigtails",
        "curly bun",
        "buzz cut",
        "bob with a fringe",
        "bald",
        "receding hair",
        "cap",
        "top knot",
        "quiff",
        "beanie",
        "bun",
        "very long hair",
        "short hair with sideburns",
        "mohawk",
    ),
    "hair colour": ("black", "brown", "red", "pink", "ginger", "blond", "silver"),
    "eyes": ("open", "closed", "winking", "glasses", "laughing", "sunglasses"),
    "mouth": ("smile", "frown", "surprised", "pacifier", "big smile", "smirk", "pink lips"),
    "clothing": ("T-shirt", "jumper", "wrap top", "checked shirt"),
    "clothing colour": ("blue", "turquoise", "purple", "green", "red", "yellow", "pink"),
    "skin tone": (  # from light to dark: neighbours in this list are neighbours in tone
        "very light",
        "light",
        "medium light",
        "medium",
        "medium dark",
        "dark",
        "very dark",
    ),
    "facial hair": (
        "none",
        "full beard",
        "handlebar moustache",
        "walrus moustache",
        "goatee",
        "stubble",
        "soul patch",
    ),
    "background": ("cream", "mint", "sky blue", "lavender", "rose"),
}

# Under these no hair colour shows; a buzz cut and stubble are too faint to tell it.
COLOURLESS_HAIR = ("buzz cut", "bald", "cap", "beanie")
COLOURLESS_FACIAL_HAIR = ("none", "stubble")
# A full beard covers the mouth and brings a grin of its own.
MOUTHLESS_FACIAL_HAIR = ("full beard",)

# The file stores portraits sorted by these attributes, most significant first: neighbours then
# share most of their pixels, which halves the size.
SORTED_BY = (
    "hair",
    "background",
    "skin tone",
    "hair colour",
    "facial hair",
    "mouth",
    "eyes",
    "clothing",
    "clothing colour",
)
TILE = 4  # pixels; a row of a tile is 4 bytes, so one uint32 moves it
GRID = 64 // TILE
CHUNK = 2000


def personas(split: str, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the portraits of a split and their attributes.

    Every call decodes the file anew, in a second or two, and what it returns is the caller's own.

    Args:
        split: "train" (14,000 portraits) or "test" (2,000).
        size: pixels of a side; below 64 the portraits are shrunk (`shrunk`) part by part, and the
            172 MB of all that are trained on are never held at once.

    Returns:
        images: uint8, (N, 3, size, size), RGB.
        attributes: int64, (N, 9); column i indexes the i-th tuple of `ATTRIBUTES`.

    Raises:
        ValueError: there is no such split, or 64 is no multiple of size.
        DamagedFile: the data file is missing or changed.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(map(repr, SPLITS))}, not {split!r}")
    raw, rows = lzma.decompress(verified(FILE, SHA256, SIZE)), SPLITS[split]
    if size == 64:
        portraits, theirs = unpack(raw, rows)
        return torch.from_numpy(portraits), torch.from_numpy(theirs.astype(np.int64))
    n = rows.stop - rows.start
    # Filled part by part, 6 MB at a time: joined at the end, all would be held twice.
    images = torch.empty(n, 3, size, size, dtype=torch.uint8)
    attributes = torch.empty(n, len(ATTRIBUTES), dtype=torch.int64)
    for first in range(0, n, 500):
        last = min(first + 500, n)
        portraits, theirs = unpack(raw, slice(rows.start + first, rows.start + last))
        images[first:last] = shrunk(torch.from_numpy(portraits), size)
        attributes[first:last] = torch.from_numpy(theirs.astype(np.int64))
    machine.give_back_memory()
    return images, attributes


def visible(attributes: torch.Tensor) -> torch.Tensor:
    """Return which attributes of each portrait can be seen in it.

    All can, except two: the hair colour where neither hair nor beard shows it, and the mouth
    under a full beard.

    Args:
        attributes: integers, (N, 9), as `personas` returns them.

    Returns:
        bool, (N, 9).

    Raises:
        ValueError: another shape, or an index outside its tuple in `ATTRIBUTES`.
    """
    check_attributes(attributes)
    hair, facial_hair = column(attributes, "hair"), column(attributes, "facial hair")
    no_colour = among("hair", COLOURLESS_HAIR)[hair]
    no_colour &= among("facial hair", COLOURLESS_FACIAL_HAIR)[facial_hair]
    names = list(ATTRIBUTES)
    seen = torch.ones(attributes.shape, dtype=torch.bool)
    seen[:, names.index("hair colour")] = ~no_colour
    seen[:, names.index("mouth")] = ~among("facial hair", MOUTHLESS_FACIAL_HAIR)[facial_hair]
    return seen


def check_attributes(attributes: torch.Tensor) -> None:
    """Raise ValueError unless `attributes` is (N, 9) integers, each inside its tuple."""
    if attributes.ndim != 2 or attributes.shape[1] != len(ATTRIBUTES):
        raise ValueError(
            f"attributes must have shape (N, {len(ATTRIBUTES)}), not {tuple(attributes.shape)}"
        )
    if attributes.is_floating_point():
        raise ValueError(f"attributes must be integers, not {attributes.dtype}")
    for name, values in ATTRIBUTES.items():
        given = column(attributes, name)
        wrong = given[(given < 0) | (given >= len(values))]
        if len(wrong):
            raise ValueError(f"{name} must lie in 0..{len(values) - 1}, not {wrong[0].item()}")


def column(attributes: torch.Tensor, name: str) -> torch.Tensor:
    """Return the column of one attribute, int64, (N,)."""
    return attributes[:, list(ATTRIBUTES).index(name)].long()


def among(name: str, values: tuple[str, ...]) -> torch.Tensor:
    """Return, for each value of an attribute, whether it is one of `values`: bool."""
    return torch.tensor([value in values for value in ATTRIBUTES[name]])


def unpack(raw: bytes, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and attributes of some rows of a packed file, decompressed.

    An image is a grid of 16 x 16 tiles of 4 x 4 pixels. For each place in the grid the file lists
    the different tiles that occur there, and for each portrait the number of its tile. Unpacked
    and uncompressed, the file holds: the number of portraits (uint32), the attributes (uint8,
    (9, N)), the number of tiles per place (uint16, (256,)), all tiles (uint8, (…, 3, 4, 4)), and
    the tile numbers (uint16, (256, N)) of the portraits sorted by `SORTED_BY`. All integers are
    little-endian.

    Args:
        raw: what `pack` in build/personas/pack.py returns, after `lzma.decompress`.
        rows: which portraits, counted in the order in which they were packed.

    Returns:
        images, uint8, (n, 3, 64, 64), and attributes, uint8, (n, 9).
    """
    count = int(np.frombuffer(raw, "<u4", 1)[0])
    position = 4
    attributes = np.frombuffer(raw, np.uint8, 9 * count, position).reshape(9, count).T
    position += 9 * count
    sizes = np.frombuffer(raw, "<u2", GRID * GRID, position).astype(np.int64)
    position += 2 * GRID * GRID
    # A view as uint32 copies four pixels at a time; their bytes keep their order.
    tiles = np.frombuffer(raw, np.uint32, 3 * TILE * sizes.sum(), position).reshape(-1, 3, TILE)
    position += tiles.nbytes
    numbers = np.frombuffer(raw, "<u2", GRID * GRID * count, position).reshape(-1, count)

    place_in_file = np.argsort(stored_order(attributes))[rows]
    images = np.empty((len(place_in_file), 3, GRID, TILE, GRID), np.uint32)
    starts = np.cumsum(sizes) - sizes
    for some in range(0, len(images), CHUNK):  # portraits that fit the processor's cache
        places = place_in_file[some : some + CHUNK]
        for i in range(GRID * GRID):
            own = tiles[starts[i] : starts[i] + sizes[i]]
            images[some : some + CHUNK, :, i // GRID, :, i % GRID] = own[numbers[i, places]]
    return images.view(np.uint8).reshape(-1, 3, 64, 64), attributes[rows]


def stored_order(attributes: np.ndarray) -> np.ndarray:
    """Return the rows of `attributes`, uint8, (N, 9), in the order in which the file has them."""
    names = list(ATTRIBUTES)
    return np.lexsort([attributes[:, names.index(name)] for name in reversed(SORTED_BY)])
