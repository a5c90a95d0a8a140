"""The moving picture of the first page: four people and four garments, each on a closed walk."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from course_lib import latent, sampling, zoo
from course_lib.data import to_uint8

FRAMES = 48
PEOPLE = (3, 7, 21, 90)  # seeds, chosen by eye
GARMENTS = ((19, 0), (19, 7), (19, 3), (19, 8))  # seed and label


def walk(z_dim: int, seed: int) -> torch.Tensor:
    """Return a great circle through two latent vectors, (FRAMES, z_dim)."""
    z0, z1 = sampling.latents(2, z_dim, seed)
    return latent.great_circle(z0, z1, FRAMES)


def strip(images: torch.Tensor) -> np.ndarray:
    """Return images (N, C, H, W) side by side as colours, (H, N·W, 3)."""
    pixels = to_uint8(images).permute(2, 0, 3, 1).flatten(1, 2).numpy()
    return np.repeat(pixels, 3 // pixels.shape[2], axis=2)


def write(folder: Path) -> None:
    """Write both sheets of frames, a row for each walk, and their sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    people, garments = zoo.load("progan-personas"), zoo.load("cgan-fashion")
    sheets = {
        "people": [sampling.draw(people, walk(people.z_dim, seed)) for seed in PEOPLE],
        "garments": [
            sampling.draw(garments, walk(garments.z_dim, seed), label) for seed, label in GARMENTS
        ],
    }
    for name, rows in sheets.items():
        sheet = Image.fromarray(np.concatenate([strip(row) for row in rows]))
        sheet.save(folder / f"hero-{name}.webp", quality=82, method=6)
    sizes = {name: rows[0].shape[-1] for name, rows in sheets.items()}
    facts = {"frames": FRAMES, "rows": len(PEOPLE), "sizes": sizes}
    (folder / "hero.json").write_text(json.dumps(facts), encoding="utf-8")
