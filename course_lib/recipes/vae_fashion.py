"""The shipped models of lesson 03: VAEs on Fashion-MNIST with 2 and 16 latents, and several β."""

import math
from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.vae import (
    VAE,
    evidence_lower_bound,
    importance_weighted_bound,
    reparameterise,
)
from course_lib.recipes.runner import Run
from course_lib.sampling import in_batches, latents


@dataclass(frozen=True)
class VAEFashion:
    """−E log p(x|z) + β·KL, Adam; the learning rate falls to 0 in the second half."""

    name: str = "vae16-fashion"
    model: str = "vae.VAE"
    arguments: dict = field(
        default_factory=lambda: {"z_dim": 16, "width": 24, "sigma": 0.2},
    )
    data: str = "Fashion-MNIST, training split (60,000 images)"
    licence: str = "BSD-3-Clause; data: MIT (Zalando Research)"
    seed: int = 0
    batch: int = 64
    steps: int = 6_000
    learning_rate: float = 6e-3
    beta: float = 1.0
    importance_samples: int = 100
    importance_images: int = 2_000

    def begin(self) -> Run:
        # Two cores convolve images stored pixel by pixel (channels last) about 1.5 times faster.
        layout = torch.channels_last
        vae: VAE = zoo.build(self.model, self.arguments).to(memory_format=layout)
        optimiser = torch.optim.Adam(vae.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda i: min(1.0, 2 * (1 - i / self.steps))
        )
        images, _ = data.fashion("train")
        batches = data.batches(images, size=self.batch, seed=self.seed)

        def step(i: int) -> dict:
            vae.train()
            images = next(batches).to(memory_format=layout)
            reconstruction, mu, logvar = vae(images)
            nll = losses.gaussian_nll(reconstruction, images, vae.sigma)
            kl = losses.kl_divergence(mu, logvar)
            optimiser.zero_grad()
            (nll + self.beta * kl).backward()
            optimiser.step()
            schedule.step()
            return {"reconstruction": nll, "KL": kl}

        parts = {"vae": vae, "optimiser": optimiser, "schedule": schedule, "batches": batches}
        return Run(step, parts, vae, self.batch, lambda: self.figures(vae))

    def figures(self, vae: VAE) -> dict:
        """Return the figures for the card, on the test split."""
        images = data.to_float(data.fashion("test")[0])
        mu, logvar = in_batches(vae.encoder.layers, images, batch=500).chunk(2, dim=1)
        z = reparameterise(mu, logvar, latents(len(mu), vae.z_dim, seed=1))
        # In 8-bit levels: [-1, 1] spans 255 of them.
        from_z, from_mu = (
            127.5**2 * (in_batches(vae.decoder, code, batch=500) - images).square().mean().item()
            for code in (z, mu)
        )
        elbo = evidence_lower_bound(vae, images)
        k, n = self.importance_samples, self.importance_images
        weighted = importance_weighted_bound(vae, images[:n], k)
        kl = losses.kl_per_dimension(mu, logvar)
        samples = metrics.fashion_report(vae.sample(10_000, seed=1), judge=zoo.load("fashion-cnn"))
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
