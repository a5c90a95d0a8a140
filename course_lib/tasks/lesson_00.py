"""Solutions of lesson 00, and inputs that answers are compared on; `pages/00.md` has the rest."""

import torch

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over, told, uniform
from course_lib.tasks.lesson import Lesson

lesson = Lesson("00")


@lesson.trial("images.finds_the_image", arguments=3, compared=True)
def at_address(model, seed, number):
    return model.sample(number + 1, seed=seed)[number]


@over(((1, 1, 2, 3), 0, 255), ((4, 1, 5, 5), 90, 160), ((2, 3, 6, 4), -40, 295))
def _pixels(seed, dtype, shape, low, high):
    """Return images in [-1, 1] and a little outside, none of them near a half of a level."""
    levels = (low + (high - low) * uniform(seed, *shape)).round()
    # Up to 0.4 beside a level: what is cut off there is another level.
    levels = levels + 0.8 * (uniform(seed + 10, *shape) - 0.5)
    images = (levels / 127.5 - 1).to(dtype)
    span = f"{images.min():.2f} to {images.max():.2f}".replace("-", "−")
    return Case((images,), f"images of shape {shape}, {span}, {told(dtype)}")


@lesson.task(_pixels, then="images.comes_as_bytes")
def to_uint8(images):
    whole = ((images + 1) * 127.5).round()  # [-1, 1] to [0, 255]
    return whole.clamp(0, 255).to(torch.uint8)


@over((4, 5), (100, 2), (16, 9))
def _two_ends(seed, dtype, size, steps):
    z0, z1 = normal(seed, 1, size, dtype=dtype), normal(seed + 10, 1, size, dtype=dtype)
    return Case((z0, z1, steps))


@lesson.task(_two_ends)
def walk(z0, z1, steps):
    t = torch.linspace(0, 1, steps, dtype=z0.dtype)[:, None]  # (steps, 1)
    return (1 - t) * z0 + t * z1


TASKS = lesson.tasks()
