"""The explorers of lesson 03: map, code and way between images say and show what the VAE does."""

import math

import numpy as np
import pytest
import torch
from looking import pixels, shown
from torch import nn

from course_lib import data, explorers, losses
from course_lib.explorers.networks import decoded, encoded
from course_lib.explorers.vae_code import COLLAPSED
from course_lib.explorers.vae_plane import COLOURS, MARKS, apart
from course_lib.models.vae import VAE


class StandIn(nn.Module):
    """A VAE as small as can be: projections on fixed patterns, one dimension of them collapsed."""

    def __init__(self, z_dim=4, seed=0, dead=()):
        super().__init__()
        self.z_dim = z_dim
        self.encoder = Projection(z_dim, seed, dead)
        self.decoder = Patterns(z_dim, seed, dead)


class Projection(nn.Module):
    def __init__(self, z_dim, seed, dead):
        super().__init__()
        patterns = torch.randn(z_dim, 784, generator=torch.Generator().manual_seed(seed)) / 28
        patterns *= torch.linspace(0.6, 1.4, z_dim)[:, None]
        alive = torch.ones(z_dim)
        alive[list(dead)] = 0
        self.patterns = nn.Parameter(patterns * alive[:, None])
        self.logvar = nn.Parameter(torch.where(alive > 0, -2.0, 0.0))

    def forward(self, images):
        return images.flatten(1) @ self.patterns.T / 3, self.logvar.expand(len(images), -1)


class Patterns(nn.Module):
    def __init__(self, z_dim, seed, dead):
        super().__init__()
        self.z_dim = z_dim
        patterns = torch.randn(z_dim, 784, generator=torch.Generator().manual_seed(seed + 1))
        patterns[list(dead)] = 0
        self.patterns = nn.Parameter(patterns)

    def forward(self, z):
        return (0.3 * z @ self.patterns).tanh().view(-1, 1, 28, 28)


@pytest.fixture(scope="module")
def garments():
    return tuple(part[:40] for part in data.fashion("test"))


@pytest.fixture(scope="module")
def names(garments):
    return [data.FASHION_CLASSES[label] for label in garments[1]]


@pytest.fixture
def plane(garments):
    return explorers.latent_map(StandIn(2), *garments, data.FASHION_CLASSES)


@pytest.fixture
def coder(garments, names):
    models = {10: StandIn(16, 2, dead=(3, 5)), 1: StandIn(16, 1, dead=(7,)), 0.1: StandIn(16, 0)}
    return explorers.autoencoder(models, garments[0], names)


@pytest.fixture
def way(garments, names):
    return explorers.interpolation(StandIn(4), garments[0], names)


@pytest.mark.parametrize("as_float", [False, True])
def test_they_work_with_the_courses_vae(garments, as_float):
    images, labels = garments
    images = data.to_float(images) if as_float else images
    coders = {beta: VAE(z_dim=16, width=4) for beta in (1, 10)}
    made = [
        explorers.latent_map(VAE(z_dim=2, width=4), images, labels, data.FASHION_CLASSES),
        explorers.autoencoder(coders, images),
        explorers.interpolation(coders[1], images),
    ]
    made[0].up.value, made[1].steps[2].value, made[2].between.value = 2.0, 2.0, 0.25
    for explorer in made:
        pixels(explorer)


def test_codes_do_not_depend_on_the_batch(garments):
    vae, images = VAE(z_dim=3, width=4), data.to_float(garments[0])
    for whole, parts in zip(encoded(vae, images), encoded(vae, images, batch=7), strict=True):
        torch.testing.assert_close(whole, parts)


# The map


def test_the_map_tells_the_nearest_code(plane, garments):
    mu, _ = encoded(plane.vae, data.to_float(garments[0]))
    for x, y in ((0.5, -1.0), (-2.0, 2.0)):
        plane.across.value, plane.up.value = x, y
        distances = [math.dist((x, y), code) for code in mu.tolist()]
        nearest = int(np.argmin(distances))
        name = data.FASHION_CLASSES[garments[1][nearest]]
        text = plane.text.value
        assert f"z = ({x:.2f}, {y:.2f})" in text and "of 40 codes" in text
        assert f"image {nearest} ({name}), {distances[nearest]:.2f} away" in text


