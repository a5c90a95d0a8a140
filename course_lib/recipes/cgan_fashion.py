"""The shipped models of lesson 05: conditional DCGANs on Fashion-MNIST, told y in three ways."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models import cgan
from course_lib.recipes.gan import GANRecipe
from course_lib.recipes.runner import FASHION_LICENCE


@dataclass(frozen=True)
class CGANFashion(GANRecipe):
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA.

    The learning rate falls to 0 over the last part of the steps, whose share is `falling`.
    """

    name: str = "cgan-fashion"
    model = "cgan.Generator"
    arguments: dict = field(
        default_factory=lambda: {"z_dim": 100, "width": 32, "way": "projection"}
    )
    data = "Fashion-MNIST, training split (60,000 images with labels)"
    licence = FASHION_LICENCE
    seed: int = 0
    batch: int = 64
    steps: int = 24_000
    learning_rate: float = 6e-4
    falling: float = 0.5
    ema: float = 0.999
    discriminator_width: int = 32

    def networks(self):
        generator = cgan.Generator(**self.arguments)
        return generator, cgan.Discriminator(self.discriminator_width, way=generator.way)

    def examples(self):
        return data.fashion("train")

    def step(self, i, generator, discriminator, batches, players):
        real, labels = next(batches)  # (N, 1, 28, 28), (N,)
        # The fakes are asked to be what the real ones are: their labels follow p(y) as well.
        fake = generator(torch.randn(len(real), generator.z_dim), labels)
        on_real, on_fake = discriminator(real, labels), discriminator(fake.detach(), labels)
        loss_d = losses.discriminator_loss(on_real, on_fake)
        players.descend("d", loss_d)
        loss_g = losses.generator_loss(discriminator(fake, labels))
        players.descend("g", loss_g)
        return {"loss_d": loss_d, "loss_g": loss_g}

    def figures(self, model):
        """Return the figures for the card, of 1,000 samples of each class."""
        labels = torch.arange(10_000) % model.classes
        samples = model.sample(labels=labels, seed=1)
        return metrics.conditional_fashion_report(samples, labels, judge=zoo.load("fashion-cnn"))


def as_live(way: str) -> CGANFashion:
    """Return the recipe of another way, at the size and for the steps of the live training."""
    return CGANFashion(
        f"cgan-fashion-{way}",
        arguments={"z_dim": 16, "width": 16, "way": way},
        batch=32,
        steps=3_000,
        learning_rate=1e-3,
        falling=0.4,
        ema=0.995,
        discriminator_width=24,
    )


RECIPES = {
    recipe.name: recipe for recipe in (CGANFashion(), as_live("concatenated"), as_live("embedding"))
}
