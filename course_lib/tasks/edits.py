"""Wrong answers made from right ones: edits that a page lists, pairs of them, and general ones."""

import ast
import functools
import inspect
import itertools
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.tasks.pages import Edit, Section

Wrong = tuple[Callable, str]  # a wrong answer, and the sentence that names what is wrong in it


def source(answer: Callable) -> str:
    """Return the source of a solution, without what decorates it."""
    text = textwrap.dedent(inspect.getsource(answer))
    return text[text.index("def ") :] if text.startswith("@") else text


@dataclass(frozen=True)
class Answer:
    """An answer as source, from which others are made.

    Attributes:
        name: of the function.
        head: its first line, with the parameters.
        body: what follows, in which edits are made.
        scope: the names that it knows.
        inner: the answer that it calls by the name that both have.
        around: is laid around the function, so that it takes another kind of input as well.
    """

    name: str
    head: str
    body: str
    scope: dict
    inner: "Answer | None" = None
    around: Callable[[Callable], Callable] | None = None

    @cached_property
    def _code(self) -> CodeType:
        return compile(self.head + self.body, f"<{self.name}, edited>", "exec")

    @cached_property
    def bare(self) -> Callable:
        """The answer, with nothing around it."""
        scope = dict(self.scope)
        exec(self._code, scope)
        made = scope[self.name]
        if self.inner:
            scope[self.name] = self.inner.bare
        return made

    @cached_property
    def function(self) -> Callable:
        """The answer itself."""
        return self.around(self.bare) if self.around else self.bare

    def edited(self, edit: Edit) -> "Answer | None":
        """Return the answer with a change; None where nothing changes, or no Python comes out."""
        if not edit.old:
            inner = self if self.name in edit.new[0] else None
            return replace(self, inner=inner)._with(f"    return {edit.new[0]}\n")
        if self.inner:
            inner = self.inner.edited(edit)
            return replace(self, inner=inner) if inner else None
        body = self.body
        for old, new in zip(edit.old, edit.new, strict=True):
            if old not in body:
                return None
            body = body.replace(old, new)
        return self._with(body) if body != self.body else None

    def _with(self, body: str) -> "Answer | None":
        made = replace(self, body=body)
        try:
            return made if made._code else None
        except SyntaxError:
            return None


class Mistakes(Sequence[Wrong]):
    """The wrong answers that a page lists, each in every right way in which it can be made.

    Made when first looked at: whoever has a task right needs none of them.
    """

    def __init__(self, answer: Callable, section: Section, around: Callable | None = None):
        own = {"torch": torch, "nn": nn, "F": F, "math": math, "functools": functools}
        head, end, body = source(answer).partition("):\n")
        scope = own | answer.__globals__
        solution = Answer(answer.__name__, head + end, body, scope, around=around)
        self.section = section
        self.by_row: dict[Edit, list[Answer]] = {}  # what each row makes of the right ones
        others = [solution.edited(edit) for edit in section.also_right]
        self.ways = [solution, *(other for other in others if other)]

    @property
    def also_right(self) -> list[Callable]:
        """The other right ways, and the solution with what is laid around it."""
        return [way.function for way in self.ways[0 if self.ways[0].around else 1 :]]

    def of(self, row: Edit) -> list[Answer]:
        """Return what a row makes of the right answers."""
        if row not in self.by_row:
            made = [way.edited(row) for way in self.ways]
            if not row.old and row.new[0].count(self.ways[0].name) == 0:
                made = made[:1]  # it is the same of all
            self.by_row[row] = [answer for answer in made if answer]
        return self.by_row[row]

    @cached_property
    def _all(self) -> list[Wrong]:
        return [(made.function, row.said) for row in self.section.mistakes for made in self.of(row)]

    def __len__(self):
        return len(self._all)

    def __getitem__(self, index):
        return self._all[index]

    def pairs(self) -> Iterator[Wrong]:
        """Yield two mistakes at once, of all rows that can be made together."""
        for both, said in self._pairs:
            yield both.function, said

    @cached_property
    def _pairs(self) -> list[tuple[Answer, str]]:
        found = []
        edits = [row for row in self.section.mistakes if row.old]
        for first, second in itertools.permutations(self.section.mistakes, 2):
            if first.said == second.said or not first.old:
                continue
            # Two edits come in the page's order; an expression is laid around an edit.
            if second.old and edits.index(second) < edits.index(first):
                continue
            if not second.old and self.ways[0].name not in second.new[0]:
                continue
            for one in self.of(first):
                if both := one.edited(second):
                    found.append((both, f"{first.said} {second.said}"))
        return found