def test_the_map_shows_the_decoded_point_and_the_nearest_image(plane, garments):
    plane.across.value, plane.up.value = 1.0, -0.5
    number, _ = plane.nearest()
    expected = decoded(plane.vae, torch.tensor([[1.0, -0.5]]))[0]
    shown(pixels(plane), plane.RIGHT, plane.TOP, expected, 168)
    shown(pixels(plane), plane.RIGHT, 230, data.to_float(garments[0][number]), 84)


def test_the_cross_stands_at_the_sliders(plane):
    plane.across.value, plane.up.value = plane.across.max / 2, -plane.up.max / 2
    picture = pixels(plane)
    column, row = plane.LEFT + 315, plane.TOP + 315
    assert (picture[plane.TOP + 5, column] == 0).all() and (picture[row, plane.LEFT + 5] == 0).all()


def test_the_cross_crosses_out_no_number(plane):
    places = plane._numbers
    assert len(places) == 10
    number = places[0]
    limits = plane.plot.xlim[1] * (2 * (number - (plane.LEFT, plane.TOP)) / plane.MAP - 1)
    plane.across.value, plane.up.value = plane.across.max, plane.up.max
    x, y = number.round().astype(int)
    before = pixels(plane)[y - 6 : y + 7, x - 6 : x + 7]
    for control, value in ((plane.across, limits[0]), (plane.up, -limits[1])):
        control.value = value  # a line runs through the number
        assert (pixels(plane)[y - 6 : y + 7, x - 6 : x + 7] == before).all()
        control.value = control.max


def test_the_map_can_show_decoded_pictures(plane):
    drawn = plane.picture.value
    plane.view.value = plane.VIEWS[1]
    assert plane.picture.value != drawn
    limit, step = plane.across.max, 2 * plane.across.max / plane.TILES
    z = torch.tensor([[-limit + step / 2, limit - step / 2]])  # the corner at the top left
    shown(pixels(plane), plane.LEFT, plane.TOP, decoded(plane.vae, z)[0], 28)
    z = torch.tensor([[-limit + step / 2, -limit + step / 2]])
    below = plane.TOP + plane.MAP - 28
    shown(pixels(plane), plane.LEFT, below, decoded(plane.vae, z)[0], 28)


def test_marks_tell_ten_classes_apart_without_colour():
    assert len(set(MARKS)) == len(MARKS) == 10
    assert len({COLOURS[label % len(COLOURS)] for label in range(7)}) == 7


def test_codes_far_out_do_not_shrink_the_map(garments):
    vae = StandIn(2)
    images = data.to_float(garments[0]).repeat(10, 1, 1, 1)
    images[0] *= 100
    explorer = explorers.latent_map(vae, images, garments[1].repeat(10), data.FASHION_CLASSES)
    mu, _ = encoded(vae, images)
    assert mu[0].abs().max() > explorer.across.max
    outside = int((mu.abs() > explorer.across.max).any(dim=1).sum())
    assert f"{outside} codes lie outside the map" in explorer.text.value


def test_numbers_on_the_map_do_not_cover_each_other():
    points = np.random.default_rng(0).uniform(0, 60, (10, 2))
    points[1] = points[0]
    moved = apart(points, 19)
    distances = np.hypot(*(moved[:, None] - moved[None]).transpose(2, 0, 1))
    assert distances[~np.eye(10, dtype=bool)].min() >= 18
    assert np.abs(moved - points).max() < 60  # and stay near: two in one place flew off the map
    far = np.array([[0.0, 0.0], [50.0, 0.0]])
    assert (apart(far, 19) == far).all()


def test_a_map_refuses_bad_input(garments):
    images, labels = garments
    classes, vae = data.FASHION_CLASSES, StandIn(2)
    for arguments, message in [
        ((StandIn(3), images, labels, classes), "expected z_dim 2, got 3"),
        ((vae, images[:0], labels[:0], classes), "one image or more"),
        ((vae, images, labels[:5], classes), "a label for each of 40 images, got 5"),
        ((vae, images, labels, classes[:4]), r"labels are 0 to 3, .* got 0 to 9"),
        ((vae, images, labels, (*classes, "hat")), "1 to 10 classes, got 11"),
        ((vae, images, labels, ()), "1 to 10 classes, got 0"),
        ((nn.Flatten(), images, labels, classes), "without encoder, decoder, z_dim"),
    ]:
        with pytest.raises(ValueError, match=message):
            explorers.latent_map(*arguments)


