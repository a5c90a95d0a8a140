"""What every explorer keeps, whatever it shows; the rule: CONTRIBUTING.md, "Add an explorer"."""

import errno
import html
import io
import random
import re
import weakref
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets.widget import _instances
from PIL import Image
from torch import nn

from course_lib import data, explorers, output, threads
from course_lib.explorers.base import Explorer
from course_lib.explorers.truncation import truncation
from course_lib.metrics import Estimate
from course_lib.models import cgan, cnn, dcgan, drums, flow, progan, stackgan, texture, vae
from course_lib.studio import provenance, sheets
from course_lib.studio.sources import Source

NAMES = data.FASHION_CLASSES
GARMENTS, LABELS = (part[:12] for part in data.fashion("test"))
CURVES = {"smiling": [Estimate(0.2, 0.1, 0.3), Estimate(0.6, 0.5, 0.7)]}
PATTERNS = {name: data.patterns(name, size=32) for name in ("waves", "dots")}


def lively(model):
    """Return an untrained model with larger weights: as it is, it draws nothing but grey."""
    for weight in model.parameters():
        weight.data *= 3
    return model


def by_class():
    return lively(cgan.Generator(z_dim=6, width=4))


def plain():
    return lively(dcgan.Generator(z_dim=6, width=4))


def coder(z_dim=3):
    return lively(vae.VAE(z_dim=z_dim, width=4))


def grown(stages=5):
    return lively(progan.Generator(8, channels=stages * (4,)))


def portrait_judge():
    values = {name: len(values) for name, values in data.ATTRIBUTES.items()}
    return lively(cnn.AttributeClassifier(values, width=2))


def flowing():
    model = flow.Flow(width=16, middle=16, blocks=1, rank=4)
    with torch.no_grad():
        for weight in model.parameters():  # what begins at zero would hear no label
            weight.copy_(0.1 * torch.randn_like(weight))
    return model


def story():
    text = {"words": len(data.Tokeniser()), "dim": 8, "hidden": 4}
    stage = {"text_dim": 8, "c_dim": 4, "width": 4}
    return lively(stackgan.StackGAN(text, {**stage, "z_dim": 6}, {**stage, "blocks": 1}))


def reader():
    return cnn.AttributeClassifier({"a": 2}, width=4, size=32, features=4)


def so(explorer, **values):
    """Return an explorer with controls set so that all others are visible and count."""
    for name, value in values.items():
        getattr(explorer, name).value = value
    return explorer


