"""The shipped model of lesson 04: a DCGAN on Fashion-MNIST, trained for some 50 minutes."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.dcgan import Discriminator, Generator
from course_lib.recipes.players import Players
from course_lib.recipes.runner import Run


@dataclass(frozen=True)
class DCGANFashion:
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA; the rate falls in the second half."""

    name: str = "dcgan-fashion"
    model: str = "dcgan.Generator"
    arguments: dict = field(default_factory=lambda: {"z_dim": 100, "width": 32})
    data: str = "Fashion-MNIST, training split (60,000 images)"
    licence: str = "BSD-3-Clause; data: MIT (Zalando Research)"
    seed: int = 0
    batch: int = 64
    steps: int = 33_000
    learning_rate: float = 6e-4
    ema: float = 0.999

    def begin(self) -> Run:
        # Two cores convolve images stored pixel by pixel (channels last) about 1.5 times faster.
        layout = torch.channels_last
        generator: Generator = zoo.build(self.model, self.arguments).to(memory_format=layout)
        discriminator = Discriminator(self.arguments["width"]).to(memory_format=layout)
        players = Players(
            generator,
            discriminator,
            rate=self.learning_rate,
            steps=self.steps,
            ema=self.ema,
        )
        images, _ = data.fashion("train")
        batches = data.batches(images, size=self.batch, seed=self.seed)

        def step(i: int) -> dict:
            real = next(batches).to(memory_format=layout)
            fake = generator(torch.randn(self.batch, generator.z_dim))
            loss_d = losses.discriminator_loss(discriminator(real), discriminator(fake.detach()))
            players.descend("d", loss_d)
            loss_g = losses.generator_loss(discriminator(fake))
            players.descend("g", loss_g)
            players.end_step()
            return {"loss_d": loss_d, "loss_g": loss_g}

        parts = {**players.parts(), "batches": batches}
        return Run(
            step,
            parts,
            players.ema.model,
            self.batch,
            lambda: metrics.fashion_report(
                players.ema.model.sample(10_000, seed=1), judge=zoo.load("fashion-cnn")
            ),
        )


RECIPE = DCGANFashion()
