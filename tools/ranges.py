"""Figures of live trainings: read them from a lesson's outputs, and measure how far they scatter.

    python tools/ranges.py 04                 # seeds 0, 1 and 2, with one thread and with two
    python tools/ranges.py 04 --threads 1     # with one thread only

They differ from machine to machine, so strict nbval cannot compare them. The file
`tests/lessons/ranges.toml` holds an interval for each. Whenever nbval executes a lesson, the plugin
`Ranges` looks whether the figure lies within.
"""

import argparse
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
ROWS = ROOT / "tests" / "lessons" / "ranges.toml"
NUMBER = re.compile(r"[-−]?\d+(?:,\d{3})*(?:\.\d+)?")

# Shifts every seed that the lesson sets by itself, and leaves what the library draws as it is.
OTHER_SEED = """
from course_lib import training as _training
_seed_everything = _training.seed_everything
_training.seed_everything = lambda seed: _seed_everything(seed + {shift})
"""


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, with any minus sign and commas between thousands."""
    return [float(found.replace("−", "-").replace(",", "")) for found in NUMBER.findall(text)]


def figures(outputs: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Return the figures in a cell's outputs by name.

    A figure in a table is named "row | column"; of "29.5 (26.5 to 33.1)" it is the first number. A
    printed figure is named by its line with # for every number; of several numbers in a line the
    second has " 2" behind its name, and so on.
    """
    found: dict[str, float] = {}
    for output in outputs:
        for line in "".join(output.get("text", "")).splitlines():
            name = NUMBER.sub("#", line).strip()
            for i, number in enumerate(numbers(line)):
                found[f"{name} {i + 1}" if i else name] = number
        html = "".join(output.get("data", {}).get("text/html", ""))
        for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
            head, *rows = ElementTree.fromstring(table).iter("tr")
            columns = ["".join(cell.itertext()) for cell in head][1:]
            for row in rows:
                name, *cells = ("".join(cell.itertext()) for cell in row)
                for column, cell in zip(columns, cells, strict=True):
                    if read := numbers(cell):
                        found[f"{name} | {column}"] = read[0]
    return found


def rows() -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Return the intervals by lesson, cell and name of the figure."""
    return tomllib.loads(ROWS.read_text(encoding="utf-8"))


def outside(lesson: str, cell: str, outputs: Iterable[dict[str, Any]]) -> list[str]:
    """Return a sentence for each figure of a cell that is missing or outside its interval."""
    wanted = rows().get(lesson, {}).get(cell, {})
    read = figures(outputs) if wanted else {}
    sentences = []
    for name, (low, high) in wanted.items():
        if name not in read:
            sentences.append(f"there is no figure {name!r}")
        elif not low <= read[name] <= high:
            sentences.append(f"{name!r} is {read[name]:g}, and has been {low:g} to {high:g}")
    return sentences


class Ranges:
    """A pytest plugin: under nbval a cell with a figure outside its interval fails."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any):  # nbval says nothing of its types
        result = yield
        if outputs := getattr(item, "test_outputs", None):
            wrong = outside(item.path.stem, item.cell.get("id", ""), outputs)
            if wrong:
                pytest.fail(f"tests/lessons/ranges.toml: {'; '.join(wrong)}", pytrace=False)
        return result


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the interval for a figure: what was measured, and as much again to both sides.

    Where the values hardly differ it is a twentieth of them to both sides.
    """
    low, high = min(values), max(values)
    margin = max(high - low, 0.05 * max(abs(low), abs(high)))
    return round(low - margin, 3), round(high + margin, 3)


def run(path: Path, shift: int, threads: int) -> dict[str, dict[str, float]]:
    """Run a lesson with other seeds; return the figures of its rows by cell and name."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    notebook = nbformat.read(path, as_version=4)
    names = rows()[path.stem]
    last = max(i for i, cell in enumerate(notebook.cells) if cell.id in names)
    del notebook.cells[last + 1 :]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OTHER_SEED.format(shift=shift)))
    # An assertion may hold for the lesson's own seed only; what follows it is still measured.
    where = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=1800, resources=where, allow_errors=True).execute()
    read = {cell.id: figures(cell.get("outputs", [])) for cell in notebook.cells}
    return {
        cell: {name: read[cell].get(name, float("nan")) for name in wanted}
        for cell, wanted in names.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lesson", help="its number, such as 04, or A")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    (path,) = NOTEBOOKS.glob(f"{options.lesson}_*.ipynb")
    runs = []
    for threads in options.threads:
        for seed in options.seeds:
            runs.append(run(path, seed, threads))
            print(f"# {threads} threads, seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
    for cell in runs[0]:
        print(f'\n["{path.stem}"."{cell}"]')
        for name in runs[0][cell]:
            values = [measured[cell][name] for measured in runs]
            low, high = interval(values)
            seen = ", ".join(f"{value:g}" for value in values)
            print(f'"{name}" = [{low:g}, {high:g}]  # {seen}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
