"""CelebA through torchvision's class, and ProGAN's recipes for it, on a folder of eight faces."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CelebA

from course_lib import data, recipes, zoo
from course_lib.__main__ import main
from course_lib.recipes.runner import run

NAMES = [f"{i:06d}.png" for i in range(1, 11)]  # the original are JPEGs, which are not exact


def photograph(i: int) -> np.ndarray:
    """Return a photograph (218, 178, 3) of blocks of 8×8 pixels in the crop, black around it."""
    blocks = np.random.default_rng(i).integers(1, 256, (16, 16, 3), np.uint8)
    pixels = np.zeros((218, 178, 3), np.uint8)
    pixels[57:185, 25:153] = blocks.repeat(8, axis=0).repeat(8, axis=1)
    return pixels


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder as torchvision expects it: eight training photographs, two for tests."""
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for i, name in enumerate(NAMES):
        Image.fromarray(photograph(i)).save(folder / "img_align_celeba" / name)

    def table(file, row, header=""):
        lines = [f"{name} {row(i)}" for i, name in enumerate(NAMES)]
        (folder / file).write_text(header + "\n".join(lines) + "\n")

    def attributes(i):
        return " ".join("1" if (i + column) % 3 else "-1" for column in range(40))

    table("list_eval_partition.txt", lambda i: 0 if i < 8 else 2)
    table("identity_CelebA.txt", lambda i: i)
    table("list_bbox_celeba.txt", lambda i: "1 2 3 4", "10\nx y width height\n")
    table("list_landmarks_align_celeba.txt", lambda i: "0 " * 9 + "0", "10\na b\n")
    names = " ".join(f"attribute{column}" for column in range(40))
    table("list_attr_celeba.txt", attributes, f"10\n{names}\n")
    # torchvision compares the lists with the checksums of the 202,599 originals.
    monkeypatch.setattr(CelebA, "_check_integrity", lambda self: True)
    return tmp_path


@pytest.mark.parametrize("size", [128, 32])
def test_the_face_is_cut_out_and_shrunk(root, size):
    images, attributes = data.celeba(root, "train", size)
    assert images.shape == (8, 3, size, size) and images.dtype == torch.uint8
    assert attributes.shape == (8, 40) and attributes.dtype == torch.int64
    assert attributes[1, :4].tolist() == [1, 1, 0, 1]
    full = torch.from_numpy(photograph(3)[57:185, 25:153]).permute(2, 0, 1)
    assert torch.equal(images[3], full[:, :: 128 // size, :: 128 // size]), "blocks stay exact"


def test_blocks_of_pixels_are_averaged_as_everywhere_in_the_course(root):
    images, _ = data.celeba(root, "train", 8)
    large, _ = data.celeba(root, "train", 128)
    difference = images.int() - data.shrunk(large, 8).int()
    assert difference.abs().max() <= 1, "rounding of halves"


def test_split_and_count(root):
    assert len(data.celeba(root, "test", 16)[0]) == 2
    images, attributes = data.celeba(root, "train", 16, count=3)
    assert len(images) == len(attributes) == 3
    assert len(data.celeba(root, "all", 16, count=99)[1]) == 10


def test_bad_input_is_named(root, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="size divides 128, 48 does not"):
        data.celeba(root, size=48)
    with pytest.raises(ValueError, match="split"):
        data.celeba(root, "holdout")
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError, match=r"CelebA is not in .*celeba, or not complete"):
        data.celeba(tmp_path / "nothing")


def test_missing_data_end_the_command_with_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "progan-celeba-128", "--out", str(tmp_path / "run")]) == 1
    assert "Error: CelebA is not in datasets/celeba" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "size"), [("progan-celeba", 64), ("progan-celeba-128", 128)])
def test_the_recipes_run(name, size, root, tmp_path, monkeypatch):
    recipe = recipes.recipe(name)
    channels = recipe.arguments["channels"]
    assert 4 << len(channels) - 1 == size and len(channels) == len(recipe.stages)
    short = dataclasses.replace(
        recipe,
        arguments={"z_dim": 8, "channels": [8] * len(channels)},
        stages=[{"fade": 4 * bool(i), "stabilise": 4, "batch": 4} for i in range(len(channels))],
        root=str(root),
    )
    out = run(short, tmp_path / "run", resume=False)
    monkeypatch.setattr(zoo, "FOLDER", out)
    assert zoo.card(name)["steps"] == 2 * len(channels) - 1 and zoo.card(name)["figures"] == {}
    assert zoo.load(name).sample(2).shape == (2, 3, size, size)
