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
            lambda z, y: torch.cat([z, F.one_hot(y, num_classes=10).to(z.dtype)], 1),
            label_by_scatter,
            Beside(),
            row_by_row,
        ],
        wrong=[
            (lambda z, y: torch.cat([z, F.one_hot(y, 11)], 1), r"Eleven places"),
            (lambda z, y: torch.cat([z, 2 * hot(y).to(z) - 1], 1), r"other places are −1"),
            (lambda z, y: torch.cat([z, y.unsqueeze(1)], 1), r"no quantity"),
            (lambda z, y: torch.cat([hot(y), z], 1), r"before z"),
            (lambda z, y: torch.cat([z, F.one_hot(y)], 1), r"Without the 10"),
            (lambda z, y: torch.cat([z, hot(y - 1)], 1), r"off by one"),
            (lambda z, y: hot(y), r"z is lost"),
            (lambda z, y: torch.cat([z, hot(y).to(z)]), r"dim=1"),
            (lambda z, y: torch.cat([z, torch.randn(10, 10)[y]], 1), r"random numbers"),
            (lambda z, y: torch.cat([z.data, hot(y)], 1), r"detached"),
        ],
    ),
    "conditional_discriminator": Answers(
        right=[best_by_logits, best_class_by_class, best_by_ratio],
        wrong=[
            (lambda p, q, prior, asked: p / (p + q), r"frequencies are missing"),
            (lambda p, q, a, b: best_by_logits(p, q, b, a), r"changed places"),
            (lambda p, q, a, b: best_by_logits(q, p, b, a), r"probability of a fake"),
            (marginal, r"not told the label"),
            (lambda p, q, a, b: (a[:, None] * p) / (a @ p), r"classifier"),
            (lambda p, q, a, b: a[:, None] * p / (b[:, None] * q), r"ratio"),
            (lambda p, q, a, b: a * p / (a * p + b * q), r"prior\[:, None\]"),
            (lambda p, q, a, b: a[:, None] * p / (a[:, None] * p + q), r"Only the real pairs"),
            (lambda p, q, a, b: a[:, None] / (a + b)[:, None] + 0 * p, r""),
        ],
    ),
    "conditional_numbers": Answers(
        right=[NUMBERS],
        wrong=[
            (NUMBERS | {NUMBER[0]: 0}, r"That is the JSD"),
            (NUMBERS | {NUMBER[1]: 0.208}, r"images alone"),
            (NUMBERS | {NUMBER[2]: 0.693}, r"seven of ten"),
            (NUMBERS | {NUMBER[3]: 0.5}, r"three times as frequent"),
            (NUMBERS | {NUMBER[4]: 11}, r"three channels"),
            (NUMBERS | {NUMBER[5]: 2048}, r"vector of its own"),
            (NUMBERS | {NUMBER[6]: 0}, r"By chance"),
        ],
    ),
    "projection_logit": Answers(
        right=[logit_by_einsum, logit_gathered, Projection()],
        wrong=[
            (lambda f, y, v, w, b: f @ v.T + (f @ w + b)[:, None], r"for all classes"),
            (lambda f, y, v, w, b: torch.einsum("nf,nf->n", f, v[y]), r"ψ is missing"),
            (lambda f, y, v, w, b: f @ w + b, r"label is not used"),
            (lambda f, y, v, w, b: (f * v[y]).mean(-1) + f @ w + b, r"averaged"),
            (lambda f, y, v, w, b: (f * v[y]).sum() + f @ w + b, r"over the batch too"),
            (lambda f, y, v, w, b: (f * (v[y] + w)).sum(0) + b, r""),
            (lambda f, y, v, w, b: torch.sigmoid((f * (v[y] + w)).sum(1) + b), r"probability"),
            (lambda f, y, v, w, b: (f * (v.data[y] + w)).sum(1) + b, r"vectors are detached"),
            (lambda f, y, v, w, b: f @ v[y].T + f @ w + b, r"every label of the batch"),
            (
                lambda f, y, v, w, b: F.leaky_relu((f * (v[y] + w)).sum(1) + b, 0.2),
                r"LeakyReLU on the logits",
            ),
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
            (lambda x: ((x + 1) / 2).clamp(max=1), r"Blacker than black"),
            (lambda x: ((x + 1) / 2).clamp(min=0), r"Whiter than white"),
            (lambda x: torch.tanh(x) / 2 + 0.5, r"tanh"),
            (lambda x: (x - x.min()) / (x.max() - x.min()), r"hides saturation"),
            (
                lambda x: torch.stack([(i - i.min()) / (i.max() - i.min()) for i in x]),
                r"Each image is stretched",
            ),
            (lambda x: 0.5 * x + 0.5, r"not cut off"),
            (lambda x: F.relu(x).clamp(max=1), r"−1 alone should"),
            (lambda x: (127.5 * (x + 1)).clamp(0, 255), r"from 0 to 255"),
            (lambda x: ((1 - x) / 2).clamp(0, 1), r"Black and white"),
            (lambda x: 1 / (1 + (-x).exp()), r"sigmoid"),
            (lambda x: (x + 1).clamp(0, 1), r"All above 0 is white"),
        ],
    ),
    "conditional_failures": Answers(
        right=[FAILURES],
        wrong=[
            (FAILURES | {FAILURE[0]: "labels off by one"}, r"shows all"),
            (FAILURES | {FAILURE[1]: "z too short"}, r"holes and blotches"),
            (FAILURES | {FAILURE[2]: "one z per class"}, r"far from 0"),
            (FAILURES | {FAILURE[3]: "label ignored"}, r"Here none is"),
            (FAILURES | {FAILURE[4]: "z too short"}, r"one picture"),
            (FAILURES | {FAILURE[5]: "shuffled reals"}, r"loss is as usual"),
            (FAILURES | {FAILURE[6]: "muddled fakes"}, r"its loss falls"),
        ],
    ),
    "variation": Answers(
        right=[  # z is one idea, (1, z_dim), as the task says.
            lambda z, eps, s: torch.stack(
                [math.sqrt(1 - s**2) * z[0] + s * noise for noise in eps]
            ),
            lambda z, eps, s: z * (1 - s * s) ** 0.5 + eps * s,
            lambda z, eps, s: math.cos(math.asin(s)) * z + s * eps,
            lambda z, eps, s: torch.add(torch.tensor(1 - s**2).sqrt() * z, eps, alpha=s),
        ],
        wrong=[
            (lambda z, eps, s: z + eps, r"spread is not used"),
            (lambda z, eps, s: z.repeat(len(eps), 1), r"copies"),
            (lambda z, eps, s: (1 - s**2) ** 0.5 * z + s**2 * eps, r"spread²"),
            (lambda z, eps, s: z + s * eps, r"variance grows"),
            (lambda z, eps, s: torch.lerp(z.expand_as(eps), eps, s), r"variance shrinks"),
            (lambda z, eps, s: (1 - s) ** 0.5 * z + s**0.5 * eps, r"spread is √s"),
            (lambda z, eps, s: (1 - s**2) * z + s * eps, r"root is missing"),
            (lambda z, eps, s: s * z + (1 - s**2) ** 0.5 * eps, r"changed places"),
            (lambda z, eps, s: F.normalize(z + s * eps, dim=1), r"length 1"),
            (lambda z, eps, s: (1 - s**2) ** 0.5 * z + s * torch.randn(eps.shape), r"random"),
        ],
    ),
}
