"""How many threads PyTorch computes with: the one place in the library that sets their number.

While threads wait for each other, they keep their cores busy. Where another program holds a core,
they wait most of the time, and two threads are several times slower than one
(`benchmarks/busy.py` has the table). So `Chooser` measures while a loop runs, and takes the number
that is fastest at the moment.

The last digits of a result depend on the number of threads. The environment variable
OMP_NUM_THREADS fixes the number: then the same program gives the same digits again.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import psutil
import torch

from course_lib import machine

Item = TypeVar("Item")

TRIAL = 0.25  # a number of threads is timed for so many seconds …
PARTS = 4  # … in as many parts, of two steps each at least: in some trainings steps differ
WARMUP = 4  # steps that are not timed, the first ones with a number: oneDNN prepares kernels
HOPELESS = 1.3  # a trial ends early if each step is so many times slower and TRIAL s are lost
BETTER = 1.05  # another number must be so many times faster, since a change costs time
SLOWER = 0.75  # at so many times the speed of the last trial something has changed: try again
SOON, LATE = 4.0, 64.0  # seconds to the next trial, doubled after trials that changed nothing

_chosen = 1  # what the last trial found fastest; one thread is never much slower than several
_held: list[int] = []  # numbers that must not change at the moment; the last one counts


def fixed() -> int | None:
    """Return the number of threads that must not change, or None where it may be chosen.

    A block of `one_thread` holds one, and a loop with a fixed number holds that. Elsewhere
    OMP_NUM_THREADS says a number, if it is set.
    """
    if _held:
        return _held[-1]
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return max(1, int(first)) if first.isdecimal() else None


def most() -> int:
    """Return the number of threads that is asked for; else one for each granted core."""
    return fixed() or machine.cores()


def use(count: int) -> None:
    """Let PyTorch compute with `count` threads from now on."""
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def begin() -> None:
    """Let PyTorch compute with the number of threads that is fixed, else with the one chosen last.

    That is one thread until a loop has found more to be faster. PyTorch itself would start as many
    as the machine has cores, and a container may show many more than it grants.
    """
    use(fixed() or _chosen)


def idle_seconds() -> float:
    """Return the seconds that all cores together were free for us since the machine started."""
    times = psutil.cpu_times()
    free = times.idle + getattr(times, "iowait", 0.0)
    # Programs of low priority make room, unless this is one of them.
    ordinary = not hasattr(os, "nice") or os.nice(0) == 0
    return free + (getattr(times, "nice", 0.0) if ordinary else 0.0)


@contextmanager
def held(count: int) -> Iterator[None]:
    """Run the block with `count` threads, loops in it as well."""
    before = torch.get_num_threads()
    _held.append(count)
    use(count)
    try:
        yield
    finally:
        _let_go(count)
        use(before)


def _let_go(count: int) -> None:
    """Forget the last of these numbers: a loop that is left early may end after its block."""
    del _held[len(_held) - 1 - _held[::-1].index(count)]


def one_thread():
    """Run the block, or the function that it decorates, on one thread, loops in it as well.

    For pictures that follow a slider: for one image, two threads cost more than they save, and
    most of all where other programs keep the cores busy.
    """
    return held(1)


class Chooser:
    """Chooses the number of threads for the steps of one loop; call `tick` after each step.

    Candidates are 1, 2, 4 and so on up to `most()`. A trial times the number in use and one
    neighbour of it, and the faster one stays. Trials become rare where they change nothing, and
    come at once where the steps become slow. More threads are tried where a core is idle: on a
    busy machine one step with too many threads can take as long as ten.

    `tuned` runs a loop with it.

    Args:
        threads: a fixed number instead; `fixed` goes before it.
        clock: returns seconds; tests pass their own.
        idle: returns the seconds that all cores together were free for us; tests pass their own.
    """

    def __init__(
        self,
        threads: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        idle: Callable[[], float] = idle_seconds,
    ):
        number = fixed() if _held else threads or fixed()
        self.most, self.clock, self.idle = number or most(), clock, idle
        self.fixed = number is not None or self.most == 1
        self.best = self.most if self.fixed else min(_chosen, self.most)
        self.candidates = sorted({2**k for k in range(self.most.bit_length())} | {self.most})
        self.speed = 0.0  # of the best number in the last trial, in steps per second
        self.busy, self.was_busy, self.upwards = False, False, True
        self.tried = self.best  # the number in use: during a trial another one than the best
        self.wait, self.last_trial = 0.0, clock()  # the first trial comes at once
        self.prepared: set[int] = set()  # numbers of threads for which there are kernels
        self._measure()

    def _measure(self) -> None:
        """Begin to time the number that is tried."""
        use(self.tried)
        if self.fixed:
            return
        self.warmup = 0 if self.tried in self.prepared else WARMUP
        self.prepared.add(self.tried)
        self.times, self.seconds = [], 0.0
        self.last, self.idle_before = self.clock(), self.idle()

    def tick(self) -> None:
        """Take note that a step has ended; at times, change the number of threads."""
        use(self.tried)  # a loop inside of the step may have chosen another number
        if self.fixed:
            return
        now = self.clock()
        self.times.append(now - self.last)
        self.seconds += now - self.last
        self.last = now
        if self.warmup:
            if len(self.times) == self.warmup or self.seconds > 4 * TRIAL:
                self._measure()
            return
        trial = self.tried != self.best
        lost = self.seconds - len(self.times) / self.speed if trial else 0.0
        if lost > TRIAL and min(self.times) * self.speed > HOPELESS:
            self._decide(False, 0.0, now)
        elif len(self.times) < 2 * PARTS or self.seconds < TRIAL:
            return
        else:
            # The median of a few parts: one may have drawn a picture.
            parts = [part.mean() for part in np.array_split(self.times, PARTS)]
            speed = 1 / max(np.median(parts), 1e-9)
            better = trial and speed > BETTER * self.speed
            if not trial or better:
                self.busy = self.idle() - self.idle_before < 0.5 * self.seconds  # half a core
            if trial:
                self._decide(better, speed, now)
            elif self._due(speed, now):
                self.speed, self.tried = speed, self._neighbour()
        self._measure()

    def _due(self, speed: float, now: float) -> bool:
        """Return whether it is time for a trial."""
        slower = self.best > 1 and speed < SLOWER * self.speed
        freed = self.best < self.most and self.was_busy and not self.busy
        upwards = self._neighbour() > self.best
        wait = LATE if upwards and self.busy else self.wait
        return slower or freed or now - self.last_trial >= wait

    def _neighbour(self) -> int:
        """Return the next larger or the next smaller candidate, whichever is to be tried."""
        smaller = [c for c in self.candidates if c < self.best]
        larger = [c for c in self.candidates if c > self.best]
        upwards = larger and (not smaller or (self.upwards and not self.busy))
        return larger[0] if upwards else smaller[-1]

    def _decide(self, better: bool, speed: float, now: float) -> None:
        """End a trial: keep the faster number, and say when to look again."""
        global _chosen
        if better:
            _chosen = self.best = self.tried
            at_end = self.best in (self.candidates[0], self.candidates[-1])
            self.speed, self.wait = speed, SOON if at_end else 0.0  # on, in the same direction
        else:
            self.upwards, self.wait = not self.upwards, min(max(SOON, 2 * self.wait), LATE)
        self.tried, self.was_busy, self.last_trial = self.best, self.busy, now

    def __str__(self) -> str:
        """Say what was chosen and why, or nothing where there is no choice."""
        if self.fixed:
            return "" if self.most == 1 else f"{self.most} threads, fixed"
        chosen = f"{self.best} of {self.most} threads"
        why = "the machine is busy" if self.busy else "more are not faster here"
        return chosen if self.best == self.most else f"{chosen}: {why}"


def tuned(items: Iterable[Item], chooser: Chooser | None = None) -> Iterator[Item]:
    """Yield the items of a loop, and choose the number of threads between them.

    After the loop PyTorch has the number that was chosen, also where the loop ended in a trial.
    """
    chooser = chooser or Chooser()
    if chooser.fixed:
        _held.append(chooser.most)
    try:
        for item in items:
            yield item
            chooser.tick()
    finally:
        if chooser.fixed:
            _let_go(chooser.most)
        begin()
