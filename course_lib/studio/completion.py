"""Completed portraits as files, and portraits for a sketch of 16×16 pixels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import ImageColor
from torch.nn.functional import interpolate

from course_lib.data import to_float
from course_lib.latent import Completion
from course_lib.layers import expect_shape
from course_lib.models.stackgan import StackGAN
from course_lib.studio import provenance
from course_lib.training import evaluating

SKETCH = 16  # pixels of a side, as Stage II reads


def save_completion(
    found: Completion,
    path: Path | str,
    answer: int | None = None,
    model: str = "progan-personas",
    **details: Any,
) -> Path:
    """Write one answer, or all side by side, as PNG, eight times enlarged, with the facts.

    Args:
        found: what `complete` returns.
        path: of the file.
        answer: number of the answer, from 0; None for all.
        model: the generator's name in the zoo.
        details: what else the file should say, such as the seed.
    """
    hidden = (found.mask[0, 0] == 0).nonzero()
    first, last = hidden.min(0).values, hidden.max(0).values + 1
    images = found.images if answer is None else found.images[answer][None]
    strip = torch.cat([*images], dim=2)[None]  # (1, 3, H, N·W)
    facts = provenance.facts(
        model,
        made="completion",
        composite=True,
        hidden=[*first.tolist(), *last.tolist()],  # top, left, bottom, right
        encoder=found.encoded,
        answer=answer,  # None: all of them
        **details,
    )
    return provenance.save_png(interpolate(strip, scale_factor=8, mode="nearest")[0], path, facts)


def sketch(rows: Sequence[str], palette: Mapping[str, str]) -> torch.Tensor:
    """Return a drawing of letters as an image (1, 3, 16, 16), float in [-1, 1].

    Args:
        rows: 16 lines of 16 letters.
        palette: letter -> colour, such as "#E4572E" or "teal".

    Raises:
        ValueError: there are more or fewer letters, one has no colour, or a colour is unknown.
    """
    if len(rows) != SKETCH or any(len(row) != SKETCH for row in rows):
        lengths = ", ".join(str(len(row)) for row in rows)
        raise ValueError(f"a sketch has {SKETCH} rows of {SKETCH} letters, got rows of {lengths}")
    unknown = sorted({letter for row in rows for letter in row} - set(palette))
    if unknown:
        raise ValueError(f"the palette has no colour for {', '.join(map(repr, unknown))}")
    colours = {letter: ImageColor.getrgb(colour)[:3] for letter, colour in palette.items()}
    pixels = torch.tensor([[colours[letter] for letter in row] for row in rows], dtype=torch.uint8)
    return to_float(pixels.permute(2, 0, 1)[None])


def upscale(picture: torch.Tensor, sentence: str, model: StackGAN) -> torch.Tensor:
    """Return StackGAN's Stage II's portrait (1, 3, 64, 64) in [-1, 1] for a sketch and a sentence.

    Stage II learnt to correct what Stage I drew; here your sketch takes Stage I's place. The
    condition c is the mean that the sentence gives, without noise.

    Args:
        picture: (1, 3, H, W), float in [-1, 1], at least 16×16; larger ones are averaged down.
        sentence: what the portrait should show.
        model: "stackgan-personas" of the zoo.

    Raises:
        ValueError: the picture has another shape, or the model has no Stage II.
    """
    expect_shape(picture, (1, 3, None, None), "the picture")
    if min(picture.shape[2:]) < SKETCH:
        raise ValueError(f"a picture has {SKETCH}×{SKETCH} pixels or more")
    if model.stage2 is None:
        raise ValueError("this StackGAN has no Stage II")
    small = interpolate(picture, size=(SKETCH, SKETCH), mode="area")
    text = model.encode([sentence])
    with evaluating(model):
        mean = model.stage2.augment(text, torch.zeros(1, model.c_dim2))[0]
        return model.stage2(small, mean)


def save_upscaled(
    picture: torch.Tensor,
    sentence: str,
    model: StackGAN,
    path: Path | str,
    name: str = "stackgan-personas",
) -> Path:
    """Write what `upscale` returns as PNG, eight times enlarged, with its facts.

    Args:
        picture, sentence, model: as `upscale` takes them.
        path: of the file.
        name: the model's in the zoo.
    """
    large = interpolate(upscale(picture, sentence, model), scale_factor=8, mode="nearest")
    facts = provenance.facts(name, made="upscaled sketch", composite=True, sentence=sentence)
    return provenance.save_png(large[0], path, facts)
