"""Fashion-MNIST as embedded, and the batches made of it."""

import hashlib
import pkgutil
import shutil
import subprocess
from importlib import import_module

import pytest
import torch
from torchvision.datasets import FashionMNIST

from course_lib import data
from course_lib.data import fashion_mnist as fashion_file
from course_lib.data import integrity
from course_lib.data.integrity import verified


def test_no_module_is_hidden_behind_a_function_of_its_name():
    hidden = []
    for module in pkgutil.iter_modules(data.__path__):
        loaded = import_module(f"course_lib.data.{module.name}")
        if getattr(data, module.name) is not loaded:
            hidden.append(module.name)
    assert not hidden


@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_fashion_is_complete(split, n):
    images, labels = data.fashion(split)
    assert images.shape == (n, 1, 28, 28) and images.dtype == torch.uint8
    assert labels.shape == (n,) and labels.dtype == torch.int64
    assert labels.bincount().tolist() == [n // 10] * 10


def test_the_files_are_the_original_ones_by_torchvisions_md5():
    for name, md5 in FashionMNIST.resources:
        content = (fashion_file.FOLDER / name).read_bytes()
        assert hashlib.md5(content).hexdigest() == md5, name


def test_torchvision_reads_the_same_images(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    shutil.copytree(fashion_file.FOLDER, raw, ignore=shutil.ignore_patterns("personas*"))
    theirs = FashionMNIST(tmp_path, train=False, download=True)  # finds the files, fetches nothing
    images, labels = data.fashion("test")
    assert torch.equal(images[:, 0], theirs.data) and torch.equal(labels, theirs.targets)


def test_unknown_split_names_the_known_ones():
    with pytest.raises(ValueError, match=r'"train" or "test", not \'validation\''):
        data.fashion("validation")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (cut_short, r"has 5,048 bytes where 5,148 are expected"),
        (flip_a_bit, r"is damaged: its SHA-256 is [0-9a-f]{12}"),
        (lambda path: path.unlink(), r"is missing"),
    ],
)
def test_a_bad_file_is_named_with_the_command_that_restores_it(
    tmp_path, monkeypatch, damage, complaint
):
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        shutil.copy(fashion_file.FOLDER / name, tmp_path)
    monkeypatch.setattr(fashion_file, "FOLDER", tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    damage(path)
    with pytest.raises(data.DamagedFile, match=complaint) as caught:
        data.fashion("test")
    assert path.name in str(caught.value)
    assert integrity.cure(path) in str(caught.value)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with a space in its name and one file of the course, like a student's clone."""
    root = tmp_path / "my course"
    path = root / "course_lib" / "data" / "file.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"whole")
    monkeypatch.setattr(integrity, "ROOT", root)
    return root, path


def test_in_a_clone_the_cure_is_a_command_that_restores_from_any_folder(course, tmp_path):
    root, path = course
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    path.write_bytes(b"cut")
    command = integrity.cure(path).partition("with: ")[2]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert path.read_bytes() == b"whole"


def test_without_git_the_cure_is_another_one(course, tmp_path):
    root, path = course
    assert "pip install --force-reinstall" in integrity.cure(path)
    (root / "pyproject.toml").touch()
    assert f'ZIP file of the course into "{root}"' in integrity.cure(path)
    (root / ".git").mkdir()
    assert "git" in integrity.cure(path)
    for own in (tmp_path / "weights.safetensors", root / "runs" / "weights.safetensors"):
        assert "not one of the course's files" in integrity.cure(own)


def test_verified_returns_the_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert verified(path, hashlib.sha256(b"abc").hexdigest(), 3) == b"abc"


def test_float_and_back_is_exact():
    every = torch.arange(256, dtype=torch.uint8)
    floats = data.to_float(every)
    assert floats.min() == -1 and floats.max() == 1
    assert torch.equal(data.to_uint8(floats), every)
    assert data.to_uint8(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]
    with pytest.raises(TypeError, match=r"expected uint8 images, got torch\.float32"):
        data.to_float(floats)
    with pytest.raises(TypeError, match=r"expected float images, got torch\.uint8"):
        data.to_uint8(every)


def numbered(n=10):
    return torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1), torch.arange(n)


def test_an_epoch_holds_every_image_once_and_pairs_stay_together():
    images, labels = numbered()
    batches = data.batches(images, labels, size=5)
    epoch = [next(batches) for _ in range(2)]
    seen = torch.cat([batch_labels for _, batch_labels in epoch])
    assert sorted(seen.tolist()) == list(range(10))
    for batch_images, batch_labels in epoch:
        assert torch.equal(data.to_uint8(batch_images).flatten().long(), batch_labels)


def test_epochs_differ_seeds_differ_and_the_same_seed_repeats():
    labels = torch.arange(100)

    def first(seed, skip=0):
        batches = data.batches(labels, size=100, seed=seed)
        for _ in range(skip):
            next(batches)
        return next(batches).tolist()

    assert first(0) == first(0)
    assert first(0) != first(1)
    assert first(0) != first(0, skip=1) != first(1)  # no seed plus epoch


def test_a_process_gets_its_rows_of_each_batch():
    together = data.batches(torch.arange(40), size=16, seed=3)
    share = data.batches(torch.arange(40), size=16, seed=3, rows=slice(4, 8))
    for _ in range(3):
        assert next(share).equal(next(together)[4:8])


def test_batches_resume_where_they_stopped():
    labels = torch.arange(37)
    whole = data.batches(labels, size=5, seed=3)
    for _ in range(11):  # into the second epoch
        next(whole)
    resumed = data.batches(labels, size=5, seed=3)
    resumed.load_state_dict(whole.state_dict())
    for _ in range(10):
        batch = next(whole)
        assert torch.equal(batch, next(resumed)) and len(batch) == 5


def test_batches_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="same length"):
        data.batches(torch.zeros(3), torch.zeros(4))
    with pytest.raises(ValueError, match=r"size is 1 to 3 \(the number of images\), not 4"):
        data.batches(torch.zeros(3), size=4)


def test_shrinking_takes_the_mean_of_blocks():
    images = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    small = data.shrunk(images, 2)
    means = images.float().unflatten(2, (2, 2)).unflatten(4, (2, 2)).mean(dim=(3, 5))
    assert small.dtype == torch.uint8 and (small - means).abs().max() <= 0.5
    assert torch.equal(data.shrunk(images, 4), images)
    with pytest.raises(ValueError, match="4 pixels cannot be shared among 3"):
        data.shrunk(images, 3)
