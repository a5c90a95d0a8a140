"""The training loop that all models share, and what surrounds it: history, EMA, checkpoints.

`steps` knows progress, threads and the stop button, and `fit` adds history and pictures. They know
no model and no loss: the step is the lesson's own.
"""

import copy
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, cast

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import nn
from tqdm.auto import tqdm

from course_lib import machine, output
from course_lib.sampling import eval_mode
from course_lib.threads import Chooser, begin, tuned

Model = TypeVar("Model", bound=nn.Module)
State: TypeAlias = (  # what a checkpoint can hold
    "torch.Tensor | Mapping[Any, State] | list[State] | tuple[State, ...] | str | float | None"
)


def seed_everything(seed: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]


def start(seed: int = 0, kernels: int | None = None) -> torch.device:
    """Prepare this process for training and return the best device (CUDA, MPS or CPU).

    Seeds all generators, begins with one thread (loops take more where that is faster:
    `threads.Chooser`), and rounds denormal numbers to zero, which are slow and mean nothing.

    Args:
        seed: of the generators of Python, NumPy and PyTorch.
        kernels: how many compiled convolutions oneDNN keeps, 1,024 by default; only before the
            first convolution. A training step needs its own few dozen. Where many networks take
            turns, fewer save memory: 40 MB in lesson 08.
    """
    if kernels is not None:
        os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = str(kernels)
    seed_everything(seed)
    begin()
    torch.set_flush_denormal(True)
    return machine.device()


def _number(value: float | torch.Tensor) -> float:
    return value.item() if isinstance(value, torch.Tensor) else float(value)


class History(dict[str, list[float]]):
    """What a training reported: name -> list with one float per step.

    Attributes:
        seconds: time spent in steps and in pictures.
        interrupted: True where the training was stopped by hand.
        images_per_second: throughput, or None where `fit` was not told the batch size.
    """

    def __init__(self):
        super().__init__()
        self.seconds, self.interrupted = 0.0, False
        self.images_per_second: float | None = None

    def add(self, values: Mapping[str, float | torch.Tensor]) -> None:
        """Append one step's values (numbers or tensors with one element)."""
        for name, value in values.items():
            self.setdefault(name, []).append(_number(value))

    @property
    def steps(self) -> int:
        """Number of steps recorded."""
        return max((len(values) for values in self.values()), default=0)

    def recent(self, window: int = 50) -> dict[str, float]:
        """Return the mean of each value over the last `window` steps."""
        return {name: float(np.mean(values[-window:])) for name, values in self.items()}

    def __repr__(self):
        means = ", ".join(f"{name} {value:.3f}" for name, value in self.recent().items())
        return f"History({self.steps} steps; last means: {means})"