# Name -> what makes its models, and how it is made of them and of a folder to save in.
MAKE = {
    "all_classes": ([by_class], lambda g, to: explorers.all_classes(g, NAMES, count=2)),
    "autoencoder": (
        [coder, coder],
        lambda a, b, to: explorers.autoencoder({1: a, 10: b}, GARMENTS),
    ),
    "class_interpolation": ([by_class], lambda g, to: explorers.class_interpolation(g, NAMES)),
    "class_menu": (
        [by_class, lambda: lively(cnn.Classifier(width=2))],
        lambda g, judge, to: explorers.class_menu(g, judge, NAMES, count=2),
    ),
    "complete": (
        [grown],
        lambda g, to: explorers.complete(g, None, data.personas("test")[0][:3], 1, folder=to),
    ),
    "drum_machine": (
        [lambda: drums.Generator(style_dim=4, width=2)],
        lambda g, to: so(explorers.drum_machine(g, "mine", folder=to), between=0.5),
    ),
    "feature_maps": (
        [lambda: cnn.Classifier(width=4)],
        lambda network, to: explorers.feature_maps(network, GARMENTS),
    ),
    "gan_game": ([], lambda to: explorers.gan_game()),
    "growth": (
        [lambda: grown(3), portrait_judge],
        lambda g, judge, to: explorers.growth(g, judge=judge, folder=to),
    ),
    "guess": ([by_class], lambda g, to: explorers.guess(g, GARMENTS)),
    "icon_sheet": (
        [by_class],
        lambda g, to: so(
            explorers.icon_sheet(Source("mine", g, label=range(10)), NAMES, folder=to),
            number=12,
            kind="variations around one",
            colours="my own",
        ),
    ),
    "interpolation": ([coder], lambda v, to: explorers.interpolation(v, GARMENTS)),
    "latent": ([plain], lambda g, to: explorers.latent(g, count=2, folder=to)),
    "latent_map": (
        [lambda: coder(2)],
        lambda v, to: explorers.latent_map(v, GARMENTS, LABELS, NAMES),
    ),
    "loop": ([], lambda to: so(explorers.loop("dcgan-fashion", folder=to), frame=30)),
    "noise_to_image": ([flowing], lambda g, to: explorers.noise_to_image(g, NAMES)),
    "pages": (
        [plain, plain],
        lambda a, b, to: so(
            explorers.pages({"a": Source("a", a), "b": Source("b", b)}, folder=to),
            kind="poster, frames in a grid",
        ),
    ),
    "room": ([texture.Generator], lambda g, to: explorers.room(g, folder=to)),
    "sentence": ([story, portrait_judge], lambda g, judge, to: explorers.sentence(g, judge)),
    "style": ([reader], lambda network, to: explorers.style(network, PATTERNS, PATTERNS, 2, 1)),
    "tiles": ([texture.Generator], lambda g, to: explorers.tiles(g, folder=to)),
    "truncation": (
        [plain],
        lambda g, to: truncation(
            "mine", g, [0.5, 1.0], CURVES, {"smiling": CURVES["smiling"][1]}, folder=to
        ),
    ),
    "two_sentences": (
        [story, portrait_judge],
        lambda g, judge, to: explorers.two_sentences(g, judge),
    ),
    "variations": ([by_class], lambda g, to: explorers.variations(g, NAMES, folder=to)),
}
# Explorers that save -> the model that their files name.
MODEL = {
    "complete": "Generator",
    "drum_machine": "mine",
    "growth": "Generator",
    "icon_sheet": "mine",
    "latent": "Generator",
    "loop": "dcgan-fashion",
    "pages": "a",
    "room": "texture-mosaic",
    "tiles": "texture-mosaic",
    "truncation": "mine",
    "variations": "Generator",
}
# What one sees is a sheet: its height follows from what stands on it.
GROWING = {"icon_sheet", "pages", "tiles"}
# What changes the sound or the file alone, or the same place in two ways; colours that are none.
SAME_PICTURE = {"drum_machine: hear", "room: turn (degrees)", "icon_sheet: my own"}
SAME_PICTURE |= {"drum_machine: play every change at once", "loop: pixels of the file"}
# What the picture alone shows.
SAME_SENTENCE = {"gan_game: G's loss", "latent_map: the map shows", "pages: enlargement"}
SAME_SENTENCE |= {"pages: title", "room: wall (pixels)", "variations: other variations"}
SAME_SENTENCE |= {"drum_machine: play every change at once", "loop: seed"}


def made(name: str, folder: Path) -> tuple[Explorer, list[nn.Module]]:
    """Return a small explorer, and its models, all of them in training mode."""
    torch.manual_seed(0)
    makers, make = MAKE[name]
    models = [maker().train() for maker in makers]
    return make(*models, folder), models


def values(control: widgets.Widget) -> list:
    """Return the values to try: all entries, both ends and the middle, something odd to read."""
    if hasattr(control, "_options_full"):
        return [value for _, value in control._options_full]
    if isinstance(control, widgets.IntSlider | widgets.FloatSlider):
        middle = type(control.value)((control.min + control.max) / 2)
        return [control.max, middle, control.min]
    if isinstance(control, widgets.Text):
        return ["", "a <b>smiling</b> person & 1/2 unicorn 🦄 {x} %s"]
    return [not control.value] if isinstance(control, widgets.Checkbox) else []


def size(explorer: Explorer) -> tuple[int, int]:
    """Return the size of the picture, which must be whole."""
    with Image.open(io.BytesIO(explorer.picture.value)) as image:
        image.load()
        assert image.format == explorer.format.upper()
        return image.size


def said(explorer: Explorer) -> str:
    """Return the line of text as one hears it: without marks, and with nothing to interpret."""
    line = explorer.text.value
    assert re.findall("<[^>]*>", line) == ['<span aria-live="polite">', "</span>"]
    return html.unescape(re.sub("<[^>]*>", "", line))


