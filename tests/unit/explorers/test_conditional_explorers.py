"""The explorers of lesson 05: class and idea are chosen apart, and the picture shows both."""

import math

import numpy as np
import pytest
import torch
from looking import pixels, shown
from PIL import Image

from course_lib import data, explorers, figures, metrics, zoo
from course_lib.explorers.conditional import FIRST_SEED
from course_lib.models.cgan import Generator
from course_lib.models.cnn import Classifier
from course_lib.sampling import latents

NAMES = data.FASHION_CLASSES


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    generator = Generator(z_dim=6, width=4)
    for weight in generator.parameters():  # an untrained one draws nothing but grey
        weight.data *= 8
    generator(torch.randn(64, 6), torch.arange(64) % 10)  # running statistics
    return generator


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    return Classifier(width=2)


@pytest.fixture
def chooser(generator, judge):
    return explorers.class_menu(generator, judge, NAMES, count=2)


@pytest.fixture
def ten(generator):
    return explorers.all_classes(generator, NAMES, count=2)


@pytest.fixture
def way(generator):
    return explorers.class_interpolation(generator, NAMES)


@pytest.fixture
def sheet(generator, tmp_path):
    return explorers.variations(generator, NAMES, folder=tmp_path)


def drawn(generator, z, labels):
    """Return the generator's images in eval mode."""
    generator.eval()
    with torch.no_grad():
        return generator(z, labels)


def test_the_menu_chooses_the_class(chooser, generator, judge):
    before = pixels(chooser)
    chooser.label.value, chooser.latents.seed.value = 8, 5
    picture = pixels(chooser)
    assert (picture != before).any()
    image = drawn(generator, latents(1, 6, 5), torch.tensor([8]))
    shown(picture, 4, 30, image[0], 252)
    judge.eval()
    with torch.no_grad():
        chances = judge(image).softmax(dim=1)[0]
    seen = NAMES[int(chances.argmax())]
    assert "Asked for: bag, seed 5, truncation 1.00." in chooser.text.value
    assert (
        f"The judge sees: {seen}, with a probability of {chances.max():.0%}" in chooser.text.value
    )
    chooser.latents.steps[1].value = -2.0
    assert "direction 2 by -2.0" in chooser.text.value


def test_all_classes_share_one_z(ten, generator):
    ten.latents.seed.value, ten.latents.truncation.value = 3, 0.5
    ten.latents.steps[1].value = 2.0  # as long as it says, whatever the truncation
    z = 0.5 * latents(1, 6, 3) + 2 * ten.latents.directions[1]
    images = drawn(generator, z.repeat(10, 1), torch.arange(10))
    picture = pixels(ten)
    for label in (0, 4, 5, 9):
        row, column = divmod(label, 5)
        shown(picture, 2 + 122 * column, 22 + 140 * row, images[label], 112)
    assert "One idea, 10 garments: seed 3, truncation 0.50, direction 2 by" in ten.text.value


def test_the_way_leads_from_class_to_class(way, generator):
    way.label_a.value, way.label_b.value, way.seed.value = 7, 9, 2
    for share, label in ((0.0, 7), (1.0, 9)):
        way.between.value = share
        image = drawn(generator, latents(1, 6, 2), torch.tensor([label]))
        shown(pixels(way), (way.WIDTH - way.LARGE) // 2, 8, image[0], 196)
    picture = pixels(way)
    for index, label in ((0, 7), (8, 9)):
        image = drawn(generator, latents(1, 6, 2), torch.tensor([label]))
        shown(picture, way.LEFT + index * way.STEP, way.STRIP, image[0], 56)
    way.between.value = 0.5
    assert "50% sneaker and 50% ankle boot, seed 2" in way.text.value
    weights = way.mixtures(torch.tensor([0.25]))
    assert weights[0, [7, 9]].tolist() == [0.75, 0.25] and weights.sum() == 1


def test_the_sheet_has_the_chosen_one_in_its_middle(sheet, generator):
    sheet.label.value, sheet.seed.value = 3, 4
    image = drawn(generator, latents(1, 6, 4), torch.tensor([3]))
    middle = 2 + 2 * sheet.STEP
    shown(pixels(sheet), middle, middle, image[0], 84)
    assert "Dress, seed 4" in sheet.text.value and "differ by 50%" in sheet.text.value
    sheet.spread.value = 0.0
    assert (sheet.z() == sheet.z()[0]).all()


def test_variations_keep_the_distribution_of_z(sheet):
    for spread in (0.3, 1.0):
        sheet.spread.value, values = spread, []
        for seed in range(60):
            sheet.seed.value = sheet.others.value = seed
            values.append(sheet.z()[[0, 24]])
        z = torch.cat(values)
        assert z.std().item() == pytest.approx(1, abs=0.06)
        chosen = torch.cat([latents(1, 6, seed).repeat(2, 1) for seed in range(60)])
        likeness = (z * chosen).mean() / chosen.square().mean()
        assert likeness.item() == pytest.approx(math.sqrt(1 - spread**2), abs=0.1)


def test_the_button_saves_the_sheet(sheet, tmp_path):
    sheet.label.value = 9
    first, second = sheet.save(), sheet.save()
    assert first.name == "sheet-ankle-boot-001.png" and second.name == "sheet-ankle-boot-002.png"
    assert first.parent == tmp_path and str(second) in sheet.saved.value
    with Image.open(first) as image:
        expected = figures.tile(sheet.sheet(), columns=5, scale=4)
        assert image.format == "PNG" and (np.asarray(image) == expected).all()


def test_what_does_not_fit_is_refused(generator, judge):
    with pytest.raises(ValueError, match="a name for each of 10 classes, got 9"):
        explorers.all_classes(generator, NAMES[:9])
    with pytest.raises(ValueError, match="got Classifier without z_dim, classes"):
        explorers.variations(judge, NAMES)


def test_the_first_garments_are_bright_and_of_their_classes():
    """What a reader sees before any slider moves; seed 3 was as clean, and nearly black."""
    shipped, classes = zoo.load("cgan-fashion"), torch.arange(10)
    z = latents(1, shipped.z_dim, FIRST_SEED).repeat(10, 1)
    images = drawn(shipped, z, classes)
    seen = metrics.probabilities(zoo.load("fashion-cnn"), images)
    assert seen.argmax(dim=1).tolist() == classes.tolist()
    assert images[0].mean() > -0.4  # the T-shirt: -0.21 here, -0.73 with seed 3
