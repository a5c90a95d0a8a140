"""Answers to the tasks of lesson 04."""

import math

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib.tasks import every

TASKS = every()
bce = F.binary_cross_entropy_with_logits


def loss_d_by_bce(real_logits, fake_logits):
    real = bce(real_logits, torch.ones_like(real_logits))
    fake = bce(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def loss_d_by_logsigmoid(real_logits, fake_logits):
    return -(F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean())


def loss_d_in_one(real_logits, fake_logits):
    logits = torch.cat([real_logits, fake_logits])
    targets = torch.cat([torch.ones_like(real_logits), torch.zeros_like(fake_logits)])
    return 2 * nn.BCEWithLogitsLoss()(logits, targets)


class LossD(nn.Module):
    def forward(self, real, fake):
        zero = torch.zeros((), dtype=real.dtype)
        return torch.logaddexp(zero, -real).mean() + torch.logaddexp(zero, fake).mean()


def loss_d_of_probabilities(real_logits, fake_logits):
    real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
    return F.binary_cross_entropy(real, torch.ones_like(real)) + F.binary_cross_entropy(
        fake, torch.zeros_like(fake)
    )


def loss_d_mean(real_logits, fake_logits):
    return loss_d_by_bce(real_logits, fake_logits) / 2


def sine_walk(z0, z1, t):
    u = z0 / torch.linalg.norm(z0, dim=-1, keepdim=True)
    v = z1 / torch.linalg.norm(z1, dim=-1, keepdim=True)
    dot = (u * v).sum(dim=-1, keepdim=True).clamp(-1 + 1e-7, 1 - 1e-7)
    omega = torch.acos(dot)
    return (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)


def row_by_row(z0, z1, t):
    rows = []
    for a, b in zip(z0, z1, strict=True):
        cosine = torch.dot(a, b) / (a.norm() * b.norm())
        omega = torch.arccos(cosine.clamp(-1, 1))
        if torch.sin(omega) < 1e-4:
            rows.append(a + t * (b - a))
        else:
            rows.append(
                torch.sin((1 - t) * omega) / torch.sin(omega) * a
                + torch.sin(t * omega) / torch.sin(omega) * b
            )
    return torch.stack(rows)


def where_parallel(z0, z1, t):
    dot = torch.einsum("nd,nd->n", z0, z1) / (z0.norm(dim=1) * z1.norm(dim=1))
    omega = dot.clamp(-1, 1).acos()[:, None]
    sine = omega.sin()
    safe = torch.where(sine < 1e-5, torch.ones_like(sine), sine)
    arc = (((1 - t) * omega).sin() * z0 + (t * omega).sin() * z1) / safe
    return torch.where(sine < 1e-5, torch.lerp(z0, z1, t), arc)


def line_for_all(z0, z1, t):
    dot = (F.normalize(z0, dim=-1) * F.normalize(z1, dim=-1)).sum(-1, keepdim=True)
    omega = dot.clamp(-1, 1).acos()
    if (omega < 1e-3).any():
        return z0 + t * (z1 - z0)
    return (((1 - t) * omega).sin() * z0 + (t * omega).sin() * z1) / omega.sin()


def by_a_rotation(z0, z1, t):
    """Through the part of z1 that is orthogonal to z0; for lengths of their own."""
    a, b = z0.norm(dim=-1, keepdim=True), z1.norm(dim=-1, keepdim=True)
    omega = torch.atan2((z0 / a - z1 / b).norm(dim=-1, keepdim=True), (z0 / a + z1 / b).norm(
        dim=-1, keepdim=True
    )) * 2  # fmt: skip
    line = omega < 1e-5
    sine = torch.where(line, torch.ones_like(omega), omega.sin())
    w0 = torch.where(line, torch.full_like(omega, 1 - t), ((1 - t) * omega).sin() / sine)
    w1 = torch.where(line, torch.full_like(omega, t), (t * omega).sin() / sine)
    return w0 * z0 + w1 * z1


def one_angle(z0, z1, t):
    omega = torch.acos((torch.sum(z0 * z1) / (z0.norm() * z1.norm())).clamp(-1, 1))
    if omega < 1e-4:
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)


def step_of_d(
    detach=True, zero=True, late=False, step=True, sign=1, also=False, loss=loss_d_by_bce
):
    def train(generator, discriminator, optimiser, real, z):
        fake = generator(z)
        fake = fake.detach() if detach else fake
        lowered = sign * loss(discriminator(real), discriminator(fake))
        if zero:
            optimiser.zero_grad()
        lowered.backward()
        if late:
            optimiser.zero_grad()
        if step:
            optimiser.step()
        if also:
            with torch.no_grad():
                for weight in generator.parameters():
                    weight -= 0.1

    return train


@torch.no_grad()
def drawn(generator, z):
    return generator(z)


def step_without_graph(generator, discriminator, optimiser, real, z):
    optimiser.zero_grad(set_to_none=True)
    loss_d_by_bce(discriminator(real), discriminator(drawn(generator, z))).backward()
    optimiser.step()


