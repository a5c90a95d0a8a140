"""The measures, against closed forms, against torchmetrics, and on known damage."""

import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from course_lib import data, metrics, zoo


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
    with pytest.raises(ValueError, match=r"got \(50, 5\) and \(50, 4\)"):
        metrics.frechet_distance(a, a[:, :4])
    with pytest.raises(ValueError, match="two rows or more"):
        metrics.frechet_distance(a, b[:1])


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


@pytest.fixture(scope="module")
def judge():
    return zoo.load("fashion-cnn")


@pytest.fixture(scope="module")
def held_out():
    images, labels = data.fashion("test")
    return data.to_float(images[:3000]), labels[:3000]


def test_fid_course_grows_with_damage(judge, held_out):
    images, labels = held_out
    reference = data.to_float(data.fashion("train")[0][:3000])
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(images.shape, generator=generator)
    floor = metrics.fid_course(judge, reference, images)
    little = metrics.fid_course(judge, reference, (images + 0.1 * noise).clamp(-1, 1))
    much = metrics.fid_course(judge, reference, (images + 0.4 * noise).clamp(-1, 1))
    blurred = metrics.fid_course(judge, reference, nn.functional.avg_pool2d(images, 3, 1, 1))
    dropped = metrics.fid_course(judge, reference, images[labels != 8])
    assert floor < little < much
    assert blurred > 2 * floor and dropped > 2 * floor


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


def test_closest_pair_finds_a_copy():
    images = torch.rand(70, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    flat = images.flatten(1).double()
    distances = torch.cdist(flat, flat) + 100 * torch.eye(70, dtype=torch.float64)
    assert metrics.closest_pair(images, chunk=16) == pytest.approx(distances.min().item())
    images[63] = images[2] + 0.001
    assert metrics.closest_pair(images, chunk=16) == pytest.approx(0.004, rel=1e-3)
    with pytest.raises(ValueError, match="two images or more"):
        metrics.closest_pair(images[:1])


def test_the_report_notices_collapse(judge, held_out):
    images, _ = held_out
    good = metrics.fashion_report(images[:1000], judge)
    collapsed = metrics.fashion_report(images[:1].repeat(1000, 1, 1, 1), judge)
    assert max(good["share per class"].values()) < 0.2
    assert max(collapsed["share per class"].values()) == 1
    assert collapsed["closest pair in draws of 1,000 samples"] == 0
    assert collapsed["FID-course"] > 10 * good["FID-course"]
    with pytest.raises(ValueError, match=r"2 to 10,000, the same in each set, not \[1\]"):
        metrics.fashion_report(images[:1], judge)
