"""The lessons found in `notebooks/`, as their own title and objectives box describe them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


@dataclass(frozen=True)
class Lesson:
    """One notebook: its number ("04"), file, title and what it says of minutes and memory."""

    number: str
    path: Path
    title: str
    budget: str


def find(folder: Path = FOLDER) -> list[Lesson]:
    """Return the lessons of a folder in the order of their numbers.

    Raises:
        FileNotFoundError: the folder holds no notebook.
        ValueError: a lesson lacks its title or the line "**Time and memory:** …".
    """
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise FileNotFoundError(f"No lessons in {folder}. Run this from a clone of the course.")
    return [_read(path) for path in paths]


def _read(path: Path) -> Lesson:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    prose = "\n".join(
        "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"
    )
    title = re.search(r"^# (.+)$", prose, re.MULTILINE)
    budget = re.search(r"^\W*\*\*Time and memory:\*\* *(.+)$", prose, re.MULTILINE)
    if not title or not budget:
        missing = "the line '**Time and memory:** …'" if title else "a title ('# …')"
        raise ValueError(f"{path.name} lacks {missing}")
    number = path.stem.split("_")[0]
    return Lesson(number, path, title[1].strip(), budget[1].strip())
