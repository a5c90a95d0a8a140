"""Lesson 02 defines what the library holds: same weights, same outputs, same training."""

import pytest
import torch
from cells import definitions
from torch.nn import functional as F

from course_lib import data, layers, metrics
from course_lib.models import cnn
from course_lib.training import seed_everything


@pytest.fixture(scope="module")
def lesson():
    return definitions("02_cnn.ipynb")


def test_the_lessons_classifier_equals_the_librarys(lesson):
    torch.manual_seed(0)
    theirs, ours = lesson.Classifier(), cnn.Classifier()
    ours.load_state_dict(theirs.state_dict())
    images = torch.rand(8, 1, 28, 28) * 2 - 1
    for mode in (True, False):
        theirs.train(mode)
        ours.train(mode)
        assert torch.equal(theirs(images), ours(images))
        assert torch.equal(theirs.features(images), ours.features(images))


def test_the_lessons_convolution_takes_any_size(lesson):
    torch.manual_seed(0)
    for height, width, k in ((5, 9, 1), (7, 4, 3), (6, 6, 4)):
        image, kernel = torch.randn(height, width), torch.randn(k, k)
        expected = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        torch.testing.assert_close(lesson.convolve(image, kernel), expected)
        for stride in (1, 2, 3):
            expected = F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride)
            torch.testing.assert_close(lesson.stamp(image, kernel, stride), expected[0, 0])


def test_the_lessons_fused_kernel_equals_the_librarys(lesson):
    weight = torch.randn(5, 3, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(lesson.summed(weight), layers.upsample_kernel(weight))


def test_the_lessons_measures_equal_the_librarys(lesson):
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 300, 6, generator=generator, dtype=torch.float64)
    b = 1.3 * b + 0.2
    assert lesson.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(a, b))
    assert lesson.kernel_distance(a, b) == pytest.approx(metrics.kernel_distance(a, b))
    assert lesson.density_coverage(a, b) == pytest.approx(metrics.density_coverage(a, b))


def test_the_lessons_step_trains_and_stays_on_its_device(lesson, monkeypatch):
    seed_everything(0)
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (32,))
    model = cnn.Classifier(width=4)
    before = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    step = lesson.make_step(model, data.batches(images, labels, size=16), steps=10)
    values = [step(i) for i in range(10)]
    assert values[0]["loss"].item() == pytest.approx(2.30, abs=0.4)
    assert values[-1]["loss"] < values[0]["loss"] and 0 <= values[0]["accuracy"] <= 1
    assert not torch.equal(before, torch.cat([w.detach().flatten() for w in model.parameters()]))

    adam = torch.optim.AdamW  # PyTorch's "meta" device refuses to mix; it has no fused kernel
    monkeypatch.setattr(torch.optim, "AdamW", lambda *a, fused=None, **options: adam(*a, **options))
    batches = data.batches(images, labels, size=16, device="meta")
    values = lesson.make_step(cnn.Classifier(width=4).to("meta"), batches, steps=10)(0)
    assert {value.device.type for value in values.values()} == {"meta"}
