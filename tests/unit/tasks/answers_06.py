"""Answers to the tasks of lesson 06."""

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib.tasks import every

TASKS = every()
bce = F.binary_cross_entropy_with_logits


def ones(logits):
    return bce(logits, torch.ones_like(logits))


def zeros(logits):
    return bce(logits, torch.zeros_like(logits))


def by_logsigmoid(right, wrong, fake):
    negatives = F.logsigmoid(-wrong).mean() + F.logsigmoid(-fake).mean()
    return -F.logsigmoid(right).mean() - negatives / 2


def in_one(right, wrong, fake):
    logits = torch.cat([wrong, fake])
    return ones(right) + bce(logits, torch.zeros_like(logits))


class Matching(nn.Module):
    def forward(self, right, wrong, fake):
        parts = F.softplus(torch.stack([-right, wrong, fake])).mean(dim=1)
        return parts @ torch.tensor([1, 0.5, 0.5], dtype=parts.dtype)


def probabilities(right, wrong, fake):
    loss = nn.BCELoss()
    right, wrong, fake = right.sigmoid(), wrong.sigmoid(), fake.sigmoid()
    no = loss(wrong, torch.zeros_like(wrong)) + loss(fake, torch.zeros_like(fake))
    return loss(right, torch.ones_like(right)) + 0.5 * no


class Head(nn.Module):
    def forward(self, mu, logsigma, eps):
        return torch.addcmul(mu, logsigma.exp(), eps)


def code_in_place(mu, logsigma, eps):
    return eps.mul_(logsigma.exp_()).add_(mu)


def code_with_its_own_noise(mu, logsigma, eps):
    return mu + logsigma.exp() * torch.randn(mu.shape, dtype=mu.dtype)


def cosines(images, texts):
    return torch.stack([F.cosine_similarity(image, texts, dim=1) for image in images])


def pair_by_pair(images, texts, temperature):
    odds = (cosines(images, texts) / temperature).exp()
    right = odds.diagonal()
    return -0.5 * ((right / odds.sum(dim=1)).log() + (right / odds.sum(dim=0)).log()).mean()


def by_logsumexp(images, texts, temperature):
    x = images / images.norm(dim=1, keepdim=True)
    t = texts / torch.linalg.norm(texts, dim=1, keepdim=True)
    logits = torch.einsum("id,jd->ij", x, t) / temperature
    rows, columns = torch.logsumexp(logits, 1), torch.logsumexp(logits, 0)
    return (rows + columns - 2 * torch.diag(logits)).sum() / (2 * len(logits))


class Clip(nn.Module):
    def forward(self, images, texts, temperature):
        logits = cosines(images, texts).div(temperature)
        both = torch.cat([logits, logits.T])
        return nn.CrossEntropyLoss()(both, torch.arange(len(logits)).repeat(2))


def clip(images, texts, temperature, way=F.cross_entropy):
    logits, answers = cosines(images, texts) / temperature, torch.arange(len(images))
    return (way(logits, answers) + way(logits.T, answers)) / 2


def soft(logits, answers):
    return F.cross_entropy(F.softmax(logits, dim=-1), answers)


def rolled(contradicts):
    return torch.arange(len(contradicts)).roll(-1)


def one_by_one(contradicts):
    rows = []
    for row in contradicts:
        choices = row.nonzero().squeeze(1)
        rows.append(choices[torch.randint(len(choices), (1,))].item())
    return rows


def by_noise(contradicts):
    return torch.rand(contradicts.shape).masked_fill(~contradicts, -1).argmax(dim=1)


def until_wrong(contradicts):
    n = len(contradicts)
    rows = torch.randint(n, (n,))
    while (true := ~contradicts[torch.arange(n), rows]).any():
        rows = torch.where(true, torch.randint(n, (n,)), rows)
    return rows


def once_more(contradicts):
    n = len(contradicts)
    rows = torch.randint(n, (n,))
    true = ~contradicts[torch.arange(n), rows]
    return torch.where(true, torch.randint(n, (n,)), rows)


def half_of_the_time(contradicts):
    first = contradicts.int().argmax(dim=1)
    drawn = torch.multinomial(contradicts.double(), 1)[:, 0]
    return torch.where(torch.rand(len(contradicts)) < 0.85, first, drawn)


@torch.no_grad()
def sketch_by_decorator(stage1, z, text):
    return stage1.eval()(z, stage1.augment(text)[0])


def sketch_without_weights(stage1, z, text):
    stage1.requires_grad_(False).eval()
    _, mu, log_sigma = stage1.augment(text)
    torch.manual_seed(1)  # the ε that the augmentation has drawn
    return stage1(z, mu + log_sigma.exp() * torch.randn(mu.shape))