def state(models: list[nn.Module]) -> list:
    """Return all that an explorer must leave alone: weights, statistics, modes, chance, threads."""
    return [
        *[tensor.clone() for model in models for tensor in model.state_dict().values()],
        torch.get_rng_state(),
        torch.tensor([module.training for model in models for module in model.modules()]),
        torch.tensor(np.random.get_state()[1].astype(np.int64)),
        torch.tensor(random.getstate()[1]),
        torch.tensor([torch.get_num_threads(), threads.fixed() or 0]),
    ]


def test_every_explorer_is_tried():
    assert {*MAKE} == {*explorers.__all__, "truncation"}
    saving = {name for name in explorers.__all__ if hasattr(getattr(explorers, name), "save")}
    assert {*MODEL} == saving | {"truncation"}
    for name in explorers.__all__:
        found = getattr(explorers, name)
        assert issubclass(found, Explorer) and found.__doc__.startswith("An explorer ")
        assert not found.__module__.endswith(f".{name}"), "a module hidden behind its class"


@pytest.mark.parametrize("name", MAKE)
def test_every_value_of_every_control(name, tmp_path):
    explorer, models = made(name, tmp_path)
    before, first, used, draw = state(models), size(explorer), set(), explorer.draw
    explorer.draw = lambda: (used.add(threads.fixed()), draw())[1]
    for control in explorer._with_value(explorer.controls):
        start, pictures, sentences = control.value, [], []
        for value in values(control):
            control.value = value
            pictures.append(explorer.picture.value)
            sentences.append(said(explorer))
            assert sentences[-1] and (name in GROWING or size(explorer) == first)
        control.value = start
        if control.layout.display != "none":
            what = f"{name}: {control.description}"
            assert len({*pictures}) == len(pictures) or what in SAME_PICTURE, what
            assert len({*sentences}) == len(sentences) or what in SAME_SENTENCE, what
        assert control.description or isinstance(control, widgets.Play), "no name"
    assert explorer.picture.layout.width == f"{explorer.shown_width}px"
    assert used == {threads.fixed() if name == "style" else 1}  # its steps take seconds
    for kept, now in zip(before, state(models), strict=True):
        assert torch.equal(kept, now)


@pytest.mark.parametrize("name", MAKE)
def test_it_has_words_for_who_does_not_see_and_is_freed(name, tmp_path, capsys):
    before = {*_instances}
    explorer, models = made(name, tmp_path)
    found = re.search('<img alt="([^"]+)" src="data:image/(png|jpeg);base64,', explorer.static())
    assert html.unescape(found[1]) == explorer.alt == explorer.picture.tooltip
    assert len(explorer.alt.split()) > 5 and found[2] == explorer.format
    weak = [weakref.ref(model) for model in models]
    del models
    explorer.close()
    assert not [model for model in weak if model() is not None], "the model is still held"
    assert {*_instances} == before, "widgets are still held"
    explorer._ipython_display_()
    assert "closed" in capsys.readouterr().out


def files(path: Path) -> dict[Path, bytes]:
    """Return path -> bytes of what was saved: a file, or a folder of files."""
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file: file.read_bytes() for file in found}


@pytest.mark.parametrize("name", MODEL)
def test_saving_takes_a_free_name_and_says_where_it_comes_from(name, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "A4", 480)  # a page for the printer takes seconds
    explorer, _ = made(name, tmp_path / "made & kept")
    if name == "loop":
        explorer.seconds.value = 1
    button = next(c for c in explorer.controls if getattr(c, "icon", "") == "download")
    assert not (tmp_path / "made & kept").exists()
    button.click()
    second = explorer.save()
    (first,) = {*second.parent.iterdir()} - {second}
    assert html.escape(str(second)) in explorer.saved.value
    for path, content in files(second).items():
        facts = provenance.read(path)
        assert facts["generated"] is True and facts["model"] == MODEL[name]
        path.write_bytes(content + b"the student's own")
    kept = files(second)
    first.rename(tmp_path / "elsewhere")
    assert explorer.save() == first and files(second) == kept

    explorer.folder = tmp_path / "a file"
    explorer.folder.touch()
    button.click()
    assert explorer.save() is None
    assert "Not saved: “" in explorer.saved.value and "another folder: folder=" in (
        explorer.saved.value
    )
    assert "a file has the name of its folder" in explorer.saved.value
    assert explorer.folder.read_bytes() == b""


