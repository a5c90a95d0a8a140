"""Combinations held out of StackGAN's training, and captions that do not fit a portrait."""

import pytest
import torch

from course_lib import data
from course_lib.data.personas import FILE

NAMES = list(data.ATTRIBUTES)


@pytest.fixture(scope="module")
def attributes():
    return data.personas("train")[1]


def row(**values):
    """Return attributes (1, 9): the first value of each, but for those given."""
    found = torch.zeros(1, len(NAMES), dtype=torch.int64)
    for keyword, value in values.items():
        name = keyword.replace("_", " ")
        found[0, NAMES.index(name)] = data.ATTRIBUTES[name].index(value)
    return found


def told(*names, rows=1):
    """Return which attributes are named, bool (rows, 9): the same for every row."""
    return torch.tensor([[name in names for name in NAMES]] * rows)


# Held-out combinations


def test_twenty_pairs_over_varied_attributes():
    pairs = [pair for pairs in data.HELD_OUT.values() for pair in pairs]
    assert len(pairs) >= 20 and len({name for names in data.HELD_OUT for name in names}) >= 7
    for (first, second), pairs in data.HELD_OUT.items():
        assert NAMES.index(first) != NAMES.index(second)
        assert all(a in data.ATTRIBUTES[first] for a, _ in pairs)
        assert all(b in data.ATTRIBUTES[second] for _, b in pairs)
        assert len(pairs) >= 2, "partners can be exchanged"
        assert all(len(set(values)) == len(pairs) for values in zip(*pairs, strict=True))


def test_the_card_lists_the_same_pairs():
    card = FILE.with_name("personas.md").read_text(encoding="utf-8")
    _, section = card.split("## Combinations held out")
    lines = [line.strip("| ").split(" | ") for line in section.split("\n## ")[0].splitlines()]
    listed = {
        (cells[0], cells[1]): tuple(tuple(pair.split(" – ")) for pair in cells[2].split(", "))
        for cells in lines
        if cells[0] in data.ATTRIBUTES
    }
    assert listed == data.HELD_OUT
    assert f"These {sum(map(len, listed.values()))} pairs" in section


def test_a_seventh_of_the_portraits_is_held_out_and_no_value_is_lost(attributes):
    mask = data.held_out(attributes)
    assert mask.shape == (14_000,) and mask.dtype == torch.bool
    assert 0.10 < mask.double().mean() < 0.15
    for i, (name, values) in enumerate(data.ATTRIBUTES.items()):
        kept = attributes[~mask, i].bincount(minlength=len(values))
        whole = attributes[:, i].bincount(minlength=len(values))
        assert (kept > 0.5 * whole).all(), name


def test_what_is_held_out_is_what_shows_a_pair():
    assert data.held_out(row(hair="mohawk", clothing_colour="yellow")).tolist() == [True]
    assert data.held_out(row(hair="mohawk", clothing_colour="green")).tolist() == [False]
    assert data.held_out(row(hair="bald", mouth="pacifier")).tolist() == [True]
    hidden = row(hair="bald", mouth="pacifier", facial_hair="full beard")
    assert data.held_out(hidden).tolist() == [False], "a beard covers the pacifier"
    assert data.held_out(row()[:0]).shape == (0,)
    with pytest.raises(ValueError, match=r"shape \(N, 9\), not \(2, 8\)"):
        data.held_out(torch.zeros(2, 8, dtype=torch.int64))


def test_seen_pairs_are_made_of_the_same_values_and_were_seen(attributes):
    unseen, seen = data.combinations()
    assert len(unseen) == len(seen) >= 20
    for name in NAMES:
        values = [sorted(pair[name] for pair in pairs if name in pair) for pairs in (unseen, seen)]
        assert values[0] == values[1]
    kept = attributes[~data.held_out(attributes)]
    for pairs, occur in ((unseen, False), (seen, True)):
        for pair in pairs:
            assert data.held_out(
                row(**{k.replace(" ", "_"): v for k, v in pair.items()})
            ).item() != (occur), pair
            shown = torch.ones(len(kept), dtype=torch.bool)
            for name, value in pair.items():
                i = NAMES.index(name)
                shown &= kept[:, i] == data.ATTRIBUTES[name].index(value)
                shown &= data.visible(kept)[:, i]
            assert shown.any().item() == occur, pair