def general(answer: Callable, cases: Sequence) -> Iterator[Wrong]:
    """Yield mistakes that any task can bring up: no page lists them.

    Gradients cut off, arguments exchanged, a sum for a mean, the whole batch for each row. A sign
    and a factor are found without trying, from the numbers (`comparing.diagnosis`).

    Args:
        answer: the solution.
        cases: its inputs, which tell what kind of thing each argument is.
    """
    names = [*inspect.signature(answer).parameters]
    leaves = sorted({place for case in cases for place in case.gradients})
    tensors = [
        place for place in leaves if all(torch.is_tensor(case.inputs[place]) for case in cases)
    ]
    if len(tensors) == len(leaves):
        yield _detached(answer, leaves), "The value is right, but detached: nothing learns from it."
    for place in tensors if len(leaves) > 1 else ():
        yield (
            _detached(answer, [place]),
            f"{names[place]} is detached: no gradient reaches it.",
        )
    for a, b in itertools.combinations(range(len(names)), 2):
        if all(_alike(case.inputs[a], case.inputs[b]) for case in cases):
            yield _exchanged(answer, a, b), f"{names[a]} and {names[b]} have changed places."
    text, scope = source(answer), answer.__globals__
    for changed, sentence in _reduced(text):
        yield Answer(answer.__name__, "", changed, scope).function, sentence


def _detached(answer: Callable, places: Sequence[int]) -> Callable:
    def detached(*inputs):
        return answer(*(x.detach() if k in places else x for k, x in enumerate(inputs)))

    return detached


def _exchanged(answer: Callable, a: int, b: int) -> Callable:
    def exchanged(*inputs):
        turned = [*inputs]
        turned[a], turned[b] = inputs[b], inputs[a]
        return answer(*turned)

    return exchanged


def _alike(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and a.dtype == b.dtype
    return type(a) is type(b) and isinstance(a, int | float)


_REDUCTIONS = {
    "mean": ("sum", "A sum stands where the mean belongs."),
    "sum": ("mean", "A mean stands where the sum belongs."),
}


def _reduced(text: str) -> Iterator[tuple[str, str]]:
    """Yield the source with a reduction exchanged, or run over all axes, one place at a time."""
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    for k, call in enumerate(calls):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr in _REDUCTIONS:
            other, sentence = _REDUCTIONS[call.func.attr]
            yield _changed(text, k, attribute=other), sentence
        if any(word.arg == "dim" for word in call.keywords):
            sentence = "This runs over the whole batch; each row has its own: dim is missing."
            yield _changed(text, k, dropped="dim"), sentence
    means = [k for k, call in enumerate(calls) if call.func.attr == "mean"]  # type: ignore
    if len(means) > 1:
        for k in means:
            text = _changed(text, k, attribute="sum")
        yield text, _REDUCTIONS["mean"][1]


def _changed(text: str, which: int, attribute: str = "", dropped: str = "") -> str:
    tree = ast.parse(text)
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    call = calls[which]
    if attribute:
        assert isinstance(call.func, ast.Attribute)
        call.func.attr = attribute
    call.keywords = [word for word in call.keywords if not dropped or word.arg != dropped]
    if dropped:  # without an axis there is none to keep
        call.keywords = [word for word in call.keywords if word.arg != "keepdim"]
    return ast.unparse(tree)
