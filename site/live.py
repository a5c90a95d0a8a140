"""The explorers that live in a page: what each one needs, taken from the explorer itself.

A lesson's cells with the tags `explorer-setup` and `explorer` make its explorers. This module runs
them, and writes for each explorer that has a module in static/live/: its networks as ONNX, tables
of latent vectors (a page cannot draw PyTorch's random numbers), and its controls.
"""

import ast
import copy
import hashlib
import html
import io
import json
import math
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ipywidgets as widgets
import nbformat
import torch
from PIL import Image
from torch import nn

from course_lib import data, zoo
from course_lib.data import captions, to_uint8
from course_lib.explorers import game
from course_lib.explorers.base import Explorer
from course_lib.models.flow import Flow
from course_lib.sampling import latents, size_of
from course_lib.studio import export, provenance

EXAMPLES = 24  # sentences to choose from
ROUNDS = 12  # of guessing, until the first one comes back
STILL = {"A_keras"}  # its generator is one in Keras, with the weights and pictures of lesson 04b's
RANGES = (widgets.FloatSlider, widgets.IntSlider)
Config = dict[str, Any]


def texts(words: dict[str, str]) -> str:
    """Return the explorers' words as JSON that may stand in a page."""
    return json.dumps(words, ensure_ascii=False).replace("</", "<\\/")


def key_of(description: str) -> str:
    """Return the name of a control in an address: "seed A" is seed-a."""
    return re.sub(r"\W+", "-", description.casefold()).strip("-")


def controls(explorer: Explorer) -> list[Config]:
    """Return the controls of an explorer that have a value and are shown, from top to bottom."""
    return [spec(control) for control in _shown(explorer.controls)]


def _shown(given: Any) -> Iterator[Any]:
    kinds = (
        *RANGES,
        widgets.SelectionSlider,
        widgets.Dropdown,
        widgets.ToggleButtons,
        widgets.Text,
    )
    for control in given:
        if isinstance(control, widgets.Box):
            yield from _shown(control.children)
        elif isinstance(control, kinds) and control.layout.display != "none":
            yield control


def spec(control: Any, key: str = "") -> Config:
    """Return a control as the page makes it anew; `key` is its name where the words change."""
    found = {"key": key or key_of(control.description), "label": control.description}
    if isinstance(control, RANGES):
        limits = {"min": control.min, "max": control.max, "step": control.step}
        return {**found, "kind": "range", **limits, "value": control.value}
    if isinstance(control, widgets.Text):
        return {**found, "kind": "text", "value": control.value}
    labels = [o[0] if isinstance(o, tuple) else str(o) for o in control.options]
    found |= {"kind": "choice", "options": labels, "value": control.index}
    if isinstance(control, widgets.SelectionSlider):
        found |= {"kind": "range", "min": 0, "max": len(labels) - 1, "step": 1}
    return found


class WithWeights(nn.Module):
    """A conditional generator whose z ends in the weights of its classes: one graph for all."""

    reads = "nothing"

    def __init__(self, generator: Any):
        super().__init__()
        self.generator, self.split = generator, (generator.z_dim, generator.classes)
        self.z_dim = sum(self.split)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.generator(*z.split(self.split, dim=1))


class Judge(nn.Module):
    """A classifier as a graph: pixels in the place of z, probabilities in that of images."""

    reads = "nothing"

    def __init__(self, network: nn.Module, shape: tuple[int, int, int]):
        super().__init__()
        self.network, self.shape, self.z_dim = network, shape, math.prod(shape)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.network(z.view(-1, *self.shape)).softmax(dim=1)


