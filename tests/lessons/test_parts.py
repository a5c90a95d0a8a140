"""A part is one class hour: what it may hold is counted, and its box says what was counted."""

import ast
import re
from pathlib import Path

import minutes as tool
import pytest

PARTS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("[0-9][0-9][a-c]_*.ipynb"))


@pytest.fixture(params=PARTS, ids=lambda path: path.stem)
def cells(request):
    return tool.read(request.param)


def source(cell):
    return "".join(cell["source"])


def code(cells):
    return [cell for cell in cells if cell["cell_type"] == "code"]


def lines_that_draw(text):
    """Return how many lines belong to a call of `figures`, its dictionaries of rows excepted."""
    found = 0
    for node in ast.parse(text).body:
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("figures."):
            data = sum(
                part.end_lineno - part.lineno + 1
                for part in call.args
                if part.end_lineno > part.lineno
            )
            found += node.end_lineno - node.lineno + 1 - data
    return found


def test_it_is_an_hour_and_holds_no_more_than_an_hour(cells):
    """The rule: docs/style.md, "Parts"."""
    found = tool.counts(cells)
    assert 35 <= tool.minutes(cells) <= 60
    assert found["words"] <= 1700 and found["lines"] <= 200 and found["predictions"] <= 8
    assert found["seconds"] <= 120


def test_its_box_says_what_was_counted(cells):
    """The rule: docs/style.md, "Parts"."""
    stated = re.search(r"about (\d+) minutes to work through", source(cells[1]))
    assert int(stated[1]) == pytest.approx(tool.minutes(cells), rel=0.1)


def test_the_first_result_comes_within_ten_minutes(cells):
    """The rule: docs/style.md, "Parts"."""
    tags = [cell["metadata"].get("tags", []) for cell in cells]
    (first,) = (k for k, found in enumerate(tags) if "first-result" in found)
    before = tool.minutes(cells[: first + 1]) - tool.counts(cells[:2])["seconds"] / 60
    assert before <= 10, f"{before:.1f} minutes"


def test_it_has_a_diagram(cells):
    """The rule: docs/style.md, "Parts"."""
    prose = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
    diagrams = re.findall(r"!\[([^\]]{40,})\]\((images/[\w-]+\.svg)\)", prose)
    assert diagrams
    assert all((PARTS[0].parent / path).is_file() for _, path in diagrams)


def test_most_lines_do_more_than_draw_and_few_cells_assert(cells):
    """The rule: docs/style.md, "Parts"."""
    texts = [source(cell) for cell in code(cells)]
    assert sum(map(lines_that_draw, texts)) <= tool.counts(cells)["lines"] / 5
    asserting = sum(bool(re.search(r"^ *assert ", text, re.MULTILINE)) for text in texts)
    assert asserting <= len(texts) / 4


def test_nothing_is_deleted_and_no_definition_is_made_twice(cells):
    """The rule: docs/style.md, "Parts"."""
    nodes = [node for cell in code(cells) for node in ast.parse(source(cell)).body]
    assert not any(isinstance(node, ast.Delete) for node in nodes)
    named = [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(named) == len(set(named))
