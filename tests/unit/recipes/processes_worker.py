"""What each process runs for test_processes.py: `train`, on a ProGAN that takes a second.

Call: processes_worker.py OUT [--resume] [--die-at STEP | --sleep-at STEP]; rank 1 does as told.
The schedule: at 4×4 pixels steps 0 to 2, a fade 3 to 5, stable at 8×8 6 and 7. All numbers are
float64, so that rounding differs from mistakes by many orders of magnitude. What a rank holds at
the end goes to OUT/rankR.safetensors, the checkpoint of step 3 to OUT/early.safetensors.
"""

import argparse
import dataclasses
import os
import shutil
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import torch

from course_lib import __main__, data, metrics, recipes, training, zoo
from course_lib.data import batching
from course_lib.recipes import processes, progan_personas
from course_lib.recipes.progan_personas import ProGANPersonas

parser = argparse.ArgumentParser()
parser.add_argument("out", type=Path)
parser.add_argument("--resume", action="store_true")
parser.add_argument("--die-at", type=int)
parser.add_argument("--sleep-at", type=int)
options = parser.parse_args()

torch.set_default_dtype(torch.float64)
noise = torch.randint(0, 256, (40, 3, 8, 8), generator=torch.Generator().manual_seed(0))
data.personas = lambda split: (noise.to(torch.uint8), torch.zeros(40, 9, dtype=torch.int64))
batching.to_float = lambda images: images.double() / 127.5 - 1
metrics.portraits_report = lambda samples, judge: {"n": len(samples)}
zoo.load = lambda name: None
if options.sleep_at is not None:
    processes.TIMEOUT = timedelta(seconds=8)

recipe = dataclasses.replace(
    recipes.recipe("progan-personas"),
    arguments={"z_dim": 8, "channels": [8, 8]},
    stages=[
        {"fade": 0, "stabilise": 24, "batch": 8},
        {"fade": 48, "stabilise": 32, "batch": 16},
    ],
    every=3,
)
begin, step = ProGANPersonas.begin, ProGANPersonas.step
works = []


def begin_and_keep(self):
    works.append(begin(self))
    return works[-1]


def step_or_fail(self, i, *game):
    if processes.rank() == 1 and i == options.die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    if processes.rank() == 1 and i == options.sleep_at:
        time.sleep(60)
    if processes.rank() == 0 and i == 4:
        shutil.copy(options.out / "checkpoint.safetensors", options.out / "early.safetensors")
    return step(self, i, *game)


ProGANPersonas.begin, ProGANPersonas.step = begin_and_keep, step_or_fail
progan_personas.RECIPE = recipe
rank = os.environ.get("RANK", "0")
resume = ["--resume"] if options.resume else []
status = __main__.main(["train", "progan-personas", "--out", str(options.out), *resume])
if status == 0:
    training.save_checkpoint(options.out / f"rank{rank}.safetensors", recipe.steps, works[0].parts)
sys.exit(status)
