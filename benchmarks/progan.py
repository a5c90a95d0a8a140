"""Is growing worth it? Lesson 07's experiment: one pair of networks, grown or not, at equal time.

    python benchmarks/progan.py [--only grown] [--seconds 600] [--write]

Trains both for 32×32 pixels by their recipes, and judges the averaged generator at five points in
time: KID and FID-course of 1,000 samples, enlarged for the judge, against as many test portraits
of 32×32 pixels. Where a stage is smaller than 32×32, its pixels are doubled. Time is that of the
process's own clock on one thread, without the judging, so that other programs do not lengthen it.
`--write` stores the figures in course_lib/records/progan-growing.json and six samples of each
point beside it, which the lesson shows.
"""

import argparse
import json
import time

import torch
from safetensors.torch import save_file

from course_lib import data, metrics, training, zoo
from course_lib.models.progan import double
from course_lib.recipes.progan_personas import RACE, Schedule

NAME = "progan-growing"
SIZE = 32


def drawn(generator: torch.nn.Module, stage: int, fade: float) -> torch.Tensor:
    """Return 1,000 samples of a stage, its pixels doubled up to 32×32: uint8."""
    samples = generator.sample(1000, seed=1, stage=stage, fade=fade)
    while samples.shape[2] < SIZE:
        samples = double(samples)
    return data.to_uint8(samples)


def run(name: str, seconds: float, points: int = 5) -> tuple[list[dict], torch.Tensor]:
    """Train "grown" or "straight" and return its figures and six samples at each point."""
    recipe, judge = RACE[name], zoo.load("personas-cnn")
    schedule = Schedule(recipe.stages)
    real, floor = (
        metrics.enlarged(data.shrunk(data.personas(split)[0][:1000], SIZE))
        for split in ("test", "train")
    )
    torch.set_num_threads(1)
    training.seed_everything(recipe.seed)
    torch.set_flush_denormal(True)
    work = recipe.begin()
    rows, shown, spent, i = [], [], 0.0, 0
    for point in range(1, points + 1):
        began = time.process_time()
        while spent + time.process_time() - began < point * seconds / points:
            work.step(i)
            i += 1
        spent += time.process_time() - began
        moment = schedule.at(i - 1)
        samples = drawn(work.model, moment.stage, moment.fade)
        sets = {"samples": metrics.enlarged(samples)}
        table = metrics.compare(real, sets, judge=judge, floor=floor)
        figures = {
            f"{column}{note}": float(f"{table[row][column].value:.4g}")
            for row, note in ((metrics.FLOOR, ", floor"), ("samples", ""))
            for column in ("KID", "FID-course", "coverage")
        }
        rows.append(
            {
                "seconds": round(spent),
                "steps": i,
                "images": i * recipe.stages[0]["batch"],
                "size": work.model.sizes[moment.stage],
                "fade": round(moment.fade, 2),
                **figures,
            }
        )
        shown.append(samples[:6])
        print(name, rows[-1], flush=True)
    return rows, torch.stack(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=RACE)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    path = zoo.RECORDS / f"{NAME}.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else {}
    samples = zoo.recorded_images(NAME) if path.exists() else {}
    for name in options.only or RACE:
        runs[name], samples[name] = run(name, options.seconds)
        if options.write:
            record = {
                "command": "python benchmarks/progan.py --write",
                "runs": {name: runs[name] for name in RACE if name in runs},
            }
            save_file(samples, path.with_suffix(".safetensors"))
            path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
