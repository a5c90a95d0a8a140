"""The explorers of lesson 06: any text draws a person, and the words say what became of it."""

import re

import pytest
import torch
from looking import pixels, said, shown

from course_lib import data, explorers
from course_lib.models.cnn import AttributeClassifier
from course_lib.models.stackgan import StackGAN

TEXT = {"words": len(data.Tokeniser()), "dim": 8, "hidden": 4}
STAGE1 = {"text_dim": 8, "c_dim": 4, "z_dim": 6, "width": 4}
STAGE2 = {"text_dim": 8, "c_dim": 4, "width": 4, "blocks": 1}

ODD = (
    "",
    "   ",
    "\n\t",
    "🦄🦄🦄",
    "…!?—",
    "ein Mensch mit rosa Haaren",
    "человек с бородой",
    "شخص له لحية",
    "一个微笑的人",
    "<b>bold</b> <script>alert('x')</script> & &amp;",
    "smiling\nperson\nwith\npigtails",
    "x" * 50_000,
    "person " * 5_000,
    "\x00\ud800 person",
    "%s {} {0} \\",
)


def random_model(stage2):
    torch.manual_seed(0)
    model = StackGAN(TEXT, STAGE1, stage2)
    for weight in model.parameters():  # an untrained one draws nothing but grey
        weight.data *= 3
    text = model.encode(["a smiling person", "a bald person", "a red jumper", "pigtails"])
    for _ in range(10):  # running statistics
        model(torch.randn(64, 6), text.repeat(16, 1))
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return random_model(STAGE2)


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    values = {name: len(values) for name, values in data.ATTRIBUTES.items()}
    return AttributeClassifier(values, width=2)


@pytest.fixture
def one(model):
    return explorers.sentence(model)


@pytest.fixture
def two(model):
    return explorers.two_sentences(model)


@pytest.fixture(params=["one", "two"])
def explorer(request):
    return request.getfixturevalue(request.param)


def box_of(explorer):
    return explorer.sentence if hasattr(explorer, "sentence") else explorer.sentence_a


def test_the_same_state_gives_the_same_bytes(explorer):
    box, picture = box_of(explorer), explorer.picture.value
    text = box.value
    box.value, explorer.seed.value = "a bald person", 7
    assert explorer.picture.value != picture
    box.value, explorer.seed.value = text, 0
    assert explorer.picture.value == picture


def test_the_large_faces_are_those_of_sample(one, model):
    one.sentence.value, one.seed.value = "a bald person with sunglasses", 5
    for noise in (0.0, 1.0, 1.5):
        one.noise.value = noise
        given = {"captions": 5 * [one.sentence.value], "seed": 5, "noise": noise}
        images = model.sample(**given)
        shown(one, 4, 28, model.sample(**given, stage=1)[0], 256)
        shown(one, 346, 28, images[0], 256)
        for index, image in enumerate(images[1:]):
            shown(one, 4 + 156 * index, 316, image, 128)
    assert "seed 5, conditioning noise times 1.50." in said(one)
    one.noise.value = 0.0
    assert "noise times 0: c = μ." in said(one)


def test_the_menus_write_the_sentence(one):
    assert list(one.menus) == list(data.ATTRIBUTES)
    for name, menu in one.menus.items():
        assert menu.options[0][0] == "–"
        assert [value for _, value in menu.options[1:]] == list(data.ATTRIBUTES[name])
        menu.value = ""
    assert one.sentence.value == data.describe()
    one.menus["hair"].value = "pigtails"
    assert one.sentence.value == data.describe(hair="pigtails")
    before = pixels(one)
    one.menus["hair colour"].value = "ginger"
    assert one.sentence.value == data.describe(hair="pigtails", hair_colour="ginger")
    assert (pixels(one) != before).any()
    assert f"Drawn: “{one.sentence.value.lower().rstrip('.')}”" in said(one)


def test_a_menu_draws_once(one, monkeypatch):
    draws = []
    monkeypatch.setattr(one, "draw", lambda: draws.append(1) or (b"", ""))
    one.menus["hair"].value = "mohawk"
    assert len(draws) == 1


def test_a_text_by_hand_stays_until_a_menu_moves(one):
    one.sentence.value = "a sleepy person"
    one.seed.value, one.noise.value = 3, 0.5
    assert one.sentence.value == "a sleepy person"
    one.menus["eyes"].value = "winking"
    assert one.sentence.value != "a sleepy person" and "wink" in one.sentence.value


def test_other_words_say_the_same(one):
    for name, menu in one.menus.items():
        menu.value = "bun" if name == "hair" else ""
    told = {one.sentence.value}
    for _ in range(6):
        one.reword()
        told.add(one.sentence.value)
        assert "bun" in one.sentence.value and f"“{one.sentence.value.lower()[:9]}" in said(one)
    assert len(told) > 3


def test_what_a_choice_hides_is_said(one):
    for menu in one.menus.values():
        menu.value = ""
    one.menus["hair colour"].value = "pink"
    assert "hide" not in said(one)
    one.menus["hair"].value = "bald"
    assert "because your other choices hide it: hair colour." in said(one)
    one.menus["mouth"].value = "smile"
    one.menus["facial hair"].value = "full beard"  # shows the colour, covers the mouth
    assert "hide it: mouth." in said(one)
    one.sentence.value = "a person"
    assert "hide" not in said(one)


