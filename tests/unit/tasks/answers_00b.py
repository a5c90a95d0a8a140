"""Answers to the tasks of exercises 00b."""

import numpy as np
import torch
from answers import Answers

from course_lib.tasks import every

TASKS = every()


def channel_by_channel(images):
    return torch.stack([images[:, c] - images[:, c].mean() for c in range(images.shape[1])], dim=1)


def through_rows(images):
    rows = images.transpose(0, 1).flatten(1)  # (C, N·H·W)
    return images - rows.mean(dim=1).view(1, -1, 1, 1)


def centred_by_numpy(images):
    pixels = images.detach().numpy()
    return torch.from_numpy(pixels - pixels.mean(axis=(0, 2, 3), keepdims=True))


def each_image(images):
    return torch.stack([image - image.mean() for image in images])


def one_by_one(images, level):
    kept = [image for image in images if image.double().mean() > level]
    return torch.stack(kept).float() / 255 * 2 - 1


def by_places(images, level):
    (places,) = torch.where(images.flatten(1).float().mean(dim=1) > level)
    return (images[places].float() - 127.5) / 127.5


def floats_first(images, level):
    floats = images.to(torch.float32)
    return floats[floats.mean((1, 2, 3)) > level].sub(127.5).div(127.5)


def in_bytes(images, level):
    bright = images.float().mean(dim=(1, 2, 3)) > level
    return images[bright] * 2 / 255 - 1


def by_autograd(w, x, y):
    w = w.clone().requires_grad_()
    return torch.autograd.grad((x @ w - y).square().mean(), w)[0]


def row_by_row(w, x, y):
    return torch.stack(
        [2 * (row @ w - target) * row for row, target in zip(x, y, strict=True)]
    ).mean(0)


def weight_by_weight(w, x, y):
    return torch.stack([(2 * (x @ w - y) * x[:, k]).mean() for k in range(len(w))])


def stepping(gradient):
    def descend_by_hand(w, x, y, rate, steps):
        for _ in range(steps):
            w = w - rate * gradient(w, x, y)
        return w

    return descend_by_hand


def with_an_optimiser(w, x, y, rate, steps):
    w = torch.nn.Parameter(w.clone())
    for _ in range(steps):
        w.grad = None
        torch.nn.functional.mse_loss(x @ w, y).backward()
        w.data -= rate * w.grad
    return w.data


def never_emptied(w, x, y, rate, steps):
    w = torch.nn.Parameter(w.clone())
    for _ in range(steps):
        torch.nn.functional.mse_loss(x @ w, y).backward()
        w.data -= rate * w.grad
    return w.data


def by_loops(a, b):
    return torch.stack([torch.stack([(p - q).square().sum() for q in b]) for p in a])


def multiplied_out(a, b):
    return a.square().sum(1)[:, None] - 2 * a @ b.T + b.square().sum(1)


def distances_by_numpy(a, b):
    a, b = a.detach().numpy(), b.detach().numpy()
    return np.square(a[:, None] - b[None]).sum(-1)


SHAPES, KEPT = TASKS["tensor_shapes"].expected, TASKS["kept_gradients"].expected

ANSWERS = {
    "tensor_shapes": Answers(
        right=[SHAPES, {**SHAPES, "x[:, 0]": torch.Size([8, 28, 28])}],
        wrong=[({**SHAPES, "x[:, 0]": (8, 1, 28, 28)}, "a slice keeps its axis")],
    ),
    "centre_channels": Answers(
        right=[channel_by_channel, through_rows, lambda x: x - x.mean((0, 2, 3), True)],
        wrong=[
            (each_image, "one mean for each image"),
            (lambda x: x - x.mean(), "one mean for all"),
            (lambda x: x - x.mean(-1).mean(-1).mean(0), "keepdim"),
            (centred_by_numpy, "gradient"),
        ],
    ),
    "light_ones": Answers(
        right=[one_by_one, by_places, floats_first],
        wrong=[
            (in_bytes, "wraps around"),
            (lambda x, level: x[x.float().mean((1, 2, 3)) > level].float() / 255, "range .0, 1."),
            (lambda x, level: x[x.mean(dim=(1, 2, 3)) > level], "RuntimeError"),
        ],
    ),
    "slope": Answers(
        right=[by_autograd, row_by_row, weight_by_weight],
        wrong=[
            (lambda w, x, y: x.T @ (x @ w - y) / len(x), "2 of the square"),
            (lambda w, x, y: 2 * x.T @ (x @ w - y), "divided by their number"),
            (lambda w, x, y: 2 * x.T @ (y - x @ w) / len(y), "the wrong way round"),
        ],
    ),
    "kept_gradients": Answers(
        right=[KEPT, {**KEPT, "w.grad after the same a second time": torch.tensor(12.0)}],
        wrong=[({**KEPT, "w.grad after the same a second time": 6}, "backward adds")],
    ),
    "descend_by_hand": Answers(
        right=[stepping(by_autograd), stepping(row_by_row), with_an_optimiser],
        wrong=[
            (never_emptied, "never set to zero"),
            (stepping(lambda w, x, y: -by_autograd(w, x, y)), "uphill"),
            (stepping(lambda w, x, y: by_autograd(w, x, y) * len(x)), "and not their sum"),
        ],
    ),
    "all_distances": Answers(
        right=[by_loops, multiplied_out, lambda a, b: (a.unsqueeze(1) - b).pow(2).sum(-1)],
        wrong=[
            (lambda a, b: torch.cdist(a, b), "These are distances"),
            (lambda a, b: by_loops(b, a), "changed places"),
            (distances_by_numpy, "gradient"),
        ],
    ),
}
