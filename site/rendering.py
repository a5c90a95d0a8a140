"""Notebooks and Markdown to HTML: nbconvert writes it, and this makes it fit for the site."""

import base64
import hashlib
import io
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import jinja2
import nbformat
from bs4 import BeautifulSoup, Tag
from mistune.plugins import import_plugin
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image

SITE = Path(__file__).resolve().parent
BADGES = re.compile(r"<!-- badges -->.*?<!-- /badges -->", re.DOTALL)
MARK = "\N{WHITE SQUARE CONTAINING BLACK SMALL SQUARE}"  # around a formula's number, until the end
FORMULA = re.compile(f"{MARK}(\\d+){MARK}")


def normal(words: str) -> str:
    """Return a heading, or what follows # in a link, without what makes spellings differ."""
    return re.sub(r"[\W_]", "", unquote(words)).casefold()


def slug(words: str) -> str:
    """Return an id for a heading."""
    return re.sub(r"[\W_]+", "-", words.casefold()).strip("-") or "section"


@dataclass
class Formulas:
    """Formulas of all pages, shown by one call of KaTeX, so that a page needs no script."""

    numbers: dict[tuple[str, bool], int] = field(default_factory=dict)

    def mark(self, tex: str, display: bool) -> str:
        """Return what stands for a formula until `shown` is called."""
        number = self.numbers.setdefault((tex.strip(), display), len(self.numbers))
        return f"{MARK}{number}{MARK}"

    def tex(self, text: str) -> str:
        """Return a text with each mark replaced by its formula as it is written."""
        all_of_them = [tex for tex, _ in self.numbers]
        return FORMULA.sub(lambda mark: all_of_them[int(mark[1])], text)

    def shown(self) -> Callable[[str], str]:
        """Return a function that puts the formulas into a page."""
        run = subprocess.run(
            ["node", SITE / "formulas.mjs"],
            input=json.dumps([*self.numbers]),
            capture_output=True,
            text=True,
            cwd=SITE,
        )
        if run.returncode:
            raise RuntimeError(f"KaTeX: {run.stderr}")
        # KaTeX says each formula three times; the search reads one of them.
        once = re.compile('<annotation |<span class="katex-html" ')
        html = [
            once.sub(lambda found: f"{found[0]}data-pagefind-ignore ", formula)
            for formula in json.loads(run.stdout)
        ]
        return lambda page: FORMULA.sub(lambda mark: html[int(mark[1])], page)


class Renderer(IPythonRenderer):
    """nbconvert's renderer of Markdown, with formulas left to KaTeX."""

    def __init__(self, formulas: Formulas):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas = formulas

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{self.formulas.mark(body, True)}</span>\n'

    def inline_math(self, body: str) -> str:
        return self.formulas.mark(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


def markdown(source: str, formulas: Formulas) -> str:
    """Return a text in Markdown as HTML, with footnotes."""
    names = (*MarkdownWithMath.DEFAULT_PLUGINS, "footnotes")
    plugins: Any = [import_plugin(name) for name in names]
    return MarkdownWithMath(renderer=Renderer(formulas), plugins=plugins).render(source)


class Exporter(HTMLExporter):
    """nbconvert's exporter to HTML, with the template in templates/course."""

    def __init__(self, formulas: Formulas):
        self.formulas = formulas
        super().__init__(template_name="course", extra_template_basedirs=[str(SITE / "templates")])

    @jinja2.pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        return markdown(source, self.formulas)

    def default_filters(self):
        yield from super().default_filters()
        yield ("markdown2html", self.markdown2html)


def notebook(
    path: Path, exporter: Exporter, words: Mapping[str, str], live: Mapping[int, str]
) -> str:
    """Return the cells of a notebook as HTML.

    Args:
        words: the frame's texts.
        live: by number of a cell, what stands in the place of the cell's outputs.
    """
    found: Any = nbformat.read(path, as_version=4)
    for number, cell in enumerate(found.cells):
        cell["course_number"] = number
        cell.source = BADGES.sub("", cell.source)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)
            if "text/html" in data:  # and not the words beside it
                for kind in [kind for kind in data if kind != "text/html"]:
                    del data[kind]
        if number in live:
            output = nbformat.v4.new_output("display_data", {"text/html": live[number]})
            cell.outputs = [output]
    found.cells = [cell for cell in found.cells if cell.source.strip() or cell.get("outputs")]
    html, _ = exporter.from_notebook_node(found, resources={"words": dict(words)})
    return html


@dataclass
class Article:
    """A page's content on its way to the site.

    Attributes:
        soup: the content; links lead to the course's files until `Links` turns them.
        ids: the id of each heading, by its `normal` words.
        outline: (level, id, words) of each heading below the title.
        title: the first heading, which is taken out of the content.
    """

    soup: BeautifulSoup
    ids: dict[str, str]
    outline: list[tuple[int, str, str]]
    title: str


