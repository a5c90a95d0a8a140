"""What was solved in earlier sessions, and the page that a student hands in.

Both are files in the folder of the notebook, or in COURSE_OUTPUT where that is set. Neither is a
proof: whoever edits them finds no lock.
"""

import datetime
import html
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from course_lib import output
from course_lib.tasks.results import EARLIER, RIGHT, Summary


def file() -> Path:
    """Return where it is kept what was solved."""
    return output.place("progress.json")


def solved() -> dict[str, str]:
    """Return the day on which each task was solved, by the task's name.

    A file that is missing, damaged or of another kind counts as none.
    """
    with suppress(OSError, ValueError):
        days = json.loads(file().read_text(encoding="utf-8"))
        if isinstance(days, dict):
            return {str(name): str(day) for name, day in days.items()}
    return {}


def keep(names: Iterable[str]) -> None:
    """Note that these tasks were solved today, unless they were before.

    Where the folder cannot be written, nothing is kept, and nothing fails.
    """
    before = solved()
    today = datetime.date.today().isoformat()
    after = dict.fromkeys(names, today) | before
    if after != before:
        text = json.dumps(after, indent=1, ensure_ascii=False) + "\n"
        with suppress(output.NotWritten), output.writing(file(), keep=False) as path:
            path.write_text(text, encoding="utf-8")


def forget() -> None:
    """Delete the file."""
    with suppress(OSError):
        file().unlink(missing_ok=True)


def page(summary: Summary, lesson: str, student: str, days: Mapping[str, str]) -> str:
    """Return a page in HTML: who, which lesson, and a row for each task."""
    title = f"Exercises {lesson}" + (f": {student}" if student else "")
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(outcome)}</td>'
        f"<td>{checked}</td><td>{hints}</td><td>{html.escape(days.get(name, ''))}</td></tr>\n"
        for name, (outcome, checked, hints) in summary.rows.items()
    )
    right = sum(outcome in (RIGHT, EARLIER) for outcome, *_ in summary.rows.values())
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{html.escape(title)}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} th[scope=row] {{ text-align: left }}
th, td {{ border: 1px solid #999; padding: 0.3rem 0.6rem }}
</style>
<h1>{html.escape(title)}</h1>
<p>{right} of {len(summary.rows)} tasks right, on {datetime.date.today().isoformat()}. The student's
own machine wrote this page: it says what was tried, and is no examination.</p>
<table>
<tr><th scope="col">task</th><th scope="col">outcome</th><th scope="col">times checked</th>
<th scope="col">hints seen</th><th scope="col">solved on</th></tr>
{rows}</table>
</html>
"""
