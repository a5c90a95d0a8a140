"""Tasks of lesson 00: addresses, shapes and ranges, and a walk between two images."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from course_lib.models.dcgan import Generator
from course_lib.tasks import running
from course_lib.tasks.comparing import Case, read
from course_lib.tasks.inputs import DTYPES, normal, told, uniform
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial, took_too_long
from course_lib.tasks.results import ERROR, RIGHT, WRONG


def at_address(model, seed, number):
    return model.sample(number + 1, seed=seed)[number]


def to_uint8(images):
    whole = ((images + 1) * 127.5).round()  # [-1, 1] to [0, 255]
    return whole.clamp(0, 255).to(torch.uint8)


def walk(z0, z1, steps):
    t = torch.linspace(0, 1, steps, dtype=z0.dtype)[:, None]  # (steps, 1)
    return (1 - t) * z0 + t * z1


def _finds_the_image(find: Callable) -> str:
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
        if _near(image, at_address(model, seed, number)):
            continue
        for other in range(number + 9):
            if _near(image, at_address(model, seed, other)):
                return f"{where}: came number {other}. Numbers count from 0."
        if _near(image, at_address(model, 0, number)):
            return f"{where}: came an image of seed 0, which sample takes unless told: pass seed."
        if _near(image, at_address(model, number, seed)):
            return f"{where}: seed and number have changed places."
        if _near(image, at_address(model, seed + number, 0)):
            return (
                f"{where}: came seed {seed + number}, number 0. Another seed is another batch; "
                "the number is the place within it."
            )
        return f"{where}: came an image that does not have this address."
    return ""


def _near(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a.detach() - b).abs().max() < 1e-4)


class _BytesTask(FunctionTask):
    """A function task whose answer must also come as uint8; numbers alone do not tell."""

    def _judge(self, answer: Any) -> tuple[str, str]:
        verdict = super()._judge(answer)
        if verdict[0] != RIGHT:
            return verdict
        kinds = []

        def run():
            with running.kept_state():
                images = self._inputs[0][0].inputs[0]
                made = answer(images.clone())
                known = isinstance(made, torch.Tensor)
                kinds.append(told(made.dtype) if known else f"a {type(made).__name__}")

        try:
            running.within_limit(run)
        except running.TookTooLong:
            return took_too_long(self.name)
        except BaseException as error:  # right before, and not with the same images again
            return ERROR, running.describe_error(error, answer)
        if kinds == ["uint8"]:
            return verdict
        return WRONG, (
            f"The numbers are right, and they come as {kinds[0]}: expected a tensor of uint8. "
            "A tensor becomes one by .to(torch.uint8), an array by torch.from_numpy."
        )


def _pixel_cases() -> list[Case]:
    """Return images in [-1, 1] and a little outside, none of them near a half of a level."""
    cases = []
    for seed, (shape, low, high) in enumerate(
        (((1, 1, 2, 3), 0, 255), ((4, 1, 5, 5), 90, 160), ((2, 3, 6, 4), -40, 295))
    ):
        for dtype in DTYPES:
            levels = (low + (high - low) * uniform(seed, *shape)).round()
            # Up to 0.4 beside a level: what is cut off there is another level.
            levels = levels + 0.8 * (uniform(seed + 10, *shape) - 0.5)
            images = (levels / 127.5 - 1).to(dtype)
            span = f"{images.min():.2f} to {images.max():.2f}".replace("-", "−")
            where = f"images of shape {shape}, {span}, {told(dtype)}"
            cases.append(Case((images,), where))
    return cases


def _halves(x):
    return (x + 1) * 127.5


def _stretched(x, dims):
    low, high = x.amin(dims, keepdim=True), x.amax(dims, keepdim=True)
    return 255 * (x - low) / (high - low)


_LEVELS = [  # wrong ways to a level, before it is rounded
    (
        lambda x: _stretched(x, (0, 1, 2, 3)),
        "This stretches the batch from its darkest to its lightest pixel: a grey, collapsed sheet "
        "would look as rich as a good one. Public code does it. Map −1 to 0 and 1 to 255, always.",
    ),
    (
        lambda x: _stretched(x, (1, 2, 3)),
        "This stretches each image from its darkest to its lightest pixel: a pale image looks like "
        "any other, and saturation is hidden. Map −1 to 0 and 1 to 255, always.",
    ),
    (
        lambda x: _stretched(x, (2, 3)),
        "This stretches each channel by itself: colours change as well. Map −1 to 0 and 1 to 255, "
        "always.",
    ),
    (
        lambda x: 255 * x,
        "255 alone is for images in [0, 1]; these lie in [−1, 1], and half of them would be black. "
        "Add 1 first, then 127.5 levels for each unit.",
    ),
    (
        lambda x: 127.5 * x,
        "The 1 is not added: 0 is the middle of [−1, 1], and would come out black.",
    ),
    (
        lambda x: 255 * (x + 1),
        "[−1, 1] is 2 wide, so a unit is 127.5 levels; with 255 everything above 0 is white.",
    ),
    (
        lambda x: 128 * (x + 1),
        "With 128 levels for each unit, 1 comes out as 256, which is no byte: 127.5.",
    ),
    (
        lambda x: 127 * (x.clamp(-1, 1) + 1),
        "With 127 levels for each unit, 1 comes out as 254: 127.5 reach from 0 to 255.",
    ),
    (
        lambda x: _halves(x / x.abs().max()),
        "Divided by the largest value of the sheet, a grey sheet looks rich, and levels depend on "
        "what else is on it. Map −1 to 0 and 1 to 255, always.",
    ),
    (
        lambda x: 255 * x.sigmoid(),
        "A sigmoid bends the scale: −1 would be level 69, and 1 level 186. The map is a line.",
    ),
    (lambda x: 255 - _halves(x), "Black and white have changed places: −1 is black, 0."),
]
CUT = (
    "The numbers are cut off, not rounded: .to(torch.uint8) drops what stands after the point, and "
    "images get darker each time they are stored. round() first."
)
WRAPPED = (
    "Values outside [−1, 1] wrap around: level 256 becomes 0, and −1 becomes 255, a white speck in "
    "the black. clamp(0, 255) before .to(torch.uint8)."
)


def _walk_cases() -> list[Case]:
    cases = []
    for seed, (size, steps) in enumerate(((4, 5), (100, 2), (16, 9))):
        for dtype in DTYPES:
            z0, z1 = normal(seed, 1, size, dtype=dtype), normal(seed + 10, 1, size, dtype=dtype)
            where = f"z0 and z1 of shape (1, {size}), steps = {steps}, {told(dtype)}"
            cases.append(Case((z0, z1, steps), where))
    return cases


def _at(z0, z1, t):
    t = torch.as_tensor(t, dtype=z0.dtype)[:, None]
    return (1 - t) * z0 + t * z1


TASKS = [
    Prediction(
        name="addresses",
        lesson="00",
        why="Model, seed and number replace an image: anybody with the same weights and the same "
        "version of PyTorch can draw it again.",
        hints=(
            "Which of the three parts of an address does each question change?",
            "Numbers count from 0. Another model turns the same z into another image; the other "
            "answer in words is 'the same image'.",
            "Number 4 is the fifth. z has 100 numbers; an image has 1 · 28 · 28.",
        ),
        explanation="A generator is a function of z, and the seed fixes z for a whole batch; the "
        "first rows do not depend on how many follow. 28 · 28 = 784.",
        expected={
            "images to draw at least, to see number 4": 5,
            "seed 7, number 4, asked for twice": "the same image",
            "seed 7, number 4, of another model": "another image",
            "seed 7, number 4, with 5 and with 50 images drawn": "the same image",
            "numbers in z": 100,
            "numbers in an image of 28x28": 784,
        },
        mistakes=[
            (
                "images to draw at least, to see number 4",
                4,
                "Numbers count from 0: the fourth is 3.",
            ),
            ("images to draw at least, to see number 4", 1, "One image is number 0 alone."),
            (
                "seed 7, number 4, asked for twice",
                "another image",
                "The randomness is in z, and the seed fixes z.",
            ),
            (
                "seed 7, number 4, of another model",
                "the same image",
                "z is the same, but another network draws something else from it.",
            ),
            (
                "seed 7, number 4, with 5 and with 50 images drawn",
                "another image",
                "The lesson tried it: the first ones agree, however many follow.",
            ),
            ("numbers in z", 784, "That is the image; z is what the network draws it from."),
            ("numbers in an image of 28x28", 100, "That is z; an image has 28 rows of 28 pixels."),
            ("numbers in an image of 28x28", 56, "28 rows of 28 pixels: multiply."),
            ("numbers in an image of 28x28", 2352, "Three channels? These garments are grey."),
        ],
    ),
    Trial(
        name="at_address",
        lesson="00",
        why="An address that works for your friend is worth more than a picture that cannot be "
        "drawn again.",
        hints=(
            "What does model.sample(5, seed=2) return, and which numbers are in it?",
            "To see a number, draw one image more than that, and take the last.",
            "model.sample(number + 1, seed=seed)[number].",
        ),
        explanation="Numbers count from 0, so number 3 is the last of four images. The index takes "
        "one image (1, 28, 28) out of the batch.",
        answer=at_address,
        trial=_finds_the_image,
        arguments=3,
    ),
    Prediction(
        name="pixels",
        lesson="00",
        why="Most strange pictures come from a shape or a range that is not what one thought.",
        hints=(
            "In which order do a batch's four sizes stand, and what lies in the middle of [−1, 1]?",
            "Batch, channels, rows, columns. A level v is v/127.5 − 1 as a float.",
            "(5, 1, 28, 28); 0/127.5 − 1; 255/127.5 − 1; (0.2 + 1) · 127.5.",
        ),
        explanation="(N, C, H, W). Level 0 is −1 and level 255 is 1, so 0.2 is 1.2 · 127.5 = 153. "
        "What lies outside is clipped: 1.3 is white, 255.",
        expected={
            "shape of five garments": (5, 1, 28, 28),
            "level 0 as a float": -1,
            "level 255 as a float": 1,
            "float 0.2 as a level": 153,
            "float 1.3 as a level": 255,
        },
        mistakes=[
            (
                "shape of five garments",
                (5, 28, 28, 1),
                "Channels come last in many image files; in PyTorch they stand before the rows.",
            ),
            (
                "shape of five garments",
                (5, 28, 28),
                "The channel has a place of its own, though there is only one.",
            ),
            (
                "shape of five garments",
                (1, 28, 28),
                "That is one garment; their number comes before it.",
            ),
            ("shape of five garments", 5, "That is how many; a shape has all the sizes."),
            ("level 0 as a float", 0, "That is for the range [0, 1]; here black is −1."),
            ("level 255 as a float", 255, "As a float, white is the upper end of [−1, 1]."),
            ("float 0.2 as a level", 51, "That is for the range [0, 1]; here add 1 first."),
            ("float 1.3 as a level", 293, "A byte ends at 255: what lies outside is clipped."),
            ("float 1.3 as a level", 37, "It wraps around: white becomes dark. Clip it instead."),
        ],
    ),
    _BytesTask(
        name="to_uint8",
        lesson="00",
        answer=to_uint8,
        cases=_pixel_cases,
        why="One fixed map from floats to levels: what is grey looks grey, and two sheets can be "
        "compared.",
        hints=(
            "Which level do −1, 0 and 1 become, and what becomes of 1.1?",
            "Add 1, then 127.5 levels for each unit. Round before you make bytes of it, and clip "
            "what lies outside.",
            "((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).",
        ),
        explanation="[−1, 1] is 2 wide and a byte has 255 steps, so a unit is 127.5 levels. "
        "Rounding is to the nearest level; clipping keeps 256 from becoming 0.",
        mistakes=[
            (lambda x: _halves(x).clamp(0, 255).trunc(), CUT),
            (lambda x: _halves(x).round() % 256, WRAPPED),
            (lambda x: _halves(x).trunc() % 256, f"{CUT} {WRAPPED}"),
            (lambda x: _halves(x).trunc(), f"{CUT} And clamp(0, 255)."),
            (
                lambda x: _halves(x).ceil().clamp(0, 255),
                "ceil goes up, always: the nearest level is round().",
            ),
            (
                lambda x: (_halves(x) / 255).clamp(0, 1).trunc(),
                "These are shares from 0 to 1, and as bytes hardly more than black: times 255.",
            ),
            (
                lambda x: (_halves(x) / 255).round().clamp(0, 255),
                "These are shares from 0 to 1, and as bytes hardly more than black: times 255.",
            ),
            (
                lambda x: _halves(x).clamp(0, 1).trunc(),
                "clamp(0, 1) after the levels leaves black alone; they go from 0 to 255.",
            ),
            (
                lambda x: _halves(x).clamp(0, 255),
                "These are no whole numbers yet: round(), then .to(torch.uint8).",
            ),
            (
                lambda x: _halves(x),
                "These are no whole numbers yet, and not clipped: round(), clamp(0, 255), then "
                ".to(torch.uint8).",
            ),
            (
                lambda x: _halves(x).round(),
                "Values outside [−1, 1] are not clipped: clamp(0, 255), then .to(torch.uint8).",
            ),
            *[
                (lambda x, way=way, whole=whole: whole(way(x)), sentence)
                for way, sentence in _LEVELS
                for whole in (
                    lambda level: level.round().clamp(0, 255),
                    lambda level: level.clamp(0, 255).trunc(),
                    lambda level: level.round() % 256,
                    lambda level: level.trunc() % 256,
                )
            ],
        ],
    ),
    FunctionTask(
        name="walk",
        lesson="00",
        answer=walk,
        cases=_walk_cases,
        why="A network is a continuous map, so small steps of z are small steps of the image.",
        hints=(
            "How much of z0 and how much of z1 is in the first step, in the last, and half-way?",
            "Step by step t goes from 0 to 1, both included, and z is (1 − t)·z0 + t·z1.",
            "t = torch.linspace(0, 1, steps)[:, None] is (steps, 1); with z0 (1, D) the product is "
            "(steps, D).",
        ),
        explanation="linspace holds both ends. (steps, 1) times (1, D) is (steps, D): each axis of "
        "length 1 is repeated.",
        mistakes=[
            (
                lambda z0, z1, steps: walk(z1, z0, steps),
                "The ends have changed places: the walk begins at z0.",
            ),
            (
                lambda z0, z1, steps: _at(z0, z1, [k / steps for k in range(steps)]),
                "It never arrives: the last t is 1, so divide by steps − 1.",
            ),
            (
                lambda z0, z1, steps: _at(z0, z1, [(k + 1) / steps for k in range(steps)]),
                "The beginning is missing: the first t is 0, and there z is z0.",
            ),
            (
                lambda z0, z1, steps: _at(z0, z1, [(k + 1) / (steps + 1) for k in range(steps)]),
                "Both ends are missing: the first t is 0, the last is 1.",
            ),
            (
                lambda z0, z1, steps: _at(z0, z1, torch.linspace(0, 1, steps + 1).tolist()),
                "That is one image too many: steps counts the images, both ends among them.",
            ),
            (
                lambda z0, z1, steps: _at(z0, z1, list(range(steps))),
                "t counts 0, 1, 2 …: after its second step the walk has passed z1.",
            ),
            (
                lambda z0, z1, steps: (
                    z0 + torch.linspace(0, 1, steps, dtype=z0.dtype)[:, None] * z1
                ),
                "This is z0 plus a nudge, and arrives at z0 + z1; z0 has to fade: (1 − t)·z0.",
            ),
            (
                lambda z0, z1, steps: F.normalize(walk(z0, z1, steps), dim=1),
                "Each row has been brought to length 1; the task asks for the straight line.",
            ),
            (
                lambda z0, z1, steps: (
                    torch.linspace(1, 0, steps, dtype=z0.dtype)[:, None].sqrt() * z0
                    + torch.linspace(0, 1, steps, dtype=z0.dtype)[:, None].sqrt() * z1
                ),
                "Roots of the shares leave the straight line: (1 − t)·z0 + t·z1.",
            ),
            (
                lambda z0, z1, steps: walk(z0, z1, steps)[:, None],
                "stack lays rows of shape (1, D) along a new axis; torch.cat joins them to "
                "(steps, D).",
            ),
        ],
    ),
]
