"""Write the links to Binder and Colab into README.md and the lessons, between their two markers.

    python tools/badges.py

The public address of the course stands in one place, `[project.urls] Repository` of pyproject.toml.
Lessons get words in place of badges, since a lesson must not load a picture from the network.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(?<=<!-- badges -->\n).*?(?=<!-- /badges -->)", re.DOTALL)
WORDS = "Open in Binder", "Open in Colab"
BADGES = (
    "![Open in Binder](https://mybinder.org/badge_logo.svg)",
    "![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)",
)


def block(address: str, notebook: str, labels: tuple[str, str]) -> str:
    """Return the two links that open a notebook, and the cell that Colab needs first."""
    name = address.removeprefix("https://github.com/")
    opened = quote(f"lab/tree/{notebook}", safe="")
    binder = f"[{labels[0]}](https://mybinder.org/v2/gh/{name}/main?urlpath={opened})"
    place = f"github/{name}/blob/main/{quote(notebook)}"
    colab = f"[{labels[1]}](https://colab.research.google.com/{place})"
    # Not -e: a running kernel finds an editable install only after a restart.
    cell = f"!git clone --depth 1 {address}.git course\n%pip install --quiet ./course"
    return (
        f"**Online:** {binder} {colab}\n\n"
        "Colab copies one notebook, not the course. There, run this in a new cell first:\n\n"
        f"```\n{cell}\n```\n"
    )


def write(root: Path = ROOT) -> None:
    """Write the links into README.md, which opens lesson 00, and into every lesson.

    Raises:
        ValueError: the address is missing or not GitHub's, or a file has not one pair of markers.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise ValueError("pyproject.toml names no Repository on github.com; Colab opens no other")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    _save(readme, *BLOCK.subn(lambda _: block(address, "notebooks/00_welcome.ipynb", BADGES), text))
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        links, found = block(address, f"notebooks/{path.name}", WORDS), 0
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                source, count = BLOCK.subn(lambda _, links=links: links, "".join(cell["source"]))
                cell["source"], found = source.splitlines(keepends=True), found + count
        _save(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", found)


def _save(path: Path, text: str, found: int) -> None:
    if found != 1:
        raise ValueError(f"{path.name} needs one pair of badge markers, and has {found}")
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    try:
        write()
    except ValueError as error:
        sys.exit(f"Error: {error}")