# The code


def test_dimensions_are_ordered_by_kl_and_the_collapsed_are_marked(coder):
    assert coder.beta.value == 1
    kl = losses.kl_per_dimension(*encoded(coder.models[1], coder.images))
    assert kl[7] < COLLAPSED
    order = kl.argsort(descending=True).tolist()
    labels = [f"z[{d}]: {kl[d]:.2f} nats" for d in order[:-1]] + ["z[7]: collapsed"]
    assert [step.description for step in coder.steps] == labels
    assert "Collapsed: 1 of 16 dimensions" in coder.text.value


def test_the_start_is_the_images_own_code(coder):
    coder.image.value = 6
    mu, _ = encoded(coder.models[1], coder.images[6:7])
    torch.testing.assert_close(coder.code, mu[0])
    picture = pixels(coder)
    shown(picture, coder.LEFTS[0], coder.TOP, coder.images[6], 168)
    for left in coder.LEFTS[1:]:
        shown(picture, left, coder.TOP, decoded(coder.models[1], mu)[0], 168)
    assert "image 6 (coat)" in coder.text.value and "Nothing is moved" in coder.text.value


def test_the_text_tells_rate_and_error(coder):
    coder.image.value = 6
    mu, logvar = encoded(coder.models[1], coder.images)
    bits = float(losses.kl_divergence(mu[6:7], logvar[6:7])) / math.log(2)
    mean = float(losses.kl_divergence(mu, logvar)) / math.log(2)
    assert f"a rate of {bits:.1f} bits ({mean:.1f} on average over 40" in coder.text.value
    first = coder.order[1][0]
    coder.steps[0].value = 3.0
    code = mu[6:7].clone()
    code[0, first] = 3.0
    errors = [
        float(127.5**2 * (decoded(coder.models[1], z) - coder.images[6]).square().mean())
        for z in (mu[6:7], code)
    ]
    expected = f"{errors[0]:.0f} for the reconstruction, {errors[1]:.0f} after your moves"
    assert expected in coder.text.value
    assert f"z[{first}] from {mu[6, first]:.2f} to 3.00" in coder.text.value
    shown(pixels(coder), coder.LEFTS[2], coder.TOP, decoded(coder.models[1], code)[0], 168)


def test_only_the_slider_that_moved_moves_the_code(coder):
    exact = coder.code.clone()
    coder.steps[4].value += 1.0
    moved = coder.order[1][4]
    others = torch.arange(16) != moved
    assert torch.equal(coder.code[others], exact[others])
    assert float(coder.code[moved]) == pytest.approx(coder.steps[4].value)


def test_a_sliders_rounding_is_no_move(coder):
    exact = coder.code.clone()
    for step in coder.steps:
        assert step.value == pytest.approx(0.05 * round(step.value / 0.05), abs=1e-9)
        step.value += 1e-9  # what a browser sends back
    assert torch.equal(coder.code, exact) and "Nothing is moved" in coder.text.value


def test_a_collapsed_dimension_moves_its_bar_and_nothing_else(coder):
    before = pixels(coder)
    coder.steps[-1].value = 3.0
    changed = (pixels(coder) != before).any(axis=(1, 2)).nonzero()[0]
    assert changed.min() > coder.TOP + coder.SIDE  # below the images


def test_another_beta_starts_from_its_own_code(coder):
    coder.steps[0].value = 3.0
    for beta in (10, 0.1):
        coder.beta.value = beta
        mu, _ = encoded(coder.models[beta], coder.images[:1])
        torch.testing.assert_close(coder.code, mu[0])
        first = int(losses.kl_per_dimension(*encoded(coder.models[beta], coder.images)).argmax())
        assert coder.steps[0].description.startswith(f"z[{first}]: ")
        assert f"β = {beta:g}." in coder.text.value and "its own code" in coder.text.value
        assert coder.steps[0].max == -coder.steps[0].min >= max(4, float(mu.abs().max()))


