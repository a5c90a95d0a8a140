"""The measures, against closed forms, against torchmetrics, and on known damage."""

import itertools

import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from course_lib import data, metrics
from course_lib.metrics import distances
from course_lib.metrics.distances import Features
from course_lib.metrics.intervals import half_samples, interval


def normal(n, mean, scale, seed, features=5):
    generator = torch.Generator().manual_seed(seed)
    return mean + scale * torch.randn(n, features, generator=generator, dtype=torch.float64)


def test_frechet_distance_in_closed_form():
    """‖μ₁ − μ₂‖² + Σ (σ₁ − σ₂)² for diagonal covariances, made exact by whitening the samples."""
    a = normal(1000, 0.0, 1.0, seed=0)
    a = (a - a.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(a.T)).T)
    scale = torch.tensor([1.0, 2.0, 3.0, 1.0, 0.5], dtype=torch.float64)
    shift = torch.tensor([0.0, 1.0, 0.0, -2.0, 0.0], dtype=torch.float64)
    expected = shift.square().sum() + (1 - scale).square().sum()
    assert metrics.frechet_distance(a, a * scale + shift) == pytest.approx(expected.item())
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_is_symmetric_and_takes_singular_covariances():
    a, b = normal(50, 0, 1, seed=0), normal(60, 1, 2, seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(b, a))
    flat = a * torch.tensor([1, 1, 1, 0, 0.0], dtype=torch.float64)
    few = normal(3, 0, 1, seed=2)  # three points in five dimensions
    assert metrics.frechet_distance(flat, few) > 0
    for measure in (metrics.frechet_distance, metrics.kernel_distance, metrics.density_coverage):
        with pytest.raises(ValueError, match=r"got \(50, 5\) and \(50, 4\)"):
            measure(a, a[:, :4])
        with pytest.raises(ValueError, match="two rows or more"):
            measure(a, b[:1])
        with pytest.raises(ValueError, match="finite numbers, got NaN or infinity"):
            measure(a, torch.where(a > 2, torch.nan, a))


class Flatten(nn.Module):
    """A feature network for torchmetrics that gives back the features it is given."""

    num_features = 5

    def forward(self, images):
        return images.flatten(1)


def test_frechet_distance_agrees_with_torchmetrics():
    a, b = normal(400, 0, 1, seed=0), normal(500, 0.3, 1.5, seed=1)
    oracle = FrechetInceptionDistance(
        Flatten(), normalize=True, input_img_size=(1, 1, 5)
    ).set_dtype(torch.float64)
    oracle.update(a.view(-1, 1, 1, 5), real=True)
    oracle.update(b.view(-1, 1, 1, 5), real=False)
    assert metrics.frechet_distance(a, b) == pytest.approx(oracle.compute().item(), rel=1e-3)


def kid_oracle(a, b):
    """torchmetrics' KID, with one subset that holds every row."""
    oracle = KernelInceptionDistance(Flatten(), subsets=1, subset_size=len(a))
    oracle.update(a, real=True)
    oracle.update(b, real=False)
    return oracle.compute()[0].item()


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
def test_kernel_distance_agrees_with_torchmetrics():
    for mean, scale in ((0.0, 1.0), (0.02, 1.0), (0.3, 1.5)):
        # More rows than a block, and not a multiple of it.
        a, b = normal(633, 0, 1, seed=0), normal(633, mean, scale, seed=1)
        assert metrics.kernel_distance(a, b) == pytest.approx(kid_oracle(a, b), rel=1e-3)


def test_kernel_distance_by_hand_and_of_unequal_numbers():
    a, b = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[1.0], [-1.0]])
    within_a = 2 * (1 + 1 + 27) / 6  # (0·1 + 1)³, (0·2 + 1)³, (1·2 + 1)³, each pair twice
    within_b = 0.0  # (1·(−1) + 1)³
    between = (1 + 1 + 8 + 0 + 27 - 1) / 6
    assert metrics.kernel_distance(a, b) == pytest.approx(within_a + within_b - 2 * between)
    assert metrics.kernel_distance(b, a) == pytest.approx(metrics.kernel_distance(a, b))


