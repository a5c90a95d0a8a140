"""Estimate from its content how many minutes a reader needs for a notebook; print a line for each.

    python tools/minutes.py                          # all lessons, and their sum
    python tools/minutes.py notebooks/04a_gan.ipynb  # this one

An estimate, made before anybody timed a class: words / 130 + lines of code / 8 + 1.5 for each
prediction + 0.5 for each picture or table + 4 for each explorer + 5 for the quiz + the minutes that
the computer needs, as the box says. Words are those of the prose, without formulas, quiz, folds and
reading list.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
NO_PROSE = (
    r"\n## [^\n]*[Rr]eading\n.*",  # the last section: exercises and reading list
    r"<details>.*?</details>",  # the quiz
    r"<!-- badges -->.*?<!-- /badges -->",
    r"```.*?```",
    r"!\[[^\]]*\]\([^)]*\)",  # a diagram, with its alt text
    r"\$\$.*?\$\$",
    r"\$[^$]+\$",
    r"\]\([^)]*\)",  # where a link leads
)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def counts(cells: list[dict[str, Any]]) -> dict[str, int]:
    """Return what takes a reader's time: words, lines, predictions, pictures, explorers, quiz."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    explorers = [cell for cell in code if "explorer" in cell["metadata"].get("tags", [])]
    shown = [out for cell in code if cell not in explorers for out in cell["outputs"]]
    html = "".join("".join(out.get("data", {}).get("text/html", "")) for out in shown)
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    plain = prose
    for pattern in NO_PROSE:
        plain = re.sub(pattern, " ", plain, flags=re.DOTALL)
    seconds = re.search(r"(\d+) s to run", prose)
    return {
        "words": len(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", plain)),
        "lines": sum(bool(line.strip()) for c in code for line in "".join(c["source"]).split("\n")),
        "predictions": prose.count("**Predict"),
        "pictures": len(re.findall("<figure|<table", html)) + prose.count("!["),
        "explorers": len(explorers),
        "quizzes": int("<details>" in prose),
        "seconds": int(seconds[1]) if seconds else 0,
    }


def minutes(cells: list[dict[str, Any]]) -> float:
    """Return the estimated minutes for the cells of a notebook."""
    n = counts(cells)
    return (
        n["words"] / 130
        + n["lines"] / 8
        + 1.5 * n["predictions"]
        + 0.5 * n["pictures"]
        + 4 * n["explorers"]
        + 5 * n["quizzes"]
        + n["seconds"] / 60
    )


def main(paths: list[Path]) -> None:
    """Print what stands in each notebook and its minutes; of several also the sum."""
    for path in paths:
        parts = ", ".join(f"{number:,} {name}" for name, number in counts(read(path)).items())
        print(f"{path.name}: {minutes(read(path)):.0f} minutes ({parts})")
    if len(paths) > 1:
        print(f"together: {sum(minutes(read(path)) for path in paths) / 60:.1f} hours")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")))
