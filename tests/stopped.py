"""Run lessons with every training stopped after a few steps, as by the stop button.

    python tests/stopped.py [04 …] [--after 3]

Prints the cells that fail then: what follows a training goes on with what there is.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
STOP = """
from course_lib import training

def stopped(self, whole=training.Steps.__iter__):
    n, self.n = self.n, min(self.n, self.start + {after})
    yield from whole(self)
    self.interrupted, self.n = self.n < n, n

training.Steps.__iter__ = stopped
"""


def failures(lesson: Path, after: int = 3) -> list[str]:
    """Return the errors of a lesson's cells, "cell 12: KeyError: 600", where trainings stop."""
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STOP.format(after=after)))
    where = {"metadata": {"path": lesson.parent}}
    NotebookClient(notebook, timeout=900, allow_errors=True, resources=where).execute()
    return [
        f"cell {number - 1}: {output.ename}: {output.evalue.partition(chr(10))[0]}"
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*")
    parser.add_argument("--after", type=int, default=3)
    options = parser.parse_args()
    count = 0
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not options.lessons or path.stem.split("_")[0] in options.lessons:
            for failure in failures(path, options.after):
                print(f"{path.name}, {failure}", flush=True)
                count += 1
    print(f"{count} cells fail")
    sys.exit(count > 0)
