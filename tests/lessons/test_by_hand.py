"""Students run a cell again, and stop a training: no cell fails, and none shows something else.

Every notebook runs here from top to bottom with each code cell twice in a row. In each of its
trainings somebody presses the stop button in the third step. And it runs as on a copy of the course
that nobody may write: all that it makes goes into the folder that COURSE_OUTPUT names.
"""

import copy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib import output

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))

# Lessons that will be cut anew, and then run twice as all others do: a training of theirs goes on
# where the first run ended. Until then each of their cells runs once.
ONCE = {"05_conditional_gan", "07_progan", "A_keras"}

# These write files by themselves; in others a button does, and it takes the same way.
WRITING = {"05_conditional_gan", "08_studio"}

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


def shown(cell) -> str:
    """Return what a cell printed and showed as text, where nbval would compare it."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return ""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain") for output in cell.outputs
    ]
    return "".join("".join(text) for text in texts if text)


def errors(cell) -> list[str]:
    return [
        f"{cell.id}: {output.ename}: {output.evalue.partition(chr(10))[0]}"
        for output in cell.outputs
        if output.output_type == "error"
    ]


def complaints(path: Path, folder: Path) -> list[str]:
    """Run a notebook in a folder, each cell twice; return errors, and what changed."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    again = [] if path.stem in ONCE else [copy.deepcopy(cell) for cell in cells]
    pairs = list(zip(cells, again, strict=True)) if again else []
    run = [cell for pair in pairs for cell in pair] or cells
    notebook.cells = [nbformat.v4.new_code_cell(STOP), *run]
    where = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=900, allow_errors=True, resources=where).execute()
    changed = [
        f"{first.id} shows {shown(first)!r}, then {shown(second)!r}"
        for first, second in pairs
        if shown(first) != shown(second)
    ]
    return [*(error for cell in run for error in errors(cell)), *changed]


@pytest.mark.parametrize("path", [*LESSONS, *SOLUTIONS], ids=lambda path: path.stem)
def test_a_notebook_goes_on_whatever_a_student_does(path, tmp_path, monkeypatch):
    """The rule: docs/style.md, "Cells"."""
    here, own = tmp_path / "read-only", tmp_path / "own"
    here.mkdir()
    monkeypatch.setenv(output.SETTING, str(own))
    assert complaints(path, here) == []
    assert [*here.iterdir()] == [], "a file beside the notebook"
    # Exercises keep what is solved.
    assert own.exists() == (path in SOLUTIONS or path.stem in WRITING)
