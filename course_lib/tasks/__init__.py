"""The exercises' tasks: one engine, and one file and one page per lesson.

`lesson_NN` has the solutions of a lesson and the inputs that they are compared on; `pages/NN.md`
has what is said about them. `pages` reads a page, `edits` makes wrong answers of its rows, `kinds`
judges an answer, `running` calls it without harm, and `results` shows what came out.
"""

import importlib
import re
from functools import cache
from pathlib import Path

from course_lib.tasks.kinds import Task
from course_lib.tasks.results import Summary, session

LESSONS = [file.stem[-2:] for file in sorted(Path(__file__).parent.glob("lesson_*.py"))]


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

    Raises:
        ValueError: the lesson has no tasks.
    """
    if lesson is None:
        return session.summary([*session.results])
    if lesson not in LESSONS:
        raise ValueError(f"lesson {lesson!r} has no tasks; there are lessons {', '.join(LESSONS)}")
    return session.summary([name for name, its in names().items() if its == lesson])