def test_captions_can_say_every_pair():
    for pairs in data.combinations():
        for pair in pairs:
            keywords = {name.replace(" ", "_"): value for name, value in pair.items()}
            alone = {
                data.describe(i, **{name: keywords[name]}) for i in range(20) for name in keywords
            }
            assert not {data.describe(i, **keywords) for i in range(20)} & alone


# Wrong captions


def test_a_caption_contradicts_what_does_not_show_what_it_names():
    rows = torch.cat(
        [
            row(hair="bun", background="mint"),
            row(hair="bun", background="rose"),
            row(hair="bob", background="mint"),
        ]
    )
    by_hair = data.contradictions(rows, told("hair", rows=3))
    assert by_hair.tolist() == [[False, False, True], [False, False, True], [True, True, False]]
    by_both = data.contradictions(rows, told("hair", "background", rows=3))
    assert by_both.tolist() == (~torch.eye(3, dtype=torch.bool)).tolist()


def test_what_a_portrait_hides_contradicts_a_caption_that_names_it():
    rows = torch.cat([row(hair="bob", hair_colour="pink"), row(hair="bald", hair_colour="pink")])
    names = torch.cat([told("hair colour"), told("eyes")])
    assert data.contradictions(rows, names).tolist() == [[False, False], [True, False]]


@pytest.fixture(scope="module")
def batches(attributes):
    return [
        (rows, data.mentioned(rows, seed), data.captions(rows, seed))
        for seed, rows in enumerate(attributes[:1280].split(64))
    ]


def test_wrong_captions_are_wrong(batches):
    for rows, names, texts in batches:
        chosen = data.wrong_captions(rows, names)
        assert chosen.shape == (64,) and chosen.dtype == torch.int64
        seen = data.visible(rows)
        for i, j in enumerate(chosen.tolist()):
            assert texts[i] != texts[j]
            named = names[j].nonzero().squeeze(1)
            satisfied = (rows[i, named] == rows[j, named]) & seen[i, named]
            assert not satisfied.all(), (texts[j], rows[i])


def test_rolling_by_one_is_not_wrong_enough(batches):
    right = sum(
        (~data.contradictions(rows, names)[torch.arange(64), torch.arange(64).roll(1)]).sum().item()
        for rows, names, _ in batches
    )
    assert right > 0, "in 1,280 pairs some captions fit the next portrait"


def test_every_wrong_caption_is_about_as_likely(attributes):
    rows, names = attributes[:64], data.mentioned(attributes[:64])
    generator = torch.Generator().manual_seed(0)
    drawn = torch.cat([data.wrong_captions(rows, names, generator) for _ in range(500)])
    counts = drawn.bincount(minlength=64)
    assert counts.min() > 250 and counts.max() < 750  # 500 each, if all were always wrong
    again = data.wrong_captions(rows, names, torch.Generator().manual_seed(0))
    assert torch.equal(again, drawn[:64])


def test_bad_input_is_named(attributes):
    rows, names = attributes[:4], data.mentioned(attributes[:4])
    with pytest.raises(ValueError, match=r"told is bool with shape \(4, 9\)"):
        data.contradictions(rows, names[:3])
    with pytest.raises(ValueError, match=r"told is bool .* got torch.int64"):
        data.contradictions(rows, names.long())
    with pytest.raises(ValueError, match="does not show"):
        data.contradictions(row(hair="bald"), told("hair colour"))
    with pytest.raises(ValueError, match="no caption of the batch is wrong for portrait 0"):
        data.wrong_captions(rows[:1].expand(3, 9), names[:1].expand(3, 9))
