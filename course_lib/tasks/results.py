"""What a check says, how a notebook shows it, and what a session has achieved.

Colour only repeats what the words say, so that nothing is lost in grey or to a screen reader.
"""

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

NOT_ATTEMPTED, ERROR, WRONG, RIGHT = "not attempted", "error", "wrong", "right"
NOT_CHECKED, EARLIER = "not checked yet", "right, earlier"
_COLOURS = {NOT_ATTEMPTED: "#767676", ERROR: "#b35900", WRONG: "#b35900", RIGHT: "#00708a"}
_MARKS = {NOT_ATTEMPTED: "○", ERROR: "!", WRONG: "✗", RIGHT: "✓"}


def _box(title: str, body: str, colour: str) -> str:
    return (
        f'<div role="status" style="border-left:4px solid {colour};padding:0.3em 0.8em">'
        f"<b>{html.escape(title)}</b> {body}</div>"
    )


@dataclass(frozen=True)
class Result:
    """The answer of a check.

    Attributes:
        task: its name.
        outcome: "not attempted", "error", "wrong" or "right".
        message: what to know about it, in plain text; lines are separated by line breaks.
    """

    task: str
    outcome: str
    message: str

    def __repr__(self):
        return f"{_MARKS[self.outcome]} {self.task}: {self.outcome}. {self.message}"

    def _repr_html_(self) -> str:
        title = f"{_MARKS[self.outcome]} {self.task}: {self.outcome}."
        body = html.escape(self.message).replace("\n", "<br>")
        return _box(title, body, _COLOURS[self.outcome])


@dataclass(frozen=True)
class Note:
    """A hint or a solution: a title, sentences, and code where there is some."""

    title: str
    text: str
    code: str = ""

    def __repr__(self):
        return "\n\n".join(part for part in (f"{self.title} {self.text}", self.code) if part)

    def _repr_html_(self) -> str:
        body = html.escape(self.text).replace("\n", "<br>")
        # A long line scrolls, and what scrolls must be reachable by keyboard.
        code = f'<pre tabindex="0" style="overflow-x:auto">{html.escape(self.code)}</pre>'
        return _box(self.title, body + (code if self.code else ""), "#767676")


@dataclass(frozen=True)
class Summary:
    """A table of tasks: name -> (outcome, times checked, hints seen)."""

    rows: dict[str, tuple[str, int, int]]

    @property
    def text(self) -> str:
        """One sentence: how many of the tasks are right."""
        if not self.rows:
            return "Nothing was checked in this session."
        right = sum(outcome in (RIGHT, EARLIER) for outcome, *_ in self.rows.values())
        return f"{right} of {len(self.rows)} right."

    def __repr__(self):
        width = max(map(len, self.rows), default=0)
        lines = [
            f"{name:{width}}  {outcome:15}  checked {checked}×, hints {hints}"
            for name, (outcome, checked, hints) in self.rows.items()
        ]
        return "\n".join([self.text, *lines])

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{self.text}</p>"
        from course_lib.metrics.table import (
            html_table,  # only here: a single check needs no metrics
        )

        rows = {
            name: (f"{_MARKS.get(outcome, '')} {outcome}", checked, hints)
            for name, (outcome, checked, hints) in self.rows.items()
        }
        return html_table(rows, ("task", "outcome", "times checked", "hints seen"), self.text)


@dataclass
class Session:
    """What this session has seen of each task.

    Attributes:
        results: the last one.
        checked: how often.
        hints: how many.
        open: the questions of a prediction that were not right in the last answer.
    """

    results: dict[str, Result] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)

    def add(self, result: Result) -> Result:
        """Keep a result in place of the task's last one, and return it."""
        self.results[result.task] = result
        self.checked[result.task] = self.checked.get(result.task, 0) + 1
        return result

    def solved(self) -> list[str]:
        """Return the tasks whose last answer was right."""
        return [name for name, result in self.results.items() if result.outcome == RIGHT]

    def summary(self, names: Sequence[str], earlier: Collection[str] = ()) -> Summary:
        """Return the table of these tasks, in this order; `earlier` ones were solved before."""
        outcomes = dict.fromkeys(earlier, EARLIER)
        outcomes |= {name: result.outcome for name, result in self.results.items()}
        return Summary(
            {
                name: (
                    outcomes.get(name, NOT_CHECKED),
                    self.checked.get(name, 0),
                    self.hints.get(name, 0),
                )
                for name in names
            }
        )

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self.results, self.checked, self.hints, self.open):
            kept.clear()


session = Session()