def article(html: str, formulas: Formulas) -> Article:
    """Return HTML with an id for each heading, without its first heading of level 1."""
    soup = BeautifulSoup(html, "html.parser")
    ids: dict[str, str] = {}
    outline: list[tuple[int, str, str]] = []
    title = ""
    used: set[str] = set()
    for heading in soup.find_all(re.compile("^h[1-6]$")):
        words = heading.get_text().strip()
        level = int(heading.name[1])
        if level == 1 and not title:
            title = words
            ids[normal(formulas.tex(words))] = "content"
            heading.decompose()
            continue
        name = first = slug(formulas.tex(words))
        number = 2
        while name in used:
            name, number = f"{first}-{number}", number + 1
        used.add(name)
        heading["id"] = name
        ids.setdefault(normal(formulas.tex(words)), name)
        outline.append((level, name, words))
    return Article(soup, ids, outline, title)


def levelled(soup: BeautifulSoup) -> None:
    """Let no heading skip a level: what follows h2 is at most h3."""
    last = 1
    for heading in soup.find_all(re.compile("^h[1-6]$")):
        level = min(int(heading.name[1]), last + 1)
        heading.name, last = f"h{max(2, level)}", max(2, level)


class Pictures:
    """Pictures as files of their own, each one once, so that a browser can load them late."""

    KINDS: ClassVar = {
        "image/png": "png",
        "image/jpeg": "jpg",
        "image/gif": "gif",
        "image/svg+xml": "svg",
    }

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes, suffix: str) -> str:
        """Write a picture, and return its file's name."""
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        path = self.folder / name
        if not path.exists():
            path.write_bytes(content)
        return name

    def take(self, soup: BeautifulSoup, source: Path, to_pictures: str) -> None:
        """Move the pictures of a page into files.

        Args:
            source: the file of the course in which the page was written.
            to_pictures: the way from the page to the folder of pictures.
        """
        for image in soup.find_all("img"):
            place = str(image.get("src", ""))
            if place.startswith("data:"):
                kind, _, encoded = place.removeprefix("data:").partition(";base64,")
                content, suffix = base64.b64decode(encoded), self.KINDS[kind]
            else:
                path = (source.parent / unquote(place)).resolve()
                content, suffix = path.read_bytes(), path.suffix.removeprefix(".")
            image["src"] = f"{to_pictures}/{self.keep(content, suffix)}"
            image["loading"] = "lazy"
            size = size_of(content, suffix)
            if size and not image.get("width"):
                image["width"], image["height"] = (str(side) for side in size)
            elif size:
                width = int(str(image["width"]))
                image["height"] = str(round(width * size[1] / size[0]))
            del image["style"]
            if not image.get("alt"):
                image["alt"] = ""


def size_of(content: bytes, suffix: str) -> tuple[int, int] | None:
    """Return width and height of a picture in pixels."""
    if suffix == "svg":
        box = re.search(rb'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', content)
        return (round(float(box[1])), round(float(box[2]))) if box else None
    with Image.open(io.BytesIO(content)) as image:
        return image.size


def tidy(soup: BeautifulSoup, formulas: Formulas) -> None:
    """Make what is wide scroll by itself, by keyboard too; leave out what only a notebook needs."""
    for block in soup.find_all("pre"):
        if not block.find_parent(class_="code"):  # that one has its place and its name
            block["tabindex"] = "0"
    for table in soup.find_all("table"):
        wrapper = soup.new_tag("div", attrs={"class": "table", "tabindex": "0", "role": "region"})
        caption = table.find("caption")
        rows = table.find_all("th")
        named = caption.get_text() if caption else " ".join(th.get_text() for th in rows[:3])
        wrapper["aria-label"] = formulas.tex(named).strip() or "table"
        table.wrap(wrapper)
        for cell in table.find_all(["th", "td"]):
            align = re.search(r"text-align: ?(\w+)", str(cell.get("style", "")))
            if align and align[1] != "left":
                cell["class"] = f"to-{align[1]}"
            del cell["style"]
        for cell in table.find_all("th"):
            if not cell.get("scope") and cell.find_parent("thead"):
                cell["scope"] = "col"
            if not cell.get_text().strip():  # a corner names nothing
                cell.name = "td"
                del cell["scope"]
    for tag in soup.find_all("figure"):
        del tag["style"]
    for tag in soup.find_all("style"):
        tag.decompose()


def strong_terms(soup: BeautifulSoup, terms: Mapping[str, str], glossary: str) -> None:
    """Let each bold term lead to its row of the glossary.

    Args:
        terms: by `normal` words of a term, the id of its row.
        glossary: the way to that page.
    """
    for bold in soup.find_all("strong"):
        name = terms.get(normal(bold.get_text()))
        if name is None or bold.find_parent("a") or bold.find("a"):
            continue
        link: Tag = soup.new_tag("a", attrs={"href": f"{glossary}#{name}", "class": "term"})
        for child in list(bold.children):
            link.append(child.extract())
        bold.append(link)
