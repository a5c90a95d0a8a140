"""The judge of portraits: its shape, its training, and how well the shipped one sees."""

import math

import pytest
import torch

from course_lib import data, metrics, zoo
from course_lib.models.cnn import AttributeClassifier
from course_lib.recipes import personas_cnn

VALUES = {name: len(values) for name, values in data.ATTRIBUTES.items()}


@pytest.fixture(scope="module")
def shipped():
    return zoo.load("personas-cnn")


@pytest.fixture(scope="module")
def portraits():
    images, attributes = data.personas("test")
    return images[:400], attributes[:400]


@pytest.fixture
def small():
    torch.manual_seed(0)
    return AttributeClassifier(VALUES, width=2, features=8)


# The model


def test_one_body_and_a_head_for_each_attribute(small):
    images = torch.zeros(3, 3, 64, 64)
    assert small.features(images).shape == (3, 8) and small.features(images).min() >= 0
    assert small(images).shape == (3, sum(VALUES.values()))
    logits, chances = small.eval().logits(images), small.probabilities(images)
    assert {name: part.shape[1] for name, part in logits.items()} == VALUES == small.attributes
    torch.testing.assert_close(torch.cat([*logits.values()], dim=1), small(images))
    for name, part in chances.items():
        torch.testing.assert_close(part, logits[name].softmax(dim=1))
        torch.testing.assert_close(part.sum(dim=1), torch.ones(3))


def test_layers_are_named_as_vggs_are(small):
    names = [name for name, _ in small.convolutions.named_children()]
    assert names[:7] == ["conv1_1", "norm1_1", "relu1_1", "conv1_2", "norm1_2", "relu1_2", "pool1"]
    assert len(names) == 28 and names[-1] == "pool4"
    assert small.convolutions.conv3_1.in_channels == 4
    assert small.convolutions.conv3_1.out_channels == 8
    out = small.convolutions(torch.zeros(1, 3, 64, 64))
    assert out.shape == (1, 16, 4, 4)


def test_another_shape_is_refused(small):
    with pytest.raises(ValueError, match=r"shape \(N, 3, 64, 64\), got \(1, 3, 32, 32\)"):
        small(torch.zeros(1, 3, 32, 32))


# The training


def test_what_cannot_be_seen_costs_nothing(small, portraits):
    small.eval()
    images, attributes = data.to_float(portraits[0][:60]), portraits[1][:60]
    labels, seen = personas_cnn.labels_of(attributes), data.visible(attributes)
    assert not seen.all()
    assert torch.equal(labels[seen], attributes[seen])
    assert (labels[~seen] == personas_cnn.UNSEEN).all()
    before = personas_cnn.loss_of(small, images, labels)
    chances = small.probabilities(images)
    by_hand = [
        -chances[name][seen[:, i], attributes[seen[:, i], i]].log().mean()
        for i, name in enumerate(data.ATTRIBUTES)
    ]
    torch.testing.assert_close(before, torch.stack(by_hand).mean())


def test_before_training_the_loss_is_that_of_guessing(small, portraits):
    loss = personas_cnn.loss_of(
        small.eval(), data.to_float(portraits[0]), personas_cnn.labels_of(portraits[1])
    )
    guessing = sum(map(math.log, VALUES.values())) / len(VALUES)
    assert loss.item() == pytest.approx(guessing, rel=0.1)


def test_misleading_images_are_near_and_mislead(shipped, portraits):
    images = data.to_float(portraits[0][:100])
    labels = personas_cnn.labels_of(portraits[1][:100])
    torch.manual_seed(0)
    moved = personas_cnn.misleading(shipped, images, labels, length=2.0)
    away = (moved - images).flatten(1).norm(dim=1)
    assert 0.5 < away.mean() < 2.0 and away.max() <= 3.0 and not moved.requires_grad
    assert all(weight.grad is None for weight in shipped.parameters())
    chance = torch.randn_like(images)
    chance = images + chance * (away / chance.flatten(1).norm(dim=1)).view(-1, 1, 1, 1)
    with torch.no_grad():
        clear, by_chance, misled = (
            personas_cnn.loss_of(shipped, x, labels).item() for x in (images, chance, moved)
        )
    assert misled > 1.5 * clear and misled - clear > 5 * abs(by_chance - clear)


