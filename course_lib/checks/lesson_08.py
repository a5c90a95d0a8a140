"""Tasks of lesson 08: closed loops, tiles, cut-outs, completion, memorisation, origins."""

import math
from functools import partial

import torch
from torch.nn import functional as F

from course_lib.checks.comparing import Case
from course_lib.checks.inputs import DTYPES, normal, told, uniform
from course_lib.checks.tasks import FunctionTask, Prediction


def closed_loop(a, b, steps):
    angle = 2 * math.pi * torch.arange(steps, dtype=a.dtype)[:, None] / steps  # (steps, 1)
    return angle.cos() * a + angle.sin() * b


def ease(t):
    return t**2 * (3 - 2 * t)


def wrapping_conv(x, kernel):
    margin = kernel.shape[-1] // 2
    return F.conv2d(F.pad(x, (margin,) * 4, mode="circular"), kernel)


def seam_ratio(tile):
    seams = [tile[:, :, 0] - tile[:, :, -1], tile[:, 0] - tile[:, -1]]
    inner = [tile.diff(dim=2), tile.diff(dim=1)]
    across, inside = (torch.cat([part.abs().flatten() for part in two]) for two in (seams, inner))
    return across.mean() / inside.mean()


def cut_out(garment, colour):
    alpha = (garment + 1) / 2  # (1, H, W): black becomes transparent
    return torch.cat([colour[:, None, None].expand(-1, *garment.shape[1:]), alpha])


def visible_loss(drawn, target, mask):
    squares = mask * (drawn - target).square()  # the mask is repeated over the channels
    return squares.sum() / mask.expand_as(squares).sum()


def closer_share(samples, train, held_out):
    rivals = train[: len(held_out)]  # as many as there are held-out ones
    to_train = torch.cdist(samples, rivals).amin(dim=1)
    to_others = torch.cdist(samples, held_out).amin(dim=1)
    return (to_train < to_others).to(samples.dtype).mean()


def _loop_cases() -> list[Case]:
    cases = []
    for seed, (size, steps) in enumerate(((4, 8), (64, 5), (16, 30))):
        for dtype in DTYPES:
            basis = torch.linalg.qr(normal(seed, size, 2)).Q.T  # two rows at right angles
            a, b = (math.sqrt(size) * row[None].to(dtype) for row in basis)
            where = f"a and b of shape (1, {size}), steps = {steps}, {told(dtype)}"
            cases.append(Case((a, b, steps), where))
    return cases


def _times() -> list[Case]:
    cases = [
        Case((uniform(seed, *shape, dtype=dtype),), f"t of shape {shape}, {told(dtype)}", (0,))
        for seed, shape in enumerate(((7,), (5, 1)))
        for dtype in DTYPES
    ]
    ends = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    return [*cases, Case((ends,), "t = 0, ¼, ½ and 1", (0,))]


def _conv_cases() -> list[Case]:
    cases = []
    for seed, (shape, out, size) in enumerate(
        (((1, 1, 6, 6), 1, 3), ((2, 3, 5, 8), 4, 3), ((1, 2, 9, 7), 2, 5))
    ):
        for dtype in DTYPES:
            x = normal(seed, *shape, dtype=dtype)
            kernel = normal(seed + 10, out, shape[1], size, size, dtype=dtype)
            where = f"x of shape {shape}, a kernel of {size}×{size}, {told(dtype)}"
            cases.append(Case((x, kernel), where, gradients=(0, 1)))
    return cases


def _tiles() -> list[Case]:
    cases = []
    for seed, (channels, height, width) in enumerate(((1, 6, 6), (3, 5, 9), (2, 12, 4))):
        for dtype in DTYPES:
            tile = normal(seed, channels, height, width, dtype=dtype)
            # A slope, so that the seams are rougher than the inside, and not equally so.
            tile = tile + torch.linspace(0, 3, width, dtype=dtype)
            tile = tile + torch.linspace(0, 5, height, dtype=dtype)[:, None]
            where = f"a tile of shape ({channels}, {height}, {width}), {told(dtype)}"
            cases.append(Case((tile,), where))
    return cases


