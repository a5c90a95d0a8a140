"""What every lesson owes its reader: structure, stored outputs, alt text, size, a stated budget."""

import itertools
import json
import re
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def cells(path, kind):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def tags(cell):
    return cell["metadata"].get("tags", [])


def html_outputs(cell):
    for output in cell["outputs"]:
        yield "".join(output.get("data", {}).get("text/html", ""))


def test_there_are_lessons():
    assert {"00", "01a", "01b", "04a", "04b"} <= {path.stem.partition("_")[0] for path in LESSONS}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return request.param


def test_headings_are_in_order(lesson):
    """The rule: docs/style.md, "Headings"."""
    text = "\n".join(source(cell) for cell in cells(lesson, "markdown"))
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
    number, _, _ = lesson.stem.partition("_")
    assert title.startswith(f"Lesson {number}: ")


def test_the_second_cell_is_the_box_of_objectives(lesson):
    """The rule: docs/style.md, "Box"."""
    box = source(cells(lesson, "markdown")[1])
    assert "**You will**" in box and "**You need**" in box
    assert 3 <= len(re.findall(r"^> - ", box, re.MULTILINE)) <= 5
    budget = re.search(
        r"about \d+ minutes to work through; (\d+) s to run and ([\d,]+) MB at most on two cores",
        box,
    )
    assert budget, "the box states minutes, seconds and memory"
    assert int(budget[1]) <= 180 and int(budget[2].replace(",", "")) <= 1200
    assert "<!-- badges -->" in box and "<!-- /badges -->" in box


def test_the_reader_predicts_before_running(lesson):
    """The rule: docs/style.md, "Rounds"."""
    text = "\n".join(source(cell) for cell in cells(lesson, "markdown"))
    predictions, explanations = text.count("**Predict.**"), text.count("**Explain.**")
    assert predictions >= 2 and explanations >= 2


def test_it_closes_with_a_quiz_exercises_and_reading(lesson):
    """The rule: docs/style.md, "Ending"."""
    text = "\n".join(source(cell) for cell in cells(lesson, "markdown"))
    assert text.count("<details>") >= 3
    assert re.search(r"^## .*[Rr]eading", text, re.MULTILINE)
    assert "exercises/" in text


def test_it_does_not_belittle(lesson):
    """The rule: docs/style.md, "Words"."""
    text = "\n".join(source(cell) for cell in cells(lesson, "markdown"))
    assert not re.findall(r"\b(?:simply|just|obviously)\b", text, re.IGNORECASE)


def test_code_cells_ran_in_order_and_fit_on_a_screen(lesson):
    """The rule: docs/style.md, "Cells"."""
    code = cells(lesson, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert len(source(cell).splitlines()) <= 25, source(cell)


def test_no_errors_warnings_or_widget_views_are_stored(lesson):
    """The rule: docs/style.md, "Outputs"."""
    for cell in cells(lesson, "code"):
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", output
            data = output.get("data", {})
            assert "application/vnd.jupyter.widget-view+json" not in data
            assert not any("<Figure" in text for text in data.get("text/plain", []))
            assert "image/png" not in data, "pictures go through figures.show, with alt text"


def test_every_picture_has_alt_text(lesson):
    """The rule: docs/style.md, "Pictures"."""
    images = [
        image
        for cell in cells(lesson, "code")
        for text in html_outputs(cell)
        for image in re.findall(r"<img [^>]*>", text)
    ]
    assert images
    for image in images:
        assert re.search(r'alt="[^"]{10,}"', image), image[:80]
    prose = "\n".join(source(cell) for cell in cells(lesson, "markdown"))
    assert not re.findall(r"!\[\s*\]\(", prose)


def test_cells_that_assert_are_compared(lesson):
    """The rule: docs/style.md, "Outputs"."""
    for cell in cells(lesson, "code"):
        if re.search(r"^assert ", source(cell), re.MULTILINE):
            assert "nbval-ignore-output" not in tags(cell), source(cell)


def test_it_has_an_explorer_that_the_widget_test_can_make(lesson):
    """The rule: docs/style.md, "Tags"."""
    unit = [path for path in LESSONS if path.name[:2] == lesson.name[:2]]
    assert any("explorer" in tags(cell) for path in unit for cell in cells(path, "code"))
    assert any("explorer-setup" in tags(cell) for cell in cells(lesson, "code"))


def test_it_is_small_and_names_no_machine(lesson):
    """The rule: docs/style.md, "Outputs"."""
    content = lesson.read_text(encoding="utf-8")
    assert len(content.encode()) < 1_000_000
    kernel = json.loads(content)["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"
    assert str(Path.home()) not in content or str(Path.home()) == "/"
