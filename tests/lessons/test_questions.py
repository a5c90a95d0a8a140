"""The questions point to cells that exist and hold their numbers; the glossary has every term."""

import functools
import html
import itertools
import json
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Both pages as one text: the checks tell them apart by the title of the second.
PAGE = "\n".join(
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("questions.md", "glossary.md")
)

# Links into this lesson are checked from the moment at which it is there.

# What the page was promised to answer: words of a heading.
PROMISED = (
    "differ from other deep models",
    "good at, and what are they bad at",
    "oscillate, and what helps",
    "sound or text",
    "became of GANs",
    "still the right tool",
    "sell what I made",
)

# Bold in a lesson, and no term: parts of a cell or box, names of one experiment's runs, stress.
NO_TERMS = {
    *("you will", "you need", "time and memory", "online", "predict", "explain"),
    *("d too strong", "no batch norm", "rate too high", "saturating loss", "collapse"),
    *("grown", "straight"),
    *("one", "and", "every", "from $z$ alone", "2.25 times fewer"),
    "a transposed convolution with stride 2 and the kernel",
    "keep the network, train the pixels",
    "an fid means nothing without the number of images",
    "a gaussian likelihood averages over what the code does not say",
    "the label is a bias, looked up in a table",
    "an inner product with a vector of the class, plus a term that does not know the class",
    "the curves are those of the healthy run",
    "noise on the input is a penalty on the slope",
    "the weight of the kl is the price of a nat",
    r"every weight by about the learning rate $\eta$",
    "$z$ and $2z$ are the same picture",
    "norm is exactly 1 all along the line",
    "the real images fade too",
    *("who is the artist?", "your turn"),
    *("keras on pytorch", "keras on tensorflow"),
}
QUIZ = re.compile(r"\d+|\([a-z]\)")  # "**1.**" and "**(b).**"

LINK = re.compile(r"\[([^\]]+)\]\(((?:[^()\s]|\([^()\s]*\))+)\)")
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A part of a lesson from its heading to the next one of its kind.

    Attributes:
        name: as links call it: "section 6: The table that grows", or “How a lesson works”.
        text: what a reader sees of it.
    """

    name: str
    text: str


def seen(cell: dict) -> str:
    """Return what a reader sees of a cell: source, printed output, tables; no pictures."""
    parts = ["".join(cell["source"])]
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        parts += ["".join(output.get("text", "")), "".join(data.get("text/plain", ""))]
        parts.append(html.unescape(re.sub(r"<[^>]*>", " ", "".join(data.get("text/html", "")))))
    return "\n".join(parts)


def markdown(cell: dict) -> str:
    return re.sub(r"```.*?```", "", "".join(cell["source"]), flags=re.DOTALL)


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@functools.cache
def sections(path: Path) -> dict[str, Section]:
    """Return a notebook's sections by anchor, subsections included in the text of their section."""
    parts: list[tuple[int, str, list[str]]] = []
    for cell in cells(path):
        if cell["cell_type"] == "markdown":
            for piece in re.split(r"^(?=#+ )", markdown(cell), flags=re.MULTILINE):
                heading = re.match(r"(#+) (.+)", piece)
                if heading:
                    parts.append((len(heading[1]), heading[2], [piece]))
                elif parts:
                    parts[-1][2].append(piece)
        elif parts:
            parts[-1][2].append(seen(cell))
    found, number = {}, None
    for i, (level, title, _) in enumerate(parts):
        if level == 2:
            number = re.match(r"\d+", title)
        name = f"section {number[0]}" if number else f"“{title}”"
        name += f": {title}" if number and level > 2 else ""
        end = next((j for j in range(i + 1, len(parts)) if parts[j][0] <= level), len(parts))
        text = "\n".join(passage for _, _, part in parts[i:end] for passage in part)
        # Two sections of one name: as in a browser, a link leads to the first.
        found.setdefault(anchor(title), Section(name, text))
    return found


