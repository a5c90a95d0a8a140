"""A file that cannot be written is a sentence, and a class may write elsewhere."""

import errno
import os
from pathlib import Path

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from course_lib import output, recipes, training, zoo
from course_lib.models import cgan
from course_lib.recipes import runner
from course_lib.studio import cards, export, films, icons, provenance, sound, textures
from course_lib.studio.sources import Source, Work
from course_lib.tasks.trials import deliverables

IMAGE = torch.zeros(3, 8, 16)
FACTS = {"generated": True}


def garments():
    torch.manual_seed(0)
    return Source("mine", cgan.Generator(z_dim=6, width=4), label=range(10))


def handle(path: Path) -> None:
    """Do with files what exercise 08 does, in the folder of a path."""
    # Both stand elsewhere: these can be read.
    stored = path.parents[1] / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    picture, film = stored / "a.png", stored / "a.gif"
    Image.new("RGB", (8, 8)).save(picture)
    Image.new("RGB", (8, 8)).save(film)
    deliverables.handled(picture, film, path.parent)


# A file's name -> what writes it. Every call of the library that lessons and exercises write by.
WRITERS = {
    "a.png": lambda path: provenance.save_png(IMAGE, path, FACTS),
    "page.png": lambda path: Work(Image.new("RGB", (8, 8)), FACTS).save(path),
    "tile.png": lambda path: textures.save_tile(IMAGE, path),
    "backdrop.png": lambda path: textures.save_backdrop(IMAGE, path),
    "loop.gif": lambda path: films.save_gif(IMAGE.expand(2, -1, -1, -1), path, FACTS),
    "loop.mp4": lambda path: films.save_mp4(IMAGE.expand(2, -1, -1, -1), path, FACTS),
    "drum.wav": lambda path: sound.save_wav(torch.zeros(256), path, FACTS),
    "card.md": lambda path: cards.write(cards.template("Model"), path, draft=True),
    "garments.onnx": lambda path: export.export_onnx(cgan.Generator(z_dim=6, width=4), path),
    "sheet.png": lambda path: icons.icon_set(garments(), count=2, columns=2).save(path.parent),
    "c.safetensors": lambda path: training.save_checkpoint(path, 1, {}),
    "mine.safetensors": lambda path: zoo.save(
        "mine", torch.nn.Linear(1, 1), "a.B", {}, {}, path.parent
    ),
    "another-name.png": handle,
}
# An export takes seconds.
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * name.endswith("onnx")) for name in WRITERS]
# A checkpoint is replaced, and `handled` makes copies whose only use is to be looked at.
STATE = {"c.safetensors", "another-name.png"}
# Their library writes beside the file and moves it: test_recipes.py plays what it raises.
TENSORS = {"c.safetensors", "mine.safetensors"}


@pytest.mark.parametrize("name", NAMES)
def test_a_writer_writes_its_file_and_nothing_beside_it(name, tmp_path):
    path = tmp_path / "new" / "folder" / name
    WRITERS[name](path)
    assert path.stat().st_size > 0
    assert not [*tmp_path.rglob("*.partial")]


@pytest.mark.parametrize("name", [name for name in NAMES if name.values[0] not in STATE])
def test_what_somebody_wrote_is_never_lost(name, tmp_path):
    path = tmp_path / "made" / name
    path.parent.mkdir()
    path.write_text("mine")
    WRITERS[name](path)
    assert path.read_bytes() != b"mine"
    kept = path.parent / "older" / f"{path.stem}-001{path.suffix}"
    assert kept.read_text() == "mine"


def test_the_same_file_again_leaves_no_copy(tmp_path):
    path = tmp_path / "a.png"
    for _ in range(2):
        provenance.save_png(IMAGE, path, FACTS)
    assert [*tmp_path.iterdir()] == [path]
    for shade in (0.5, 1.0):
        provenance.save_png(IMAGE + shade, path, FACTS)
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["a.png"]
    assert sorted(p.name for p in (tmp_path / "older").iterdir()) == ["a-001.png", "a-002.png"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_the_place_of_the_folder_is_named(name, tmp_path):
    (tmp_path / "made").write_text("mine")
    with pytest.raises(output.NotWritten) as caught:
        WRITERS[name](tmp_path / "made" / name)
    said = str(caught.value)
    assert str(tmp_path / "made") in said and "a file has the name of its folder" in said
    assert "Save elsewhere" in said and f"%env {output.SETTING}=" in said
    assert (tmp_path / "made").read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.values[0] not in {"another-name.png", *TENSORS}]
)
def test_a_full_disk_leaves_the_older_file(name, tmp_path):
    path = tmp_path / name
    path.write_text("older")
    (tmp_path / f"{name}.partial").symlink_to("/dev/full")  # takes no byte, as a full disk
    with pytest.raises(output.NotWritten) as caught:
        WRITERS[name](path)
    assert f"“{path}” cannot be written: the disk is full. Save elsewhere" in str(caught.value)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_text() == "older" and not [*tmp_path.glob("*.partial")]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_is_read_only_is_named(number, tmp_path, monkeypatch):
    """Root may write everywhere, so here the system's answer is played."""

    def refuse(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(output.NotWritten, match=r"“.*card\.md” cannot be written: you may not"):
        WRITERS["card.md"](tmp_path / "made" / "card.md")


def test_a_cell_shows_the_sentence_and_no_traceback(tmp_path, capsys):
    (tmp_path / "made").touch()
    shell = InteractiveShell.instance()
    try:
        shell.push({"where": tmp_path / "made" / "card.md", "cards": cards})
        ran = shell.run_cell("cards.write(cards.template('Model'), where, draft=True)")
    finally:
        InteractiveShell.clear_instance()
    assert isinstance(ran.error_in_exec, output.NotWritten)
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert said.out.strip() == str(ran.error_in_exec)


def test_one_setting_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(output.SETTING, raising=False)
    assert output.place("made") == Path("made")
    monkeypatch.setenv(output.SETTING, f" {tmp_path} ")
    assert output.place("made") == tmp_path / "made"
    assert output.place(output.place("made")) == tmp_path / "made"
    monkeypatch.setenv(output.SETTING, "own")  # from where the program began
    monkeypatch.chdir(tmp_path)
    assert output.place(output.place("made")) == tmp_path / "own" / "made"
    monkeypatch.setenv(output.SETTING, "~")
    assert output.place("made") == Path.home() / "made"
    assert output.place(tmp_path) == tmp_path  # who names a folder gets it


def test_a_recipe_writes_into_the_folder_of_the_setting(tmp_path, monkeypatch):
    monkeypatch.setenv(output.SETTING, str(tmp_path))
    monkeypatch.setattr(runner, "run", lambda recipe, out, resume: out)
    assert recipes.train("drums") == tmp_path / "runs" / "drums"
    assert recipes.train("drums", out=tmp_path / "mine") == tmp_path / "mine"