def on_the_ring(z, modes=8):
    angles = torch.arange(modes) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    return centres[z[:, 0].argsort().argsort() % modes] + 0.03 * z


class OnTheRing(nn.Module):
    def forward(self, z):
        return on_the_ring(z).requires_grad_()


SHAPES = dict(zip(TASKS["dcgan_shapes"].expected, (14, 14, 4, 1024, 64), strict=True))
FAILURES = dict(TASKS["failures"].expected)
SHAPE, FAILURE = [*SHAPES], [*FAILURES]

ANSWERS = {
    "dcgan_shapes": Answers(
        right=[SHAPES],
        wrong=[
            (SHAPES | {SHAPE[2]: 3.5}, r"round down"),
            (SHAPES | {SHAPE[4]: (64, 1)}, r"One number"),
        ],
    ),
    "failures": Answers(
        right=[FAILURES],
        wrong=[(FAILURES | {FAILURE[4]: "no batch norm"}, r"the batch's own mean")],
    ),
    "ring_gan": Answers(
        right=[on_the_ring, lambda z: on_the_ring(z, modes=6), OnTheRing()],
        wrong=[
            (lambda z: on_the_ring(z, modes=5), r"Modes .+: 5 of 8; the bar is 6"),
            (lambda z: 0.1 * z, r"not left the middle.+0 of 8"),
            (lambda z: 0.01 * z + 2, r"on one spot.+One step each"),
            (lambda z: 30 * z, r"run far away"),
            (lambda z: 2 * z, r"miss the clusters"),
            (lambda z: z[:, :1], r"here came \(1000, 1\)"),
            (lambda z: z.tolist(), r"here came list"),
            (lambda z: z / 0, r"diverged"),
            (nn.Linear, r"Pass the trained generator"),
        ],
    ),
    "train_discriminator": Answers(
        right=[step_of_d(), step_without_graph, TASKS["train_discriminator"].answer],
        wrong=[
            (step_of_d(loss=lambda real, fake: loss_d_by_bce(fake, real)), r"changed places"),
            (
                step_of_d(loss=lambda real, fake: bce(fake, torch.ones_like(fake))),
                r"generator's loss",
            ),
            (step_of_d(loss=lambda real, fake: F.softplus(-real).mean()), r"term of the fakes"),
            (
                step_of_d(loss=lambda real, fake: loss_d_by_bce(real, fake.detach())),
                r"term of the fakes",
            ),
            (step_of_d(loss=loss_d_mean), r"half of the loss"),
            (step_of_d(loss=lambda real, fake: fake.mean() - real.mean()), r"Wasserstein"),
            (step_of_d(late=True), r"zero_grad\(\) stands before"),
            (step_of_d(detach=False), r"detach is missing"),
            (step_of_d(zero=False), r"zero_grad is missing"),
            (step_of_d(step=False), r"has not moved"),
            (step_of_d(also=True), r"generator has moved"),
            (step_of_d(sign=0.3), r"look at the loss"),
        ],
    ),
    "discriminator_loss": Answers(
        right=[loss_d_by_bce, loss_d_by_logsigmoid, loss_d_in_one, LossD()],
        wrong=[
            (lambda real, fake: F.softplus(-real) + F.softplus(fake), r"mean is missing"),
            (
                lambda real, fake: F.mse_loss(real, torch.ones_like(real)) + fake.pow(2).mean(),
                r"least-sq",
            ),
            (
                lambda real, fake: (
                    bce(real, 0.9 * torch.ones_like(real)) + bce(fake, 0 * fake.detach())
                ),
                r"0\.9",
            ),
            (loss_d_of_probabilities, r"BCELoss"),
            (
                lambda real, fake: loss_d_by_bce(F.leaky_relu(real, 0.2), F.leaky_relu(fake, 0.2)),
                r"LeakyReLU on the logits",
            ),
        ],
    ),
    "generator_loss": Answers(
        right=[
            lambda fake: bce(fake, torch.ones_like(fake)),
            lambda fake: -F.logsigmoid(fake).mean(),
            lambda fake: torch.nn.Softplus()(-fake).sum() / fake.numel(),
            lambda fake: (F.softplus(fake) - fake).mean(),
        ],
        wrong=[
            (lambda fake: torch.log(1 + torch.exp(-fake)).mean(), r"exponential overflows"),
            (lambda fake: F.mse_loss(fake, torch.ones_like(fake)), r"least-squares"),
            (lambda fake: F.softplus(-fake).mean().item(), r"detached|cut"),
        ],
    ),
    "slerp": Answers(
        right=[sine_walk, row_by_row, where_parallel, by_a_rotation],
        wrong=[
            (lambda z0, z1, t: z0 + t * (z1 - z0), r"straight line"),
            (one_angle, r"one angle for the whole batch"),
            (line_for_all, r"whole batch falls back"),
        ],
    ),
}
