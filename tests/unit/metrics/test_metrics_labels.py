"""Agreement and coverage per class: on judges whose opinion is known."""

import pytest
import torch
from torch import nn

from course_lib import data, metrics, zoo


class Reader(nn.Module):
    """A judge that reads the class from the first pixel; its features are the pixels."""

    def __init__(self, classes=3):
        super().__init__()
        self.classes = classes

    def features(self, images):
        return images.flatten(1)

    def to_logits(self, features):
        seen = features[:, 0].long().clamp(0, self.classes - 1)
        return 50.0 * nn.functional.one_hot(seen, self.classes).float()


def images_of(classes):
    images = torch.rand(len(classes), 1, 2, 2, generator=torch.Generator().manual_seed(0))
    images[:, 0, 0, 0] = torch.tensor(classes).float()
    return images


def test_confusion_counts_what_was_asked_by_what_is_seen():
    asked, seen = torch.tensor([0, 0, 0, 1, 2, 2]), [0, 1, 1, 1, 0, 2]
    matrix = metrics.confusion(Reader(), images_of(seen), asked)
    assert matrix.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 1]]
    share, per_class = metrics.agreement(matrix)
    assert share == pytest.approx(3 / 6)
    assert per_class.tolist() == pytest.approx([1 / 3, 1, 1 / 2])


def test_agreement_on_real_images_is_the_judges_accuracy():
    judge = zoo.load("fashion-cnn")
    images, labels = (part[:1000] for part in data.fashion("test"))
    share, _ = metrics.agreement(metrics.confusion(judge, images, labels))
    right = metrics.probabilities(judge, images).argmax(dim=1) == labels
    assert share == pytest.approx(right.double().mean().item())


def test_coverage_per_class_looks_at_each_class_alone():
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(60, 1, 2, 2, generator=generator)
    labels = torch.arange(60) % 3
    fake = real.clone()
    fake[labels == 1] = real[labels == 1][:1]  # one image again and again
    fake[labels == 2] += 100
    found = metrics.coverage_per_class(Reader(), real, labels, fake, labels)
    assert found[0] == 1 and 0 < found[1] < 0.8 and found[2] == 0
    # In other hands the same images cover nothing: class 0 is far from class 2's fakes.
    swapped = metrics.coverage_per_class(Reader(), real, labels, fake, 2 - labels)
    assert swapped[0] == 0


def test_labels_that_do_not_fit_are_refused():
    images = images_of([0, 1])
    for wrong in (torch.tensor([0]), torch.tensor([0.0, 1.0]), torch.tensor([[0], [1]])):
        with pytest.raises(ValueError, match=r"labels are int64 \(2,\), one for each image, got"):
            metrics.confusion(Reader(), images, wrong)
        with pytest.raises(ValueError, match=r"labels are int64 \(2,\), one for each image, got"):
            metrics.coverage_per_class(Reader(), images, wrong, images, torch.tensor([0, 1]))


@pytest.mark.slow
def test_the_report_holds_what_a_card_needs():
    images, labels = (part[:600] for part in data.fashion("train"))
    report = metrics.conditional_fashion_report(
        data.to_float(images), labels, judge=zoo.load("fashion-cnn")
    )
    # The training images are their own measure here.
    assert report["coverage per class"] == report["coverage per class of training images"]
    assert report["agreement of the judge with the label"] > 0.9
    assert report["agreement on test images"] >= 0.92
    assert set(report["agreement per class"]) == set(data.FASHION_CLASSES)
    assert {"FID-course", "share per class", "mean top probability"} <= set(report)
