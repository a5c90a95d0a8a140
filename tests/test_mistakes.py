"""Each of nineteen mistakes that stand in public code is practised, where the teachers' page says.

A mistake is practised by a task that names it: `answers_NN.py` keeps the answer of a student who
makes it, under the words that the message must say.
"""

import json
import re
from functools import cache

import answers
import pytest

from course_lib import checks, exercises

TASKS, ANSWERS = checks.tasks(), answers.load()
PRACTISED = {  # number: (task, the words under which such an answer is kept)
    1: [("trained_classifier", r"second argument is eps")],
    2: [("discriminator_loss", r"BCELoss"), ("matching_loss", r"BCELoss")],
    3: [
        ("trained_classifier", r"LeakyReLU stands on the logits"),
        ("discriminator_loss", r"LeakyReLU on the logits"),
    ],
    4: [
        ("trained_classifier", r"does the softmax itself"),
        ("contrastive_loss", r"softmax is taken twice"),
    ],
    9: [("train_discriminator", r"detach is missing")],
    10: [
        ("kl_normal", r"σ stands where σ² belongs"),
        ("kl_normal", r"ReLU on mu and logvar"),
        ("negative_elbo", r"One bug is left.+σ stands where σ² belongs"),
        ("conditioning_augmentation", r"ReLU on mu and log σ"),
    ],
    11: [("negative_elbo", r"averaged over pixels and the KL is summed")],
    16: [("failures", r"the batch's own mean"), ("frozen_sketch", r"9 buffers .+ train mode")],
    17: [("wrong_pairs", r"rolled by 1: \d+ of 64")],
    18: [("saturating_generator_loss", r"non-saturating loss.+the text derives")],
    19: [("to_uint8", r"stretches the batch"), ("to_uint8", r"stretches each image")],
}
# Their lesson has no exercises yet; once it has, they belong into PRACTISED.
PENDING = {5: "07", 6: "07", 7: "07", 8: "07", 12: "07", 13: "07", 14: "07", 15: "07"}


@cache
def place(task):
    """Return (notebook's name, number of the section) of the task's check."""
    solutions = exercises.FOLDER / "solutions"
    (path,) = solutions.glob(f"{TASKS[task].lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    sections = re.split(r"^## Task (\d): ", text, flags=re.MULTILINE)
    found = zip(sections[1::2], sections[2::2], strict=True)
    (number,) = (number for number, section in found if f"check.{task}(" in section)
    return path.name, number


def rows():
    """Return the last cell of each row of the page's table, by the number of the mistake."""
    page = (exercises.FOLDER / "README.md").read_text(encoding="utf-8")
    section = page.split("## Where the nineteen mistakes are practised\n", 1)[1].split("\n## ")[0]
    found = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert [int(number) for number, _ in found] == [*range(1, 20)]
    return {int(number): where for number, where in found}


def test_all_nineteen_are_accounted_for():
    assert sorted([*PRACTISED, *PENDING]) == [*range(1, 20)]


@pytest.mark.parametrize(
    ("number", "task", "said"),
    [(number, *part) for number, parts in PRACTISED.items() for part in parts],
)
def test_a_student_who_makes_the_mistake_is_told_so(number, task, said):
    kept = [answer for answer, named in ANSWERS[task].wrong if named == said]
    assert kept, f"no answer to {task} that makes mistake {number}"
    for answer in kept:
        assert re.search(said, TASKS[task](answer).message)


@pytest.mark.parametrize("number", PRACTISED)
def test_the_teachers_page_says_where(number):
    listed = re.findall(r"\[(\d\d)\]\((\S+)\) task (\d)", rows()[number])
    places = sorted({place(task) for task, _ in PRACTISED[number]})
    assert listed == [(name[:2], name, section) for name, section in places]


@pytest.mark.parametrize(("number", "lesson"), PENDING.items())
def test_what_is_pending_waits_for_a_lesson_without_exercises(number, lesson):
    assert rows()[number] == f"{lesson}, in preparation"
    written = [*exercises.FOLDER.glob(f"solutions/{lesson}_*.ipynb")]
    assert not written, f"move mistake {number} from PENDING to PRACTISED, and fill in its row"
