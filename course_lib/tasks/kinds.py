"""The tasks of the exercises: functions, predictions and trials, each with hints and solution."""

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import nn

from course_lib.tasks import edits, running
from course_lib.tasks.comparing import (
    Attempt,
    Case,
    agree,
    attempt,
    attempted,
    contrast,
    diagnosis,
    gradients_agree,
    number,
    read,
    same,
)
from course_lib.tasks.results import ERROR, NOT_ATTEMPTED, RIGHT, WRONG, Note, Result, session

Verdict = tuple[str, str]  # outcome and message


@dataclass(repr=False)
class Task:
    """What every task has; call it with the answer.

    Attributes:
        name: what it is called, `check.NAME`.
        why: a sentence on why it matters, for whoever has it right.
        hints: three, from a question to nearly the answer. A prediction may lack the third.
        explanation: of the solution.
        lesson: its number, "04".
    """

    name: str
    why: str
    hints: tuple[str, ...]
    explanation: str
    lesson: str = field(default="", kw_only=True)

    def __call__(self, answer: object) -> Result:
        """Judge the answer, keep the result for the summary, and return it."""
        return session.add(Result(self.name, *self._judge(answer)))

    def hint(self) -> Note:
        """Return the next of three hints; after the third, the third again."""
        hints = self._hints()
        step = min(session.hints.get(self.name, 0) + 1, len(hints))
        session.hints[self.name] = step
        return Note(f"Hint {step} of {len(hints)}.", hints[step - 1])

    def solution(self) -> Note:
        """Return the solution with its explanation."""
        return Note(f"A solution of {self.name}.", self.explanation, self._solution_text())

    def __repr__(self):
        return f"check.{self.name}({self._wanted()}): pass your answer; .hint() and .solution()"

    def _hints(self) -> tuple[str, ...]:
        return self.hints

    def _wanted(self) -> str:
        return "answer"

    def _solution_text(self) -> str:
        return ""

    def _judge(self, answer: object) -> Verdict:
        raise NotImplementedError


