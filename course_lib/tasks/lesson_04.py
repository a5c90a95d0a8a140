"""Solutions of lesson 04, and inputs that answers are compared on; `pages/04.md` has the rest."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, logits, normal, told
from course_lib.tasks.lesson import Lesson

lesson = Lesson("04")


def _two_rows() -> list[Case]:
    cases = []
    for seed, (n, size, t) in enumerate(
        ((5, 16, 0.3), (3, 8, 0.5), (4, 100, 0.8), (2, 4, 0.0), (2, 4, 1.0), (1, 10, 0.6))
    ):
        dtype = DTYPES[seed % 2]
        z0, z1 = normal(seed, n, size, dtype=dtype), normal(seed + 50, n, size, dtype=dtype)
        cases.append(Case((z0, z1, t)))
    for dtype in DTYPES:
        z0, mixed = normal(1, 3, 6, dtype=dtype), normal(3, 3, 6, dtype=dtype)
        mixed[1] = z0[1]
        for z1, where in (
            (z0.clone(), "z1 equal to z0"),
            (z0 + 1e-5 * normal(2, 3, 6, dtype=dtype), "z1 nearly parallel to z0"),
            (mixed, "the second of three rows of z1 equal to that of z0"),
        ):
            where = f"{where}, t = 0.4, {told(dtype)}"
            # Of two vectors this close float32 knows the angle to three digits.
            cases.append(Case((z0, z1, 0.4), where, tolerance=2e-3))
    return cases


@lesson.trial("steps.step_of_d", arguments=5, compared=True)
def train_discriminator(generator, discriminator, optimiser, real, z):
    fake = generator(z).detach()  # the same pixels, and no way back into G
    loss = discriminator_loss(discriminator(real), discriminator(fake))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


@lesson.trial("trained.finds_the_modes")
def ring_gan():
    angles = torch.arange(8) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # (8, 2)
    generator = nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    discriminator = nn.Sequential(
        nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
    )
    adam_g = torch.optim.Adam(generator.parameters(), 2e-3, betas=(0.5, 0.999))
    adam_d = torch.optim.Adam(discriminator.parameters(), 2e-3, betas=(0.5, 0.999))
    for _ in range(1500):
        real = centres[torch.randint(8, (256,))] + 0.05 * torch.randn(256, 2)
        fake = generator(torch.randn(256, 2))  # (256, 2)
        loss_d = discriminator_loss(discriminator(real), discriminator(fake.detach()))
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()
        loss_g = generator_loss(discriminator(fake))
        adam_g.zero_grad()
        loss_g.backward()
        adam_g.step()


@lesson.task(logits(2))
def discriminator_loss(real_logits, fake_logits):
    # −log D is softplus(−a), and −log(1 − D) is softplus(a): exact for logits of any size.
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


@lesson.task(logits(1))
def generator_loss(fake_logits):
    return F.softplus(-fake_logits).mean()


@lesson.task(_two_rows)
def slerp(z0, z1, t):
    cosine = F.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1).unsqueeze(-1)
    omega = cosine.acos()  # one angle per row
    arc = (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)
    line = (1 - t) * z0 + t * z1
    return torch.where(torch.sin(omega) < 1e-6, line, arc)  # the arc of a parallel row is 0/0


TASKS = lesson.tasks()
