"""Does a conditional generator draw what it was told to, and all of it?"""

import torch
from torch import nn

from course_lib.data import FASHION_CLASSES, fashion
from course_lib.metrics.distances import density_coverage
from course_lib.metrics.judge import features, probabilities
from course_lib.metrics.reports.fashion import fashion_report


def confusion(judge: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return counts, int64 (classes, classes): what was asked for, by what the judge sees.

    Args:
        judge: tells probabilities of one classification.
        images: (N, C, H, W), float in [-1, 1] or uint8.
        labels: int64 (N,), the class that each image was asked to be.

    Raises:
        ValueError: a label for each image is wanted, or the judge tells no probabilities.
    """
    _check(images, labels)
    chances = probabilities(judge, images)
    classes = chances.shape[1]
    pairs = classes * labels + chances.argmax(dim=1)
    return pairs.bincount(minlength=classes**2).view(classes, classes)


def agreement(matrix: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Return the share of images on which judge and label agree, in all and per class (classes,).

    Args:
        matrix: counts as `confusion` returns them; a class without images has nan.
    """
    right = matrix.diag().double()
    return (right.sum() / matrix.sum()).item(), right / matrix.sum(dim=1)


def coverage_per_class(
    judge: nn.Module,
    real: torch.Tensor,
    real_labels: torch.Tensor,
    fake: torch.Tensor,
    fake_labels: torch.Tensor,
) -> torch.Tensor:
    """Return, per class, the coverage (k = 5) of its real images by its fakes, float64 (classes,).

    A generator that draws one perfect coat agrees with its label always and covers hardly any of
    the real coats. See `density_coverage`; coverage depends on the numbers of images in a class.

    Args:
        judge: whose features are measured.
        real, fake: (N, C, H, W) and (M, C, H, W), float in [-1, 1] or uint8.
        real_labels, fake_labels: int64 (N,) and (M,), classes 0 to the largest in `real_labels`,
            each with more than 5 real images and 2 fakes or more.

    Raises:
        ValueError: a label for each image is wanted, or a class has too few images.
    """
    _check(real, real_labels)
    _check(fake, fake_labels)
    found = features(judge, real), features(judge, fake)
    return torch.tensor(
        [
            density_coverage(found[0][real_labels == label], found[1][fake_labels == label])[1]
            for label in range(int(real_labels.max()) + 1)
        ],
        dtype=torch.float64,
    )


def conditional_fashion_report(
    samples: torch.Tensor, labels: torch.Tensor, judge: nn.Module
) -> dict:
    """Return the figures of a conditional generator's card: those of `fashion_report`, and more.

    Agreement of the judge with the label, in all and per class, beside its own accuracy on real
    test images; and the coverage of each class's test images, beside that by as many training
    images.

    Args:
        samples: float (N, 1, 28, 28) in [-1, 1], 10,000 throughout the course.
        labels: int64 (N,), the classes asked for.
        judge: the course's Fashion-MNIST classifier.
    """
    test, training = fashion("test"), fashion("train")
    n = len(samples)
    sets = {"samples": (samples, labels), "test images": test}
    shares = {name: agreement(confusion(judge, *pair)) for name, pair in sets.items()}
    covered = {
        "samples": coverage_per_class(judge, *test, samples, labels),
        "training images": coverage_per_class(judge, *test, training[0][:n], training[1][:n]),
    }
    return {
        "agreement of the judge with the label": round(shares["samples"][0], 4),
        "agreement on test images": round(shares["test images"][0], 4),
        "agreement per class": by_name(shares["samples"][1]),
        "agreement per class on test images": by_name(shares["test images"][1]),
        "coverage per class": by_name(covered["samples"]),
        "coverage per class of training images": by_name(covered["training images"]),
        **fashion_report(samples, judge),
    }


def by_name(values: torch.Tensor) -> dict[str, float]:
    """Return figures of the ten classes (10,) by the classes' names, to three digits."""
    pairs = zip(FASHION_CLASSES, values.tolist(), strict=True)
    return {name: round(value, 3) for name, value in pairs}


def _check(images: torch.Tensor, labels: torch.Tensor) -> None:
    if labels.dtype != torch.int64 or labels.shape != (len(images),):
        raise ValueError(
            f"labels are int64 ({len(images)},), one for each image, "
            f"got {str(labels.dtype).removeprefix('torch.')} {tuple(labels.shape)}"
        )
