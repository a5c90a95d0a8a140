"""Answers to the tasks of lesson 08."""

import math
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
from answers import Answers
from PIL import Image, PngImagePlugin
from torch import nn
from torch.nn import functional as F

from course_lib.studio import films, icons, loops, provenance, sheets
from course_lib.tasks import every

TASKS = every()


def shares_in_a_list(frames):
    return [3 * (i / frames) ** 2 - 2 * (i / frames) ** 3 for i in range(frames)]


def shares_by_integral(frames):
    """The speed 6t(1 − t), integrated exactly."""
    t = torch.linspace(0, 1, frames + 1)[:-1]
    return t * t * (3 - 2 * t)


def shares_by_solving(frames):
    rows = np.array([[1.0, 1.0], [2.0, 3.0]])
    a, b = np.linalg.solve(rows, [1.0, 0.0])
    t = np.arange(frames) / frames
    return a * t**2 + b * t**3


def eased(t):
    return 3 * t**2 - 2 * t**3


def paper_by_lerp(grey, colour, paper):
    return torch.lerp(paper.view(3, 1, 1), colour.view(3, 1, 1), grey / 2 + 0.5)


def paper_channel_by_channel(grey, colour, paper):
    alpha = (1 + grey[:, 0]) / 2
    return torch.stack([a * alpha + b * (1 - alpha) for a, b in zip(colour, paper, strict=True)], 1)


def paper_in_numpy(grey, colour, paper):
    alpha = (grey.numpy() + 1) * 0.5
    return paper.numpy()[:, None, None] + alpha * (colour - paper).numpy()[:, None, None]


def paper_in_place(grey, colour, paper):
    grey += 1
    grey /= 2
    return grey * colour.reshape(1, 3, 1, 1) + (1 - grey) * paper.reshape(1, 3, 1, 1)


