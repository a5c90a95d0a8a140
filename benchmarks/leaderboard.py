"""Seconds of training until FID-course is 30, 10 and 5 on garments: our trainings and public codes.

    python benchmarks/leaderboard.py live-gan --seconds 600
    python benchmarks/leaderboard.py PyTorch-GAN --checkout FOLDER --seconds 600

Prints a line of JSON at each look. A public code is fetched by hand (PEERS has address and commit)
and run as its authors wrote it, with these exceptions: its data set is the course's copy of
Fashion-MNIST, `Normalize` gets as many numbers as an image has channels, and a look interrupts it.
Seconds are those of the processor, one thread, without the looks. Nothing of it is kept.
"""

import argparse
import copy
import json
import os
import runpy
import sys
import tempfile
import time
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torchvision
from torch.nn.functional import interpolate
from torch.optim.optimizer import register_optimizer_step_post_hook
from torchvision.transforms.functional import to_pil_image

from course_lib import data, metrics, recipes, sampling, training, zoo
from course_lib.recipes.cgan_fashion import as_live
from course_lib.recipes.gan import GANRecipe

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions

LOOKS = (30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 9000)
N = 5000  # images that are judged

Draw = Callable[[int], torch.Tensor]


@dataclass(frozen=True)
class Peer:
    """A public code: where it is, what is run, and where its generator stands.

    Attributes:
        address, commit: of its repository.
        script, arguments: what is run; the rest is the authors' default.
        generator: the name of the generator, global ("G") or of the object that trains ("self.G").
        draw: return n latent vectors as the authors draw them.
    """

    address: str
    commit: str
    script: str
    arguments: tuple[str, ...]
    generator: str
    draw: Draw


PEERS = {
    "PyTorch-GAN": Peer(
        "github.com/eriklindernoren/PyTorch-GAN",
        "36d3c77e5ff20ebe0aeefd322326a134a279b93e",
        "implementations/dcgan/dcgan.py",
        (),
        "generator",
        lambda n: torch.randn(n, 100),
    ),
    "model-collections": Peer(
        "github.com/znxlwm/pytorch-generative-model-collections",
        "0d183bb5ea2fbe069e1c6806c4a9a1fd8e81656f",
        "main.py",
        ("--gan_type", "GAN", "--dataset", "fashion-mnist", "--gpu_mode", ""),
        "self.G",
        lambda n: torch.rand(n, 62),
    ),
}


class Judge:
    """Looks at a generator when the training has had so many seconds of the processor."""

    def __init__(self, name: str, seconds: float):
        self.name, self.seconds, self.steps, self.spent = name, seconds, 0, 0.0
        self.looks = [look for look in LOOKS if look < seconds] + [seconds]
        self.network, self.test = zoo.load("fashion-cnn"), data.fashion("test")[0]
        self.began = time.process_time()

    def due(self) -> bool:
        """Count a step, and say whether it is time to look."""
        self.steps += 1
        return bool(self.looks) and time.process_time() - self.began - self.spent >= self.looks[0]

    def look(self, draw: Callable[[], torch.Tensor]) -> None:
        """Judge N images (N, 1, 28, 28) in [-1, 1] and print the figures; the clock stands still.

        Raises SystemExit after the last look.
        """
        began = time.process_time()
        trained, state = began - self.began - self.spent, torch.get_rng_state()
        found = metrics.compare(self.test, {"it": draw()}, judge=self.network)["it"]
        figures = {name: round(found[name].value, 3) for name in ("FID-course", "coverage")}
        line = {"name": self.name, "seconds": round(trained), "steps": self.steps, **figures}
        print(json.dumps(line), file=sys.__stdout__, flush=True)
        torch.set_rng_state(state)
        self.spent += time.process_time() - began
        self.looks = [look for look in self.looks if look > trained]
        if not self.looks:
            raise SystemExit