def _garments() -> list[Case]:
    cases = []
    for seed, (height, width) in enumerate(((4, 4), (6, 3), (1, 9))):
        for dtype in DTYPES:
            garment = 2 * uniform(seed, 1, height, width, dtype=dtype) - 1
            # A background that is exactly black, as most of a garment's picture is.
            garment = garment.masked_fill(uniform(seed + 20, 1, height, width) < 0.3, -1)
            where = (
                f"a garment of shape (1, {height}, {width}), a colour of 3 numbers, {told(dtype)}"
            )
            cases.append(Case((garment, uniform(seed + 10, 3, dtype=dtype)), where))
    return cases


def _masked() -> list[Case]:
    cases = []
    for seed, (n, channels, height, width) in enumerate(((1, 3, 4, 4), (4, 3, 6, 5), (2, 1, 8, 8))):
        for dtype in DTYPES:
            drawn = normal(seed, n, channels, height, width, dtype=dtype)
            target = normal(seed + 10, 1, channels, height, width, dtype=dtype)
            mask = (uniform(seed + 20, 1, 1, height, width) > 0.4).to(dtype)
            where = (
                f"drawn of shape ({n}, {channels}, {height}, {width}), one target, "
                f"{mask.mean():.0%} of it visible, {told(dtype)}"
            )
            cases.append(Case((drawn, target, mask), where, gradients=(0,)))
    return cases


