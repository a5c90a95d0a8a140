"""A model card and a dataset card to fill in, and a check that nothing was left out.

The sections follow Mitchell et al. 2019, "Model cards for model reporting", section 4, and Gebru
et al. 2021, "Datasheets for datasets", section 3. `templates/` puts the questions in the words of
the course. A card is Markdown: "## " begins a section, "- **Field:** " a field, and what stands in
square brackets waits for an answer.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from course_lib import output, zoo

_TEMPLATES = Path(__file__).with_name("templates")
_FIELD = re.compile(r"^- \*\*(.+?):\*\*(.*?)(?=^- \*\*|^#|\Z)", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^(#|- \*\*.+?:\*\*)", re.MULTILINE)


def answered(text: str) -> dict[str, str]:
    """Return a card's fields with what stands in them, in their order."""
    return {field: answer.strip() for field, answer in _FIELD.findall(text)}


def _sections(kind: str) -> dict[str, dict[str, str]]:
    """Return what a card has to hold: section -> field -> what to write there."""
    text = (_TEMPLATES / f"{kind.lower()}_card.md").read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])
    return {
        title: {field: hint[1:-1] for field, hint in answered(body).items()}
        for title, _, body in parts
    }


# Kind of card -> section -> field -> what to write there.
FIELDS = {kind: _sections(kind) for kind in ("Model", "Dataset")}
# Fields without a number in them say too little.
NUMBERS = {"Quality", "Memory", "Groups compared", "Items", "Balance", "How to make it again"}
FILLERS = {"", "?", "-", "–", "…", "...", "todo", "tbd", "n/a", "na", "none", "xxx", "later"}


def template(kind: str, model: str | None = None) -> str:
    """Return a card to fill in, as Markdown; what has to be written stands in square brackets.

    Args:
        kind: "Model" or "Dataset".
        model: of the zoo, whose card fills the fields that it can; for a model card only.

    Raises:
        KeyError: there is no such kind of card, or no such model.
        ValueError: a dataset card was asked for with a model.
    """
    if kind not in FIELDS:
        raise KeyError(f"a card is one of {', '.join(FIELDS)}, not {kind!r}")
    if model is not None and kind != "Model":
        raise ValueError("the zoo has cards of models only")
    text = (_TEMPLATES / f"{kind.lower()}_card.md").read_text(encoding="utf-8")
    return text if model is None else fill(text, _known(model))


def _known(model: str) -> dict[str, str]:
    """Return the answers that the zoo's card of a model gives."""
    card = zoo.card(model)
    return {
        "Name": model,
        "Licence": card["licence"],
        "How to make it again": (
            f"`python -m course_lib train {model}`, seed {card['seed']}, {card['steps']:,} steps, "
            f"{card['seconds'] / 60:.0f} minutes on {card['machine']}; SHA-256 of the weights "
            f"{card['sha256']}"
        ),
        "Training data": card["data"],
    }


def fill(text: str, answers: Mapping[str, str]) -> str:
    """Return a card with the given fields answered; what stood there is replaced.

    Args:
        text: a card, as `template` returns it.
        answers: field -> its text, on one line or more.

    Raises:
        KeyError: the card has no such field; the message lists those that it has.
        ValueError: an answer would begin a section or a field of its own.
    """
    found = answered(text)
    for field, answer in answers.items():
        if field not in found:
            raise KeyError(f"the card has no field {field!r}; it has {', '.join(found)}")
        if _MARK.search(answer):
            raise ValueError(f"the answer for {field!r} holds a heading or a field of its own")

    def line(match: re.Match) -> str:
        field, old = match.groups()
        end = old[len(old.rstrip()) :]  # what stands between this field and the next one
        return f"- **{field}:** {answers[field].strip()}{end}" if field in answers else match[0]

    return _FIELD.sub(line, text)


def check(text: str) -> list[str]:
    """Return what a card still lacks, one line for each field; an empty list if it is complete.

    A field is missing, empty, still in its square brackets, filled with a filler such as "TODO",
    or should hold a figure and has none. Whether an answer is true, no program can say.

    Raises:
        ValueError: the text is no card.
    """
    title = re.match(rf"\s*# ({'|'.join(FIELDS)}) card", text)
    if not title:
        titles = " or ".join(f'"# {kind} card"' for kind in FIELDS)
        raise ValueError(f"a card begins with {titles}")
    found = answered(text)
    problems = {
        f"{section}, {field}": _problem(field, hint, found.get(field))
        for section, fields in FIELDS[title[1]].items()
        for field, hint in fields.items()
    }
    return [f"{place}: {problem}" for place, problem in problems.items() if problem]


def _problem(field: str, hint: str, answer: str | None) -> str:
    if answer is None:
        return f"is missing; write {hint}"
    if answer.lower().strip(" .") in FILLERS or answer.lower() in FILLERS:
        return f"is empty; write {hint}"
    if f"[{hint}]" in answer or re.fullmatch(r"\[[^\]]*\]", answer):
        return f"is still to be filled in; write {hint}"
    if field in NUMBERS and not re.search(r"\d", answer):
        return "has no figure in it"
    return ""


def write(text: str, path: Path | str, draft: bool = False) -> Path:
    """Write a card to a file and return its path; an incomplete one only as a draft.

    Args:
        text: a card.
        path: its folder is made where it is missing.
        draft: write what there is.

    Raises:
        ValueError: the card is incomplete; the message says what is missing. Or it is no card.
        NotWritten: the file or its folder cannot be written.
    """
    problems = check(text)
    if problems and not draft:
        raise ValueError("the card is not complete:\n" + "\n".join(problems))
    with output.writing(path) as file:
        file.write_text(text, encoding="utf-8")
    return Path(path)
