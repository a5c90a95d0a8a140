"""A lesson whose trainings are stopped by hand goes on with what there is."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.whole

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LESSONS = [
    "02_cnn",
    "03_vae",
    "04_gan",
    "05_conditional_gan",
    "06_stackgan",
    "07_progan",
    "08_studio",
    "A_keras",
]

# In each training, PyTorch's or Keras's, somebody presses the stop button in the third step.
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


def failures(lesson: Path) -> list[str]:
    """Return the errors of a lesson's cells, such as "cell 12: KeyError: 600"."""
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STOP))
    where = {"metadata": {"path": lesson.parent}}
    NotebookClient(notebook, timeout=900, allow_errors=True, resources=where).execute()
    return [
        f"cell {number - 1}: {output.ename}: {output.evalue.partition(chr(10))[0]}"
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_goes_on_with_what_there_is(lesson):
    assert failures(NOTEBOOKS / f"{lesson}.ipynb") == []
