"""The page of questions: links lead to sections that exist, figures are those of the cards."""

import json
import re
import runpy
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch
from PIL import Image

from course_lib import zoo
from course_lib.recipes.runner import run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "QUESTIONS.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", TEXT)
GLOSSARY = re.findall(r"^\| (.+?) \| (.+?) \| \[(\d\d), .+?\]\((.+?)\) \|$", TEXT, re.MULTILINE)

# In bold and no term of the field: a place in a picture, a word that is stressed, a run's name.
NO_TERMS = {
    *("top", "middle", "bottom", "overlap", "disjoint"),
    *("one", "and", "more", "every", "equal", "average", "exaggerates", "2.25 times fewer"),
    *("initialise", "train d", "train g", "repeat", "grown", "straight"),
    *("healthy", "d too strong", "no batch norm", "rate too high"),
    *("two modes", "adam's memory", "from $z$ alone", "mouth"),
    *("grid", "slices", "shade", "no seam", "twice as fast", "circle", "grid of noise"),
    *("search z", "several answers"),
}
STRESSED = 4  # so many words or more are a sentence, not a term


@cache
def sections(notebook: str) -> dict[str, str]:
    """Return a notebook's sections, heading -> text, that of its subsections included."""
    cells = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
    prose = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    found = {}
    for heading in re.finditer(r"^(#{1,3}) (.+)$", prose, re.MULTILINE):
        end = re.compile(rf"^#{{1,{len(heading[1])}}} ", re.MULTILINE).search(prose, heading.end())
        text = prose[heading.start(2) : end.start() if end else None]
        # A link leads to the first of that name; anchors have no code marks.
        found.setdefault(heading[2].strip().replace("`", ""), text.replace("`", ""))
    return found


def section(link: str) -> str:
    """Return the text of the section that a link leads to; a link to a notebook: all of it."""
    notebook, _, anchor = link.partition("#")
    found = sections(notebook)
    if not anchor:
        return next(iter(found.values()))  # under the lesson's title
    # JupyterLab makes an anchor of a heading by putting hyphens for spaces.
    texts = {title.replace(" ", "-"): text for title, text in found.items()}
    return texts[unquote(anchor)]


@pytest.mark.parametrize("words, link", [x for x in LINKS if ".ipynb" in x[1]])
def test_a_link_leads_to_a_section_and_says_which(words, link):
    text = section(link)
    assert re.search(r"\d\d", words)[0] == Path(link.partition("#")[0]).name[:2]
    if "#" in link:
        assert words.split(", ", 1)[1].strip("*") == text.split("\n", 1)[0]


def test_every_question_is_listed_once_and_answered_by_a_cell():
    questions = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE)
    assert [question for question, _ in listed] == questions[:-1] and questions[-1] == "Glossary"
    for question, anchor in listed:
        # GitHub's anchors: lower case, punctuation dropped, hyphens for spaces.
        assert anchor == re.sub(r"[^\w -]", "", question.lower()).replace(" ", "-")
        answer = TEXT.split(f"## {question}\n")[1].split("\n## ")[0]
        assert "](notebooks/" in answer, question


