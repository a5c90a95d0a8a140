"""What all recipes share: resuming, checkpoints, the clock, and the card at the end."""

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import nn

from course_lib import machine, threads, training, zoo
from course_lib.recipes import processes


@dataclass
class Run:
    """One training in progress, as a recipe hands it to the runner.

    Attributes:
        step: does one training step and returns its losses by name.
        parts: everything whose state a checkpoint must hold, by name.
        model: what the zoo ships at the end.
        batch: images in a step.
        measure: returns the figures of `model` for the card, by name.
        every: steps between two checkpoints.
        parallel: whether the step works on this process's share of the batch, where torchrun has
            started several; see `processes`.
    """

    step: Callable[[int], Mapping[str, float | torch.Tensor]]
    parts: Mapping[str, training.Stateful]
    model: nn.Module
    batch: int
    measure: Callable[[], dict]
    every: int = 500
    parallel: bool = False


class Recipe(Protocol):
    """A frozen dataclass with hyperparameters; `begin` builds models and the step."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    name: str
    model: str
    arguments: dict
    data: str
    licence: str
    seed: int
    steps: int

    def begin(self) -> Run: ...


@dataclass
class Clock:
    """Seconds of training over all its sessions; lives in the checkpoint like any other part."""

    seconds: float = field(default=0.0)

    def state_dict(self) -> dict:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.seconds = state["seconds"]


def run(recipe: Recipe, out: Path, resume: bool, every: int | None = None) -> Path | None:
    """Train by `recipe`, write a checkpoint to `out` after every `every` steps, then the model.

    Args:
        recipe: what to train.
        out: folder for `checkpoint.safetensors`, the weights and the card.
        resume: begin at the checkpoint, if there is one. Without it, an existing checkpoint stops
            the run, so that hours of work are not overwritten by a slip.
        every: steps between two checkpoints; as the recipe has it where None.

    Of several processes, the one of rank 0 writes. A checkpoint does not depend on their number.

    Returns:
        `out`; None where the training was stopped by hand. It then leaves a checkpoint of its last
        whole step.

    Raises:
        OSError: a checkpoint cannot be written; the last one stays as it was.
        FileExistsError: `out` holds a checkpoint and `resume` is False.
        ValueError: there are several processes and the recipe is made for one.
    """
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists() and not resume:
        raise FileExistsError(f"{checkpoint} exists: pass --resume to go on, or another --out")
    training.start(recipe.seed)
    work, clock = recipe.begin(), Clock()
    if processes.processes() > 1 and not work.parallel:
        raise ValueError(f"the recipe of {recipe.name} trains in one process: leave torchrun out")
    first_rank = processes.rank() == 0
    every = work.every if every is None else every
    parts = {**work.parts, "clock": clock}
    first = training.load_checkpoint(checkpoint, parts) if checkpoint.exists() else 0
    before, saved = clock.seconds, first

    def left() -> str:
        if not checkpoint.exists():
            return "There is no checkpoint yet: begin again."
        return f"The checkpoint of step {saved} is in {out}: go on with --resume."

    def keep(i: int, history: training.History) -> None:
        nonlocal saved
        clock.seconds = before + history.seconds
        try:
            training.save_checkpoint(checkpoint, i + 1, parts)
        except OSError as error:
            raise OSError(f"{error}. {left()}") from error
        saved = i + 1
        means = ", ".join(f"{key} {value:.4f}" for key, value in history.recent(every).items())
        print(f"step {i + 1} of {recipe.steps}, {clock.seconds:.0f} s: {means}", flush=True)

    if first < recipe.steps:
        history = training.fit(
            lambda i: processes.averaged(work.step(i)),
            recipe.steps,
            start=first,
            every=every,
            batch=work.batch,
            callbacks=(keep,) if first_rank else (),
            progress=first_rank and sys.stderr.isatty(),
            threads=threads.most(),  # fixed: a resumed training continues to the bit
        )
        if history.interrupted:
            if first_rank:
                print(f"stopped. {left()}", flush=True)
            return None
    if not first_rank:
        return out
    hyperparameters = {
        key: value for key, value in asdict(recipe).items() if key not in zoo.CARD_FIELDS
    }
    facts = {
        "data": recipe.data,
        "licence": recipe.licence,
        "recipe": hyperparameters,
        "seed": recipe.seed,
        "steps": recipe.steps,
        "seconds": round(clock.seconds),
        "machine": f"{machine.cores()} cores, {platform.machine()}, torch {torch.__version__}",
        "figures": work.measure(),
    }
    zoo.save(recipe.name, work.model, recipe.model, recipe.arguments, facts, out)
    print(f"wrote {recipe.name} to {out}: {facts['figures']}")
    return out