def _neighbours() -> list[Case]:
    cases = []
    for seed, (n, many, few, size) in enumerate(
        ((40, 60, 20, 3), (25, 90, 30, 5), (10, 40, 40, 2))
    ):
        for dtype in DTYPES:
            samples = normal(seed, n, size, dtype=dtype)
            train = normal(seed + 10, many, size, dtype=dtype)
            train[: n // 4] = samples[: n // 4] + 0.01  # some are learnt by heart
            held_out = normal(seed + 20, few, size, dtype=dtype)
            where = (
                f"{n} samples, {many} training images, {few} held-out ones, {size} numbers each, "
                f"{told(dtype)}"
            )
            cases.append(Case((samples, train, held_out), where))
    return cases


def _around(a, b, angles):
    angles = torch.as_tensor(angles, dtype=a.dtype)[:, None]
    return angles.cos() * a + angles.sin() * b


def _padded(x, kernel, mode):
    margin = kernel.shape[-1] // 2
    return F.conv2d(F.pad(x, (margin,) * 4, mode=mode), kernel)


def _one_way(x, kernel, columns):
    margin = kernel.shape[-1] // 2
    first = (margin, margin, 0, 0) if columns else (0, 0, margin, margin)
    second = (0, 0, margin, margin) if columns else (margin, margin, 0, 0)
    return F.conv2d(F.pad(F.pad(x, first, mode="circular"), second), kernel)


def _seams(tile, size=torch.abs):
    across = [size(tile[:, :, 0] - tile[:, :, -1]), size(tile[:, 0] - tile[:, -1])]
    return across, [size(tile.diff(dim=2)), size(tile.diff(dim=1))]


def _all(parts):
    return torch.cat([part.flatten() for part in parts]).mean()


def _one_seam(tile, which):
    across, inside = _seams(tile)
    return across[which].mean() / inside[which].mean()


def _other_ratio(tile, reduce, size=torch.abs):
    across, inside = _seams(tile, size)
    return reduce(across) / reduce(inside)


def _cut(garment, colour, alpha):
    return torch.cat([colour[:, None, None].expand(-1, *garment.shape[1:]), alpha])


def _shares(samples, train, held_out, rivals=None, reduce=torch.amin, turn=False):
    rivals = train[: len(held_out)] if rivals is None else rivals
    near, far = (reduce(torch.cdist(samples, other), 1) for other in (rivals, held_out))
    return ((near > far) if turn else (near < far)).to(samples.dtype).mean()


TASKS = [
    Prediction(
        name="origins",
        why="A label helps whoever is honest; a buyer and a court ask for more than a label.",
        hints=(
            "Where does a file keep its facts, and which of these actions write a new file from "
            "the pixels alone?",
            "Copying a file copies all of its bytes. A screenshot, a messenger and most converters "
            "begin with the pixels.",
            "Only the copy keeps them. CC BY lets you sell, and asks you to credit; 'no' is the "
            "answer wherever the facts or the credit are dropped.",
        ),
        explanation="Facts stand beside the pixels, so whatever starts from the pixels alone loses "
        "them. CC BY 4.0 allows commercial use with credit, and says nothing of style. Whoever "
        "knows model, weights and seed can draw the picture again: that is evidence.",
        expected={
            "the facts survive copying the file": "yes",
            "the facts survive a screenshot": "no",
            "the facts survive saving the pixels as a new PNG": "no",
            "no facts in a file: it was not generated": "no",
            "CC BY 4.0 allows selling what you made": "yes",
            "CC BY 4.0 allows leaving out the credit": "no",
            "model, weights and seed draw the same picture again": "yes",
        },
        mistakes=[
            (
                "the facts survive copying the file",
                "no",
                "A copy has the same bytes, and the facts are among them.",
            ),
            (
                "the facts survive a screenshot",
                "yes",
                "A screenshot sees pixels only, and writes a file of its own.",
            ),
            (
                "the facts survive saving the pixels as a new PNG",
                "yes",
                "The lesson tried it: the new file holds the pixels and nothing beside them.",
            ),
            (
                "no facts in a file: it was not generated",
                "yes",
                "Facts that were stripped, or never written, look alike: absence proves nothing.",
            ),
            (
                "CC BY 4.0 allows selling what you made",
                "no",
                "NC would forbid that. BY asks for credit, whatever you earn.",
            ),
            (
                "CC BY 4.0 allows leaving out the credit",
                "yes",
                "BY is the credit: name the artist, the licence, and that you changed the work.",
            ),
            (
                "model, weights and seed draw the same picture again",
                "no",
                "A generator is a function of z, and the seed fixes z.",
            ),
        ],
    ),
    FunctionTask(
        name="closed_loop",
        answer=closed_loop,
        cases=_loop_cases,
        why="No seam: the step from the last picture to the first is as long as every other.",
        hints=(
            "Which curve through a and b has the same length everywhere and returns to a?",
            "A great circle: cos(angle)·a + sin(angle)·b. Once around is 2π; what is the angle of "
            "picture number `steps`, which is not drawn?",
            "angle = 2π·k/steps for k = 0 … steps − 1, as a column (steps, 1).",
        ),
        explanation="a and b are at right angles and equally long, so cos·a + sin·b has that "
        "length at every angle. Picture number `steps` would be picture 0: leave it out, or the "
        "film stands still for a moment.",
        mistakes=[
            (
                lambda a, b, steps: _around(a, b, torch.linspace(0, 2 * math.pi, steps)),
                "The last picture is the first once more, so the film stutters: divide by steps, "
                "not by steps − 1.",
            ),
            (
                lambda a, b, steps: _around(a, b, [math.pi * k / steps for k in range(steps)]),
                "That is half a circle: from −a the film jumps back to a. Once around is 2π.",
            ),
            (
                lambda a, b, steps: _around(a, b, torch.linspace(0, math.pi, steps)),
                "That is half a circle: from −a the film jumps back to a. Once around is 2π.",
            ),
            (
                lambda a, b, steps: _around(a, b, [math.pi / 2 * k / steps for k in range(steps)]),
                "That is a quarter of a circle, from a to b, and then a jump back. Once around is "
                "2π.",
            ),
            (
                lambda a, b, steps: _around(a, b, torch.linspace(0, math.pi / 2, steps)),
                "That is a quarter of a circle, from a to b, and then a jump back. Once around is "
                "2π.",
            ),
            (
                lambda a, b, steps: _around(b, a, [2 * math.pi * k / steps for k in range(steps)]),
                "Cosine and sine have changed places: the loop begins at a.",
            ),
            (
                lambda a, b, steps: _around(a, -b, [2 * math.pi * k / steps for k in range(steps)]),
                "The loop runs backwards: after a it goes towards b.",
            ),
            (
                lambda a, b, steps: _around(a, b, [360 * k / steps for k in range(steps)]),
                "cos and sin take radians: once around is 2π, not 360.",
            ),
            (
                lambda a, b, steps: _around(
                    a, b, [2 * math.pi * (k + 1) / steps for k in range(steps)]
                ),
                "The first picture is not a: angles begin at 0.",
            ),
            (
                lambda a, b, steps: _around(a, b, [2 * math.pi * k for k in range(steps)]),
                "Every angle is a whole turn, so all pictures are the same: divide by steps.",
            ),
            (
                lambda a, b, steps: torch.lerp(
                    a, b, torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
                ),
                "A straight line from a to b: it does not come back, and its middle is too short. "
                "Go around the circle.",
            ),
            (
                lambda a, b, steps: torch.cat(
                    [torch.lerp(a, b, abs(1 - abs(1 - 2 * k / steps))) for k in range(steps)]
                ),
                "There and back on a straight line: it closes, but every picture comes twice, and "
                "the z in the middle are too short. Go around the circle.",
            ),
        ],
    ),
    FunctionTask(
        name="ease",
        answer=ease,
        cases=_times,
        why="What begins and ends slowly looks moved by a hand; a constant speed looks like a "
        "machine, and its stops like accidents.",
        hints=(
            "A cubic has four coefficients. Which four conditions are there?",
            "f(t) = a + bt + ct² + dt³. f(0) = 0 and f′(0) = 0 settle a and b; the other two "
            "conditions are c + d = 1 and 2c + 3d = 0.",
            "c = 3 and d = −2.",
        ),
        explanation="a = b = 0 from the conditions at 0; then c + d = 1 and 2c + 3d = 0 give "
        "c = 3, d = −2: f(t) = 3t² − 2t³, often called smoothstep.",
        mistakes=[
            (lambda t: t, "That is constant speed: its slope is 1 at both ends, not 0."),
            (lambda t: t**2, "This starts slowly, but arrives at full speed: f′(1) is 2."),
            (lambda t: t**3, "This starts slowly, but arrives at full speed: f′(1) is 3."),
            (
                lambda t: 1 - (1 - t) ** 2,
                "This arrives slowly, but starts at full speed: f′(0) is 2.",
            ),
            (
                lambda t: 1 - (1 - t) ** 3,
                "This arrives slowly, but starts at full speed: f′(0) is 3.",
            ),
            (lambda t: 2 * t**3 - 3 * t**2, "The signs are the wrong way round: f(1) is −1."),
            (lambda t: 6 * t - 6 * t**2, "That is the slope, f′; the answer is f."),
            (
                lambda t: (1 - (math.pi * t).cos()) / 2,
                "It fulfils all four conditions, but it is no cubic; they are a hair's breadth "
                "apart. Solve for the coefficients.",
            ),
            (
                lambda t: torch.sigmoid(12 * (t - 0.5)),
                "A sigmoid comes near 0 and 1 and never arrives: f(0) is 0.002, so it jumps.",
            ),
            (lambda t: 2 * t**2 - 3 * t**3, "2 and 3 have changed places: f(1) is −1."),
            (lambda t: 3 * t**2 + 2 * t**3, "A sign: f(1) is 5."),
            (
                lambda t: t**3 * (t * (6 * t - 15) + 10),
                "That is the polynomial of degree five, whose second derivative is 0 at the ends "
                "too; a cubic was asked for.",
            ),
        ],
    ),
    FunctionTask(
        name="wrapping_conv",
        answer=wrapping_conv,
        cases=_conv_cases,
        why="A network whose every layer wraps around cannot tell where a tile ends, so nothing "
        "ends there.",
        hints=(
            "What are the left neighbours of the first column, if copies of the picture stand side "
            "by side?",
            "Pad the picture with its own opposite side, by half of the kernel, in both "
            "directions; then convolve without padding.",
            'F.pad(x, (m, m, m, m), mode="circular") with m = kernel.shape[-1] // 2.',
        ),
        explanation="The margin on the left is copied from the right, and so on; the convolution "
        "itself then needs no padding, and the size stays.",
        mistakes=[
            (
                partial(_padded, mode="constant"),
                "Beyond the border stands 0 now. That is the frame you see where tiles meet: pad "
                "with the opposite side.",
            ),
            (
                partial(_padded, mode="reflect"),
                "This mirrors the picture at its border; a copy laid beside it is not mirrored. "
                "Pad with the opposite side.",
            ),
            (
                partial(_padded, mode="replicate"),
                "This repeats the outermost pixels; pad with the opposite side.",
            ),
            (
                lambda x, kernel: F.conv2d(x, kernel),
                "Nothing is padded, so the picture loses its margin.",
            ),
            (
                partial(_one_way, columns=True),
                "Left and right wrap around, top and bottom do not.",
            ),
            (
                partial(_one_way, columns=False),
                "Top and bottom wrap around, left and right do not.",
            ),
            (
                lambda x, kernel: wrapping_conv(x, kernel.flip(2, 3)),
                "The kernel is turned by 180°: in deep learning it is not.",
            ),
            (
                lambda x, kernel: F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), kernel),
                "A margin of 1 is right for 3×3 only: it is half of the kernel, rounded down.",
            ),
            (
                lambda x, kernel: F.conv2d(
                    F.pad(x, (kernel.shape[-1] // 2,) * 4, mode="circular"),
                    kernel,
                    padding=kernel.shape[-1] // 2,
                ),
                "Padded twice: around your own margin the convolution lays one of zeros.",
            ),
        ],
    ),
    FunctionTask(
        name="seam_ratio",
        answer=seam_ratio,
        cases=_tiles,
        why="An eye finds a seam that is a third rougher than the rest; a number finds it before.",
        hints=(
            "Which pixels become neighbours when the tile is laid beside itself, and how much do "
            "neighbours differ elsewhere?",
            "Across the seams: first against last column, first against last row. Inside: "
            "tile.diff along columns and along rows. Means of absolute differences.",
            "Put the two kinds of seams into one mean, and the two kinds of inner differences into "
            "another; then divide.",
        ),
        explanation="Absolute differences of what meets at the seams, over those of neighbours "
        "inside: 1 for a texture that does not know where it ends.",
        mistakes=[
            (
                partial(_one_seam, which=0),
                "Left and right only; top and bottom meet as well.",
            ),
            (
                partial(_one_seam, which=1),
                "Top and bottom only; left and right meet as well.",
            ),
            (
                lambda tile: seam_ratio(tile[:1]),
                "This looks at the first channel only; colours have seams too.",
            ),
            (lambda tile: 1 / seam_ratio(tile), "Turned round: the seams stand above."),
            (
                partial(_other_ratio, reduce=_all, size=lambda difference: difference),
                "Without absolute values ups and downs cancel each other.",
            ),
            (
                lambda tile: (_one_seam(tile, 0) + _one_seam(tile, 1)) / 2,
                "A mean of two ratios; asked for is one ratio of two means, over all seams and all "
                "inner neighbours.",
            ),
            (
                partial(_other_ratio, reduce=_all, size=torch.square),
                "Squares count a few large differences most; asked for are absolute ones.",
            ),
            (
                partial(_other_ratio, reduce=lambda parts: sum(part.sum() for part in parts)),
                "Sums, not means: there are many more neighbours inside than across the seams.",
            ),
            (
                partial(_other_ratio, reduce=lambda parts: sum(part.mean() for part in parts)),
                "Rows and columns are averaged apart, and then count alike whatever their number; "
                "asked for is one mean over all.",
            ),
        ],
    ),
    FunctionTask(
        name="cut_out",
        answer=cut_out,
        cases=_garments,
        why="With alpha the same file lies on any background: that is what makes it a design "
        "element.",
        hints=(
            "Which pixels of a garment are background, and how opaque should they be?",
            "Four channels: red, green and blue are the colour, the same everywhere; the fourth is "
            "opacity, from 0 for black to 1 for white.",
            "colour[:, None, None].expand(3, H, W), and below it (garment + 1) / 2.",
        ),
        explanation="Garments are bright on black, so brightness serves as opacity: −1 becomes 0 "
        "and 1 becomes 1. The colour may stand under transparent pixels too; nobody sees it.",
        mistakes=[
            (
                lambda garment, colour: _cut(garment, colour, garment),
                "Opacity runs from 0 to 1, and a garment from −1 to 1: add 1, halve.",
            ),
            (
                lambda garment, colour: _cut(garment, colour, 1 - (garment + 1) / 2),
                "Turned round: the background is opaque and the garment a hole.",
            ),
            (
                lambda garment, colour: _cut(garment, colour, torch.ones_like(garment)),
                "Opaque everywhere: a coloured rectangle.",
            ),
            (
                lambda garment, colour: _cut(garment, colour, (garment > 0).to(garment)),
                "A hard edge: what is half bright has to be half opaque, or the outline is jagged.",
            ),
            (
                lambda garment, colour: _cut(garment, colour, (garment > -1).to(garment)),
                "A hard edge: what is half bright has to be half opaque, or the outline is jagged.",
            ),
            (
                lambda garment, colour: torch.cat(
                    [(garment + 1) / 2, colour[:, None, None].expand(-1, *garment.shape[1:])]
                ),
                "Opacity comes last: red, green, blue, alpha.",
            ),
            (
                lambda garment, colour: (
                    _cut(garment, colour, (garment + 1) / 2)
                    * torch.cat([((garment + 1) / 2).expand(3, -1, -1), torch.ones_like(garment)])
                ),
                "Brightness counts twice, in colour and in opacity, so edges get dark. (Some "
                "programs want such *premultiplied* colours; PNG does not.)",
            ),
            (
                lambda garment, colour: colour[:, None, None] * (garment + 1) / 2,
                "Three channels: the background is black now. The fourth, opacity, is missing.",
            ),
            (
                lambda garment, colour: 255 * cut_out(garment, colour),
                "Asked for are numbers from 0 to 1; the file's bytes come later.",
            ),
        ],
    ),
    FunctionTask(
        name="visible_loss",
        answer=visible_loss,
        cases=_masked,
        why="Completion fits what is seen and leaves the rest to the generator; a loss that looks "
        "under the mask would have the answer already.",
        hints=(
            "Which pixels may count, and by how many of them is the sum divided?",
            "Multiply the squared differences by the mask, sum, and divide by how many numbers "
            "were counted: for each of N images and each channel.",
            "mask.expand_as(squares).sum() counts them; mask.sum() counts one channel only.",
        ),
        explanation="Zeros where the mask hides, and a mean over what is left: so a small hole and "
        "a large one give losses of one scale.",
        mistakes=[
            (
                lambda drawn, target, mask: (drawn - target).square().mean(),
                "The hidden pixels count as well: whoever repairs a portrait does not know them.",
            ),
            (
                lambda drawn, target, mask: (mask * (drawn - target).square()).mean(),
                "The hidden pixels are counted in the mean, as zeros: divide by the visible ones.",
            ),
            (
                lambda drawn, target, mask: (mask * (drawn - target).square()).sum() / mask.sum(),
                "mask.sum() counts pixels once, for one image: every channel of every image is a "
                "number too. mask.expand_as(…) has them all.",
            ),
            (
                lambda drawn, target, mask: (
                    (mask * (drawn - target).square()).sum() / (mask.sum() * len(drawn))
                ),
                "The channels are forgotten in the divisor: there are C numbers at each pixel.",
            ),
            (
                lambda drawn, target, mask: (
                    (mask * (drawn - target).square()).sum() / (mask.sum() * drawn.shape[1])
                ),
                "The batch is forgotten in the divisor: all N images are compared.",
            ),
            (
                lambda drawn, target, mask: (drawn - mask * target).square().mean(),
                "The mask is laid on the target alone, so the generator learns to draw 0 (grey) "
                "under it.",
            ),
            (
                lambda drawn, target, mask: visible_loss(drawn, target, 1 - mask),
                "Turned round: this counts what is hidden. In the mask, 1 is visible.",
            ),
            (
                lambda drawn, target, mask: visible_loss(drawn, target, mask).sqrt(),
                "A root too many: asked for is the mean of the squares.",
            ),
            (
                lambda drawn, target, mask: (
                    (mask * (drawn - target)).abs().sum()
                    / mask.expand(len(drawn), drawn.shape[1], -1, -1).sum()
                ),
                "Absolute differences; asked for are squares.",
            ),
            (
                lambda drawn, target, mask: (mask * (drawn - target).square()).sum(),
                "A sum grows with the batch and with what is visible; asked for is a mean.",
            ),
        ],
    ),
    FunctionTask(
        name="closer_share",
        answer=closer_share,
        also_right=[
            lambda s, train, held_out: _shares(s, train, held_out, train[-len(held_out) :])
        ],
        cases=_neighbours,
        why="About a half: nothing was stored. Clearly more: look at the pairs, and do not publish "
        "the weights before you have.",
        hints=(
            "Of 14,000 strangers one is nearer to you than the nearest of 2,000. Is that "
            "memorisation?",
            "The two sets have to be equally large. Then: for each sample, is its nearest training "
            "image nearer than its nearest held-out one?",
            "train[: len(held_out)]; torch.cdist(a, b).amin(dim=1) is the distance to the nearest.",
        ),
        explanation="More candidates are nearer by chance alone, so the training set is cut to the "
        "held-out set's size. Without memorisation each of the two is the nearer one half of the "
        "time; against 14,000 and 2,000 it would be 14 times in 16, 88%.",
        mistakes=[
            (
                lambda s, train, held_out: _shares(s, train, held_out, rivals=train),
                "The bug is still there: the training set is larger, and among more candidates one "
                "is nearer by chance. Compare equal numbers.",
            ),
            (
                partial(_shares, reduce=torch.mean),
                "These are mean distances. What is stored shows in the *nearest* one: amin.",
            ),
            (
                partial(_shares, reduce=torch.amax),
                "These are the farthest ones: amin.",
            ),
            (
                partial(_shares, turn=True),
                "Turned round: count the samples that are nearer to training images.",
            ),
            (
                lambda s, train, held_out: _shares(held_out, train, s),
                "The places are mixed up: distances are those of the samples.",
            ),
            (
                lambda s, train, held_out: _shares(
                    s, train, held_out, rivals=train, reduce=torch.mean
                ),
                "These are mean distances, and of unequal numbers. What is stored shows in the "
                "*nearest* one: amin.",
            ),
            (
                lambda s, train, held_out: _shares(s, train, held_out) * len(s),
                "That is a count; asked for is a share.",
            ),
            (
                lambda s, train, held_out: 100 * _shares(s, train, held_out),
                "Percent; asked for is a share between 0 and 1.",
            ),
        ],
    ),
]