def brute_density_coverage(real, fake, k):
    inside = torch.zeros(len(real), len(fake), dtype=torch.bool)
    for i, x in enumerate(real):
        others = sorted((x - y).norm().item() for j, y in enumerate(real) if j != i)
        for j, y in enumerate(fake):
            inside[i, j] = (x - y).norm().item() < others[k - 1]
    return inside.sum().item() / (k * len(fake)), inside.any(1).double().mean().item()


@pytest.mark.parametrize(("n", "m", "k"), [(40, 30, 5), (12, 12, 1), (13, 50, 12)])
def test_density_and_coverage_equal_brute_force(n, m, k, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 7)
    real, fake = normal(n, 0, 1, seed=0), normal(m, 0.4, 0.8, seed=1)
    expected = brute_density_coverage(real, fake, k)
    assert metrics.density_coverage(real, fake, k) == pytest.approx(expected)


def test_density_and_coverage_by_hand():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    # For k = 1 the balls are (−1, 1), (0, 2), (1, 5) and (3, 11), their ends outside.
    fake = torch.tensor([[0.5], [0.6], [1.5], [20.0]])
    assert metrics.density_coverage(real, fake, k=1) == pytest.approx((6 / 4, 3 / 4))
    assert metrics.density_coverage(real, torch.full((3, 1), 0.5), k=1) == pytest.approx((2, 0.5))
    assert metrics.density_coverage(real, torch.full((3, 1), 99.0), k=1) == (0, 0)
    for k in (0, 4):
        with pytest.raises(ValueError, match=f"k is 1 to 3 for 4 real rows, not {k}"):
            metrics.density_coverage(real, fake, k=k)


def test_density_and_coverage_of_equal_distributions():
    density, coverage = metrics.density_coverage(
        normal(2000, 0, 1, seed=0), normal(2000, 0, 1, seed=1)
    )
    assert density == pytest.approx(1, abs=0.06)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.015)


def test_the_figures_of_a_half_are_those_of_its_rows_alone():
    real, fake = normal(600, 0, 1, seed=0), normal(600, 0.2, 1.2, seed=1)
    rows, columns = half_samples(600, 3, seed=0), half_samples(600, 3, seed=1)
    assert rows[:, 0].all() and (rows[:, 1:].sum(0) == 300).all()
    assert 120 < (rows[:, 1] & rows[:, 2]).sum() < 180  # 150 in common by chance
    a, b = Features(real, rows), Features(fake, columns)
    kernel, frechet = distances.kernel_distances(a, b), distances.frechet_distances(a, b)
    densities, coverages = distances.densities_and_coverages(a, b)
    for part in range(4):
        pair = real[rows[:, part]], fake[columns[:, part]]
        assert kernel[part].item() == pytest.approx(metrics.kernel_distance(*pair))
        assert frechet[part].item() == pytest.approx(metrics.frechet_distance(*pair))
        expected = metrics.density_coverage(*pair)
        assert (densities[part].item(), coverages[part].item()) == pytest.approx(expected)


def kernel_mean(mean_a, scale_a, mean_b, scale_b, features):
    """E (x·y/F + 1)³ for x ~ N(m₁, s₁² I), y ~ N(m₂, s₂² I), by the moments of x and y."""
    tensors = []
    for mean, scale in ((mean_a, scale_a), (mean_b, scale_b)):
        m = torch.full((features,), mean, dtype=torch.float64)
        cov = scale**2 * torch.eye(features, dtype=torch.float64)
        third = torch.einsum("i,j,k->ijk", m, m, m)
        for equation in ("i,jk->ijk", "j,ik->ijk", "k,ij->ijk"):
            third = third + torch.einsum(equation, m, cov)
        tensors.append((m, cov + torch.outer(m, m), third))
    first, second, third = ((a * b).sum().item() for a, b in zip(*tensors, strict=True))
    return 1 + 3 * first / features + 3 * second / features**2 + third / features**3


