"""Textures that tile, and a backdrop for a virtual room: a texture on a sphere.

A backdrop is an equirectangular picture, twice as wide as high: its columns are the longitudes from
−180° to 180°, its rows the latitudes from 90° (straight up) to −90°. Every program for virtual
reality, and every viewer of panoramas, takes such a picture.
"""

import math
from pathlib import Path

import torch
from torch.nn.functional import grid_sample, pad

from course_lib.models.texture import Generator
from course_lib.studio import provenance

EDGE = 24  # power that sharpens the edges between the walls and the ceiling or floor


def seams(images: torch.Tensor) -> tuple[float, float]:
    """Return the mean step over the seams of tiles, in units of the mean step inside.

    A step is the absolute difference of neighbouring pixels: to the right (inside a row, or from
    the last column to the first of the next tile), and down. At 1, seams cannot be seen.

    Args:
        images: (N, C, H, W), float.

    Returns:
        The ratio to the right, and the ratio below.
    """
    ratios = []
    for dim in (3, 2):
        steps = (images - images.roll(1, dim)).abs()  # the first one leads over the seam
        inside = steps.narrow(dim, 1, images.shape[dim] - 1).mean()
        ratios.append((steps.select(dim, 0).mean() / inside).item())
    return ratios[0], ratios[1]


def tiled(image: torch.Tensor, rows: int = 3, columns: int = 3) -> torch.Tensor:
    """Return a picture of copies of an image (C, H, W), (C, rows · H, columns · W)."""
    return image.repeat(1, rows, columns)


