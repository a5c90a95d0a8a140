"""Solutions of exercises 00b, and inputs to compare answers on; `pages/00b.md` has the rest."""

import torch

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over, uniform
from course_lib.tasks.lesson import Lesson

lesson = Lesson("00b")


# As many columns as channels, first: a mean without its axes fits there too, at the wrong place.
@over((2, 3, 4, 3), (5, 1, 3, 2), (1, 4, 2, 5))
def _batch(seed, dtype, *shape):
    return Case((1 + normal(seed, *shape, dtype=dtype),), gradients=(0,))


@lesson.task(_batch)
def centre_channels(images):
    return images - images.mean(dim=(0, 2, 3), keepdim=True)  # the mean is (1, C, 1, 1)


@over((6, 5), (9, 3), (4, 8), dtypes=(torch.uint8,))
def _pictures(seed, dtype, n, side):
    """Return images, every second one above the level; some of the dark ones have a light pixel."""
    levels = 60 * uniform(seed, n, 1, side, side) + 160 * (torch.arange(n) % 2).view(n, 1, 1, 1)
    levels[::4, :, 0, 0] = 255
    return Case((levels.to(dtype), 120), f"{n} images of {side}x{side} bytes, level = 120")


@lesson.task(_pictures)
def light_ones(images, level):
    bright = images.float().mean(dim=(1, 2, 3)) > level  # (N,), true or false
    return images[bright].float() / 127.5 - 1


@over((5, 3), (8, 2), (3, 4))
def _line(seed, dtype, n, size):
    sizes = ((size,), (n, size), (n,))
    return Case(tuple(normal(seed + 10 * k, *size, dtype=dtype) for k, size in enumerate(sizes)))


@lesson.task(_line)
def slope(w, x, y):
    error = x @ w - y  # (N,)
    return 2 * x.T @ error / len(x)  # (D,)


@over((5, 3, 0.05, 3), (8, 2, 0.1, 2), (4, 4, 0.02, 6))
def _descents(seed, dtype, n, size, rate, steps):
    return Case((*_line.__wrapped__(seed, dtype, n, size).inputs, rate, steps))


@lesson.task(_descents)
def descend_by_hand(w, x, y, rate, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        loss = (x @ w - y).square().mean()
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
            w.grad = None
    return w.detach()


@over((3, 4, 5), (2, 2, 3), (6, 1, 2))
def _two_sets(seed, dtype, n, m, size):
    pair = normal(seed, n, size, dtype=dtype), normal(seed + 10, m, size, dtype=dtype)
    return Case(pair, gradients=(0, 1))


@lesson.task(_two_sets)
def all_distances(a, b):
    difference = a[:, None, :] - b[None, :, :]  # (N, M, D)
    return difference.square().sum(dim=2)


TASKS = lesson.tasks()
