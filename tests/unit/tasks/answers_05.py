"""Answers to the tasks of lesson 05."""

import math

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib import zoo
from course_lib.losses import discriminator_loss, generator_loss
from course_lib.tasks import every

TASKS = every()


def hot(labels, classes=10):
    return torch.eye(classes)[labels]


def label_by_scatter(z, labels):
    places = torch.zeros(len(z), 10, dtype=z.dtype)
    places[torch.arange(len(z)), labels] = 1
    return torch.hstack([z, places])


class Beside(nn.Module):
    def forward(self, z, labels):
        return torch.cat((z, (labels[:, None] == torch.arange(10)).to(z)), dim=-1)


def row_by_row(z, labels):
    return torch.stack([torch.cat([row, hot(y)]) for row, y in zip(z, labels, strict=True)])


def best_by_logits(p, q, prior, asked):
    logits = p.log() - q.log() + (prior.log() - asked.log()).unsqueeze(1)
    return torch.sigmoid(logits)


def best_class_by_class(p, q, prior, asked):
    rows = [a * b / (a * b + c * d) for a, b, c, d in zip(prior, p, asked, q, strict=True)]
    return torch.stack(rows)


def best_by_ratio(p, q, prior, asked):
    return 1 / (1 + torch.diag(asked / prior) @ (q / p))


def marginal(p, q, prior, asked):
    real, fake = prior @ p, asked @ q
    return real / (real + fake)


def logit_by_einsum(features, labels, vectors, weight, bias):
    return torch.einsum("nf,nf->n", features, F.embedding(labels, vectors) + weight) + bias


def logit_gathered(features, labels, vectors, weight, bias):
    scores = F.linear(features, vectors)
    psi = F.linear(features, weight[None], bias[None])
    return (scores.gather(1, labels[:, None]) + psi).squeeze(1)


class Projection(nn.Module):
    def forward(self, features, labels, vectors, weight, bias):
        both = zip(features, labels, strict=True)
        return torch.stack([phi @ vectors[y] + phi @ weight + bias for phi, y in both])


