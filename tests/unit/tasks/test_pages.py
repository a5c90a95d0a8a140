"""Pages of tasks: each line is of use, and where one is not its number is said."""

import subprocess
import sys

import pytest
from page_problems import problems

from course_lib import tasks
from course_lib.tasks import pages, results
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over
from course_lib.tasks.lesson import Lesson

PAGES = sorted(pages.FOLDER.glob("*.md"))


@pytest.fixture(autouse=True)
def forget():
    yield
    results.session.clear()


@pytest.mark.parametrize("lesson", [file.stem for file in PAGES])
def test_every_line_of_a_page_is_of_use(lesson):
    """The rule: docs/style.md, "Checks"."""
    tasks.find(next(name for name, its in tasks.names().items() if its == lesson))
    module = sys.modules[f"course_lib.tasks.lesson_{lesson}"]
    assert problems(module.lesson) == []


def spread(x):
    centred = x - x.mean(dim=1, keepdim=True)
    return centred.square().sum(dim=1)


PAGE = """# Lesson 99

## spread

How far numbers lie apart.

1. From where is a distance taken?
2. From the mean of each row.
3. Square the differences, and add them up.

> The mean of a row is where the squares are smallest.

Also right: `x - x.mean(dim=1, keepdim=True)` → `x.mean(dim=1, keepdim=True) - x`

`FACTOR` is `3`, `5`

| in the solution | in yours | so say |
|---|---|---|
| `.square()` | `.abs()` | These are absolute values, \\|x\\|. |
| `centred.` | `x.` | The mean is not taken away. |
| | `FACTOR * spread(x)` | A factor too many. |
| | `x.amax(dim=1)` or `x.amin(dim=1)` | This is an end. |
| | `x[:, 0]` | |

## sizes

Sizes.

1. What is a size?
2. A number, or a word.

> Two and three.

| question | answer | hint | if | so say |
|---|---|---|---|---|
| the first | -log(4) | It is the smaller one. | 2/3 | Too large. |
| | | | (5, 1) | One number. |
| the second | train mode | The other of the two. | eval mode | Look again. |
"""


@over((3, 4), (2, 5), (6, 3))
def rows_of_numbers(seed, dtype, n, size):
    return Case((normal(seed, n, size, dtype=dtype),), gradients=(0,))


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """Return what makes a lesson of the page above, with one text in it replaced."""

    def made(old="", new=""):
        assert old in PAGE
        (tmp_path / "99.md").write_text(PAGE.replace(old, new, 1) if old else PAGE, "utf-8")
        monkeypatch.setattr(pages, "FOLDER", tmp_path)
        lesson = Lesson("99")
        if "spread" in lesson.sections:
            lesson.task(rows_of_numbers)(spread)
        return lesson

    return made


def judged(lesson, answer):
    result = lesson.tasks()[0](answer)
    assert result.outcome == "wrong", result
    return result.message


def line_of(text):
    return PAGE[: PAGE.index(text)].count("\n") + 1


def test_a_page_makes_tasks(lesson):
    lesson = lesson()
    function, prediction = lesson.tasks()
    assert problems(lesson) == []
    assert function(lambda x: (x - x.mean(dim=-1)[:, None]).pow(2).sum(dim=-1)).outcome == "right"
    assert "absolute values, |x|." in judged(lesson, lambda x: (x - x.mean(1, True)).abs().sum(1))
    for factor in (3, 5):
        message = judged(lesson, lambda x, by=factor: by * (x - x.mean(1, True)).square().sum(1))
        assert "A factor too many" in message
    for end in (lambda x: x.min(dim=1).values, lambda x: x[:, 0]):
        assert "an end" in judged(lesson, end)
    assert prediction.expected == {
        "the first": pytest.approx(-1.386, abs=1e-3),
        "the second": "train mode",
    }
    assert "Too large" in prediction({"the first": 0.6667, "the second": "train mode"}).message


def test_a_value_takes_the_place_of_whole_names(tmp_path):
    reader = pages._Reader(tmp_path / "99.md")
    reader.values = {"K": ("2", "3")}
    found = [*reader.valued((), ("K * KL(x)",))]
    assert found == [((), ("2 * KL(x)",)), ((), ("3 * KL(x)",))]


