"""The exercises' checks: one engine, and one file of tasks per lesson.

`results` says what came out and shows it, `running` calls a student's function without harm,
`kinds` compares it with a solution and with known mistakes. `lesson_NN` holds the tasks of a
lesson in its list `TASKS`; a new file is found by its name.
"""

import importlib
import pkgutil
from functools import cache

from course_lib.tasks.kinds import Task
from course_lib.tasks.results import Summary, session


@cache
def every() -> dict[str, Task]:
    """Return all tasks by name, in the order of the lessons.

    Raises:
        ValueError: two tasks have one name.
    """
    found: dict[str, Task] = {}
    for file in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if file.startswith("lesson_"):
            for task in importlib.import_module(f"{__name__}.{file}").TASKS:
                if task.name in found:
                    raise ValueError(f"two tasks are named {task.name!r}")
                task.lesson = file.removeprefix("lesson_")
                found[task.name] = task
    return found


def summary(lesson: str | None = None) -> Summary:
    """Return a table of the tasks checked in this session, or of all the tasks of a lesson.

    Raises:
        ValueError: the lesson has no tasks.
    """
    if lesson is None:
        return session.summary([*session.results])
    names = [name for name, task in every().items() if task.lesson == lesson]
    if not names:
        known = ", ".join(sorted({task.lesson for task in every().values()}))
        raise ValueError(f"lesson {lesson!r} has no tasks; there are lessons {known}")
    return session.summary(names)
