"""Builds course_lib/data/files/personas.xz: draws attributes, has them rendered, packs both."""

import hashlib
import json
import lzma
import random
import subprocess
from pathlib import Path

import numpy as np
import torch

from course_lib.data.portraits import ATTRIBUTES, FILE, GRID, TILE, stored_order, unpack, visible

HERE = Path(__file__).parent
SEED = "personas"
PORTRAITS = 16_000
BEARD_PROBABILITY = 0.3

# DiceBear's option for each attribute and its value for each name in ATTRIBUTES, in that order.
# Red, ginger and blond are the course's own: the package's e15c66, f27d65 and f29c65 are too near
# to each other and to its pink to be told apart by name. All other colours but the backgrounds
# are the package's.
OPTIONS = {
    "hair": (
        "hair",
        (
            "long",
            "sideShave",
            "shortCombover",
            "curlyHighTop",
            "bobCut",
            "curly",
            "pigtails",
            "curlyBun",
            "buzzcut",
            "bobBangs",
            "bald",
            "balding",
            "cap",
            "bunUndercut",
            "fade",
            "beanie",
            "straightBun",
            "extraLong",
            "shortComboverChops",
            "mohawk",
        ),
    ),
    "hair colour": (
        "hairColor",
        ("362c47", "6c4545", "c4393f", "e16381", "e8743b", "f2c56b", "dee1f5"),
    ),
    "eyes": ("eyes", ("open", "sleep", "wink", "glasses", "happy", "sunglasses")),
    "mouth": (
        "mouth",
        ("smile", "frown", "surprise", "pacifier", "bigSmile", "smirk", "lips"),
    ),
    "clothing": ("body", ("squared", "rounded", "small", "checkered")),
    "clothing colour": (
        "clothingColor",
        ("456dff", "54d7c7", "7555ca", "6dbb58", "e24553", "f3b63a", "f55d81"),
    ),
    "skin tone": (
        "skinColor",
        ("eeb4a4", "e7a391", "e5a07e", "d78774", "b16a5b", "92594b", "623d36"),
    ),
    "facial hair": (
        "facialHair",
        (None, "beardMustache", "pyramid", "walrus", "goatee", "shadow", "soulPatch"),
    ),
    "background": ("backgroundColor", ("fbf0cf", "c8ebd3", "c4def9", "d9ccf4", "f8d2cd")),
}
NOSES = ("mediumRound", "smallRound", "wrinkles")


def draw(count: int, seed: str) -> tuple[np.ndarray, list[str]]:
    """Return `count` random portraits: attributes, uint8, (count, 9), and DiceBear noses.

    Values are independent and equally likely, but for the beard. A draw that looks like an earlier
    one in all that can be seen is left out, so that no test portrait is known from training.
    """
    # Of Python's generator only random() is promised to stay the same in later versions.
    uniform = random.Random(seed).random
    rows, noses = [], []
    for _ in range(count + count // 10):
        row = [int(uniform() * len(values)) for values in ATTRIBUTES.values()]
        beard = uniform() < BEARD_PROBABILITY
        beards = len(ATTRIBUTES["facial hair"]) - 1
        row[list(ATTRIBUTES).index("facial hair")] = beard * (1 + int(uniform() * beards))
        rows.append(row)
        noses.append(NOSES[int(uniform() * len(NOSES))])
    attributes = np.array(rows, np.uint8)
    looks = np.where(visible(torch.from_numpy(attributes)).numpy(), attributes, 255)
    new = np.sort(np.unique(looks, axis=0, return_index=True)[1])[:count]
    return attributes[new], [noses[i] for i in new]


def options(row: np.ndarray, nose: str) -> dict:
    """Return DiceBear's options that leave one choice only for every part of a portrait."""
    chosen = {"seed": "", "nose": [nose]}
    for (option, values), index in zip(OPTIONS.values(), row, strict=True):
        chosen[option] = [values[index]]
    beard = chosen["facialHair"] != [None]
    return chosen | {
        "facialHair": chosen["facialHair"] if beard else [],
        "facialHairProbability": 100 if beard else 0,
    }


def render(attributes: np.ndarray, noses: list[str]) -> np.ndarray:
    """Return the portraits that Node draws for these rows: uint8, (N, 3, 64, 64), RGB."""
    lines = [json.dumps(options(row, nose)) for row, nose in zip(attributes, noses, strict=True)]
    done = subprocess.run(
        ["node", HERE / "render.mjs"],
        input="\n".join(lines).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    images = np.frombuffer(done.stdout, np.uint8).reshape(len(lines), 64, 64, 3)
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def pack(images: np.ndarray, attributes: np.ndarray) -> bytes:
    """Return images, uint8, (N, 3, 64, 64), and attributes, uint8, (N, 9), as one xz file.

    `course_lib.data.portraits.unpack` describes the layout and reverses it without loss.
    """
    count = len(images)
    in_order = images[stored_order(attributes)].reshape(count, 3, GRID, TILE, GRID, TILE)
    tiles, numbers = [], []
    for i in range(GRID * GRID):
        here = in_order[:, :, i // GRID, :, i % GRID].reshape(count, -1)
        different, first, number = np.unique(here, axis=0, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first)  # similar portraits then have near numbers
        tiles.append(different[by_appearance])
        numbers.append(np.argsort(by_appearance)[number.reshape(-1)])
    raw = b"".join(
        [
            np.array([count], "<u4").tobytes(),
            attributes.T.tobytes(),
            np.array([len(own) for own in tiles], "<u2").tobytes(),
            np.concatenate(tiles).tobytes(),
            np.array(numbers, "<u2").tobytes(),
        ]
    )
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    return lzma.compress(raw, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=filters)


def main() -> None:
    attributes, noses = draw(PORTRAITS, SEED)
    images = render(attributes, noses)
    content = pack(images, attributes)
    again, labels = unpack(lzma.decompress(content), slice(None))
    if not (np.array_equal(again, images) and np.array_equal(labels, attributes)):
        raise RuntimeError("the packed portraits do not unpack to themselves")
    FILE.write_bytes(content)
    print(f"{FILE.name}\nSIZE = {len(content):_}")
    print(f'SHA256 = "{hashlib.sha256(content).hexdigest()}"')


if __name__ == "__main__":
    main()