def test_blur_keeps_the_mean_of_what_is_flat():
    flat = torch.full((1, 3, 8, 8), 0.3)
    torch.testing.assert_close(personas_cnn.blur(flat), flat)
    point = torch.zeros(1, 1, 9, 9)
    point[..., 4, 4] = 9
    blurred = personas_cnn.blur(point)
    assert blurred.sum().item() == pytest.approx(9)
    assert (blurred[..., 3:6, 3:6] == 1).all()


def test_accuracy_counts_what_can_be_seen(portraits):
    """A model that knows the answers, but guesses where nothing shows them."""
    images, attributes = portraits[0], portraits[1].clone()
    seen, names = data.visible(attributes), list(data.ATTRIBUTES)
    answers = attributes.clone()
    answers[~seen] = (answers[~seen] + 1) % 5
    tone = names.index("skin tone")
    answers[:100, tone] = torch.where(attributes[:100, tone] < 6, attributes[:100, tone] + 1, 5)
    answers[:40, tone] = (attributes[:40, tone] + 3) % 7

    class Oracle(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.position = 0

        def logits(self, part):
            rows = answers[self.position : self.position + len(part)]
            self.position += len(part)
            return {
                name: torch.nn.functional.one_hot(rows[:, i], count).float()
                for i, (name, count) in enumerate(VALUES.items())
            }

    found = personas_cnn.accuracy(Oracle(), images, attributes)
    assert all(found[name] == 1 for name in names if name != "skin tone")
    assert found["skin tone"] == pytest.approx(300 / 400)
    assert found["skin tone within one step"] == pytest.approx(360 / 400)


# The shipped judge


@pytest.mark.slow
def test_the_shipped_judge_is_as_good_as_its_card_says(shipped):
    images, attributes = data.personas("test")
    found = personas_cnn.accuracy(shipped, images, attributes)
    figures = zoo.card("personas-cnn")["figures"]
    mean = sum(found[name] for name in data.ATTRIBUTES) / 9
    assert mean >= 0.95
    assert mean == pytest.approx(figures["test accuracy"], abs=1e-3)
    for name, share in figures["test accuracy per attribute"].items():
        assert found[name] == pytest.approx(share, abs=2e-3), name
    assert found["skin tone within one step"] >= 0.99


@pytest.mark.parametrize("damage", ["noise", "blur", "shift"])
def test_it_judges_slightly_damaged_portraits_fairly(shipped, portraits, damage):
    images = data.to_float(portraits[0])
    if damage == "noise":
        chance = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
        images = (images + 0.1 * chance).clamp(-1, 1)
    elif damage == "blur":
        images = personas_cnn.blur(images)
    else:
        padded = torch.nn.functional.pad(images, (0, 2, 2, 0), mode="replicate")
        images = padded[:, :, :64, 2:]
    found = personas_cnn.accuracy(shipped, images, portraits[1])
    assert sum(found[name] for name in data.ATTRIBUTES) / 9 > 0.95


def test_its_features_measure_images(shipped, portraits):
    images = portraits[0]
    features = metrics.features(shipped, images)
    assert features.shape == (400, 128) and features.dtype == torch.float64
    chance = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    noisy = (data.to_float(images) + 0.3 * chance).clamp(-1, 1)
    floor = metrics.frechet_distance(features[:200], features[200:])
    assert metrics.frechet_distance(metrics.features(shipped, noisy[:200]), features[200:]) > floor


def test_the_file_is_small():
    assert zoo.card("personas-cnn")["size"] <= 5_000_000