def test_two_mistakes_at_once_are_both_named(lesson):
    message = judged(lesson(), lambda x: 5 * (x - x.mean(1, True)).abs().sum(1))
    assert "absolute values" in message and "A factor too many" in message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x: spread(x.detach()), "detached"),
        (lambda x: (x - x.mean(1, True)).square().mean(1), "mean stands where the sum"),
        (lambda x: (x - x.mean()).square().sum(1), "whole batch"),
        (lambda x: (x - x.mean(1, True)).square().sum(), "whole batch"),
        (lambda x: -spread(x), "sign"),
        (lambda x: 7 * spread(x), "7 times"),
    ],
)
def test_what_any_task_can_bring_up_needs_no_row(lesson, answer, said):
    assert said in judged(lesson(), answer)


def test_exchanged_arguments_need_no_row(lesson):
    lesson = lesson()

    def ratio(p, q):
        return p / (p + q)

    lesson.sections["ratio"] = pages.Section("ratio", 1)
    lesson.task(
        over((3,), (4,), (5,))(
            lambda seed, dtype, n: Case(
                tuple(normal(seed + k, n, dtype=dtype).exp() for k in (0, 9)), gradients=(0, 1)
            )
        )
    )(ratio)
    task = lesson.tasks()[-1]
    assert "p and q have changed places" in task(lambda a, b: b / (a + b)).message
    assert "q is detached" in task(lambda a, b: a / (a + b.detach())).message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("`.square()`", "`.cube()`", "edits nothing"),
        ("`.abs()`", "`.square().abs()`", "this is right"),
        ("| | `x.amax", "| | `spread(x) * 3` | Thrice. |\n| | `x.amax", "no answer brings this up"),
        ("`x - x.mean(dim=1, keepdim=True)` → ", "`y` → ", "edits nothing"),
        (
            "3. Square the",
            "3. x - x.mean(dim=1, keepdim=True), centred.square().sum(dim=1), the",
            "is the code",
        ),
        ("From where is a distance taken?", "Take a distance.", "asks"),
        ("It is the smaller one.", "It is -1.3862943611198906.", "is the answer"),
        ("The other of the two.", "Is it train mode?", "is the answer"),
        ("| eval mode | Look again. |", "| train mode | Look again. |", "no answer brings this up"),
        ("It is the smaller one.", "", "no hint"),
    ],
)
def test_a_line_of_no_use_is_told_by_its_number(lesson, old, new, said):
    found = problems(lesson(old, new))
    assert len(found) == 1 and said in found[0], found
    assert found[0].startswith(f"99.md, line {line_of(old)}: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| in the solution |", "| in a solution |", "a table has the columns"),
        ("| `.square()` | `.abs()` |", "| `.square()` |", "2 cells, and the table has 3 columns"),
        ("| `.square()` | `.abs()` |", "| `.square()` | `a` and `b` |", "as many pieces"),
        ("| `.square()` | `.abs()` |", "| `.square()` | .abs() |", "pieces of code in backticks"),
        (
            "These are absolute values, \\|x\\|.",
            "",
            "no sentence",
        ),
        ("> The mean", "The mean", "text after the hints"),
        ("## sizes", "## spread", "has a section already"),
        ("| the first |", "| |", "no question"),
    ],
)
def test_what_no_page_can_have_is_told_by_its_number(lesson, old, new, said):
    with pytest.raises(ValueError, match=rf"99\.md, line {line_of(old)}: .*{said}"):
        lesson(old, new)


def test_a_section_without_a_solution_is_told_by_its_number(lesson):
    with pytest.raises(ValueError, match=r"99\.md, line 3: spreads has no solution"):
        problems(lesson("## spread", "## spreads"))


def test_the_third_hint_of_a_prediction_leaves_out_what_is_right(lesson):
    prediction = lesson().tasks()[1]
    first, second, third = (prediction.hint() for _ in range(3))
    assert (first.text, second.text) == ("What is a size?", "A number, or a word.")
    assert third.text == "the first: It is the smaller one.\nthe second: The other of the two."
    prediction({"the first": 3, "the second": "train mode"})
    assert prediction.hint().text == "the first: It is the smaller one."


def test_a_check_loads_its_own_lesson_only():
    script = (
        "import sys; from course_lib import check; check.js_divergence;"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'course_lib'))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert [name for name in loaded if "lesson_" in name] == ["course_lib.tasks.lesson_01"]
    assert len(loaded) <= 16, loaded
