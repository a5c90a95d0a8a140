"""How each model of the zoo was trained: `python -m course_lib train NAME`."""

from importlib import import_module
from pathlib import Path

from course_lib import output

# Name in the zoo -> the file of this folder that trains it.
RECIPES = {
    "cgan-fashion": "cgan_fashion",
    "cgan-fashion-concatenated": "cgan_fashion",
    "cgan-fashion-embedding": "cgan_fashion",
    "dcgan-fashion": "dcgan_fashion",
    "drums": "drums",
    "drums-cnn": "drums_cnn",
    "encoder-personas": "encoder_personas",
    "fashion-cnn": "fashion_cnn",
    "flow-fashion": "flow_fashion",
    "personas-cnn": "personas_cnn",
    "progan-celeba": "progan_celeba",
    "progan-celeba-128": "progan_celeba",
    "progan-personas": "progan_personas",
    "progan-personas-2": "progan_personas_2",
    "stackgan-personas": "stackgan_personas",
    "stackgan-personas-2": "stackgan_personas",
    "stackgan-stage1-personas": "stackgan_personas",
    "stackgan-stage1-personas-2": "stackgan_personas",
    "text-encoder-personas": "text_encoder",
    "texture-mosaic": "texture_mosaic",
    "vae16-fashion": "vae_fashion",
    "vae16-fashion-beta-0.1": "vae_fashion",
    "vae16-fashion-beta-10": "vae_fashion",
    "vae16-fashion-beta-100": "vae_fashion",
    "vae16-fashion-beta-30": "vae_fashion",
    "vae2-fashion": "vae_fashion",
}


def names() -> list[str]:
    """Return the names of all models that have a recipe, sorted."""
    return sorted(RECIPES)


def recipe(name: str):
    """Return the recipe of a model, a frozen dataclass.

    Raises:
        KeyError: no recipe has this name; the message lists those that exist.
    """
    if name not in RECIPES:
        raise KeyError(f"no recipe is called {name!r}; there are {', '.join(names())}")
    file = import_module(f"course_lib.recipes.{RECIPES[name]}")
    # A file trains one model, or several that differ in a hyperparameter.
    return file.RECIPES[name] if hasattr(file, "RECIPES") else file.RECIPE


def train(name: str, resume: bool = False, out: str | Path | None = None) -> Path | None:
    """Train a model by its recipe and return the folder with weights, card and checkpoint.

    A training that is stopped by hand returns None. Its checkpoint is in the folder.

    Args:
        name: one of `names()`.
        resume: go on from the checkpoint in `out`; without one, begin.
        out: the folder; `runs/NAME` by default, in COURSE_OUTPUT where that is set. The zoo's own
            files are never overwritten.

    Raises:
        ConnectionError: one of the processes that torchrun started has ended.
    """
    from course_lib.recipes import processes
    from course_lib.recipes.runner import run

    out = Path(out) if out is not None else output.place("runs") / name
    advice = f"Go on from the last checkpoint in {out} with --resume and any number of processes."
    with processes.together(advice):
        return run(recipe(name), out, resume)
