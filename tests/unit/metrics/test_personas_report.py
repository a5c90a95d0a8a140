"""The figures of generated portraits: what counts, what does not, and real portraits' scores."""

import math

import pytest
import torch

from course_lib import data, metrics, zoo

NAMES = list(data.ATTRIBUTES)


@pytest.fixture(scope="module")
def judge():
    return zoo.load("personas-cnn")


@pytest.fixture(scope="module")
def portraits():
    images, attributes = data.personas("test")
    return data.to_float(images[:200]), attributes[:200]


def test_only_what_was_asked_for_counts():
    attributes = data.personas("test")[1][:4]
    told = torch.zeros(4, 9, dtype=torch.bool)
    told[:, NAMES.index("background")] = True
    told[:2, NAMES.index("hair")] = True
    found = attributes.clone()
    found[:, NAMES.index("hair")] += torch.tensor([0, 1, 1, 1])
    found[3, NAMES.index("background")] += 1
    shares = metrics.obeyed(found, attributes, told)
    assert shares["hair"] == 0.5 and shares["background"] == 0.75
    assert math.isnan(shares["mouth"]) and math.isnan(shares["sunglasses or not"])
    assert list(shares)[:9] == NAMES


def test_near_tones_and_sunglasses():
    attributes = data.personas("test")[1][:3].clone()
    tone, eyes = NAMES.index("skin tone"), NAMES.index("eyes")
    dark = data.ATTRIBUTES["eyes"].index("sunglasses")
    attributes[:, tone] = 3
    attributes[:, eyes] = torch.tensor([dark, 0, 1])
    found = attributes.clone()
    found[:, tone] = torch.tensor([4, 2, 5])
    found[:, eyes] = torch.tensor([0, 2, 1])
    shares = metrics.obeyed(found, attributes, torch.ones(3, 9, dtype=torch.bool))
    assert shares["skin tone"] == 0
    assert shares["skin tone within one step"] == pytest.approx(2 / 3)
    assert shares["eyes"] == pytest.approx(1 / 3)
    assert shares["sunglasses or not"] == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"one shape \(N, 9\)"):
        metrics.obeyed(found[:2], attributes, attributes > 0)


def test_a_caption_is_obeyed_whole_or_not():
    attributes = data.personas("test")[1][:3]
    told = torch.zeros(3, 9, dtype=torch.bool)
    told[:, :2] = True
    found = attributes.clone()
    found[1, 1] += 1  # named
    found[2, 2] += 1  # not named
    assert metrics.obeyed_whole(found, attributes, told).tolist() == [True, False, True]


def test_two_coloured_backdrops(portraits):
    real = data.to_uint8(portraits[0])
    assert not metrics.two_coloured(real).any()
    assert not metrics.two_coloured(data.shrunk(real, 16)).any()
    half = real.clone()
    half[:, :, :, 32:] = half[:, :, :, 32:] // 2  # the right half darker
    assert metrics.two_coloured(half).all()
    for darker, counts in ((20, False), (21, True)):
        corner = real.clone()
        corner[:, :, :8, :8] -= darker
        assert (metrics.two_coloured(corner) == counts).all(), darker


