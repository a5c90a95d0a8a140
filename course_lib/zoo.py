"""Pretrained models that ship with the course: safetensors beside a card in JSON.

zoo.names()
generator = zoo.load("dcgan-fashion")
zoo.card("dcgan-fashion")
"""

import hashlib
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors import torch as safetensors
from torch import nn

from course_lib import output
from course_lib.data import DamagedFile, verified
from course_lib.data.integrity import cure
from course_lib.training import save_tensors

FOLDER = Path(__file__).parent / "weights"
RECORDS = Path(__file__).parent / "records"

# The models that every clone has; the doctor misses one that is gone with its card.
SHIPPED = (
    "cgan-fashion",
    "cgan-fashion-concatenated",
    "cgan-fashion-embedding",
    "dcgan-fashion",
    "drums",
    "drums-cnn",
    "encoder-personas",
    "fashion-cnn",
    "flow-fashion",
    "personas-cnn",
    "progan-personas",
    "stackgan-personas",
    "stackgan-stage1-personas",
    "text-encoder-personas",
    "texture-mosaic",
    "vae16-fashion",
    *(f"vae16-fashion-beta-{beta}" for beta in ("0.1", "10", "30", "100")),
    "vae2-fashion",
)

# What stands in a card under a name of its own; the rest of a recipe is its "recipe".
CARD_FIELDS = ("name", "model", "arguments", "data", "licence", "seed", "steps")

Facts = dict[str, Any]  # by name, as JSON holds them


def names() -> list[str]:
    """Return the names of all shipped models, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def generators() -> list[str]:
    """Return the names of the models that `sampling.draw` takes, sorted: all that draw from a z.

    Not textures, which have no size of their own.
    """
    return [name for name in names() if hasattr(_class(card(name)["model"]), "reads")]


def card(name: str, folder: Path | None = None) -> Facts:
    """Return a model's card: data, licence, recipe, seed, steps, time, figures, sha256.

    Args:
        name: of the model.
        folder: where a training has written it; the zoo itself where None.

    Raises:
        KeyError: no model has this name; the message lists those that exist.
        DamagedFile: the card cannot be read.
    """
    path = (folder or FOLDER) / f"{name}.json"
    if not path.is_file():
        raise KeyError(f"no model is called {name!r}; there are {', '.join(names())}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedFile(f"{path.name} is damaged: {error}. {cure(path)}") from error


def record(name: str) -> Facts:
    """Return the figures of trainings too long for a lesson and whose models are not shipped.

    Each record names the command that measures it again ("command").

    Raises:
        FileNotFoundError: there is no such record.
    """
    return json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))


def recorded_images(name: str) -> dict[str, torch.Tensor]:
    """Return the samples that belong to a record, uint8, by the name of their run.

    Raises:
        FileNotFoundError: the record has none.
    """
    path = RECORDS / f"{name}.safetensors"
    return safetensors.load_file(path)  # pyright: ignore[reportUnknownMemberType]


def build(model: str, arguments: Facts) -> Any:  # a module of the class that is asked for
    """Return a new model: `model` is "file.Class" in `course_lib.models`."""
    return _class(model)(**arguments)


def _class(model: str) -> Any:
    file, _, name = model.partition(".")
    return getattr(import_module(f"course_lib.models.{file}"), name)


def load_weights(name: str, folder: Path | None = None) -> dict[str, torch.Tensor]:
    """Return a model's tensors by name, after checking the file against its card."""
    facts = card(name, folder)
    path = (folder or FOLDER) / f"{name}.safetensors"
    return safetensors.load(verified(path, facts["sha256"], facts["size"]))


def load(name: str, folder: Path | None = None) -> Any:  # a module of its card's class
    """Return a shipped model with its trained weights, on the CPU and in eval mode.

    The generator of random numbers stays where it is: a cell that draws after a load draws what it
    would have drawn without.

    Args:
        name: of the model.
        folder: where a training has written it, for one that does not ship; see `recipes.train`.

    Raises:
        KeyError: no model has this name.
        DamagedFile: the weights are missing or changed.
    """
    facts = card(name, folder)
    with torch.random.fork_rng(devices=[]):  # pyright: ignore[reportUnknownMemberType]
        model = build(facts["model"], facts["arguments"])  # draws weights, replaced at once
    model.load_state_dict(load_weights(name, folder))
    # Processors convolve images stored pixel by pixel (channels last) faster.
    return model.eval().to(memory_format=torch.channels_last)


def name_of(model: nn.Module) -> str:
    """Return the name of the shipped model that has these weights, else the name of the class.

    Files say by it which model drew them. A model that was trained further is no longer the zoo's,
    so the weights are compared, and no name is taken on trust.
    """
    kind = f"{type(model).__module__.rpartition('.')[2]}.{type(model).__name__}"
    state = {key: tensor.cpu() for key, tensor in model.state_dict().items()}
    for name in names():
        if card(name)["model"] == kind:
            weights = load_weights(name)
            same = weights.keys() == state.keys()
            if same and all(torch.equal(state[key], weights[key]) for key in weights):
                return name
    return type(model).__name__


def save(
    name: str, model: nn.Module, model_name: str, arguments: Facts, facts: Facts, folder: Path
) -> None:
    """Write a model's weights and card to `folder`; `facts` go into the card as they are."""
    path = folder / f"{name}.safetensors"
    tensors = {key: tensor.contiguous().cpu() for key, tensor in model.state_dict().items()}
    save_tensors(tensors, path, keep=True)
    content = path.read_bytes()
    facts = {
        "name": name,
        "model": model_name,
        "arguments": arguments,
        **facts,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    with output.writing(folder / f"{name}.json") as file:
        file.write_text(text, encoding="utf-8")


def check_files() -> Iterator[tuple[str, str | None]]:
    """Yield (file name, problem or None) for the weights of every shipped model."""
    for name in sorted({*names(), *SHIPPED}):
        try:
            load_weights(name)
        except DamagedFile as error:
            yield f"{name}.safetensors", str(error)
        except KeyError:
            path = FOLDER / f"{name}.json"
            yield path.name, f"{path.name} is missing. {cure(path)}"
        else:
            yield f"{name}.safetensors", None
