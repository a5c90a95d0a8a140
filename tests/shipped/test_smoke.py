"""A short look at the shipped generators: 500 images each, and bars with room for chance.

`test_quality.py` measures the figures of the cards themselves.
"""

import pytest
import torch

from course_lib import data, metrics, zoo


def test_the_unconditional_generators_of_garments_draw_every_class(judge):
    for name, fewest, surest in (("dcgan-fashion", 9, 0.75), ("vae16-fashion", 8, 0.6)):
        probabilities = metrics.probabilities(judge, zoo.load(name).sample(500, seed=1))
        classes = probabilities.argmax(dim=1).bincount(minlength=10)
        assert (classes > 10).sum() >= fewest, name
        assert probabilities.amax(dim=1).mean() > surest, name


@pytest.mark.parametrize("name", [n for n in zoo.names() if n.startswith("cgan-fashion")])
def test_the_conditional_generators_draw_the_garment_that_is_asked_for(name, judge):
    labels = torch.arange(500) % 10
    samples = zoo.load(name).sample(labels=labels, seed=1)
    share, _ = metrics.agreement(metrics.confusion(judge, samples, labels))
    assert share > 0.8


@pytest.mark.parametrize("name", ["stackgan-personas", "stackgan-stage1-personas"])
def test_the_generators_of_portraits_do_what_a_caption_says(name, portrait_judge):
    attributes = data.personas("test")[1][:500]
    samples = zoo.load(name).sample(data.captions(attributes), seed=1)
    shares = metrics.obeyed(
        metrics.read(samples, portrait_judge), attributes, data.mentioned(attributes)
    )
    assert min(shares[part] for part in ("background", "clothing colour")) > 0.9


def test_progan_draws_portraits_that_the_judge_can_read(portrait_judge):
    samples = zoo.load("progan-personas").sample(500, seed=1)
    sure = metrics.certainty(data.to_uint8(samples), portrait_judge)
    real = metrics.certainty(data.personas("test")[0][:500], portrait_judge)
    assert all(sure[part] > 0.7 * real[part] for part in real)
