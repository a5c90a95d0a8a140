"""Every explorer with a button that saves: a free name always, and a file that says its origin."""

import pytest
import torch

from course_lib import data, explorers, zoo
from course_lib.explorers.base import Explorer
from course_lib.explorers.truncation import truncation
from course_lib.metrics import Estimate
from course_lib.studio import provenance, sheets
from course_lib.studio.sources import Source

NAMES = data.FASHION_CLASSES


def latent(folder):
    return explorers.latent(zoo.load("dcgan-fashion"), count=2, folder=folder)


def variations(folder):
    return explorers.variations(zoo.load("cgan-fashion"), NAMES, folder=folder)


def growth(folder):
    explorer = explorers.growth(zoo.load("progan-personas"), folder=folder)
    explorer.stage.value = 0  # the smallest pictures, for speed
    return explorer


def drums(folder):
    return explorers.drum_machine(zoo.load("drums"), folder=folder)


def loop(folder):
    explorer = explorers.loop("dcgan-fashion", folder=folder)
    explorer.seconds.value = 1
    return explorer


def pages(folder):
    explorer = explorers.pages({"one": Source("dcgan-fashion")}, folder=folder)
    explorer.rows.value = explorer.columns.value = 3
    return explorer


def icon_sheet(folder):
    return explorers.icon_sheet(Source("cgan-fashion", label=range(10)), NAMES, folder=folder)


def tiles(folder):
    return explorers.tiles(zoo.load("texture-mosaic"), folder=folder)


def room(folder):
    explorer = explorers.room(zoo.load("texture-mosaic"), folder=folder)
    explorer.side.value = 64
    return explorer


def complete(folder):
    portraits = data.personas("test")[0][:2]
    return explorers.complete(zoo.load("progan-personas"), None, portraits, steps=1, folder=folder)


def truncating(folder):
    shares = [Estimate(0.5, 0.4, 0.6), Estimate(0.5, 0.4, 0.6)]
    curves, real = {"group": shares}, {"group": shares[0]}
    model = zoo.load("dcgan-fashion")
    return truncation("dcgan-fashion", model, [0.5, 1.0], curves, real, folder=folder)


# How to make each -> the model that its file names, and what its `save` takes.
SAVING = {
    latent: ("dcgan-fashion", ()),
    variations: ("cgan-fashion", ()),
    growth: ("progan-personas", ()),
    drums: ("drums", ()),
    loop: ("dcgan-fashion", (".gif",)),
    pages: ("dcgan-fashion", ()),
    icon_sheet: ("cgan-fashion", ()),
    tiles: ("texture-mosaic", ()),
    room: ("texture-mosaic", ()),
    complete: ("progan-personas", ()),
    truncating: ("dcgan-fashion", ()),
}


def files(path):
    """Return path -> bytes of what was saved: a file, or a folder of files."""
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file: file.read_bytes() for file in found}


@pytest.mark.parametrize("make", SAVING, ids=lambda make: make.__name__)
def test_no_file_is_overwritten_and_each_says_where_it_comes_from(make, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "A4", 480)  # a page for the printer takes seconds
    model, arguments = SAVING[make]
    explorer = make(tmp_path / "made")
    first, second = explorer.save(*arguments), explorer.save(*arguments)
    assert first != second
    for path, content in files(second).items():
        assert provenance.read(path)["model"] == model
        path.write_bytes(content + b"the student's own")
    kept = files(second)
    for path in files(first):
        path.unlink()
    if first.is_dir():
        first.rmdir()
    third = explorer.save(*arguments)
    assert third == first and files(second) == kept


def test_every_explorer_that_saves_is_tried():
    def kinds(kind):
        for sub in kind.__subclasses__():
            yield from kinds(sub)
            if "save" in vars(sub) and sub.__module__.startswith("course_lib"):
                yield sub

    tried = {"Latent", "Variations", "Growth", "DrumMachine", "Loop", "Pages"}
    tried |= {"IconSheet", "Tiles", "Room", "Complete", "Truncation"}
    assert {kind.__name__ for kind in kinds(Explorer)} == tried
    assert len(tried) == len(SAVING)


def test_a_model_trained_further_is_not_called_the_zoos(tmp_path):
    model = zoo.load("dcgan-fashion")
    assert zoo.name_of(model) == "dcgan-fashion"
    with torch.no_grad():
        next(model.parameters()).mul_(1.01)
    assert zoo.name_of(model) == "Generator"
    facts = provenance.read(explorers.latent(model, count=2, folder=tmp_path).save())
    assert facts["model"] == "Generator" and "sha256" not in facts
