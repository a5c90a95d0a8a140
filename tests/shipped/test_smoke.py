"""A short look at the shipped generators: 500 images each, against the card, with room for chance.

`test_quality.py` measures the cards' own figures, with as many images as they did.
"""

import pytest
import torch

from course_lib import data, metrics, zoo

SURE, AGREEING = (
    [name for name in zoo.names() if figure in zoo.card(name)["figures"]]
    for figure in ("mean top probability", "agreement of the judge with the label")
)


@pytest.mark.parametrize("name", sorted(set(SURE) - set(AGREEING)))
def test_the_judge_is_as_sure_of_the_garments_as_the_card_says(name, judge):
    sure = metrics.probabilities(judge, zoo.load(name).sample(500, seed=1)).amax(dim=1).mean()
    assert sure.item() == pytest.approx(zoo.card(name)["figures"]["mean top probability"], abs=0.05)


@pytest.mark.parametrize("name", AGREEING)
def test_the_garments_are_those_that_are_asked_for_as_often_as_the_card_says(name, judge):
    labels = torch.arange(500) % 10
    samples = zoo.load(name).sample(labels=labels, seed=1)
    share, _ = metrics.agreement(metrics.confusion(judge, samples, labels))
    expected = zoo.card(name)["figures"]["agreement of the judge with the label"]
    assert share == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("name", ["stackgan-personas", "stackgan-stage1-personas"])
def test_the_generators_of_portraits_do_what_a_caption_says(name, portrait_judge):
    attributes = data.personas("test")[1][:500]
    samples = zoo.load(name).sample(data.captions(attributes), seed=1)
    shares = metrics.obeyed(
        metrics.read(samples, portrait_judge), attributes, data.mentioned(attributes)
    )
    card = zoo.card(name)["figures"]["share drawn as asked"]
    missed = {part: shares[part] for part in card if abs(shares[part] - card[part]) > 0.1}
    assert not missed  # some attributes are named in 100 of 500 captions only


def test_progan_draws_portraits_that_the_judge_can_read(portrait_judge):
    samples = zoo.load("progan-personas").sample(500, seed=1)
    sure = metrics.certainty(data.to_uint8(samples), portrait_judge)
    real = metrics.certainty(data.personas("test")[0][:500], portrait_judge)
    assert all(sure[part] > 0.7 * real[part] for part in real)