def test_the_variety_of_beards_is_an_entropy_within_a_sentence(judge):
    images, attributes = data.personas("test")
    beard = NAMES.index("facial hair")
    shown = [
        data.to_float(images[attributes[:, beard] == data.ATTRIBUTES["facial hair"].index(kind)])
        for kind in ("none", "full beard")
    ]

    def one_beard_a_sentence(texts):
        return torch.stack([shown[(i // 4) % 2][i % 4] for i in range(len(texts))])

    def both_in_each_sentence(texts):
        return torch.stack([shown[i % 2][i % 5] for i in range(len(texts))])

    same = metrics.beards_where_silent(one_beard_a_sentence, judge, sentences=6, each=4)
    assert same == pytest.approx(0, abs=1e-6), "variety between sentences does not count"
    mixed = metrics.beards_where_silent(both_in_each_sentence, judge, sentences=6, each=4)
    assert mixed == pytest.approx(1)


@pytest.mark.slow
def test_the_report_of_whole_captions(judge):
    figures = metrics.whole_captions_report(real_portraits, judge, n=100)
    for name in ("whole captions drawn as asked", "beards drawn where asked for"):
        assert figures[name] == figures[name + ", read from real portraits"] > 0.4, name
    assert figures["backdrops of two colours where none is named"] == 0
    assert figures["bits of facial hair where the caption is silent"] > 0.5


def test_real_portraits_obey_their_captions(judge, portraits):
    images, attributes = portraits
    shares = metrics.obeyed(metrics.read(images, judge), attributes, data.mentioned(attributes))
    assert min(shares[name] for name in NAMES if name != "facial hair") > 0.95
    assert shares["sunglasses or not"] == 1
    other = metrics.obeyed(
        metrics.read(images, judge), attributes.roll(1, 0), data.mentioned(attributes.roll(1, 0))
    )
    assert other["background"] < 0.4 and other["hair"] < 0.2


def test_small_portraits_are_read_enlarged(judge, portraits):
    images, attributes = portraits
    small = torch.nn.functional.avg_pool2d(images, 4)
    assert metrics.enlarged(small).shape == images.shape
    torch.testing.assert_close(
        metrics.enlarged(small)[0, 0, :4, :4], small[0, 0, 0, 0].expand(4, 4)
    )
    assert torch.equal(metrics.enlarged(images), images)
    shares = metrics.obeyed(metrics.read(small, judge), attributes, data.visible(attributes))
    assert shares["background"] == shares["clothing colour"] == 1
    assert shares["skin tone within one step"] > 0.95 and shares["hair"] > 0.85


def real_portraits(captions):
    """Draw, for captions of test portraits, these portraits; for any other, some portrait."""
    images = data.to_float(data.personas("test")[0])
    return images[torch.arange(len(captions)) % len(images)]


@pytest.mark.slow
def test_the_report(judge):
    figures = metrics.personas_report(real_portraits, judge, n=100, each=2)
    assert figures["captions"] == 100
    assert figures["share drawn as asked"]["background"] == 1
    assert set(figures["share of pairs drawn as asked"]) == {"held out", "seen"}
    assert all(share < 0.1 for share in figures["share of pairs drawn as asked"].values())
    assert figures["KID"] < 0 and figures["FID-course"] == 0, "the test portraits themselves"
    assert figures["FID-course of training portraits (the floor)"] > 0
    with pytest.raises(ValueError, match="n is 12 to 2,000, not 3"):
        metrics.personas_report(real_portraits, judge, n=3)


def test_small_images_have_no_distance(judge):
    figures = metrics.personas_report(
        lambda captions: torch.zeros(len(captions), 3, 16, 16), judge, n=20, each=1
    )
    assert "FID-course" not in figures and "share drawn as asked" in figures


def test_pairs_count_where_both_values_are_drawn(judge):
    """A painter who has one portrait of each pair that is held out."""
    images, attributes = data.personas("train")
    shown = []
    for pair in data.combinations()[0]:
        fits = torch.ones(len(attributes), dtype=torch.bool)
        for name, value in pair.items():
            i = NAMES.index(name)
            fits &= attributes[:, i] == data.ATTRIBUTES[name].index(value)
            fits &= data.visible(attributes)[:, i]
        shown.append(data.to_float(images[fits.nonzero()[:1, 0]]))
    portraits = torch.cat(shown)
    shares = metrics.combination_shares(lambda captions: portraits, judge, each=1)
    assert shares["held out"] > 0.85 and shares["seen"] < 0.15


def test_the_judge_is_sure_of_real_portraits_and_less_of_blurred_ones(judge, portraits):
    images = portraits[0]
    sure = metrics.certainty(images, judge)
    assert list(sure) == NAMES and min(sure.values()) > 0.85 and max(sure.values()) <= 1
    assert metrics.certainty(data.to_uint8(images), judge, batch=64) == pytest.approx(sure)
    blurred = metrics.certainty(torch.nn.functional.avg_pool2d(images, 8), judge)
    assert blurred["hair"] < sure["hair"] - 0.1 and blurred["mouth"] < sure["mouth"] - 0.1
    half = {name: (sure[name] + blurred[name]) / 2 for name in NAMES}
    mixed = torch.cat([images, metrics.enlarged(torch.nn.functional.avg_pool2d(images, 8))])
    assert metrics.certainty(mixed, judge) == pytest.approx(half), "a mean over images"


def test_certainty_by_tone_shows_which_faces_lose_their_features(judge, portraits):
    images, attributes = portraits
    by_tone = metrics.certainty_by("skin tone", images, judge)
    assert set(by_tone) == set(data.ATTRIBUTES["skin tone"])
    assert metrics.evenness(by_tone, "eyes") > 0.9 and metrics.evenness(by_tone, "mouth") > 0.9
    groups = metrics.read(images, judge)[:, NAMES.index("skin tone")].bincount().double()
    means = torch.tensor([group["eyes"] for group in by_tone.values()], dtype=torch.float64)
    whole = metrics.certainty(images, judge)["eyes"]
    assert ((groups * means).sum() / len(images)).item() == pytest.approx(whole)
    # Blur the very dark faces: only their certainty falls.
    dark = attributes[:, NAMES.index("skin tone")] == len(by_tone) - 1
    damaged = images.clone()
    damaged[dark] = metrics.enlarged(torch.nn.functional.avg_pool2d(images[dark], 8))
    uneven = metrics.certainty_by("skin tone", damaged, judge)
    assert metrics.evenness(uneven, "mouth") < 0.85
    few = metrics.certainty_by("skin tone", images[:2], judge)
    assert len(few) <= 2, "tones that are not there are left out"


@pytest.mark.slow
def test_the_report_of_portraits_without_captions(judge):
    real = data.to_float(data.personas("test")[0][:100])
    torch.manual_seed(0)
    samples = torch.cat([real[:10].repeat(5, 1, 1, 1), torch.rand(50, 3, 64, 64) * 2 - 1])
    figures = metrics.portraits_report(samples, judge)
    assert figures["samples"] == 100
    for name in ("KID", "FID-course"):
        assert figures[name] > figures[f"{name} of training portraits (the floor)"]
    # A test portrait lies in its own ball.
    assert 0.1 <= figures["coverage"] < figures["coverage of training portraits (the floor)"] <= 1
    assert figures["density"] > 0
    relative = figures["certainty of the judge, relative to test portraits"]
    assert list(relative) == NAMES
    sure = metrics.certainty(samples, judge)["hair"] / metrics.certainty(real, judge)["hair"]
    assert relative["hair"] == pytest.approx(sure, abs=1e-4) and sure < 1
    with pytest.raises(ValueError, match="samples number 12 to 2,000, not 3"):
        metrics.portraits_report(real[:3], judge)