@pytest.mark.slow
@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1.0), (0.2, 1.1)])
def test_95_percent_of_intervals_hold_the_truth(mean, scale):
    """Over 100 independent pairs of Gaussian sets; 88 of 100 lies 3.2 standard deviations off."""
    n, draws, replicates = 200, 100, 100
    found = {"KID": [], "FID-course": [], "density": [], "coverage": []}
    rows, columns = half_samples(n, replicates, seed=0), half_samples(n, replicates, seed=1)
    for draw in range(draws):
        a = Features(normal(n, 0, 1, seed=2 * draw, features=3), rows)
        b = Features(normal(n, mean, scale, seed=2 * draw + 1, features=3), columns)
        found["KID"].append(interval(distances.kernel_distances(a, b)))
        found["FID-course"].append(interval(distances.frechet_distances(a, b)))
        for name, figures in zip(
            ("density", "coverage"), distances.densities_and_coverages(a, b), strict=True
        ):
            found[name].append(interval(figures))
    true_kid = (
        kernel_mean(0, 1, 0, 1, 3)
        + kernel_mean(mean, scale, mean, scale, 3)
        - 2 * kernel_mean(0, 1, mean, scale, 3)
    )
    for name, estimates in found.items():
        values, lows, highs = torch.tensor(estimates, dtype=torch.float64).T
        # FID's, density's and coverage's mean depends on N; intervals are for this N.
        truth = true_kid if name == "KID" else values.mean()
        held = ((lows <= truth) & (truth <= highs)).double().mean()
        width = ((highs - lows).mean() / (2 * 1.96 * values.std())).item()
        assert held >= 0.88, name
        # Of second order for equal distributions: up to √3 wider than need be.
        wide = mean == 0 and name in ("KID", "FID-course")
        assert (1.1 < width < 1.9) if wide else (0.8 < width < 1.35), (name, width)


def test_fid_grows_as_samples_get_fewer_and_kid_does_not():
    kid, fid = {}, {}
    for n in (100, 800):
        pairs = [
            (normal(n, 0, 1, seed=seed, features=16), normal(n, 0, 1, seed=99 + seed, features=16))
            for seed in range(30)
        ]
        kid[n] = torch.tensor([metrics.kernel_distance(*pair) for pair in pairs])
        fid[n] = torch.tensor([metrics.frechet_distance(*pair) for pair in pairs])
    assert fid[100].mean() > 5 * fid[800].mean()
    for n, values in kid.items():
        assert values.mean().abs() < 3 * values.std() / 30**0.5, n
        assert (values < 0).any()


@pytest.fixture(scope="module")
def held_out():
    images, labels = data.fashion("test")
    return data.to_float(images[:3000]), labels[:3000]


DAMAGES = (
    ("noise", 0.1),
    ("noise", 0.2),
    ("noise", 0.4),
    ("blur", 0.8),
    ("dropped class", 8),
    ("duplicates", 100),
)


@pytest.fixture(scope="module")
def damage(judge, held_out):
    """A comparison of damaged images, 1,300 each, with undamaged ones."""
    images, labels = data.fashion("train")
    pool, labels = images[:1500], labels[:1500]
    sets = {"none": data.to_float(pool[:1300])}
    for kind, amount in DAMAGES:
        sets[f"{kind} {amount}"] = metrics.damaged(pool, kind, amount, labels)[:1300]
    return metrics.compare(held_out[0], sets, judge, replicates=50)


@pytest.mark.slow
def test_undamaged_images_reach_the_floor(damage):
    assert damage.n == 1300 and list(damage)[:2] == ["floor", "none"]
    none, floor = damage["none"], damage["floor"]
    assert none["KID"].low < 0 < none["KID"].high and floor["KID"].low < 0 < floor["KID"].high
    for column in ("density", "coverage"):
        assert none[column].value == pytest.approx(floor[column].value, abs=0.05)
    assert floor["coverage"].value == pytest.approx(1 - 2**-5, abs=0.02)


def test_kid_and_fid_grow_with_noise_and_see_every_damage(damage):
    for column in ("KID", "FID-course"):
        steps = [damage[name][column] for name in ("none", "noise 0.1", "noise 0.2", "noise 0.4")]
        for less, more in itertools.pairwise(steps):
            assert less.high < more.low
        for name in ("blur 0.8", "dropped class 8", "duplicates 100"):
            assert damage[name][column].low > damage["none"][column].high, (name, column)


def test_density_sees_noise_and_coverage_sees_what_is_missing(damage):
    none = damage["none"]
    density = [damage[f"noise {amount}"]["density"].value for amount in (0.1, 0.2, 0.4)]
    assert none["density"].low > density[0] > density[1] > density[2]
    assert damage["blur 0.8"]["density"].high < none["density"].low
    for name in ("dropped class 8", "duplicates 100"):
        # What is there is real: density stays; what is missing is not covered.
        assert damage[name]["density"].value > 0.85
        assert damage[name]["coverage"].high < none["coverage"].low
    assert damage["duplicates 100"]["coverage"].high < 0.5


