"""A lesson whose trainings are stopped by hand goes on with what there is."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.whole

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LESSONS = ["04_gan"]  # those that have been made to go on so far

# From outside of the notebook: each loop ends as if the stop button were pressed in its third step.
STOP = """
from course_lib import training

def stopped(self, whole=training.Steps.__iter__):
    n, self.n = self.n, min(self.n, self.start + 3)
    yield from whole(self)
    self.interrupted, self.n = self.n < n, n

training.Steps.__iter__ = stopped
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
