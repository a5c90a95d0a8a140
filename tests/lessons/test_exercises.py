"""Exercises: students' notebooks follow from solutions, give nothing away, run as delivered."""

import ast
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import exercises
from course_lib import tasks

SOLUTIONS = sorted((exercises.FOLDER / "solutions").glob("*.ipynb"))
STUDENTS = [exercises.FOLDER / path.name for path in SOLUTIONS]
LESSONS = Path(__file__).resolve().parents[2] / "notebooks"


def cells(path, kind="code"):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def number(path):
    """Return the number of an exercise notebook, "04" or "00b"."""
    return path.stem.partition("_")[0]


def parts(path):
    """Return the notebooks of the unit to which an exercise notebook belongs."""
    return sorted(LESSONS.glob(f"{path.name[:2]}[a-z_]*.ipynb"))


# "## Task 2: predict the shapes (core, easy, 12 minutes)"; units that were not cut yet say minutes.
TASK = re.compile(
    r"^## Task (\d+): (.+) \((?:(?:core|stretch), (?:easy|medium|hard), )?(\d+) minutes\)$",
    re.MULTILINE,
)


def solution_lines(path):
    """Return the lines of the solution regions and hidden tests, without the shortest ones."""
    text = "\n".join(map(source, cells(path)))
    regions = re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", text, re.DOTALL)
    lines = {line.strip() for region in regions for line in region.splitlines()}
    return {line for line in lines if len(line) > 8}


def test_there_are_exercises():
    assert {"01", "04"} <= {path.name[:2] for path in SOLUTIONS}


def test_student_notebooks_are_up_to_date(tmp_path):
    """The rule: docs/style.md, "Exercises"."""
    shutil.copytree(exercises.FOLDER, tmp_path / "exercises")
    assert exercises.write(tmp_path / "exercises") == [], "run: make exercises"
    found = {path.name for path in exercises.FOLDER.glob("*.ipynb")}
    assert found == {path.name for path in SOLUTIONS}, "no student notebook without a solution"


def test_a_model_answer_in_words_is_not_left():
    words = {"cell_type": "markdown", "metadata": {"nbgrader": {"solution": True}}}
    prose = {"cell_type": "markdown", "metadata": {}, "source": ["kept"]}
    text = json.dumps({"cells": [words | {"source": ["the answer"]}, prose]})
    student = json.loads(exercises.student_notebook(text))
    assert [source(cell) for cell in student["cells"]] == ["*Your words here.*", "kept"]


