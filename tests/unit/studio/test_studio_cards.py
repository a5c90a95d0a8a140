"""Cards that a student fills in: what is missing is named, and a complete card is written."""

import pytest

from course_lib import zoo
from course_lib.studio import cards


def complete(kind):
    """Return a card with an answer in every field, and a figure in each."""
    fields = [field for section in cards.FIELDS[kind].values() for field in section]
    return cards.fill(cards.template(kind), {field: f"{field} has 3 words" for field in fields})


@pytest.mark.parametrize("kind", ["Model", "Dataset"])
def test_a_new_card_lacks_every_field_and_says_what_to_write(kind):
    problems = cards.check(cards.template(kind))
    expected = [
        f"{section}, {field}: is still to be filled in; write {hint}"
        for section, fields in cards.FIELDS[kind].items()
        for field, hint in fields.items()
    ]
    assert problems == expected


@pytest.mark.parametrize("kind", ["Model", "Dataset"])
def test_a_filled_card_is_complete_and_keeps_its_sections(kind):
    text = complete(kind)
    assert cards.check(text) == []
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        *cards.FIELDS[kind]
    ]
    assert "[" not in text


@pytest.mark.parametrize("kind", ["Model", "Dataset"])
def test_each_field_left_out_is_named(kind):
    whole = complete(kind)
    for section, fields in cards.FIELDS[kind].items():
        for field in fields:
            lines = [x for x in whole.splitlines() if not x.startswith(f"- **{field}:**")]
            (problem,) = cards.check("\n".join(lines))
            assert problem.startswith(f"{section}, {field}: is missing")


@pytest.mark.parametrize("filler", ["", "TODO", "tbd.", "...", "…", "n/a", "?"])
def test_a_filler_is_no_answer(filler):
    (problem,) = cards.check(cards.fill(complete("Model"), {"Meant for": filler}))
    assert problem.startswith("What it is for, Meant for: is empty")


def test_a_placeholder_in_other_words_is_no_answer():
    (problem,) = cards.check(cards.fill(complete("Model"), {"Harm": "[who could be hurt]"}))
    assert "Harm: is still to be filled in" in problem


def test_brackets_inside_an_answer_are_allowed():
    assert cards.check(cards.fill(complete("Model"), {"Kind": "z [64 numbers] to portraits"})) == []


def test_a_figure_is_asked_for():
    (problem,) = cards.check(cards.fill(complete("Model"), {"Memory": "none was found"}))
    assert problem == "What was found, Memory: has no figure in it"


def test_an_answer_may_have_several_lines_and_be_changed_again():
    text = cards.fill(complete("Dataset"), {"Source": "first line\nsecond line"})
    assert cards.answered(text)["Source"] == "first line\nsecond line"
    assert cards.answered(cards.fill(text, {"Source": r"\1 other"}))["Source"] == r"\1 other"
    assert cards.check(text) == []


def test_an_unknown_field_and_a_heading_in_an_answer_are_refused():
    with pytest.raises(KeyError, match="no field 'Colour'; it has Name, Made by"):
        cards.fill(cards.template("Model"), {"Colour": "blue"})
    with pytest.raises(ValueError, match="heading or a field"):
        cards.fill(cards.template("Model"), {"Name": "x\n## What was found"})


def test_the_zoos_card_fills_what_it_knows():
    facts, text = zoo.card("stackgan-personas"), cards.template("Model", "stackgan-personas")
    found = cards.answered(text)
    assert found["Training data"] == facts["data"] and found["Licence"] == facts["licence"]
    assert facts["sha256"] in found["How to make it again"]
    total = sum(map(len, cards.FIELDS["Model"].values()))
    assert len(cards.check(text)) == total - 4


def test_an_incomplete_card_is_written_as_a_draft_only(tmp_path):
    path = tmp_path / "new" / "card.md"
    text = cards.fill(complete("Model"), {"Quality": "todo"})
    with pytest.raises(ValueError, match="What was found, Quality: is empty"):
        cards.write(text, path)
    assert not path.exists()
    assert cards.write(text, path, draft=True).read_text(encoding="utf-8") == text
    assert cards.write(complete("Model"), path) == path
    assert cards.check(path.read_text(encoding="utf-8")) == []


def test_other_text_is_no_card():
    with pytest.raises(ValueError, match='a card begins with "# Model card" or "# Dataset card"'):
        cards.check("# My holiday")
    with pytest.raises(KeyError, match="Model, Dataset"):
        cards.template("Food")
    with pytest.raises(ValueError, match="models only"):
        cards.template("Dataset", "dcgan-fashion")
