"""Answers to the tasks of lesson 00."""

import numpy as np
import torch
from answers import Answers

from course_lib import data, sampling
from course_lib.tasks import every

TASKS = every()


def last_of_them(model, seed, number):
    return model.sample(number + 1, seed=seed)[-1]


def through_z(model, seed, number):
    z = sampling.latents(number + 1, model.z_dim, seed=seed)
    return sampling.in_batches(model, z[number:], batch=1).squeeze(0)


def of_a_hundred(model, seed, number):
    images = model.sample(100, seed)
    return images[number, :, :, :]


def by_halves(images):
    return images.mul(0.5).add(0.5).mul(255).add(0.5).floor().clip(0, 255).byte()


def clipped_first(images):
    return (images.clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)


def by_numpy(images):
    levels = np.rint((images.numpy() + 1) / 2 * 255)
    return torch.from_numpy(np.clip(levels, 0, 255).astype(np.uint8))


def in_place(images):
    return images.add_(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def per_grid(images):
    images = images - images.min()
    return (images / images.max() * 255).to(torch.uint8)


def per_image(images):
    made = [(image - image.min()) / (image.max() - image.min()) for image in images]
    return (torch.stack(made) * 255).round().byte()


def by_lerp(z0, z1, steps):
    return torch.lerp(z0, z1, torch.linspace(0, 1, steps).to(z0.dtype).unsqueeze(1))


def by_a_loop(z0, z1, steps):
    return torch.cat([z0 + k / (steps - 1) * (z1 - z0) for k in range(steps)])


def by_weights(z0, z1, steps):
    t = torch.arange(steps, dtype=z0.dtype) / (steps - 1)
    return torch.stack([1 - t, t], dim=1) @ torch.cat([z0, z1])


def loop(first, divisor):
    def walk(z0, z1, steps):
        t = [(first + k) / divisor(steps) for k in range(steps)]
        return torch.cat([(1 - share) * z0 + share * z1 for share in t])

    return walk


def stacked(z0, z1, steps):
    return torch.stack([torch.lerp(z0, z1, k / (steps - 1)) for k in range(steps)])


ADDRESSES, PIXELS = TASKS["addresses"].expected, TASKS["pixels"].expected

ANSWERS = {
    "addresses": Answers(
        right=[ADDRESSES, {**ADDRESSES, "numbers in z": torch.tensor(100)}],
        wrong=[
            ({**ADDRESSES, "numbers in z": "100"}, "without quotation marks"),
            ({**ADDRESSES, "numbers in z": (1, 100)}, "One number"),
            ({**ADDRESSES, "seed 7, number 4, asked for twice": "same"}, "none of the words"),
            ({**ADDRESSES, "seed 7, number 4, asked for twice": 1}, "in quotation marks"),
            ({**ADDRESSES, "images to draw at least, to see number 4": 4}, "count from 0"),
        ],
    ),
    "at_address": Answers(
        right=[last_of_them, through_z, of_a_hundred],
        wrong=[
            (lambda model, seed, number: model.sample(max(number, 1), seed)[-1], "count from 0"),
            (lambda model, seed, number: model.sample(1, seed=seed)[0], "came number 0"),
            (lambda model, seed, number: model.sample(number + 1)[number], "pass seed"),
            (lambda model, seed, number: model.sample(seed + 1, number)[seed], "changed places"),
            (lambda model, seed, number: model.sample(1, seed + number)[0], "Another seed"),
            (lambda model, seed, number: model.sample(number + 1, seed), "came a batch"),
            (lambda model, seed, number: model.sample(number + 1, seed)[number:], "came a batch"),
            (
                lambda model, seed, number: sampling.latents(number + 1, model.z_dim, seed)[number],
                r"shape \(6,\)",
            ),
            (lambda model, seed, number: model.sample(number, seed)[number], "IndexError"),
            (
                lambda model, seed, number: model(torch.randn(9, model.z_dim))[number],
                "does not have this address",
            ),
        ],
    ),
    "pixels": Answers(
        right=[PIXELS, {**PIXELS, "shape of five garments": [5, 1, 28, 28]}],
        wrong=[({**PIXELS, "shape of five garments": (1, 28, 28)}, "one garment")],
    ),
    "to_uint8": Answers(
        right=[
            lambda x: (x.clamp(-1, 1) * 127.5 + 128).to(torch.uint8),
            by_halves,
            clipped_first,
            by_numpy,
            in_place,
            data.to_uint8,
        ],
        wrong=[
            (lambda x: by_halves(x).numpy(), "a ndarray: expected a tensor"),
            (lambda x: by_halves(x).tolist(), "a list: expected a tensor"),
            (lambda x: ((x + 1) * 127.5).int(), "cut off, not rounded"),
            (lambda x: (255 * x).clamp(0, 255).byte(), "for images in .0, 1."),
            (per_grid, "stretches the batch"),
            (per_image, "stretches each image"),
            (lambda x: by_halves(x).float(), "as float32: expected a tensor of uint8"),
            (lambda x: by_halves(x).long(), "as int64: expected a tensor of uint8"),
        ],
    ),
    "walk": Answers(
        right=[
            lambda z0, z1, steps: np.linspace(z0.numpy()[0], z1.numpy()[0], steps),
            by_lerp,
            by_a_loop,
            by_weights,
        ],
        wrong=[
            (lambda z0, z1, steps: by_lerp(z0, z1, steps).T, "Rows and columns"),
            (loop(0, lambda steps: steps), "never arrives"),
            (loop(1, lambda steps: steps + 1), "Both ends"),
            (stacked, "torch.cat"),
            (lambda z0, z1, steps: [z0, z1], "2 tensors"),
        ],
    ),
}
