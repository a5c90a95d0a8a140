"""How good is a ProGAN in training? Judges the average that its checkpoint holds.

    python benchmarks/progan_curve.py progan-personas-2 [--out runs/progan-personas-2] [--details]

Appends step, seconds and figures to OUT/curve.jsonl, the training's learning curve, and draws
OUT/sheet.png: real portraits on the left, the first generated ones on the right, at three times
their pixels. `--details` adds the figures that take minutes: skin tones and directions. The
training may go on meanwhile; the checkpoint is only read.
"""

import argparse
import json
from pathlib import Path

import torch
from torchvision.utils import make_grid, save_image

from course_lib import data, metrics, recipes, training, zoo
from course_lib.recipes.progan_personas import Schedule
from course_lib.recipes.progan_personas_2 import portrait_details
from course_lib.recipes.runner import Clock

KEPT = ("KID", "FID-course", "density", "coverage")


def sheet(samples: torch.Tensor, count: int = 32) -> torch.Tensor:
    """Return real portraits (left) beside samples (right), at three times their pixels."""
    real = data.to_float(data.personas("test")[0][:count])
    halves = [make_grid(part, nrow=4, padding=1) for part in (real, samples[:count])]
    space = torch.ones(3, halves[0].shape[1], 6)
    joined = torch.cat([halves[0], space, halves[1]], dim=2).add(1).div(2)
    return joined.repeat_interleave(3, dim=1).repeat_interleave(3, dim=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[name for name in recipes.names() if "progan" in name])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--details", action="store_true")
    options = parser.parse_args()
    out = options.out or Path("runs") / options.name
    recipe = recipes.recipe(options.name)
    training.start(recipe.seed)
    work, clock = recipe.begin(), Clock()
    step = training.load_checkpoint(out / "checkpoint.safetensors", {**work.parts, "clock": clock})
    moment = Schedule(recipe.stages).at(step - 1)
    if moment.stage < len(recipe.stages) - 1:
        raise SystemExit(f"step {step} is at stage {moment.stage}: the judge reads 64×64 only")
    samples = work.model.sample(2000, seed=1, fade=moment.fade)
    figures = metrics.portraits_report(samples, zoo.load("personas-cnn"))
    row = {"step": step, "seconds": round(clock.seconds), **{key: figures[key] for key in KEPT}}
    if options.details:
        row |= portrait_details(work.model)
    save_image(sheet(samples), out / "sheet.png")
    with (out / "curve.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))


if __name__ == "__main__":
    main()
