"""Directions found from a judge's opinion: where the truth is known, they are the truth."""

import math

import pytest
import torch
from torch import nn

from course_lib import data, latent
from course_lib.latent import CONTRASTS, Contrast, Directions
from course_lib.models.progan import Generator, PixelNorm
from course_lib.sampling import latents

Z = 24
NAMES = list(CONTRASTS)


def known_directions():
    """Return nine unit directions (9, Z); neighbours share more than a third of each other."""
    rows = torch.randn(9, Z, generator=torch.Generator().manual_seed(0))
    rows = torch.linalg.qr(rows.T).Q.T
    rows = rows + 0.5 * rows.roll(1, dims=0)
    return nn.functional.normalize(rows, dim=1)


class Painter(nn.Module):
    """A generator that paints nine linear scores of z's direction into nine pixels."""

    z_dim = Z

    def __init__(self):
        super().__init__()
        self.truth = nn.Parameter(known_directions())

    def forward(self, z):
        images = torch.zeros(len(z), 3, 64, 64)
        images[:, 0, 0, :9] = PixelNorm()(z) @ self.truth.T / 10
        return images


class Judge(nn.Module):
    """Reads the nine pixels: above 0 the first value of more, below 0 the first of less."""

    def scores(self, images):
        return 10 * images[:, 0, 0, :9]

    def logits(self, images):
        scores, logits = self.scores(images), {}
        for k, contrast in enumerate(CONTRASTS.values()):
            values = torch.full((len(images), len(data.ATTRIBUTES[contrast.attribute])), -60.0)
            more, less = contrast.indices()
            values[:, more[0]], values[:, less[0]] = 2 * scores[:, k], -2 * scores[:, k]
            logits[contrast.attribute] = values
        return logits

    def probabilities(self, images):
        return {name: part.softmax(dim=1) for name, part in self.logits(images).items()}


class Blind(Judge):
    """Says anything, whatever it is shown."""

    def __init__(self):
        super().__init__()
        self.dice = torch.Generator().manual_seed(5)

    def scores(self, images):
        return torch.randn(len(images), 9, generator=self.dice)


class Stubborn(Judge):
    """Always says the same."""

    def scores(self, images):
        return torch.ones(len(images), 9)


@pytest.fixture(scope="module")
def found():
    return latent.find(Painter(), Judge(), n=4000)


def truth():
    return Directions(CONTRASTS, known_directions(), {}, {})


def test_there_is_a_contrast_for_each_attribute():
    assert [contrast.attribute for contrast in CONTRASTS.values()] == list(data.ATTRIBUTES)


def test_known_directions_are_found(found):
    assert list(found.contrasts) == NAMES and not found.missing
    torch.testing.assert_close(found.vectors.norm(dim=1), torch.ones(9))
    cosines = (found.vectors * known_directions()).sum(dim=1)
    # Some 1,500 answers or more fix a direction in 24 dimensions to about 5 degrees.
    assert cosines.min() > math.cos(math.radians(8))
    assert list(found.accuracy) == NAMES and min(found.accuracy.values()) > 0.94


def test_a_blind_judge_is_told_by_the_accuracy():
    found = latent.find(Painter(), Blind())
    # A third of 500 held-out portraits or more: a standard deviation of at most 0.04.
    assert all(abs(accuracy - 0.5) < 0.12 for accuracy in found.accuracy.values())
    mean = sum(found.accuracy.values()) / 9
    assert abs(mean - 0.5) < 0.04  # nine of them: 0.013


def test_what_the_judge_never_sees_has_no_direction():
    found = latent.find(Painter(), Stubborn(), n=100)
    assert not found.contrasts and found.vectors.shape == (0, Z)
    assert list(found.missing) == NAMES
    assert found.missing["sunglasses"] == (
        "of 100 portraits the judge sees 100 with more and 0 with less"
    )
    assert latent.effects(Painter(), Stubborn(), found).shape == (0, 0)


