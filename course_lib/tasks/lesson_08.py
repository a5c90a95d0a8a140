"""Tasks of lesson 08: loops, icons, tiles, completion, a room; memory, bias, files that tell."""

import math

import torch
from torch.nn import functional as F

from course_lib.studio import icons, loops, sheets
from course_lib.tasks.comparing import Case
from course_lib.tasks.deliverables import answers_the_brief, tells_seams
from course_lib.tasks.inputs import DTYPES, normal, told, uniform
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial


def loop_shares(frames):
    t = torch.arange(frames, dtype=torch.float64) / frames  # 0 to one step before 1
    return 3 * t**2 - 2 * t**3  # from rest to rest


def on_paper(grey, colour, paper):
    alpha = (grey + 1) / 2  # (N, 1, H, W): how much garment there is
    return alpha * colour[:, None, None] + (1 - alpha) * paper[:, None, None]


def tiling_conv(x, weight, bias):
    frame = weight.shape[2] // 2  # 1 for a 3×3 kernel, 2 for 5×5
    return F.conv2d(F.pad(x, (frame,) * 4, mode="circular"), weight, bias)


def tiles(layer, image):
    shift = {"shifts": (3, 2), "dims": (2, 3)}
    return torch.allclose(layer(image.roll(**shift)), layer(image).roll(**shift), atol=1e-5)


def visible_loss(drawn, portrait, mask):
    squares = (drawn - portrait).square() * mask  # 0 in the hole
    return squares.sum(dim=(1, 2, 3)) / (mask.sum() * drawn.shape[1])


def sphere_step(z, gradient, rate):
    return F.normalize(z - rate * gradient, dim=1) * math.sqrt(z.shape[1])


def pixel_direction(rows, columns, height):
    latitude = math.pi / 2 - rows / (height - 1) * math.pi  # +90° to −90°
    longitude = ((columns + 0.5) / height - 1) * math.pi  # −180° to 180°
    level = latitude.cos()
    xyz = level * longitude.sin(), latitude.sin(), level * longitude.cos()
    return torch.stack(xyz, dim=-1)


def nearer_training(near, far):
    share = (near < far).double().mean()
    return torch.stack([share, (share * (1 - share) / len(near)).sqrt()])


def cramers_v(counts):
    counts = counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0]  # values that occur
    n = counts.sum()
    expected = counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) / n
    chi2 = ((counts - expected).square() / expected).sum()
    return (chi2 / (n * (min(counts.shape) - 1))).sqrt()


def design_set(folder):
    page = sheets.contact_sheet("progan-personas", range(12), columns=4, width=600)
    page.save(folder / "contact.png")
    icons.icon_set(seed=4, colours="terracotta").save(folder / "icons")
    loops.Loop("progan-personas", seed=7, easing="four rests").save(folder / "loop.gif")
    return folder


def _frame_cases() -> list[Case]:
    return [Case((frames,), f"frames = {frames}") for frames in (4, 3, 25, 96)]


def _paper_cases() -> list[Case]:
    cases = []
    for seed, shape in enumerate(((4, 1, 5, 7), (1, 1, 6, 2), (3, 1, 3, 3))):
        for dtype in DTYPES:
            grey = 2 * uniform(seed, *shape, dtype=dtype) - 1
            grey[..., 0, 0], grey[..., -1, -1] = -1, 1  # nothing but paper, nothing but garment
            colour, paper = uniform(seed + 20, 2, 3, dtype=dtype)
            where = f"grey of shape {shape}, {told(dtype)}"
            cases.append(Case((grey, colour, paper), where))
    return cases


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


def _sphere_cases() -> list[Case]:
    cases = []
    for seed, (n, size, rate) in enumerate(((5, 8, 0.3), (3, 64, 2.0), (1, 16, 0.5), (4, 4, 1.0))):
        for dtype in DTYPES:
            z = F.normalize(normal(seed, n, size), dim=1) * math.sqrt(size)
            gradient = normal(seed + 10, n, size, dtype=dtype)
            where = f"z of shape ({n}, {size}), rate = {rate}, {told(dtype)}"
            cases.append(Case((z.to(dtype), gradient, rate), where))
    return cases


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


def _times(frames):
    return torch.arange(frames, dtype=torch.float64) / frames


def _cubic(t):
    return 3 * t**2 - 2 * t**3


def _with_end(frames):
    return torch.linspace(0, 1, frames, dtype=torch.float64)


def _alpha(grey):
    return (grey + 1) / 2


def _mixed(alpha, colour, paper):
    return alpha * colour[:, None, None] + (1 - alpha) * paper[:, None, None]


def _framed(rows, columns, frame=None):
    """Return the convolution with a padding mode for either axis; None pads as k needs it."""

    def wrong(x, weight, bias):
        k = frame or weight.shape[2] // 2
        return F.conv2d(F.pad(F.pad(x, (0, 0, k, k), rows), (k, k, 0, 0), columns), weight, bias)

    return wrong


def _printed(x, weight, bias):
    x = F.conv2d(x, weight, bias, padding=1)
    return F.pad(x[..., 1:-1], (1, 1, 0, 0), mode="circular")