def test_unknown_words_are_named_and_ignored(explorer):
    box = box_of(explorer)
    box.value = "a smiling person with pigtails"
    known = explorer.picture.value
    box.value = "a smiling unicorn person riding with pigtails"
    assert "I do not know: 'unicorn', 'riding'; they are ignored." in said(explorer)
    assert "“a smiling person with pigtails”" in said(explorer)
    assert explorer.picture.value == known
    box.value = "a smiling unicorn"
    assert "I do not know: 'unicorn'; it is ignored." in said(explorer)
    box.value = " ".join(f"strange{number}" for number in range(20))
    assert "'strange7' and 12 more; they are ignored." in said(explorer)
    assert "strange8" not in said(explorer)


@pytest.mark.parametrize("text", ["", "  ", "🦄", "unicorns dream quietly"])
def test_nothing_said_draws_a_person_all_the_same(explorer, text):
    box = box_of(explorer)
    box.value = "a smiling person"
    person = explorer.picture.value
    box.value = text
    assert "a person about whom nothing was said" in said(explorer)
    assert "try “a sleepy person with pigtails”" in said(explorer).replace("Try", "try")
    assert ("You have not said anything yet" in said(explorer)) == (not text.strip())
    nothing = explorer.picture.value
    assert nothing != person
    box.value = "another unicorn"
    assert explorer.picture.value == nothing


def test_of_many_words_the_first_are_read(explorer, model):
    box = box_of(explorer)
    box.value = 32 * "smiling person " + "bald sunglasses"
    assert "These are 66 words" in said(explorer) and "I read the first 64." in said(explorer)
    picture = explorer.picture.value
    box.value = 32 * "smiling person "
    assert "These are" not in said(explorer)
    assert explorer.picture.value == picture


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:12]))
def test_no_text_raises(explorer, text):
    for box in explorer.box.children[:-2]:
        box.value = text
    explorer.refresh()
    line = explorer.text.value
    assert re.findall("<[^>]*>", line) == ['<span aria-live="polite">', "</span>"]
    assert len(line) < 2_500
    line.encode()  # as it is sent to the browser
    assert pixels(explorer).std() > 0


def test_the_way_leads_from_sentence_to_sentence(two, model):
    two.sentence_a.value, two.sentence_b.value = "a sleepy person", "a bald person"
    two.seed.value = 4
    for share, text in ((0.0, "a sleepy person"), (1.0, "a bald person")):
        two.between.value = share
        small, image = (model.sample([text], seed=4, stage=stage)[0] for stage in (1, 2))
        shown(two, 4, 28, small, 256)
        shown(two, 346, 28, image, 256)
        left = two.LEFT + round(share) * 6 * two.STEP
        shown(two, left, two.STRIP, small, 64)
        shown(two, left, two.STRIP + 68, image, 64)
    two.between.value = 0.5
    assert "50% of the way from A, “a sleepy person”, to B, “a bald person”, seed 4" in said(two)


def test_the_way_stays_on_the_sphere(two, model):
    ends = model.encode(["a sleepy person", "a bald person with a red jumper"])
    given = {}

    def note(z, text, noise):
        given.update(z=z, text=text, noise=noise)

    two.faces = note
    two.walk(ends, torch.linspace(0, 1, 5))
    assert given["text"].norm(dim=1).sub(8**0.5).abs().max() < 1e-5
    assert torch.lerp(*ends, 0.5).norm() < 8**0.5 - 0.01  # the straight line leaves it
    assert (given["z"] == given["z"][0]).all() and (given["noise"] == given["noise"][0]).all()


def test_the_same_sentence_twice_is_a_way_that_stands_still(two):
    two.sentence_a.value = two.sentence_b.value = "a sleepy person"
    before = pixels(two)[: two.STRIP - 30]
    two.between.value = 0.0
    assert (pixels(two)[: two.STRIP - 30] == before).all()


def test_both_sentences_get_an_answer(two):
    two.sentence_a.value, two.sentence_b.value = "", "a smiling dragon"
    assert "Sentence A: You have not said anything yet." in said(two)
    assert "Sentence B: I do not know: 'dragon'; it is ignored." in said(two)


@pytest.mark.parametrize("make", [explorers.sentence, explorers.two_sentences])
def test_without_stage_ii_stage_i_stands_alone(make):
    model = random_model(None)
    explorer = make(model)
    box_of(explorer).value = text = "a bald person"
    if hasattr(explorer, "between"):
        explorer.between.value = 0.0
    shown(explorer, 4, 28, model.sample([text], seed=0)[0], 256)
    assert (pixels(explorer)[:284, 300:] == 255).all()
    assert "this model has no Stage II" in said(explorer)


def test_the_judge_says_what_it_sees(model, judge):
    for explorer in (explorers.sentence(model, judge), explorers.two_sentences(model, judge)):
        box_of(explorer).value = "a bald person"
        if hasattr(explorer, "between"):
            explorer.between.value = 0.0
        logits = judge.eval().logits(model.sample(["a bald person"], seed=0))
        seen = {
            name.replace(" ", "_"): data.ATTRIBUTES[name][int(part.argmax())]
            for name, part in logits.items()
        }
        assert f"The judge would call it “{data.describe(**seen)}”." in said(explorer)


def test_a_text_of_the_lesson_comes_first(model):
    explorer = explorers.sentence(model, text="a sleepy person")
    assert explorer.sentence.value == "a sleepy person"
    assert {menu.value for menu in explorer.menus.values()} == {""}
    assert "Drawn: “a sleepy person”" in said(explorer)


def test_what_does_not_fit_is_refused(judge):
    for make in (explorers.sentence, explorers.two_sentences):
        with pytest.raises(ValueError, match="expected a StackGAN, got AttributeClassifier with"):
            make(judge)