class Torus(nn.Module):
    def forward(self, x, weight, bias):
        outs, ins, k, _ = weight.shape
        layer = nn.Conv2d(ins, outs, k, padding=k // 2, padding_mode="circular")
        layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
        return layer(x)


def conv_of_nine_tiles(x, weight, bias):
    h, w = x.shape[2:]
    large = F.conv2d(x.repeat(1, 1, 3, 3), weight, bias, padding="same")
    return large[..., h : 2 * h, w : 2 * w]


def conv_by_rolling(x, weight, bias):
    k = weight.shape[2] // 2
    out = bias[:, None, None]
    for i in range(2 * k + 1):
        for j in range(2 * k + 1):
            moved = x.roll((k - i, k - j), dims=(2, 3))
            out = out + torch.einsum("nchw,oc->nohw", moved, weight[..., i, j])
    return out


def conv_by_joining(x, weight, bias):
    k = weight.shape[3] // 2
    x = torch.cat([x[..., -k:, :], x, x[..., :k, :]], dim=2)
    x = torch.cat([x[..., -k:], x, x[..., :k]], dim=3)
    return F.conv2d(x, weight, bias=bias)


def conv_with_two_pads(x, weight, bias):
    return F.conv2d(F.pad(x, (1, 1), mode="circular"), weight, bias)


def rolling(shift=(1, 1), dims=(2, 3), atol=1e-6, equal=None):
    """Return a test of layers that rolls along some axes."""

    def test(layer, image):
        a = layer(torch.roll(image, shift, dims))
        b = torch.roll(layer(image), shift, dims)
        return equal(a, b) if equal else torch.allclose(a, b, atol=atol)

    return test


def tiles_by_error(layer, image):
    error = 0.0
    for dim in (2, 3):
        for shift in range(1, image.shape[dim]):
            moved = layer(image.roll(shift, dim)).roll(-shift, dim)
            error = max(error, (moved - layer(image)).abs().max().item())
    return error < 1e-4


def tiles_in_numpy(layer, image):
    moved = layer(torch.from_numpy(np.roll(image.numpy(), (5, 5), (2, 3)))).numpy()
    return np.allclose(moved, np.roll(layer(image).numpy(), (5, 5), (2, 3)))


def tiles_as_tensor(layer, image):
    moved = torch.cat([image[..., 4:], image[..., :4]], dim=3)
    moved = torch.cat([moved[..., 3:, :], moved[..., :3, :]], dim=2)
    back = layer(moved).roll((3, 4), (2, 3))
    return ((back - layer(image)).abs() < 1e-8).all()


def loss_by_picking(drawn, portrait, mask):
    seen = mask[0, 0] > 0
    return (drawn[..., seen] - portrait[..., seen]).pow(2).flatten(1).mean(dim=1)


def loss_one_by_one(drawn, portrait, mask):
    wide = mask.expand_as(portrait)
    errors = [((image - portrait[0]) ** 2 * wide[0]).sum() / wide.sum() for image in drawn]
    return torch.stack(errors)


class Masked(nn.Module):
    def forward(self, drawn, portrait, mask):
        squares = F.mse_loss(drawn * mask, (portrait * mask).expand_as(drawn), reduction="none")
        return squares.mean((1, 2, 3)) / mask.mean()


def loss_by_where(drawn, portrait, mask):
    gaps = torch.where(mask.bool(), drawn - portrait, 0)
    return torch.einsum("nchw,nchw->n", gaps, gaps) / (mask.sum() * portrait.size(1))


def step_by_norm(z, gradient, rate):
    z = z - rate * gradient
    return z / z.norm(dim=1, keepdim=True) * z.shape[1] ** 0.5


def step_by_mean_square(z, gradient, rate):
    z = torch.sub(z, gradient, alpha=rate)
    return z * z.square().mean(dim=-1, keepdim=True).rsqrt()


def step_in_place(z, gradient, rate):
    length = z.norm(dim=1)  # on the sphere already
    z -= rate * gradient
    for row, wanted in zip(z, length, strict=True):
        row *= wanted / row.norm()
    return z


def direction_pixel_by_pixel(rows, columns, height):
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        up = math.pi * (0.5 - row / (height - 1))
        turn = 2 * math.pi * (column + 0.5) / (2 * height) - math.pi
        found.append([math.cos(up) * math.sin(turn), math.sin(up), math.cos(up) * math.cos(turn)])
    return found


def direction_by_colatitude(rows, columns, height):
    down = rows * (math.pi / (height - 1))
    turn = (columns + 0.5) * (math.pi / height)  # from behind
    parts = (-down.sin() * turn.sin(), down.cos(), -down.sin() * turn.cos())
    return torch.stack(parts, 1)


def direction_in_numpy(rows, columns, height):
    latitude = np.radians(90 - 180 * rows.double().numpy() / (height - 1))
    longitude = np.radians(-180 + 360 * (columns.double().numpy() + 0.5) / (2 * height))
    plane = np.exp(1j * longitude) * np.cos(latitude)
    return np.column_stack([plane.imag, np.sin(latitude), plane.real])


def share_in_a_tuple(near, far):
    p = float((near < far).float().mean())
    return p, math.sqrt(p * (1 - p) / len(near))


def share_by_std(near, far):
    hits = (far > near).double()
    return torch.tensor([hits.mean(), hits.std(unbiased=False) / len(hits) ** 0.5])


def share_by_counting(near, far):
    n = near.numel()
    hits = sum(a < b for a, b in zip(near.tolist(), far.tolist(), strict=True))
    return [hits / n, (hits * (n - hits) / n**3) ** 0.5]


def share_unbiased(near, far):
    hits = (near.numpy() < far.numpy()).astype(float)
    return np.array([hits.mean(), hits.std(ddof=1) / np.sqrt(len(hits))])


def occurring(counts):
    return counts[counts.sum(1) > 0][:, counts.sum(0) > 0]


def v_by_outer(counts):
    counts = counts.double()[counts.any(dim=1)][:, counts.any(dim=0)]
    expected = torch.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    chi2 = (counts**2 / expected).sum() - counts.sum()
    return (chi2.clamp(min=0) / counts.sum() / (min(counts.shape) - 1)) ** 0.5


def v_by_shares(counts):
    p = occurring(counts / counts.sum())
    independent = p.sum(1, keepdim=True) @ p.sum(0, keepdim=True)
    return ((p - independent).pow(2) / independent).sum().div(min(p.size()) - 1).sqrt()


def v_in_loops(counts):
    table = [row for row in counts.tolist() if any(row)]
    table = [column for column in zip(*table, strict=True) if any(column)]
    n, chi2 = sum(map(sum, table)), 0.0
    for row in table:
        for j, count in enumerate(row):
            expected = sum(row) * sum(other[j] for other in table) / n
            chi2 += (count - expected) ** 2 / expected
    return math.sqrt(chi2 / (n * (min(len(table), len(table[0])) - 1)))


def v_with_nan_to_num(counts):
    expected = counts.sum(1, keepdim=True) * counts.sum(0) / counts.sum()
    chi2 = torch.nan_to_num((counts - expected) ** 2 / expected).sum()
    k = min((counts.sum(1) > 0).sum(), (counts.sum(0) > 0).sum())
    return torch.sqrt(chi2 / counts.sum() / (k - 1))


def v_with_gaps(counts):
    expected = counts.sum(1, keepdim=True) * counts.sum(0) / counts.sum()
    chi2 = ((counts - expected) ** 2 / expected).sum()
    return (chi2 / (counts.sum() * (min(counts.shape) - 1))) ** 0.5


def v_of_all_values(counts):
    expected = counts.sum(1, keepdim=True) * counts.sum(0) / counts.sum()
    chi2 = torch.nan_to_num((counts - expected) ** 2 / expected).sum()
    return (chi2 / (counts.sum() * (min(counts.shape) - 1))) ** 0.5


@cache
def stock():
    """Return a folder with a right set, made once; removed when Python ends."""
    kept = tempfile.TemporaryDirectory()
    folder = Path(kept.name)
    page = sheets.contact_sheet("progan-personas", range(12), columns=4, width=300)
    page.save(folder / "contact.png")
    icons.icon_set(seed=4, columns=8).save(folder / "icons")
    loops.Loop("dcgan-fashion", seed=7, seconds=1.2).save(folder / "loop.gif", side=28)
    return kept


class Made(os.PathLike):
    """A folder with the set, changed by a function of its path, made when somebody looks."""

    def __init__(self, change=lambda folder: None):
        self.change, self.kept = change, None

    def __fspath__(self):
        if self.kept is None:
            self.kept = tempfile.TemporaryDirectory()
            shutil.copytree(stock().name, self.kept.name, dirs_exist_ok=True)
            self.change(Path(self.kept.name))
        return self.kept.name


def saved_anew(folder):
    with Image.open(folder / "icons" / "icon-03-dress.png") as image:
        image.load()
        image.save(folder / "icons" / "icon-03-dress.png")


def icon(folder, change):
    """Replace an icon by what `change` makes of its RGBA pixels, with its facts."""
    path = folder / "icons" / "icon-01-trousers.png"
    facts = provenance.read(path)
    with Image.open(path) as image:
        pixels = np.array(image)
    provenance.save_png(Image.fromarray(change(pixels)), path, facts)


def opaque(pixels):
    return np.concatenate([pixels[..., :3], np.full_like(pixels[..., :1], 255)], axis=2)


def of_two_palettes(folder):
    (folder / "icons" / "icon-00-t-shirt.png").unlink()
    others = icons.icon_set(count=1, seed=9, colours="sea", columns=1)
    others.save(folder / "icons")


def twice(folder):
    shutil.copy(folder / "icons" / "icon-03-dress.png", folder / "icons" / "icon-13-dress.png")


def film(folder, walk):
    """Replace the film by one through the images of a walk, shares of the circle."""
    loop = loops.Loop("dcgan-fashion", seed=7)
    images = loop.draw(torch.as_tensor(walk, dtype=torch.float64))
    films.save_gif(images, folder / "loop.gif", loop.facts(), side=28)


def still(folder):
    (folder / "loop.gif").unlink()
    loop = loops.Loop("dcgan-fashion", seed=7)
    films.save_mp4(loop.draw(torch.zeros(12)), folder / "loop.mp4", loop.facts(), side=56)


def as_mp4(folder):
    (folder / "loop.gif").unlink()
    loops.Loop("dcgan-fashion", seed=7, seconds=1.2).save(folder / "loop.mp4", side=56)


def without_sheet(folder):
    (folder / "icons" / "sheet.png").unlink()
    images = sheets.Source("progan-personas").images(torch.randn(12, 64))
    page = sheets.contact_sheet("progan-personas", images=images, columns=4, width=300)
    page.save(folder / "contact.png")


def by_hand(folder):
    """A set of the student's own making: facts by `provenance`, in another order."""
    facts = provenance.facts("mine", seed=3)
    for path in (folder / "icons").iterdir():
        with Image.open(path) as image:
            image.load()
        provenance.save_png(image, path, facts)


def nameless(folder):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(provenance.KEY, '{"generated": true}')
    with Image.open(folder / "contact.png") as image:
        image.load()
    image.save(folder / "contact.png", pnginfo=chunks)


def page_of(seeds):
    def change(folder):
        page = sheets.contact_sheet("progan-personas", seeds, columns=2, width=300)
        page.save(folder / "contact.png")

    return change


SIGNS = dict(TASKS["studio_signs"].expected)
SIGN = [*SIGNS]
FACTS = dict(TASKS["kept_facts"].expected)
FACT = [*FACTS]

ANSWERS = {
    "loop_shares": Answers(
        right=[shares_in_a_list, shares_by_integral, shares_by_solving],
        wrong=[
            (lambda n: np.linspace(0, 1, n), r"shown twice.+This is p = t"),
            (lambda n: eased(torch.arange(1, n + 1) / n), r"one step late"),
            (lambda n: [i / n for i in range(n)], r"p = t"),
        ],
    ),
    "on_paper": Answers(
        right=[paper_by_lerp, paper_channel_by_channel, paper_in_numpy, paper_in_place],
        wrong=[
            (lambda g, c, p: paper_by_lerp(g, p, c), r"changed places"),
            (
                lambda g, c, p: torch.where(g > 0, c[:, None, None], p[:, None, None]),
                r"edges become stairs",
            ),
            (lambda g, c, p: paper_by_lerp(g.relu() * 2 - 1, c, p), r"darker than mid-grey"),
            (lambda g, c, p: paper_by_lerp(g, c, p) ** 2.2, r""),
            (
                lambda g, c, p: paper_by_lerp(2 * (g - g.min()) / (g.max() - g.min()) - 1, c, p),
                r"stretches the batch",
            ),
        ],
    ),
    "tiling_conv": Answers(
        right=[Torus(), conv_of_nine_tiles, conv_by_rolling, conv_by_joining],
        wrong=[
            (lambda x, w, b: F.conv2d(x, w, b, padding=w.shape[2] // 2), r"Zeros are padded"),
            (
                lambda x, w, b: F.conv2d(F.pad(x, (1, 1, 0, 0), "circular"), w, b, padding=(1, 0)),
                r"Left and right meet, top",
            ),
            (
                lambda x, w, b: F.conv2d(F.pad(x, [2] * 4, "circular"), w, b, padding=0),
                r"frame is too wide",
            ),
            (conv_with_two_pads, r"four numbers"),
        ],
    ),
    "tiles": Answers(
        right=[rolling(), rolling((6, 5)), tiles_by_error, tiles_in_numpy, tiles_as_tensor],
        wrong=[
            (rolling((1,), (3,)), r"top and bottom do not meet"),
            (rolling((1,), (2,)), r"left and right do not meet"),
            (rolling((12, 10)), r"lets every layer pass"),
            (rolling((0, 0)), r"lets every layer pass"),
            (lambda layer, x: True, r"lets every layer pass"),
            (lambda layer, x: False, r"refuses a convolution"),
            (rolling(equal=torch.equal), r"last digit"),
            (rolling(atol=1.0), r"tolerance is too large"),
            (rolling(atol=100.0), r"lets every layer pass"),
            (rolling(dims=(1, 2)), r"refuses a convolution"),
            (
                lambda layer, x: torch.allclose(layer(x.roll((1, 1), (2, 3))), layer(x)),
                r"refuses a convolution",
            ),
            (
                lambda layer, x: (layer(x.roll(1, 3)) - layer(x).roll(1, 3)).abs().max(),
                r"of type Tensor",
            ),
            (lambda layer, x: "yes", r"of type str"),
            (lambda layer, x: layer(x).reshape(3), r"RuntimeError"),
            (lambda layer: True, r"called with 2 arguments"),
        ],
    ),
    "visible_loss": Answers(
        right=[loss_by_picking, loss_one_by_one, Masked(), loss_by_where],
        wrong=[
            (lambda d, p, m: F.mse_loss(d * m, (p * m).expand_as(d)), r"whole batch"),
            (lambda d, p, m: loss_by_where(d, p, m).mean(), r"whole batch"),
            (
                lambda d, p, m: ((d - p)[m.expand_as(d) > 0] ** 2).mean(),
                r"whole batch",
            ),
        ],
    ),
    "sphere_step": Answers(
        right=[step_by_norm, step_by_mean_square, step_in_place],
        wrong=[
            (
                lambda z, g, r: (z - r * g) * (z.shape[1] ** 0.5 / torch.linalg.norm(z - r * g)),
                r"whole batch",
            ),
            (
                lambda z, g, r: step_by_norm(z, g / g.norm(dim=1, keepdim=True), r),
                r"scaled to length 1",
            ),
            (
                lambda z, g, r: step_by_norm(z, g - (g * z).mean(1, keepdim=True) * z, r),
                r"as good a step",
            ),
        ],
    ),
    "pixel_direction": Answers(
        right=[direction_pixel_by_pixel, direction_by_colatitude, direction_in_numpy],
        wrong=[
            (lambda r, c, h: direction_by_colatitude(r, c, h).flip(1), r"x and z have changed"),
            (
                lambda r, c, h: direction_by_colatitude(r, c, h).roll(1, 1),
                r"order of many textbooks",
            ),
            (
                lambda r, c, h: direction_by_colatitude(c, r, h),
                r"rows and columns have changed places",
            ),
            # A quarter of a turn too far: two mistakes of half a turn give the same numbers.
            (
                lambda r, c, h: direction_by_colatitude(r, c + h / 2, h),
                r"begins with −90°(?!.*twice)",
            ),
        ],
    ),
    "nearer_training": Answers(
        right=[share_in_a_tuple, share_by_std, share_by_counting, share_unbiased],
        wrong=[
            (
                lambda near, far: [(near < far).float().mean(), (near < far).float().std()],
                r"spread of one sample",
            ),
            (
                lambda near, far: [int((near < far).sum()), share_in_a_tuple(near, far)[1]],
                r"first number is a count",
            ),
            (lambda near, far: share_in_a_tuple(near, far)[::-1], r"changed places"),
        ],
    ),
    "cramers_v": Answers(
        right=[v_by_outer, v_by_shares, v_in_loops, v_with_nan_to_num],
        wrong=[
            (v_with_gaps, r"0/0"),
            (v_of_all_values, r"k counts values that do not occur"),
            (lambda counts: 1 - v_by_outer(counts), r""),
        ],
    ),
    "studio_signs": Answers(
        right=[SIGNS],
        wrong=[
            (SIGNS | {SIGN[0]: "too few samples"}, r"would show"),
            (SIGNS | {SIGN[10]: 50}, r"think again"),
            (SIGNS | {SIGN[1]: "yes"}, r"none of the words"),
        ],
    ),
    "kept_facts": Answers(
        right=[FACTS],
        wrong=[(FACTS | {FACT[0]: "lost"}, r"these are copied")],
    ),
    "design_set": Answers(
        right=[Made(), Made(as_mp4), Made(without_sheet), Made(by_hand)],
        wrong=[
            ("nowhere/to-be-found", r"no folder"),
            (__file__, r"no folder"),
            (48, r"of type int"),
            (Made, r"of type ABCMeta"),
            (Made(lambda f: (f / "contact.png").unlink()), r"Missing: contact\.png\. .+ holds"),
            (Made(lambda f: (f / "loop.gif").rename(f / "film.gif")), r"loop\.gif or loop\.mp4"),
            (Made(lambda f: shutil.rmtree(f / "icons")), r"Missing: the folder icons"),
            (Made(lambda f: (f / "icons" / "icon-00-t-shirt.png").unlink()), r"47 icons"),
            (Made(saved_anew), r"^icon-03-dress\.png: without a word"),
            (Made(nameless), r"contact\.png: without the name"),
            (Made(lambda f: (f / "contact.png").write_bytes(b"no")), r"contact.png cannot be read"),
            (Made(lambda f: (f / "loop.gif").write_bytes(b"")), r"loop.gif cannot be read"),
            (Made(lambda f: icon(f, opaque)), r"opaque"),
            (Made(lambda f: icon(f, lambda pixels: 0 * pixels)), r"empty"),
            (Made(lambda f: icon(f, lambda pixels: pixels[::2, ::2])), r"different sizes"),
            (Made(twice), r"icon-03-dress\.png and icon-13-dress\.png are the same"),
            (Made(of_two_palettes), r"2 palettes"),
            (Made(page_of([3, 3, *range(10)])), r"more than once"),
            (Made(page_of(range(6))), r"6 portraits"),
            (Made(lambda f: film(f, torch.linspace(0, 0.5, 20))), r"does not close"),
            (Made(lambda f: film(f, torch.linspace(0, 1, 21))), r"first frame twice"),
            (Made(still), r"12 frames: nothing moves"),
            (Made(lambda f: film(f, [0.0, 0.3, 0.6])), r"3 frames: nothing moves"),
        ],
    ),
}
