"""Answers to the tasks of lesson 08."""

import math

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib.checks import tasks

ORIGINS = dict(tasks()["origins"].expected)


def by_outer_products(a, b, steps):
    angle = torch.linspace(0, 2 * math.pi, steps + 1, dtype=a.dtype)[:-1]
    return torch.outer(angle.cos(), a[0]) + torch.outer(angle.sin(), b[0])


def by_turning(a, b, steps):
    rows = []
    for k in range(steps):
        angle = 2 * math.pi * k / steps
        rows.append(math.cos(angle) * a + math.sin(angle) * b)
    return torch.cat(rows)


def by_complex_powers(a, b, steps):
    turn = torch.exp(2j * torch.pi * torch.arange(steps, dtype=torch.float64) / steps)
    weights = torch.stack([turn.real, turn.imag], dim=1).to(a.dtype)
    return weights @ torch.cat([a, b])


def circle(first=0.0, whole=2 * math.pi, inclusive=False, swap=False):
    def closed_loop(a, b, steps):
        if swap:
            a, b = b, a
        last = steps - 1 if inclusive else steps
        return torch.cat(
            [
                math.cos(first + whole * k / last) * a + math.sin(first + whole * k / last) * b
                for k in range(steps)
            ]
        )

    return closed_loop


def straight_ring(a, b, steps):
    corners, rows = [a, b, -a, -b], []
    for k in range(steps):
        place = 4 * k / steps
        start = int(place)
        rows.append(torch.lerp(corners[start], corners[(start + 1) % 4], place - start))
    return torch.cat(rows)


def rolled_conv(x, kernel):
    margin = kernel.shape[-1] // 2
    made = 0
    for i in range(kernel.shape[-1]):
        for j in range(kernel.shape[-1]):
            moved = x.roll((margin - i, margin - j), dims=(2, 3))
            made = made + torch.einsum("ncxy,oc->noxy", moved, kernel[:, :, i, j])
    return made


