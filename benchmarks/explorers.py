"""How long an explorer takes from a slider's move to the new picture, in the kernel.

    python benchmarks/explorers.py [NAME …]

Moves every slider to random values, 200 moves in all, and prints the median and the 95th
percentile in milliseconds beside the course's limits. Run it by hand, on a machine that is idle.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterable, Iterator

import ipywidgets as widgets
import numpy as np

from course_lib import explorers, training, zoo
from course_lib.explorers.base import Explorer

FACTORIES: dict[str, Callable[[], Explorer]] = {
    "gan_game": explorers.gan_game,
    "latent": lambda: explorers.latent(zoo.load("dcgan-fashion")),
}
MOVES = 200
MEDIAN_LIMIT, TAIL_LIMIT = 30, 60  # milliseconds


def sliders(controls: Iterable[widgets.Widget]) -> Iterator[widgets.Widget]:
    """Yield the sliders among the controls, inside boxes too."""
    for control in controls:
        if isinstance(control, widgets.Box):
            yield from sliders(control.children)
        elif isinstance(control, widgets.FloatSlider | widgets.IntSlider):
            yield control


def latencies(explorer: Explorer, moves: int = MOVES, seed: int = 0) -> np.ndarray:
    """Return the milliseconds (moves,) from setting a slider to the new picture's bytes."""
    chance, found, times = random.Random(seed), list(sliders(explorer.controls)), []
    for _ in range(moves):
        slider = chance.choice(found)
        steps = round((slider.max - slider.min) / slider.step)
        value = slider.value
        while value == slider.value:
            value = type(slider.value)(slider.min + chance.randint(0, steps) * slider.step)
        before, began = explorer.picture.value, time.perf_counter()
        slider.value = value
        times.append(1000 * (time.perf_counter() - began))
        if explorer.picture.value is before:
            raise RuntimeError(f"{slider.description}: no new picture for {value}")
    return np.array(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*FACTORIES, []], help="all by default")
    names = parser.parse_args().names or list(FACTORIES)
    training.start(seed=0)
    print(f"{'explorer':16}{'median ms':>10}{'p95 ms':>10}   limits {MEDIAN_LIMIT}, {TAIL_LIMIT}")
    for name in names:
        times = latencies(FACTORIES[name]())
        median, tail = np.percentile(times, [50, 95])
        verdict = "good" if median <= MEDIAN_LIMIT and tail <= TAIL_LIMIT else "TOO SLOW"
        print(f"{name:16}{median:10.1f}{tail:10.1f}   {verdict}")


if __name__ == "__main__":
    main()
