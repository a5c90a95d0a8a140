"""The shipped models of lesson 03: VAEs on Fashion-MNIST with 2 and 16 latents, and several β."""

import math
from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.vae import evidence_lower_bound, importance_weighted_bound, reparameterise
from course_lib.recipes.network import NetworkRecipe
from course_lib.recipes.runner import FASHION_LICENCE
from course_lib.sampling import in_batches, latents


@dataclass(frozen=True)
class VAEFashion(NetworkRecipe):
    """−E log p(x|z) + β·KL, Adam; the learning rate falls to 0 in the second half."""

    name: str = "vae16-fashion"
    model = "vae.VAE"
    arguments: dict = field(
        default_factory=lambda: {"z_dim": 16, "width": 24, "sigma": 0.2},
    )
    data = "Fashion-MNIST, training split (60,000 images)"
    licence = FASHION_LICENCE
    seed: int = 0
    batch: int = 64
    steps: int = 6_000
    learning_rate: float = 6e-3
    beta: float = 1.0
    importance_samples: int = 100
    importance_images: int = 2_000
    part = "vae"

    def examples(self):
        return data.fashion("train")[:1]  # without the labels

    def optimiser(self, model):
        adam = torch.optim.Adam(model.parameters(), lr=self.learning_rate, fused=True)
        return adam, torch.optim.lr_scheduler.LambdaLR(
            adam, lambda i: min(1.0, 2 * (1 - i / self.steps))
        )

    def step(self, i, model, batches, descend):
        images = next(batches)  # (N, 1, 28, 28)
        reconstruction, mu, logvar = model(images)
        nll = losses.gaussian_nll(reconstruction, images, model.sigma)
        kl = losses.kl_divergence(mu, logvar)
        descend(nll + self.beta * kl)
        return {"reconstruction": nll, "KL": kl}

    def figures(self, model):
        """Return the figures for the card, on the test split."""
        images = data.to_float(data.fashion("test")[0])
        mu, logvar = in_batches(model.encoder.layers, images, batch=500).chunk(2, dim=1)
        z = reparameterise(mu, logvar, latents(len(mu), model.z_dim, seed=1))
        # In 8-bit levels: [-1, 1] spans 255 of them.
        from_z, from_mu = (
            127.5**2 * (in_batches(model.decoder, code, batch=500) - images).square().mean().item()
            for code in (z, mu)
        )
        elbo = evidence_lower_bound(model, images)
        k, n = self.importance_samples, self.importance_images
        weighted = importance_weighted_bound(model, images[:n], k)
        kl = losses.kl_per_dimension(mu, logvar)
        samples = metrics.fashion_report(
            model.sample(10_000, seed=1), judge=zoo.load("fashion-cnn")
        )
        return {
            "held-out ELBO (nats per image)": round(elbo.mean().item(), 2),
            f"ELBO of {n:,} test images (nats per image)": round(elbo[:n].mean().item(), 2),
            f"importance-weighted bound of them, k = {k} (nats per image)": round(
                weighted.mean().item(), 2
            ),
            "KL (nats per image)": round(kl.sum().item(), 2),
            "KL (bits per image)": round(kl.sum().item() / math.log(2), 2),
            "KL per dimension (nats), sorted": [
                round(value, 3) for value in kl.sort(descending=True).values.tolist()
            ],
            # Burda et al. 2016, section 5: a latent is active if its mean varies over the data.
            "active dimensions": int((mu.var(dim=0) > 0.01).sum()),
            "mean squared error, z from q (8-bit levels)": round(from_z, 1),
            "PSNR, z from q (dB)": round(10 * math.log10(255**2 / from_z), 2),
            "mean squared error, z = mu (8-bit levels)": round(from_mu, 1),
            "PSNR, z = mu (dB)": round(10 * math.log10(255**2 / from_mu), 2),
            "sigma that would give the best ELBO": round(math.sqrt(from_z) / 127.5, 3),
            **samples,
        }


RECIPES = {
    recipe.name: recipe
    for recipe in (
        VAEFashion(),
        # At β = 1 the codes spread to six prior deviations. With ten times the KL they fill the
        # prior, and a map of it shows every class.
        VAEFashion("vae2-fashion", arguments={"z_dim": 2, "width": 24, "sigma": 0.33}, beta=10.0),
        *(
            VAEFashion(f"vae16-fashion-beta-{beta:g}", beta=beta)
            for beta in (0.1, 10.0, 30.0, 100.0)
        ),
    )
}
