"""Measuring generated images in the feature space of the course's own classifier, the judge.

The Fréchet distance in this space is called FID-course. It must never be compared with the FID of
the literature, which uses the features of another network.
"""

from collections.abc import Mapping

import torch
from torch import nn

from course_lib.data import FASHION_CLASSES, fashion, to_float
from course_lib.training import evaluating


def features(judge: nn.Module, images: torch.Tensor, batch: int = 100) -> torch.Tensor:
    """Return the judge's features, float64 (N, F), of images (N, C, H, W).

    Images are float in [-1, 1] or uint8, which are converted batch by batch to spare memory.
    """
    return judged(judge, images, batch)[0]


def probabilities(judge: nn.Module, images: torch.Tensor, batch: int = 100) -> torch.Tensor:
    """Return the judge's class probabilities (N, classes) of images as `features` takes them."""
    return judged(judge, images, batch)[1]


def judged(
    judge: nn.Module, images: torch.Tensor, batch: int = 100
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features, float64 (N, F), and class probabilities (N, classes), in one pass."""
    found, chances = [], []
    with evaluating(judge):
        for part in images.split(batch):
            found.append(judge.features(to_float(part) if part.dtype == torch.uint8 else part))
            chances.append(judge.to_logits(found[-1]).softmax(dim=1))
    return torch.cat(found).double(), torch.cat(chances)


def frechet_distance(features_a: torch.Tensor, features_b: torch.Tensor) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), Heusel et al. 2017, equation 6; features (N, F) and
    (M, F), covariances unbiased. The trace of the root is the sum of the roots of the eigenvalues
    of Σ₁^½ Σ₂ Σ₁^½, which is symmetric, so that nothing complex arises.

    Raises:
        ValueError: shapes do not fit, or a set has fewer than two rows.
    """
    if features_a.ndim != 2 or features_b.ndim != 2 or features_a.shape[1] != features_b.shape[1]:
        raise ValueError(
            f"features have shapes (N, F) and (M, F), got {tuple(features_a.shape)} "
            f"and {tuple(features_b.shape)}"
        )
    if min(len(features_a), len(features_b)) < 2:
        raise ValueError("a covariance needs two rows or more")
    a, b = features_a.double(), features_b.double()
    difference = a.mean(0) - b.mean(0)
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(cov_a)
    root_a = vectors * values.clamp(min=0).sqrt() @ vectors.T
    product = torch.linalg.eigvalsh(root_a @ cov_b @ root_a).clamp(min=0)
    trace = cov_a.trace() + cov_b.trace() - 2 * product.sqrt().sum()
    return float((difference @ difference + trace).clamp(min=0))


def fid_course(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> float:
    """Return FID-course between two sets of images, as `features` takes them."""
    return frechet_distance(features(judge, real), features(judge, fake))


def closest_pair(images: torch.Tensor, chunk: int = 500) -> float:
    """Return the smallest Euclidean distance in pixels between two of the images (N, C, H, W).

    A generator that repeats itself gives a value near 0. Memory grows as chunk · N.
    """
    if len(images) < 2:
        raise ValueError("a pair needs two images or more")
    flat, smallest = images.flatten(1).double(), float("inf")
    for first in range(0, len(flat), chunk):
        distances = torch.cdist(flat[first : first + chunk], flat)
        rows = torch.arange(len(distances))
        distances[rows, first + rows] = float("inf")
        smallest = min(smallest, distances.min().item())
    return smallest


def fashion_report(samples: torch.Tensor, judge: nn.Module) -> dict:
    """Return the figures of one set of samples; see `fashion_reports`."""
    return fashion_reports({"samples": samples}, judge)["samples"]


def fashion_reports(sets: Mapping[str, torch.Tensor], judge: nn.Module) -> dict[str, dict]:
    """Return the figures by which the course judges generated Fashion-MNIST images.

    Args:
        sets: name -> samples, float (N, 1, 28, 28) in [-1, 1], the same N for all; measured
            against as many test images, at most 10,000. Figures are comparable only at the same
            N: 10,000 throughout the course.
        judge: the course's Fashion-MNIST classifier.

    Returns:
        Per set: FID-course against test images and, as the floor, that of as many training
        images; the judge's mean top probability; the share of each class in its opinion; the
        smallest pixel distance between two of 1,000 samples and of 1,000 test images, over as
        many draws of 1,000 as there are (one draw says little: among test images alone it varies
        from 2.9 to 4.4).

    Raises:
        ValueError: fewer than 2 or more than 10,000 samples, or sets of different sizes.
    """
    sizes = {len(samples) for samples in sets.values()}
    if len(sizes) != 1 or not 2 <= min(sizes) <= 10_000:
        raise ValueError(f"samples number 2 to 10,000, the same in each set, not {sorted(sizes)}")
    (n,) = sizes
    held_out = fashion("test")[0][:n]
    reference = features(judge, held_out)
    # A copy of the part that is needed lets the rest of the 47 MB go.
    training_images = fashion("train")[0][:n].clone()
    floor = frechet_distance(features(judge, training_images), reference)
    closest = min(closest_pair(to_float(draw)) for draw in held_out.split(1000))
    reports = {}
    for name, samples in sets.items():
        found, chances = judged(judge, samples)
        shares = chances.argmax(dim=1).bincount(minlength=len(FASHION_CLASSES)) / n
        reports[name] = {
            "FID-course": round(frechet_distance(found, reference), 2),
            "FID-course of training images (the floor)": round(floor, 2),
            "mean top probability": round(chances.max(dim=1).values.mean().item(), 3),
            "share per class": {
                label: round(share.item(), 3)
                for label, share in zip(FASHION_CLASSES, shares, strict=True)
            },
            "closest pair in draws of 1,000 samples": round(
                min(closest_pair(draw) for draw in samples.split(1000)), 3
            ),
            "closest pair in draws of 1,000 test images": round(closest, 3),
        }
    return reports
