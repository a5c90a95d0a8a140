"""Solutions of lesson 08, and inputs that answers are compared on; `pages/08.md` has the rest."""

import math

import torch
from torch.nn import functional as F

from course_lib.studio import icons, loops, sheets
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, normal, told, uniform
from course_lib.tasks.lesson import Lesson

lesson = Lesson("08")


def _frame_cases() -> list[Case]:
    return [Case((frames,), f"frames = {frames}") for frames in (4, 3, 25, 96)]


@lesson.task(_frame_cases)
def loop_shares(frames):
    t = torch.arange(frames, dtype=torch.float64) / frames  # 0 to one step before 1
    return 3 * t**2 - 2 * t**3  # from rest to rest


def _paper_cases() -> list[Case]:
    cases = []
    for seed, shape in enumerate(((4, 1, 5, 7), (1, 1, 6, 2), (3, 1, 3, 3))):
        for dtype in DTYPES:
            grey = 2 * uniform(seed, *shape, dtype=dtype) - 1
            grey[..., 0, 0], grey[..., -1, -1] = -1, 1  # nothing but paper, nothing but garment
            colour, paper = uniform(seed + 20, 2, 3, dtype=dtype)
            where = f"grey of shape {shape}, {told(dtype)}"
            cases.append(Case((grey, colour, paper), where))
            # Nothing of it is all paper or all garment: whoever stretches a sheet is found out.
            cases.append(Case((0.6 * grey, colour, paper), f"pale {where}"))
    return cases


@lesson.task(_paper_cases)
def on_paper(grey, colour, paper):
    alpha = (grey + 1) / 2  # (N, 1, H, W): how much garment there is
    return alpha * colour[:, None, None] + (1 - alpha) * paper[:, None, None]


def _tiling_cases() -> list[Case]:
    cases = []
    for seed, (shape, out, side) in enumerate(
        (((2, 3, 5, 7), 4, 3), ((1, 2, 8, 4), 3, 3), ((2, 4, 6, 9), 2, 5))
    ):
        for dtype in DTYPES:
            inputs = (
                normal(seed, *shape, dtype=dtype),
                normal(seed + 10, out, shape[1], side, side, dtype=dtype),
                1 + normal(seed + 20, out, dtype=dtype),
            )
            where = f"x of shape {shape}, a {side}×{side} kernel, {told(dtype)}"
            cases.append(Case(inputs, where, gradients=(0,)))
    return cases


@lesson.task(_tiling_cases)
def tiling_conv(x, weight, bias):
    frame = weight.shape[2] // 2  # 1 for a 3×3 kernel, 2 for 5×5
    return F.conv2d(F.pad(x, (frame,) * 4, mode="circular"), weight, bias)


@lesson.trial("deliverables.tells_seams", arguments=2)
def tiles(layer, image):
    shift = {"shifts": (3, 2), "dims": (2, 3)}
    return torch.allclose(layer(image.roll(**shift)), layer(image).roll(**shift), atol=1e-5)


def _visible_cases() -> list[Case]:
    cases = []
    for seed, (n, channels, size, hole) in enumerate(
        ((4, 3, 8, (2, 6, 1, 5)), (2, 3, 6, (0, 5, 1, 6)), (3, 1, 5, (2, 3, 2, 3)))
    ):
        for dtype in DTYPES:
            drawn = normal(seed, n, channels, size, size, dtype=dtype).tanh()
            portrait = normal(seed + 10, 1, channels, size, size, dtype=dtype).tanh()
            mask = torch.ones(1, 1, size, size, dtype=dtype)
            top, bottom, left, right = hole
            mask[..., top:bottom, left:right] = 0
            # What the hole holds is anything: whoever reads it is found out.
            portrait = torch.where(mask > 0, portrait, 5)
            hidden = int((mask == 0).sum())
            where = (
                f"{n} images of {channels} × {size} × {size}, {hidden} of {size * size} pixels "
                f"hidden, {told(dtype)}"
            )
            cases.append(Case((drawn, portrait, mask), where, gradients=(0,)))
    return cases


@lesson.task(_visible_cases)
def visible_loss(drawn, portrait, mask):
    squares = (drawn - portrait).square() * mask  # 0 in the hole
    return squares.sum(dim=(1, 2, 3)) / (mask.sum() * drawn.shape[1])


