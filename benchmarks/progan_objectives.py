"""Which objective and which rate teach a small ProGAN the most in a given time?

    python benchmarks/progan_objectives.py NAME [key=value …] [--seconds 300] [--out runs/progan]

Trains the networks of lesson 07 on Personas, growing up to `size` pixels, for a number of seconds
of this process's own clock on one thread (other programs do not lengthen it), and judges the
averaged generator: FID-course and coverage of 2,000 samples, enlarged for the judge, against as
many test portraits of that size. Phases are shares of the seconds, so that a dear step costs the
objective that needs it. Writes the figures, the average and a sheet of samples to `out`. The
results stand in benchmarks/LOG.md.
"""

import argparse
import ast
import json
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torchvision.utils import save_image

from course_lib import data, losses, metrics, training, zoo
from course_lib.models.progan import Critic, Generator, faded


@dataclass(frozen=True)
class Trial:
    """What is tried.

    Attributes:
        objective: "wgan-gp", "logistic" (non-saturating) or "paired" (relativistic).
        r1, r2: weights γ of the penalties of "logistic" and "paired"; 0 leaves one out.
        penalty_every: steps between two penalties, each as many times heavier.
        size: pixels at which the trial ends.
        straight: share of the seconds that the last phase gets; the rest is for growing.
    """

    objective: str = "logistic"
    r1: float = 0.3
    r2: float = 0.0
    penalty_every: int = 16
    rate: float = 3e-3
    beta2: float = 0.99
    batch: int = 16
    ema: float = 0.998
    z_dim: int = 64
    channels: tuple[int, ...] = (64, 64, 48, 32, 16)
    critic_channels: tuple[int, ...] = ()
    size: int = 16
    straight: float = 0.6
    reset: bool = True


def phases(trial: Trial) -> list[tuple[int, bool, float]]:
    """Return (stage, whether it fades in, where it ends as a share of the time) for each phase."""
    last = {4 << stage: stage for stage in range(5)}[trial.size]
    # Each stage costs about twice the one before it: give each twice the time.
    parts = [(0, False, 1.0)]
    for stage in range(1, last):
        parts += [(stage, True, 2.0**stage), (stage, False, 2.0**stage)]
    parts += [(last, True, 2.0**last)]
    total = sum(part for *_, part in parts)
    parts = [(s, f, p / total * (1 - trial.straight)) for s, f, p in parts]
    ends, sofar = [], 0.0
    for stage, fades, part in [*parts, (last, False, trial.straight)]:
        sofar += part
        ends.append((stage, fades, sofar))
    return ends


def train(trial: Trial, seconds: float) -> tuple[Generator, dict]:
    """Train for `seconds` and return the average and what was done."""
    training.start(0)
    torch.set_num_threads(1)
    layout = torch.channels_last
    generator = Generator(trial.z_dim, trial.channels)
    critic = Critic(trial.critic_channels or trial.channels)
    for network in (generator, critic):
        network.to(memory_format=layout)
    adam_g, adam_d = (
        torch.optim.Adam(n.parameters(), lr=trial.rate, betas=(0.0, trial.beta2), fused=True)
        for n in (generator, critic)
    )
    average = training.EMA(generator, trial.ema)
    images = data.personas("train")[0]
    batches = {
        size: data.batches(data.shrunk(images, size), size=trial.batch, seed=size)
        for size in generator.sizes
        if size <= trial.size
    }
    plan, i, phase, spent, counts = phases(trial), 0, -1, 0.0, {}
    while spent < seconds:
        began = time.process_time()
        now = next((k for k, part in enumerate(plan) if spent / seconds < part[2]), len(plan) - 1)
        if now != phase and trial.reset:
            adam_g.state.clear()
            adam_d.state.clear()
        phase = now
        stage, fades, end = plan[phase]
        first = plan[phase - 1][2] if phase else 0.0
        fade = (spent / seconds - first) / (end - first) if fades else 1.0
        fade = min(max(fade, 0.0), 1.0)
        judge = partial(critic, stage=stage, fade=fade)
        real = next(batches[4 << stage])
        real = faded(real, fade).contiguous(memory_format=layout)
        fake = generator(torch.randn(trial.batch, trial.z_dim), stage, fade)
        loss = critic_loss(trial, judge, real, fake.detach(), i)
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        critic.requires_grad_(False)
        loss = generator_loss(trial, judge, real, fake)
        adam_g.zero_grad()
        loss.backward()
        adam_g.step()
        critic.requires_grad_(True)
        average.update(generator)
        i += 1
        spent += time.process_time() - began
        size = 4 << stage
        counts[size] = counts.get(size, 0) + trial.batch
        if i % 500 == 0:
            print(f"step {i}, {spent:.0f} s, {size} px, fade {fade:.2f}", flush=True)
    return average.model, {"steps": i, "images": counts}


