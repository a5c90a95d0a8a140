"""Lesson 00's strip: each picture shows what its name says."""

import torch

from course_lib import zoo
from course_lib.studio import gallery


def test_the_copies_are_of_the_photographs_and_the_classes_are_told_apart():
    best = gallery.best_of_each_unit()
    assert sorted(best) == [*best], "in the order of the lessons"
    assert all(images.min() >= -1 and images.max() <= 1 for images in best.values())
    photos, copies = next(iter(best.values())).split(2)
    crossed = (photos - copies.flip(0)).square().mean()
    assert (photos - copies).square().mean() < crossed / 4
    garments = next(images for name, images in best.items() if name.startswith("05"))
    with torch.no_grad():
        seen = zoo.load("fashion-cnn")(garments).argmax(dim=1)
    assert seen.tolist() == [0, 3, 8, 9]
