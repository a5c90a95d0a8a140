"""Is a training step the same in PyTorch, Keras on PyTorch and Keras on TensorFlow, and how long?

    .venv-keras/bin/python benchmarks/keras_step.py [--steps 60] [--write]

Run it with the environment that `make test-keras` makes, on an idle machine. Each framework has a
process of its own, on all cores that are granted, and executes the definitions of appendix A. All
get the same weights, images and z: the first step's losses and the shipped model's images say
whether they agree. Then each trains for `--steps` steps of 32 images, three times in turn, and the
median step is taken. `--write` stores the record that appendix A shows.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BATCH, WARM_UP, TURNS = 32, 5, 3
FRAMEWORKS = {  # name -> Keras's backend, and whether Keras takes the steps
    "PyTorch": ("torch", False),
    "Keras on PyTorch": ("torch", True),
    "Keras on TensorFlow": ("tensorflow", True),
}


def measure(with_keras: bool, steps: int) -> dict:
    """Return losses, pixels and milliseconds a step of one framework, in this process."""
    sys.path.insert(0, str(ROOT / "tests" / "lessons"))
    from cells import definitions

    lesson = definitions("A_keras.ipynb")
    import torch

    from course_lib import data, keras_port, zoo
    from course_lib.sampling import latents, sample

    g, d, gan = lesson.twins()
    shipped, port = zoo.load("dcgan-fashion"), lesson.Generator(z_dim=100, width=32)
    keras_port.carry(shipped, port)
    model = keras_port.AsModule(port) if with_keras else shipped
    pixels = sample(model, 64, seed=0).flatten().tolist()

    batches = data.batches(data.fashion("train")[0], size=BATCH)
    first = next(batches), latents(BATCH, 100, seed=1)
    torch.manual_seed(0)

    def pairs():
        for real in batches:
            yield real, torch.randn(BATCH, 100)

    times = []
    if with_keras:
        keras = lesson.keras

        class Clock(keras.callbacks.Callback):
            def on_train_batch_begin(self, step, logs=None):
                self.began = time.perf_counter()

            def on_train_batch_end(self, step, logs=None):
                times.append(time.perf_counter() - self.began)

        real, z = first
        losses = gan.train_on_batch(keras_port.to_keras(real), z.numpy(), return_dict=True)
        arrays = ((keras_port.to_keras(real), z.numpy()) for real, z in pairs())
        gan.fit(arrays, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[Clock()])
    else:
        adams = lesson.torch_adam(g), lesson.torch_adam(d)
        losses = {
            name: value.item() for name, value in lesson.torch_step(g, d, *adams, *first).items()
        }
        for _, batch in zip(range(steps), pairs(), strict=False):
            began = time.perf_counter()
            values = lesson.torch_step(g, d, *adams, *batch)
            _ = {name: value.item() for name, value in values.items()}
            times.append(time.perf_counter() - began)
    losses = {name: float(value) for name, value in losses.items()}
    return losses | {"pixels": pixels, "times": [1000 * t for t in times[WARM_UP:]]}


def in_a_process(name: str, steps: int) -> dict:
    """Return what `measure` returns for a framework, from a fresh process."""
    environment = os.environ | {"KERAS_BACKEND": FRAMEWORKS[name][0]}
    command = [sys.executable, __file__, "--steps", str(steps), "--only", name]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", choices=FRAMEWORKS, help="measure one, and print it as JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(FRAMEWORKS[options.only][1], options.steps)))
        return
    turns = [{name: in_a_process(name, options.steps) for name in FRAMEWORKS} for _ in range(TURNS)]
    rows = {}
    for name, run in turns[0].items():
        times = [t for turn in turns for t in turn[name]["times"]]
        pixels = zip(run["pixels"], turns[0]["PyTorch"]["pixels"], strict=True)
        rows[name] = {
            "loss_d": run["loss_d"],
            "loss_g": run["loss_g"],
            "pixel difference": max(abs(a - b) for a, b in pixels),
            "milliseconds a step": round(statistics.median(times), 1),
        }
        print(name, *rows[name].items(), sep="\n    ")
    if options.write:
        from course_lib import machine, zoo

        packages = {"torch": "torch", "keras": "keras", "tensorflow": "tensorflow"}
        if sys.platform == "linux":
            packages["tensorflow"] = "tensorflow-cpu"
        versions = ", ".join(f"{name} {version(package)}" for name, package in packages.items())
        record = {
            "command": "python benchmarks/keras_step.py --write",
            "machine": f"{machine.cores()} cores, {versions}",
            "frameworks": rows,
        }
        text = json.dumps(record, indent=2) + "\n"
        (zoo.RECORDS / "keras-step.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
