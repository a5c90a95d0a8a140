"""Captions for Personas, written from their attributes, and the words they are made of."""

import random
import re
from typing import NamedTuple

import torch

from course_lib.data.combination_split import HELD_OUT
from course_lib.data.portraits import (
    ATTRIBUTES,
    COLOURLESS_FACIAL_HAIR,
    COLOURLESS_HAIR,
    MOUTHLESS_FACIAL_HAIR,
    check_attributes,
    visible,
)


class Wordings(NamedTuple):
    """The ways to say one value: what the person has, is, or does; whether it is worn.

    "{c}" stands where a colour and a space may go.
    """

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    worn: bool = False


WORDINGS = {
    "hair": {
        "long hair": Wordings(("long {c}hair", "shoulder length {c}hair")),
        "side shave": Wordings(
            ("a {c}side shave", "{c}hair shaved on one side", "{c}hair swept to one side")
        ),
        "short hair": Wordings(
            ("short {c}hair", "a short {c}haircut", "short {c}hair with a side parting")
        ),
        "curly high top": Wordings(
            ("a curly {c}high top", "short {c}curls", "short curly {c}hair")
        ),
        "bob": Wordings(("a {c}bob", "a {c}bob cut", "chin length {c}hair")),
        "big curls": Wordings(("big {c}curls", "big curly {c}hair", "a {c}afro")),
        "pigtails": Wordings(("{c}pigtails", "two {c}pigtails", "{c}hair in pigtails")),
        "curly bun": Wordings(("a curly {c}bun", "curly {c}hair in a bun")),
        "buzz cut": Wordings(("a buzz cut", "closely cropped hair", "shaved hair")),
        "bob with a fringe": Wordings(
            (
                "a {c}bob with a fringe",
                "a {c}bob with bangs",
                "{c}hair with a fringe over one eye",
            )
        ),
        "bald": Wordings(("a bald head", "no hair"), ("bald",)),
        "receding hair": Wordings(("receding {c}hair", "thinning {c}hair")),
        "cap": Wordings(("a cap", "an orange cap", "a baseball cap"), worn=True),
        "top knot": Wordings(
            ("a {c}top knot", "a {c}top knot with shaved sides", "an undercut with a {c}bun")
        ),
        "quiff": Wordings(("a {c}quiff", "a small {c}quiff", "a fade with a {c}quiff")),
        "beanie": Wordings(("a beanie", "a red beanie", "a red knitted hat"), worn=True),
        "bun": Wordings(("a {c}bun", "a smooth {c}bun", "straight {c}hair in a bun")),
        "very long hair": Wordings(
            ("very long {c}hair", "very long straight {c}hair", "{c}hair below the shoulders")
        ),
        "short hair with sideburns": Wordings(
            ("short {c}hair with sideburns", "short {c}hair with long sideburns")
        ),
        "mohawk": Wordings(("a {c}mohawk", "a short {c}mohawk", "a {c}mohawk with shaved sides")),
    },
    "eyes": {
        "open": Wordings(("open eyes", "round dark eyes")),
        "closed": Wordings(("closed eyes", "both eyes closed"), ("sleepy",)),
        "winking": Wordings(("one eye closed", "a wink"), ("winking",), ("winks",)),
        "glasses": Wordings(("glasses", "square glasses", "a pair of glasses"), worn=True),
        "laughing": Wordings(("laughing eyes", "happy eyes")),
        "sunglasses": Wordings(("sunglasses", "dark glasses", "a pair of sunglasses"), worn=True),
    },
    "mouth": {
        "smile": Wordings(("a smile", "a gentle smile"), ("smiling",), ("smiles",)),
        "frown": Wordings(
            ("a frown", "a sad mouth"), ("frowning", "unhappy"), ("frowns", "looks unhappy")
        ),
        "surprised": Wordings(
            ("an open mouth", "a surprised look"),
            ("surprised", "astonished"),
            ("looks surprised", "looks astonished"),
        ),
        "pacifier": Wordings(
            ("a pacifier", "a blue pacifier", "a dummy"), (), ("sucks on a pacifier",)
        ),
        "big smile": Wordings(
            ("a big smile", "a broad grin"), ("grinning", "beaming"), ("grins", "smiles broadly")
        ),
        "smirk": Wordings(("a smirk", "a crooked smile"), ("smirking",), ("smirks",)),
        "pink lips": Wordings(("pink lips", "full lips", "full pink lips")),
    },
    "clothing": {
        "T-shirt": Wordings(("a {c}T-shirt", "a plain {c}T-shirt"), worn=True),
        "jumper": Wordings(("a {c}jumper", "a {c}sweater"), worn=True),
        "wrap top": Wordings(("a {c}wrap top", "a {c}wrapped top"), worn=True),
        "checked shirt": Wordings(
            ("a {c}checked shirt", "a {c}plaid shirt", "a {c}checkered shirt"), worn=True
        ),
    },
    "facial hair": {
        "none": Wordings(("no beard", "no facial hair"), ("clean shaven",)),
        "full beard": Wordings(("a {c}beard", "a full {c}beard", "a bushy {c}beard")),
        "handlebar moustache": Wordings(
            ("a {c}handlebar moustache", "a curled {c}moustache", "a curled {c}mustache")
        ),
        "walrus moustache": Wordings(
            ("a {c}walrus moustache", "a thick {c}moustache", "a thick {c}mustache")
        ),
        "goatee": Wordings(("a {c}goatee", "a neat {c}goatee")),
        "stubble": Wordings(("stubble", "a stubbly chin"), ("stubbly",)),
        "soul patch": Wordings(("a {c}soul patch", "a small {c}tuft below the lip")),
    },
}
COLOUR_ALONE = {  # a colour is named, what has it is not
    "hair colour": Wordings(("{c}hair",)),
    "clothing colour": Wordings(("a {c}top", "{c}clothes"), worn=True),
}
SKIN = ("{c}skin", "a {c}complexion")

