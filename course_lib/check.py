"""The checks of the exercises: pass your answer in, and read what comes back.

    from course_lib import check

    check.js_divergence(js_divergence)  # right, wrong, an error, or not attempted: and why
    check.js_divergence.hint()  # three steps, from a question to nearly the answer
    check.js_divergence.solution()  # the solution with its explanation
    check.summary()  # a table of what you checked in this session

PyTorch is imported with the first task that is asked for, and of the tasks those of its lesson.
Nothing leaves this session.
"""

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_lib.tasks.kinds import Task
    from course_lib.tasks.results import Summary


def summary(lesson: str | None = None) -> "Summary":
    """Return a table of the tasks checked so far, or of all the tasks of a lesson ("04")."""
    from course_lib import tasks

    return tasks.summary(lesson)


def __getattr__(name: str) -> "Task":
    if name.startswith("_"):  # Python and IPython ask for such names; they must not load PyTorch
        raise AttributeError(name)
    from course_lib import tasks

    try:
        return tasks.find(name)
    except KeyError:
        near = difflib.get_close_matches(name, tasks.names(), n=3)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise AttributeError(f"No task is named {name!r}.{meant}") from None


def __dir__() -> list[str]:
    from course_lib import tasks

    return ["summary", *tasks.names()]
