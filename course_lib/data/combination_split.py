"""Pairs of attribute values that StackGAN never sees together, to ask for what is new to it."""

from collections.abc import Iterator

import torch

from course_lib.data.portraits import ATTRIBUTES, column, visible

# Two attributes -> pairs of their values that are held out. No value occurs twice under the same
# two attributes, so that exchanging the partners gives pairs which were seen (`combinations`).
HELD_OUT = {
    ("hair", "clothing colour"): (
        ("mohawk", "yellow"),
        ("pigtails", "green"),
        ("receding hair", "pink"),
    ),
    ("hair", "background"): (("big curls", "mint"), ("bob", "lavender")),
    ("hair", "eyes"): (("bun", "sunglasses"), ("quiff", "glasses")),
    ("hair", "hair colour"): (("very long hair", "silver"), ("top knot", "pink")),
    ("hair", "mouth"): (("bald", "pacifier"), ("beanie", "surprised")),
    ("hair", "skin tone"): (("long hair", "very dark"), ("curly high top", "very light")),
    ("hair", "facial hair"): (
        ("mohawk", "full beard"),
        ("curly bun", "goatee"),
        ("bob with a fringe", "walrus moustache"),
        ("side shave", "handlebar moustache"),
    ),
    ("facial hair", "clothing colour"): (("goatee", "turquoise"), ("walrus moustache", "red")),
    ("facial hair", "eyes"): (("full beard", "sunglasses"), ("handlebar moustache", "winking")),
}


def held_out(attributes: torch.Tensor) -> torch.Tensor:
    """Return which portraits show a pair of values that is held out (`HELD_OUT`).

    Args:
        attributes: integers, (N, 9), as `personas` returns them.

    Returns:
        bool, (N,). About one portrait in seven.

    Raises:
        ValueError: another shape, or an index outside its tuple in `ATTRIBUTES`.
    """
    seen, names = visible(attributes), list(ATTRIBUTES)
    found = torch.zeros(len(attributes), dtype=torch.bool)
    for pair in _pairs(HELD_OUT):
        shown = [
            (column(attributes, name) == ATTRIBUTES[name].index(value)) & seen[:, names.index(name)]
            for name, value in pair.items()
        ]
        found |= shown[0] & shown[1]
    return found


def combinations() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return all pairs that are held out and, beside them, as many that are not.

    Those that were seen are made of the same values: within two attributes each value takes the
    partner of the next. A mohawk with yellow and pigtails with green are held out; a mohawk with
    green and pigtails with pink are not. Where a model fails on the first alone, it is the
    combination that fails it, not the values.

    Returns:
        Two lists of the same length; a pair is {attribute: value, attribute: value}.
    """
    regrouped = {
        names: tuple((first, pairs[(i + 1) % len(pairs)][1]) for i, (first, _) in enumerate(pairs))
        for names, pairs in HELD_OUT.items()
    }
    return list(_pairs(HELD_OUT)), list(_pairs(regrouped))


def _pairs(table: dict) -> Iterator[dict[str, str]]:
    """Yield every pair of a table as {attribute: value, attribute: value}."""
    for names, pairs in table.items():
        for pair in pairs:
            yield dict(zip(names, pair, strict=True))