SYNONYMS = {
    "hair colour": {
        "black": ("black", "jet black"),
        "brown": ("brown", "dark brown"),
        "red": ("red", "bright red"),
        "pink": ("pink",),
        "ginger": ("ginger", "orange"),
        "blond": ("blond", "blonde", "golden"),
        "silver": ("silver", "white"),
    },
    "clothing colour": {
        "blue": ("blue",),
        "turquoise": ("turquoise", "teal"),
        "purple": ("purple", "violet"),
        "green": ("green",),
        "red": ("red",),
        "yellow": ("yellow", "mustard"),
        "pink": ("pink",),
    },
    "skin tone": {
        "very light": ("very light", "very fair"),
        "light": ("light", "fair"),
        "medium light": ("medium light",),
        "medium": ("medium",),
        "medium dark": ("medium dark",),
        "dark": ("dark",),
        "very dark": ("very dark",),
    },
    "background": {
        "cream": ("cream", "pale yellow"),
        "mint": ("mint", "pale green"),
        "sky blue": ("sky blue", "light blue"),
        "lavender": ("lavender", "light purple"),
        "rose": ("rose", "pale pink"),
    },
}

# A slot in braces must be filled; a part in square brackets falls away if its slot is empty.
# mood: adjectives; does: verbs; has and wears: nouns; everything: has and wears together.
# Every template has room for every attribute, so the choice of one drops none.
TEMPLATES = (
    "a [{mood} ]person[ with {everything}][, {scene}]",
    "[{mood} ]person[ with {has}][, wearing {wears}][, {scene}]",
    "a portrait of a [{mood} ]person[ with {has}][, dressed in {wears}][, {scene}]",
    "a drawing of someone[ with {has}][, wearing {wears}][, {scene}]",
    "a [{mood} ]person in {wears}[, with {has}][, {scene}]",
    "someone wearing {wears}[, with {has}][, {scene}]",
    "someone who has {has}[ and wears {wears}][, {scene}]",
    "The person has {has}[, and wears {wears}].[ The background is {background}.]",
    "This [{mood} ]person wears {wears}[, and has {has}].[ The background is {background}.]",
    "A person with {everything} {does}[ {scene}].",
    "There is a [{mood} ]person[ with {has}][, dressed in {wears}][, {scene}].",
    "{scene}, a [{mood} ]person[ with {everything}]",
    "A person {does}.[ They have {has}.][ They wear {wears}.][ The background is {background}.]",
)
SCENES = (
    "on a {background} background",
    "against a {background} background",
    "in front of a {background} backdrop",
)