def test_the_same_seed_finds_the_same():
    few = {name: CONTRASTS[name] for name in NAMES[:2]}
    one, two, other = (
        latent.find(Painter(), Judge(), few, n=400, seed=seed).vectors for seed in (0, 0, 1)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_disentangled_directions_are_orthogonal_to_the_others():
    raw, alone = known_directions(), truth().disentangled().vectors
    products = alone @ raw.T
    assert (products - products.diag().diag()).abs().max() < 1e-6
    assert (products.diag() > 0.5).all()  # and still point to their own side
    # The dual basis, found in another way.
    dual = nn.functional.normalize(torch.linalg.pinv(raw).T, dim=1)
    torch.testing.assert_close(alone, dual, atol=1e-5, rtol=0)


def test_a_direction_that_is_others_together_cannot_be_taken_apart():
    vectors = torch.eye(4)[:3]
    vectors[2] = nn.functional.normalize(vectors[0] + vectors[1], dim=0)
    three = {name: CONTRASTS[name] for name in NAMES[:3]}
    with pytest.raises(ValueError, match="'longer hair' lies in the span"):
        Directions(three, vectors, {}, {}).disentangled()


def test_disentangled_directions_change_one_attribute_only(found):
    def effects(directions):
        matrix = latent.effects(Painter(), Judge(), directions)
        return matrix.diag(), (matrix - matrix.diag().diag()).abs()

    own, others = effects(truth())
    assert own.min() > 0.5 and others.max() > 0.3  # entangled
    own, others = effects(truth().disentangled())
    assert own.min() > 0.5 and others.max() < 1e-4
    own, others = effects(found.disentangled())  # the estimate's error of some degrees
    assert own.min() > 0.5 and others.max() < 0.15


def test_success_is_certain_along_a_true_direction_and_chance_along_a_blind_one():
    true = latent.success(Painter(), Judge(), truth().disentangled(), step=3.0)
    assert list(true) == NAMES and min(true.values()) > 0.95
    none = torch.linalg.qr(known_directions().T, mode="complete").Q.T[9:18]
    blind = Directions(CONTRASTS, none, {}, {})  # orthogonal to all that is painted
    # A step of 1 stays well inside the sphere: at its edge nothing would be left to judge.
    assert list(latent.success(Painter(), Judge(), blind, step=1.0).values()) == [0.5] * 9
    turned = Directions(CONTRASTS, -known_directions(), {}, {})
    assert max(latent.success(Painter(), Judge(), turned, step=3.0).values()) < 0.05


def test_turned_directions_find_the_truth_from_afar():
    generator, judge = Painter(), Judge()
    few = dict(list(CONTRASTS.items())[:2])
    true, noise = (
        known_directions()[:2],
        torch.randn(2, Z, generator=torch.Generator().manual_seed(2)),
    )
    start = nn.functional.normalize(true + 0.4 * noise, dim=1)
    before = Directions(few, start, {"longer hair": 0.7}, {})
    after = latent.turned(generator, judge, before, step=1.0, updates=60)
    torch.testing.assert_close(after.vectors.norm(dim=1), torch.ones(2))
    cosines = [(d.vectors * true).sum(dim=1) for d in (before, after)]
    assert (cosines[0] < 0.6).all() and (cosines[1] > 0.75).all(), cosines
    success = [latent.success(generator, judge, d, step=1.0) for d in (before, after)]
    assert all(success[1][name] > success[0][name] for name in few)
    assert after.accuracy == before.accuracy and generator.truth.requires_grad
    assert generator.truth.grad is None


def test_a_step_changes_one_score_by_what_was_asked():
    raw, alone = known_directions(), truth().disentangled().vectors
    z = latent.on_sphere(latents(50, Z, seed=3))
    amounts = torch.zeros(9)
    amounts[4] = 0.5
    moved = latent.steered(z, amounts, alone)
    change = (moved - z) @ raw.T
    expected = torch.zeros(50, 9)
    expected[:, 4] = 0.5 * (alone[4] @ raw[4])
    full = latent.share_of_step(z, amounts, alone) == 1
    assert full.float().mean() > 0.9
    torch.testing.assert_close(change[full], expected[full], atol=1e-5, rtol=0)
    # A step and then pixel norm, the usual way, changes the other scores too.
    usual = (latent.on_sphere(z + amounts @ alone) - z) @ raw.T
    assert (usual - expected).abs().max() > 0.05


def test_steered_vectors_stay_on_the_sphere():
    z, vectors = 3 * latents(20, Z, seed=4), known_directions()
    for size in (0.0, 1.0, 50.0):
        moved = latent.steered(z, size * torch.ones(20, 9), vectors)
        torch.testing.assert_close(moved.norm(dim=1), torch.full((20,), math.sqrt(Z)))
    still = latent.steered(z, torch.zeros(9), vectors)
    torch.testing.assert_close(still, latent.on_sphere(z), atol=1e-5, rtol=0)
    share = latent.share_of_step(z, torch.full((9,), 50.0), vectors)
    assert (share > 0).all() and (share < 0.2).all()
    with pytest.raises(ValueError, match="24 directions leave nothing of 24"):
        latent.steered(z, torch.zeros(24), torch.eye(24))


def test_no_direction_is_no_step():
    z = latents(2, Z, seed=0)
    moved = latent.steered(z, torch.zeros(0), torch.empty(0, Z))
    torch.testing.assert_close(moved, latent.on_sphere(z))


def test_progan_sees_the_direction_of_z_only():
    torch.manual_seed(0)
    generator = Generator(Z, channels=(8, 8))
    z = latents(4, Z, seed=0)
    with torch.no_grad():
        images = generator(z)
        torch.testing.assert_close(generator(2 * z), images)
        torch.testing.assert_close(generator(latent.on_sphere(z)), images)


def test_a_loop_is_closed_and_even():
    z0, z1 = latents(2, Z, seed=0)
    walk = latent.great_circle(z0, z1, 40)
    torch.testing.assert_close(walk.norm(dim=1), torch.full((40,), math.sqrt(Z)))
    torch.testing.assert_close(walk[0], latent.on_sphere(z0[None])[0])
    torch.testing.assert_close(walk[20], -walk[0], atol=1e-5, rtol=0)
    angles = torch.cosine_similarity(walk, walk.roll(-1, dims=0), dim=1).acos()  # the last one too
    torch.testing.assert_close(angles, torch.full((40,), 2 * math.pi / 40), atol=1e-3, rtol=0)
    assert walk[1] @ z1 > walk[0] @ z1 and walk[-1] @ z1 < walk[0] @ z1
    with pytest.raises(ValueError, match="parallel"):
        latent.great_circle(z0, -2 * z0, 40)
    with pytest.raises(ValueError, match="3 frames or more, not 2"):
        latent.great_circle(z0, z1, 2)


@pytest.mark.parametrize("noise", [0.0, 2.0], ids=["separable", "noisy"])
def test_the_regression_ends_where_the_gradient_is_zero(noise):
    dice = torch.Generator().manual_seed(0)
    x = torch.randn(300, 5, generator=dice)
    y = 2 * x[:, 0] + 1 + noise * torch.randn(300, generator=dice) > 0
    weights, bias = latent.logistic(x, y, ridge=0.1)
    w = torch.cat([weights, weights.new_tensor([bias])]).requires_grad_()
    logits = x.double() @ w[:-1] + w[-1]
    factors = torch.where(y, 150 / y.sum().double(), 150 / (~y).sum().double())
    losses = nn.functional.binary_cross_entropy_with_logits(
        logits, y.double(), weight=factors, reduction="sum"
    )
    (losses + 0.05 * w[:-1].square().sum()).backward()
    assert w.grad.abs().max() < 1e-6
    assert weights[0] > 5 * weights[1:].abs().max()


def test_the_regression_refuses_what_it_cannot_fit():
    x = torch.randn(10, 2)
    with pytest.raises(ValueError, match="examples on both sides"):
        latent.logistic(x, torch.ones(10, dtype=torch.bool))
    with pytest.raises(ValueError, match="ridge is above 0"):
        latent.logistic(x, x[:, 0] > 0, ridge=0)


def test_accuracy_is_balanced():
    y = torch.tensor([True] * 9 + [False])
    assert latent.balanced_accuracy(torch.ones(10), y) == 0.5  # 0.9 without balance
    assert latent.balanced_accuracy(torch.where(y, 1.0, -1.0), y) == 1.0


def test_sides_of_a_contrast():
    def portrait(**given):
        values = {name.replace("_", " "): value for name, value in given.items()}
        row = {"hair": "bob", "facial hair": "none", **values}
        return [known.index(row.get(name, known[0])) for name, known in data.ATTRIBUTES.items()]

    rows = torch.tensor(
        [
            portrait(hair_colour="blond"),
            portrait(hair_colour="black"),
            portrait(hair_colour="ginger"),  # on neither side
            portrait(hair_colour="blond", hair="bald"),  # not to be seen
            portrait(hair_colour="blond", hair="bald", facial_hair="goatee"),
        ]
    )
    assert CONTRASTS["lighter hair"].sides(rows).tolist() == [1, 0, -1, -1, 1]
    assert CONTRASTS["beard"].sides(rows).tolist() == [0, 0, 0, 0, 1]


def test_a_reading_compares_the_two_sides_alone():
    chances = {"skin tone": torch.tensor([[0.1, 0.1, 0.0, 0.4, 0.0, 0.3, 0.1]])}
    assert CONTRASTS["darker skin"].reading(chances).item() == pytest.approx(0.4 / 0.6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("shoes", ("red",)), "attributes are hair, .* not 'shoes'"),
        (("eyes", ("red",)), r"values of eyes are open, .*, not \['red'\]"),
        (("eyes", ("open",), ("open", "closed")), "on both sides"),
        (("eyes", ()), "needs a value"),
    ],
)
def test_contrasts_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Contrast(*given)