def descend(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def step_in_one_call(generator, discriminator, adam_g, adam_d, real, labels, z):
    with torch.no_grad():
        fake = generator(z, labels)
    logits = discriminator(torch.cat([real, fake]), labels.repeat(2))
    descend(adam_d, discriminator_loss(*logits.chunk(2)))
    descend(adam_g, generator_loss(discriminator(generator(z, labels), labels)))


def step_in_another_order(generator, discriminator, adam_g, adam_d, real, labels, z):
    asked = labels[torch.randperm(len(labels))]
    fake = generator(z, asked)
    on_fake = F.softplus(discriminator(fake.detach(), asked)).mean()
    descend(adam_d, on_fake + F.softplus(-discriminator(real, labels)).mean())
    descend(adam_g, F.softplus(-discriminator(fake, asked)).mean())


def step_with_gradients_by_hand(generator, discriminator, adam_g, adam_d, real, labels, z):
    """Without detach: G's gradients of D's loss are never computed."""
    fake = generator(z, labels)
    loss = discriminator_loss(discriminator(real, labels), discriminator(fake, labels))
    weights = [*discriminator.parameters()]
    for weight, slope in zip(
        weights, torch.autograd.grad(loss, weights, retain_graph=True), strict=True
    ):
        weight.grad = slope
    adam_d.step()
    descend(adam_g, generator_loss(discriminator(fake, labels)))


def stepping(
    ask=lambda labels: labels,
    d_real=lambda labels: labels,
    d_fake=None,
    g_fake=None,
    loss_d=discriminator_loss,
    loss_g=generator_loss,
    cut=False,
    forget=True,
):
    """Return a step with its labels, losses or details changed."""

    def step(generator, discriminator, adam_g, adam_d, real, labels, z):
        asked = ask(labels)
        fake = generator(z, asked)
        on_real = discriminator(real, d_real(labels))
        on_fake = discriminator(fake.detach(), d_fake(labels) if d_fake else asked)
        descend(adam_d, loss_d(on_real, on_fake))
        seen = fake.detach() if cut else fake
        logits = discriminator(seen, g_fake(labels) if g_fake else asked)
        if forget:
            adam_g.zero_grad()
        loss_g(logits).backward()
        adam_g.step()

    return step


def random_labels(labels):
    return torch.randint_like(labels, 10)


def shuffled(labels):
    return labels[torch.randperm(len(labels))]


def step_on_reals_alone(generator, discriminator, adam_g, adam_d, real, labels, z):
    fake = generator(z, labels)
    descend(adam_d, F.softplus(-discriminator(real, labels)).mean())
    descend(adam_g, generator_loss(discriminator(fake, labels)))


def step_of_new_noise(generator, discriminator, adam_g, adam_d, real, labels, z):
    z = torch.randn_like(z)
    stepping()(generator, discriminator, adam_g, adam_d, real, labels, z)


SHIPPED = {way: zoo.load(f"cgan-fashion{way}") for way in ("", "-embedding", "-concatenated")}


class Spoilt(nn.Module):
    """The shipped generator, with what it is told or what it returns changed."""

    def __init__(self, told=lambda z, labels: (z, labels), returned=lambda images: images):
        super().__init__()
        self.body, self.z_dim = SHIPPED[""], 100
        self.told, self.returned = told, returned

    def forward(self, z, labels):
        return self.returned(self.body(*self.told(z, labels)))


NUMBERS = dict(TASKS["conditional_numbers"].expected)
NUMBER = [*NUMBERS]
FAILURES = dict(TASKS["conditional_failures"].expected)
FAILURE = [*FAILURES]

ANSWERS = {
    "with_label": Answers(
        right=[
            label_by_scatter,
            Beside(),
            row_by_row,
        ],
        wrong=[
            (lambda z, y: torch.cat([z, hot(y - 1)], 1), r"off by one"),
            (lambda z, y: torch.cat([z, torch.randn(10, 10)[y]], 1), r"random numbers"),
            (lambda z, y: torch.cat([z.data, hot(y)], 1), r"detached"),
        ],
    ),
    "conditional_discriminator": Answers(
        right=[best_by_logits, best_class_by_class, best_by_ratio],
        wrong=[
            (marginal, r"not told the label"),
            (lambda p, q, a, b: (a[:, None] * p) / (a @ p), r"classifier"),
            (lambda p, q, a, b: a[:, None] / (a + b)[:, None] + 0 * p, r""),
        ],
    ),
    "conditional_numbers": Answers(
        right=[NUMBERS],
        wrong=[(NUMBERS | {NUMBER[0]: 0}, r"That is the JSD")],
    ),
    "projection_logit": Answers(
        right=[logit_by_einsum, logit_gathered, Projection()],
        wrong=[
            (lambda f, y, v, w, b: torch.einsum("nf,nf->n", f, v[y]), r"ψ is missing"),
            (lambda f, y, v, w, b: (f * (v[y] + w)).sum(0) + b, r"came \(16,\)"),
            (lambda f, y, v, w, b: torch.sigmoid((f * (v[y] + w)).sum(1) + b), r"probability"),
        ],
    ),
    "conditional_step": Answers(
        right=[
            stepping(),
            step_in_one_call,
            step_in_another_order,
            step_with_gradients_by_hand,
        ],
        wrong=[
            (stepping(ask=random_labels, d_fake=lambda y: y, g_fake=lambda y: y), r"D's step .+ m"),
            (stepping(d_fake=random_labels), r"In D's step \d+ of 24 fakes"),
            (stepping(g_fake=random_labels), r"In G's step \d+ of 24 fakes"),
            (stepping(d_real=shuffled), r"shuffled reals"),
            (stepping(ask=random_labels), r"D wins by counting"),
            (stepping(cut=True), r"G has not moved: .+ detach"),
            (stepping(forget=False), r"G's zero_grad"),
            (stepping(loss_g=lambda a: -F.softplus(a).mean()), r"saturating"),
            (stepping(loss_g=lambda a: F.softplus(a).mean()), r"G moves the wrong way"),
            (stepping(loss_d=lambda r, f: -discriminator_loss(r, f)), r"D moves the wrong way"),
            (step_on_reals_alone, r"no fake images"),
            (step_of_new_noise, r"another z"),
            (stepping(loss_d=lambda r, f: discriminator_loss(r, f) / 2), r"D's weights differ"),
        ],
    ),
    "obedient_generator": Answers(
        right=[*SHIPPED.values()],
        wrong=[
            (Spoilt(lambda z, y: (z, y[torch.randperm(len(y))])), r"nobody obeys"),
            (Spoilt(lambda z, y: (z, (y + 1) % 10)), r"off by 1"),
            (Spoilt(lambda z, y: (0 * z + 0.3, y)), r"nearly one picture"),
            (Spoilt(returned=lambda images: (images + 1) * 127.5), r"in \[−1, 1\]"),
            (Spoilt(returned=lambda images: images / 0), r"diverged"),
            (Spoilt(returned=lambda images: images.flatten(1)), r"of shape \(1000, 1, 28, 28\)"),
            (Spoilt(lambda z, y: (z, torch.where(z[:, 0] > 0, 0, y))), r"Train longer"),
            (zoo.load("dcgan-fashion"), r"takes 2 positional arguments"),
            (nn.Linear(3, 3), r"z_dim"),
            (type(SHIPPED[""]), r"trained generator itself"),
        ],
    ),
    "to_grey": Answers(
        right=[
            lambda x: F.relu6(3 * x + 3) / 6,
            lambda x: x.clamp(-1, 1) * 0.5 + 0.5,
            lambda x: torch.clip((x - (-1)) / (1 - (-1)), min=0, max=1),
            lambda x: torch.lerp(torch.zeros_like(x), torch.ones_like(x), F.hardtanh(x) / 2 + 0.5),
        ],
        wrong=[
            (lambda x: ((x + 1) / 2).clamp(-1, 1), r"Blacker than black"),
            (
                lambda x: torch.stack([(i - i.min()) / (i.max() - i.min()) for i in x]),
                r"Each image is stretched",
            ),
            (lambda x: F.relu(x).clamp(max=1), r"−1 alone should"),
        ],
    ),
    "conditional_failures": Answers(
        right=[FAILURES],
        wrong=[(FAILURES | {FAILURE[0]: "labels off by one"}, r"shows all")],
    ),
    "variation": Answers(
        right=[  # z is one idea, (1, z_dim), as the task says.
            lambda z, eps, s: torch.stack(
                [math.sqrt(1 - s**2) * z[0] + s * noise for noise in eps]
            ),
            lambda z, eps, s: math.cos(math.asin(s)) * z + s * eps,
            lambda z, eps, s: torch.add(torch.tensor(1 - s**2).sqrt() * z, eps, alpha=s),
        ],
        wrong=[
            (lambda z, eps, s: z.repeat(len(eps), 1), r"copies"),
            (lambda z, eps, s: torch.lerp(z.expand_as(eps), eps, s), r"variance shrinks"),
            (lambda z, eps, s: (1 - s**2) ** 0.5 * z + s * torch.randn(eps.shape), r"random"),
        ],
    ),
}
