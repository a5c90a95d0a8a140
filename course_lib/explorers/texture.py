"""Lesson 08's explorers: a texture as a wall of tiles, and a room seen from its middle."""

import io
from pathlib import Path

import torch

from course_lib.explorers.base import Explorer, until_let_go, whole_slider
from course_lib.models.texture import CELL, Generator
from course_lib.studio import provenance, textures


def jpeg(image: torch.Tensor) -> bytes:
    """Return an image (3, H, W) in [-1, 1] as JPEG: a texture takes an eighth of its PNG."""
    content = io.BytesIO()
    provenance.picture(image).save(content, "JPEG", quality=80)
    return content.getvalue()


class Tiles(Explorer):
    """An explorer of textures as walls of tiles.

    Sliders choose the seed, the size of the tile (a cell is 8 pixels) and how many copies lie side
    by side. A button saves the tile.

    Args:
        generator: of `models.texture`.
        model: its name, for the file's facts.
        folder: where the button saves.
    """

    format = "jpeg"

    def __init__(
        self,
        generator: Generator,
        model: str = "texture-mosaic",
        folder: Path | str = "made",
    ):
        self.generator, self.model, self.folder = generator, model, folder
        self.seed = whole_slider("seed", 0, 99, 0)
        self.height = whole_slider("height (cells)", 4, 24, 8)
        self.width = whole_slider("width (cells)", 4, 24, 8)
        self.copies = whole_slider("copies each way", 1, 4, 3)
        alt = "A generated texture, repeated like tiles on a wall: no seam can be seen."
        save = self.button("Save this tile", self.save, "download", width="auto")
        controls = [self.seed, self.height, self.width, self.copies, *self.saving(save)]
        super().__init__(controls, alt)

    def tile(self) -> torch.Tensor:
        """Return the tile that the sliders describe, (3, H, W)."""
        height, width = CELL * self.height.value, CELL * self.width.value
        return self.generator.sample(1, self.seed.value, height=height, width=width)[0]

    def draw(self) -> tuple[bytes, str]:
        tile, n = self.tile(), self.copies.value
        right, below = textures.seams(tile[None])
        sentence = (
            f"{n}×{n} copies of one tile of {tile.shape[1]}×{tile.shape[2]} pixels, seed "
            f"{self.seed.value}. The mean step over its seams is {right:.2f} (right) and "
            f"{below:.2f} (below) of the mean step inside."
        )
        return jpeg(textures.tiled(tile, n, n)), sentence

    def save(self) -> Path | None:
        """Save the tile, once, as PNG."""
        tile, facts = self.tile(), (self.model, self.seed.value)
        return self.store("tile", ".png", lambda path: textures.save_tile(tile, path, *facts))


class Room(Explorer):
    """An explorer of a room papered with textures, seen from its middle.

    Sliders choose the seed, how many pixels of texture a wall has, where you look and how much you
    see at once. A button saves the backdrop.

    Args:
        generator: of `models.texture`.
        model: its name, for the file's facts.
        folder: where the button saves.
    """

    format = "jpeg"

    def __init__(
        self,
        generator: Generator,
        model: str = "texture-mosaic",
        folder: Path | str = "made",
    ):
        self.generator, self.model, self.folder = generator, model, folder
        self.backdrops: dict[tuple[int, int], torch.Tensor] = {}
        self.seed = whole_slider("seed", 0, 99, 0)
        self.side = whole_slider("wall (pixels)", 64, 256, 192, 32)
        until_let_go(self.seed, self.side)  # each draws a new room
        self.yaw = whole_slider("turn (degrees)", -180, 180, 30)
        self.pitch = whole_slider("look up (degrees)", -90, 90, 20)
        self.field = whole_slider("view (degrees)", 30, 120, 100)
        alt = "A room papered with a generated texture, in perspective, from the room's middle."
        words = "Save the backdrop (1024×512)"
        save = self.button(words, self.save, "download", width="auto")
        controls = [self.seed, self.side, self.yaw, self.pitch, self.field, *self.saving(save)]
        super().__init__(controls, alt, 400)

    def backdrop(self) -> torch.Tensor:
        """Return the backdrop that the sliders describe, (3, 512, 1024); the last is kept."""
        choice = self.seed.value, self.side.value
        if choice not in self.backdrops:
            self.backdrops = {choice: textures.backdrop(self.generator, choice[0], side=choice[1])}
        return self.backdrops[choice]

    def draw(self) -> tuple[bytes, str]:
        yaw, pitch, field = self.yaw.value, self.pitch.value, self.field.value
        seen = textures.view(self.backdrop(), yaw, pitch, field, (240, 320))
        sides = "to the right" if yaw > 0 else "to the left" if yaw < 0 else "(straight on)"
        tilt = "up" if pitch > 0 else "down" if pitch < 0 else "(level)"
        sentence = (
            f"Room {self.seed.value}: you look {abs(yaw)}° {sides} and {abs(pitch)}° {tilt}, and "
            f"see {field}° from left to right."
        )
        return jpeg(seen), sentence

    def save(self) -> Path | None:
        """Save the whole backdrop as PNG."""
        backdrop, facts = self.backdrop(), (self.model, self.seed.value)
        return self.store(
            "backdrop",
            ".png",
            lambda path: textures.save_backdrop(backdrop, path, *facts, side=self.side.value),
        )