def critic_loss(trial, judge, real, fake, i):
    """Return the critic's loss at step i."""
    penalised = i % trial.penalty_every == 0
    if trial.objective == "wgan-gp":
        scores = judge(real)
        loss = losses.wgan_critic_loss(scores, judge(fake)) + losses.drift(scores)
        if penalised:
            loss = loss + trial.penalty_every * losses.gradient_penalty(judge, real, fake)
        return loss
    real_scores = judge(real.requires_grad_(penalised and trial.r1 > 0))
    fake_scores = judge(fake.requires_grad_(penalised and trial.r2 > 0))
    if trial.objective == "logistic":
        loss = losses.discriminator_loss(real_scores, fake_scores)
    else:
        loss = losses.relativistic_discriminator_loss(real_scores, fake_scores)
    if penalised and trial.r1 > 0:
        loss = loss + trial.penalty_every * trial.r1 * losses.r1_penalty(real_scores, real)
    if penalised and trial.r2 > 0:
        loss = loss + trial.penalty_every * trial.r2 * losses.r2_penalty(fake_scores, fake)
    return loss


def generator_loss(trial, judge, real, fake):
    """Return the generator's loss of the same game."""
    if trial.objective == "wgan-gp":
        return losses.wgan_generator_loss(judge(fake))
    if trial.objective == "logistic":
        return losses.generator_loss(judge(fake))
    with torch.no_grad():
        real_scores = judge(real)
    return losses.relativistic_generator_loss(real_scores, judge(fake))


def figures(generator: Generator, size: int) -> dict:
    """Return FID-course and coverage of 2,000 samples at `size` pixels."""
    judge, stage = zoo.load("personas-cnn"), generator.sizes.index(size)
    real = metrics.enlarged(data.shrunk(data.personas("test")[0], size))
    samples = data.to_uint8(generator.sample(2000, seed=1, stage=stage))
    found, other = (metrics.features(judge, x) for x in (metrics.enlarged(samples), real))
    _, coverage = metrics.density_coverage(other, found)
    return {
        "FID-course": round(float(metrics.frechet_distance(other, found)), 1),
        "coverage": round(float(coverage), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("changes", nargs="*", help="key=value of Trial")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--out", type=Path, default=Path("runs/progan"))
    options = parser.parse_args()
    changes = dict(change.split("=", 1) for change in options.changes)
    fields = Trial.__dataclass_fields__
    trial = replace(
        Trial(),
        **{k: v if fields[k].type is str else ast.literal_eval(v) for k, v in changes.items()},
    )
    generator, done = train(trial, options.seconds)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / options.name
    state = {key: tensor.contiguous() for key, tensor in generator.state_dict().items()}
    save_file(state, path.with_suffix(".safetensors"))
    stage = generator.sizes.index(trial.size)
    samples = metrics.enlarged(generator.sample(32, seed=0, stage=stage))
    save_image(samples, path.with_suffix(".png"), nrow=8, normalize=True, value_range=(-1, 1))
    row = {"name": options.name, **changes, "seconds": options.seconds, **done}
    row |= figures(generator, trial.size)
    print(json.dumps(row), flush=True)
    with (options.out / "trials.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
