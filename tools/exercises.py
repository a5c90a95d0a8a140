"""Write the student notebooks from the solution notebooks.

    python tools/exercises.py

A solution stands between the lines `### BEGIN SOLUTION` and `### END SOLUTION`, and what grades it
between `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS`, as nbgrader has it. A student notebook
holds `...` in place of the first, nothing in place of the second, and no outputs. A text cell that
nbgrader knows as a solution holds a model answer to a brief; a student finds room for words there.
"""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "exercises"
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION", re.DOTALL | re.MULTILINE)
_HIDDEN = re.compile(
    r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS\n?", re.DOTALL | re.MULTILINE
)


def student_source(source: str) -> str:
    """Return the source of a cell without its solution and its hidden tests.

    Raises:
        ValueError: a region does not end, or ends without having begun.
    """
    source = _HIDDEN.sub("", _SOLUTION.sub(r"\1# Your lines.\n\1...", source))
    if left := re.search(r"### (?:BEGIN|END) [A-Z ]+", source):
        raise ValueError(f"{left[0]!r} stands without its counterpart")
    return source


def student_notebook(text: str) -> str:
    """Return the text of a student notebook, given that of its solution notebook."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = student_source("".join(cell["source"]))
            cell["source"] = source.splitlines(keepends=True)
            cell["outputs"], cell["execution_count"] = [], None
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ["*Your words here.*"]
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the student notebooks into a folder from its `solutions/`; return those that changed.

    Raises:
        FileNotFoundError: there are no solutions.
    """
    solutions = sorted((folder / "solutions").glob("*.ipynb"))
    if not solutions:
        raise FileNotFoundError(f"No solutions in {folder / 'solutions'}.")
    changed = []
    for solution in solutions:
        path, text = folder / solution.name, student_notebook(solution.read_text(encoding="utf-8"))
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


if __name__ == "__main__":
    print("\n".join(f"wrote {path}" for path in write()) or "Everything is up to date.")