def test_the_start_can_be_the_prior(coder):
    coder.start.value = coder.STARTS[1]
    assert coder.seed.layout.display == "" and coder.image.layout.display == "none"
    coder.seed.value = 5
    first = coder.code.clone()
    assert "Draw 5 from the prior" in coder.text.value
    coder.seed.value = 6
    assert not torch.equal(coder.code, first)
    coder.seed.value = 5
    assert torch.equal(coder.code, first)


def test_the_button_takes_moves_back(coder):
    before = pixels(coder)
    coder.steps[1].value, coder.steps[2].value = 2.0, -2.0
    (button,) = [c for c in coder.controls if getattr(c, "description", "") == "back to the start"]
    button.click()
    assert (pixels(coder) == before).all() and "Nothing is moved" in coder.text.value


def test_a_change_of_the_start_draws_once(coder, monkeypatch):
    drawn, draw = [], coder.draw
    monkeypatch.setattr(coder, "draw", lambda: drawn.append(1) or draw())
    coder.image.value = 3
    coder.beta.value = 10
    coder.start.value = coder.STARTS[1]
    assert len(drawn) == 3


def test_one_model_has_no_slider_for_beta(garments):
    explorer = explorers.autoencoder(StandIn(4), garments[0])
    assert explorer.beta not in explorer.controls and "β" not in explorer.text.value


def test_the_code_refuses_bad_input(garments):
    images, _ = garments
    for arguments, message in [
        (({1: StandIn(4), 2: StandIn(5)}, images), r"same z_dim, got \[4, 5\]"),
        (({}, images), "one VAE or more, got none"),
        ((StandIn(4), images[:0]), "one image or more"),
        ((StandIn(4), images, ["bag"]), "a name for each of 40 images, got 1"),
        ((nn.Flatten(), images), "without encoder, decoder, z_dim"),
    ]:
        with pytest.raises(ValueError, match=message):
            explorers.autoencoder(*arguments)


# The way between two images


def test_both_ways_begin_and_end_as_they_should(way):
    way.image_a.value, way.image_b.value = 3, 8
    through_codes, faded = way.walk(torch.tensor([0.0, 0.5, 1.0]))
    mu, _ = encoded(way.vae, way.images[[3, 8]])
    torch.testing.assert_close(through_codes[[0, 2]], decoded(way.vae, mu))
    torch.testing.assert_close(through_codes[1:2], decoded(way.vae, mu.mean(0, keepdim=True)))
    torch.testing.assert_close(faded[[0, 2]], way.images[[3, 8]])
    torch.testing.assert_close(faded[1], way.images[[3, 8]].mean(0))
    picture = pixels(way)
    for row, strip in zip(way.STRIPS, (through_codes, faded), strict=True):
        shown(picture, way.STRIP_LEFT, row, strip[0], 56)
        shown(picture, way.STRIP_LEFT + 8 * way.STEP, row, strip[2], 56)


def test_the_large_pictures_stand_at_the_chosen_point(way):
    way.image_b.value, way.between.value = 9, 0.3
    through_codes, faded = way.walk(torch.tensor([0.3]))
    for left, image in zip(way.LEFTS[1:3], (through_codes, faded), strict=True):
        shown(pixels(way), left, way.TOP, image[0], 168)


def test_the_text_names_both_images(way):
    way.image_a.value, way.image_b.value, way.between.value = 2, 8, 0.25
    mu, _ = encoded(way.vae, way.images[[2, 8]])
    text, apart = way.text.value, float((mu[0] - mu[1]).norm())
    assert "25% of the way from image 2 (trousers) to image 8 (sandal)" in text
    assert f"{apart:.2f} apart" in text and "75% of the pixels of A plus 25% of B" in text


def test_the_way_refuses_bad_input(garments):
    images, _ = garments
    for arguments, message in [
        ((StandIn(4), images[:1]), "two images or more, got 1"),
        ((StandIn(4), images[:0]), "one image or more"),
        ((StandIn(4), images, ["bag"]), "a name for each of 40 images, got 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            explorers.interpolation(*arguments)
