import hashlib
import importlib
import importlib.util
import json
import lzma
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.batching import shrunk
from course_lib.data.integrity import DamagedFile
from course_lib.data.personas import ATTRIBUTES, personas, unpack, visible

# The package gives this name to the function, so the module needs asking for.
module = importlib.import_module("course_lib.data.personas")
BUILD = Path(module.__file__).parent / "build" / "personas"


def load_build_script():
    spec = importlib.util.spec_from_file_location("personas_pack", BUILD / "pack.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


pack = load_build_script()


@pytest.fixture(scope="module")
def train():
    return personas("train")


@pytest.fixture(scope="module")
def test():
    return personas("test")


def column(attributes, name):
    return attributes[:, list(ATTRIBUTES).index(name)]


def row(**values):
    chosen = {name: values.get(name.replace(" ", "_"), ATTRIBUTES[name][0]) for name in ATTRIBUTES}
    return [ATTRIBUTES[name].index(value) for name, value in chosen.items()]


def test_shapes_types_and_sizes(train, test):
    for (images, attributes), size in ((train, 14_000), (test, 2_000)):
        assert images.shape == (size, 3, 64, 64)
        assert images.dtype == torch.uint8
        assert attributes.shape == (size, 9)
        assert attributes.dtype == torch.int64


def test_attributes_are_the_nine_of_the_design():
    sizes = {name: len(values) for name, values in ATTRIBUTES.items()}
    assert list(sizes.values()) == [20, 7, 6, 7, 4, 7, 7, 7, 5]
    assert list(sizes) == [
        "hair",
        "hair colour",
        "eyes",
        "mouth",
        "clothing",
        "clothing colour",
        "skin tone",
        "facial hair",
        "background",
    ]
    for values in ATTRIBUTES.values():
        assert len(set(values)) == len(values)


def test_every_value_occurs_as_often_as_it_should(train, test):
    for _, attributes in (train, test):
        beardless = (column(attributes, "facial hair") == 0).double().mean().item()
        assert beardless == pytest.approx(0.7, abs=0.03)
        for name, values in ATTRIBUTES.items():
            counts = torch.bincount(column(attributes, name), minlength=len(values)).double()
            if name == "facial hair":
                counts = counts[1:]
            expected = counts.sum() / len(counts)
            assert (counts - expected).abs().max() < 5 * expected.sqrt()


def test_no_portrait_stands_in_both_splits_or_twice(train, test):
    pictures = [
        {hashlib.sha256(picture.numpy()).digest() for picture in images}
        for images, _ in (train, test)
    ]
    assert len(pictures[0]) == 14_000
    assert len(pictures[1]) == 2_000
    assert not pictures[0] & pictures[1]


def test_no_two_portraits_share_all_that_can_be_seen(train, test):
    attributes = torch.cat([train[1], test[1]])
    looks = attributes.where(visible(attributes), -1)
    assert len(torch.unique(looks, dim=0)) == 16_000


def palette(name):
    _, colours = pack.OPTIONS[name]
    return torch.tensor([list(bytes.fromhex(colour)) for colour in colours], dtype=torch.uint8)


@pytest.mark.parametrize("corner", [(0, 0), (0, 63)])
def test_background_label_is_the_corner_pixel(test, corner):
    images, attributes = test
    expected = palette("background")[column(attributes, "background")]
    assert torch.equal(images[:, :, *corner], expected)


def test_skin_label_is_the_colour_of_the_neck(test):
    images, attributes = test
    expected = palette("skin tone")[column(attributes, "skin tone")].int()
    assert (images[:, :, 51, 32].int() - expected).abs().max() <= 1


def test_clothing_colour_label_is_the_colour_of_plain_clothes(test):
    images, attributes = test
    plain = column(attributes, "clothing") <= ATTRIBUTES["clothing"].index("jumper")
    expected = palette("clothing colour")[column(attributes, "clothing colour")][plain]
    assert plain.sum() > 900
    assert torch.equal(images[plain][:, :, 62, 32], expected)


@pytest.mark.parametrize(
    ("style", "y", "x"),
    [("bun", 9, 30), ("quiff", 14, 34), ("mohawk", 14, 31), ("pigtails", 11, 16)],
)
def test_hair_colour_label_is_the_colour_of_the_hair(train, style, y, x):
    images, attributes = train
    chosen = column(attributes, "hair") == ATTRIBUTES["hair"].index(style)
    expected = palette("hair colour")[column(attributes, "hair colour")][chosen]
    assert chosen.sum() > 500
    assert torch.equal(images[chosen][:, :, y, x], expected)


def test_skin_tones_run_from_light_to_dark():
    brightness = palette("skin tone").double() @ torch.tensor([0.299, 0.587, 0.114]).double()
    assert (brightness.diff() < 0).all()


@pytest.mark.parametrize(
    ("name", "rows", "columns", "accuracy"),
    [
        ("eyes", slice(28, 44), slice(18, 47), 0.99),
        ("mouth", slice(40, 54), slice(22, 42), 0.95),
        ("clothing", slice(50, 64), slice(4, 60), 0.99),
        ("facial hair", slice(36, 56), slice(18, 46), 0.9),
        ("hair", slice(4, 60, 2), slice(4, 60, 2), 0.9),
    ],
)
def test_labels_of_shapes_can_be_read_off_the_pixels(train, test, name, rows, columns, accuracy):
    """A linear map that is fitted to the training portraits tells the test portraits' labels."""
    values = len(ATTRIBUTES[name])

    def features(images):
        area = images[:, :, rows, columns].double().mean(1).flatten(1) / 255
        return torch.cat([area, torch.ones(len(area), 1)], dim=1)

    seen = visible(train[1])[:, list(ATTRIBUTES).index(name)]
    x = features(train[0][seen])
    y = torch.nn.functional.one_hot(column(train[1], name)[seen], values).double()
    weights = torch.linalg.solve(x.T @ x + 0.1 * torch.eye(x.shape[1]), x.T @ y)

    seen = visible(test[1])[:, list(ATTRIBUTES).index(name)]
    guessed = (features(test[0][seen]) @ weights).argmax(1)
    right = (guessed == column(test[1], name)[seen]).double().mean().item()
    assert right > accuracy


def test_returned_tensors_belong_to_the_caller(test):
    images, attributes = test
    mine, my_attributes = personas("test")
    mine.zero_()
    my_attributes.zero_()
    again, again_attributes = personas("test")
    assert torch.equal(again, images)
    assert torch.equal(again_attributes, attributes)


@pytest.mark.parametrize("name", ["validation", "Train", "", None])
def test_unknown_split_names_the_known_ones(name):
    with pytest.raises(ValueError, match="'train', 'test'"):
        personas(name)


def missing(path):
    path.unlink()


def truncated(path):
    path.write_bytes(path.read_bytes()[:-1000])


def changed(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [(missing, "missing"), (truncated, "bytes"), (changed, "SHA-256")],
)
def test_bad_file_is_named_with_its_fault_and_its_remedy(tmp_path, monkeypatch, harm, complaint):
    copy = tmp_path / "personas.xz"
    shutil.copy(module.FILE, copy)
    monkeypatch.setattr(module, "FILE", copy)
    assert len(personas("test")[0]) == 2_000
    harm(copy)
    with pytest.raises(DamagedFile) as error:
        personas("test")
    message = str(error.value)
    assert message.startswith("personas.xz ")
    assert complaint in message
    assert "git checkout -- " in message


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ({"hair": "bob"}, set()),
        ({"hair": "bald"}, {"hair colour"}),
        ({"hair": "cap"}, {"hair colour"}),
        ({"hair": "beanie", "facial_hair": "stubble"}, {"hair colour"}),
        ({"hair": "buzz cut"}, {"hair colour"}),
        ({"hair": "bald", "facial_hair": "goatee"}, set()),
        ({"hair": "bald", "facial_hair": "full beard"}, {"mouth"}),
        ({"hair": "bob", "facial_hair": "full beard"}, {"mouth"}),
        ({"hair": "bob", "eyes": "sunglasses"}, set()),
    ],
)
def test_visible(values, hidden):
    seen = visible(torch.tensor([row(**values)]))
    assert seen.shape == (1, 9)
    assert seen.dtype == torch.bool
    assert {name for name, one in zip(ATTRIBUTES, seen[0], strict=True) if not one} == hidden


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        (torch.zeros(9, dtype=torch.int64), r"\(N, 9\), not \(9,\)"),
        (torch.zeros(2, 8, dtype=torch.int64), r"\(N, 9\), not \(2, 8\)"),
        (torch.zeros(2, 9), "integers, not torch.float32"),
        (torch.tensor([[0, 7, 0, 0, 0, 0, 0, 0, 0]]), r"hair colour must lie in 0\.\.6, not 7"),
        (torch.tensor([[0, 0, 0, 0, 0, 0, 0, 0, -1]]), r"background must lie in 0\.\.4, not -1"),
    ],
)
def test_visible_rejects_what_are_no_attributes(attributes, complaint):
    with pytest.raises(ValueError, match=complaint):
        visible(attributes)