# How often people mention an attribute, and some values that are worth less or more of a word.
MENTIONED = {
    "hair": 0.8,
    "hair colour": 0.75,
    "eyes": 0.55,
    "mouth": 0.65,
    "clothing": 0.65,
    "clothing colour": 0.7,
    "skin tone": 0.35,
    "facial hair": 0.8,
    "background": 0.4,
}
MENTIONED_VALUES = {
    ("eyes", "open"): 0.2,
    ("eyes", "glasses"): 0.85,
    ("eyes", "sunglasses"): 0.85,
    ("facial hair", "none"): 0.1,
}


def captions(attributes: torch.Tensor, seed: int = 0, even: float = 0.0) -> list[str]:
    """Return one caption per row: a description such as a person might give.

    A caption names only what can be seen, and leaves attributes out at random. Row i's caption
    depends on its attributes, on i and on the seed, and on no other row.

    Args:
        attributes: integers, (N, 9), as `data.personas` returns them.
        seed: another seed, other captions.
        even: share of the captions that name an attribute as often for each of its values. People
            seldom say "no beard"; so where they say nothing of a beard, nine portraits in ten have
            none. Of even captions that are silent, as many have a beard as of all portraits.

    Raises:
        ValueError: another shape, or an index outside its tuple in `ATTRIBUTES`.
    """
    return [_sentence(values, rng) for values, _, rng in _told(attributes, seed, even)]


def mentioned(attributes: torch.Tensor, seed: int = 0, even: float = 0.0) -> torch.Tensor:
    """Return which attributes `captions` with the same arguments names: bool, (N, 9)."""
    told = _told(attributes, seed, even)
    rows = [[name in values for name in ATTRIBUTES] for values, _, _ in told]
    return torch.tensor(rows, dtype=torch.bool).reshape(-1, len(ATTRIBUTES))


def describe(seed: int = 0, **attributes: str) -> str:
    """Return one caption that names the chosen values, and nothing else.

    `describe(mouth="smile", hair="bob", hair_colour="pink")` might be "a smiling person with a
    pink bob". What the chosen hair or beard would hide is left out.

    Args:
        seed: another seed, other words.
        attributes: a value of `ATTRIBUTES` for some of its names, written with underscores.

    Raises:
        ValueError: an attribute or a value that does not exist; the message lists those that do.
    """
    values = {}
    for keyword, value in attributes.items():
        name = keyword.replace("_", " ")
        if name not in ATTRIBUTES:
            known = ", ".join(known.replace(" ", "_") for known in ATTRIBUTES)
            raise ValueError(f"there is no attribute {keyword!r}; choose from {known}")
        if value not in ATTRIBUTES[name]:
            known = ", ".join(map(repr, ATTRIBUTES[name]))
            raise ValueError(f"there is no {name} {value!r}; choose from {known}")
        values[name] = value
    return _sentence(_showing(values), random.Random(f"describe {seed}"))


def near_misses(
    attributes: torch.Tensor, seed: int = 0, even: float = 0.0, added: bool = False
) -> list[str]:
    """Return one caption per row that is wrong in one value and right in all others.

    A caption names what `captions` with the same arguments names, but one value, drawn at random,
    is another of its attribute; what that would hide is left out. The lie makes no pair that is
    held out (`HELD_OUT`): such pairs stay unheard of.

    Args and errors: as `captions`.
        added: the lie may be about anything that the portrait shows. Where the caption leaves it
            out, the lie is added: a beard to a portrait without one, of which few captions say
            that it has none.
    """
    return [
        _sentence(_with_a_lie(values, shown if added else values, rng), rng)
        for values, shown, rng in _told(attributes, seed, even)
    ]


def _with_a_lie(values, shown, rng):
    """Return values with another one of an attribute that `shown` holds."""
    while True:
        name = _pick(list(shown), rng)
        lie = _pick([value for value in ATTRIBUTES[name] if value != shown[name]], rng)
        changed = _showing({**values, name: lie})
        if name not in changed:  # what the others hide, such as a bald person's hair colour
            continue
        unheard = any(
            name in names and tuple(map(changed.get, names)) in pairs
            for names, pairs in HELD_OUT.items()
        )
        if not unheard:
            return changed


