"""The shipped models of lesson 05: conditional DCGANs on Fashion-MNIST, told y in three ways."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.cgan import Discriminator, Generator
from course_lib.recipes.players import Players
from course_lib.recipes.runner import Run


@dataclass(frozen=True)
class CGANFashion:
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA.

    The learning rate falls to 0 over the last part of the steps, whose share is `falling`.
    """

    name: str = "cgan-fashion"
    model: str = "cgan.Generator"
    arguments: dict = field(
        default_factory=lambda: {"z_dim": 100, "width": 32, "way": "projection"}
    )
    data: str = "Fashion-MNIST, training split (60,000 images with labels)"
    licence: str = "BSD-3-Clause; data: MIT (Zalando Research)"
    seed: int = 0
    batch: int = 64
    steps: int = 24_000
    learning_rate: float = 6e-4
    falling: float = 0.5
    ema: float = 0.999
    discriminator_width: int = 32

    def begin(self) -> Run:
        # Two cores convolve images stored pixel by pixel (channels last) about 1.5 times faster.
        layout = torch.channels_last
        generator: Generator = zoo.build(self.model, self.arguments).to(memory_format=layout)
        discriminator = Discriminator(self.discriminator_width, way=self.arguments["way"])
        discriminator = discriminator.to(memory_format=layout)
        players = Players(
            generator,
            discriminator,
            rate=self.learning_rate,
            steps=self.steps,
            ema=self.ema,
            falling=self.falling,
        )
        batches = data.batches(*data.fashion("train"), size=self.batch, seed=self.seed)

        def step(i: int) -> dict:
            real, labels = next(batches)
            real = real.to(memory_format=layout)
            # The fakes are asked to be what the real ones are: their labels follow p(y) as well.
            fake = generator(torch.randn(self.batch, generator.z_dim), labels)
            loss_d = losses.discriminator_loss(
                discriminator(real, labels), discriminator(fake.detach(), labels)
            )
            players.descend("d", loss_d)
            loss_g = losses.generator_loss(discriminator(fake, labels))
            players.descend("g", loss_g)
            players.end_step()
            return {"loss_d": loss_d, "loss_g": loss_g}

        parts = {**players.parts(), "batches": batches}
        return Run(step, parts, players.ema.model, self.batch, lambda: figures(players.ema.model))


def figures(generator: Generator) -> dict:
    """Return the figures for the card, of 1,000 samples of each class."""
    labels = torch.arange(10_000) % generator.classes
    samples = generator.sample(labels=labels, seed=1)
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