def _sphere_cases() -> list[Case]:
    cases = []
    for seed, (n, size, rate) in enumerate(((5, 8, 0.3), (3, 64, 2.0), (1, 16, 0.5), (4, 4, 1.0))):
        for dtype in DTYPES:
            z = F.normalize(normal(seed, n, size), dim=1) * math.sqrt(size)
            gradient = normal(seed + 10, n, size, dtype=dtype)
            where = f"z of shape ({n}, {size}), rate = {rate}, {told(dtype)}"
            cases.append(Case((z.to(dtype), gradient, rate), where))
    return cases


@lesson.task(_sphere_cases)
def sphere_step(z, gradient, rate):
    return F.normalize(z - rate * gradient, dim=1) * math.sqrt(z.shape[1])


def _direction_cases() -> list[Case]:
    cases = []
    for seed, (n, height) in enumerate(((6, 4), (9, 16), (20, 256))):
        for dtype in DTYPES:
            rows = (height * uniform(seed, n)).floor()
            columns = (2 * height * uniform(seed + 10, n)).floor()
            # The poles, the left edge, and the middle.
            rows[-3:], columns[-3:] = torch.tensor([0, height - 1, height // 2]), height
            columns[-2] = 0
            where = (
                f"row {rows[0]:.0f} and column {columns[0]:.0f}, the first of {n} pixels, height = "
                f"{height}, {told(dtype)}"
            )
            cases.append(Case((rows.to(dtype), columns.to(dtype), height), where))
    return cases


@lesson.task(_direction_cases)
def pixel_direction(rows, columns, height):
    latitude = math.pi / 2 - rows / (height - 1) * math.pi  # +90° to −90°
    longitude = ((columns + 0.5) / height - 1) * math.pi  # −180° to 180°
    level = latitude.cos()
    xyz = level * longitude.sin(), latitude.sin(), level * longitude.cos()
    return torch.stack(xyz, dim=-1)


def _distance_cases() -> list[Case]:
    cases = []
    for seed, (n, lead) in enumerate(((12, 0.1), (400, 0.0), (25, 0.4), (7, 9.0))):
        for dtype in DTYPES:
            near = 3 + uniform(seed, n, dtype=dtype)
            far = 3 + lead + uniform(seed + 10, n, dtype=dtype)
            where = f"distances of {n} samples, {told(dtype)}"
            where += ", all nearer to training" if lead > 1 else ""
            cases.append(Case((near, far), where))
    return cases


@lesson.task(_distance_cases)
def nearer_training(near, far):
    share = (near < far).double().mean()
    return torch.stack([share, (share * (1 - share) / len(near)).sqrt()])


def _table_cases() -> list[Case]:
    cases = []
    for seed, (rows, columns) in enumerate(((3, 4), (5, 2), (2, 2))):
        for dtype in DTYPES:
            counts = (60 * uniform(seed, rows, columns) ** 2).round() + 1
            counts[0, -1] += 40  # dependent
            where = f"counts of shape ({rows}, {columns}), {told(dtype)}"
            cases.append(Case((counts.to(dtype),), where))
    gap = torch.tensor([[9.0, 4, 0, 3], [0, 0, 0, 0], [2, 8, 0, 6]], dtype=torch.float64)
    even = torch.tensor([[4.0, 8], [8, 16], [4, 8]], dtype=torch.float64)
    return [
        *cases,
        Case((gap,), "counts in which one row and one column are empty, float64"),
        Case((20 * torch.eye(3, dtype=torch.float64),), "counts on the diagonal alone: V is 1"),
        Case((even,), "counts of two independent attributes: V is 0"),
    ]


@lesson.task(_table_cases)
def cramers_v(counts):
    counts = counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0]  # values that occur
    n = counts.sum()
    expected = counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) / n
    chi2 = ((counts - expected).square() / expected).sum()
    return (chi2 / (n * (min(counts.shape) - 1))).sqrt()


@lesson.trial("deliverables.answers_the_brief")
def design_set(folder):
    page = sheets.contact_sheet("progan-personas", range(12), columns=4, width=600)
    page.save(folder / "contact.png")
    icons.icon_set(seed=4, colours="terracotta").save(folder / "icons")
    loops.Loop("progan-personas", seed=7, easing="four rests").save(folder / "loop.gif")
    return folder


TASKS = lesson.tasks()
