"""Lesson 08's icons: alpha, palettes, names, neighbours, and the explorer that saves them."""

import io
import itertools
import math

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data, explorers
from course_lib.sampling import latents
from course_lib.studio import icons, provenance
from course_lib.studio.sources import Source


@pytest.fixture(scope="module")
def source():
    return Source("cgan-fashion", label=range(10))


def rgba(image):
    assert image.mode == "RGBA"
    return np.asarray(image).astype(int)


def linear(colours):
    """Return sRGB colours (N, 3) in [0, 1] as linear light."""
    colours = np.asarray(colours)
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def lab(light):
    """Return linear light (N, 3) as CIE L*a*b* (D65)."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = light.clip(0, 1) @ to_xyz.T / (to_xyz @ np.ones(3))
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


# Machado, Oliveira and Fernandes 2009, table 1, severity 1, on linear light.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


def closest(colours, matrix):
    """Return the smallest distance between two colours, as someone with this blindness sees it."""
    seen = lab(linear(icons.as_rgb(colours)) @ np.array(matrix).T)
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


def test_the_safe_palettes_can_be_told_apart_by_the_colour_blind():
    for kind, matrix in BLINDNESS.items():
        for name in icons.COLOUR_BLIND_SAFE:
            assert closest(icons.PALETTES[name], matrix) > 9, (name, kind)
    # The measure is able to fail: red and green of one lightness are one colour to a deutan.
    assert closest(["#C87137", "#8C9130"], BLINDNESS["deutan"]) < 9


def test_palettes_have_names_or_are_lists_of_colours():
    for name, colours in icons.PALETTES.items():
        assert icons.palette(name) == list(colours)
    assert icons.palette(["#012345", "#abCDef"]) == ["#012345", "#abCDef"]
    with pytest.raises(ValueError, match=r"palettes are okabe-ito, .*, not 'neon'"):
        icons.palette("neon")
    for wrong in (["red"], ["#12345"], ["#1234567"], [], [7]):
        with pytest.raises(ValueError, match="a palette has one colour or more"):
            icons.palette(wrong)


def test_alpha_is_the_brightness_and_the_shade_is_of_the_colour():
    grey = torch.tensor([-1.0, -0.9, -0.7, -0.4, 0.2, 1.0])
    flat = grey[:, None, None, None].expand(-1, 1, 28, 28)
    made = icons.tinted(flat, 6 * ["#0072B2"])
    assert made.shape == (6, 4, 112, 112) and made.dtype == torch.uint8
    assert all(len(icon.flatten(1).unique(dim=1)[0]) == 1 for icon in made)
    alpha = made[:, 3, 0, 0].tolist()
    assert alpha[0] == alpha[1] == 0 and 0 < alpha[2] < 255 and alpha[3:] == [255, 255, 255]
    shades = made[:, :3, 0, 0].float()
    assert shades[4].tolist() == [0, 114, 178]  # brightness 0.6 is the colour itself
    assert (shades.sum(dim=1).diff() > 0).all()  # brighter pixels, lighter shades
    # Blue stays blue: the order of the channels is that of the colour.
    assert (shades[:, 2] > shades[:, 1]).all() and (shades[:, 1] >= shades[:, 0]).all()


def test_icons_enlarge_smoothly():
    y, x = np.mgrid[:28, :28] - 13.5
    disc = torch.from_numpy(np.clip(10 - np.hypot(x, y), 0, 1) * 2 - 1).float()[None, None]
    alpha = icons.tinted(disc, ["#009E73"])[0, 3].float()
    assert alpha[0, 0] == 0 and alpha[56, 56] == 255
    # Around the rim, 2π · 40 pixels long, pixels are neither one nor the other: no stairs.
    between = ((alpha > 5) & (alpha < 250)).sum()
    assert 250 < between < 700
    rows = (alpha / 255).sum(dim=1)[
        20:90
    ]  # the disc's width at each height changes little by little
    assert rows.diff().abs().max() < 4


def test_a_set_of_48_with_names_alpha_and_provenance(source, tmp_path):
    made = icons.icon_set(source, seed=19)
    paths = made.save(tmp_path / "icons")
    assert len(paths) == 49 and paths[-1].name == "sheet.png"
    assert paths[7].name == "icon-07-sneaker.png" and paths[0].name == "icon-00-t-shirt.png"
    assert paths[19].name == "icon-19-ankle-boot.png" and paths[47].name == "icon-47-sneaker.png"
    assert sorted(p.name for p in (tmp_path / "icons").iterdir()) == sorted(p.name for p in paths)
    for index, path in enumerate(paths[:-1]):
        pixels = rgba(Image.open(path))
        assert pixels.shape == (112, 112, 4)
        assert (pixels[..., 3] == 0).mean() > 0.05  # it is transparent around …
        assert (pixels[..., 3] == 255).mean() > 0.02  # … and there is a garment
        facts = provenance.read(path)
        assert (facts["model"], facts["seed"], facts["icon"]) == ("cgan-fashion", 19, index)
        assert facts["label"] == index % 10
        assert facts["colour"] == icons.PALETTES["okabe-ito"][index % 6]
    sheet = Image.open(paths[-1])
    assert sheet.size == (8 * 128 + 16, 6 * 128 + 16) and sheet.mode == "RGBA"
    assert rgba(sheet)[0, 0, 3] == 0 and provenance.read(paths[-1])["icons"] == 48
    expected = np.zeros((128, 128, 4), int)
    expected[:112, :112] = rgba(Image.open(paths[9]))
    found = rgba(sheet)[16 + 128 : 16 + 256, 16 + 128 : 16 + 256]  # second row, second column
    assert (found[..., 3] == expected[..., 3]).all()
    visible = expected[..., 3] > 0
    assert np.abs(found - expected)[visible].max() <= 2


def test_the_generators_garment_is_what_the_icon_shows(source):
    made = icons.icon_set(source, 10, seed=4, truncation=1.0, columns=5)
    images = source.generator.sample(10, seed=4)
    small = made.icons[:, 3].float().view(10, 28, 4, 28, 4).mean(dim=(2, 4)) / 255
    bright = (images[:, 0] + 1) / 2
    assert small[bright > 0.5].mean() > 0.95 and small[bright < 0.02].mean() < 0.05


def test_one_idea_is_one_z_under_ten_labels(source):
    made = icons.one_idea(source, seed=3)
    assert len(made.names) == 10 and made.names[9] == "icon-09-ankle-boot"
    z = icons.TRUNCATION * latents(1, source.size, 3).repeat(10, 1)
    colours = [icons.PALETTES["okabe-ito"][i % 6] for i in range(10)]
    assert torch.equal(made.icons, icons.tinted(source.images(z), colours))
    assert made.facts["kind"] == "one idea" and made.facts["seed"] == 3


def test_neighbours_are_as_long_and_at_the_angle():
    z = latents(1, 100, 0)[0]
    for distance in (0.0, 10.0, 45.0, 90.0):
        near = icons.neighbours(z, distance, 20, seed=1)
        torch.testing.assert_close(near.norm(dim=1), z.norm().expand(20))
        cosine = near @ z / z.norm() ** 2
        expected = torch.full((20,), math.cos(math.radians(distance)))
        torch.testing.assert_close(cosine, expected, atol=1e-5, rtol=0)
    apart = torch.nn.functional.normalize(near, dim=1)
    assert (apart @ apart.T - torch.eye(20)).abs().max() < 0.6  # in different directions
    assert not torch.equal(near, icons.neighbours(z, 90.0, 20, seed=2))
    # The seed of z is no seed of a neighbour that would be z itself.
    assert icons.neighbours(z, 90.0, 1, seed=0).isfinite().all()
    assert len(icons.neighbours(z, 10.0, 0)) == 0
    for wrong in (-1, 91):
        with pytest.raises(ValueError, match="0 to 90 degrees"):
            icons.neighbours(z, wrong, 3)


def test_variations_drift_away_with_the_distance(source):
    z = icons.TRUNCATION * latents(1, source.size, 2)
    chosen = source.images(z)  # label 0
    far = {}
    for distance in (0, 20, 60):
        made = icons.variations(source, 0, 2, distance, ["#0072B2"], count=12)
        expected = icons.tinted(chosen, ["#0072B2"])[0].int()
        # Another batch may round a pixel the other way.
        assert (made.icons[0].int() - expected).abs().max() <= 2
        assert {name[8:] for name in made.names} == {"t-shirt"}
        assert made.facts["labels"] == [0] and made.facts["distance"] == distance
        far[distance] = (made.icons[1:].float() - made.icons[0].float()).abs().mean()
    assert far[0] < 1 < far[20] < far[60]
    other = icons.variations(source, 0, 2, 60, ["#0072B2"], count=12, other=1)
    assert torch.equal(other.icons[0], made.icons[0])
    assert not torch.equal(other.icons[1:], made.icons[1:])


def test_the_same_seed_gives_the_same_bytes(source, tmp_path):
    def files(seed, folder):
        made = icons.icon_set(source, 10, seed, columns=5)
        return [path.read_bytes() for path in made.save(tmp_path / folder)]

    first, again, other = files(1, "a"), files(1, "b"), files(2, "c")
    assert first == again and all(a != b for a, b in zip(first, other, strict=True))


def test_paper_and_size(source):
    made = icons.icon_set(source, 4, colours=["#D55E00"], size=224, columns=2)
    assert made.icons.shape == (4, 4, 224, 224)
    assert (rgba(made.sheet("#101820").image)[0, 0] == (16, 24, 32, 255)).all()
    assert (rgba(made.sheet().image)[..., 3] == 0).any()


def test_icons_refuse_what_does_not_fit(source):
    for match, call in {
        "need a generator that takes a label, and dcgan-fashion": lambda: icons.icon_set(
            Source("dcgan-fashion")
        ),
        "1 to 400 icons, not 0": lambda: icons.icon_set(source, 0),
        "columns are 1 to 4": lambda: icons.icon_set(source, 4, columns=5),
        "truncation is 0 to 1.5, not 2": lambda: icons.one_idea(source, truncation=2),
        "112 to 512 pixels, not 64": lambda: icons.icon_set(source, size=64),
        "palettes are": lambda: icons.one_idea(source, colours="neon"),
        "labels are 0 to 9, not 10": lambda: icons.variations(source, 10),
        "0 to 90 degrees, not 120": lambda: icons.variations(source, distance=120),
        "a palette has one colour or more": lambda: icons.icon_set(source).sheet("white"),
        r"images has shape \(N, 1, N, N\)": lambda: icons.tinted(
            torch.zeros(2, 3, 28, 28), 2 * ["#000000"]
        ),
        "expected 2 colours, got 1": lambda: icons.tinted(torch.zeros(2, 1, 28, 28), ["#000000"]),
    }.items():
        with pytest.raises(ValueError, match=match):
            call()


@pytest.fixture
def explorer(source, tmp_path):
    return explorers.icon_sheet(source, data.FASHION_CLASSES, folder=tmp_path / "made")


def button(explorer):
    return next(c for c in explorer.controls if getattr(c, "description", "").startswith("Save"))


def test_the_explorer_says_what_it_shows(explorer):
    assert Image.open(io.BytesIO(explorer.picture.value)).width == explorer.WIDTH
    assert "48 icons, seed 19, truncation 0.70, palette okabe-ito" in explorer.text.value


def test_a_wrong_colour_is_named_and_nothing_breaks(explorer, tmp_path):
    explorer.colours.value = "my own"
    before = explorer.picture.value
    explorer.mine.value = "#12345, red"
    assert explorer.picture.value == before and "Nothing new is drawn" in explorer.text.value
    button(explorer).click()
    assert "not saved" in explorer.saved.value and not (tmp_path / "made").exists()
    explorer.mine.value = "#123456"
    assert explorer.picture.value != before


def test_the_explorer_saves_on_the_button_alone(explorer, tmp_path):
    explorer.number.value = 12
    explorer.paper.value = "white"
    assert not (tmp_path / "made").exists()
    button(explorer).click()
    folder = tmp_path / "made" / "icons-001"
    assert f"12 icons and sheet.png saved in {folder}" in explorer.saved.value
    assert len(list(folder.glob("icon-*.png"))) == 12
    assert rgba(Image.open(folder / "sheet.png"))[0, 0].tolist() == [255, 255, 255, 255]
    assert rgba(Image.open(folder / "icon-00-t-shirt.png"))[..., 3].min() == 0
    assert provenance.read(folder / "sheet.png")["seed"] == 19
    explorer.kind.value = "variations around one"
    explorer.distance.value = 12.0
    button(explorer).click()
    second = folder.with_name("icons-002")
    assert provenance.read(second / "icon-03-sneaker.png")["distance"] == 12.0


def test_an_explorer_needs_a_name_for_each_class(source):
    with pytest.raises(ValueError, match="a name for each of 10 classes, got 2"):
        explorers.icon_sheet(source, ["a", "b"])