@pytest.mark.parametrize("rows", [slice(None), slice(0, 5), slice(30, 40)])
def test_packing_loses_nothing(rows):
    rng = np.random.default_rng(0)
    attributes = np.array([rng.integers(len(v), size=40) for v in ATTRIBUTES.values()], np.uint8).T
    images = rng.integers(256, size=(40, 3, 64, 64), dtype=np.uint8)
    images[20:] = images[:20]  # so that tiles are shared
    content = pack.pack(images, attributes)
    again, labels = unpack(lzma.decompress(content), rows)
    assert np.array_equal(again, images[rows])
    assert np.array_equal(labels, attributes[rows])
    assert content == pack.pack(images, attributes)


def test_the_file_holds_what_the_script_draws(train, test):
    attributes, _ = pack.draw(pack.PORTRAITS, pack.SEED)
    assert np.array_equal(attributes, torch.cat([train[1], test[1]]).numpy())


def test_options_leave_no_choice_to_dicebear():
    attributes, noses = pack.draw(50, "another seed")
    for given, nose in zip(attributes, noses, strict=True):
        options = pack.options(given, nose)
        beard = given[list(ATTRIBUTES).index("facial hair")] > 0
        assert options["facialHairProbability"] == 100 * beard
        assert len(options["facialHair"]) == beard
        for option, _ in pack.OPTIONS.values():
            assert option == "facialHair" or len(options[option]) == 1


