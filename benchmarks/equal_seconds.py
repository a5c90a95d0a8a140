"""VAE, GAN and flow on Fashion-MNIST after equal seconds of one thread, under one judge.

    python benchmarks/equal_seconds.py               # runs what is missing, the short ones first
    python benchmarks/equal_seconds.py flow DCGAN    # of these models only
    python benchmarks/equal_seconds.py --seconds 60  # of this budget only
    python benchmarks/equal_seconds.py --write       # writes course_lib/records/equal-seconds.json

Each training is one file in runs/equal-seconds/: what is there is not run again, and a training
that was stopped (Ctrl-C is enough) goes on from its checkpoint. All together take 27,600 seconds of
one thread. The seconds are those of the processor, so that other programs do not count; on a busy
machine a second still does less. The learning rate follows the clock: whatever the budget, it ends
at 0 if the recipe says so.
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

FOLDER = Path("runs") / "equal-seconds"
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


def path_of(name: str, what: object, seed: object) -> Path:
    """Return the file of a training."""
    return FOLDER / f"{name.replace(' ', '-')}-{what}-{seed}.json"


def run(name: str, seconds: int, seed: int) -> None:
    """Train and measure one cell of the table, if that was not done."""
    path = path_of(name, seconds, seed)
    if path.exists():
        return
    recipe = dataclasses.replace(MODELS[name](seconds), seed=seed, steps=TICKS)  # pyright: ignore
    path.with_suffix("").mkdir(parents=True, exist_ok=True)
    steps, model = train(recipe, seconds, path.with_suffix(""))
    rows = {row: figures(model, options) for row, options in ROWS[name].items()}
    path.write_text(json.dumps({"steps": steps, "rows": rows}, indent=1), encoding="utf-8")
    path.with_suffix("").rmdir()
    print(f"{name}, {seconds} s, seed {seed}: {steps} steps, {rows}", flush=True)


def shipped(name: str) -> None:
    """Measure a shipped model, if there is one and that was not done."""
    path = path_of(name, "shipped", 0)
    if not path.exists() and SHIPPED.get(name) in zoo.names():
        model = zoo.load(SHIPPED[name])
        rows = {row: figures(model, options) for row, options in ROWS[name].items()}
        FOLDER.mkdir(parents=True, exist_ok=True)
        facts = {"seconds": zoo.card(SHIPPED[name])["seconds"], "rows": rows}
        path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        print(f"{SHIPPED[name]}: {rows}", flush=True)


def record() -> dict[str, Any]:
    """Return the table of all trainings that are done: row -> seconds -> figure -> by seed."""
    table: dict[str, dict[str, Any]] = {}
    for name in MODELS:
        for seconds, seeds in SEEDS.items():
            paths = [path_of(name, seconds, seed) for seed in seeds]
            done = [json.loads(path.read_text("utf-8")) for path in paths if path.exists()]
            for row in ROWS[name] if done else ():
                found = [cell["rows"][row] for cell in done]
                columns = {figure: [cell[figure] for cell in found] for figure in found[0]}
                steps = [cell["steps"] for cell in done]
                table.setdefault(row, {})[str(seconds)] = {"steps": steps, **columns}
        if (path := path_of(name, "shipped", 0)).exists():
            facts = json.loads(path.read_text("utf-8"))
            for row, found in facts["rows"].items():
                table.setdefault(row, {})["shipped"] = {"seconds": facts["seconds"], **found}
    return {
        "command": "python benchmarks/equal_seconds.py; … --write",
        "samples": N,
        "guidance": GUIDANCE,
        "rows": table,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", help=", ".join(MODELS))
    parser.add_argument("--seconds", type=int, choices=SEEDS, help="this budget only")
    parser.add_argument("--write", action="store_true", help="write the record, train nothing")
    options = parser.parse_args()
    if unknown := {*options.models} - {*MODELS}:
        parser.error(f"no model is called {', '.join(unknown)}; there are {', '.join(MODELS)}")
    if options.write:
        path = zoo.RECORDS / "equal-seconds.json"
        text = json.dumps(record(), indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
        return
    names = options.models or [*MODELS]
    for name in names:
        shipped(name)
    budgets = [options.seconds] if options.seconds else [*SEEDS]
    for cell in cells(names, budgets):
        run(*cell)


if __name__ == "__main__":
    main()
