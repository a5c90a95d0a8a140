"""The figures in the cards of the models that draw Fashion-MNIST."""

from collections.abc import Mapping

import torch
from torch import nn

from course_lib.data import FASHION_CLASSES, fashion, to_float
from course_lib.metrics.distances import frechet_distance
from course_lib.metrics.judge import features, judged


def closest_pair(images: torch.Tensor, chunk: int = 500) -> float:
    """Return the smallest Euclidean distance in pixels between two of the images (N, C, H, W).

    Images are float in [-1, 1] or uint8; the distance is on the scale of the former. A generator
    that repeats itself gives a value near 0. Memory grows as chunk · N.
    """
    if len(images) < 2:
        raise ValueError("a pair needs two images or more")
    images = to_float(images) if images.dtype == torch.uint8 else images
    flat, smallest = images.flatten(1).double(), float("inf")
    for first in range(0, len(flat), chunk):
        distances = torch.cdist(flat[first : first + chunk], flat)
        rows = torch.arange(len(distances))
        distances[rows, first + rows] = float("inf")
        smallest = min(smallest, distances.min().item())
    return smallest


def _draws(images: torch.Tensor, size: int = 1000) -> list[torch.Tensor]:
    """Return the whole draws of `size` images, or all images where they do not fill one."""
    whole = len(images) // size * size
    return list(images[:whole].split(size)) if whole else [images]


def fashion_report(samples: torch.Tensor, judge: nn.Module) -> dict:
    """Return the figures of one set of samples; see `fashion_reports`."""
    return fashion_reports({"samples": samples}, judge)["samples"]


def fashion_reports(
    sets: Mapping[str, torch.Tensor], judge: nn.Module, training: torch.Tensor | None = None
) -> dict[str, dict]:
    """Return the figures by which the course judges generated Fashion-MNIST images.

    Args:
        sets: name -> samples (N, 1, 28, 28), float in [-1, 1] or uint8, which takes a quarter of
            the memory, the same N for all; measured against as many test images, at most 10,000.
            Figures are comparable only at the same N: 10,000 throughout the course.
        judge: the course's Fashion-MNIST classifier.
        training: the training images, for the floor, where they are at hand; they are decoded
            anew otherwise, which needs 80 MB for a moment.

    Returns:
        Per set: FID-course against test images and, as the floor, that of as many training
        images; the judge's mean top probability; the share of each class in its opinion; the
        smallest pixel distance between two of 1,000 samples and of 1,000 test images, over as
        many whole draws of 1,000 as there are (one draw says little: among test images alone it
        varies from 2.9 to 4.4), or between two of all where there are fewer.

    Raises:
        ValueError: fewer than 2 or more than 10,000 samples, or sets of different sizes.
    """
    sizes = {len(samples) for samples in sets.values()}
    if len(sizes) != 1 or not 2 <= min(sizes) <= 10_000:
        raise ValueError(f"samples number 2 to 10,000, the same in each set, not {sorted(sizes)}")
    (n,) = sizes
    held_out = fashion("test")[0][:n]
    reference = features(judge, held_out)
    training = fashion("train")[0] if training is None else training
    floor = frechet_distance(features(judge, training[:n]), reference)
    del training
    closest = min(closest_pair(draw) for draw in _draws(held_out))
    reports = {}
    for name, samples in sets.items():
        found, chances = judged(judge, samples)
        assert chances is not None  # "fashion-cnn" tells them
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
                min(closest_pair(draw) for draw in _draws(samples)), 3
            ),
            "closest pair in draws of 1,000 test images": round(closest, 3),
        }
    return reports
