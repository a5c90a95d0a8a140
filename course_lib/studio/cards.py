"""A model card and a dataset card to fill in, and a check that nothing was left out.

The sections follow Mitchell et al. 2019, "Model cards for model reporting", section 4, and Gebru
et al. 2021, "Datasheets for datasets", section 3; the questions are put in the course's own words.
A card is Markdown: "## " begins a section, "- **Field:** " a field, and what stands in square
brackets waits for an answer.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from course_lib import zoo

# Kind of card -> section -> field -> what to write there.
FIELDS = {
    "Model": {
        "What it is": {
            "Name": "the model's name and version",
            "Made by": "who trained it, when, and how to reach them",
            "Kind": "what goes in, what comes out, which architecture and which paper",
            "Licence": "of the weights, of the code, and what both ask of users",
            "How to make it again": "recipe, seed, steps, machine, and the weights' checksum",
        },
        "What it is for": {
            "Meant for": "uses that you had in mind, and by whom",
            "Not meant for": "uses that suggest themselves and are wrong, and why",
        },
        "What the result depends on": {
            "Groups": "what kinds of things or people it draws, and which of them it tells apart",
            "Settings": "truncation, seeds, prompts, chosen or unchosen samples",
        },
        "How it was measured": {
            "Measures": "which ones and why, the judge, and what the judge cannot see",
            "Measured on": "which images, how many, and that no training image is among them",
        },
        "What it learnt from": {
            "Training data": "which data, with their card, and what was left out",
        },
        "What was found": {
            "Quality": "figures with their intervals and the floor beside them",
            "Memory": "nearest training images against held-out ones, in figures",
            "Groups compared": "shares of the data against shares of the samples, with intervals",
        },
        "What may go wrong": {
            "Harm": "who could be hurt by its pictures, or by their absence, and how",
            "Mistaken for real": "who could take its pictures for something else, and what says no",
        },
        "Advice": {
            "Limits": "what it does badly, and what nobody has measured",
            "Before use": "what a user should check, credit and say",
        },
    },
    "Dataset": {
        "Why it exists": {
            "Name": "the data set's name and version",
            "Purpose": "what it was made for, by whom, and who paid",
        },
        "What is in it": {
            "Items": "what one item is, how many there are, and of which kinds",
            "Labels": "what is said about each item, and by whom",
            "Balance": "shares of the groups, in figures, against the world's or an even split",
            "Splits": "training and test parts, and how you know that nothing is in both",
            "People": "whether persons can be recognised, and whether they agreed",
        },
        "Where it comes from": {
            "Source": "where each item was found or made, and when",
            "Rights": "licence of the source, who owns it, and what it asks of users",
        },
        "What was done to it": {
            "Changes": "cut, shrunk, cleaned, left out; and whether the raw items are kept",
        },
        "What it may be used for": {
            "Good for": "uses that it suits",
            "Not good for": "uses that it does not suit, and what would go wrong",
            "Known biases": "who or what is missing, common or always alike",
        },
        "How it is kept": {
            "Where to get it": "file or address, size, and checksum",
            "Licence": "of the data set itself",
            "Upkeep": "who mends mistakes, and how to report one or to ask for removal",
        },
    },
}

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
    lines = [f"# {kind} card"]
    for section, fields in FIELDS[kind].items():
        lines += ["", f"## {section}", ""]
        lines += [f"- **{field}:** [{hint}]" for field, hint in fields.items()]
    text = "\n".join(lines) + "\n"
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
        old = re.compile(rf"^- \*\*{re.escape(field)}:\*\*.*?(?=^- \*\*|^#|\Z)", _WHOLE)
        tail = "\n\n" if old.findall(text)[0].endswith("\n\n") else "\n"
        line = f"- **{field}:** {answer.strip()}{tail}"
        text = old.sub(lambda _, line=line: line, text)
    return text


_WHOLE = re.MULTILINE | re.DOTALL
_MARK = re.compile(r"^(#|- \*\*.+?:\*\*)", re.MULTILINE)
_FIELD = re.compile(r"^- \*\*(.+?):\*\*(.*?)(?=^- \*\*|^#|\Z)", _WHOLE)


def answered(text: str) -> dict[str, str]:
    """Return a card's fields with what stands in them, in their order."""
    return {field: answer.strip() for field, answer in _FIELD.findall(text)}


def kind_of(text: str) -> str:
    """Return "Model" or "Dataset", by the card's title.

    Raises:
        ValueError: the text does not begin as a card does.
    """
    title = re.match(r"\s*# (\w+) card", text)
    if not title or title[1] not in FIELDS:
        titles = " or ".join(f'"# {kind} card"' for kind in FIELDS)
        raise ValueError(f"a card begins with {titles}")
    return title[1]


def check(text: str) -> list[str]:
    """Return what a card still lacks, one line for each field; an empty list if it is complete.

    A field is missing, empty, still in its square brackets, filled with a filler such as "TODO",
    or should hold a figure and has none. Whether an answer is true, no program can say.

    Raises:
        ValueError: the text is no card.
    """
    found, problems = answered(text), []
    for section, fields in FIELDS[kind_of(text)].items():
        for field, hint in fields.items():
            problem = _problem(field, hint, found.get(field))
            if problem:
                problems.append(f"{section}, {field}: {problem}")
    return problems


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
    """
    problems = check(text)
    if problems and not draft:
        raise ValueError("the card is not complete:\n" + "\n".join(problems))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