@torch.no_grad()
def images(generator: torch.nn.Module, draw: Draw) -> torch.Tensor:
    """Return N images (N, 1, 28, 28) of a peer in eval mode; its 32×32 pixels are made 28×28."""
    made = copy.deepcopy(generator).eval()
    parts = [made(draw(250)) for _ in range(N // 250)]
    return interpolate(torch.cat(parts), size=(28, 28), mode="bilinear", antialias=True).clamp(
        -1, 1
    )


class Garments(torch.utils.data.Dataset):
    """The course's copy of Fashion-MNIST behind torchvision's interface."""

    def __init__(self, root, train=True, transform=None, download=False):
        self.images, self.labels = data.fashion("train" if train else "test")
        self.transform = transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int):
        image = to_pil_image(self.images[i])
        return self.transform(image) if self.transform else image, int(self.labels[i])


def run_peer(peer: Peer, checkout: Path, judge: Judge) -> None:
    """Run a public code until the judge has looked for the last time."""
    normalise = torchvision.transforms.Normalize
    torchvision.transforms.Normalize = lambda mean, std: normalise(mean[:1], std[:1])
    torchvision.datasets.MNIST = torchvision.datasets.FashionMNIST = Garments
    sys.modules["scipy.misc"] = types.ModuleType("scipy.misc")  # imported by one, and not used
    sys.modules.setdefault("imageio", types.ModuleType("imageio"))

    def stepped(optimiser, *_) -> None:
        frame = sys._getframe()
        first, _, last = peer.generator.partition(".")
        while frame := frame.f_back:
            owner = (frame.f_locals if last else frame.f_globals).get(first)
            network = getattr(owner, last, None) if last else owner
            if isinstance(network, torch.nn.Module):
                break
        else:
            return
        mine = {id(weight) for weight in network.parameters()}
        if id(optimiser.param_groups[0]["params"][0]) in mine and judge.due():
            judge.look(lambda: images(network, peer.draw))

    register_optimizer_step_post_hook(stepped)
    script = (checkout / peer.script).resolve()
    sys.argv = [str(script), *peer.arguments]
    sys.path.insert(0, str(script.parent))
    with tempfile.TemporaryDirectory() as scratch, open(os.devnull, "w") as nowhere:
        (Path(scratch) / "a" / "b").mkdir(parents=True)
        os.chdir(Path(scratch) / "a" / "b")  # they write beside and above themselves
        sys.stdout = nowhere
        judge.began = time.process_time()
        runpy.run_path(str(script), run_name="__main__")


def run_live(judge: Judge) -> None:
    """Run lesson 04a's training."""
    lesson = definitions("04a_gan.ipynb")
    training.start(seed=0)
    generator, discriminator = lesson.Generator(z_dim=8), lesson.Discriminator(width=24)
    adam_g, adam_d = training.adam(generator, 1e-3), training.adam(discriminator, 1e-3)
    average = training.EMA(generator, decay=0.995)
    batches = data.batches(data.fashion("train")[0], size=16)
    judge.began = time.process_time()
    while True:
        lesson.step(generator, discriminator, adam_g, adam_d, next(batches))
        average.update(generator)
        if judge.due():
            judge.look(lambda: sampling.sample(average.model, N, seed=1))


def run_recipe(recipe: GANRecipe, judge: Judge) -> None:
    """Run a recipe as it is; its rates fall over its own steps."""
    training.start(recipe.seed)
    run = recipe.begin()
    judge.began = time.process_time()
    for i in range(recipe.steps):
        run.step(i)
        if judge.due() or i + 1 == recipe.steps:
            judge.look(lambda: sampling.sample(run.model, N, seed=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help=f"live-gan, live-cgan, a recipe, or one of {', '.join(PEERS)}")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--checkout", type=Path, help="where a public code has been fetched")
    parser.add_argument("--steps", type=int, default=8000, help="of live-cgan, whose rate falls")
    options = parser.parse_args()
    torch.set_num_threads(1)
    judge = Judge(options.name, options.seconds)
    if options.name in PEERS:
        run_peer(PEERS[options.name], options.checkout, judge)
    elif options.name == "live-gan":
        run_live(judge)
    elif options.name == "live-cgan":
        run_recipe(replace(as_live("projection"), steps=options.steps), judge)
    else:
        run_recipe(recipes.recipe(options.name), judge)


if __name__ == "__main__":
    main()
