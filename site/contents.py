"""What the site is made of: units, lessons, exercises and documents, as the course's files say it.

Nothing is typed a second time: hours and the words beside a lesson come from the table in
README.md, the routes from the list under it, titles from the first heading of each file.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
DOCS = ("questions", "glossary", "promise", "fidelity", "style")
ROW = re.compile(
    r"^\| (?P<no>\w+) \| \[[^]]+\]\(notebooks/(?P<stem>\w+)\.ipynb\) \|(?P<rest>.+)\|$"
)


@dataclass
class Page:
    """A file of the course that becomes a page.

    Attributes:
        source: its path below the root, such as "notebooks/00_welcome.ipynb".
        target: the page's path below the site, such as "lessons/00_welcome.html".
        title: its first heading.
        kind: "lesson", "exercise" or "document".
        no: of a lesson, such as "04a"; "" for others.
        gain: what the reader leaves with, of a lesson.
        reader, computer: how long a lesson takes, as README.md says it.
    """

    source: str
    target: str
    title: str
    kind: str
    no: str = ""
    gain: str = ""
    reader: str = ""
    computer: str = ""


@dataclass
class Unit:
    """The parts of one number: unit 04 has 04a and 04b, and exercises."""

    no: str
    lessons: list[Page] = field(default_factory=list)
    exercises: list[Page] = field(default_factory=list)


def markdown_of(path: Path) -> str:
    """Return the text of a page, or the text cells of a notebook."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def title_of(path: Path) -> str:
    """Return a file's first heading, without Markdown's signs."""
    found = re.search(r"^# (.+)$", markdown_of(path), re.MULTILINE)
    if found is None:
        raise ValueError(f"{path.name} has no heading of the first level")
    return re.sub(r"[`*$]", "", found[1]).strip()


def lessons(root: Path = ROOT) -> list[Page]:
    """Return the lessons in the order of README's table.

    Raises:
        ValueError: the table lacks a lesson, or names one that is not there.
    """
    pages = []
    for line in (root / "README.md").read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            gain, reader, computer = (part.strip() for part in row["rest"].split("|"))
            path = f"notebooks/{row['stem']}.ipynb"
            title = title_of(root / path)
            target = f"lessons/{row['stem']}.html"
            pages.append(Page(path, target, title, "lesson", row["no"], gain, reader, computer))
    listed = {page.source for page in pages}
    present = {f"notebooks/{path.name}" for path in (root / "notebooks").glob("*.ipynb")}
    if listed != present:
        raise ValueError(f"README's table and notebooks/ differ in {sorted(listed ^ present)}")
    return pages


def exercises(root: Path = ROOT) -> list[Page]:
    """Return the students' notebooks, in the order of their names."""
    return [
        Page(
            f"exercises/{path.name}",
            f"exercises/{path.stem}.html",
            title_of(path),
            "exercise",
            path.stem.partition("_")[0],
        )
        for path in sorted((root / "exercises").glob("*.ipynb"))
    ]


def documents(root: Path = ROOT) -> list[Page]:
    """Return the pages for readers and teachers."""
    sources = [f"docs/{name}.md" for name in DOCS] + ["exercises/README.md"]
    targets = [f"docs/{name}.html" for name in DOCS] + ["exercises/index.html"]
    return [
        Page(source, target, title_of(root / source), "document")
        for source, target in zip(sources, targets, strict=True)
    ]


def units(pages: list[Page]) -> list[Unit]:
    """Group lessons and exercises by the number that they begin with."""
    found: dict[str, Unit] = {}
    for page in pages:
        if page.kind == "document":
            continue
        no = re.sub(r"(?<=\d)[a-z]$", "", page.no)
        unit = found.setdefault(no, Unit(no))
        (unit.lessons if page.kind == "lesson" else unit.exercises).append(page)
    return list(found.values())


def section(text: str, heading: str) -> str:
    """Return what stands under a heading of a Markdown page, up to the next of its level."""
    level = re.escape(heading.split(" ")[0])
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"no heading {heading!r}")
    return found[1]


def routes(root: Path = ROOT) -> str:
    """Return the ways through the course, a list in Markdown."""
    text = section((root / "README.md").read_text(encoding="utf-8"), "## The lessons")
    found = re.search(r"^Three ways through:\n\n((?:- .+\n(?:  .+\n)*)+)", text, re.MULTILINE)
    if found is None:
        raise ValueError("README names no three ways through")
    return found[1]


def link_lessons(markdown: str, pages: list[Page]) -> str:
    """Return a text in which the number of a lesson, such as 04a, leads to it."""
    sources = {page.no: page.source for page in pages if page.kind == "lesson"}
    return re.sub(
        r"(?<![\w/\[])(\d\d[a-z]?)(?![\w-])",
        lambda no: f"[{no[1]}]({sources[no[1]]})" if no[1] in sources else no[1],
        markdown,
    )
