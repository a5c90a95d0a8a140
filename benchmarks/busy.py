"""How fast the lessons' training steps are beside other programs, with the threads that are chosen.

    python benchmarks/busy.py [02 04 …] [--seconds 20]

Each row is one lesson's own step; each number is its speed in multiples of one thread on the quiet
machine. Run it on a machine with two cores that is idle.
"""

import argparse
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions

from course_lib import data, threads, training, zoo

LAYOUT = torch.channels_last
GOALS = {"quiet": 1.2, "busy loop": 0.85, "two of ours": 0.85, "foreign": 0.6}


def step_02(lesson: ModuleType) -> Callable[[int], object]:
    images, labels = data.fashion("train")
    batches = data.batches(images, labels, size=128)
    return lesson.make_step(lesson.Classifier().to(memory_format=LAYOUT), batches, 10**6)


def step_03(lesson: ModuleType) -> Callable[[int], object]:
    images, _ = data.fashion("train")
    vae = lesson.VAE(width=16).to(memory_format=LAYOUT)
    return lesson.make_step(vae, data.batches(images, size=64), 10**6)


def step_04(lesson: ModuleType) -> Callable[[int], object]:
    images, _ = data.fashion("train")
    pair = lesson.Generator(z_dim=8), lesson.Discriminator(width=24)
    adams = [training.adam(network, 1e-3) for network in pair]
    batches = data.batches(images, size=32)
    return lambda i: lesson.step(*pair, *adams, next(batches))


def step_05(lesson: ModuleType) -> Callable[[int], object]:
    images, labels = data.fashion("train")
    generator = lesson.Generator("projection").to(memory_format=LAYOUT)
    discriminator = lesson.Discriminator("projection").to(memory_format=LAYOUT)
    batches, ema = data.batches(images, labels, size=32), training.EMA(generator)
    return lesson.make_step(generator, discriminator, batches, ema, 10**6)


def step_06(lesson: ModuleType) -> Callable[[int], object]:
    images, attributes = data.personas("train")
    encoder = zoo.load("text-encoder-personas").text.requires_grad_(False)
    generator = lesson.StageIGenerator().to(memory_format=LAYOUT)
    discriminator = lesson.Discriminator((32, 64)).to(memory_format=LAYOUT)
    return lesson.make_step(
        generator,
        discriminator,
        data.batches(data.shrunk(images, 16), attributes, size=64),
        lambda captions: encoder(data.Tokeniser().encode(captions)),
        lesson.drawn_from_noise,
        training.EMA(generator),
        r1=0.2,
    )


def step_07(lesson: ModuleType) -> Callable[[int], object]:
    images, _ = data.personas("train")
    batches = [data.batches(data.shrunk(images, size), size=16) for size in (4, 8, 16)]
    schedule = lesson.Schedule([{"fade": 0, "stabilise": 16, "batch": 16}] * 2
                               + [{"fade": 0, "stabilise": 16 * 10**6, "batch": 16}])  # fmt: skip
    generator = lesson.Generator(channels=(48, 48, 32)).to(memory_format=LAYOUT)
    critic = lesson.Critic(channels=(48, 48, 32)).to(memory_format=LAYOUT)
    return lesson.make_step(generator, critic, batches, training.EMA(generator), schedule)


def step_A(lesson: ModuleType) -> Callable[[int], object]:
    gan = lesson.KerasGAN(lesson.Generator(z_dim=8), lesson.Discriminator(width=24))
    gan.compile(lesson.keras_adam(), lesson.keras_adam())
    real = lesson.keras_port.to_keras(data.to_float(data.fashion("train")[0][:32]))
    z = torch.randn(32, 8).numpy()
    return lambda i: gan.train_on_batch(real, z)


STEPS = {
    "02": ("02_cnn.ipynb", step_02),
    "03": ("03_vae.ipynb", step_03),
    "04": ("04a_gan.ipynb", step_04),
    "05": ("05_conditional_gan.ipynb", step_05),
    "06": ("06_stackgan.ipynb", step_06),
    "07": ("07_progan.ipynb", step_07),
    "A": ("A_keras.ipynb", step_A),
}


def trainer(name: str, pipe) -> None:
    """Answer each (threads or None, seconds) with the steps per second; runs in its own process."""
    path, make = STEPS[name]
    lesson = definitions(path)
    training.start(seed=0)
    step = make(lesson)
    for i in range(5):
        step(i)
    pipe.send("ready")
    while True:
        number, seconds = pipe.recv()
        threads._chosen = 1  # forget the measurement before
        began, count = time.perf_counter(), 0
        for i in training.steps(10**9, progress=False, threads=number):
            step(10 + i)
            count += 1
            if time.perf_counter() - began > seconds:
                break
        pipe.send(count / (time.perf_counter() - began))


class Trainer:
    """A process that trains when it is told to."""

    def __init__(self, name: str):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=trainer, args=(name, other), daemon=True)
        self.process.start()
        self.pipe.recv()

    def begin(self, seconds: float, number: int | None = None) -> None:
        self.pipe.send((number, seconds))

    def speed(self) -> float:
        return self.pipe.recv()


def measured(name: str, seconds: float) -> dict[str, tuple[float, float]]:
    """Return condition -> speed of a lesson's step, chosen and with one thread, in multiples.

    The unit is one thread on the quiet machine, timed before and after. What one thread reaches in
    company is what a choice can reach at most.
    """
    ours, other = Trainer(name), Trainer(name)

    def alone(number: int | None, seconds: float = seconds / 3) -> float:
        ours.begin(seconds, number)
        return ours.speed()

    def busy_loop(number: int | None) -> float:
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as loop:
            speed = alone(number, seconds)
            loop.kill()
        return speed

    def two_of_ours(number: int | None) -> float:
        for process in (ours, other):
            process.begin(seconds, number)
        return min(process.speed() for process in (ours, other))

    def foreign(number: int | None) -> float:
        other.begin(seconds + 2, 2)
        time.sleep(1)
        speed = alone(number, seconds)
        other.speed()
        return speed

    alone(2), alone(1)  # warms up
    one, found = alone(1), {}
    conditions = (lambda number: alone(number, seconds), busy_loop, two_of_ours, foreign)
    for condition, run in zip(GOALS, conditions, strict=True):
        chosen, single = run(None), run(2 if condition == "quiet" else 1)
        before, one = one, alone(1)
        unit = statistics.mean((before, one))
        found[condition] = chosen / unit, single / unit
    for process in (ours, other):
        process.process.kill()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", default=list(STEPS))
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    print("chosen (in brackets: one thread; on the quiet machine two)", flush=True)
    print(f"{'lesson':8}", *(f"{name:>16}" for name in GOALS))
    print(f"{'at least':8}", *(f"{goal:>16}" for goal in GOALS.values()), flush=True)
    missed = 0
    for name in options.lessons:
        row = measured(name, options.seconds)
        cells = (f"{chosen:.2f} ({single:.2f})" for chosen, single in row.values())
        print(f"{name:8}", *(f"{cell:>16}" for cell in cells), flush=True)
        missed += sum(row[condition][0] < goal for condition, goal in GOALS.items())
    print(f"{missed} below their goal")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
