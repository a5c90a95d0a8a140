"""The exercises' tasks: one engine, and one file and one page per lesson.

`lesson_NN` has the solutions of a lesson and the inputs that they are compared on; `pages/NN.md`
has what is said about them. `pages` reads a page, `edits` makes wrong answers of its rows, `kinds`
judges an answer, `running` calls it without harm, `results` shows what came out, and `progress`
keeps it for the next session.
"""

import importlib
import re
from functools import cache
from pathlib import Path

from course_lib import output
from course_lib.tasks.kinds import Task
from course_lib.tasks.results import Note, Summary, session

LESSONS = [
    file.stem.removeprefix("lesson_") for file in sorted(Path(__file__).parent.glob("lesson_*.py"))
]


@cache
def names() -> dict[str, str]:
    """Return the number of its lesson for the name of each task, without loading the lessons.

    Raises:
        ValueError: two tasks have one name.
    """
    found: dict[str, str] = {}
    for lesson in LESSONS:
        page = Path(__file__).parent / "pages" / f"{lesson}.md"
        headings = re.findall(r"^## (\w+)$", page.read_text("utf-8"), re.MULTILINE)
        for name in headings:
            if name in found:
                raise ValueError(f"two tasks are named {name!r}")
            found[name] = lesson
    return found


@cache
def _of(lesson: str) -> dict[str, Task]:
    module = importlib.import_module(f"{__name__}.lesson_{lesson}")
    return {task.name: task for task in module.TASKS}


def find(name: str) -> Task:
    """Return a task; of all lessons only its own is loaded.

    Raises:
        KeyError: no task has this name.
    """
    return _of(names()[name])[name]


def every() -> dict[str, Task]:
    """Return all tasks by name, in the order of the lessons."""
    return {name: task for lesson in LESSONS for name, task in _of(lesson).items()}


def summary(lesson: str | None = None) -> Summary:
    """Return a table of the tasks checked in this session, or of all the tasks of a lesson.

    Keeps what was solved in the notebook's folder, for later sessions (`progress`).

    Raises:
        ValueError: the lesson has no tasks.
    """
    from course_lib.tasks import progress  # only here: a check keeps nothing

    progress.keep(session.solved())
    if lesson is None:
        return session.summary([*session.results])
    if lesson not in LESSONS:
        raise ValueError(f"lesson {lesson!r} has no tasks; there are lessons {', '.join(LESSONS)}")
    chosen = [name for name, its in names().items() if its == lesson]
    return session.summary(chosen, progress.solved())


def hand_in(lesson: str, student: str = "") -> Note:
    """Write a lesson's summary as a page in HTML; return where it is.

    Raises:
        ValueError: the lesson has no tasks.
    """
    from course_lib.tasks import progress

    text = progress.page(summary(lesson), lesson, student, progress.solved())
    path = output.place(f"summary-{lesson}.html").absolute()
    try:
        with output.writing(path, keep=False) as file:
            file.write_text(text, encoding="utf-8")
    except output.NotWritten as error:
        return Note("Not written.", str(error))
    where = "stands beside this notebook" if path.parent == Path.cwd() else f"is in {path.parent}"
    return Note("Written.", f"{path.name} {where}. Open it in a browser.")


def forget() -> Note:
    """Forget all results, those of this session and those of earlier ones."""
    from course_lib.tasks import progress

    session.clear()
    progress.forget()
    return Note("Forgotten.", "All tasks count as not checked.")
