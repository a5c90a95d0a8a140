"""Answers to the tasks of lesson 03."""

import torch
from answers import Answers
from torch import distributions


def kl_by_distributions(mu, logvar):
    posterior = distributions.Normal(mu, (0.5 * logvar).exp())
    prior = distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return distributions.kl_divergence(posterior, prior).sum(dim=-1).mean()


def kl_by_loops(mu, logvar):
    total = 0.0
    for m, v in zip(mu, logvar, strict=True):
        total = total + 0.5 * (m @ m + v.exp().sum() - v.sum() - len(m))
    return total / len(mu)


def kl_divided_by_the_batch(mu, logvar):
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / mu.size(0)


def kl_in_place(mu, logvar):
    variance = logvar.exp()
    logvar.neg_().sub_(1).add_(variance).add_(mu.pow(2))
    return logvar.sum() / (2 * len(mu))


class Sampler(torch.nn.Module):
    def forward(self, mu, logvar, eps):
        return torch.addcmul(mu, logvar.mul(0.5).exp(), eps)


def sample_in_place(mu, logvar, eps):
    return mu.add_(eps.mul_(logvar.exp().sqrt()))


def sample_with_its_own_noise(mu, logvar, eps):
    return mu + (logvar / 2).exp() * torch.randn_like(mu)


@torch.no_grad()
def sample_without_graph(mu, logvar, eps):
    return mu + (logvar / 2).exp() * eps


ANSWERS = {
    "kl_normal": Answers(
        right=[kl_by_distributions, kl_by_loops, kl_divided_by_the_batch, kl_in_place],
        wrong=[
            (
                lambda mu, logvar: -0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp()),
                r"mean over the latents",
            ),
            (
                lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp()),
                r"sum over the batch",
            ),
            (
                lambda mu, logvar: (
                    -0.5 * (1 + logvar - mu**2 - (logvar / 2).exp()).sum(dim=1).mean()
                ),
                r"σ stands where σ² belongs",
            ),
            (
                lambda mu, logvar: (
                    -0.5 * (1 + 2 * logvar - mu**2 - (2 * logvar).exp()).sum(1).mean()
                ),
                r"taken for log σ",
            ),
            (
                lambda mu, logvar: 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1).mean(),
                r"sign",
            ),
            (lambda mu, logvar: 2 * kl_by_loops(mu, logvar), r"½ is missing"),
            (lambda mu, logvar: kl_by_loops(mu.data, logvar.data), r"detached"),
            (lambda mu, logvar: kl_by_loops(torch.relu(mu), torch.relu(logvar)), r"ReLU"),
            (
                lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1),
                r"mean over the batch is missing",
            ),
            (
                lambda mu, logvar: -0.5 * (1 + logvar - mu - logvar.exp()).sum(dim=1).mean(),
                r"not squared",
            ),
        ],
    ),
    "reparameterise": Answers(
        right=[
            lambda mu, logvar, eps: mu + logvar.exp().sqrt() * eps,
            sample_in_place,
            Sampler(),
            lambda mu, logvar, eps: eps * torch.exp(logvar / 2) + mu,
        ],
        wrong=[
            (lambda mu, logvar, eps: mu + torch.exp(logvar) * eps, r"variance"),
            (lambda mu, logvar, eps: mu + logvar * eps, r"taken for σ"),
            (sample_with_its_own_noise, r"random numbers"),
            (sample_without_graph, r"detached"),
            (lambda mu, logvar, eps: (mu + eps) * (logvar / 2).exp(), r"multiplies mu"),
            (lambda mu, logvar, eps: mu + (-logvar / 2).exp() * eps, r"sign in the exponent"),
            (lambda mu, logvar, eps: mu + eps, r"standard deviation 1"),
            (lambda mu, logvar, eps: mu + (logvar.detach() / 2).exp() * eps, r"logvar is detached"),
        ],
    ),
}
