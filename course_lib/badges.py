"""Writes launch badges and links between ``<!-- badges -->`` and ``<!-- /badges -->``.

The public address of the course stands in one place, ``[project.urls] Repository`` of
pyproject.toml. README gets badges. Lessons get links in words, since a lesson must not load a
picture from the network. Without an address both say how to open the course by hand.
"""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- badges -->\n).*?(<!-- /badges -->)", re.DOTALL)
BRANCH = "main"
FIRST_LESSON = "notebooks/00_welcome.ipynb"


def write(root: Path = ROOT) -> list[Path]:
    """Write the blocks of README.md and of every lesson; return the files that changed.

    Raises:
        ValueError: a file lacks the two markers, or the address is not one of GitHub.
    """
    address = repository(root)
    changed = []
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    new = _replace(text, readme_block(address), readme)
    if new != text:
        readme.write_text(new, encoding="utf-8", newline="\n")
        changed.append(readme)
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        if _write_lesson(path, lesson_block(address, path.relative_to(root).as_posix())):
            changed.append(path)
    return changed


def repository(root: Path = ROOT) -> str | None:
    """Return the course's address from pyproject.toml, or None while it has none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    return address and address.rstrip("/").removesuffix(".git")


def binder(address: str, path: str) -> str:
    """Return the link that opens one notebook of the course on mybinder.org."""
    opened = quote(f"lab/tree/{path}", safe="")
    return f"https://mybinder.org/v2/gh/{_owner_and_name(address)}/{BRANCH}?urlpath={opened}"


def colab(address: str, path: str) -> str:
    """Return the link that opens one notebook of the course on Google Colab."""
    place = f"{_owner_and_name(address)}/blob/{BRANCH}/{quote(path)}"
    return f"https://colab.research.google.com/github/{place}"


def readme_block(address: str | None) -> str:
    """Return what stands between README's markers."""
    if address is None:
        return (
            "No launch badges yet: the public address of this course is not known. By hand:\n\n"
            "- **Binder**: on [mybinder.org](https://mybinder.org) enter the address of the"
            " repository and `notebooks/00_welcome.ipynb` as the file to open, then launch.\n"
            "- **Colab**: on [colab.research.google.com](https://colab.research.google.com)"
            " choose File, Open notebook, GitHub, and enter the same address."
            " Colab copies one notebook, not the course: run this cell before the others.\n\n"
            f"{_fenced(_colab_cell('ADDRESS'))}"
        )
    return (
        "[![Open in Binder](https://mybinder.org/badge_logo.svg)]"
        f"({binder(address, FIRST_LESSON)})\n"
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({colab(address, FIRST_LESSON)})\n\n"
        "On Colab, run this cell before the others:\n\n"
        f"{_fenced(_colab_cell(address + '.git'))}"
    )


def lesson_block(address: str | None, path: str) -> str:
    """Return what stands between the markers of the lesson at `path`."""
    if address is None:
        return "**Online:** README.md says how to open this lesson on Binder or Colab.\n"
    return (
        f"**Online:** [Open in Binder]({binder(address, path)})"
        f" · [Open in Colab]({colab(address, path)}). On Colab, run this in a new cell first:\n\n"
        f"{_fenced(_colab_cell(address + '.git'))}"
    )


def _colab_cell(address: str) -> str:
    # Not -e: a running kernel finds an editable install only after a restart.
    return f"!git clone --depth 1 {address} course\n%pip install --quiet ./course"


def _fenced(code: str) -> str:
    return f"```\n{code}\n```\n"


def _owner_and_name(address: str) -> str:
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", address)
    if not match:
        raise ValueError(f"Colab opens repositories of github.com only, not {address}")
    return match[1]


def _replace(text: str, block: str, path: Path) -> str:
    new, count = BLOCK.subn(lambda match: match[1] + block + match[2], text)
    if count != 1:
        raise ValueError(f"{path.name}: one pair of badge markers is needed, {count} found")
    return new


def _write_lesson(path: Path, block: str) -> bool:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    marked = [
        (cell, source)
        for cell, source in zip(notebook["cells"], sources, strict=True)
        if cell["cell_type"] == "markdown" and "<!-- badges -->" in source
    ]
    if len(marked) != 1:
        raise ValueError(f"{path.name}: badge markers in one cell are needed, {len(marked)} found")
    cell, source = marked[0]
    new = _replace(source, block, path)
    if new == source:
        return False
    cell["source"] = new.splitlines(keepends=True)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    path.write_text(text, encoding="utf-8", newline="\n")
    return True
