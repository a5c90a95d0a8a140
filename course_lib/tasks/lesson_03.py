"""Solutions of lesson 03, and inputs that answers are compared on; `pages/03.md` has the rest."""

import torch

from course_lib import data
from course_lib.models.vae import VAE
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over, told
from course_lib.tasks.lesson import Lesson

lesson = Lesson("03")


@over(((4, 1, 6, 5), 3, 0.2), ((2, 1, 8, 8), 5, 0.7), ((3, 1, 28, 28), 16, 0.2))
def _copies_and_codes(seed, dtype, shape, z, sigma):
    images = [normal(seed + 10 * k, *shape, dtype=dtype).tanh() for k in range(2)]
    codes = [normal(seed + 10 * k, shape[0], z, dtype=dtype) for k in (2, 3)]
    where = f"images of shape {shape}, {z} latents, sigma = {sigma}, {told(dtype)}"
    return Case((*images, *codes, sigma), where, gradients=(0, 2, 3))


@lesson.task(_copies_and_codes)
def negative_elbo(reconstruction, images, mu, logvar, sigma):
    errors = (reconstruction - images).square().flatten(1).sum(dim=1)  # summed over pixels
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1)  # summed over latents
    return (errors / (2 * sigma**2) + kl).mean()  # both averaged over the batch


@lesson.trial("trained.copies_garments")
def trained_vae():
    images, _ = data.fashion("train")
    batches = data.batches(images, size=64)
    vae = VAE(width=8)  # 16 latents, sigma 0.2
    adam = torch.optim.Adam(vae.parameters(), lr=5e-3)
    for _ in range(400):
        real = next(batches)  # (64, 1, 28, 28)
        reconstruction, mu, logvar = vae(real)
        loss = negative_elbo(reconstruction, real, mu, logvar, vae.sigma)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return vae


def _codes(count: int):
    @over((4, 3), (7, 2), (5, 16))
    def cases(seed, dtype, n, z):
        inputs = tuple(normal(seed + 10 * k, n, z, dtype=dtype) for k in range(count))
        return Case(inputs, gradients=(0, 1))

    return cases


def _codes_and_ends() -> list[Case]:
    zeros = torch.zeros(3, 4, dtype=torch.float64)
    ones = torch.ones(3, 4, dtype=torch.float64)
    return [
        *_codes(2)(),
        Case((zeros, zeros), "mu = logvar = 0, shape (3, 4)"),
        Case((ones, zeros), "mu = 1 and logvar = 0, shape (3, 4)"),
        # As far as a code goes in training; a clamp further out is a matter of taste.
        Case((ones, 8 * ones), "mu = 1 and logvar = 8, shape (3, 4)", gradients=(0, 1)),
        Case((ones, -8 * ones), "mu = 1 and logvar = −8, shape (3, 4)", gradients=(0, 1)),
    ]


@lesson.task(_codes_and_ends)
def kl_normal(mu, logvar):
    # Summed over the latents of an image, averaged over the batch.
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()


@lesson.task(_codes(3))
def reparameterise(mu, logvar, eps):
    sigma = torch.exp(0.5 * logvar)
    return mu + sigma * eps


TASKS = lesson.tasks()
