"""Answers to the tasks of lesson 03."""

import math

import torch
from answers import Answers
from torch import distributions
from torch.nn import functional as F

from course_lib import zoo
from course_lib.models.vae import VAE


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


def loss_by_distributions(reconstruction, images, mu, logvar, sigma):
    pixels = distributions.Normal(reconstruction, sigma)
    likelihood = pixels.log_prob(images).flatten(1).sum(dim=1).mean()
    return kl_by_distributions(mu, logvar) - likelihood


def loss_by_mse(reconstruction, images, mu, logvar, sigma):
    mse = F.mse_loss(reconstruction, images) * images[0].numel()
    return mse / (2 * sigma**2) + kl_by_loops(mu, logvar)


def loss_divided_by_the_batch(reconstruction, images, mu, logvar, sigma):
    errors = F.mse_loss(reconstruction, images, reduction="sum") / sigma**2
    kl = -torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (errors + kl) / (2 * len(images))


def kl_with_std(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - (logvar / 2).exp()).sum(dim=1).mean()


def loss_as_found(reconstruction, images, mu, logvar, sigma):
    return F.mse_loss(reconstruction, images) + kl_with_std(mu, logvar)


def loss_with_the_kl_as_found(reconstruction, images, mu, logvar, sigma):
    both = loss_by_mse(reconstruction, images, mu, logvar, sigma)
    return both - kl_by_loops(mu, logvar) + kl_with_std(mu, logvar)


def collapsed(images):
    """A model whose code says nothing: for each image the mean of all, and q is the prior."""
    nothing = torch.zeros(len(images), 16)
    return images.mean(dim=0).expand_as(images), nothing, nothing


def copier(images):
    return images, 20 * torch.ones(len(images), 16), torch.zeros(len(images), 16)


def positive(images):
    copies, mu, logvar = zoo.load("vae16-fashion")(images)
    return (copies + 1) / 2, mu, logvar


def from_the_mean(images):
    return zoo.load("vae16-fashion")(images, torch.zeros(len(images), 16))


VAE_NUMBERS = {
    "KL of 16 latents, each mu = 1 and logvar = 0": 8,
    "KL of one latent, mu = 0 and logvar = ln 4": 0.81,
    "gap where log p(x) = -113 and ELBO = -120": 7,
    "dz/dlogvar at logvar = 0 and eps = 2": 1,
    "nats in a code of 16 bits": 11.09,
    "variance by reparameterisation, from 1 to 64 latents": "stays",
}
VAE_FAILURES = {
    "row A": "blur",
    "row B": "collapse",
    "row C": "no prior",
    "row D": "holes",
    "KL 0.02 at the end of a training": "collapse",
}

ANSWERS = {
    "vae_numbers": Answers(
        right=[VAE_NUMBERS, VAE_NUMBERS | {"nats in a code of 16 bits": 16 * math.log(2)}],
        wrong=[
            (VAE_NUMBERS | {"nats in a code of 16 bits": "11.09"}, r"without quotation marks"),
            (VAE_NUMBERS | {"nats in a code of 16 bits": 16}, r"ln 2 nats"),
        ],
    ),
    "vae_failures": Answers(
        right=[VAE_FAILURES, VAE_FAILURES | {"row B": " Collapse"}],
        wrong=[
            (VAE_FAILURES | {"row C": "holes", "row D": "no prior"}, r"hardly any is a garment")
        ],
    ),
    "negative_elbo": Answers(
        right=[loss_by_distributions, loss_by_mse, loss_divided_by_the_batch],
        wrong=[
            (loss_as_found, r"averaged over pixels.+σ stands where σ² belongs"),
            (loss_with_the_kl_as_found, r"In the KL σ stands where σ² belongs"),
            (
                lambda r, x, mu, logvar, sigma: F.mse_loss(r, x) + kl_by_loops(mu, logvar),
                r"averaged over pixels and the KL is summed",
            ),
            (
                lambda r, x, mu, logvar, sigma: (
                    loss_by_mse(r, x, mu, logvar, sigma) + kl_by_loops(mu, logvar)
                ),
                r"",
            ),
        ],
    ),
    "trained_vae": Answers(
        right=[zoo.load("vae16-fashion"), zoo.load("vae16-fashion-beta-10"), from_the_mean],
        wrong=[
            (collapsed, r"collapsed.+averaged over pixels"),
            (VAE(width=8), r"hardly been trained"),
            (copier, r"autoencoder"),
            (positive, r"below 0"),
            (zoo.load("vae16-fashion-beta-100"), r"nat is too dear"),
            (zoo.load("vae16-fashion").decoder, r"ValueError: z has shape"),
            (lambda images: images, r"returns the copies"),
        ],
    ),
    "kl_normal": Answers(
        right=[kl_by_distributions, kl_by_loops, kl_divided_by_the_batch, kl_in_place],
        wrong=[
            (
                lambda mu, logvar: -0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp()),
                r"mean over the latents",
            ),
            (kl_with_std, r"σ stands where σ² belongs"),
            (
                lambda mu, logvar: kl_by_loops(torch.relu(mu), torch.relu(logvar)),
                r"ReLU on mu and logvar",
            ),
        ],
    ),
    "reparameterise": Answers(
        right=[
            lambda mu, logvar, eps: torch.lerp(mu, mu + eps, (logvar / 2).exp()),
            lambda mu, logvar, eps: mu + logvar.exp().sqrt() * eps,
            sample_in_place,
            Sampler(),
        ],
        wrong=[
            (lambda mu, logvar, eps: mu + torch.exp(logvar) * eps, r"variance"),
            (sample_with_its_own_noise, r"random numbers"),
            (sample_without_graph, r"detached"),
        ],
    ),
}
