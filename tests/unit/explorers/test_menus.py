"""Every entry of every explorer's menus, in the kernel; Chromium tries the first and the last."""

import ast
from pathlib import Path

import nbformat
import pytest

from course_lib.explorers.base import Explorer
from course_lib.explorers.transfer import Style

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))


def explorers_of(lesson: Path) -> list[Explorer]:
    """Execute a lesson's set-up and explorer cells; return what its explorer cells end with."""
    scope, found = {}, []
    for cell in nbformat.read(lesson, as_version=4).cells:
        tags = cell.metadata.get("tags", [])
        if "explorer-setup" in tags or "explorer" in tags:
            tree = ast.parse(cell.source)
            last = tree.body.pop() if "explorer" in tags else None
            exec(compile(tree, lesson.name, "exec"), scope)
            if last is not None:
                found.append(eval(compile(ast.Expression(last.value), lesson.name, "eval"), scope))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_entry_of_every_menu(lesson, monkeypatch, tmp_path):
    """The rule: CONTRIBUTING.md, "Add an explorer"."""
    monkeypatch.chdir(tmp_path)  # some explorers make files beside the notebook
    explorers = explorers_of(lesson)
    assert explorers and all(isinstance(explorer, Explorer) for explorer in explorers)
    for explorer in explorers:
        if isinstance(explorer, Style):
            explorer.steps.value = 1  # each entry begins a transfer, of so many steps
        for control in [*explorer._with_value(explorer.controls)]:
            before = control.value
            for _, entry in getattr(control, "_options_full", ()):
                control.value = entry
                assert explorer.picture.value and explorer.text.value, entry
            control.value = before
