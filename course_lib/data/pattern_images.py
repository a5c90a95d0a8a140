"""Patterns, each drawn by a few lines of code: the styles of lesson 02.

A pattern is a function of the coordinates x (to the right) and y (downwards), both in [0, 1], and
of a seeded random generator. It gives the colour of every point. Patterns are drawn at four times
their size and averaged down, so that edges are smooth; they look alike at every size.
"""

import math
from collections.abc import Callable

import torch
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

FINER = 4  # points drawn per pixel and direction
LARGEST = 256

Random = torch.Generator
Pattern = Callable[[torch.Tensor, torch.Tensor, Random], torch.Tensor]


def colours(*codes: str) -> torch.Tensor:
    """Return colours such as "#0072B2" as numbers in [0, 1], (n, 3)."""
    return torch.tensor([[int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)] for code in codes])


def paint(palette: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Return the picture (3, H, W) of an index (H, W) into a palette (n, 3), counted in a ring."""
    return palette[index.long() % len(palette)].permute(2, 0, 1)


def blend(palette: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return the picture (3, H, W) of values (H, W), the lowest in the palette's first colour.

    Ranks are coloured, not the values themselves: every colour covers the same area.
    """
    ranks = values.flatten().argsort().argsort().view(values.shape)
    place = ranks / values.numel() * (len(palette) - 1)
    low = place.long()
    part = (place - low).unsqueeze(-1)
    return torch.lerp(palette[low], palette[low + 1], part).permute(2, 0, 1)


def uniform(random: Random, *shape: int) -> torch.Tensor:
    """Return random numbers in [0, 1) of a shape."""
    return torch.rand(*shape, generator=random)


def clouds(shape: torch.Size, random: Random, octaves: int = 4, coarsest: int = 3) -> torch.Tensor:
    """Return smooth noise (H, W): coarse random grids plus ever finer, ever fainter ones."""
    total = torch.zeros(shape)
    for octave in range(octaves):
        side = coarsest * 2**octave + 1
        grid = uniform(random, 1, 1, side, side) - 0.5
        total += interpolate(grid, size=shape, mode="bicubic", align_corners=True)[0, 0] / 2**octave
    return total


def stripes(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Slanted stripes in five colours."""
    palette = colours("#17324D", "#E4572E", "#F7E7CE", "#2A9D8F", "#F2B134")
    return paint(palette, (7 * (x + y) + 5 * uniform(random, 1)).floor())


def checks(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """A tartan: the same broad and narrow bands down and across, mixed where they cross."""
    palette = colours("#7A1420", "#1D4A38", "#7A1420", "#E9C46A")
    ends = torch.tensor([0.42, 0.74, 0.9, 1.0])
    start = uniform(random, 2)
    down, across = (
        paint(palette, torch.bucketize((3 * t + s) % 1, ends))
        for t, s in ((x, start[0]), (y, start[1]))
    )
    return (down + across) / 2


def dots(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Round dots of four bright colours on black, every second row shifted by half a step."""
    palette = colours("#FFD23F", "#EE4266", "#3BCEAC", "#F5F5F5")
    row = (6 * y).floor()
    column = (6 * x + 0.5 * (row % 2)).floor()
    away = torch.hypot(6 * x + 0.5 * (row % 2) - column - 0.5, 6 * y - row - 0.5)
    chosen = torch.randint(len(palette), (8, 8), generator=random)
    picture = paint(palette, chosen[row.long(), column.long()])
    return torch.where(away < 0.36, picture, colours("#10101A").view(3, 1, 1))


def waves(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Seigaiha, the Japanese sea: rows of ringed discs, each row before the one above it."""
    palette = colours("#F4F1E8", "#1B4B8A", "#7FB2D9", "#1B4B8A")
    picture, start = torch.zeros(3, *x.shape), uniform(random, 1)
    for row in range(-1, 12):
        u = 4 * x + 0.5 * (row % 2) + start
        away = torch.hypot(u - u.floor() - 0.5, 4 * (y - row / 8)) / 0.5
        rings = paint(palette, ((1 - away) * 4).floor().clamp(0, 3))
        picture = torch.where(away < 1, rings, picture)
    return picture


def mosaic(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Stones in warm colours with dark joints: each point has the colour of the nearest centre."""
    palette = colours("#F3C969", "#D1495B", "#EDAE49", "#00798C", "#F1E3CB", "#8C2F39")
    side = 8
    place = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"), -1)
    centres = ((place + uniform(random, side, side, 2)) / side).view(-1, 2)
    points = torch.stack([y, x], -1).view(-1, 2)
    nearest, index = torch.cdist(points, centres).topk(2, largest=False)
    chosen = torch.randint(len(palette), (side * side,), generator=random)
    picture = paint(palette, chosen[index[:, 0]].view(x.shape))
    joint = (nearest[:, 1] - nearest[:, 0]).view(x.shape) < 0.022
    return torch.where(joint, colours("#2B2118").view(3, 1, 1), picture)


def brush(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Strokes of paint that swirl, in a night's blues and yellows.

    Noise is smeared along a field of directions (line integral convolution, Cabral and Leedom
    1993): each point takes the mean of the noise on its way with the stream and against it.
    """
    palette = colours("#0B1D51", "#1F4E9E", "#3F88C5", "#A9D6E5", "#F6E27F", "#F2A541")
    angle = 2.4 * math.pi * clouds(x.shape, random, octaves=1)
    grain = interpolate(uniform(random, 1, 1, 64, 64), size=x.shape, mode="bilinear")
    total = torch.zeros_like(x)
    for direction in (1, -1):
        u, v = 2 * x - 1, 2 * y - 1
        for _ in range(14):
            place = torch.stack([u, v], -1)[None]
            total += grid_sample(grain, place, align_corners=False, padding_mode="reflection")[0, 0]
            turn = grid_sample(angle[None, None], place, align_corners=False, padding_mode="border")
            u = u + direction * 0.012 * turn[0, 0].cos()
            v = v + direction * 0.012 * turn[0, 0].sin()
    return blend(palette, total + 6 * clouds(x.shape, random, octaves=1, coarsest=2))


def fire(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Flames: clouds whose places are moved by other clouds, dark above and bright below."""
    palette = colours("#12060A", "#5C0F14", "#C4281B", "#F46B1B", "#FDBB2D", "#FFF3B0")
    drift = torch.stack([clouds(x.shape, random), clouds(x.shape, random)], -1)
    place = torch.stack([2 * x - 1, 0.5 * y - 0.25], -1) + 0.35 * drift
    cloud = clouds(x.shape, random, octaves=5)[None, None]
    licks = grid_sample(cloud, place[None], align_corners=False, padding_mode="reflection")[0, 0]
    return blend(palette, licks)


def labyrinth(x: torch.Tensor, y: torch.Tensor, random: Random) -> torch.Tensor:
    """Quarter circles on turned tiles, which join into a maze (Truchet 1704; Smith 1987)."""
    ink, paper = colours("#14213D", "#F2E9DC").view(2, 3, 1, 1)
    side = 8
    column, row = (side * x).long(), (side * y).long()
    turned = uniform(random, side, side)[row, column] < 0.5
    u, v = side * x - column, side * y - row
    u = torch.where(turned, 1 - u, u)
    away = torch.minimum(torch.hypot(u, v), torch.hypot(1 - u, 1 - v))
    return torch.where((away - 0.5).abs() < 0.16, ink, paper)


PATTERNS: dict[str, Pattern] = {
    "stripes": stripes,
    "checks": checks,
    "dots": dots,
    "waves": waves,
    "mosaic": mosaic,
    "brush": brush,
    "fire": fire,
    "labyrinth": labyrinth,
}


def patterns(name: str, size: int = 64, seed: int = 0) -> torch.Tensor:
    """Return a pattern as an image, uint8, (1, 3, size, size), RGB.

    Args:
        name: one of `PATTERNS`.
        size: height and width in pixels, 8 to 256.
        seed: places, shifts and colours that chance decides; the same seed, the same pattern.

    Raises:
        ValueError: no pattern has this name, or the size is another.
    """
    if name not in PATTERNS:
        raise ValueError(f"no pattern is called {name!r}; there are {', '.join(PATTERNS)}")
    if not 8 <= size <= LARGEST:
        raise ValueError(f"size is 8 to {LARGEST} pixels, not {size}")
    steps = (torch.arange(size * FINER) + 0.5) / (size * FINER)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    picture = PATTERNS[name](x, y, torch.Generator().manual_seed(seed))
    return avg_pool2d(picture[None], FINER).mul(255).round().clamp(0, 255).to(torch.uint8)
