"""Students' answers to the tasks: right ones in several ways, and plausible wrong ones.

`answers_NN.py` holds those of lesson NN in its dictionary `ANSWERS`, by the name of the task.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answers:
    """Answers to one task.

    Attributes:
        right: answers that must pass.
        wrong: answers that must fail, each with a regular expression that its message must match
            because it names the mistake; "" where it is caught and not named.
    """

    right: Sequence[object]
    wrong: Sequence[tuple[object, str]]


def load() -> dict[str, Answers]:
    """Return the answers to the tasks of all lessons, by name."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("answers_*.py")):
        found |= importlib.import_module(path.stem).ANSWERS
    return found
