"""Whether the lessons' explorers work with models on a GPU.

    python benchmarks/devices.py [--device cpu] [LESSON …]

Runs the cells that a lesson's explorers need, with every model of the zoo on the GPU, and moves
every slider to both ends. Where there is no GPU, it says so and tries nothing. `--device cpu` tries
the script itself. The tests have a model that notes which device it is asked on; what they cannot
have is the device.
"""

import argparse
import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import torch
from explorers import sliders

from course_lib import machine, training, zoo
from course_lib.explorers.base import Explorer

LESSONS = Path(__file__).resolve().parents[1] / "notebooks"
NEEDED = {"explorer-setup", "explorer"}


def cells(lesson: Path) -> list[str]:
    """Return the code that a lesson's explorers need, and the explorers' own, cell by cell."""
    found = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in found if NEEDED & {*c["metadata"].get("tags", [])}]


@contextlib.contextmanager
def on(device: torch.device) -> Iterator[list[Explorer]]:
    """Put every model that is loaded on a device; yield the list of explorers as they are made."""
    load, init = zoo.load, Explorer.__init__
    made: list[Explorer] = []

    def begin(self: Explorer, *args: Any, **options: Any) -> None:
        made.append(self)
        init(self, *args, **options)

    zoo.load = lambda *args, **options: load(*args, **options).to(device)
    Explorer.__init__ = begin
    try:
        yield made
    finally:
        zoo.load, Explorer.__init__ = load, init


def ends(slider: widgets.Widget) -> list[Any]:
    """Return the two values at which a slider ends."""
    if isinstance(slider, widgets.SelectionSlider):
        values = [value for _, value in slider.options]
        return [values[-1], values[0]]
    return [slider.max, slider.min]


def tried(lesson: Path, device: torch.device) -> int:
    """Run a lesson's explorers on a device, and return how many there are."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with on(device) as made, contextlib.redirect_stdout(io.StringIO()):
        for source in cells(lesson):
            exec(compile(source, lesson.name, "exec"), names)
        for explorer in made:
            for slider in sliders(explorer.controls):
                for value in ends(slider):
                    slider.value = value  # draws
    return len(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="the beginnings of their names; all by default")
    parser.add_argument("--device", default=machine.device(), type=torch.device)
    options = parser.parse_args()
    if options.device == torch.device("cpu") and "--device" not in sys.argv:
        print("No GPU here: nothing was tried.")
        return 0
    training.start(seed=0)
    failed = 0
    for lesson in sorted(LESSONS.glob("*.ipynb")):
        if options.lessons and not lesson.name.startswith((*options.lessons,)):
            continue
        began = time.perf_counter()
        try:
            said = f"{tried(lesson, options.device)} explorers work on {options.device}"
        except Exception as error:  # the other lessons still have something to say
            failed += 1
            said = f"FAILED on {options.device}: {type(error).__name__}: {error}"
        print(f"{lesson.stem:20} {said} ({time.perf_counter() - began:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
