"""What lesson 08's exercises say of studies, files and truncation is so."""

import pytest
import torch

from course_lib import data, tasks, zoo
from course_lib.sampling import latents
from course_lib.studio import loops, responsibility, sheets
from course_lib.tasks.lesson_08 import nearer_training
from course_lib.tasks.trials.deliverables import handled, studies

TASKS = tasks.every()
SIGNS, FACTS = TASKS["studio_signs"].expected, TASKS["kept_facts"].expected


@pytest.fixture(scope="module")
def found():
    return studies()


def test_the_studies_show_what_the_task_says(found):
    assert [*found] == [name for name in SIGNS if name.startswith("study")]
    for name, study in found.items():
        share, error = nearer_training(study.near, study.far).tolist()
        chance = study.training / (study.training + study.held_out)
        beyond = (share - chance) / max(error, 1e-6)
        if SIGNS[name] == "memory":
            assert beyond > 3, name
        else:
            assert abs(beyond) < 1.5, name
        assert (error > 0.1) == (SIGNS[name] == "too few samples"), name


def test_distances_alone_would_mislead(found):
    """Memory far away, and none near by; one share, and two verdicts."""
    near = {name: study.near.mean().item() for name, study in found.items()}
    assert near["study B"] > 1.5 * found["study B"].usual
    assert near["study C"] < 0.8 * found["study C"].usual
    shares = [nearer_training(found[f"study {x}"].near, found[f"study {x}"].far)[0] for x in "DF"]
    assert abs(shares[0] - shares[1]) < 0.02


def test_files_keep_and_lose_what_the_task_says(tmp_path):
    page = sheets.contact_sheet("progan-personas", range(2), columns=2, width=300)
    film = loops.Loop("dcgan-fashion", seed=1, seconds=0.5).save(tmp_path / "walk.gif")
    after = handled(page.save(tmp_path / "page.png"), film, tmp_path / "handled")
    said = {done: "kept" if there else "lost" for done, there in after.items()}
    assert said == {done: FACTS[done] for done in said} and len(said) == 6


def test_truncation_does_what_the_task_says():
    generator = zoo.load("progan-personas")
    z = latents(3, generator.z_dim, seed=0)
    with torch.no_grad():
        torch.testing.assert_close(generator(z / 2), generator(z), atol=1e-4, rtol=0)
    drawn = responsibility.truncated(zoo.load("dcgan-fashion"), 0.2, n=300, seed=0)
    classes = responsibility.judged(drawn, zoo.load("fashion-cnn"))
    shares = responsibility.frequencies(classes, len(data.FASHION_CLASSES))
    assert sum(share.high < 0.1 for share in shares) > 5