def test_the_judge_is_less_sure_of_noise(damage):
    top = {name: cells["mean top probability"].value for name, cells in damage.items()}
    assert top["none"] > top["noise 0.2"] > top["noise 0.4"]


def test_the_table_shows_itself_and_holds_plain_numbers(damage):
    kid = damage["blur 0.8"]["KID"]
    assert isinstance(kid.value, float) and kid.low < kid.value < kid.high
    shown = damage._repr_html_()
    assert shown.count("<tr>") == len(damage) + 1 == 9
    assert shown.count('scope="col"') == len(damage.columns) + 1 == 6
    assert shown.count('scope="row"') == 8 and str(kid) in shown
    assert "<caption>1,300 images a row against 1,300 real ones" in shown
    lines = repr(damage).splitlines()
    assert " ".join(lines[0].split()) == "KID FID-course density coverage mean top probability"
    assert lines[1].startswith("floor ") and str(kid) in repr(damage)
    assert str(metrics.Estimate(1234.5, -0.01234, 12.345)) == "1,234 (−0.0123 to 12.3)"
    risky = metrics.Comparison({"<b>": {"<b>": kid}}, "<b>", 3)._repr_html_()
    assert risky.count("&lt;b&gt;") == 3 and "<b>" not in risky


class SeveralHeads(nn.Module):
    """A judge of colour images with several classifications, whose logits stand side by side."""

    def __init__(self):
        super().__init__()
        self.attributes = {"hair": 3, "eyes": 2}
        self.to_features, self.to_logits = nn.Linear(3 * 4 * 4, 6), nn.Linear(6, 5)

    def features(self, images):
        return self.to_features(images.flatten(1))


def test_compare_needs_no_probabilities():
    generator = torch.Generator().manual_seed(0)
    real = torch.randint(0, 256, (200, 3, 4, 4), dtype=torch.uint8, generator=generator)
    samples = torch.rand(100, 3, 4, 4, generator=generator)
    judge = SeveralHeads()
    comparison = metrics.compare(real, samples, judge, replicates=20)
    assert list(comparison) == ["floor", "samples"]
    assert comparison.columns == ("KID", "FID-course", "density", "coverage")
    with pytest.raises(ValueError, match="one classification, `to_logits`, is needed, got Several"):
        metrics.probabilities(judge, samples)


def test_compare_measures_against_the_reference_and_shows_the_floor(judge, held_out):
    images, _ = held_out
    first, second = images[:100], images[100:200]
    sets = {"copy": first, "b": images[300:400]}
    comparison = metrics.compare(first, sets, judge, floor=second, replicates=20)
    reference = metrics.features(judge, first)
    for name, part in {"floor": second, **sets}.items():
        found, chances = metrics.judged(judge, part)
        row = {column: estimate.value for column, estimate in comparison[name].items()}
        assert row["KID"] == pytest.approx(metrics.kernel_distance(reference, found))
        assert row["FID-course"] == pytest.approx(metrics.frechet_distance(reference, found))
        expected = metrics.density_coverage(reference, found)
        assert (row["density"], row["coverage"]) == pytest.approx(expected)
        assert row["mean top probability"] == pytest.approx(chances.max(1).values.mean().item())
    # An interval ends where its measure does: of a copy, no half can be better than the whole.
    assert comparison["copy"]["FID-course"].low == 0
    assert comparison["copy"]["coverage"].high == comparison["copy"]["coverage"].value == 1
    alone = metrics.compare(first, sets["b"], judge, floor=second, replicates=20)
    assert alone["samples"] == comparison["b"]  # a row does not depend on its neighbours


def test_compare_draws_two_separate_halves_of_the_real_images(judge, held_out):
    """Were an image in both, the floor's smallest distance to the reference would be 0."""
    images, _ = held_out
    ramp = torch.linspace(-1, 1, 60).view(-1, 1, 1, 1).expand(60, 1, 28, 28)
    seen = []

    class Recorder(nn.Module):
        def features(self, images):
            seen.append(images[:, 0, 0, :2])
            return images[:, 0, :4, 0] + torch.rand(len(images), 4)

    metrics.compare(ramp, images[:30], Recorder(), replicates=5)
    assert torch.cat(seen[:2])[:, 0].unique().numel() == 60
    assert (seen[0][:, 0].diff() < 0).any()  # shuffled: data may be sorted by class