def look(texture: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the colours (3, H, W) of an endlessly tiled texture at some points.

    Args:
        texture: (3, h, w).
        points: (H, W, 2), x and y in tiles; whole numbers are corners of a tile.
    """
    # A frame of one pixel from the other side, so that the bilinear mean reads over the seam.
    framed = pad(texture[None], (1, 1, 1, 1), mode="circular")
    size = torch.tensor([texture.shape[2], texture.shape[1]])
    place = (points - points.floor()) * size + 1  # in pixels of the framed picture
    return grid_sample(framed, (place / (size + 2) * 2 - 1)[None], align_corners=False)[0]


def directions(height: int) -> torch.Tensor:
    """Return the direction of each pixel of a backdrop, unit vectors (height, 2 · height, 3).

    x points to the right of the picture's middle, y up, z out of the middle towards the viewer's
    front. The first and the last row stand for the poles themselves, so that each is one point.
    """
    latitude = torch.linspace(math.pi / 2, -math.pi / 2, height, dtype=torch.float64)[:, None]
    turn = (torch.arange(2 * height, dtype=torch.float64) + 0.5) / (2 * height)
    longitude = (2 * turn[None] - 1) * math.pi
    level = latitude.cos()
    xyz = (level * longitude.sin(), latitude.sin().expand(-1, 2 * height), level * longitude.cos())
    return torch.stack(xyz, -1).float()


def room(walls: torch.Tensor, ground: torch.Tensor, height: int = 512) -> torch.Tensor:
    """Return a backdrop (3, height, 2 · height) of a cubic room, papered with two textures.

    The viewer stands in the middle. Straight up and straight down, a whole row of the backdrop is
    one point: a texture that was drawn flat is pinched there. So the colour of each direction is
    looked up where it meets the room. The walls are one strip around the viewer, which closes
    because it tiles; ceiling and floor are seen from below and from above. Along their edges the
    two colours mix within a few degrees. There the contrast would fall; it is divided by the root
    of the squared weights' sum, which keeps the variance (Heitz and Neyret 2018, section 3).

    Args:
        walls: (3, h, 4h), float in [-1, 1]: all four walls, side by side. It has to tile.
        ground: (3, h, 2h): the ceiling, and right of it the floor. It has to tile.
        height: of the backdrop, in pixels.

    Raises:
        ValueError: a texture has another shape.
    """
    for texture, times in ((walls, 4), (ground, 2)):
        if texture.ndim != 3 or texture.shape[2] != times * texture.shape[1]:
            raise ValueError(f"expected a texture (3, h, {times}h), got {tuple(texture.shape)}")
    x, y, z = directions(height).unbind(-1)
    level, upright = torch.maximum(x.abs(), z.abs()), y.abs()
    turn = torch.atan2(x, z)
    wall = (turn / (math.pi / 2)).round()  # 0 ahead, 1 to the right, -2 and 2 behind
    along = wall + (turn - wall * math.pi / 2).tan() / 2  # in walls, from the middle of the front
    rise = y / torch.maximum(level, upright / 2) / 2  # half a wall at the edges
    span = torch.maximum(upright, level / 2)
    across, deep = x / span / 2, -z * y.sign() / span / 2
    points = torch.stack([along / 4, -rise], -1), torch.stack([(across - y.sign()) / 2, deep], -1)
    weights = torch.stack([level, upright]).pow(EDGE)
    weights = weights / weights.sum(0)
    mean = torch.cat([walls, ground], 2).mean((1, 2))[:, None, None]
    mixed = torch.zeros(3, height, 2 * height)
    for texture, place, weight in zip((walls, ground), points, weights, strict=True):
        mixed += weight * (look(texture, place) - mean)
    return (mean + mixed / weights.square().sum(0).sqrt()).clamp(-1, 1)


def view(
    backdrop: torch.Tensor,
    yaw: float = 0.0,
    pitch: float = 0.0,
    field: float = 90.0,
    size: tuple[int, int] = (240, 320),
) -> torch.Tensor:
    """Return what a viewer in the middle of a backdrop sees, (3, *size), in perspective.

    Args:
        backdrop: (3, H, 2H), equirectangular.
        yaw: to the right, in degrees; 0 is the picture's middle.
        pitch: upwards, in degrees, -90 to 90.
        field: horizontal field of view, in degrees, above 0 and below 180.
        size: height and width of the view, in pixels.

    Raises:
        ValueError: the backdrop is not twice as wide as high, or the field of view is another.
    """
    if backdrop.ndim != 3 or backdrop.shape[2] != 2 * backdrop.shape[1]:
        raise ValueError(f"a backdrop is (3, H, 2H), not {tuple(backdrop.shape)}")
    if not 0 < field < 180:
        raise ValueError(f"the field of view is between 0 and 180 degrees, not {field}")
    height, width = size
    half = math.tan(math.radians(field) / 2)
    right = ((torch.arange(width) + 0.5) / width * 2 - 1) * half
    up = (1 - (torch.arange(height) + 0.5) / height * 2) * half * height / width
    x, y = right[None].expand(height, -1), up[:, None].expand(-1, width)
    cosine, sine = math.cos(math.radians(pitch)), math.sin(math.radians(pitch))
    y, ahead = y * cosine + sine, cosine - y * sine  # the screen stands at distance 1
    longitude = torch.atan2(x, ahead) + math.radians(yaw)
    latitude = torch.atan2(y, torch.hypot(x, ahead))
    # As in `directions`: rows from pole to pole, columns at the middles of equal angles.
    rows = backdrop.shape[1]
    row = (0.5 - latitude / math.pi) * (rows - 1)
    column = (longitude / (2 * math.pi) + 0.5).remainder(1) * 2 * rows - 0.5
    framed = pad(backdrop[None], (1, 1, 0, 0), mode="circular")
    place = torch.stack([(column + 1) / (2 * rows + 1), row / (rows - 1)], -1) * 2 - 1
    return grid_sample(framed, place[None], align_corners=True)[0]


def backdrop(
    generator: Generator, seed: int = 0, height: int = 512, side: int = 192
) -> torch.Tensor:
    """Return a `room`, (3, height, 2 · height), papered with a generator's textures.

    Args:
        generator: "texture-mosaic" of the zoo, or one that you trained.
        seed: of its noise.
        height: of the backdrop, in pixels.
        side: of a wall, in pixels of the texture, a multiple of 8; the more, the smaller its
            stones look.
    """
    walls = generator.sample(1, seed, height=side, width=4 * side)[0]
    ground = generator.sample(1, seed + 1, height=side, width=2 * side)[0]
    return room(walls, ground, height)


def save_tile(
    texture: torch.Tensor, path: Path | str, model: str = "texture-mosaic", seed: int | None = None
) -> Path:
    """Write a texture (3, H, W) that tiles as PNG with its facts; return its path."""
    facts = provenance.facts(model, seed, made="seamless tile")
    return provenance.save_png(texture, path, facts)


def save_backdrop(
    picture: torch.Tensor,
    path: Path | str,
    model: str = "texture-mosaic",
    seed: int | None = None,
    **details: object,
) -> Path:
    """Write a backdrop (3, H, 2H) as PNG with its facts; return its path.

    Raises:
        ValueError: it is not twice as wide as high.
    """
    if picture.ndim != 3 or picture.shape[2] != 2 * picture.shape[1]:
        raise ValueError(f"a backdrop is (3, H, 2H), not {tuple(picture.shape)}")
    facts = provenance.facts(model, seed, made="backdrop", projection="equirectangular", **details)
    return provenance.save_png(picture, path, facts)
