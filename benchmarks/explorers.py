"""How long an explorer takes from a slider's move to the new picture, in the kernel.

    python benchmarks/explorers.py [NAME …]

Moves every slider to random values, 200 moves in all, and prints the median and the 95th
percentile in milliseconds beside the course's limits. Run it by hand, on a machine that is idle.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterable, Iterator

import ipywidgets as widgets
import numpy as np
import torch

from course_lib import data, explorers, latent, training, zoo
from course_lib.explorers.base import Explorer


def garments(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first n test images and labels of Fashion-MNIST."""
    images, labels = data.fashion("test")
    return images[:n], labels[:n]


def by_beta() -> dict[float, torch.nn.Module]:
    """Return the shipped VAEs with 16 latents by their β."""
    names = [name for name in zoo.names() if name.startswith("vae16-fashion")]
    return {zoo.card(name)["recipe"]["beta"]: zoo.load(name) for name in names}


def growing() -> Explorer:
    """Return lesson 07's explorer, with the directions that the lesson finds."""
    generator, judge = zoo.load("progan-personas"), zoo.load("personas-cnn")
    return explorers.growth(generator, latent.find(generator, judge).disentangled(), judge)


NAMES = data.FASHION_CLASSES
FACTORIES: dict[str, Callable[[], Explorer]] = {
    "all_classes": lambda: explorers.all_classes(zoo.load("cgan-fashion"), NAMES),
    "class_interpolation": lambda: explorers.class_interpolation(zoo.load("cgan-fashion"), NAMES),
    "class_menu": lambda: explorers.class_menu(
        zoo.load("cgan-fashion"), zoo.load("fashion-cnn"), NAMES
    ),
    "variations": lambda: explorers.variations(zoo.load("cgan-fashion"), NAMES),
    "autoencoder": lambda: explorers.autoencoder(by_beta(), garments(500)[0]),
    "feature_maps": lambda: explorers.feature_maps(zoo.load("fashion-cnn"), garments(100)[0]),
    "gan_game": explorers.gan_game,
    "growth": growing,
    "interpolation": lambda: explorers.interpolation(zoo.load("vae16-fashion"), garments(500)[0]),
    "latent": lambda: explorers.latent(zoo.load("dcgan-fashion")),
    "latent_map": lambda: explorers.latent_map(zoo.load("vae2-fashion"), *garments(2000), NAMES),
    "sentence": lambda: explorers.sentence(zoo.load("stackgan-personas"), zoo.load("personas-cnn")),
    "two_sentences": lambda: explorers.two_sentences(
        zoo.load("stackgan-personas"), zoo.load("personas-cnn")
    ),
}
MOVES = 200
MEDIAN_LIMIT, TAIL_LIMIT = 30, 60  # milliseconds


def sliders(controls: Iterable[widgets.Widget]) -> Iterator[widgets.Widget]:
    """Yield the sliders that are on the screen among the controls, inside boxes too."""
    kinds = widgets.FloatSlider | widgets.IntSlider | widgets.SelectionSlider
    for control in controls:
        if isinstance(control, widgets.Box):
            yield from sliders(control.children)
        elif isinstance(control, kinds) and control.layout.display != "none":
            yield control


def another(slider: widgets.Widget, chance: random.Random):
    """Return a random value that the slider can take and does not have."""
    if isinstance(slider, widgets.SelectionSlider):
        return chance.choice([value for _, value in slider.options if value != slider.value])
    steps, value = round((slider.max - slider.min) / slider.step), slider.value
    while abs(value - slider.value) < slider.step / 2:
        value = type(value)(slider.min + chance.randint(0, steps) * slider.step)
    return value


def latencies(explorer: Explorer, moves: int = MOVES, seed: int = 0) -> np.ndarray:
    """Return the milliseconds (moves,) from setting a slider to the new picture's bytes."""
    chance, found, times = random.Random(seed), list(sliders(explorer.controls)), []
    for _ in range(moves):
        slider = chance.choice(found)
        value = another(slider, chance)
        before, began = explorer.picture.value, time.perf_counter()
        slider.value = value
        times.append(1000 * (time.perf_counter() - began))
        if explorer.picture.value is before:
            raise RuntimeError(f"{slider.description}: no new picture for {value}")
    return np.array(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*FACTORIES, []], help="all by default")
    names = parser.parse_args().names or list(FACTORIES)
    training.start(seed=0)
    print(f"{'explorer':16}{'median ms':>10}{'p95 ms':>10}   limits {MEDIAN_LIMIT}, {TAIL_LIMIT}")
    for name in names:
        times = latencies(FACTORIES[name]())
        median, tail = np.percentile(times, [50, 95])
        verdict = "good" if median <= MEDIAN_LIMIT and tail <= TAIL_LIMIT else "TOO SLOW"
        print(f"{name:16}{median:10.1f}{tail:10.1f}   {verdict}")


if __name__ == "__main__":
    main()