def test_compare_refuses_sets_that_do_not_fit(judge, held_out):
    images, _ = held_out
    a, b = images[:20], images[20:40]
    cases = [
        ((images, {"a": a, "b": b[:15]}), {}, r"same number of images, .* 'b': 15"),
        ((images[:39], a), {}, r"for sets of 20 samples, real holds 40 images or more .* got 39"),
        ((images, a), {"floor": b}, r"same number of images, .* got \{'real': 3000"),
        ((images, a[:11]), {}, r"12 or more, got .* 'samples': 11"),
        ((images, {}), {}, r"one set or more, none named 'floor', got \[\]"),
        ((images, {"floor": a}), {}, r"none named 'floor', got \['floor'\]"),
        ((images, a[:, :, :14]), {}, r"one shape \(C, H, W\), got .*\(1, 14, 28\)"),
        ((images, a * torch.nan), {}, "finite numbers, got NaN"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            metrics.compare(*arguments, judge, replicates=5, **options)


def test_damage_is_what_it_says(held_out):
    images, labels = held_out[0][:400], held_out[1][:400]
    before = images.clone()
    noisy = metrics.damaged(torch.zeros(400, 1, 28, 28), "noise", 0.2)
    assert noisy.std().item() == pytest.approx(0.2, rel=0.01)
    assert metrics.damaged(images, "noise", 3.0).abs().max() == 1

    point = torch.zeros(1, 1, 21, 21)
    point[..., 10, 10] = 1
    blurred = metrics.damaged(point, "blur", 1.5)[0, 0]
    assert blurred.sum().item() == pytest.approx(1)
    offsets = torch.arange(21) - 10.0
    assert (blurred.sum(0) @ offsets**2).item() == pytest.approx(1.5**2, rel=0.05)
    torch.testing.assert_close(blurred, blurred.T)
    flat = torch.full((2, 3, 5, 7), 0.3)
    torch.testing.assert_close(metrics.damaged(flat, "blur", 2.0), flat)  # no dark edges

    repeated = metrics.damaged(images, "duplicates", 50)
    kinds, counts = repeated.flatten(1).unique(dim=0, return_counts=True)
    assert repeated.shape == images.shape and len(kinds) == 50 and (counts == 8).all()
    few = metrics.damaged(images, "few", 50)
    assert torch.equal(few, repeated[:50])
    dropped = metrics.damaged(images, "dropped class", 8, labels)
    assert torch.equal(dropped, images[labels != 8])

    assert torch.equal(images, before)
    assert torch.equal(
        metrics.damaged(images, "noise", 0.2, seed=1), metrics.damaged(images, "noise", 0.2, seed=1)
    )
    assert not torch.equal(metrics.damaged(images, "few", 50, seed=1), few)
    whole = data.to_uint8(images)
    for kind, amount in (("noise", 0.1), ("blur", 1), ("few", 3), ("duplicates", 3)):
        assert metrics.damaged(whole, kind, amount).dtype == torch.float32


def test_damage_that_cannot_be_done_is_refused(held_out):
    images, labels = held_out[0][:20], held_out[1][:20]
    cases = [
        ((images, "fire", 1), "kind is one of 'noise', .*, not 'fire'"),
        ((images[0], "noise", 1), r"shape \(N, C, H, W\), got \(1, 28, 28\)"),
        ((images, "noise", 0), "the amount of noise is above 0, not 0"),
        ((images, "blur", -1.0), "the amount of blur is above 0, not -1.0"),
        ((images, "few", 21), "'few' keeps 1 to 20 of 20 images, not 21"),
        ((images, "duplicates", 2.5), "'duplicates' keeps 1 to 20 of 20 images, not 2.5"),
        ((images, "dropped class", 8), r"needs labels of shape \(20,\), got none"),
        ((images, "dropped class", 8, labels[:5]), r"got shape \(5,\)"),
        ((images, "dropped class", 11, labels), "label 11 cannot be dropped"),
        ((images, "dropped class", 3, torch.full((20,), 3)), r"dropped: the labels are \[3\]"),
    ]
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            metrics.damaged(*arguments)


def test_features_and_probabilities_leave_the_judge_as_it_was(judge, held_out):
    images, labels = held_out
    judge.train()
    before = {key: value.clone() for key, value in judge.state_dict().items()}
    features = metrics.features(judge, images[:600])
    chances = metrics.probabilities(judge, images[:600], batch=7)
    assert judge.training
    judge.eval()
    assert all(torch.equal(before[key], value) for key, value in judge.state_dict().items())
    assert features.shape == (600, 64) and features.dtype == torch.float64
    torch.testing.assert_close(chances.sum(1), torch.ones(600))
    assert (chances.argmax(1) == labels[:600]).double().mean() > 0.85


def test_closest_pair_measures_uint8_on_the_scale_of_floats(held_out):
    images = held_out[0][:50]  # float in [-1, 1]
    exact = metrics.closest_pair(images)
    assert metrics.closest_pair(data.to_uint8(images)) == pytest.approx(exact, rel=1e-6)


def test_closest_pair_finds_a_copy():
    images = torch.rand(70, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    flat = images.flatten(1).double()
    distances = torch.cdist(flat, flat) + 100 * torch.eye(70, dtype=torch.float64)
    assert metrics.closest_pair(images, chunk=16) == pytest.approx(distances.min().item())
    images[63] = images[2] + 0.001
    assert metrics.closest_pair(images, chunk=16) == pytest.approx(0.004, rel=1e-3)
    with pytest.raises(ValueError, match="two images or more"):
        metrics.closest_pair(images[:1])


@pytest.mark.slow
def test_the_report_notices_collapse(judge, held_out):
    images, _ = held_out
    good = metrics.fashion_report(images[:1000], judge)
    given = metrics.fashion_reports({"a": images[:1000]}, judge, data.fashion("train")[0])
    assert given["a"] == good
    collapsed = metrics.fashion_report(images[:1].repeat(1000, 1, 1, 1), judge)
    assert max(good["share per class"].values()) < 0.2
    assert max(collapsed["share per class"].values()) == 1
    assert collapsed["closest pair in draws of 1,000 samples"] == 0
    assert collapsed["FID-course"] > 10 * good["FID-course"]
    with pytest.raises(ValueError, match=r"2 to 10,000, the same in each set, not \[1\]"):
        metrics.fashion_report(images[:1], judge)


def test_the_report_of_a_number_that_leaves_one_image_over(judge, held_out):
    """1,001 images hold one whole draw of 1,000 for the closest pair, not a second one of one."""
    images, _ = held_out
    reports = [metrics.fashion_report(images[:n], judge) for n in (1000, 1001)]
    for name in ("samples", "test images"):
        key = f"closest pair in draws of 1,000 {name}"
        assert reports[0][key] == reports[1][key] > 0
    small = metrics.fashion_report(images[:30], judge)
    assert small["closest pair in draws of 1,000 samples"] == pytest.approx(
        metrics.closest_pair(images[:30]), abs=1e-3
    )


class Asked(torch.nn.Module):
    """A judge on a device without memory, which notes on which device its images are."""

    def __init__(self, judge):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))
        self.inside, self.devices = (judge,), set()
        for name in ("features", "to_logits", "logits", "probabilities", "attributes"):
            if name != "to_logits" and callable(getattr(judge, name, None)):
                setattr(self, name, self.noting(getattr(judge, name)))
            elif hasattr(judge, name):
                setattr(self, name, getattr(judge, name))

    def noting(self, method):
        def called(images):
            self.devices.add(images.device.type)
            return method(torch.zeros(images.shape))

        return called


def test_every_measure_works_on_its_judges_device(judge, portrait_judge):
    garments, faces = Asked(judge), Asked(portrait_judge)
    clothes, portraits = torch.zeros(12, 1, 28, 28), torch.zeros(3, 3, 64, 64)
    for found in (
        metrics.features(garments, clothes),
        metrics.probabilities(garments, clothes),
        metrics.features(faces, portraits),
        metrics.read(portraits, faces),
    ):
        assert found.device.type == "cpu"
    metrics.certainty_by("eyes", portraits, faces)
    assert garments.devices == faces.devices == {"meta"}