def _padded_late(x, weight, bias):
    return F.pad(F.conv2d(x, weight, bias), (weight.shape[2] // 2,) * 4, mode="circular")


def _columns_alone(x, weight, bias):
    k = weight.shape[2] // 2
    return F.conv2d(F.pad(x, (k, k, 0, 0), mode="circular"), weight, bias)


def _whole_kernel(x, weight, bias):
    return F.conv2d(F.pad(x, (weight.shape[2] - 1,) * 4, mode="circular"), weight, bias)


def _circular_and_zeros(x, weight, bias):
    k = weight.shape[2] // 2
    return F.conv2d(F.pad(x, (k,) * 4, mode="circular"), weight, bias, padding=k)


def _squares(drawn, portrait, mask):
    return (drawn - portrait).square() * mask


def _numbers(drawn, mask):
    return mask.sum() * drawn.shape[1]


def _to_sphere(z):
    return F.normalize(z, dim=1) * math.sqrt(z.shape[1])


def _tangent(z, gradient):
    return gradient - (gradient * z).sum(dim=1, keepdim=True) / z.shape[1] * z


def _angles(rows, columns, height):
    latitude = math.pi / 2 - rows / (height - 1) * math.pi
    return latitude, ((columns + 0.5) / height - 1) * math.pi


def _unit(latitude, longitude):
    level = latitude.cos()
    return torch.stack([level * longitude.sin(), latitude.sin(), level * longitude.cos()], dim=-1)


def _degrees(rows, columns, height):
    latitude, longitude = (angle.rad2deg() for angle in _angles(rows, columns, height))
    return _unit(latitude, longitude)


def _not_unit(rows, columns, height):
    latitude, longitude = _angles(rows, columns, height)
    return torch.stack([longitude.sin(), latitude.sin(), longitude.cos()], dim=-1)


def _only_x_shrinks(rows, columns, height):
    latitude, longitude = _angles(rows, columns, height)
    return torch.stack([latitude.cos() * longitude.sin(), latitude.sin(), longitude.cos()], dim=-1)


def _share_and_error(share, n):
    return torch.stack([share, (share * (1 - share) / n).sqrt()])


def _unbiased(near, far):
    share = (near < far).double().mean()
    return torch.stack([share, (share * (1 - share) / (len(near) - 1)).sqrt()])


def _share(near, far):
    return (near < far).double().mean()


def _with_error(error):
    """Return nearer_training with another error of the share p of n."""

    def wrong(near, far):
        share = _share(near, far)
        return torch.stack([share, torch.as_tensor(error(share, len(near))).double()])

    return wrong


def _chi2(counts, expected):
    return ((counts - expected).square() / expected).sum()


def _occurring(counts):
    return counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0]


def _expected(counts):
    return counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) / counts.sum()


def _v(counts, divisor):
    """Return the root of χ² over a divisor, a function of the table of values that occur."""
    counts = _occurring(counts)
    return (_chi2(counts, _expected(counts)) / divisor(counts)).sqrt()


def _full_k(counts):
    found = _occurring(counts)
    chi2 = _chi2(found, _expected(found))
    return (chi2 / (found.sum() * (min(counts.shape) - 1))).sqrt()


def _gaps_kept(counts):
    return (_chi2(counts, _expected(counts)) / (counts.sum() * (min(counts.shape) - 1))).sqrt()


def _by_counts(counts):
    counts = _occurring(counts)
    terms = (counts - _expected(counts)).square() / counts
    chi2 = torch.where(counts > 0, terms, 0).sum()
    return (chi2 / (counts.sum() * (min(counts.shape) - 1))).sqrt()


def _even_expected(counts):
    counts = _occurring(counts)
    expected = torch.full_like(counts, float(counts.mean()))
    return (_chi2(counts, expected) / (counts.sum() * (min(counts.shape) - 1))).sqrt()


def _no_square(counts):
    counts = _occurring(counts)
    expected = _expected(counts)
    chi2 = ((counts - expected).abs() / expected).sum()
    return (chi2 / (counts.sum() * (min(counts.shape) - 1))).sqrt()


def _smaller_less_one(counts):
    return counts.sum() * (min(counts.shape) - 1)


_DOUBLED = (
    "The last frame stands at t = 1, where the film is at its first again: one picture is shown "
    "twice. The last one belongs one step before 1."
)
_LATE = "The first frame belongs to t = 0; here it comes one step late."
_EVEN = "This is p = t, always the same speed. From rest to rest means p′(0) = p′(1) = 0."
_TWICE = (
    "α is multiplied in twice: colours that were weighed with α when the icon was stored are "
    "weighed again on the paper. That makes the dark rims of bad cut-outs."
)
_HOLE = "The hole is read: what stands there must have no influence. Multiply the squares by mask."
_BATCH = "This is one number for the whole batch; each image has an error of its own, (N,)."
_ZEROS = (
    "Zeros are padded: at the edges the kernel sees a grey frame instead of the next tile's pixels."
)
_LEFT_RIGHT = "Left and right meet, top and bottom do not: F.pad takes (left, right, top, bottom)."
_TOP_BOTTOM = "Top and bottom meet, left and right do not: F.pad takes (left, right, top, bottom)."
_ROOT = "The root is missing: V² = χ²/(N(k − 1))."