def module_conv(x, kernel):
    out, channels, size, _ = kernel.shape
    conv = nn.Conv2d(channels, out, size, padding=size // 2, padding_mode="circular", bias=False)
    return torch.func.functional_call(conv.to(kernel.dtype), {"weight": kernel}, (x,))


def tiled_conv(x, kernel):
    _, _, height, width = x.shape
    made = F.conv2d(x.repeat(1, 1, 3, 3), kernel, padding="same")
    return made[:, :, height : 2 * height, width : 2 * width]


def padded_conv(mode, margin=None):
    def wrapping_conv(x, kernel):
        m = kernel.shape[-1] // 2 if margin is None else margin
        return F.conv2d(F.pad(x, (m, m, m, m), mode=mode), kernel)

    return wrapping_conv


def wraps_columns_only(x, kernel):
    m = kernel.shape[-1] // 2
    return F.conv2d(F.pad(x, (m, m, 0, 0), mode="circular"), kernel, padding=(m, 0))


def ratio_by_rolling(tile):
    down, right = (tile - tile.roll(1, dims=1)).abs(), (tile - tile.roll(1, dims=2)).abs()
    across = torch.cat([down[:, 0].flatten(), right[:, :, 0].flatten()])
    inside = torch.cat([down[:, 1:].flatten(), right[:, :, 1:].flatten()])
    return across.mean() / inside.mean()


def ratio_by_counts(tile):
    channels, height, width = tile.shape
    across = (tile[..., 0] - tile[..., -1]).abs().sum() + (tile[:, 0] - tile[:, -1]).abs().sum()
    inside = tile.diff(dim=-1).abs().sum() + tile.diff(dim=-2).abs().sum()
    seams = channels * (height + width)
    pairs = channels * (height * (width - 1) + width * (height - 1))
    return (across / seams) / (inside / pairs)


def ratio_as_number(tile):
    return ratio_by_rolling(tile.double()).item()


def by_repeating(garment, colour):
    rgb = colour.reshape(3, 1, 1).repeat(1, garment.shape[1], garment.shape[2])
    return torch.vstack([rgb, garment / 2 + 0.5])


def by_filling(garment, colour):
    made = garment.new_empty(4, *garment.shape[1:])
    made[:3] = colour.view(3, 1, 1)
    made[3] = (garment[0] + 1).div(2).clamp(0, 1)
    return made


def by_full(garment, colour):
    _, height, width = garment.shape
    planes = [torch.full((height, width), float(part), dtype=garment.dtype) for part in colour]
    return torch.stack([*planes, (garment.squeeze(0) + 1) * 0.5])


def cut(alpha):
    def cut_out(garment, colour):
        rgb = colour[:, None, None].expand(-1, *garment.shape[1:])
        return torch.cat([rgb, alpha(garment)])

    return cut_out


def by_selecting(drawn, target, mask):
    seen = mask.bool().expand_as(drawn)
    return F.mse_loss(drawn[seen], target.expand_as(drawn)[seen])


def by_ratio_of_means(drawn, target, mask):
    return (mask * (drawn - target) ** 2).mean() / mask.mean()


def by_where(drawn, target, mask):
    gap = torch.where(mask > 0, drawn - target, torch.zeros_like(drawn))
    count = mask.sum() * drawn.shape[0] * drawn.shape[1]
    return gap.pow(2).sum().div(count)


def share_by_hand(samples, train, held_out):
    closer = 0
    for sample in samples:
        near = (train[: len(held_out)] - sample).norm(dim=1).min()
        far = (held_out - sample).norm(dim=1).min()
        closer += int(near < far)
    return closer / len(samples)


def share_by_topk(samples, train, held_out):
    k = held_out.shape[0]
    near = torch.cdist(samples, train[:k]).topk(1, dim=1, largest=False).values[:, 0]
    far = torch.cdist(samples, held_out).min(dim=1).values
    return near.lt(far).float().mean()


def share_of_squares(samples, train, held_out):
    def nearest(others):
        return (samples[:, None] - others[None]).square().sum(dim=-1).min(dim=1)[0]

    return (nearest(train[: len(held_out)]) < nearest(held_out)).double().mean()


def share(rivals=lambda train, held_out: train[: len(held_out)], nearest=torch.amin, turned=False):
    def closer_share(samples, train, held_out):
        near = nearest(torch.cdist(samples, rivals(train, held_out)), dim=1)
        far = nearest(torch.cdist(samples, held_out), dim=1)
        return ((near > far) if turned else (near < far)).float().mean()

    return closer_share


ANSWERS = {
    "origins": Answers(
        right=[
            ORIGINS,
            {question: answer.upper() for question, answer in ORIGINS.items()},
            {question: f" {answer} " for question, answer in ORIGINS.items()},
        ],
        wrong=[
            ({**ORIGINS, "the facts survive a screenshot": "yes"}, "pixels only"),
            ({**ORIGINS, "the facts survive copying the file": "no"}, "same bytes"),
            (
                {**ORIGINS, "the facts survive saving the pixels as a new PNG": "yes"},
                "nothing beside them",
            ),
            ({**ORIGINS, "no facts in a file: it was not generated": "yes"}, "proves nothing"),
            ({**ORIGINS, "CC BY 4.0 allows selling what you made": "no"}, "NC would forbid"),
            ({**ORIGINS, "CC BY 4.0 allows leaving out the credit": "yes"}, "name the artist"),
            (
                {**ORIGINS, "model, weights and seed draw the same picture again": "no"},
                "seed fixes z",
            ),
            ({**ORIGINS, "CC BY 4.0 allows selling what you made": True}, ""),
        ],
    ),
    "closed_loop": Answers(
        right=[by_outer_products, by_turning, by_complex_powers],
        wrong=[
            (circle(inclusive=True), "stutters"),
            (circle(whole=math.pi), "half a circle"),
            (circle(whole=math.pi, inclusive=True), "half a circle"),
            (circle(whole=math.pi / 2, inclusive=True), "quarter of a circle"),
            (circle(whole=360), "radians"),
            (circle(swap=True), "changed places"),
            (circle(whole=-2 * math.pi), "backwards"),
            (straight_ring, ""),
            (
                lambda a, b, steps: torch.lerp(
                    a, b, torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
                ),
                "straight",
            ),
        ],
    ),
    "ease": Answers(
        right=[
            lambda t: 3 * t**2 - 2 * t**3,
            lambda t: t.pow(2).mul(3).sub(t.pow(3).mul(2)),
            lambda t: 3 * t**2 * (1 - t) + t**3,  # Bernstein's form
            lambda t: 0.5 + 1.5 * (t - 0.5) - 2 * (t - 0.5) ** 3,
        ],
        wrong=[
            (lambda t: t, "constant speed"),
            (lambda t: t * t, "full speed"),
            (lambda t: t**3, "full speed"),
            (lambda t: t * (2 - t), "starts at full speed"),
            (lambda t: 6 * t * (1 - t), "slope"),
            (lambda t: 0.5 - 0.5 * torch.cos(torch.pi * t), "no cubic"),
            (lambda t: 2 * t**3 - 3 * t**2, "signs"),
            (lambda t: 6 * t**5 - 15 * t**4 + 10 * t**3, "degree five"),
            (lambda t: torch.sigmoid(12 * (t - 0.5)), "sigmoid"),
            (lambda t: torch.sin(math.pi / 2 * t), ""),
        ],
    ),
    "wrapping_conv": Answers(
        right=[rolled_conv, module_conv, tiled_conv],
        wrong=[
            (padded_conv("constant"), "frame"),
            (lambda x, kernel: F.conv2d(x, kernel, padding="same"), "frame"),
            (padded_conv("reflect"), "mirrors"),
            (padded_conv("replicate"), "outermost"),
            (padded_conv("circular", margin=1), "for 3×3 only"),
            (lambda x, kernel: F.conv2d(x, kernel), "loses its margin"),
            (wraps_columns_only, "top and bottom do not"),
            (lambda x, kernel: rolled_conv(x, kernel.flip(2, 3)), "turned by 180"),
            (
                lambda x, kernel: F.conv2d(
                    F.pad(x, (1, 0, 1, 0), mode="circular"), kernel, padding=0
                ),
                "",
            ),
        ],
    ),
    "seam_ratio": Answers(
        right=[ratio_by_rolling, ratio_by_counts, ratio_as_number],
        wrong=[
            (
                lambda tile: (
                    (tile[:, :, 0] - tile[:, :, -1]).abs().mean() / tile.diff(dim=2).abs().mean()
                ),
                "Left and right only",
            ),
            (
                lambda tile: (
                    (tile[:, 0] - tile[:, -1]).abs().mean() / tile.diff(dim=1).abs().mean()
                ),
                "Top and bottom only",
            ),
            (lambda tile: 1 / ratio_by_counts(tile), "Turned round"),
            (
                lambda tile: (
                    (
                        (tile[:, :, 0] - tile[:, :, -1]).abs().mean()
                        + (tile[:, 0] - tile[:, -1]).abs().mean()
                    )
                    / (tile.diff(dim=2).abs().mean() + tile.diff(dim=1).abs().mean())
                ),
                "averaged apart",
            ),
            (
                lambda tile: (
                    (
                        (tile[:, :, 0] - tile[:, :, -1]).abs().sum()
                        + (tile[:, 0] - tile[:, -1]).abs().sum()
                    )
                    / (tile.diff(dim=2).abs().sum() + tile.diff(dim=1).abs().sum())
                ),
                "Sums, not means",
            ),
            (lambda tile: ratio_by_rolling(tile[:1]), "first channel"),
        ],
    ),
    "cut_out": Answers(
        right=[by_repeating, by_filling, by_full],
        wrong=[
            (cut(lambda garment: garment), "from −1 to 1"),
            (cut(lambda garment: 0.5 - garment / 2), "hole"),
            (cut(torch.ones_like), "rectangle"),
            (cut(lambda garment: (garment > 0).to(garment)), "hard edge"),
            (cut(lambda garment: (garment > -1).to(garment)), "hard edge"),
            (lambda garment, colour: by_full(garment, colour).roll(1, dims=0), "comes last"),
            (
                lambda garment, colour: by_full(garment, colour)[:3] * (garment + 1) / 2,
                "opacity, is missing",
            ),
            (lambda garment, colour: by_full(garment, colour) * 255, "from 0 to 1"),
            (cut(lambda garment: garment.abs()), ""),
        ],
    ),
    "visible_loss": Answers(
        right=[by_selecting, by_ratio_of_means, by_where],
        wrong=[
            (
                lambda drawn, target, mask: F.mse_loss(drawn, target.expand_as(drawn)),
                "hidden pixels count as well",
            ),
            (
                lambda drawn, target, mask: F.mse_loss(
                    mask * drawn, mask * target.expand_as(drawn)
                ),
                "as zeros",
            ),
            (
                lambda drawn, target, mask: (mask * (drawn - target) ** 2).sum() / mask.sum(),
                "counts pixels once",
            ),
            (lambda drawn, target, mask: by_where(drawn, target, 1 - mask), "Turned round"),
            (lambda drawn, target, mask: ((drawn - mask * target) ** 2).mean(), "draw 0"),
            (
                lambda drawn, target, mask: (
                    (mask * (drawn - target)).abs().sum() / mask.expand_as(drawn).sum()
                ),
                "Absolute differences",
            ),
            (lambda drawn, target, mask: by_selecting(drawn, target, mask).sqrt(), "root"),
            (lambda drawn, target, mask: by_selecting(drawn, target, mask).item(), "graph"),
        ],
    ),
    "closer_share": Answers(
        right=[share_by_hand, share_by_topk, share_of_squares],
        wrong=[
            (share(rivals=lambda train, held_out: train), "bug is still there"),
            (share(nearest=torch.mean), "mean distances"),
            (share(nearest=torch.amax), "farthest"),
            (share(turned=True), "Turned round"),
            (
                lambda samples, train, held_out: (
                    share_by_hand(samples, train, held_out) * len(samples)
                ),
                "count",
            ),
            (lambda s, train, held_out: 100 * share_by_hand(s, train, held_out), "Percent"),
            (lambda s, train, held_out: share_by_hand(held_out, train, s), "places"),
            (lambda s, train, held_out: 1.0 - share_by_hand(s, train, held_out), ""),
        ],
    ),
}