@dataclass(repr=False)
class FunctionTask(Task):
    """A function to write, compared with a solution on many inputs.

    Attributes:
        answer: the solution; its parameters are those that the student's function takes.
        cases: returns the inputs, always the same.
        mistakes: wrong functions, each with the sentence that names what is wrong in it, and pairs
            of them.
        also_right: other functions that an answer may agree with, on all inputs.
        other_cases: inputs of another convention that the answer may follow instead.
        then: tries an answer whose numbers are right; returns "", or what is wrong all the same.
    """

    answer: Callable
    cases: Callable[[], Sequence[Case]]
    mistakes: edits.Mistakes
    also_right: Sequence[Callable] = ()
    other_cases: Callable[[], Sequence[Case]] | None = None
    then: Callable[[Any], str] | None = None
    # Inputs, and what the course's own functions make of them: always the same.
    _inputs: list[Sequence[Case]] = field(default_factory=list, init=False, repr=False)
    _recalled: dict[tuple[Callable, int], Attempt] = field(
        default_factory=dict, init=False, repr=False
    )
    _glimpsed: dict[tuple[Callable, int], Attempt] = field(
        default_factory=dict, init=False, repr=False
    )
    _general: list[tuple[Callable, str]] = field(default_factory=list, init=False, repr=False)

    def _wanted(self) -> str:
        return f"{self.name}{inspect.signature(self.answer)}"

    def _solution_text(self) -> str:
        return edits.source(self.answer)

    def _judge(self, answer: Any) -> Verdict:
        if refused := refuse(answer, self.name, len(inspect.signature(self.answer).parameters)):
            return refused
        if not self._inputs:
            with running.kept_state():  # a network in an input draws its first weights
                self._inputs = [make() for make in (self.cases, self.other_cases) if make]
        first, *others = self._inputs
        verdict = self._judge_on(answer, first)
        for cases in others if verdict[0] in (ERROR, WRONG) else ():
            other = self._judge_on(answer, cases)
            # An error may come from an input that the answer was not written for.
            if other[0] == RIGHT or (verdict[0] == ERROR and other[0] == WRONG):
                verdict = other
                break
        if verdict[0] == RIGHT and self.then:
            return tried(self.then, answer, self.name, self.why)
        return verdict

    def _recall(self, function: Callable, case: Case) -> Attempt:
        """Return what one of the course's own functions gives, computed once."""
        key = function, id(case)
        if key not in self._recalled:
            self._recalled[key] = attempted(function, case)
        return self._recalled[key]

    def _wrong(self) -> Iterator[tuple[Callable, str]]:
        """Yield wrong answers: those of the page, those of any task, and pairs of the page's."""
        yield from self.mistakes
        if not self._general:
            self._general = [*edits.general(self.answer, self._inputs[0])]
        yield from self._general
        yield from self.mistakes.pairs()

    def _judge_on(self, answer: Callable, cases: Sequence[Case]) -> Verdict:
        attempts: list[Attempt] = []

        def run():
            for case in cases:
                attempts.append(attempt(answer, case))
                if attempts[-1].empty or attempts[-1].error:
                    break

        try:
            running.within_limit(run)
        except running.TookTooLong:
            return took_too_long(self.name)
        cases, last = cases[: len(attempts)], attempts[-1]
        if last.empty and len(attempts) == 1:
            return self._not_attempted(last, answer)
        functions = (self.answer, *self.also_right)
        with running.kept_state():
            ways = [[self._recall(function, case) for case in cases] for function in functions]
        limits = [case.limit() for case in cases]
        if any(all(map(self._fits, attempts, way, limits)) for way in ways):
            return RIGHT, self.why
        if running.has_gap(answer):
            return NOT_ATTEMPTED, unfinished(self.name)
        # Of several right ways the answer is compared with the one that it is nearest to.
        defined = [way for way in ways if all(made.value is not None for made in way)]
        expected = max(defined, key=lambda way: sum(map(self._fits, attempts, way, limits)))
        failed = [
            k for k, limit in enumerate(limits) if not self._fits(attempts[k], expected[k], limit)
        ]
        with running.kept_state():  # once for all: the course's own functions change nothing
            named = self._known(attempts, cases, failed)
        if last.error:
            said = running.describe_error(last.error, answer)
            return ERROR, "\n".join(
                part
                for part in (said, f"It was called with {self._told(cases[-1])}.", named)
                if part
            )
        return WRONG, self._explain(answer, attempts, expected, cases, failed, named)

    @staticmethod
    def _fits(made: Attempt, expected: Attempt, limit: float) -> bool:
        if made.value is None or expected.value is None:
            return False
        return agree(made.value, expected.value, limit) and all(
            gradients_agree(made, expected, limit)
        )

    def _known(self, attempts: list[Attempt], cases: Sequence[Case], failed: list[int]) -> str:
        """Return the sentence of the mistake that gives just these answers, or ""."""
        passed = [k for k in range(len(cases)) if k not in failed]
        nearly = ""
        for mistake, sentence in self._wrong():
            if not self._looks_like(mistake, attempts[failed[0]], cases[failed[0]]):
                continue
            agrees = (
                same(attempts[k], self._recall(mistake, cases[k]), cases[k].limit())
                for k in (*failed, *passed)
            )
            if not all(itertools.islice(agrees, len(failed))):
                continue
            if all(agrees):
                return sentence
            # It is wrong at more inputs than the answer; another mistake may fit better.
            nearly = nearly or sentence
        return nearly

    def _looks_like(self, mistake: Callable, made: Attempt, case: Case) -> bool:
        """Return whether a mistake may have given this, by its value alone, which comes soon."""
        if made.value is None:
            return True
        key = mistake, id(case)
        if key not in self._glimpsed:
            self._glimpsed[key] = attempted(mistake, case, gradients=False)
        value = self._glimpsed[key].value
        return value is not None and agree(made.value, value, case.limit())

    def _not_attempted(self, made: Attempt, answer: Callable) -> Verdict:
        if made.error is None and not running.has_gap(answer):
            return NOT_ATTEMPTED, (
                f"{self.name} returns nothing yet. Write its body, and end it with a line that "
                f"says `return`; stuck? check.{self.name}.hint()"
            )
        return NOT_ATTEMPTED, unfinished(self.name)

    def _explain(
        self,
        answer: Callable,
        attempts: list[Attempt],
        expected: list[Attempt],
        cases: Sequence[Case],
        failed: list[int],
        named: str,
    ) -> str:
        first = failed[0]
        made, wanted, case = attempts[first], expected[first], cases[first]
        limit = case.limit()
        if made.value is None:
            return f"{named or made.problem} It was called with {self._told(case)}."
        assert wanted.value is not None  # answers are compared only with answers that have one
        if not agree(made.value, wanted.value, limit):
            told = f"With {self._told(case)}: {contrast(made.value, wanted.value, limit)}."
            if not named and not same(attempt(answer, case, seed=1), made, limit):
                named = (
                    "Two calls with the same input gave two answers: it draws random numbers "
                    "itself, or keeps something from the last call. Use what is passed in."
                )
            return f"{named or diagnosis(attempts, expected, failed)} {told}".strip()
        return f"{named} {self._explain_gradient(made, wanted, case)}".strip()

    def _explain_gradient(self, made: Attempt, wanted: Attempt, case: Case) -> str:
        told = f"With {self._told(case)} the value is right, and its gradient is not:"
        if made.cut:
            return (
                f"{told} it has none. Its graph was cut, by detach(), item(), no_grad() or a "
                "tensor made anew from numbers."
            )
        limit = case.limit()
        leaf = gradients_agree(made, wanted, limit).index(False)
        assert made.gradients and wanted.gradients  # without them none would disagree
        came, right = made.gradients[leaf], wanted.gradients[leaf]
        if came is None:
            return f"{told} none reaches {self._leaf_name(case, leaf)}."
        if right is None:
            return f"{told} none is to reach {self._leaf_name(case, leaf)}, and one does."
        found = contrast(came, right, 5 * limit)
        return f"{told} for {self._leaf_name(case, leaf)}, {found}."

    def _told(self, case: Case) -> str:
        return case.told([*inspect.signature(self.answer).parameters])

    def _leaf_name(self, case: Case, leaf: int) -> str:
        names = [*inspect.signature(self.answer).parameters]
        leaves = []
        for position, value in enumerate(case.inputs):
            if position in case.gradients:
                count = len([*value.parameters()]) if isinstance(value, nn.Module) else 1
                leaves += [names[position]] * count
        return leaves[leaf]


