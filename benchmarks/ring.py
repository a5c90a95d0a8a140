"""What keeps the modes of lesson 04a's ring: five losses, ten seeds each, measured alike.

    python benchmarks/ring.py           # prints a line for each loss, in about ten minutes
    python benchmarks/ring.py --write   # also writes course_lib/records/ring-penalties.json

Points, networks, rates and batch are the lesson's, and so is the loop of the plain loss.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from torch.nn.functional import softplus

from course_lib import losses, training, zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "lessons"))
from cells import definitions

STEPS, EVERY, SEEDS, GAMMA = 1200, 50, range(10), 0.1
LOSSES = {
    "plain": {},
    "R1": {"r1": True},
    "R1 and R2": {"r1": True, "r2": True},
    "relativistic": {"relativistic": True},
    "relativistic, R1 and R2": {"relativistic": True, "r1": True, "r2": True},
}


def penalty(logits: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return ½ E ‖∇ a‖² at the points (N, 2); Mescheder et al. 2018, equations 9 and 10."""
    (gradient,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return 0.5 * gradient.square().sum(dim=1).mean()


def play(lesson, seed: int, r1=False, r2=False, relativistic=False, steps=STEPS):
    """Train on the ring; return the generated points (1000, 2) after every 50 steps."""
    training.start(seed)
    generator, discriminator = lesson.networks()
    adam_g, adam_d = training.adam(generator, 2e-3), training.adam(discriminator, 2e-3)
    noise, shots = torch.randn(1000, 2), []
    for i in training.steps(steps, progress=False):
        fake = generator(torch.randn(256, 2)).detach().requires_grad_(r2)  # (256, 2)
        real = lesson.ring(256).requires_grad_(r1)  # (256, 2)
        real_logits, fake_logits = discriminator(real), discriminator(fake)  # (256, 1)
        if relativistic:
            loss_d = losses.relativistic_discriminator_loss(real_logits, fake_logits)
        else:
            loss_d = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        loss_d = loss_d + (GAMMA * penalty(real_logits, real) if r1 else 0)
        loss_d = loss_d + (GAMMA * penalty(fake_logits, fake) if r2 else 0)
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()

        fake_logits = discriminator(generator(torch.randn(256, 2)))  # (256, 1)
        if relativistic:
            real_logits = discriminator(lesson.ring(256))
            loss_g = losses.relativistic_generator_loss(real_logits, fake_logits)
        else:
            loss_g = softplus(-fake_logits).mean()
        adam_g.zero_grad()
        loss_g.backward()
        adam_g.step()
        if (i + 1) % EVERY == 0:
            with torch.no_grad():
                shots.append(generator(noise))
    return shots


def shares(lesson, points: torch.Tensor) -> torch.Tensor:
    """Return which part of the points (N, 2) that lie on a mode lies on each of them, (8,)."""
    distance, nearest = torch.cdist(points, lesson.centres).min(dim=1)
    hits = nearest[distance < 4 * 0.05].bincount(minlength=8)
    return hits / hits.sum().clamp(min=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lesson, rows = definitions("04a_gan.ipynb"), {}
    for name, what in LOSSES.items():
        fewest, divergences = [], []
        for seed in SEEDS:
            last = play(lesson, seed, **what)[-STEPS // EVERY // 3 :]  # the last third
            fewest.append(min(lesson.count_modes(points) for points in last))
            divergences += [float(torch.special.xlogy(q, 8 * q).sum()) for q in
                            (shares(lesson, points) for points in last)]  # fmt: skip
        kl = sum(divergences) / len(divergences)
        rows[name] = {"fewest modes": fewest, "KL": round(kl, 4)}
        print(f"{name:24} fewest modes {fewest}, KL {kl:.3f}", flush=True)
    if options.write:
        record = {
            "command": "python benchmarks/ring.py --write",
            "steps": STEPS,
            "weight of each penalty": GAMMA,
            "seeds": len(SEEDS),
            "rows": rows,
        }
        path = zoo.RECORDS / "ring-penalties.json"
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
