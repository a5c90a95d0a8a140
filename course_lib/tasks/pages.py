"""The pages of the tasks: text that a teacher can edit and a translator can translate.

`pages/NN.md` belongs to lesson NN. CONTRIBUTING.md, "Add a task", shows what a page looks like.
"""

import ast
import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "pages"
MISTAKES = ["in the solution", "in yours", "so say"]
QUESTIONS = ["question", "answer", "hint", "if", "so say"]


@dataclass(frozen=True)
class Edit:
    """One way to change a solution, and the sentence that names it.

    Attributes:
        line: of the page.
        old: pieces of the solution's source; without any, `new` is what the answer returns instead.
        new: what stands in their place, piece by piece.
        said: the sentence.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    said: str = ""


@dataclass(frozen=True)
class Question:
    """A question of a prediction, and what wrong answers to it are told."""

    line: int
    text: str
    answer: object
    hint: str
    mistakes: Mapping[int, tuple[object, str]] = field(default_factory=dict)  # by line


@dataclass
class Section:
    """What a page says about one task.

    Attributes:
        line: of its heading.
        why: a sentence on why it matters.
        hints: from a question to nearly the answer, and the line of each.
        explanation: of the solution.
        also_right: changes that leave an answer right.
        mistakes: changes that make it wrong.
        questions: of a prediction.
        tolerance: by which the numbers of a prediction may differ.
    """

    name: str
    line: int
    why: str = ""
    hints: dict[int, str] = field(default_factory=dict)
    explanation: str = ""
    also_right: list[Edit] = field(default_factory=list)
    mistakes: list[Edit] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    tolerance: float = 1e-3


def path(lesson: str) -> Path:
    """Return where the page of a lesson stands, "04"."""
    return FOLDER / f"{lesson}.md"


def read(file: Path) -> dict[str, Section]:
    """Return the sections of a page by the names of their tasks, in order.

    Raises:
        ValueError: a line is none that a page can have; the message has its number.
    """
    return _Reader(file).read()


class _Reader:
    """Reads a page line by line; the line that it stands at is part of every complaint."""

    def __init__(self, file: Path):
        self.file, self.number = file, 0
        self.sections: dict[str, Section] = {}
        self.head: list[str] = []  # of the table that the line stands in
        self.values: dict[str, tuple[str, ...]] = {}

    def read(self) -> dict[str, Section]:
        section, last = None, ""
        for number, line in enumerate(self.file.read_text("utf-8").splitlines(), 1):
            self.number = number
            if not line.strip():
                self.head, last = [], ""
            elif line.startswith("## "):
                section = Section(line[3:].strip(), self.number)
                if section.name in self.sections:
                    self.complain(f"{section.name} has a section already")
                self.sections[section.name], self.values = section, {}
            elif section is not None:
                last = self.take(section, line.strip(), last)
        return self.sections

    def complain(self, what: str):
        raise ValueError(f"{self.file.name}, line {self.number}: {what}.")

    def take(self, section: Section, line: str, last: str) -> str:
        """Read one line into the section, and return what it belongs to."""
        if line.startswith("|"):
            self.row(
                section,
                [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]],
            )
            return "table"
        if match := re.match(r"(\d)\. (.+)", line):
            section.hints[self.number] = match[2]
            return "hint"
        if line.startswith("> "):
            section.explanation = f"{section.explanation} {line[2:]}".strip()
            return "explanation"
        if line.startswith("Also right: "):
            self.also_right(section, line.removeprefix("Also right: "))
            return "also right"
        if line.startswith("Numbers may differ by "):
            section.tolerance = float(line.removeprefix("Numbers may differ by ").rstrip("."))
            return "tolerance"
        if match := re.fullmatch(r"`([A-Z]+)` is (.+)", line):
            self.values[match[1]] = tuple(self.spans(match[2])[0])
            return "values"
        if last == "hint":
            section.hints[max(section.hints)] += f" {line}"
            return "hint"
        if section.hints:
            self.complain("text after the hints begins with `> ` or stands in a table")
        section.why = f"{section.why} {line}".strip()
        return "why"

    def spans(self, cell: str) -> tuple[list[str], str]:
        """Return the pieces of code in a cell, and the word that joins them, "or" or "and"."""
        pieces = re.findall(r"`([^`]+)`", cell)
        words = set(re.sub(r"`[^`]+`", " ", cell).replace(",", " ").split())
        if len(words) > 1 or not words <= {"or", "and"}:
            self.complain(f"pieces of code in backticks, joined by `or` or by `and`, not {cell!r}")
        return pieces, (words or {"or"}).pop()

    def also_right(self, section: Section, text: str) -> None:
        old, arrow, new = text.partition(" → ")
        if not arrow:
            old, new = "", text
        section.also_right += self.edits(old, new, "")

    def row(self, section: Section, cells: list[str]) -> None:
        if not self.head:
            if cells not in (MISTAKES, QUESTIONS):
                self.complain(f"a table has the columns {MISTAKES} or {QUESTIONS}")
            self.head = cells
        elif all(re.fullmatch("-+", cell) for cell in cells):
            return
        elif len(cells) != len(self.head):
            self.complain(f"{len(cells)} cells, and the table has {len(self.head)} columns")
        elif self.head == MISTAKES:
            old, new, said = cells
            if not said and not section.mistakes:
                self.complain("the first row has no sentence")
            section.mistakes += self.edits(old, new, said or section.mistakes[-1].said)
        else:
            self.question(section, *cells)

    def edits(self, old: str, new: str, said: str) -> Iterable[Edit]:
        (olds, joined), (news, how) = self.spans(old), self.spans(new)
        if not olds and not news:
            self.complain("a row says what stands in the solution, or what stands in its place")
        if joined == "and" and len(olds) > 1:
            pairs = [(tuple(olds), tuple(news) if news else ("",) * len(olds))]
        elif len(olds) > 1:
            news = news or [""]
            news = news * len(olds) if len(news) == 1 else news
            pairs = [((a,), (b,)) for a, b in zip(olds, news, strict=False)]
            how = "or" if len(news) == len(olds) else ""
        elif how == "and" and len(news) > 1:
            pairs = []
        else:
            pairs = [((tuple(olds)), (piece,)) for piece in news or [""]]
        if not pairs or not how or any(a and len(a) != len(b) for a, b in pairs):
            self.complain("as many pieces of code stand in yours as in the solution")
        return [Edit(self.number, a, b, said) for pair in pairs for a, b in self.valued(*pair)]

    def valued(self, old: tuple, new: tuple) -> Iterable[tuple[tuple, tuple]]:
        """Yield the pieces once for each value of a name that the page gives several values."""
        used = [name for name in self.values if any(name in piece for piece in new)]
        for values in itertools.product(*(self.values[name] for name in used)):
            pieces = new
            for name, value in zip(used, values, strict=True):
                pieces = tuple(re.sub(rf"\b{name}\b", value, piece) for piece in pieces)
            yield old, pieces

    def question(self, section: Section, text: str, answer: str, hint: str, wrong: str, said: str):
        if text:
            section.questions.append(Question(self.number, text, value(answer), hint, {}))
        if not section.questions:
            self.complain("the first row has no question")
        if wrong:
            mistakes = section.questions[-1].mistakes
            assert isinstance(mistakes, dict)
            mistakes[self.number] = value(wrong), said


_OPERATIONS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def value(cell: str) -> object:
    """Return what stands in a cell: numbers, also as "-log(4)" or "(5, 1, 28, 28)", or words."""
    try:
        return _number(ast.parse(cell, mode="eval").body)
    except (SyntaxError, LookupError, AttributeError, TypeError):
        return cell


def _number(node: ast.AST) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id="inf"):
            return math.inf
        case ast.Tuple(elts=parts):
            return tuple(map(_number, parts))
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return operator.neg(_number(part))
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATIONS[type(sign)](_number(left), _number(right))
        case ast.Call(func=ast.Name(id=name), args=parts) if name in ("log", "log10", "sqrt"):
            return getattr(math, name)(*map(_number, parts))
    raise LookupError(f"no number: {ast.dump(node)}")
