"""Trials of single images: is it the right one, and does it come as bytes?"""

from collections.abc import Callable

import torch

from course_lib.models.dcgan import Generator
from course_lib.tasks.comparing import read
from course_lib.tasks.inputs import told


def finds_the_image(find: Callable, solution: Callable) -> str:
    """Return what is wrong with how an image is found by its address, or ""."""
    torch.manual_seed(0)
    model = Generator(z_dim=6, width=2)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_()  # with its first, small weights all its images are nearly the same
        model(torch.randn(16, 6))  # running statistics of its own
    for seed, number in ((2, 3), (7, 1), (2, 0)):
        made = find(model, seed, number)
        if made is None or made is ...:
            raise NotImplementedError
        where = f"With seed {seed}, number {number}"
        image, problem = read(made)
        if image is None:
            return problem
        shape = tuple(image.shape)
        if shape in ((1, 1, 28, 28), (number + 1, 1, 28, 28)):
            return (
                f"{where}: expected one image, (1, 28, 28), came a batch, {shape}. Take the image "
                "out of it by its number."
            )
        if shape != (1, 28, 28):
            return f"{where}: expected one image, (1, 28, 28), came a tensor of shape {shape}."
        if _near(image, solution(model, seed, number)):
            continue
        for other in range(number + 9):
            if _near(image, solution(model, seed, other)):
                return f"{where}: came number {other}. Numbers count from 0."
        if _near(image, solution(model, 0, number)):
            return f"{where}: came an image of seed 0, which sample takes unless told: pass seed."
        if _near(image, solution(model, number, seed)):
            return f"{where}: seed and number have changed places."
        if _near(image, solution(model, seed + number, 0)):
            return (
                f"{where}: came seed {seed + number}, number 0. Another seed is another batch; "
                "the number is the place within it."
            )
        return f"{where}: came an image that does not have this address."
    return ""


def _near(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a.detach() - b).abs().max() < 1e-4)


def comes_as_bytes(to_uint8: Callable) -> str:
    """Return what is wrong with what an answer gives beside its numbers, or ""."""
    made = to_uint8(torch.zeros(2, 1, 3, 3))
    kind = told(made.dtype) if isinstance(made, torch.Tensor) else f"a {type(made).__name__}"
    if kind == "uint8":
        return ""
    return (
        f"The numbers are right, and they come as {kind}: expected a tensor of uint8. "
        "A tensor becomes one by .to(torch.uint8), an array by torch.from_numpy."
    )
