"""Figures of live trainings lie in their intervals: in what is stored, and under nbval."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import ranges

# Every lesson that trains in front of the student's eyes has rows; what it says of its own model
# carries one of these words.
OWN = ("yours", "live")
CELLS = [(lesson, cell) for lesson, cells in ranges.rows().items() for cell in cells]


def stored(lesson):
    notebook = nbformat.read(ranges.NOTEBOOKS / f"{lesson}.ipynb", as_version=4)
    return {cell["id"]: cell for cell in notebook.cells if cell.cell_type == "code"}


@pytest.mark.parametrize(("lesson", "cell"), CELLS)
def test_stored_figures_lie_in_their_intervals(lesson, cell):
    """The rule: docs/style.md, "Outputs"."""
    found = stored(lesson)[cell]
    assert "nbval-ignore-output" in found.metadata.tags, "nbval compares this cell by itself"
    assert ranges.outside(lesson, cell, found.outputs) == []


@pytest.mark.parametrize("lesson", list(ranges.rows()))
def test_no_table_of_a_students_own_model_is_left_out(lesson):
    for name, cell in stored(lesson).items():
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            own = [
                figure
                for figure in ranges.figures(cell.outputs)
                if " | " in figure and any(word in figure for word in OWN)
            ]
            assert not own or name in ranges.rows()[lesson], own


def test_intervals_are_narrow_enough_to_say_something():
    for lesson, cells in ranges.rows().items():
        for cell, figures in cells.items():
            for name, (low, high) in figures.items():
                assert 0 <= high - low <= 1.2 * abs(high + low), (lesson, cell, name)


def test_figures_are_read_from_tables_and_lines():
    table = (
        "<table><caption>of 2,000</caption>"
        '<tr><th scope="col"></th><th scope="col">KID</th><th scope="col">share</th></tr>'
        '<tr><th scope="row">yours &amp; mine</th><td>−1,029.5 (−2 to 3)</td><td>10%</td></tr>'
        '<tr><th scope="row">nothing</th><td>none</td><td></td></tr></table>'
    )
    outputs = [
        {"output_type": "stream", "text": "loss 0.25 after 600 steps\n-1.5 at the end\n"},
        {"output_type": "display_data", "data": {"text/html": f"<b>7</b>{table}{table[:7]}"}},
    ]
    assert ranges.figures(outputs) == {
        "loss # after # steps": 0.25,
        "loss # after # steps 2": 600,
        "# at the end": -1.5,
        "yours & mine | KID": -1029.5,
        "yours & mine | share": 10,
    }


def test_an_interval_reaches_beyond_what_was_measured_by_as_much_again():
    assert ranges.interval([28.0, 30.0, 27.0]) == (24.0, 33.0)
    assert ranges.interval([0.80, 0.80]) == (0.76, 0.84)


def test_nbval_fails_where_a_figure_leaves_its_interval(tmp_path):
    lesson, cell = CELLS[0]
    ((name, (low, high)),) = ranges.rows()[lesson][cell].items()
    for folder, value in (("inside", high), ("below", low - 1), ("missing", "no figure")):
        code = nbformat.v4.new_code_cell(f"print({name.replace('#', str(value))!r})")
        code.id, code.metadata.tags = cell, ["nbval-ignore-output"]
        path = tmp_path / folder / f"{lesson}.ipynb"
        path.parent.mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=[code]), path)
    call = "import pytest, ranges, sys; sys.exit(pytest.main(sys.argv[1:], [ranges.Ranges()]))"
    done = subprocess.run(
        [sys.executable, "-c", call, "--nbval", "--nbval-current-env", str(tmp_path)],
        cwd=Path(ranges.__file__).parent,
        capture_output=True,
        text=True,
    )
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    assert f"is {low - 1:g}, and has been {low:g} to {high:g}" in done.stdout
    assert "there is no figure" in done.stdout
