"""The shipped model of lesson 04: a DCGAN on Fashion-MNIST, trained for some 50 minutes."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models import dcgan
from course_lib.recipes.gan import GANRecipe
from course_lib.recipes.runner import FASHION_LICENCE


@dataclass(frozen=True)
class DCGANFashion(GANRecipe):
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA; the rate falls in the second half."""

    name: str = "dcgan-fashion"
    model = "dcgan.Generator"
    arguments: dict = field(default_factory=lambda: {"z_dim": 100, "width": 32})
    data = "Fashion-MNIST, training split (60,000 images)"
    licence = FASHION_LICENCE
    seed: int = 0
    batch: int = 64
    steps: int = 33_000
    learning_rate: float = 6e-4
    ema: float = 0.999

    def networks(self):
        return dcgan.Generator(**self.arguments), dcgan.Discriminator(self.arguments["width"])

    def examples(self):
        return data.fashion("train")[:1]  # without the labels

    def step(self, i, generator, discriminator, batches, players):
        real = next(batches)  # (N, 1, 28, 28)
        fake = generator(torch.randn(len(real), generator.z_dim))  # (N, 1, 28, 28)
        # Train D: the detached fake keeps the gradient out of G.
        loss_d = losses.discriminator_loss(discriminator(real), discriminator(fake.detach()))
        players.descend("d", loss_d)
        # Train G: the same fake, judged by the D that has just learnt.
        loss_g = losses.generator_loss(discriminator(fake))
        players.descend("g", loss_g)
        return {"loss_d": loss_d, "loss_g": loss_g}

    def figures(self, model):
        return metrics.fashion_report(model.sample(10_000, seed=1), judge=zoo.load("fashion-cnn"))


RECIPE = DCGANFashion()