def numbers() -> str:
    """Return the page's table, from the two models' cards and lesson 04's stored table."""
    vae, gan = (zoo.card(name) for name in ("vae16-fashion", "dcgan-fashion"))
    figures = [vae["figures"], gan["figures"]]
    cells = json.loads((ROOT / "notebooks/04_gan.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", []) if "data" in out]
    plain = ["".join(out["data"].get("text/plain", "")) for out in outputs]
    (stored,) = [text for text in plain if text.lstrip().startswith("KID")]
    header, *body = [re.split(r"\s{2,}", line.strip()) for line in stored.splitlines()[:-1]]
    rows = {line[0]: dict(zip(header, line[1:], strict=True)) for line in body}
    three = ("VAE of lesson 03", "GAN, shipped", "floor")
    shares = [sorted(f["share per class"].values()) for f in figures]
    closest = "closest pair in draws of 1,000 "
    table = [
        ["KID, 5,000 samples", *(rows[name]["KID"] for name in three)],
        ["density", *(rows[name]["density"] for name in three)],
        ["coverage", *(rows[name]["coverage"] for name in three)],
        [
            "FID-course, 10,000 samples",
            *(f["FID-course"] for f in figures),
            figures[0]["FID-course of training images (the floor)"],
        ],
        ["rarest and most frequent class", *(f"{s[0]:.1%}, {s[-1]:.1%}" for s in shares), "10%"],
        [
            "closest pair among 1,000 (small: repeats)",
            *(f[closest + "samples"] for f in figures),
            figures[0][closest + "test images"],
        ],
        [
            "log-likelihood of held-out images",
            f"at least {figures[0]['held-out ELBO (nats per image)']} nats",
            "not to be had",
            "–",
        ],
        ["code of a given image", "the encoder's", "by search only", "–"],
        ["training, seconds on one core", f"{vae['seconds']:,}", f"{gan['seconds']:,}", "–"],
    ]
    lines = ["| | VAE | GAN | real images |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in table])


def test_the_tables_figures_are_the_cards():
    shown = re.search(r"<!-- numbers -->\n(.+?)\n<!-- /numbers -->", TEXT, re.DOTALL)[1]
    assert shown == numbers()


def plain(term: str) -> str:
    return " ".join(term.replace("*", "").lower().split())


@pytest.mark.parametrize("term, meaning, lesson, link", GLOSSARY, ids=[x[0] for x in GLOSSARY])
def test_a_term_occurs_where_the_glossary_says(term, meaning, lesson, link):
    assert re.search(rf"(?<!\w){re.escape(plain(term))}(?!\w)", plain(section(link)))
    assert Path(link).name[:2] == lesson
    assert len(meaning.split()) > 2


def test_the_glossary_is_sorted_and_names_no_term_twice():
    keys = [re.sub(r"[^a-z0-9 ]", "", term.lower().replace("é", "e")) for term, *_ in GLOSSARY]
    assert keys == sorted(set(keys)) and len(keys) > 100


def introduced(text: str) -> set[str]:
    """Return what stands in bold and may be a term: no sentence, label or answer to a quiz."""
    found = {plain(bold) for bold in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)}
    found = {bold.rstrip(".:") for bold in found if not re.fullmatch(r"\(?\w\)?\.", bold)}
    labels = {"you will", "you need", "time and memory", "online", "predict", "run", "explain"}
    return {b for b in found - labels if len(b.split()) < STRESSED and not b.endswith("?")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda p: p.stem
)
def test_every_term_that_a_lesson_introduces_is_in_the_glossary(path):
    terms = {plain(term) for term, *_ in GLOSSARY}
    terms |= {re.sub(r"^the ", "", term) for term in terms}
    prose = section(f"notebooks/{path.name}")
    bold = {re.sub(r"^(the |a |1-)", "", term) for term in introduced(prose)}
    missing = {
        term
        for term in bold - terms - NO_TERMS
        if f"{term}s" not in terms and term.removesuffix("s") not in terms
    }
    assert not missing


def test_the_program_for_ones_own_images_trains(tmp_path, monkeypatch):
    program = re.search(r"```python\n(.+?)```", TEXT, re.DOTALL)[1]
    (tmp_path / "mine.py").write_text(program, encoding="utf-8")
    Mine = runpy.run_path(str(tmp_path / "mine.py"))["Mine"]
    folder = tmp_path / "my_pictures"
    folder.mkdir()
    for number in range(20):
        pixels = torch.randint(256, (80, 90, 3), dtype=torch.uint8).numpy()
        Image.fromarray(pixels).save(folder / f"{number}.{('png', 'jpg')[number % 2]}")
    short = [{"fade": 0 if size == 4 else 4, "stabilise": 4, "batch": 4} for size in (4, 8, 16)]
    short += [{"fade": 4, "stabilise": 4, "batch": 4} for _ in (32, 64)]
    recipe = replace(Mine(), folder=str(folder), stages=short)
    assert recipe.images().shape == (20, 3, 64, 64)
    out = run(recipe, tmp_path / "out", resume=True)
    card = json.loads((out / "progan-mine.json").read_text(encoding="utf-8"))
    assert card["data"] == "my pictures" and card["steps"] == recipe.steps == 9
    assert (out / "progan-mine.safetensors").stat().st_size == card["size"]
