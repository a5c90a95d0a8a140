"""What all recipes share: resuming, checkpoints, the clock, and the card at the end."""

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from course_lib import data, machine, output, threads, training, zoo
from course_lib.recipes import processes

Values = Mapping[str, float | torch.Tensor]  # what a step reports, by name

# The licences of data that several recipes learn from, as cards say them.
FASHION_LICENCE = "BSD-3-Clause; data: MIT (Zalando Research)"
PERSONAS_LICENCE = "BSD-3-Clause; data: CC BY 4.0 (Personas by Draftbit)"


@dataclass
class Run:
    """One training in progress.

    Attributes:
        step: does one training step and returns its losses by name.
        parts: everything whose state a checkpoint must hold, by name.
        model: what the zoo ships at the end.
    """

    step: Callable[[int], Values]
    parts: Mapping[str, training.Stateful]
    model: nn.Module


class Recipe:
    """How one model is trained. Each recipe is a frozen dataclass with its numbers as fields.

    The card shows the fields, and `dataclasses.replace` makes short runs and ablations of them.

    Attributes:
        model: "file.Class" in `course_lib.models`, made with `arguments`.
        data, licence: what the card says of the data, and of data and weights.
        batch: images in a step.
        every: steps between two checkpoints.
        parallel: whether several processes may share a step; see `processes`.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    name: str
    model: str
    arguments: dict
    data: str
    licence: str
    seed: int
    batch: int
    steps: int
    every: int = 500
    parallel: bool = False

    def examples(self) -> tuple[torch.Tensor, ...]:
        """Return what to learn from: tensors of one length, such as images and labels."""
        raise NotImplementedError

    def batches(self) -> Any:
        """Return the examples in shuffled batches."""
        return data.batches(*self.examples(), size=self.batch, seed=self.seed)

    def begin(self) -> Run:
        """Make networks, optimisers and batches, and return the step with them."""
        raise NotImplementedError

    def figures(self, model: Any) -> dict:
        """Return the figures of a trained model for its card."""
        raise NotImplementedError


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
    if processes.processes() > 1 and not recipe.parallel:
        raise ValueError(f"the recipe of {recipe.name} trains in one process: leave torchrun out")
    training.start(recipe.seed)
    work, clock = recipe.begin(), Clock()
    first_rank = processes.rank() == 0
    every = recipe.every if every is None else every
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
        except output.NotWritten as error:
            raise OSError(f"{error.said}. {left()}") from error
        saved = i + 1
        means = ", ".join(f"{key} {value:.4f}" for key, value in history.recent(every).items())
        print(f"step {i + 1} of {recipe.steps}, {clock.seconds:.0f} s: {means}", flush=True)

    if first < recipe.steps:
        history = training.fit(
            lambda i: processes.averaged(work.step(i)),
            recipe.steps,
            start=first,
            every=every,
            batch=recipe.batch,
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
        "figures": recipe.figures(work.model),
    }
    zoo.save(recipe.name, work.model, recipe.model, recipe.arguments, facts, out)
    print(f"wrote {recipe.name} to {out}: {facts['figures']}")
    return out
