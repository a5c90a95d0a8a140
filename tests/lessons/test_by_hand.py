"""Students run a cell again, and stop a training: no cell fails, and none shows something else.

Every notebook runs here from top to bottom with each code cell twice in a row. In each of its
trainings somebody presses the stop button in the third step. In a lesson that asserts what its
training reached, the training runs to its end.
"""

import copy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))

WHOLE = {"01_gan_objective"}

STOP = """
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace

from course_lib import keras_port, training

@contextmanager
def pressed_in_the_third_step():
    steps = count(1)  # a loop asks after each of them
    yield SimpleNamespace(is_set=lambda: next(steps) >= 3)

training.stop_button = keras_port.stop_button = pressed_in_the_third_step
"""


def shown(cell) -> list[str]:
    """Return what a cell printed and showed as text, where nbval would compare it."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return []
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain") for output in cell.outputs
    ]
    return ["".join(text) for text in texts if text]


def complaints(path: Path) -> list[str]:
    """Run a notebook with each cell twice; return its errors and what the second run changed."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    names = [cell.id for cell in cells]
    twice = [again for cell in cells for again in (cell, copy.deepcopy(cell))]
    stop = "" if path.stem in WHOLE else STOP
    notebook.cells = [nbformat.v4.new_code_cell(stop), *twice]
    where = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=900, allow_errors=True, resources=where).execute()
    found = []
    for name, first, second in zip(names, notebook.cells[1::2], notebook.cells[2::2], strict=True):
        for run, cell in (("first", first), ("second", second)):
            found += [
                f"{name}, {run} run: {output.ename}: {output.evalue.partition(chr(10))[0]}"
                for output in cell.outputs
                if output.output_type == "error"
            ]
        if shown(first) != shown(second):
            found.append(f"{name} shows {shown(first)}, then {shown(second)}")
    return found


@pytest.mark.parametrize("path", [*LESSONS, *SOLUTIONS], ids=lambda path: path.stem)
def test_a_notebook_goes_on_whatever_a_student_does(path):
    """The rule: docs/style.md, "Cells"."""
    assert complaints(path) == []
