"""Memory, bias and truncation are measured right: on cases whose answers are known."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import nn

from course_lib import data, metrics, zoo
from course_lib.explorers import truncation
from course_lib.metrics import Estimate
from course_lib.models.progan import Generator
from course_lib.studio import provenance, responsibility
from course_lib.studio.responsibility import Group

ATTRIBUTES = [*data.ATTRIBUTES]


@pytest.mark.parametrize("hits, n", [(0, 20), (3, 20), (10, 20), (20, 20), (7, 1000)])
def test_a_shares_interval_is_wilsons(hits, n):
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert metrics.share(hits, n) == pytest.approx((hits / n, *expected), abs=1e-6)


@pytest.mark.parametrize("hits, n", [(-1, 5), (6, 5), (0, 0)])
def test_a_share_needs_images(hits, n):
    with pytest.raises(ValueError, match="hits are 0 to n"):
        metrics.share(hits, n)


def noise(n, seed):
    return torch.rand(n, 1, 6, 6, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_memory_is_chance_for_new_images_and_all_for_stored_ones():
    training, held_out = noise(300, 0), noise(100, 1)
    new = responsibility.memory(noise(400, 2), training, held_out)
    assert new.chance == 0.75 and not new.remembers
    assert new.nearer.low < 0.75 < new.nearer.high
    stored = responsibility.memory(training[:50] + 0.01 * noise(50, 3), training, held_out)
    assert stored.nearer.value == 1 and stored.remembers
    assert stored.where.tolist() == [*range(50)]
    assert stored.samples.max() < new.samples.min()
    torch.testing.assert_close(
        stored.held_out, metrics.nearest(held_out[:50], training)[0], atol=0, rtol=0
    )


def test_some_stored_images_among_many_are_found():
    training, held_out = noise(500, 0), noise(500, 1)
    mixed = torch.cat([noise(240, 2), training[:60]])  # one in five
    found = responsibility.memory(mixed, training, held_out)
    assert found.nearer.value == pytest.approx(0.6, abs=0.07) and found.remembers


def test_frequencies_count_every_value():
    shares = responsibility.frequencies(torch.tensor([0, 2, 2, 2]), 4)
    assert [share.value for share in shares] == [0.25, 0, 0.75, 0]
    assert shares[1].low == 0 < shares[1].high
    with pytest.raises(ValueError, match="values are 0 to 1, found 2"):
        responsibility.frequencies(torch.tensor([0, 2]), 2)


def test_differences_name_what_is_drawn_more_or_less_often():
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randint(len(v), (4000,), generator=generator) for v in data.ATTRIBUTES.values()]
    real, samples = torch.stack(rows, dim=1).split(2000)
    assert len(responsibility.differences(real, samples)) <= 2  # chance
    samples = samples.clone()
    bald = data.ATTRIBUTES["hair"].index("bald")
    samples[:800, 0] = bald
    first = responsibility.differences(real, samples)[0]
    assert (first.attribute, first.value) == ("hair", "bald")
    assert first.samples.value == pytest.approx(0.43, abs=0.02) and first.data.high < 0.07


def test_a_judge_is_right_group_by_group():
    found, truth = torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 0, 0])
    shares = responsibility.right_per_group(found, truth, torch.tensor([0, 0, 1, 1]), 2)
    assert [share.value for share in shares] == [0.5, 1]
    with pytest.raises(ValueError, match="hits are 0 to n"):
        responsibility.right_per_group(found, truth, torch.zeros(4, dtype=torch.long), 2)


def test_association_is_cramers_v():
    generator = torch.Generator().manual_seed(0)
    a = torch.randint(4, (500,), generator=generator)
    b = (a + torch.randint(2, (500,), generator=generator)) % 4 + 3  # 0 to 2 never occur
    table = np.zeros((4, 4), int)
    np.add.at(table, (a.numpy(), b.numpy() - 3), 1)
    expected = stats.contingency.association(table, method="cramer")
    assert responsibility.association(a, b) == pytest.approx(expected, abs=1e-9)
    assert responsibility.association(a, a) == pytest.approx(1)
    assert responsibility.association(a, torch.zeros_like(a)) == 0
    with pytest.raises(ValueError, match="two columns of one length"):
        responsibility.association(a, b[:3])


def test_chance_gives_an_association_that_shrinks_with_the_number_of_images():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randint(k, (2000,), generator=generator) for k in (7, 5))
    few = responsibility.association_by_chance(a[:100], b[:100])
    many = responsibility.association_by_chance(a, b)
    assert many == pytest.approx(math.sqrt(stats.chi2(24).ppf(0.95) / (2000 * 4)), rel=0.12)
    assert few > 3 * many
    tied = responsibility.associations(torch.stack([a] * 9, dim=1), "skin tone", shuffles=20)
    assert len(tied) == 8 and "skin tone" not in tied
    assert all(value == pytest.approx(1) and chance < 0.2 for value, chance in tied.values())


def test_the_data_tie_nothing_to_the_skin():
    labels = data.personas("test")[1]
    found = responsibility.associations(labels, "skin tone", shuffles=50)
    # 8 tests at 5% each: three or more beyond chance happen in one of 170 data sets.
    assert sum(value > chance for value, chance in found.values()) < 3


class Numbers(nn.Module):
    """A model that draws its latent numbers: 2×2 pixels."""

    z_dim = 4

    def __init__(self):
        super().__init__()
        self.none = nn.Parameter(torch.zeros(()))

    def forward(self, z):
        return z.view(-1, 1, 2, 2)


def test_truncation_multiplies_the_latent_numbers():
    whole = responsibility.truncated(Numbers(), 0.1, 30, seed=3)
    half = responsibility.truncated(Numbers(), 0.05, 30, seed=3)
    torch.testing.assert_close(half, whole / 2)
    assert whole.abs().max() > 0.1
    assert responsibility.truncated(Numbers(), 100, 30).abs().max() == 1  # clipped


def test_pixel_norm_undoes_truncation():
    torch.manual_seed(0)
    generator = Generator(z_dim=8, channels=(8, 8))
    whole, half = (responsibility.truncated(generator, factor, 4) for factor in (1, 0.5))
    torch.testing.assert_close(half, whole, atol=1e-5, rtol=0)


def test_a_captioned_model_is_truncated_in_z_and_noise():
    model = zoo.load("stackgan-personas")
    same = responsibility.truncated(model, 0, 3)
    assert same.shape == (3, 3, 64, 64)
    torch.testing.assert_close(same[1:], same[:1].expand(2, -1, -1, -1), atol=1e-5, rtol=0)
    expected = model.sample(["a person"] * 3, seed=4)
    whole = responsibility.truncated(model, 1, 3, seed=4)
    torch.testing.assert_close(whole, expected.clamp(-1, 1), atol=1e-4, rtol=0)


def test_groups_are_told_from_what_a_judge_reads():
    found = torch.zeros(3, 9, dtype=torch.long)
    found[1, ATTRIBUTES.index("facial hair")] = 1
    bearded = Group("facial hair", data.ATTRIBUTES["facial hair"][1:])
    assert bearded.members(found).tolist() == [False, True, False]
    assert bearded.share(found).value == pytest.approx(1 / 3)
    shoes = Group("class", ("sandal", "sneaker", "ankle boot"))
    assert shoes.members(torch.tensor([5, 0, 9])).tolist() == [True, False, True]
    for wrong in (Group("shoe", ("boot",)), Group("eyes", ("ajar",))):
        with pytest.raises(ValueError, match="no such group"):
            wrong.members(found)


class Brightness(nn.Module):
    """A judge of `Numbers`: class 1 where the first pixel is above 0.5, else class 0."""

    def features(self, images):
        return images.flatten(1)

    def to_logits(self, features):
        return torch.stack([0 * features[:, 0], features[:, 0] - 0.5], dim=1)


def test_a_curve_tells_each_groups_share_at_each_truncation():
    groups = {"bright": Group("class", ("trousers",)), "dark": Group("class", ("T-shirt",))}
    curves = responsibility.truncation_curves(Numbers(), Brightness(), groups, (0.01, 1.0), n=400)
    bright = [share.value for share in curves["bright"]]
    assert bright[0] == 0
    assert bright[1] == pytest.approx(1 - stats.norm.cdf(0.5), abs=0.06)
    assert [share.value for share in curves["dark"]] == [1 - value for value in bright]


def test_truncation_takes_beards_and_dark_skin_from_the_portraits():
    judge, model = zoo.load("personas-cnn"), zoo.load("stackgan-personas")
    groups = {
        "beard": Group("facial hair", data.ATTRIBUTES["facial hair"][1:]),
        "ends": Group("skin tone", ("very light", "very dark")),
    }
    curves = responsibility.truncation_curves(model, judge, groups, (0.4, 1.0), n=150)
    for shares in curves.values():
        assert shares[0].high < shares[1].value


@pytest.fixture
def sheet(tmp_path):
    curves = {"bright": [Estimate(0.4, 0.3, 0.5), Estimate(0, 0, 0.1)]}
    real = {"bright": Estimate(0.5, 0.4, 0.6)}
    return truncation.truncation("vae2-fashion", Numbers(), (1.0, 0.0), curves, real, tmp_path)


def test_the_explorer_follows_its_sliders(sheet):
    sentence = sheet.text.value
    assert "Truncation 1.00, seed 0: bright 40% of samples, 50% of the data." in sentence
    before = sheet.picture.value
    sheet.factor.value = 0.5
    assert sheet.shares() == {"bright": pytest.approx(0.2)}
    assert "bright 20% of samples" in sheet.text.value and sheet.picture.value != before
    before = sheet.picture.value
    sheet.seed.value = 7
    assert sheet.picture.value != before
    sheet.factor.value = 0
    assert "bright 0% of samples" in sheet.text.value


def test_the_explorers_sheet_says_where_it_comes_from_until_somebody_saves_it_anew(sheet):
    sheet.factor.value, sheet.seed.value = 0.5, 7
    path = sheet.save()
    facts = provenance.read(path)
    assert facts["model"] == "vae2-fashion" and facts["seed"] == 7 and facts["truncation"] == 0.5
    assert facts["sha256"] == zoo.card("vae2-fashion")["sha256"]
    assert str(path) in sheet.saved.value
    with Image.open(path) as image:
        copy = Image.fromarray(np.array(image))
    copy.save(path.with_stem("copy"))
    assert provenance.read(path.with_stem("copy")) is None


def test_the_explorer_can_be_read_without_a_kernel(sheet):
    assert 'alt="A sheet of 16' in sheet.static()