def anchor(title: str) -> str:
    """Return a heading's anchor as JupyterLab and nbconvert make it."""
    return title.replace("`", "").replace(" ", "-")


def links(text: str) -> list[tuple[str, str, str]]:
    """Return label, path from the root and anchor of each link to a file of the course."""
    found = []
    for label, target in LINK.findall(text):
        path, _, place = target.partition("#")
        if path:
            path = posixpath.normpath(f"docs/{path}")  # where both pages stand
            found.append((" ".join(label.split()), path, unquote(place)))
    return found


def answers(page: str) -> dict[str, str]:
    """Return the answers by question."""
    part = page.split("\n# Glossary\n")[0]
    return dict(re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", part, re.MULTILINE | re.DOTALL))


def glossary(page: str) -> list[tuple[list[str], str, str]]:
    """Return names, sentence and link of each row; the first name is the term."""
    part = page.split("\n# Glossary\n")[1]
    rows = re.findall(r"^\| (.+?) \| (.+) \| (.+) \|$", part, re.MULTILINE)[1:]
    found = []
    for term, sentence, place in rows:
        name, others = re.fullmatch(r"(.+?)(?: \((.+)\))?", term).groups()
        found.append(([name, *(others or "").split(", ")] if others else [name], sentence, place))
    return found


def linked(path: str, place: str, root: Path) -> str | None:
    """Return the text that a link leads to; None if there is nothing."""
    file = root / path
    if not file.is_file():
        return None
    if file.suffix != ".ipynb":
        return None if place else file.read_text(encoding="utf-8")
    section = sections(file).get(place)
    return section and section.text


def wrong_links(page: str, root: Path = ROOT) -> list[str]:
    """Return links that lead nowhere, or elsewhere than their label says."""
    wrong = []
    for label, path, place in links(page):
        if linked(path, place, root) is None:
            wrong.append(f"{path}#{place}")
        elif path.startswith("notebooks/"):
            name = sections(root / path)[place].name
            if label != f"lesson {Path(path).stem.partition('_')[0]}, {name}":
                wrong.append(f"{label}: {path}#{place}")
    inside = {anchor(title).casefold() for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    inside = {re.sub(r"[^\w-]", "", title) for title in inside}  # as GitHub makes them
    here = [target for _, target in LINK.findall(page) if target.startswith("#")]
    return wrong + [target for target in here if target[1:] not in inside]


def without_a_cell(page: str) -> list[str]:
    """Return questions whose answer points to no section of a lesson."""
    return [
        question
        for question, answer in answers(page).items()
        if not any(path.startswith("notebooks/") and place for _, path, place in links(answer))
    ]


def quoted(answer: str) -> list[str]:
    """Return the numbers that an answer says stand in a lesson: bold ones, and those of tables."""
    rows = re.findall(r"^\|.*\|$", answer, re.MULTILINE)
    in_tables = [cell.strip() for row in rows for cell in row.split("|")]
    candidates = [*BOLD.findall(answer), *in_tables]
    return [text for text in candidates if re.fullmatch(r"[-\d.,e]*\d%?", text)]


def not_found(page: str, root: Path = ROOT) -> list[str]:
    """Return numbers that stand in none of the sections and cards to which their answer points."""
    missing = []
    for question, answer in answers(page).items():
        places = {(path, place) for _, path, place in links(answer)}
        text = "\n".join(linked(*place, root) or "" for place in places).replace("−", "-")
        for number in quoted(answer):
            if not re.search(rf"(?<![\w.,]){re.escape(number)}(?![\w%]|[.,]\d)", text):
                missing.append(f"{question} {number}")
    return missing


def rows_not_found(page: str, root: Path = ROOT) -> list[str]:
    """Return rows of tables whose name and numbers are no line of the outputs pointed to."""
    missing = []
    for answer in answers(page).values():
        places = [(path, place) for _, path, place in links(answer)]
        lines = [line for place in places for line in (linked(*place, root) or "").splitlines()]
        for row in re.findall(r"^\|(.*\d.*)\|$", answer, re.MULTILINE):
            name, *numbers = (re.escape(cell.strip()) for cell in row.split("|"))
            stored = name + "".join(rf"\b.*?(?<![\w.,-]){number}\b" for number in numbers)
            if not any(re.match(stored, line) for line in lines):
                missing.append(row)
    return missing


def unmarked(page: str) -> list[str]:
    """Return decimals and percentages of answers that escape `not_found`."""
    found = []
    for answer in answers(page).values():
        plain = re.sub(r"^\|.*\|$|CC BY 4\.0", "", answer, flags=re.MULTILINE)
        plain = LINK.sub("", BOLD.sub("", plain))
        found += re.findall(r"\d+\.\d+|\d+ ?%", plain)
    return found


def normal(term: str) -> str:
    return re.sub(r"^the (?=judge$)", "", " ".join(term.split()).casefold().rstrip(".:"))


def bold_terms(root: Path = ROOT) -> dict[str, str]:
    """Return what lessons set in bold, with the name of the first notebook that does."""
    found = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        for cell in cells(path):
            if cell["cell_type"] == "markdown":
                for term in map(normal, BOLD.findall(markdown(cell))):
                    if not QUIZ.fullmatch(term):
                        found.setdefault(term, path.name)
    return found


def names_of(page: str) -> list[str]:
    return [normal(name) for names, *_ in glossary(page) for name in names]


def unexplained(page: str, root: Path = ROOT) -> list[str]:
    """Return bold terms that are neither in the glossary, as one or as many, nor in NO_TERMS."""
    known = {*names_of(page), *NO_TERMS}
    known |= {f"{name}s" for name in known}
    return [f"{where}: {term}" for term, where in bold_terms(root).items() if term not in known]


def order(names: list[str]) -> str:
    """Return the key by which terms are sorted: accents and case do not count."""
    letters = unicodedata.normalize("NFKD", names[0]).encode("ascii", "ignore").decode()
    return letters.casefold()


def disorder(page: str) -> list[str]:
    """Return terms that stand before their place, and names that stand twice."""
    keys = [order(names) for names, *_ in glossary(page)]
    names = names_of(page)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return [a for a, b in itertools.pairwise(keys) if a > b] + twice


def not_built(page: str, root: Path = ROOT) -> list[str]:
    """Return terms that do not occur in the section they point to, nor another name of theirs.

    Names of one or two letters count only where they are the term: D stands everywhere.
    """
    missing = []
    for names, _, cell in glossary(page):
        ((_, path, place),) = links(cell)
        text = re.sub(r"[*`_]", " ", linked(path, place, root) or "")
        text = " ".join(text.split()).casefold()
        telling = [names[0], *(name for name in names[1:] if len(name) > 2)]
        words = "|".join(re.escape(name.casefold()) for name in telling)
        if not re.search(rf"(?<!\w)(?:{words})(?:s|es)?(?!\w)", text):
            missing.append(names[0])
    return missing


CHECKS = (
    *(wrong_links, without_a_cell, not_found, rows_not_found, unmarked),
    *(unexplained, disorder, not_built),
)


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_keeps_its_promises(check):
    """The rule: docs/style.md, "Questions"."""
    assert check(PAGE) == []


def test_the_questions_are_there():
    """The rule: docs/style.md, "Questions"."""
    questions = answers(PAGE)
    assert len(questions) >= 12
    for words in PROMISED:
        assert any(words in question for question in questions), words
    for question, answer in questions.items():
        assert question.endswith("?") and len(answer.split()) < 320, question


def test_the_words_that_are_no_terms_are_in_use_and_not_explained():
    """The rule: docs/style.md, "Words"."""
    assert {*bold_terms()} >= NO_TERMS
    assert not NO_TERMS & {*names_of(PAGE)}


def test_the_glossary_explains_in_one_sentence():
    """The rule: docs/style.md, "Words"."""
    rows = glossary(PAGE)
    assert len(rows) >= 100
    for names, sentence, _ in rows:
        assert re.fullmatch(r"\S.{8,140}[^.]\.", sentence), names
        assert not re.search(r"\. [A-Z]", sentence), names


def test_it_does_not_belittle():
    """The rule: docs/style.md, "Words"."""
    assert not re.findall(r"\b(?:simply|just|obviously)\b", PAGE, re.IGNORECASE)


def test_readme_leads_to_it():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](docs/questions.md)" in readme and "](docs/glossary.md)" in readme