def _showing(values):
    """Return the values without those that others hide."""
    hidden = set()
    if values.get("hair") in COLOURLESS_HAIR and not _bears_colour(values):
        hidden.add("hair colour")
    if values.get("facial hair") in MOUTHLESS_FACIAL_HAIR:
        hidden.add("mouth")
    return {name: value for name, value in values.items() if name not in hidden}


def _told(attributes, seed, even=0.0):
    """Yield, for every row, the values that its caption names, all that it shows, and its rng."""
    check_attributes(attributes)
    names = list(ATTRIBUTES)
    rows = zip(attributes.tolist(), visible(attributes).tolist(), strict=True)
    for i, (row, seen) in enumerate(rows):
        rng = random.Random(f"{seed} {i}")
        actual = {name: ATTRIBUTES[name][index] for name, index in zip(names, row, strict=True)}
        worth = {} if even and rng.random() < even else MENTIONED_VALUES
        values, shown = {}, {}
        for (name, value), is_seen in zip(actual.items(), seen, strict=True):
            wanted = rng.random() < worth.get((name, value), MENTIONED[name])
            if is_seen:
                shown[name] = value
            if is_seen and wanted:
                values[name] = value
        # A bald person's red beard must not read as red hair: name the colour only beside both.
        on_beard = actual["hair"] in COLOURLESS_HAIR
        if on_beard and not ("hair" in values and _bears_colour(values)):
            values.pop("hair colour", None)
        if not values:
            values["hair"] = actual["hair"]
        yield values, shown, rng


def _bears_colour(values):
    """Return whether facial hair is among `values` and shows the hair colour."""
    return "facial hair" in values and values["facial hair"] not in COLOURLESS_FACIAL_HAIR


def _pick(choices, rng):
    return choices[int(rng.random() * len(choices))]


def _shuffled(items, rng):
    return sorted(items, key=lambda _: rng.random())


def _sentence(values, rng):
    """Return a caption that names all of `values`, a dict of attribute and value names."""
    for template in _shuffled(COMPILED, rng):
        slots = _slots(values, template, rng)
        if all(slots[name] for name in template.required):
            parts = [text for text, needs in template.parts if all(slots[name] for name in needs)]
            return _correct("".join(parts).format(**slots))
    raise AssertionError("the first template fits everything")


def _slots(values, template, rng):
    """Return the text for each slot of a template."""
    words = {"mood": [], "does": [], "has": [], "wears": []}
    for wordings, colour in _shuffled(list(_items(values, rng)), rng):
        if "mood" in template.slots and wordings.adjectives:
            words["mood"].append(_pick(wordings.adjectives, rng))
        elif "does" in template.slots and wordings.verbs:
            words["does"].append(_pick(wordings.verbs, rng))
        else:
            noun = _pick(wordings.nouns, rng).format(c=f"{colour} " if colour else "")
            words["wears" if wordings.worn else "has"].append(noun)
    slots = {name: _listed(words[name]) for name in ("does", "has", "wears")}
    slots["mood"] = ", ".join(words["mood"])
    slots["everything"] = _listed(words["has"] + words["wears"])
    slots["background"] = slots["scene"] = ""
    if "background" in values:
        slots["background"] = _pick(SYNONYMS["background"][values["background"]], rng)
        slots["scene"] = _pick(SCENES, rng).format(background=slots["background"])
    return slots


def _items(values, rng):
    """Yield the wordings and the colour ("" if none) of everything that belongs to the person."""
    colours = {
        name: _pick(SYNONYMS[name][values[name]], rng)
        for name in ("hair colour", "clothing colour", "skin tone")
        if name in values
    }
    hair_colour, beard_colour = colours.get("hair colour", ""), ""
    if values.get("hair") in COLOURLESS_HAIR:
        hair_colour, beard_colour = "", hair_colour
    colour_of = {
        "hair": hair_colour,
        "clothing": colours.get("clothing colour", ""),
        "facial hair": beard_colour,
    }
    for name in ("hair", "facial hair", "eyes", "mouth", "clothing"):
        if name in values:
            yield WORDINGS[name][values[name]], colour_of.get(name, "")
        elif colour_of.get(name):
            yield COLOUR_ALONE[f"{name} colour"], colour_of[name]
    if "skin tone" in values:
        yield Wordings(SKIN), colours["skin tone"]