class Stateful(Protocol):
    """What a checkpoint holds: a model, an optimiser, an average, batches, a clock."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> object: ...


class View(Protocol):
    """What `fit` asks of its `show`: to be told of the history now and then, and at the end."""

    def update(self, history: History) -> None: ...

    def finish(self, history: History) -> None: ...


def interrupt(number: int, frame: object) -> None:
    """Handle a signal as Ctrl-C is handled: whoever sets it for SIGTERM makes it a stop button."""
    raise KeyboardInterrupt


@contextmanager
def stop_button() -> Generator[threading.Event]:
    """Turn the first interruption in the block (the stop button) into an event.

    A second one interrupts at once. Of blocks inside each other, all are told. Outside of the main
    thread, and where something else than Python handles interruptions, nothing changes. SIGTERM
    counts where its handler is `interrupt`, as in `python -m course_lib train`.
    """
    pressed = threading.Event()
    before: dict[int, Callable[[int, Any], object]] = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        before = {number: handler for number, handler in found.items() if callable(handler)}
        term = before.get(signal.SIGTERM)
        if term is not interrupt and not hasattr(term, "pressed"):
            before.pop(signal.SIGTERM, None)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: object) -> None:
        restore()
        pressed.set()
        if hasattr(before[number], "pressed"):
            before[number](number, frame)

    cast(Any, stop).pressed = pressed  # so a block inside this one knows whom to tell
    for number in before:
        signal.signal(number, stop)
    try:
        yield pressed
    finally:
        restore()


class Steps:
    """The numbers of a training's steps, for a `for` loop; `steps` makes one.

    Attributes:
        values: shown in the progress bar, name -> text.
        interrupted: True where the loop was stopped by hand.
    """

    def __init__(self, n: int, start: int = 0, progress: bool = True, threads: int | None = None):
        if n < 1:
            raise ValueError(f"steps are positive, got {n}")
        if threads is not None and threads < 1:
            raise ValueError(f"threads are positive, got {threads}")
        self.n, self.start, self.progress, self.threads = n, start, progress, threads
        self.values: dict[str, str] = {}
        self.interrupted = False

    def __iter__(self) -> Iterator[int]:
        chooser, done = Chooser(self.threads), self.start
        bar = tqdm(
            total=self.n,
            initial=self.start,
            disable=not self.progress,
            unit="step",
            leave=False,
            # In a notebook each redrawing is three messages or more. nbval reads them at the end
            # of a cell only, and loses what goes beyond the 1,000 that the kernel's socket holds.
            mininterval=1.0,
        )
        with stop_button() as pressed, bar:
            try:
                for i in tuned(range(self.start, self.n), chooser):
                    yield i
                    done = i + 1
                    said = [f"{name} {text}" for name, text in self.values.items()]
                    said += filter(None, [str(chooser)])
                    bar.set_postfix_str(", ".join(said), refresh=False)
                    bar.update()
                    if pressed.is_set():
                        bar.total = bar.n  # else it turns red and stays: this is no error
                        return
            finally:
                self.interrupted = pressed.is_set() and done < self.n


def steps(n: int, *, start: int = 0, progress: bool = True, threads: int | None = None) -> Steps:
    """Return the numbers start … n − 1 for a training's loop: `for i in training.steps(n):`.

    While the loop runs, a bar shows its progress, and the number of threads follows what else the
    machine does (`threads.Chooser`); the bar says which number was chosen, and why. The stop button
    ends the loop after the step that is running, without an error: the code after the loop uses the
    steps that were done. A later training begins all the same. Pressed twice in a step, the button
    interrupts at once.

    Args:
        n: where to stop; steps, not seconds, so that the same lesson gives the same pictures.
        start: where to begin; larger than 0 when a training is resumed.
        progress: False runs silently.
        threads: a fixed number, so that results are the same to the last digit; None chooses while
            the loop runs, unless OMP_NUM_THREADS is set.

    Raises:
        ValueError: n is not positive.
    """
    return Steps(n, start, progress, threads)


def fit(
    step: Callable[[int], Mapping[str, float | torch.Tensor]],
    steps: int,
    *,
    start: int = 0,
    every: int = 50,
    show: View | None = None,
    batch: int | None = None,
    callbacks: tuple[Callable[[int, History], None], ...] = (),
    progress: bool = True,
    threads: int | None = None,
) -> History:
    """Call step(i) for i in start … steps − 1 and return what it reported.

    Args:
        step: does one training step and returns its losses by name.
        steps, start, progress, threads: as in `steps`.
        every: steps between two pictures (and two calls of the callbacks).
        show: shows pictures while the training runs; `figures.live` makes one.
        batch: images in a step; with it the progress bar tells images per second.
        callbacks: called as callback(i, history) after every `every`-th step and after the last,
            also where the stop button made it the last.

    Returns:
        The history. The stop button ends the training after the step that is running, not the
        notebook: the history so far is returned. Pressed twice in a step, it ends that step too.

    Raises:
        ValueError: `steps` or `every` is not positive.
        FloatingPointError: a loss became NaN or infinite; the message names step and loss.
    """
    if every < 1:
        raise ValueError(f"every is positive, got {every}")
    history, loop = History(), Steps(steps, start, progress, threads)
    began = time.perf_counter()
    i, told = start, True  # until there is a step, there is nothing to tell

    def tell(i: int) -> None:
        history.seconds = time.perf_counter() - began
        for callback in callbacks:
            callback(i, history)
        if show is not None:
            show.update(history)

    try:
        for i in loop:
            values = {name: _number(value) for name, value in step(i).items()}
            broken = [name for name, value in values.items() if not np.isfinite(value)]
            if broken:
                raise FloatingPointError(
                    f"step {i}: {', '.join(broken)} is no longer a finite number. "
                    "Try a smaller learning rate."
                )
            history.add(values)
            told = (i + 1) % every == 0 or i + 1 == steps
            if told:
                tell(i)
                means = history.recent(every)
                loop.values = {name: f"{value:.2f}" for name, value in means.items()}
                if batch is not None:
                    loop.values["images/s"] = f"{history.steps * batch / history.seconds:,.0f}"
        if loop.interrupted and not told:
            with stop_button():  # pressed now, it would lose the checkpoint of this step
                tell(i)
    except KeyboardInterrupt:
        loop.interrupted = True
    finally:
        history.interrupted = loop.interrupted
        history.seconds = time.perf_counter() - began
        if batch is not None and history.seconds > 0:
            history.images_per_second = history.steps * batch / history.seconds
        with stop_button():  # pressed now, it would lose the history
            machine.give_back_memory()
            if show is not None:
                show.finish(history)
    return history


@contextmanager
def evaluating(*models: nn.Module) -> Generator[None]:
    """Run the block with all models in eval mode and without gradients; then restore the modes."""
    with eval_mode(*models), torch.no_grad():
        yield


def adam(
    network: nn.Module, rate: float, betas: tuple[float, float] = (0.5, 0.999)
) -> torch.optim.Adam:
    """Return Adam for a network of a GAN, prepared for the processor.

    All weights of a step are updated in one call ("fused"), and convolutions keep the channels of
    a pixel together in memory ("channels last"), which most processors read faster. Neither changes
    a result by more than rounding.

    Args:
        network: its weights are rearranged in place.
        rate: the learning rate.
        betas: how long Adam remembers; β₁ = 0.5 is DCGAN's (Radford et al. 2015, section 4).
    """
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return torch.optim.Adam(network.parameters(), rate, betas=betas, fused=True)


class EMA(Generic[Model]):
    """An exponential moving average of a model's weights, in `model`: a copy for sampling.

    average ← decay · average + (1 − decay) · weight. Early on the decay is ramped up as
    (1 + t)/(10 + t), so that the average forgets the random start. Buffers (the running statistics
    of batch normalisation) are copied, not averaged.
    """

    def __init__(self, model: Model, decay: float = 0.995):
        if not 0 <= decay < 1:
            raise ValueError(f"decay is in [0, 1), not {decay}")
        self.model, self.decay, self.updates = copy.deepcopy(model).eval(), decay, 0
        self.model.requires_grad_(False)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take one more step of `model` into the average."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            average.lerp_(weight, 1 - decay)
        for average, buffer in zip(self.model.buffers(), model.buffers(), strict=True):
            average.copy_(buffer)

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.updates = state["updates"]


def _flatten(value: State, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Return `value` as JSON-ready data, its tensors moved to `tensors` under numbered names."""
    if isinstance(value, torch.Tensor):
        name = f"tensor{len(tensors)}"
        # A clone, because safetensors refuses two names for the same memory. Files hold plain
        # contiguous tensors, so the layout is noted: an optimiser whose state has another layout
        # than its weights would pair the wrong numbers.
        tensors[name] = value.detach().cpu().contiguous().clone()
        last = value.ndim == 4 and value.is_contiguous(memory_format=torch.channels_last)
        return {"tensor": name, "channels_last": last and not value.is_contiguous()}
    if isinstance(value, Mapping):
        return {"items": [[key, _flatten(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(item, tensors) for item in value]}
    return {"value": value}


def _unflatten(node: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> Any:
    (kind, content), *_ = node.items()
    if kind == "tensor":
        layout = torch.channels_last if node["channels_last"] else torch.contiguous_format
        return tensors[content].contiguous(memory_format=layout)
    if kind == "items":
        return {key: _unflatten(item, tensors) for key, item in content}
    if kind == "list":
        return [_unflatten(item, tensors) for item in content]
    return content


def save_tensors(
    tensors: dict[str, torch.Tensor],
    path: Path,
    metadata: dict[str, str] | None = None,
    keep: bool = False,
) -> None:
    """Write a safetensors file in one move; with `keep`, an older one is kept in `older`.

    Raises:
        NotWritten: the file cannot be written: the disk is full, say.
    """
    with output.writing(path, keep) as file:
        try:
            save_file(tensors, file, metadata=metadata)
        except SafetensorError as error:  # its own error, which is no OSError, for a full disk too
            raise OSError(str(error)) from error


def save_checkpoint(path: Path | str, step: int, parts: Mapping[str, Stateful]) -> None:
    """Write the state of all `parts` and of the random generator to one safetensors file.

    Args:
        path: the file; it is replaced in one move, so that an interruption never leaves half.
        step: the number of complete steps.
        parts: name -> anything `Stateful` (models, optimisers, EMA, batches).

    Raises:
        NotWritten: the file cannot be written; an older one stays as it was.
    """
    tensors: dict[str, torch.Tensor] = {}
    states = {name: part.state_dict() for name, part in parts.items()}
    tree = _flatten({"states": states, "random": torch.get_rng_state()}, tensors)
    metadata = {"step": str(step), "tree": json.dumps(tree)}
    save_tensors(tensors, Path(path), metadata)


def load_checkpoint(path: Path | str, parts: Mapping[str, Stateful]) -> int:
    """Restore `parts` and the random generator from a checkpoint; return its number of steps.

    On the same machine, with the same number of threads, a resumed training continues to the bit.

    Raises:
        FileNotFoundError: there is no such file.
        KeyError: the checkpoint was written for other parts.
    """
    opened: Any = safe_open(Path(path), "pt")  # a class without stubs
    with opened as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    saved = _unflatten(json.loads(metadata["tree"]), tensors)
    if set(saved["states"]) != set(parts):
        raise KeyError(f"the checkpoint holds {sorted(saved['states'])}, not {sorted(parts)}")
    for name, part in parts.items():
        part.load_state_dict(saved["states"][name])
    torch.set_rng_state(saved["random"])
    return int(metadata["step"])