class Stages(nn.Module):
    """A ProGAN whose colours are its images at all stages, enlarged, at half their strength.

    At half, because the export ends at [-1, 1], and a fade mixes colours that may lie outside.
    """

    reads = "nothing"

    def __init__(self, generator: Any):
        super().__init__()
        self.generator = copy.deepcopy(generator).to(memory_format=torch.contiguous_format)
        self.z_dim = generator.z_dim

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x, images, largest = z, [], self.generator.sizes[-1]
        for block, colours in zip(self.generator.blocks, self.generator.to_rgb, strict=True):
            x = block(x)
            image = colours(x)
            images.append(nn.functional.interpolate(image, scale_factor=largest // image.shape[-1]))
        return torch.cat(images, dim=1) / 2


class BothStages(nn.Module):
    """A StackGAN whose colours are Stage I's picture, enlarged, and Stage II's; z ends in text."""

    reads = "nothing"

    def __init__(self, model: Any):
        super().__init__()
        self.model = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
        self.split = (model.z_dim, model.c_dim, model.c_dim2, model.text.dim)
        self.z_dim = sum(self.split)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        z, first, second, text = z.split(self.split, dim=1)
        stage1, stage2 = self.model.stage1, self.model.stage2
        small = stage1(z, stage1.augment(text, first)[0])
        large = stage2(small, stage2.augment(text, second)[0])
        factor = large.shape[-1] // small.shape[-1]
        return torch.cat([nn.functional.interpolate(small, scale_factor=factor), large], dim=1)


class Export:
    """Writes files for explorers into one folder, each once."""

    def __init__(self, folder: Path, kept: Path):
        self.folder, self.kept = folder, kept
        folder.mkdir(parents=True, exist_ok=True)
        self.graphs: dict[str, Config] = {}
        self.used: set[str] = set()  # the files of the lesson at hand

    def keep(self, name: str, suffix: str, content: bytes) -> Config:
        """Write a file whose name changes with its content, and return its name and size."""
        file = f"{name}.{hashlib.sha256(content).hexdigest()[:10]}.{suffix}"
        (self.folder / file).write_bytes(content)
        self.used.add(file)
        return {"name": file, "size": len(content)}

    def table(self, name: str, numbers: torch.Tensor) -> Config:
        """Write numbers as float32, row by row."""
        array = numbers.detach().float().contiguous().numpy().astype("<f4")
        return {**self.keep(name, "bin", array.tobytes()), "shape": list(numbers.shape)}

    def sheet(self, name: str, images: torch.Tensor) -> Config:
        """Write images (N, C, H, W) as one picture, one under the other."""
        whole = images if images.dtype == torch.uint8 else to_uint8(images)
        pixels = whole.permute(0, 2, 3, 1).flatten(0, 1).numpy()  # (N·H, W, C)
        buffer = io.BytesIO()
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        picture.save(buffer, "PNG", optimize=True)
        return {**self.keep(name, "png", buffer.getvalue()), "shape": list(images.shape)}

    def graph(self, name: str, model: nn.Module) -> Config:
        """Write a network as ONNX, by the studio's export; one of a name is written once."""
        if name not in self.graphs:
            with TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
                path = export.export_onnx(model, Path(folder) / "model.onnx")
                self.graphs[name] = self.keep(name, "onnx", path.read_bytes())
        self.used.add(self.graphs[name]["name"])
        return self.graphs[name]

    def velocity(self, name: str, flow: Flow) -> Config:
        """Write a flow's network as ONNX, from x, t and weights of the classes to v.

        It is no generator: the page takes the steps, and v has no bounds.
        """
        network = copy.deepcopy(flow.velocity).to(memory_format=torch.contiguous_format).eval()
        # Two rows: PyTorch takes a batch of one for a number that never changes.
        example = (torch.zeros(2, 1, 28, 28), torch.zeros(2), torch.zeros(2, flow.classes))
        batch = {0: torch.export.Dim("batch", min=1)}
        with redirect_stderr(io.StringIO()), warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the exporter, about itself
            program = torch.onnx.export(
                network,
                example,
                dynamo=True,
                dynamic_shapes=(batch, batch, batch),
                input_names=["x", "t", "weights"],
                output_names=["v"],
                verbose=False,
            )
        assert program is not None  # only the older exporter returns None
        program.model.metadata_props[provenance.KEY] = provenance.text(facts(flow))
        with TemporaryDirectory() as folder:
            path = Path(folder) / "velocity.onnx"
            program.save(path, external_data=False)
            return self.keep(f"{name}-velocity", "onnx", path.read_bytes())

    def drawn(self, z_dim: int, seeds: int, rows: int = 1, first: int = 0) -> Config:
        """Write the latent vectors of seeds, (seeds, rows, z_dim)."""
        numbers = torch.stack([latents(rows, z_dim, first + seed) for seed in range(seeds)])
        return self.table(f"z-{z_dim}-{rows}", numbers)

    def lesson(self, path: Path) -> dict[int, str]:
        """Return what stands in a lesson's page in the place of each explorer, by its cell.

        What takes minutes to make is kept until the lesson, the library or a model changes.
        """
        cells: Any = nbformat.read(path, as_version=4).cells
        kept = self.kept / f"{path.stem}-{state_of(cells)}"
        if kept.is_dir():
            shutil.copytree(kept / "live", self.folder, dirs_exist_ok=True)
            found = json.loads((kept / "mounts.json").read_text(encoding="utf-8"))
            return {int(number): mounted for number, mounted in found.items()}
        self.used.clear()
        found = self._made(cells, path)
        part = kept.with_suffix(".part")
        (part / "live").mkdir(parents=True, exist_ok=True)
        for name in self.used:
            shutil.copyfile(self.folder / name, part / "live" / name)
        (part / "mounts.json").write_text(json.dumps(found), encoding="utf-8")
        part.rename(kept)
        return found

    def _made(self, cells: Any, path: Path) -> dict[int, str]:
        tags = [set(cell.metadata.get("tags", [])) for cell in cells]
        places = [number for number, tagged in enumerate(tags) if "explorer" in tagged]
        calls = {number: called(cells[number].source) for number in places}
        if path.stem in STILL:
            calls = dict.fromkeys(places, "")
        made: dict[int, Config] = {}
        if any(name in MODULES for name in calls.values()):
            names: dict[str, Any] = {}
            with chdir(path.parent), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                for number, tagged in enumerate(tags):
                    if "explorer" in tagged and calls[number] in MODULES:
                        made[number] = self.of(calls[number], run(cells[number].source, names))
                    elif "explorer-setup" in tagged and number < max(places):
                        run(cells[number].source, names)
        found = {}
        for number in places:
            stored = stored_picture(cells[number])
            name = calls[number]
            found[number] = mount(name, made[number], stored) if number in made else still(stored)
        return found

    def of(self, name: str, explorer: Explorer) -> Config:
        """Return what an explorer's module needs, and write its files."""
        config: Config = {"alt": explorer.alt, "controls": controls(explorer)}
        config |= MODULES[name](self, explorer)
        explorer.close()
        return config


def state_of(cells: Any) -> str:
    """Return a digest of all on which a lesson's explorers depend."""
    library = Path(zoo.__file__).parent
    files = [
        *sorted(library.rglob("*.py")),
        *sorted(library.glob("weights/*.json")),
        Path(__file__),
    ]
    digest = hashlib.sha256(json.dumps(cells).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def called(source: str) -> str:
    """Return the name of the explorer that a cell ends with, "" where the course has none."""
    last = ast.parse(source).body[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        return call.func.attr
    return ""


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, and return the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return None


def stored_picture(cell: Any) -> str:
    """Return the picture that a lesson stores of an explorer, as HTML."""
    for output in cell.outputs:
        if found := re.search(r"<img [^>]+>", output.get("data", {}).get("text/html", "")):
            return found[0]
    raise ValueError(f"no picture is stored of {cell.source!r}")


def mount(name: str, config: Config, stored: str) -> str:
    """Return the place of an explorer that lives, with its stored picture."""
    data = json.dumps(config, ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<div class="live" data-live="{html.escape(name)}" data-base="../live">'
        f'<div class="live-stored">{stored}</div>'
        f'<script type="application/json">{data}</script></div>'
    )


def still(stored: str) -> str:
    """Return the picture of an explorer that does not live in the page."""
    return f'<figure class="still">{stored}<figcaption data-still></figcaption></figure>'


def facts(model: nn.Module) -> Config:
    """Return what a saved picture says of its model."""
    found = provenance.facts(zoo.name_of(model))
    return {key: value for key, value in found.items() if key != "torch"}


def latent(export: Export, explorer: Any) -> Config:
    model = explorer.generator
    size = size_of(model)
    name = zoo.name_of(model)
    return {
        "network": export.graph(name, model),
        "z": export.drawn(size, explorer.seed_a.max + 1),
        "directions": export.table(f"directions-{name}", explorer.directions),
        "facts": facts(model),
    }


def conditional(export: Export, explorer: Any) -> Config:
    model = explorer.generator
    name = zoo.name_of(model)
    seed = getattr(explorer, "seed", None) or explorer.latents.seed
    found = {
        "network": export.graph(name, WithWeights(model)),
        "z": export.drawn(model.z_dim, seed.max + 1),
        "names": explorer.class_names,
        "facts": facts(model),
    }
    if hasattr(explorer, "latents"):
        found["directions"] = export.table(f"directions-{name}", explorer.latents.directions)
    return found


def class_menu(export: Export, explorer: Any) -> Config:
    judge = Judge(explorer.judge, (1, 28, 28))
    found = conditional(export, explorer)
    return {**found, "judge": export.graph(zoo.name_of(explorer.judge), judge)}


def variations(export: Export, explorer: Any) -> Config:
    count, seeds = explorer.ROWS**2, explorer.seed.max + 1
    noise = export.drawn(explorer.generator.z_dim, seeds, count, first=seeds)
    return {**conditional(export, explorer), "noise": noise, "rows": explorer.ROWS}


def latent_map(export: Export, explorer: Any) -> Config:
    plot, width, height = explorer.plot, explorer.WIDTH, explorer.HEIGHT
    return {
        # where the map stands in the stored picture, as shares of its width and height
        "map": [
            plot.left / width,
            plot.top / height,
            (plot.right - plot.left) / width,
            (plot.bottom - plot.top) / height,
        ],
        "network": export.graph(zoo.name_of(explorer.vae), explorer.vae),
        "codes": export.table("codes-map", explorer.codes),
        "labels": explorer.labels.tolist(),
        "names": explorer.class_names,
        "images": export.sheet("images-map", explorer.images),
        "limit": explorer.plot.xlim[1],
        "facts": facts(explorer.vae),
    }


def autoencoder(export: Export, explorer: Any) -> Config:
    models = [
        {
            "beta": beta,
            "network": export.graph(zoo.name_of(vae), vae),
            "codes": export.table(f"codes-{zoo.name_of(vae)}", explorer.codes[beta][0]),
            "kl": explorer.kl[beta].tolist(),
            "order": explorer.order[beta],
            "limit": explorer.plots[beta].ylim[1],
            "facts": facts(vae),
        }
        for beta, vae in explorer.models.items()
    ]
    size = len(explorer.steps)
    above = [explorer.start, explorer.image, explorer.seed]
    above += [explorer.beta] if len(models) > 1 else []
    codes = [spec(step, f"code-{rank}") for rank, step in enumerate(explorer.steps, 1)]
    return {
        "controls": [*map(spec, above), *codes],
        "models": models,
        "prior": export.drawn(size, explorer.seed.max + 1),
        "images": export.sheet("images-code", explorer.images),
        "names": explorer.names,
        "facts": models[0]["facts"],
    }


def interpolation(export: Export, explorer: Any) -> Config:
    name = zoo.name_of(explorer.vae)
    return {
        "network": export.graph(name, explorer.vae),
        "codes": export.table(f"codes-{name}", explorer.codes),
        "images": export.sheet("images-code", explorer.images),
        "names": explorer.names,
        "facts": facts(explorer.vae),
    }


def guess(export: Export, explorer: Any) -> Config:
    rounds, drawn = [], []
    for _ in range(ROUNDS):
        rounds.append(explorer.images)
        drawn.append(explorer.drawn)
        explorer.go_on()
    return {"controls": [], "images": export.sheet("guess", torch.cat(rounds)), "drawn": drawn}


def gan_game(export: Export, explorer: Any) -> Config:
    return {
        "presets": {name: vars(preset) for name, preset in game.PRESETS.items()},
        "losses": game.LOSSES,
    }


def growth(export: Export, explorer: Any) -> Config:
    model = explorer.generator
    name = zoo.name_of(model)
    return {
        "network": export.graph(f"{name}-stages", Stages(model)),
        "z": export.drawn(model.z_dim, explorer.seed.max + 1, 2),
        "vectors": export.table("attributes", explorer.vectors),
        "basis": export.table("basis", torch.linalg.qr(explorer.vectors.T.double()).Q.T),
        "attributes": [key_of(name) for name in explorer.steps],
        "sizes": list(model.sizes),
        "frames": int(explorer.walk.max) + 1,
        "facts": facts(zoo.load("progan-personas")),
    }


def sentence(export: Export, explorer: Any) -> Config:
    model = explorer.model
    size, rows = size_of(model), 1 + getattr(explorer, "OTHERS", 0)
    weights = model.text.state_dict().items()
    found = {
        "network": export.graph("stackgan-personas", BothStages(model)),
        "z": export.drawn(size, explorer.seed.max + 1, rows),
        "weights": {name: export.table(f"text-{key_of(name)}", value) for name, value in weights},
        "vocabulary": {word: n for n, word in enumerate(model.tokeniser.words) if n > 1},
        "longest": model.tokeniser.LENGTH,
        "parts": [model.z_dim, model.c_dim, model.c_dim2, model.text.dim],
        "facts": facts(zoo.load("stackgan-personas")),
    }
    if hasattr(explorer, "menus"):  # their sentences are written by Python: here are some of them
        own = (explorer.sentence, explorer.seed, explorer.noise)
        found["controls"] = [spec(control) for control in own]
        found["examples"] = captions(data.personas("test")[1][:EXAMPLES])
    return found


def noise_to_image(export: Export, explorer: Any) -> Config:
    flow = explorer.flow
    return {
        "network": export.velocity(zoo.name_of(flow), flow),
        "z": export.drawn(flow.z_dim, explorer.seed.max + 1),
        "names": explorer.class_names,
        "facts": facts(flow),
    }


# By the name that lessons call: what the explorer's module in static/live/ needs.
MODULES: dict[str, Callable[[Export, Any], Config]] = {
    "latent": latent,
    "class_menu": class_menu,
    "all_classes": conditional,
    "class_interpolation": conditional,
    "variations": variations,
    "guess": guess,
    "gan_game": gan_game,
    "latent_map": latent_map,
    "autoencoder": autoencoder,
    "interpolation": interpolation,
    "sentence": sentence,
    "two_sentences": sentence,
    "growth": growth,
    "noise_to_image": noise_to_image,
}