def row(term: str) -> str:
    """Return a term's row of the glossary."""
    return re.search(rf"^\| {re.escape(term)} .*\n", PAGE, re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        (wrong_links, "04a_gan.ipynb#", "04a_gans.ipynb#"),
        (wrong_links, "#3-A-ring-of-eight-clusters", "#3-A-ring-of-nine-clusters"),
        (wrong_links, "](glossary.md)", "](glossaries.md)"),
        (wrong_links, "](#what-became", "](#whatever-became"),
        (wrong_links, "[lesson 04a, section 8]", "[lesson 04a, section 9]"),
        (without_a_cell, "(../notebooks/", "(../notes/"),
        (wrong_links, "(../notebooks/", "(notebooks/"),
        (not_found, "| 5.62 |", "| 5.63 |"),
        (not_found, "**1.386**", "**11.386**"),  # the end of a number is another number
        (not_found, "**0.9967**", "**0.996**"),  # and so is its beginning
        (not_found, "#3-Ask-a-judge", "#2-Six-failures"),
        (rows_not_found, "| 0.766 | 0.85 |", "| 0.267 | 0.17 |"),  # the numbers of another row
        (rows_not_found, "| GAN, shipped |", "| VAE of lesson 03 |"),
        (unmarked, "**44%**", "44%"),
        (unexplained, row("mode collapse"), ""),
        (unexplained, row("feature map"), ""),  # bold as "feature maps"
        (disorder, row("agreement"), 2 * row("agreement")),
        (disorder, row("arc") + row("autoencoder"), row("autoencoder") + row("arc")),
        (not_built, "| detach |", "| attach |"),
        (not_built, row("jitter"), row("jitter").replace("02_cnn", "03_vae")),
    ],
)
def test_a_slip_is_noticed(check, old, new):
    assert old in PAGE
    assert check(PAGE.replace(old, new)) != []