@dataclass(repr=False)
class Prediction(Task):
    """An answer of numbers or words, committed to before the cell that shows it.

    Attributes:
        expected: by the name of each question. Numbers, words, or sequences of these.
        mistakes: (question, wrong answer, sentence that says what is wrong with it).
        tolerance: by which numbers may differ.
        last_hints: by the name of each question; together they are the third hint, which leaves out
            what was right in the last answer.
    """

    expected: Mapping[str, object]
    mistakes: Sequence[tuple[str, object, str]] = ()
    tolerance: float = 1e-3
    last_hints: Mapping[str, str] = field(default_factory=dict)

    def _hints(self) -> tuple[str, ...]:
        if not self.last_hints:
            return self.hints
        still = session.open.get(self.name) or [*self.expected]
        return (*self.hints, "\n".join(f"{name}: {self.last_hints[name]}" for name in still))

    def _wanted(self) -> str:
        return "{" + ", ".join(f"{question!r}: …" for question in self.expected) + "}"

    def _solution_text(self) -> str:
        return "\n".join(f"{question}: {value}" for question, value in self.expected.items())

    def _judge(self, answer: object) -> Verdict:
        if answer is None or answer is ...:
            return NOT_ATTEMPTED, f"{self.name} is not answered yet: pass {self._wanted()}."
        if not isinstance(answer, Mapping):
            kind = type(answer).__name__
            return WRONG, f"Pass a dictionary, {self._wanted()}; this is a {kind}."
        missing = [q for q in self.expected if answer.get(q) is None or answer[q] is ...]
        if missing:
            return NOT_ATTEMPTED, f"{self.name}: still to answer: {', '.join(missing)}."
        off = [q for q, value in self.expected.items() if not self._equal(answer[q], value)]
        session.open[self.name] = off
        if not off:
            return RIGHT, self.why
        lines = [f"{len(self.expected) - len(off)} of {len(self.expected)} are right."]
        for question in off:
            said = self._remark(question, answer[question])
            lines.append(f"{question}: {_short(answer[question])}. {said}")
        return WRONG, "\n".join(lines)

    def _remark(self, question: str, given: Any) -> str:
        """Return what is wrong with an answer: a known mistake, else its kind."""
        for asked, wrong, sentence in self.mistakes:
            if asked == question and self._equal(given, wrong):
                return sentence
        wanted = self.expected[question]
        kind = type(given)  # isinstance would ask the answer itself, which may be hostile
        if not isinstance(wanted, str):
            if issubclass(kind, str):
                return "This is text: write numbers without quotation marks."
            if isinstance(wanted, int | float) and issubclass(kind, list | tuple):
                return "One number is asked for."
            return "That is not it; think again."
        if not issubclass(kind, str):
            return "A word is asked for, in quotation marks."
        values = (*self.expected.values(), *(wrong for _, wrong, _ in self.mistakes))
        words = {value.lower() for value in values if isinstance(value, str)}
        if given.strip().lower() not in words:
            return "That is none of the words to choose from; the task's text has them."
        return "That is not it; think again."

    def _equal(self, given: object, wanted: object) -> bool:
        try:
            if isinstance(wanted, str):
                return isinstance(given, str) and given.strip().lower() == wanted.lower()
            if isinstance(wanted, bool) or isinstance(given, str | bool):
                return given is wanted
            value, _ = read(given)
            target, _ = read(wanted)
            if value is None or target is None or value.shape != target.shape:
                return False
            near = (value - target).abs() <= self.tolerance
            return bool((near | (value == target)).all())  # infinity equals itself
        except Exception:  # whatever was passed, it is not the number that was asked for
            return False


