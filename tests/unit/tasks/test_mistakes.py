"""Each of nineteen mistakes that stand in public code is practised, where the teachers' page says.

A mistake is practised by a task that names it: `answers_NN.py` keeps the answer of a student who
makes it, under the words that the message must say.
"""

import json
import re
from functools import cache

import answers
import pytest

import exercises
from course_lib import tasks

TASKS, ANSWERS = tasks.every(), answers.load()
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
    5: [
        ("gradient_penalty", r"whole batch; the penalty needs one norm per image"),
        ("gradient_penalty", r"over the channels"),
    ],
    6: [("mixing_weights", r"Drawn from a normal"), ("mixing_weights", r"Each pixel has a weight")],
    7: [("critic_loss", r"share a name")],
    8: [("gp_critic", r"batch norm in it")],
    9: [("train_discriminator", r"detach is missing")],
    10: [
        ("kl_normal", r"σ stands where σ² belongs"),
        ("kl_normal", r"ReLU on mu and logvar"),
        ("negative_elbo", r"In the KL σ stands where σ² belongs"),
        ("conditioning_augmentation", r"ReLU on mu and log σ"),
    ],
    11: [("negative_elbo", r"averaged over pixels and the KL is summed")],
    12: [("equalised_linear", r"bias is scaled too")],
    13: [
        ("minibatch_std", r"1e8"),
        ("minibatch_std", r"square stands where the root"),
        ("minibatch_std", r"within one image"),
        ("progan_signs", r"bright and shifted"),
    ],
    14: [("fade_in", r"inverted"), ("critic_loss", r"real images do not fade")],
    15: [("averaged", r"rebuilt when a phase begins"), ("averaged", r"buffers are forgotten")],
    16: [("failures", r"the batch's own mean"), ("frozen_sketch", r"9 buffers .+ train mode")],
    17: [("wrong_pairs", r"rolled by 1: \d+ of 64")],
    18: [("saturating_generator_loss", r"non-saturating loss.+the text derives")],
    19: [("to_uint8", r"stretches the batch"), ("to_uint8", r"stretches each image")],
}
# How public code has it, as its task's text prints it: what a student is to find.
SHOWN = {
    1: ["nn.BatchNorm2d(16, 0.8)"],
    2: ["nn.BCELoss()(torch.sigmoid(logits), torch.ones_like(logits))"],
    3: ["nn.LeakyReLU(0.2), nn.Softmax(dim=1)"],
    4: ["nn.LeakyReLU(0.2), nn.Softmax(dim=1)"],
    5: ["(gradient.norm(dim=1) - 1)", "`gradient.norm()`"],
    6: ["eps = torch.randn_like(real)"],
    7: ["alpha = torch.rand(len(real), 1, 1, 1)"],
    8: ["nn.BatchNorm2d(16), nn.LeakyReLU(0.2)"],
    9: ["fake = generator(z)\n"],
    10: ["torch.exp(0.5 * logvar) - 1", "relu(self.head(text))"],
    11: ["misfit = nn.functional.mse_loss(reconstruction, images)"],
    12: ["(x @ weight.T + bias) * gain"],
    13: ["(images.var(dim=0) + 1e8).square()"],
    14: ["fade * old_rgb + (1 - fade) * new_rgb", "critic(real, stage, alpha)"],
    15: ["for steps in phases:\n        average = copy.deepcopy(generator)"],
    16: ["stage1.train()"],
    17: ["torch.arange(len(batch)).roll(-1)"],
    18: ["return -torch.log(d).mean()"],
    19: ["(images - images.min()) / (images.max() - images.min())"],
}


@cache
def place(task):
    """Return (notebook's name, number of the section, its text) of the task's check."""
    solutions = exercises.FOLDER / "solutions"
    (path,) = solutions.glob(f"{TASKS[task].lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sections = []
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (title := re.match(r"## Task (\d): ", text)):
            sections.append((title[1], [], []))
        if sections:
            sections[-1][1 if cell["cell_type"] == "markdown" else 2].append(text)
    ((number, prose),) = (
        (number, "\n".join(prose))
        for number, prose, code in sections
        if f"check.{task}(" in "\n".join(code)
    )
    return path.name, number, prose


def rows():
    """Return the last cell of each row of the page's table, by the number of the mistake."""
    page = (exercises.FOLDER / "README.md").read_text(encoding="utf-8")
    section = page.split("## Where the nineteen mistakes are practised\n", 1)[1].split("\n## ")[0]
    found = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert [int(number) for number, _ in found] == [*range(1, 20)]
    return {int(number): where for number, where in found}


def test_all_nineteen_are_accounted_for():
    assert sorted(PRACTISED) == sorted(SHOWN) == [*range(1, 20)]


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
    places = sorted({place(task)[:2] for task, _ in PRACTISED[number]})
    assert listed == [(name[:2], name, section) for name, section in places]


@pytest.mark.parametrize(
    ("number", "code"), [(number, code) for number, parts in SHOWN.items() for code in parts]
)
def test_public_code_is_shown_where_it_is_to_be_repaired(number, code):
    assert any(code in place(task)[2] for task, _ in PRACTISED[number])