TASKS = [
    FunctionTask(
        name="loop_shares",
        lesson="08",
        answer=loop_shares,
        cases=_frame_cases,
        why="The step over the seam is a step like any other, and nobody sees where the film "
        "begins.",
        hints=(
            "Which frame comes after the last one, and at which t would it stand?",
            "N frames share a round out evenly: t = 0, 1/N, …, (N − 1)/N. For the cubic: p(0) = "
            "p′(0) = 0 leaves p = at² + bt³; then p(1) = 1 and p′(1) = 0.",
            "t = torch.arange(frames) / frames; a + b = 1 and 2a + 3b = 0 give a = 3, b = −2.",
        ),
        explanation="t = 1 is t = 0 of the next round, so it is left out. a + b = 1 and 2a + 3b = "
        "0 give p = 3t² − 2t³: at rest at both ends, so the speed has no jump at the seam either.",
        mistakes=[
            (lambda n: _cubic(_with_end(n)), _DOUBLED),
            (_with_end, _DOUBLED + " And " + _EVEN[0].lower() + _EVEN[1:]),
            (
                lambda n: _cubic(_with_end(n + 1)),
                "One frame too many: the last one is the first again.",
            ),
            (
                lambda n: _cubic(_with_end(n + 1))[1:],
                _LATE,
            ),
            (
                lambda n: _cubic(_times(n) + 0.5 / n),
                "The frames stand half a step late: the first belongs to t = 0.",
            ),
            (
                lambda n: _cubic(torch.arange(n - 1, dtype=torch.float64) / (n - 1)),
                "One frame too few: `frames` of them share the round, at t = i/frames.",
            ),
            (_times, _EVEN),
            (
                lambda n: _times(n) ** 2,
                "t² starts from rest and arrives at speed 2: the film jolts at the seam. p′(1) = 0 "
                "is wanted too.",
            ),
            (
                lambda n: _times(n) ** 3,
                "t³ starts from rest and arrives at speed 3: the film jolts at the seam. p′(1) = 0 "
                "is wanted too.",
            ),
            (
                lambda n: 3 * _times(n) ** 2 + 2 * _times(n) ** 3,
                "The sign of the cubic term: a + b = 1 and 2a + 3b = 0 give b = −2.",
            ),
            (
                lambda n: 2 * _times(n) ** 2 - 3 * _times(n) ** 3,
                "a and b have changed places: a + b = 1 and 2a + 3b = 0.",
            ),
            (
                lambda n: 2 * _times(n) ** 3 - 3 * _times(n) ** 2,
                "The signs are exchanged: p(1) should be 1.",
            ),
            (
                lambda n: (1 - torch.cos(math.pi * _times(n))) / 2,
                "This cosine goes from rest to rest too, but the task asks for the cubic.",
            ),
            (
                lambda n: (1 - torch.cos(2 * math.pi * _times(n))) / 2,
                "This goes there and back again; p goes once around, from 0 to 1.",
            ),
            (
                lambda n: (1 - torch.cos(2 * math.pi * _times(n))) / 4,
                "This is the lesson's “breathe”, there and back; p goes once around, from 0 to 1.",
            ),
            (
                lambda n: 6 * _times(n) ** 5 - 15 * _times(n) ** 4 + 10 * _times(n) ** 3,
                "This goes from rest to rest, but is of degree 5; the task asks for the cubic.",
            ),
            (
                lambda n: _cubic(_times(n) * n),
                "t runs from 0 to 1: divide the frame's number by `frames`.",
            ),
            (
                lambda n: 2 * math.pi * _cubic(_times(n)),
                "These are angles, up to 2π; shares go up to 1.",
            ),
            (
                lambda n: 360 * _cubic(_times(n)),
                "These are degrees; shares go up to 1.",
            ),
            (
                lambda n: 6 * _times(n) - 6 * _times(n) ** 2,
                "This is the speed p′; the share p is wanted.",
            ),
        ],
    ),
    FunctionTask(
        name="on_paper",
        lesson="08",
        answer=on_paper,
        cases=_paper_cases,
        why="An edge that is half garment is half paper, on white and on black: no box around the "
        "icon, and no rim.",
        hints=(
            "A pixel is half garment. Which share of its colour is the icon's, and which is the "
            "paper's? How often does the half come in?",
            "alpha = (grey + 1) / 2, (N, 1, H, W). Colours need the shape (3, 1, 1) beside it.",
            "alpha * colour[:, None, None] + (1 - alpha) * paper[:, None, None].",
        ),
        explanation="The weights α and 1 − α add up to 1, so that α = 0 is paper and α = 1 is "
        "colour. A file holds either the plain colour and α (PNG), or α·colour and α "
        "(premultiplied); who takes one for the other multiplies by α twice, or not at all.",
        mistakes=[
            (
                lambda grey, colour, paper: (
                    _alpha(grey) ** 2 * colour[:, None, None]
                    + (1 - _alpha(grey)) * paper[:, None, None]
                ),
                _TWICE,
            ),
            (
                lambda grey, colour, paper: _mixed(grey, colour, paper),
                "grey is from −1 to 1; α is from 0 to 1, (grey + 1)/2.",
            ),
            (
                lambda grey, colour, paper: _mixed(grey.clamp(0, 1), colour, paper),
                "All that is darker than mid-grey becomes paper; α is (grey + 1)/2, 0 at −1 alone.",
            ),
            (
                lambda grey, colour, paper: _mixed(grey.abs(), colour, paper),
                "The absolute value makes −1 as full as 1; α is (grey + 1)/2.",
            ),
            (
                lambda grey, colour, paper: _mixed(1 - _alpha(grey), colour, paper),
                "Colour and paper have changed places: where grey is −1, there is paper.",
            ),
            (
                lambda grey, colour, paper: _alpha(grey) * colour[:, None, None],
                "There is no paper under it: this is the icon on black.",
            ),
            (
                lambda grey, colour, paper: (
                    _alpha(grey) * colour[:, None, None] + paper[:, None, None]
                ),
                "The paper shines through where the garment covers it: its share is 1 − α.",
            ),
            (
                lambda grey, colour, paper: (
                    colour[:, None, None] + (1 - _alpha(grey)) * paper[:, None, None]
                ),
                "The colour comes in full wherever the garment is thin: its share is α. (This is "
                "the formula for colours that are stored as α·colour.)",
            ),
            (
                lambda grey, colour, paper: (
                    _alpha(grey) * colour[:, None, None]
                    + (1 - _alpha(grey)) * colour[:, None, None] * paper[:, None, None]
                ),
                "The paper is multiplied by the colour, as through tinted glass; where there is no "
                "garment, the paper stays as it is.",
            ),
            (
                lambda grey, colour, paper: (
                    _alpha(grey) * colour[:, None, None] * paper[:, None, None]
                ),
                "Colour and paper are multiplied; they are mixed, with the weights α and 1 − α.",
            ),
            (
                lambda grey, colour, paper: _mixed((grey > 0).to(grey), colour, paper),
                "Every pixel is all garment or all paper: edges become stairs. α may be anything "
                "between 0 and 1.",
            ),
            (
                lambda grey, colour, paper: 2 * on_paper(grey, colour, paper) - 1,
                "These are from −1 to 1; colours are from 0 to 1 here.",
            ),
            (
                lambda grey, colour, paper: 255 * on_paper(grey, colour, paper),
                "These are from 0 to 255; colours are from 0 to 1 here.",
            ),
            (
                lambda grey, colour, paper: torch.cat(
                    [on_paper(grey, colour, paper), _alpha(grey)], dim=1
                ),
                "On paper nothing is transparent any more: return three channels.",
            ),
            (
                lambda grey, colour, paper: torch.cat(
                    [colour[:, None, None].expand(len(grey), -1, *grey.shape[2:]), _alpha(grey)],
                    dim=1,
                ),
                "This is the transparent icon, with four channels; lay it on the paper.",
            ),
            (
                lambda grey, colour, paper: _alpha(grey) * colour + (1 - _alpha(grey)) * paper,
                "A colour (3,) stands along the columns here; the channels are axis 1: "
                "colour[:, None, None].",
            ),
        ],
    ),
    FunctionTask(
        name="tiling_conv",
        lesson="08",
        answer=tiling_conv,
        cases=_tiling_cases,
        why="On a torus there is no edge: the layer does the same at every pixel, so whatever it "
        "draws tiles.",
        hints=(
            "Which pixels does the kernel see at the top left corner? Which should it see, if the "
            "tile is repeated?",
            "Three faults: zeros come in before the convolution, the frame is copied after it, "
            "and to the left and right only. And how wide is the frame of a 5×5 kernel?",
            "k = weight.shape[2] // 2; x = F.pad(x, (k, k, k, k), mode='circular'); "
            "F.conv2d(x, weight, bias), without padding.",
        ),
        explanation="F.pad takes (left, right, top, bottom). Around the edges first, then a "
        "convolution that pads nothing: each output sees k//2 pixels to either side, those of the "
        "next tile among them.",
        mistakes=[
            (
                _printed,
                "This is the code as it was printed: zeros come in first, and a copied frame "
                "after the convolution does not take them out.",
            ),
            (_framed("constant", "constant"), _ZEROS),
            (_framed("constant", "constant", 1), _ZEROS),
            (_framed("constant", "circular"), _LEFT_RIGHT),
            (_framed("constant", "circular", 1), _LEFT_RIGHT),
            (_columns_alone, _LEFT_RIGHT),
            (_framed("circular", "constant"), _TOP_BOTTOM),
            (_framed("circular", "constant", 1), _TOP_BOTTOM),
            (
                _framed("reflect", "reflect"),
                "Reflection shows the kernel the tile's own pixels mirrored; the next tile begins "
                "with those of the other side.",
            ),
            (
                _framed("replicate", "replicate"),
                "The edge pixel is repeated; the next tile begins with those of the other side.",
            ),
            (
                _padded_late,
                "The frame is copied after the convolution: the size is right, and the pixels next "
                "to the seam were never computed. Pad first.",
            ),
            (
                _circular_and_zeros,
                "It is padded twice: after F.pad the convolution needs no padding of its own.",
            ),
            (
                _whole_kernel,
                "The frame is too wide: half a kernel, k // 2, on each side.",
            ),
            (
                _framed("circular", "circular", 1),
                "A frame of 1 is right for 3×3 alone; a kernel of k×k sees k // 2 pixels on each "
                "side.",
            ),
            (
                lambda x, w, b: F.conv2d(x, w, b),
                "Without a frame the image shrinks by k − 1.",
            ),
            (
                lambda x, w, b: tiling_conv(x, w, 0 * b),
                "The bias is missing.",
            ),
            (
                lambda x, w, b: tiling_conv(x, w.flip(2, 3), b),
                "The kernel is flipped: F.conv2d does not flip it, and the weights were learnt so.",
            ),
            (
                lambda x, w, b: tiling_conv(x.detach(), w, b),
                "x is detached: no layer before this one would learn.",
            ),
        ],
    ),
    Trial(
        name="tiles",
        lesson="08",
        why="Rolling and the layer commute: that is what “there is no seam” means, and it needs "
        "no eye.",
        hints=(
            "If the picture is a torus, what does rolling it change in what the layer does?",
            "Nothing but the place: layer(rolled image) is the rolled layer(image). Along which "
            "axes do you have to roll?",
            "torch.allclose(layer(image.roll((3, 2), (2, 3))), layer(image).roll((3, 2), (2, 3)), "
            "atol=1e-5).",
        ),
        explanation="A convolution on a torus commutes with rolling; zeros at an edge stay where "
        "they are when the image moves. Roll along both axes, and allow for rounding, but for no "
        "more.",
        answer=tiles,
        trial=tells_seams,
        arguments=2,
    ),
    FunctionTask(
        name="visible_loss",
        lesson="08",
        answer=visible_loss,
        cases=_visible_cases,
        why="Two holes of different sizes give errors that can be compared, and nothing that was "
        "hidden has leaked into the search.",
        hints=(
            "How many numbers are compared? And which of them does the search have no right to "
            "know?",
            "Squares times mask, summed over channels, rows and columns for each image. Three "
            "channels share one mask: how many numbers is that?",
            "squares = (drawn - portrait).square() * mask; squares.sum(dim=(1, 2, 3)) / "
            "(mask.sum() * drawn.shape[1]).",
        ),
        explanation="The mask is (1, 1, H, W), so every visible pixel stands for as many numbers "
        "as there are channels. One error for each image: every z gets the gradient of its own.",
        mistakes=[
            (
                lambda d, p, m: _squares(d, p, m).mean(dim=(1, 2, 3)),
                "This divides by all pixels: the larger the hole, the better everything seems to "
                "fit. Divide by the visible ones.",
            ),
            (
                lambda d, p, m: (d - p).square().mean(dim=(1, 2, 3)),
                _HOLE,
            ),
            (
                lambda d, p, m: (d - p).square().sum(dim=(1, 2, 3)) / _numbers(d, m),
                _HOLE,
            ),
            (
                lambda d, p, m: _squares(d * m, p, 1).sum(dim=(1, 2, 3)) / _numbers(d, m),
                "The hole of the portrait is compared with 0: the mask belongs to the difference, "
                "not to one of the two.",
            ),
            (
                lambda d, p, m: _squares(d, p * m, 1).sum(dim=(1, 2, 3)) / _numbers(d, m),
                "What is drawn in the hole is pulled to 0: the mask belongs to the difference, "
                "not to one of the two.",
            ),
            (
                lambda d, p, m: _squares(d, p * m, 1).mean(dim=(1, 2, 3)),
                "What is drawn in the hole is pulled to 0: the mask belongs to the difference, "
                "not to one of the two.",
            ),
            (
                lambda d, p, m: _squares(d, p, 1 - m).sum(dim=(1, 2, 3)) / _numbers(d, 1 - m),
                "This is the error in the hole: mask is 1 where the portrait is visible.",
            ),
            (
                lambda d, p, m: _squares(d, p, 1 - m).mean(dim=(1, 2, 3)),
                "This is the error in the hole: mask is 1 where the portrait is visible.",
            ),
            (
                lambda d, p, m: _squares(d, p, m).sum(dim=(1, 2, 3)),
                "This is a sum: divide by the visible numbers, so that holes of different sizes "
                "can be compared.",
            ),
            (
                lambda d, p, m: _squares(d, p, m).sum(dim=(1, 2, 3)) / m.sum(),
                "The mask is counted once, and holds for each channel: divide by "
                "mask.sum() * channels.",
            ),
            (
                lambda d, p, m: _squares(d, p, m).sum(dim=(1, 2, 3)) / (3 * m.sum()),
                "Three channels are taken for granted, and grey pictures have one: drawn.shape[1].",
            ),
            (
                lambda d, p, m: _squares(d, p, m).sum(dim=(2, 3)) / m.sum(),
                "Each channel has a number here; each image has one, (N,): sum over channels too.",
            ),
            (lambda d, p, m: _squares(d, p, m).sum() / (len(d) * _numbers(d, m)), _BATCH),
            (lambda d, p, m: _squares(d, p, m).sum() / _numbers(d, m), _BATCH),
            (lambda d, p, m: _squares(d, p, m).sum() / (3 * m.sum()), _BATCH),
            (lambda d, p, m: _squares(d, p, m).sum() / m.sum(), _BATCH),
            (lambda d, p, m: _squares(d, p, m).sum(), _BATCH),
            (lambda d, p, m: _squares(d, p, m).mean(), _BATCH),
            (
                lambda d, p, m: visible_loss(d, p, m).sqrt(),
                "This is the root, as the lesson reports it; the search lowers the mean square.",
            ),
            (
                lambda d, p, m: ((d - p).abs() * m).sum(dim=(1, 2, 3)) / _numbers(d, m),
                "This is the mean absolute difference; the task asks for the square.",
            ),
            (
                lambda d, p, m: ((d - p) * m).sum(dim=(1, 2, 3)) / _numbers(d, m),
                "Without a square, too bright and too dark cancel.",
            ),
            (
                lambda d, p, m: ((d - p) * m).sum(dim=(1, 2, 3)).square() / _numbers(d, m),
                "The sum is squared, so that too bright and too dark cancel first: square before "
                "you sum.",
            ),
            (
                lambda d, p, m: visible_loss(d.detach(), p, m),
                "The value is right, but what was drawn is detached: no gradient reaches z.",
            ),
        ],
    ),
    FunctionTask(
        name="sphere_step",
        lesson="08",
        answer=sphere_step,
        cases=_sphere_cases,
        why="The generator has met nothing but z of about this length; so the search stays where "
        "it knows what to draw.",
        hints=(
            "Against the gradient, and then? How long is a z of N(0, I)?",
            "About √z_dim, each row for itself. A step makes it another length: scale it back.",
            "F.normalize(z - rate * gradient, dim=1) * math.sqrt(z.shape[1]).",
        ),
        explanation="z has z_dim numbers of variance 1, so ‖z‖² is about z_dim. F.normalize gives "
        "each row length 1; times √z_dim it is on the sphere again.",
        mistakes=[
            (
                lambda z, g, rate: sphere_step(z, -g, rate),
                "This goes up: the error falls against the gradient, z − rate·gradient.",
            ),
            (
                lambda z, g, rate: z - rate * g,
                "The step leaves the sphere: scale each row back to length √z_dim.",
            ),
            (
                lambda z, g, rate: F.normalize(z - rate * g, dim=1),
                "These have length 1; a z of the training is about √z_dim long.",
            ),
            (
                lambda z, g, rate: F.normalize(z - rate * g, dim=1) * 8,
                "8 is right for a z of 64 numbers; take the root of z.shape[1].",
            ),
            (
                lambda z, g, rate: F.normalize(z - rate * g, dim=1) * z.shape[1],
                "These have length z_dim; the root is missing.",
            ),
            (
                lambda z, g, rate: F.normalize(z - rate * g, dim=1) * math.sqrt(len(z)),
                "This is the root of the batch size; the length is √z_dim, z.shape[1].",
            ),
            (
                lambda z, g, rate: F.normalize(z - rate * g, dim=0) * math.sqrt(z.shape[1]),
                "Columns are scaled, over the batch; each row is one z: dim=1.",
            ),
            (
                lambda z, g, rate: (z - rate * g) / (z - rate * g).norm() * math.sqrt(z.shape[1]),
                "There is one length for the whole batch; each row has its own: dim=1.",
            ),
            (
                lambda z, g, rate: (z - rate * g) / (z - rate * g).norm() * math.sqrt(z.numel()),
                "There is one length for the whole batch; each row has its own: dim=1.",
            ),
            (
                lambda z, g, rate: _to_sphere(z - rate * F.normalize(g, dim=1)),
                "The gradient is scaled to length 1: where the error is small, so is its step.",
            ),
            (
                lambda z, g, rate: _to_sphere(z - rate * g.sign()),
                "Of the gradient the signs alone are used.",
            ),
            (
                lambda z, g, rate: _to_sphere(z - rate * _tangent(z, g)),
                "The gradient's part along z is taken out first. That is as good a step, but "
                "another one; the task asks for the plain step, scaled back.",
            ),
            (
                lambda z, g, rate: _to_sphere(z - g),
                "rate is not used.",
            ),
            (
                lambda z, g, rate: (z - rate * g).clamp(-1, 1),
                "The step is cut off at ±1; a z of N(0, I) lies beyond in one number of three. "
                "Scale each row to length √z_dim.",
            ),
        ],
    ),
    FunctionTask(
        name="pixel_direction",
        lesson="08",
        answer=pixel_direction,
        cases=_direction_cases,
        why="Whoever colours directions in place of pixels gets a room without pinched poles and "
        "without a seam behind the back.",
        hints=(
            "What are latitude and longitude of the first row, of the last row, and of the "
            "picture's two edges?",
            "latitude = π/2 − row/(height − 1)·π. The 2·height columns are the middles of equal "
            "angles: longitude = ((column + ½)/height − 1)·π. How far from the axis does a "
            "direction of that latitude reach?",
            "torch.stack([cos(lat)·sin(lon), sin(lat), cos(lat)·cos(lon)], dim=-1).",
        ),
        explanation="sin(latitude) is the height y, cos(latitude) what is left in the plane, and "
        "the longitude, 0 ahead, turns it to the right. The squares add up to 1. In the first "
        "row all columns are one direction, straight up.",
        mistakes=[
            (
                lambda r, c, h: _unit(math.pi / 2 - (r + 0.5) / h * math.pi, _angles(r, c, h)[1]),
                "Rows are taken at their middles, a usual way; here the first and the last row are "
                "the poles themselves: row/(height − 1).",
            ),
            (
                lambda r, c, h: _unit(math.pi / 2 - r / h * math.pi, _angles(r, c, h)[1]),
                "The last row does not look straight down: height rows have height − 1 steps.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], (c / h - 1) * math.pi),
                "The longitude is that of the columns' left edges; their middles are half a column "
                "further.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], (c / (2 * h - 1) * 2 - 1) * math.pi),
                "First and last column are the same direction here, and stand side by side in the "
                "picture: 2·height columns, each at the middle of its angle.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], (c + 0.5) / h * math.pi),
                "The longitude begins with 0 at the left edge; there it is −180°, and 0 is the "
                "middle.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], _angles(r, c, h)[1] / 2),
                "Half a turn is missing: the picture is twice as wide as high, 360° by 180°.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], ((c + 0.5) / h * 2 - 1) * math.pi),
                "The picture is 2·height wide; here it goes around twice.",
            ),
            (
                lambda r, c, h: _unit(-_angles(r, c, h)[0], _angles(r, c, h)[1]),
                "Up and down are exchanged: row 0 looks straight up, at y = 1.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0], -_angles(r, c, h)[1]),
                "Left and right are exchanged: the picture is seen from inside the sphere, and x "
                "points to the right.",
            ),
            (
                lambda r, c, h: _unit(_angles(r, c, h)[0] + math.pi / 2, _angles(r, c, h)[1]),
                "The latitude begins with 180°; at row 0 it is 90°, and −90° at the last row.",
            ),
            (
                lambda r, c, h: _unit(r / (h - 1) * math.pi, _angles(r, c, h)[1]),
                "This is the angle from the pole, 0 to π; the latitude is π/2 less it.",
            ),
            (
                lambda r, c, h: _unit(*reversed(_angles(r, c, h))),
                "Latitude and longitude have changed places.",
            ),
            (
                _degrees,
                "sin and cos take radians; these are degrees.",
            ),
            (
                _not_unit,
                "These are longer than 1: near the poles a direction has little left in the plane. "
                "cos(latitude) is missing in x and z.",
            ),
            (
                _only_x_shrinks,
                "These are longer than 1: cos(latitude) is missing in z.",
            ),
            (
                lambda r, c, h: pixel_direction(r, c, h)[..., [2, 0, 1]],
                "This is the order of many textbooks, (ahead, right, up); here x is to the right, "
                "y up and z ahead.",
            ),
            (
                lambda r, c, h: pixel_direction(r, c, h)[..., [2, 1, 0]],
                "x and z have changed places: x is to the right, z ahead.",
            ),
            (
                lambda r, c, h: pixel_direction(r, c, h)[..., [0, 2, 1]],
                "y and z have changed places: y is up, z ahead.",
            ),
            (
                lambda r, c, h: pixel_direction(r, c, h).T,
                "The three axes stand in rows: return (N, 3), with dim=-1.",
            ),
            (
                lambda r, c, h: torch.stack(_angles(r, c, h), dim=-1),
                "These are the two angles; the task asks for the direction (x, y, z).",
            ),
        ],
    ),
    FunctionTask(
        name="nearer_training",
        lesson="08",
        answer=nearer_training,
        also_right=(_unbiased,),
        cases=_distance_cases,
        why="A share with its error can be held against chance; a distance alone cannot.",
        hints=(
            "A sample is nearer to training or it is not. What is the spread of a thing that is 1 "
            "with probability p, and else 0?",
            "Its variance is p(1 − p). The mean of n of them spreads by the root of an nth of it.",
            "p = (near < far).double().mean(); torch.stack([p, (p * (1 - p) / len(near)).sqrt()]).",
        ),
        explanation="Each sample is a coin that falls on “training” with probability p; the mean "
        "of n coins has the standard deviation √(p(1 − p)/n). With n − 1 in place of n it is "
        "unbiased, and as right.",
        mistakes=[
            (
                lambda near, far: nearer_training(far, near),
                "This is the share that is nearer to held-out images.",
            ),
            (
                _with_error(lambda p, n: p * (1 - p) / n),
                "The share is right; of its error this is the square: the root is missing.",
            ),
            (
                _with_error(lambda p, n: (p * (1 - p)).sqrt()),
                "The share is right; this is the spread of one sample. That of a mean is √n times "
                "smaller.",
            ),
            (
                _with_error(lambda p, n: (p * (1 - p) * n / (n - 1)).sqrt()),
                "The share is right; this is the spread of one sample. That of a mean is √n times "
                "smaller.",
            ),
            (
                _with_error(lambda p, n: (p * (1 - p)).sqrt() / n),
                "The share is right; its error is divided by n, and falls with √n.",
            ),
            (
                _with_error(lambda p, n: p * (1 - p) / n**0.5),
                "The share is right; the root belongs over p(1 − p) too.",
            ),
            (
                _with_error(lambda p, n: p * (1 - p)),
                "The share is right; p(1 − p) is the variance of one sample. Divide by n, then "
                "take the root.",
            ),
            (
                _with_error(lambda p, n: (p / n).sqrt()),
                "The share is right; its variance is p(1 − p)/n, 0 at p = 1.",
            ),
            (
                _with_error(lambda p, n: 1.96 * (p * (1 - p) / n).sqrt()),
                "The share is right; 1.96 standard errors are half the 95% interval. One is asked "
                "for.",
            ),
            (
                _with_error(lambda p, n: 2 * (p * (1 - p) / n).sqrt()),
                "The share is right; these are two standard errors, and one is asked for.",
            ),
            (
                _with_error(lambda p, n: 0.5 / n**0.5),
                "The share is right; this is the error of a share of ½, whatever came. Take that "
                "of the share you found.",
            ),
            (
                lambda near, far: _with_error(lambda p, n: (near - far).std() / n**0.5)(near, far),
                "The share is right; this is the error of the mean distance. Each sample counts as "
                "1 or 0.",
            ),
            (
                lambda near, far: torch.stack(
                    [(near < far).sum(), (near < far).double().std() * len(near) ** 0.5]
                ),
                "These are counts; the share is the count divided by n, and so is its error.",
            ),
            (
                lambda near, far: torch.stack(
                    [
                        (near < far).sum().double(),
                        (_share(near, far) * (1 - _share(near, far)) / len(near)).sqrt(),
                    ]
                ),
                "The first number is a count; the share is the count divided by n.",
            ),
            (
                _share,
                "The share alone comes; its standard error is asked for too: two numbers.",
            ),
            (
                lambda near, far: torch.stack([near.mean(), far.mean()]),
                "These are mean distances; blurred or plain samples change them without any "
                "memory. Compare sample by sample.",
            ),
            (
                lambda near, far: _share_and_error((near / far).mean().double(), len(near)),
                "This averages the ratio of the distances; count the samples for which near is "
                "smaller.",
            ),
            (
                lambda near, far: _share_and_error((near < far.mean()).double().mean(), len(near)),
                "Each distance is compared with a mean; compare it with the same sample's other "
                "distance.",
            ),
        ],
    ),
    FunctionTask(
        name="cramers_v",
        lesson="08",
        answer=cramers_v,
        cases=_table_cases,
        why="One number says how much an attribute tells about another, whatever their numbers of "
        "values are: 0 nothing, 1 all.",
        hints=(
            "If the two had nothing to do with each other, how many images would you expect in "
            "each cell of the table?",
            "Row sum times column sum, divided by N. χ² adds up (count − expected)²/expected. What "
            "happens in a row that is empty?",
            "Drop empty rows and columns; V = √(χ²/(N(k − 1))), with k the smaller of the numbers "
            "of rows and columns that are left.",
        ),
        explanation="Cramér 1946, section 21.9. χ² grows with N and is at most N(k − 1); divided "
        "by that it lies between 0 and 1. A value that no image shows would be 0/0, and tells "
        "nothing.",
        mistakes=[
            (
                _gaps_kept,
                "A row or a column that is empty gives 0/0: leave out the values that do not "
                "occur.",
            ),
            (
                _full_k,
                "k counts values that do not occur: take the smaller size of the table without its "
                "empty rows and columns.",
            ),
            (lambda c: _v(c, _smaller_less_one).square(), _ROOT),
            (
                lambda c: _v(c, lambda f: 1).square(),
                "This is χ² itself, which grows with the number of images: divide by N(k − 1) and "
                "take the root.",
            ),
            (
                lambda c: _v(c, lambda f: min(f.shape) - 1),
                "N is missing: χ² grows with the number of images.",
            ),
            (
                lambda c: _v(c, lambda f: f.sum()),
                "k − 1 is missing (this is φ, which exceeds 1 in larger tables).",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * min(f.shape)),
                "Divided by k; it is k − 1, so that one attribute that tells the other gives 1.",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * (max(f.shape) - 1)),
                "k is the smaller of the two numbers of values, not the larger.",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * (f.shape[0] - 1)),
                "k is the number of rows here, whichever is smaller: min(counts.shape).",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * (f.shape[1] - 1)),
                "k is the number of columns here, whichever is smaller: min(counts.shape).",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * (f.numel() - 1)),
                "k is the number of all cells here; it is the smaller of rows and columns.",
            ),
            (
                lambda c: _v(c, lambda f: f.sum() * ((f.shape[0] - 1) * (f.shape[1] - 1)) ** 0.5),
                "This is Tschuprow's T, divided by √((rows − 1)(columns − 1)); V has the smaller "
                "of the two.",
            ),
            (
                lambda c: _v(c, lambda f: _chi2(f, _expected(f)) + f.sum()),
                "This is Pearson's contingency coefficient, √(χ²/(χ² + N)), which never reaches 1.",
            ),
            (
                _by_counts,
                "Each square is divided by the count; divide by what was expected.",
            ),
            (
                _no_square,
                "The differences are not squared: (count − expected)²/expected.",
            ),
            (
                _even_expected,
                "All cells are expected alike here; expect row sum times column sum, over N.",
            ),
        ],
    ),
    Prediction(
        name="studio_signs",
        lesson="08",
        why="A reading of memory or bias has a yardstick beside it, or it says nothing.",
        hints=(
            "What would the share be by chance, in this study? How many standard errors away is "
            "the one that was found?",
            "The answers are: memory, no memory, too few samples. Chance is training/(training + "
            "held out). Where two errors to either side hold chance *and* a good deal of memory, "
            "nothing is shown.",
            "A, C, E: within two errors of their chance. B, F: far above it. D: 60% as F, but "
            "±11%. √(¼/400) falls by half with four times the samples. ProGAN begins with pixel "
            "norm.",
        ),
        explanation="B's copies are noisy, so they lie far from everything, and yet nearest to "
        "what they were copied from. C draws trousers alone, which are much alike: near, and no "
        "memory. D and F have the same share, and an error of 11% and of 2.5%. E's chance is ¾. "
        "F: one sample in five is a copy. Truncation draws the middle of the distribution; what "
        "is rare there goes first.",
        expected={
            "study A": "no memory",
            "study B": "memory",
            "study C": "no memory",
            "study D": "too few samples",
            "study E": "no memory",
            "study F": "memory",
            "share by chance in study E": 0.75,
            "samples that halve the error of 400": 1600,
            "V, if one attribute tells the other": 1,
            "most classes, as the DCGAN's z is truncated to 0.2": "fade",
            "share of ProGAN's images that change, if z is halved": 0,
        },
        mistakes=[
            (
                "study A",
                "too few samples",
                "400 samples have an error of 2.5%: a fifth of copies among them would show.",
            ),
            (
                "study B",
                "no memory",
                "They lie far from training images, and farther from all others: every one of them "
                "is nearer to training.",
            ),
            (
                "study C",
                "memory",
                "They are near to training images, and as near to held-out ones: the share is ½. "
                "Which garment is near to many others?",
            ),
            (
                "study D",
                "memory",
                "60% of 20 are 12: how often do 20 coins show 12 heads or more?",
            ),
            (
                "study D",
                "no memory",
                "Study F's 60% would look like this too, with 20 samples: nothing is shown either "
                "way.",
            ),
            (
                "study E",
                "memory",
                "There are three times as many training images as held-out ones: what would a "
                "stranger's share be?",
            ),
            (
                "study F",
                "no memory",
                "60% with an error of 2.5%: chance is four errors away.",
            ),
            (
                "study F",
                "too few samples",
                "The share is study D's; what is its error?",
            ),
            (
                "share by chance in study E",
                0.5,
                "With as many held-out as training images it would be ½. Here they are 1,000 and "
                "3,000.",
            ),
            (
                "share by chance in study E",
                3,
                "That is the ratio; the share is training/(training + held out).",
            ),
            (
                "share by chance in study E",
                0.25,
                "That is the share of the held-out images.",
            ),
            (
                "samples that halve the error of 400",
                800,
                "Twice the samples make it √2 times smaller.",
            ),
            (
                "samples that halve the error of 400",
                1200,
                "Those are the samples to add; asked is how many there are then.",
            ),
            (
                "samples that halve the error of 400",
                200,
                "Fewer samples have a larger error.",
            ),
            (
                "V, if one attribute tells the other",
                0,
                "That is V of independent attributes.",
            ),
            (
                "most classes, as the DCGAN's z is truncated to 0.2",
                "grow",
                "Shares add up to 1: if most grew, which would pay for it? Look at the table.",
            ),
            (
                "most classes, as the DCGAN's z is truncated to 0.2",
                "stay",
                "Look at the last row of the table: how many classes have what they had?",
            ),
            (
                "share of ProGAN's images that change, if z is halved",
                1,
                "ProGAN's first layer is pixel norm: it divides z by its length.",
            ),
            (
                "share of ProGAN's images that change, if z is halved",
                0.5,
                "ProGAN's first layer is pixel norm: it divides z by its length.",
            ),
        ],
    ),
    Prediction(
        name="kept_facts",
        lesson="08",
        why="Facts in a file help whoever is honest: they are kept by copying, lost by most "
        "programs, and prove nothing.",
        hints=(
            "Which of these treat the file as a row of bytes, and which make a new file of what "
            "the picture shows?",
            "kept or lost: text beside the pixels stays where bytes are copied. A program that "
            "opens and saves writes what it thinks of; Pillow thinks of a GIF's comment, not of a "
            "PNG's text.",
            "kept, lost, lost, lost, lost, kept. Missing facts: nothing. Facts that are there: a "
            "claim. ONNX: no seed. CC BY: credit.",
        ),
        explanation="Copying and renaming keep all bytes. Pillow writes a PNG's pixels anew and "
        "leaves its text out, but passes a GIF's comment on. A screenshot is made of colours. "
        "Anyone can leave facts out or write other ones, so their absence shows nothing and their "
        "presence is as good as who wrote them. An ONNX file holds computations on tensors; random "
        "numbers are drawn outside, so z is an input. The portraits' licence, CC BY 4.0, asks for "
        "credit, also in print: the artists, a link to the licence, and a word on changes.",
        expected={
            "copied and renamed": "kept",
            "PNG opened and saved as PNG": "lost",
            "PNG cropped and saved as PNG": "lost",
            "PNG saved as JPEG": "lost",
            "a screenshot of it": "lost",
            "GIF opened and saved as GIF": "kept",
            "what missing facts show": "nothing",
            "what facts in a file are": "a claim",
            "what an ONNX file lacks of sample(labels=[9], seed=3)": "the seed",
            "what CC BY asks of who prints a portrait": "credit",
        },
        mistakes=[
            (
                "copied and renamed",
                "lost",
                "The facts stand inside the file, among its bytes, and these are copied.",
            ),
            (
                "PNG opened and saved as PNG",
                "kept",
                "Pillow reads the text, and does not write it unless it is told to (pnginfo).",
            ),
            (
                "PNG cropped and saved as PNG",
                "kept",
                "The new picture is written anew, pixels alone.",
            ),
            (
                "PNG saved as JPEG",
                "kept",
                "JPEG has no text chunks: somebody would have to carry the facts over.",
            ),
            (
                "a screenshot of it",
                "kept",
                "A screen shows colours; what else stands in the file is not on it.",
            ),
            (
                "GIF opened and saved as GIF",
                "lost",
                "So one would expect from PNG; but Pillow passes a GIF's comment on. What a "
                "program keeps has to be tried.",
            ),
            (
                "what missing facts show",
                "no machine drew it",
                "One screenshot, and the facts of a generated picture are gone.",
            ),
            (
                "what facts in a file are",
                "a proof",
                "Whoever can write a file can write other facts into it.",
            ),
            (
                "what an ONNX file lacks of sample(labels=[9], seed=3)",
                "the layers",
                "Those are what it holds: a graph of operators, with the weights inside.",
            ),
            (
                "what an ONNX file lacks of sample(labels=[9], seed=3)",
                "the labels",
                "The table of labels goes along, and labels are an input. What of the call is not "
                "a computation on tensors?",
            ),
            (
                "what CC BY asks of who prints a portrait",
                "nothing",
                "CC0 asks nothing. BY stands for “by whom”.",
            ),
            (
                "what CC BY asks of who prints a portrait",
                "permission",
                "The licence is the permission. Its condition is the credit.",
            ),
        ],
    ),
    Trial(
        name="design_set",
        lesson="08",
        why="One folder, and every file in it says that it was generated, by what, and how to make "
        "it again.",
        hints=(
            "Which of the lesson's functions draw a page, a set, and a film, and what do they "
            "write into their files?",
            "sheets.contact_sheet(…).save(path), icons.icon_set(…).save(folder) and "
            "loops.Loop(…).save(path) write their facts themselves; whatever you make otherwise "
            "goes through provenance.save_png(picture, path, provenance.facts(model, seed)).",
            'sheets.contact_sheet("progan-personas", range(12), columns=4).save(folder / '
            '"contact.png"); icons.icon_set(seed=4).save(folder / "icons"); '
            'loops.Loop("progan-personas", seed=7).save(folder / "loop.gif"); return folder.',
        ),
        explanation="The studio's own `save` writes the facts: model, seed, checksum of the "
        "weights, the credit for the data. The check reads each file back, compares the icons "
        "pixel by pixel, and measures the film's step from its last frame to its first.",
        answer=design_set,
        trial=answers_the_brief,
    ),
]
