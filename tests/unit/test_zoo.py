"""The zoo: names, cards, checksums, files that are damaged, the sampling contract, records."""

import json
import shutil

import pytest
import torch

from course_lib import data, zoo
from course_lib.data.integrity import cure

GENERATORS = ["cgan-fashion", "dcgan-fashion", "flow-fashion", "vae16-fashion", "vae2-fashion"]


def test_the_names_are_those_of_the_contract():
    """The rule: CONTRIBUTING.md, "Add a model"."""
    assert {"fashion-cnn", "dcgan-fashion"} <= set(zoo.names()) == set(zoo.SHIPPED)


@pytest.mark.parametrize("name", zoo.names())
def test_every_model_has_a_card_with_all_that_matters(name):
    """The rule: docs/promise.md, "Numbers"."""
    card = zoo.card(name)
    for field in ("data", "licence", "recipe", "seed", "steps", "seconds", "machine", "figures"):
        assert card[field] not in (None, "", {}), field
    assert card["name"] == name and len(card["sha256"]) == 64
    model = zoo.load(name)
    assert not model.training
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())


def test_a_load_leaves_the_random_generator_alone_and_a_build_draws_from_it():
    torch.manual_seed(3)
    expected = torch.get_rng_state()
    for name in zoo.names():
        zoo.load(name)
    assert torch.equal(torch.get_rng_state(), expected)
    first, second = (zoo.build("cnn.Classifier", {"width": 4}) for _ in range(2))
    torch.manual_seed(3)
    again = zoo.build("cnn.Classifier", {"width": 4})
    for a, b, c in zip(first.parameters(), second.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, c) and (a.ndim == 1 or not torch.equal(a, b))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"no model is called 'dcgan'; there are .*dcgan-fashion"):
        zoo.load("dcgan")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    for path in zoo.FOLDER.glob("fashion-cnn.*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    return tmp_path


def test_damaged_weights_are_named_with_the_command_that_restores_them(copied):
    """The rule: docs/promise.md, "When something is wrong"."""
    path = copied / "fashion-cnn.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(data.DamagedFile, match=r"fashion-cnn.safetensors is damaged") as caught:
        zoo.load("fashion-cnn")
    assert cure(path) in str(caught.value)
    assert dict(zoo.check_files())["fashion-cnn.safetensors"].startswith(path.name)
    path.unlink()
    with pytest.raises(data.DamagedFile, match="is missing"):
        zoo.load("fashion-cnn")


def test_a_damaged_card_is_named(copied):
    (copied / "fashion-cnn.json").write_text("{")
    with pytest.raises(data.DamagedFile, match=r"fashion-cnn.json is damaged"):
        zoo.card("fashion-cnn")


def test_a_model_that_is_gone_with_its_card_is_missed(copied):
    problems = dict(zoo.check_files())
    assert problems["fashion-cnn.safetensors"] is None
    path = copied / "dcgan-fashion.json"
    assert problems[path.name] == f"dcgan-fashion.json is missing. {cure(path)}"


def test_save_and_load_agree(tmp_path, monkeypatch):
    torch.manual_seed(0)
    model = zoo.build("cnn.Classifier", {"width": 4})
    zoo.save("tiny", model, "cnn.Classifier", {"width": 4}, {"data": "none"}, tmp_path)
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    assert zoo.names() == ["tiny"] and dict(zoo.check_files())["tiny.safetensors"] is None
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(zoo.load("tiny")(images), model.eval()(images))
    assert json.loads((tmp_path / "tiny.json").read_text())["data"] == "none"


def test_a_model_that_does_not_ship_is_loaded_from_its_folder(tmp_path):
    torch.manual_seed(0)
    model = zoo.build("cnn.Classifier", {"width": 4})
    zoo.save("tiny", model, "cnn.Classifier", {"width": 4}, {}, tmp_path)
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(zoo.load("tiny", tmp_path)(images), model.eval()(images))
    assert "tiny" not in zoo.names()
    with pytest.raises(KeyError, match="no model is called 'tiny'"):
        zoo.load("tiny")


@pytest.mark.parametrize("name", GENERATORS)
def test_the_sampling_contract(name):
    """The rule: docs/promise.md, "Names that stay"."""
    model = zoo.load(name).train()
    images = model.sample(40, seed=5)
    assert images.dtype == torch.float32 and images.abs().max() <= 1 and not images.requires_grad
    assert model.training and all(module.training for module in model.modules())
    torch.testing.assert_close(model.sample(40, seed=5, batch=7), images)
    assert not torch.equal(model.sample(40, seed=6), images)


def test_the_cards_of_conditional_models_tell_what_obedience_is_worth():
    for name in zoo.names():
        figures = zoo.card(name)["figures"]
        if name.startswith("cgan"):
            assert set(figures["coverage per class"]) == set(data.FASHION_CLASSES)
            share = figures["agreement of the judge with the label"]
            per_class = figures["agreement per class"].values()  # as many samples in each
            assert share == pytest.approx(sum(per_class) / 10, abs=1e-3)
            accuracy = zoo.card("fashion-cnn")["figures"]["test accuracy"]
            assert figures["agreement on test images"] == pytest.approx(accuracy, abs=1e-3)


def test_records_name_the_command_that_measures_them_again():
    for path in zoo.RECORDS.glob("*.json"):
        command = zoo.record(path.stem)["command"].split()
        assert command[0] == "python" and (zoo.RECORDS.parents[1] / command[1]).is_file()
    record = zoo.record("stackgan-ablations")
    for figures in record["runs"].values():
        assert figures["steps"] >= 500
        assert all(0 <= share <= 1 for share in figures["share drawn as asked"].values())
    with pytest.raises(FileNotFoundError):
        zoo.record("none")


def test_the_race_of_the_progans_was_fair():
    runs = zoo.record("progan-growing")["runs"]
    assert set(runs) == {"grown", "straight"}
    for grown, straight in zip(runs["grown"], runs["straight"], strict=True):
        assert abs(grown["seconds"] - straight["seconds"]) <= 5
        assert straight["size"] == 32 and grown["KID, floor"] == straight["KID, floor"]
    sizes = [row["size"] for row in runs["grown"]]
    assert len(sizes) == 5 and sizes == sorted(sizes) and sizes[-1] == 32
    images = zoo.recorded_images("progan-growing")
    assert {tuple(part.shape) for part in images.values()} == {(5, 6, 3, 32, 32)}
    with pytest.raises(FileNotFoundError):
        zoo.recorded_images("none")