@pytest.mark.skipif(
    shutil.which("node") is None or not (BUILD / "node_modules").is_dir(),
    reason="needs Node and `npm ci` in course_lib/data/build/personas",
)
def test_rendering_again_gives_the_same_pixels(train):
    attributes, noses = pack.draw(pack.PORTRAITS, pack.SEED)
    assert np.array_equal(pack.render(attributes[:64], noses[:64]), train[0][:64].numpy())


def test_versions_are_pinned_and_no_address_is_stored():
    package = json.loads((BUILD / "package.json").read_text())
    lock = json.loads((BUILD / "package-lock.json").read_text())
    for name, version in package["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, entry in lock["packages"].items():
        assert "resolved" not in entry
        assert name == "" or entry["integrity"].startswith("sha512-")


def test_card_gives_the_digest_the_size_and_every_value():
    card = module.FILE.with_name("personas.md").read_text(encoding="utf-8")
    assert module.SHA256 in card
    assert f"{module.SIZE:,}" in card
    for name, values in ATTRIBUTES.items():
        line = next(line for line in card.splitlines() if line.startswith(f"| {name} |"))
        for value in values:
            assert value in line


def test_a_failing_node_stops_the_build(monkeypatch):
    """Otherwise fewer portraits than labels would be packed."""

    def fail(*args, **kwargs):
        assert kwargs["check"]
        raise subprocess.CalledProcessError(1, "node")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(subprocess.CalledProcessError):
        pack.render(*pack.draw(3, "seed"))


def test_smaller_portraits_are_the_large_ones_shrunk():
    images, attributes = personas("train")
    small, same = personas("train", size=8)
    assert torch.equal(small, shrunk(images, 8)) and torch.equal(same, attributes)
    with pytest.raises(ValueError, match="cannot be shared"):
        personas("test", size=24)
