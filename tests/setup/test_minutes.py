"""Estimated minutes: what is counted in a notebook, and that README says what the estimate says."""

import json
import re
from pathlib import Path

import minutes as tool
import pytest

ROOT = Path(__file__).resolve().parents[2]

ROW = re.compile(r"^\| \w+ \| \[.+?\]\((notebooks/.+?)\) \|.*\| (\d+) min \| .+ \|$", re.MULTILINE)


def html(text):
    return {"output_type": "display_data", "data": {"text/html": [text]}}


def cell(kind, *lines, tags=(), outputs=()):
    made = {"cell_type": kind, "source": list(lines), "metadata": {"tags": [*tags]}}
    return made | ({"outputs": [*outputs]} if kind == "code" else {})


@pytest.fixture
def notebook(tmp_path):
    cells = [
        cell("markdown", "# Lesson 98: A title\n", "\n", "Six words and $x^2 + y$ here.\n"),
        cell("markdown", "> 90 s to run and 80 MB\n", "\n", "![words that do not count](a.svg)\n"),
        cell("markdown", "**Predict.** [Two words](https://example.org/a-b-c)?\n\n$$a = b + c$$\n"),
        cell("code", "x = 1\n", "\n", "print(x)", outputs=[html("<figure><img></figure><table>")]),
        cell("code", "explorer()", tags=["explorer"], outputs=[html("<figure><img></figure>")]),
        cell("markdown", "## Quiz\n\n<details>many words that do not count</details>\n\n"),
        cell("markdown", "## Exercises and further reading\n\n- An author, a title, a year.\n"),
    ]
    path = tmp_path / "98_new.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_what_is_counted(notebook):
    # Lesson 98: A title / Six words and here / 90 s to run and 80 MB / Predict Two words / Quiz
    assert tool.counts(tool.read(notebook)) == {
        **{"words": 19, "lines": 3, "predictions": 1, "pictures": 3, "explorers": 1},
        **{"quizzes": 1, "seconds": 90},
    }
    expected = 19 / 130 + 3 / 8 + 1.5 + 3 * 0.5 + 4 + 5 + 90 / 60
    assert tool.minutes(tool.read(notebook)) == pytest.approx(expected)


def test_readme_says_what_the_estimate_says():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    stated = {ROOT / path: int(minutes) for path, minutes in ROW.findall(page)}
    assert sorted(stated) == sorted(tool.NOTEBOOKS.glob("*.ipynb"))
    for path, minutes in stated.items():
        assert minutes == pytest.approx(tool.minutes(tool.read(path)), rel=0.1, abs=5), path.name
        own = re.search(
            r"about (\d+) minutes to work through", "".join(tool.read(path)[1]["source"])
        )
        assert own and int(own[1]) == minutes, f"{path.name}: its box says something else"
    hours = float(re.search(r"^Together: about (\d+) hours", page, re.MULTILINE)[1])
    minutes = sum(tool.minutes(tool.read(path)) for path in stated)
    assert hours == pytest.approx(minutes / 60, rel=0.05)


def test_the_command_prints_each_notebook_and_the_sum(notebook, capsys):
    tool.main([notebook, notebook])
    one, _, together = capsys.readouterr().out.splitlines()
    assert one == (
        "98_new.ipynb: 14 minutes (19 words, 3 lines, 1 predictions, 3 pictures, 1 explorers, "
        "1 quizzes, 90 seconds)"
    )
    assert together == "together: 0.5 hours"
