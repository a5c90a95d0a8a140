"""The shipped model of lesson 08's sounds: a conditional GAN on one second of a drum."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.drums import Discriminator, Generator
from course_lib.recipes.players import Players
from course_lib.recipes.runner import Run


@dataclass(frozen=True)
class Drums:
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA; the rate falls in the second half."""

    name: str = "drums"
    model: str = "drums.Generator"
    arguments: dict = field(default_factory=lambda: {"style_dim": 32, "width": 16})
    data: str = "synthesised drum sounds, training split (6,000 sounds of six kinds)"
    licence: str = "BSD-3-Clause; data: synthesised by the course itself"
    seed: int = 0
    batch: int = 24
    steps: int = 2_400
    sounds: int = 6_000
    learning_rate: float = 1e-3
    falling: float = 0.5
    ema: float = 0.995
    discriminator_width: int = 16

    def begin(self) -> Run:
        # Pictures that are stored pixel by pixel (channels last) are convolved faster.
        layout = torch.channels_last
        generator: Generator = zoo.build(self.model, self.arguments).to(memory_format=layout)
        discriminator = Discriminator(self.discriminator_width).to(memory_format=layout)
        players = Players(
            generator,
            discriminator,
            rate=self.learning_rate,
            steps=self.steps,
            ema=self.ema,
            falling=self.falling,
        )
        sounds, labels, _ = data.drums("train", self.sounds)
        pictures = data.to_uint8(data.to_spectrograms(sounds))
        batches = data.batches(pictures, labels, size=self.batch, seed=self.seed)

        def step(i: int) -> dict:
            real, labels = next(batches)
            real = real.to(memory_format=layout)
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
        return Run(
            step,
            parts,
            players.ema.model,
            self.batch,
            lambda: figures(players.ema.model),
            every=100,
        )


def figures(generator: Generator) -> dict:
    """Return the figures for the card, of 100 samples of each kind."""
    labels = torch.arange(600) % generator.kinds
    sounds = data.to_sounds(generator.sample(labels=labels, seed=1))
    return metrics.drums_report(sounds, labels, judge=zoo.load("drums-cnn"))


RECIPE = Drums()
