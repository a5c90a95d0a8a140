"""What a lesson defines: the tests compare it with the library, so that the two cannot drift."""

import json
import linecache
from pathlib import Path
from types import ModuleType

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def definitions(path: Path | str) -> ModuleType:
    """Execute a lesson's cells tagged `definition`, in order, and return what they define.

    Args:
        path: a notebook, or its name in `notebooks/`.

    Returns:
        A module with everything those cells define or import as its attributes.

    Raises:
        ValueError: no cell carries the tag.
    """
    path = NOTEBOOKS / path
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "definition" in cell["metadata"].get("tags", [])]
    if not tagged:
        raise ValueError(f"{path.name} has no cell tagged `definition`")
    lesson = ModuleType(path.stem)
    for number, cell in enumerate(tagged):
        source, name = "".join(cell["source"]), f"{path.name}, definition {number}"
        # With the source in the cache a failing line shows in the traceback.
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), vars(lesson))
    return lesson
