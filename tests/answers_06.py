"""Answers to the tasks of lesson 06."""

import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

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


ANSWERS = {
    "matching_loss": Answers(
        right=[
            lambda r, w, f: ones(r) + 0.5 * (zeros(w) + zeros(f)),
            by_logsigmoid,
            in_one,
            Matching(),
        ],
        wrong=[
            (lambda r, w, f: ones(r) + zeros(w) + zeros(f), r"½ is missing"),
            (lambda r, w, f: (ones(r) + zeros(w) + zeros(f)) / 3, r"mean of the three"),
            (lambda r, w, f: ones(r) + zeros(f), r"real_wrong is not used"),
            (lambda r, w, f: ones(r) + 0.5 * (ones(w) + zeros(f)), r"called right"),
            (lambda r, w, f: zeros(r) + 0.5 * (ones(w) + ones(f)), r"changed places"),
            (probabilities, r"BCELoss"),
            (lambda r, w, f: ones(r) + zeros(w) + 0.5 * zeros(f), r"both"),
            (lambda r, w, f: 0.5 * (ones(r) + zeros(w) + zeros(f)), r"before all three"),
        ],
    ),
    "conditioning_augmentation": Answers(
        right=[
            lambda mu, s, eps: eps * torch.exp(s) + mu,
            Head(),
            code_in_place,
            lambda mu, s, eps: mu + (2 * s).exp().sqrt() * eps,
        ],
        wrong=[
            (lambda mu, s, eps: mu + torch.exp(s / 2) * eps, r"as in the VAE"),
            (lambda mu, s, eps: mu + s * eps, r"taken for σ"),
            (code_with_its_own_noise, r"random numbers"),
            (lambda mu, s, eps: F.relu(mu) + F.relu(s).exp() * eps, r"ReLU"),
            (lambda mu, s, eps: mu + s.data.exp() * eps, r"logsigma is detached"),
            (lambda mu, s, eps: mu + torch.exp(s) ** 2 * eps, r"variance"),
            (lambda mu, s, eps: torch.exp(s) * (mu + eps), r"multiplies mu"),
        ],
    ),
}
