"""VAE, GAN and flow on Fashion-MNIST after equal seconds of one thread, under one judge.

    python benchmarks/equal_seconds.py               # runs what is missing, the short ones first
    python benchmarks/equal_seconds.py flow DCGAN    # of these models only
    python benchmarks/equal_seconds.py --seconds 60  # of this budget only
    python benchmarks/equal_seconds.py --shipped     # measures the shipped models, trains nothing

Each training goes into course_lib/records/equal-seconds.json as soon as it is measured: what is
there is not run again, and a training that was stopped (Ctrl-C is enough) goes on from its
checkpoint in runs/. All together take 27,600 seconds of one thread. The seconds are those of the
processor, so that other programs do not count; on a busy machine a second still does less. The
learning rate follows the clock: whatever the budget, it ends at 0 if the recipe says so.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from course_lib import data, metrics, training, zoo
from course_lib.recipes.cgan_fashion import CGANFashion
from course_lib.recipes.dcgan_fashion import DCGANFashion
from course_lib.recipes.flow_fashion import FlowFashion
from course_lib.recipes.runner import Clock, Recipe
from course_lib.recipes.vae_fashion import VAEFashion

FOLDER = Path("runs") / "equal-seconds"  # of the checkpoints
RECORD = zoo.RECORDS / "equal-seconds.json"
SEEDS = {60: (0, 1, 2), 180: (0, 1, 2), 600: (0, 1, 2), 3_000: (0,)}
N = 5_000  # samples of which each figure is computed
TICKS = 10_000  # a recipe counts this many steps, whatever the seconds: its rates follow them
GUIDANCE = 2.0
SAVE = 60  # seconds of the processor between two checkpoints

# Up to three minutes the networks are as small as in the lessons' live trainings, then as shipped.
SMALL = {"learning_rate": 1e-3, "ema": 0.995}


def dcgan(seconds: int) -> Recipe:
    if seconds > 180:
        return DCGANFashion()
    return DCGANFashion(arguments={"z_dim": 16, "width": 16}, batch=16, **SMALL)


def cgan(seconds: int) -> Recipe:
    if seconds > 180:
        return CGANFashion()
    arguments = {"z_dim": 16, "width": 16, "way": "projection"}
    return CGANFashion(arguments=arguments, batch=32, discriminator_width=24, **SMALL)


def flow(seconds: int, dropped: float = 0.1) -> Recipe:
    if seconds > 180:
        return FlowFashion(dropped=dropped)
    arguments = {"width": 32, "middle": 64, "blocks": 2, "rank": 64, "steps": 8}
    return FlowFashion(arguments=arguments, batch=16, dropped=dropped)


MODELS = {
    "VAE": lambda seconds: VAEFashion(),
    "DCGAN": dcgan,
    "conditional GAN": cgan,
    "flow": flow,
    "flow without labels": lambda seconds: flow(seconds, dropped=1.0),
}
# Model -> row of the table -> how it is sampled.
ROWS: dict[str, dict[str, dict[str, Any]]] = {name: {name: {}} for name in MODELS}
ROWS["flow"]["flow, guided"] = {"guidance": GUIDANCE}
ROWS["flow without labels"]["flow without labels"] = {"guidance": 0.0}
SHIPPED = {
    "VAE": "vae16-fashion",
    "DCGAN": "dcgan-fashion",
    "conditional GAN": "cgan-fashion",
    "flow": "flow-fashion",
}


def train(recipe: Recipe, seconds: float, folder: Path) -> tuple[int, torch.nn.Module]:
    """Return how many steps were done in so many seconds of the processor, and the model."""
    training.start(recipe.seed)
    work, clock = recipe.begin(), Clock()
    schedules = [part for part in work.parts.values() if isinstance(part, LambdaLR)]
    parts, checkpoint = {**work.parts, "clock": clock}, folder / "checkpoint.safetensors"
    step = training.load_checkpoint(checkpoint, parts) if checkpoint.exists() else 0
    saved = before = clock.seconds
    began = time.process_time()
    with training.stop_button() as pressed:
        while clock.seconds < seconds:
            for schedule in schedules:
                schedule.last_epoch = int(TICKS * clock.seconds / seconds)
            work.step(step)
            step += 1
            clock.seconds = before + time.process_time() - began
            if clock.seconds - saved > SAVE or pressed.is_set():
                training.save_checkpoint(checkpoint, step, parts)
                saved = clock.seconds
            if pressed.is_set():
                raise SystemExit(f"stopped at {saved:.0f} of {seconds} s; run it again to go on")
    checkpoint.unlink(missing_ok=True)
    return step, work.model


def figures(model: torch.nn.Module, options: dict[str, Any]) -> dict[str, float]:
    """Return what the judge says of N samples, and the milliseconds that one takes."""
    judge, conditional = zoo.load("fashion-cnn"), hasattr(model, "classes")
    labels = torch.arange(N) % 10
    asked = {"labels": labels} if conditional else {"n": N}
    began = time.process_time()
    samples = model.sample(seed=1, **asked, **options)  # pyright: ignore[reportCallIssue]
    spent = time.process_time() - began
    found = metrics.compare(data.fashion("test")[0], {"it": samples}, judge=judge)["it"]
    report = {name: round(found[name].value, 4) for name in ("FID-course", "density", "coverage")}
    if conditional and options.get("guidance") != 0:
        seen = metrics.probabilities(judge, samples).argmax(dim=1)
        report["agreement"] = round((seen == labels).double().mean().item(), 4)
    return {**report, "ms per image": round(1000 * spent / N, 3)}


def cells(names: list[str], budgets: list[int]) -> Iterator[tuple[str, int, int]]:
    """Yield model, seconds and seed of each training, the short ones first."""
    for seconds, seeds in SEEDS.items():
        for seed in seeds:
            for name in names:
                if seconds in budgets:
                    yield name, seconds, seed


def table() -> dict[str, dict[str, Any]]:
    """Return what is recorded: row -> seconds or "shipped" -> figure -> numbers by seed."""
    return json.loads(RECORD.read_text(encoding="utf-8"))["rows"] if RECORD.exists() else {}


def write(rows: dict[str, dict[str, Any]]) -> None:
    """Write the record, its rows and columns in the order that this file names them."""
    columns = [*map(str, SEEDS), "shipped"]
    record = {
        "command": "python benchmarks/equal_seconds.py",
        "samples": N,
        "guidance": GUIDANCE,
        "rows": {
            row: {column: rows[row][column] for column in columns if column in rows[row]}
            for row in [row for of_model in ROWS.values() for row in of_model]
            if row in rows
        },
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    RECORD.write_text(text, encoding="utf-8")


def add(rows: dict[str, dict[str, Any]], row: str, column: str, found: dict[str, float]) -> None:
    """Put what was found for one more seed into the table."""
    print(f"{row}, {column}: {found}", flush=True)
    columns = rows.setdefault(row, {}).setdefault(column, {})
    for figure, value in found.items():
        columns.setdefault(figure, []).append(value)


def run(name: str, seconds: int, seed: int) -> None:
    """Train and measure one cell of the table, if that was not done. Seeds come in their order."""
    first, column = next(iter(ROWS[name])), str(seconds)
    if len(table().get(first, {}).get(column, {}).get("steps", ())) > seed:
        return
    recipe = dataclasses.replace(MODELS[name](seconds), seed=seed, steps=TICKS)  # pyright: ignore
    folder = FOLDER / f"{name.replace(' ', '-')}-{seconds}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    steps, model = train(recipe, seconds, folder)
    folder.rmdir()
    rows = table()
    for row, options in ROWS[name].items():
        found = {"seconds": seconds, "steps": steps, **figures(model, options)}
        add(rows, row, column, found)
    write(rows)


def measure_shipped() -> None:
    """Measure the shipped models."""
    rows = table()
    for name, shipped in SHIPPED.items():
        model, card = zoo.load(shipped), zoo.card(shipped)
        for row, options in ROWS[name].items():
            rows.setdefault(row, {}).pop("shipped", None)
            facts = {"seconds": card["seconds"], "steps": card["steps"]}
            add(rows, row, "shipped", {**facts, **figures(model, options)})
    write(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", help=", ".join(MODELS))
    parser.add_argument("--seconds", type=int, choices=SEEDS, help="this budget only")
    parser.add_argument("--shipped", action="store_true", help="the shipped models only")
    options = parser.parse_args()
    if unknown := {*options.models} - {*MODELS}:
        parser.error(f"no model is called {', '.join(unknown)}; there are {', '.join(MODELS)}")
    if options.shipped:
        measure_shipped()
        return
    budgets = [options.seconds] if options.seconds else [*SEEDS]
    for cell in cells(options.models or [*MODELS], budgets):
        run(*cell)


if __name__ == "__main__":
    main()