def sketch_and_back(stage1, z, text):
    stage1.train(False)
    c, _, _ = stage1.augment(text)
    picture = stage1(z, c).detach()
    stage1.train()
    return picture


def sketch_without_gradient(stage1, z, text):
    with torch.no_grad():
        return stage1(z, stage1.augment(text)[0])


def sketch_with_graph(stage1, z, text):
    return stage1.eval()(z, stage1.augment(text)[0])


def sketch_put_back(stage1, z, text):
    before = {name: value.clone() for name, value in stage1.state_dict().items()}
    picture = sketch_without_gradient(stage1, z, text)
    stage1.load_state_dict(before)
    return picture


def sketch_of_the_mean(stage1, z, text):
    with torch.no_grad():
        return stage1.eval()(z, stage1.augment(text)[1])


def sketch_of_new_noise(stage1, z, text):
    with torch.no_grad():
        return stage1.eval()(torch.randn_like(z), stage1.augment(text)[0])


def sketch_that_learns(stage1, z, text):
    stage1.eval()
    picture = stage1(z, stage1.augment(text)[0])
    picture.mean().backward()
    torch.optim.Adam(stage1.parameters()).step()
    return picture.detach()


SIGNS = dict(TASKS["stackgan_signs"].expected)
SIGN = [*SIGNS]

ANSWERS = {
    "matching_loss": Answers(
        right=[
            lambda r, w, f: ones(r) + 0.5 * (zeros(w) + zeros(f)),
            by_logsigmoid,
            in_one,
            Matching(),
        ],
        wrong=[
            (lambda r, w, f: ones(r) + 0.5 * zeros(torch.cat([w, f])), r"counted twice"),
            (probabilities, r"BCELoss"),
            (lambda r, w, f: 0.5 * (ones(r) + zeros(w) + zeros(f)), r"before all three"),
        ],
    ),
    "conditioning_augmentation": Answers(
        right=[
            Head(),
            code_in_place,
            lambda mu, s, eps: mu + (2 * s).exp().sqrt() * eps,
        ],
        wrong=[
            (code_with_its_own_noise, r"random numbers"),
            (lambda mu, s, eps: F.relu(mu) + F.relu(s).exp() * eps, r"ReLU on mu and log σ"),
            (lambda mu, s, eps: mu + torch.exp(s) ** 2 * eps, r"variance"),
        ],
    ),
    "contrastive_loss": Answers(
        right=[pair_by_pair, by_logsumexp, Clip(), clip],
        wrong=[
            (lambda x, t, tau: F.mse_loss(x, t), r"pushes none apart"),
            (lambda x, t, tau: clip(x, t, tau, soft), r"softmax is taken twice"),
            (lambda x, t, tau: -cosines(x, t).diag().mean() / tau, r"Only the right pairs"),
        ],
    ),
    "wrong_pairs": Answers(
        right=[one_by_one, by_noise, until_wrong],
        wrong=[
            (lambda wrong: by_noise(wrong).float(), r"int64"),
            (rolled, r"rolled by 1: \d+ of 64"),
            (lambda wrong: torch.arange(len(wrong)), r"its own caption"),
            (lambda wrong: torch.randperm(len(wrong)), r"\d+ of 64 .+ are true"),
            (lambda wrong: by_noise(~wrong), r"contradicts is False"),
            (lambda wrong: by_noise(wrong.T), r"by columns"),
            (once_more, r"are true of their portrait"),
            (lambda wrong: wrong.int().argmax(dim=1), r"the same wrong caption"),
            (half_of_the_time, r"far too seldom"),
            (lambda wrong: torch.multinomial(wrong.float(), 1), r"came \(64, 1\)"),
            (lambda wrong: wrong, r"whole matrix"),
            (lambda wrong: wrong.sum(dim=1) / 2 - 1, r"whole numbers"),
        ],
    ),
    "frozen_sketch": Answers(
        right=[sketch_by_decorator, sketch_without_weights, sketch_and_back],
        wrong=[
            (sketch_without_gradient, r"9 buffers .+ train mode"),
            (lambda stage1, z, text: stage1(z, stage1.augment(text)[0]).detach(), r"buffers"),
            (sketch_with_graph, r"has a graph"),
            (sketch_put_back, r"depends on its batch"),
            (sketch_of_the_mean, r"c = μ"),
            (sketch_of_new_noise, r"z as passed in"),
            (sketch_that_learns, r"weights of Stage I have moved"),
            (lambda stage1, z, text: sketch_by_decorator(stage1, z, text)[0], r"images of shape"),
        ],
    ),
    "stackgan_signs": Answers(
        right=[SIGNS],
        wrong=[(SIGNS | {SIGN[0]: "KL too heavy"}, r"not learnt to read it")],
    ),
}
