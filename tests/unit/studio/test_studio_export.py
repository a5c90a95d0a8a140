"""A generator as ONNX draws what it draws in PyTorch, for any batch, and says where it is from."""

import subprocess
import sys

import onnx
import onnxruntime
import pytest
import torch

from course_lib import zoo
from course_lib.studio import export, provenance

CAPTIONS = [
    "a smiling person with a pink bob",
    "a bald man with a beard and sunglasses",
    "a person in a green checked shirt",
    "someone with long black hair",
    "a surprised person on a mint background",
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a function from a name to its file; each generator is exported once."""
    folder, paths = tmp_path_factory.mktemp("onnx"), {}

    def path_of(name):
        if name not in paths:
            # A model in memory is known by its weights, and its file says the same.
            model = zoo.load(name) if name == "cgan-fashion" else name
            paths[name] = export.export_onnx(model, folder / "deep" / f"{name}.onnx")
        return paths[name]

    return path_of


def wanted(name, n, seed):
    """Return what a generator's own `sample` draws, and the inputs for the same in ONNX."""
    model = zoo.load(name)
    if name.startswith(("cgan", "drums", "flow")):
        labels = [5, 3, 0, 1, 4][:n]
        return model.sample(labels=labels, seed=seed), {"labels": labels}
    if name.startswith("stackgan"):
        return model.sample(CAPTIONS[:n], seed=seed), {"captions": CAPTIONS[:n]}
    return model.sample(n, seed=seed), {"n": n}


def test_every_model_that_draws_pictures_of_one_size_can_be_exported():
    drawing = [name for name in zoo.names() if hasattr(zoo.load(name), "sample")]
    assert sorted([*export.generators(), "texture-mosaic"]) == drawing  # textures have any size


@pytest.mark.slow
@pytest.mark.parametrize("name", export.generators())
def test_onnx_draws_the_same_images(exported, name):
    path = exported(name)
    for n in (1, 5):
        images, options = wanted(name, n, seed=4)
        outputs = export.run_onnx(path, export.inputs(name, seed=4, **options))
        assert outputs["images"].shape == images.shape
        assert (outputs["images"] - images).abs().max() <= 1e-4
        assert images.std() > 0.1  # there is something to draw wrongly


@pytest.mark.parametrize("name", ["cgan-fashion", "stackgan-personas", "progan-personas"])
def test_the_file_is_whole_valid_and_says_where_it_is_from(exported, name, tmp_path):
    path = exported(name)
    alone = tmp_path / "moved.onnx"
    alone.write_bytes(path.read_bytes())  # no weights come along that might stand beside it
    onnx.checker.check_model(alone, full_check=True)
    facts = provenance.read(alone)
    assert facts == provenance.facts(name)
    assert facts["model"] == name and facts["sha256"] == zoo.card(name)["sha256"]
    session = onnxruntime.InferenceSession(alone)
    assert session.get_modelmeta().custom_metadata_map[provenance.KEY] == provenance.text(facts)
    shapes = {value.name: value.shape for value in session.get_inputs()}
    assert set(shapes) == set(export.inputs(name))
    assert all(isinstance(shape[0], str) for shape in shapes.values())  # a name: any batch


def test_it_runs_without_torch_and_the_course(exported):
    script = f"""
import sys
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession({str(exported("dcgan-fashion"))!r})
z = np.zeros((3, 100), np.float32)
print(session.run(["images"], {{"z": z}})[0].shape, "torch" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "(3, 1, 28, 28) False"


def test_a_label_that_is_no_class_is_an_error(exported):
    given = export.inputs("cgan-fashion", labels=[0])
    given["labels"] = torch.tensor([10])
    with pytest.raises(Exception, match="invalid index found, index = 10"):
        export.run_onnx(exported("cgan-fashion"), given)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'fashion-cnn' is no generator .* 'dcgan-fashion'"):
        export.export_onnx("fashion-cnn", tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"ends in \.onnx is needed, not a\.pt"):
        export.export_onnx("dcgan-fashion", tmp_path / "a.pt")
    with pytest.raises(ValueError, match="dcgan-fashion reads no labels"):
        export.inputs("dcgan-fashion", labels=[1])
    with pytest.raises(ValueError, match="cgan-fashion reads no captions"):
        export.inputs("cgan-fashion", captions=["a coat"])
    with pytest.raises(ValueError, match="3 images need 3 labels or captions, got 1"):
        export.inputs("cgan-fashion", 3, labels=[1])
    with pytest.raises(ValueError, match="labels are 0 to 9, got 10 to 10"):
        export.inputs("cgan-fashion", labels=[10])


def test_an_onnx_file_of_others_has_no_facts(exported, tmp_path):
    model = onnx.load(exported("dcgan-fashion"))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "stripped.onnx")
    assert provenance.read(tmp_path / "stripped.onnx") is None