@dataclass(repr=False)
class Trial(Task):
    """An answer that is tried out: a training step, a repaired class, a trained model.

    Attributes:
        answer: a solution, shown as source.
        trial: called with the answer; returns "" where it is right, else what is wrong with it.
        arguments: how many the answer takes; None where it is no function.
    """

    answer: Callable
    trial: Callable[[Any], str]
    arguments: int | None = None

    def _solution_text(self) -> str:
        return edits.source(self.answer)

    def _judge(self, answer: Any) -> Verdict:
        if answer is None or answer is ...:
            return NOT_ATTEMPTED, unfinished(self.name)
        if self.arguments is not None and (refused := refuse(answer, self.name, self.arguments)):
            return refused

        return tried(self.trial, answer, self.name, self.why)


class Later:
    """A function of `trials`, whose file is loaded when it is first looked at."""

    def __init__(self, name: str, *more: object):
        self.name, self.more = name, more

    @cached_property
    def function(self) -> Callable[..., str]:
        """The function itself."""
        file, name = self.name.split(".")
        return getattr(importlib.import_module(f"course_lib.tasks.trials.{file}"), name)

    def __call__(self, answer: object) -> str:
        return self.function(answer, *self.more)


def tried(trial: Callable[[Any], str], answer: Any, name: str, why: str) -> Verdict:
    """Return the verdict on an answer that is tried out."""
    if isinstance(trial, Later):
        _ = trial.function  # loading it takes no time of the answer's

    def run() -> str:
        with running.kept_state():
            return trial(answer)

    try:
        wrong = running.within_limit(run)
    except running.TookTooLong:
        return took_too_long(name)
    except BaseException as error:  # a student's SystemExit is an error like any other
        skeleton = isinstance(error, NotImplementedError) and running.left_open(error)
        if skeleton or running.has_gap(answer):
            return NOT_ATTEMPTED, unfinished(name)
        return ERROR, running.describe_error(error, answer)
    if wrong and running.has_gap(answer):
        return NOT_ATTEMPTED, unfinished(name)
    return (WRONG, wrong) if wrong else (RIGHT, why)


def unfinished(name: str) -> str:
    """Return what an untouched skeleton is told: its name and the next step."""
    return (
        f"{name} is still a skeleton. Put your own lines where it says `...` or "
        f"`raise NotImplementedError`, run that cell, then this one; stuck? check.{name}.hint()"
    )


def took_too_long(name: str) -> Verdict:
    """Return the verdict on an answer that does not end."""
    return ERROR, (
        f"{name} was stopped after {number(running.LIMIT)} s: it does not come to an end. Does a "
        "`while` wait for something that never happens, or a loop run over every pixel?"
    )


def refuse(answer: object, name: str, arguments: int) -> Verdict | None:
    """Return the verdict on an answer that is no function of so many arguments, or None."""
    if answer is None or answer is ...:
        return NOT_ATTEMPTED, (
            f"{name} is not written yet. Define the function, run its cell, and pass it: "
            f"check.{name}({name})"
        )
    kind = type(answer).__name__
    if isinstance(answer, type):
        return (
            WRONG,
            f"{_short(answer.__name__)} is a class. Pass an instance of it, or a function.",
        )
    if not callable(answer):
        return WRONG, (
            f"This is a {kind}, not a function. Pass the function itself, without calling it: "
            f"check.{name}({name})"
        )
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # functions written in C do not tell
        return None
    try:
        signature.bind(*range(arguments))
    except TypeError as error:
        return ERROR, (
            f"{name} is called with {arguments} argument{'s' * (arguments != 1)}, and yours takes "
            f"{_short(signature)}: {error}."
        )
    return None


def _short(value: object) -> str:
    try:
        text = str(value)
    except Exception:
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}…"
