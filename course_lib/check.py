"""The checks of the exercises: pass your answer in, and read what comes back.

    from course_lib import check

    check.js_divergence(js_divergence)  # right, wrong, an error, or not attempted: and why
    check.js_divergence.hint()  # three steps, from a question to nearly the answer
    check.js_divergence.solution()  # the solution with its explanation
    check.summary("01")  # a table of the lesson's tasks; it keeps what is solved for next time
    check.hand_in("01", "Your name")  # the same table as a page, summary-01.html
    check.forget()  # begin anew

PyTorch is imported with the first task that is asked for, and of the tasks those of its lesson.
Nothing leaves this machine: `summary` writes the names of solved tasks into progress.json, in the
folder of the notebook, or in COURSE_OUTPUT where that is set.
"""

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_lib.tasks.kinds import Task
    from course_lib.tasks.results import Note, Summary


def summary(lesson: str | None = None) -> "Summary":
    """Return a table of the tasks checked so far, or of all the tasks of a lesson ("04")."""
    from course_lib import tasks

    return tasks.summary(lesson)


def hand_in(lesson: str, student: str = "") -> "Note":
    """Write the table of a lesson's tasks as a page, to hand in; return where it is."""
    from course_lib import tasks

    return tasks.hand_in(lesson, student)


def forget() -> "Note":
    """Forget what was solved, in this session and before."""
    from course_lib import tasks

    return tasks.forget()


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

    return ["forget", "hand_in", "summary", *tasks.names()]