@pytest.fixture
def course(tmp_path):
    """Return a function that writes a folder like the course's, with one more notebook."""

    def write(name: str, *texts: str) -> Path:
        (tmp_path / "course_lib").symlink_to(ROOT / "course_lib")
        (tmp_path / "notebooks").mkdir()
        for path in ROOT.glob("notebooks/*.ipynb"):
            (tmp_path / "notebooks" / path.name).symlink_to(path)
        for name_of in ("LICENSE", "LICENSE-TEXT.md", "docs"):
            (tmp_path / name_of).symlink_to(ROOT / name_of)
        added = tmp_path / "notebooks" / name
        added.unlink(missing_ok=True)
        content = {"cells": [{"cell_type": "markdown", "source": [text]} for text in texts]}
        added.write_text(json.dumps(content), encoding="utf-8")
        return tmp_path

    return write


def test_a_new_bold_term_is_noticed(course):
    root = course("98_new.ipynb", "# Lesson 98: New", "A **wobble** is new; a **logit** is not.")
    assert unexplained(PAGE, root) == ["98_new.ipynb: wobble"]


def test_a_heading_that_changed_is_noticed(course):
    lesson = "notebooks/08_studio.ipynb"
    root = course(Path(lesson).name, "# Lesson 08: The studio", "## 5. Completing a portrait")
    wrong = wrong_links(PAGE, root)
    assert f"{lesson}#5.-Completing-a-picture" in wrong and f"{lesson}#8.-Does-it-copy?" in wrong
    assert {"contact sheet", "ONNX"} <= {*not_built(PAGE, root)}