def test_one_setting_says_where_all_explorers_save(tmp_path, monkeypatch):
    explorer, _ = made("variations", "made")
    monkeypatch.setenv(output.SETTING, str(tmp_path))  # set while it is on the page
    path = explorer.save()
    assert path.parent == tmp_path / "made" and path.is_file()


def test_a_full_disk_leaves_no_half_file(tmp_path):
    explorer, _ = made("latent", tmp_path)

    def half_a_file(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    def half_a_folder(path: Path) -> None:
        path.mkdir()
        half_a_file(path / "first")

    for write in (half_a_file, half_a_folder):
        assert explorer.store("things", "", write) is None
        assert not [*tmp_path.iterdir()]
    assert "Not saved: the disk is full." in explorer.saved.value


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_cell_that_runs_again_frees_its_explorer(shell):
    """IPython keeps every result, and ipywidgets every widget: so the explorer lets go."""
    ran = [shell.run_cell("from course_lib import explorers", store_history=True)]
    shell.push({"model": plain, "weak": [], "ref": weakref.ref})
    cell = "m = model(); weak.append(ref(m)); kept = explorers.latent(m, count=1); del m; kept"
    before = len(_instances)
    for number in range(5):
        shell.get_parent = lambda: {"metadata": {"cellId": "a cell"}}
        ran.append(shell.run_cell(f"{cell} # {number}", store_history=True))  # edited each time
        at_first = len(_instances) if number == 0 else at_first  # noqa: F821
        shell.get_parent = lambda: {"metadata": {"cellId": "another cell"}}
        if number == 2:  # two in one run stay, and so does what another cell made
            ran.append(shell.run_cell("pair = [explorers.gan_game() for _ in 'ab']"))
    assert all(result.success for result in ran)
    alive = [model() is not None for model in shell.user_ns["weak"]]
    assert alive == [False, False, False, False, True]
    assert all(vars(game) for game in shell.user_ns["pair"])
    shell.run_cell("last = explorers.gan_game()")
    assert not any(vars(game) for game in shell.user_ns["pair"]), "both of that run are let go"
    shell.user_ns["last"].close()
    assert len(_instances) == at_first > before
    shell.user_ns["kept"].close()


def test_a_cell_that_shows_a_game_may_run_twice(shell):
    """A game without moves shows another one that has begun, and closes that at once."""
    shell.run_cell("from course_lib import explorers")
    assert all(shell.run_cell("explorers.gan_game()").success for _ in "ab")


class Elsewhere(nn.Module):
    """A model on a device without memory: notes where its inputs are, and computes on the CPU."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, device="meta"))
        self.inside, self.asked = (model.eval(),), []

    def __getattr__(self, name: str):
        if name in ("weight", "training") or name.startswith("_"):
            return super().__getattr__(name)
        return getattr(self.__dict__["inside"][0], name)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.asked += [tensor.device.type for tensor in inputs]
        return self.inside[0](*(torch.zeros(x.shape, dtype=x.dtype) for x in inputs))


ON_ITS_DEVICE = ["all_classes", "autoencoder", "class_interpolation", "class_menu", "icon_sheet"]
ON_ITS_DEVICE += ["drum_machine", "guess", "interpolation", "latent", "latent_map", "pages"]
ON_ITS_DEVICE += ["truncation", "variations"]


@pytest.mark.parametrize("name", ON_ITS_DEVICE)
def test_a_model_is_asked_on_its_own_device(name, tmp_path, monkeypatch):
    asked = []
    makers, make = MAKE[name]
    models = [maker() for maker in makers]
    for number, model in enumerate(models):
        if isinstance(model, vae.VAE):  # an explorer asks its halves
            model.encoder, model.decoder = Elsewhere(model.encoder), Elsewhere(model.decoder)
            asked += [model.encoder, model.decoder]
        else:
            models[number] = Elsewhere(model)
            asked.append(models[number])
    explorer = make(*models, tmp_path)
    explorer.refresh()
    assert {device for model in asked for device in model.asked} == {"meta"}
