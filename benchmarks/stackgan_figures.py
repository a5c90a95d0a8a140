"""All figures of a StackGAN: of a shipped one, or of the average in a training's checkpoint.

    python benchmarks/stackgan_figures.py stackgan-personas
    python benchmarks/stackgan_figures.py stackgan-personas-2 --out runs/stackgan-personas-2

Prints `metrics.personas_report` and `metrics.whole_captions_report` as one line of JSON, with step
and seconds of a checkpoint. `--sheet FILE.png` draws real portraits (odd rows) above those of their
captions (even rows), at three times their pixels. A minute on one core.
"""

import argparse
import json
from pathlib import Path

import torch
from PIL import Image

from course_lib import data, metrics, recipes, training, zoo
from course_lib.models.stackgan import StackGAN
from course_lib.recipes.runner import Clock


def averaged(name: str, out: Path) -> tuple[StackGAN, dict]:
    """Return the model as the checkpoint in `out` averages it, and where the training stands."""
    work, clock = recipes.recipe(name).begin(), Clock()
    parts = {**work.parts, "clock": clock}
    step = training.load_checkpoint(out / "checkpoint.safetensors", parts)
    return work.model, {"step": step, "seconds": round(clock.seconds)}


def sheet(model: StackGAN, rows: int = 4, columns: int = 8) -> Image.Image:
    """Return rows of test portraits, each above the portraits drawn from their captions."""
    images, attributes = data.personas("test")
    n = rows * columns
    drawn = metrics.enlarged(data.to_uint8(model.sample(data.captions(attributes[:n]), seed=1)))
    pairs = torch.stack([images[:n].unflatten(0, (rows, columns)), drawn.unflatten(0, (rows, -1))])
    # (2, rows, columns, 3, 64, 64) -> (rows · 2 · 64, columns · 64, 3)
    pixels = pairs.permute(1, 0, 4, 2, 5, 3).flatten(0, 2).flatten(1, 2)
    return Image.fromarray(pixels.numpy()).resize(
        (3 * pixels.shape[1], 3 * pixels.shape[0]), Image.Resampling.NEAREST
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--out", type=Path, help="folder with the checkpoint of a training")
    parser.add_argument("--sheet", type=Path, help="file for a picture")
    options = parser.parse_args()
    training.start(0)
    if options.out is None:
        model, figures = zoo.load(options.name), {}
    else:
        model, figures = averaged(options.name, options.out)
    if options.sheet is not None:
        sheet(model).save(options.sheet)
    judge = zoo.load("personas-cnn")

    def sample(captions: list[str]) -> torch.Tensor:
        return model.sample(captions, seed=1)

    figures |= metrics.personas_report(sample, judge)
    figures |= metrics.whole_captions_report(sample, judge)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