def _listed(items):
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def _correct(text):
    """Return the text with "an" before vowels, and a capital if it ends in a full stop."""
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return text[0].upper() + text[1:] if text.endswith(".") else text


class _Template(NamedTuple):
    parts: tuple[tuple[str, tuple[str, ...]], ...]  # texts, and the slots that each may not lack
    slots: frozenset[str]
    required: frozenset[str]


def _compiled(template):
    pieces = re.split(r"[\[\]]", template)  # every second one stood in brackets
    slots = [tuple(re.findall(r"{(\w+)}", piece)) for piece in pieces]
    required = frozenset(name for names in slots[::2] for name in names)
    return _Template(tuple(zip(pieces, slots, strict=True)), frozenset(sum(slots, ())), required)


COMPILED = tuple(map(_compiled, TEMPLATES))


def _words(text):
    """Return the words of a text in lower case, without punctuation; "t-shirt" is one word."""
    return re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text.lower().replace("’", "'"))


def _vocabulary():
    """Return every word that a caption may hold, in alphabetical order."""
    tables = list(WORDINGS.values())
    wordings = [w for table in tables for w in table.values()] + list(COLOUR_ALONE.values())
    texts = [text for w in wordings for text in (*w.nouns, *w.adjectives, *w.verbs)]
    texts += [text for table in SYNONYMS.values() for words in table.values() for text in words]
    texts += [*TEMPLATES, *SCENES, *SKIN, "a an and"]
    texts += [value for values in ATTRIBUTES.values() for value in values]
    return sorted({word for text in texts for word in _words(re.sub(r"{\w+}", " ", text))})


class Tokeniser:
    """Turns texts into numbers and back, one number per word.

    The vocabulary is fixed: all words of all captions. 0 pads, 1 stands for any other word.
    """

    PADDING = 0
    UNKNOWN = 1
    LENGTH = 64  # no caption has more words

    def __init__(self):
        self.words = ("<padding>", "<unknown>", *_vocabulary())
        self._index = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        """Return the size of the vocabulary, padding and unknown included."""
        return len(self.words)

    def split(self, text: str) -> list[str]:
        """Return the words of a text, in lower case, without punctuation; "t-shirt" is one word."""
        return _words(text)

    def encode(self, texts: list[str], length: int = LENGTH) -> torch.Tensor:
        """Return the words' numbers, int64, (len(texts), length), padded with 0 at the end.

        Raises:
            TypeError: `texts` is a single string.
            ValueError: a text has more than `length` words.
        """
        if isinstance(texts, str):
            raise TypeError(f"texts must be a list of strings, such as [{texts!r}]")
        tokens = torch.full((len(texts), length), self.PADDING, dtype=torch.int64)
        for row, text in zip(tokens, texts, strict=True):
            numbers = [self._index.get(word, self.UNKNOWN) for word in _words(text)]
            if len(numbers) > length:
                raise ValueError(f"a text has {len(numbers)} words, more than {length}: {text!r}")
            row[: len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
        return tokens

    def decode(self, tokens: torch.Tensor) -> list[str]:
        """Return the words of each row of `tokens`, integers, (N, length), without padding.

        Raises:
            ValueError: another shape, or a number outside the vocabulary.
        """
        if tokens.ndim != 2:
            raise ValueError(f"tokens must have shape (N, length), not {tuple(tokens.shape)}")
        if tokens.numel() and not 0 <= tokens.min() <= tokens.max() < len(self):
            raise ValueError(f"tokens must lie in 0..{len(self) - 1}")
        rows = tokens.tolist()
        return [" ".join(self.words[i] for i in row if i != self.PADDING) for row in rows]

    def unknown(self, text: str) -> list[str]:
        """Return the words of a text that are not in the vocabulary, each once, in order."""
        return [word for word in dict.fromkeys(_words(text)) if word not in self._index]