def test_a_changed_solution_is_written_again(tmp_path):
    shutil.copytree(exercises.FOLDER, tmp_path / "exercises")
    path = tmp_path / "exercises" / SOLUTIONS[0].name
    path.write_text(path.read_text(encoding="utf-8").replace("Exercises", "Exercise"))
    assert exercises.write(tmp_path / "exercises") == [path]


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_no_solution_and_no_output_is_left(path):
    """The rule: docs/style.md, "Exercises"."""
    student = exercises.FOLDER / path.name
    lines = solution_lines(path)
    assert len(lines) >= 10
    text = "\n".join(map(source, cells(student)))
    given = "\n".join(map(source, cells(student, "markdown")))
    # A line that a task itself prints, as code to repair, is no secret.
    assert [line for line in lines if line in text and line not in given] == []
    assert "SOLUTION" not in text and "HIDDEN" not in text
    for cell in cells(student):
        assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_obey_the_anatomy(path):
    """The rule: docs/style.md, "Exercises"."""
    prose = "\n".join(map(source, cells(path, "markdown")))
    assert re.search(rf"^# Exercises {number(path)}: ", prose, re.MULTILINE)
    assert parts(path) and all(f"../notebooks/{part.name}" in prose for part in parts(path))
    assert "**You practise**" in prose
    assert re.search(r"about \d+ minutes; \d+ s to run", prose)
    tasks = TASK.findall(prose)
    assert [int(number) for number, _, _ in tasks] == [*range(1, len(tasks) + 1)]
    assert 4 <= len(tasks) <= 7
    minutes = int(re.search(r"about (\d+) minutes", prose)[1])
    assert minutes == pytest.approx(sum(int(task[2]) for task in tasks), abs=5)
    assert not re.findall(r"\b(?:simply|just|obviously)\b", prose, re.IGNORECASE)
    code = cells(path)
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    for cell in code:
        assert len(source(cell).splitlines()) <= 25
        for output in cell["outputs"]:
            assert output["output_type"] != "error" and output.get("name") != "stderr"
    assert source(code[-1]) == f'check.summary("{number(path)}")'
    assert len(path.read_bytes()) < 1_000_000


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_objective_of_the_lesson_has_a_practice(path):
    """The rule: docs/style.md, "Exercises"."""
    practised = re.findall(
        r"^> - .+\(tasks? [\d, and]+\)[;.]$", source(cells(path, "markdown")[1]), re.M
    )
    for part in parts(path):
        objectives = re.findall(r"^> - ", source(cells(part, "markdown")[1]), re.M)
        assert len(practised) >= len(objectives) - 1, "two objectives may share a task"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_task_of_the_lesson_is_checked_and_right(path):
    """The rule: docs/style.md, "Exercises"."""
    names = [name for name, task in tasks.every().items() if task.lesson == number(path)]
    text = "\n".join(map(source, cells(path)))
    assert set(re.findall(r"check\.(\w+)\(", text)) - {"summary"} == set(names)
    shown = "".join("".join(out["data"]["text/plain"]) for out in cells(path)[-1]["outputs"])
    assert f"{len(names)} of {len(names)} right." in shown


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_cells_are_marked_for_nbgrader(path):
    """The rule: docs/style.md, "Exercises"."""
    marks = [cell["metadata"].get("nbgrader") for cell in cells(path)]
    ids = [mark["grade_id"] for mark in marks if mark]
    assert len(ids) == len(set(ids))
    for cell, mark in zip(cells(path), marks, strict=True):
        text = source(cell)
        assert ("### BEGIN SOLUTION" in text) == bool(mark and mark["solution"])
        graded = bool(mark and mark["grade"])
        assert ("### BEGIN HIDDEN TESTS" in text) == graded
        if graded:
            assert mark["points"] > 0 and mark["locked"] and "assert check." in text


@pytest.mark.slow
@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.stem)
def test_students_run_to_the_end_as_delivered(path):
    """The rule: docs/style.md, "Exercises"."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=60, resources=resources).execute()  # raises at a traceback
    shown = [
        output["data"]["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith("check.")
        for output in cell.outputs
    ]
    *results, summary = shown
    assert len(results) >= 5 and all(": not attempted." in text for text in results), results
    assert summary.startswith("0 of ")


def test_regions_are_replaced_where_they_stand():
    text = (
        "def f(x):\n    ### BEGIN SOLUTION\n    y = x\n    return y\n    ### END SOLUTION\n\nf(1)"
    )
    assert exercises.student_source(text) == "def f(x):\n    # Your lines.\n    ...\n\nf(1)"
    ast.parse(exercises.student_source(text))
    hidden = "### BEGIN HIDDEN TESTS\nassert 1\n### END HIDDEN TESTS\nf(1)"
    assert exercises.student_source(hidden) == "f(1)"


@pytest.mark.parametrize("lost", ["    ### END SOLUTION\n", "    ### BEGIN SOLUTION\n"])
def test_a_lost_marker_is_named(lost):
    text = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
    with pytest.raises(ValueError, match="counterpart"):
        exercises.student_source(text.replace(lost, ""))


def test_without_solutions_the_command_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="No solutions"):
        exercises.write(tmp_path)


def test_the_teachers_page_lists_every_task_with_its_minutes():
    """The rule: docs/style.md, "Exercises"."""
    page = (exercises.FOLDER / "README.md").read_text(encoding="utf-8")
    for path in sorted((exercises.FOLDER / "solutions").glob("*.ipynb")):
        section = page.split(f"]({path.name})**", 1)[1].split("**[", 1)[0]
        text = "\n".join(
            "".join(cell["source"])
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        )
        tasks = TASK.findall(text)
        assert len(tasks) >= 4
        listed = re.findall(r"^\| (\d+) (.+?) \| (\d+) \|", section, re.MULTILINE)
        assert listed == tasks, path.name
