"""The shipped model of lesson 08's sounds: a conditional GAN on one second of a drum."""

from dataclasses import dataclass, field

import torch

from course_lib import data, metrics, zoo
from course_lib.models import drums
from course_lib.recipes.cgan_fashion import CGANFashion
from course_lib.recipes.gan import GANRecipe


@dataclass(frozen=True)
class Drums(GANRecipe):
    """Non-saturating loss on logits, Adam (0.5, 0.999), EMA; the rate falls in the second half."""

    name: str = "drums"
    model = "drums.Generator"
    arguments: dict = field(default_factory=lambda: {"style_dim": 32, "width": 16})
    data = "synthesised drum sounds, training split (6,000 sounds of six kinds)"
    licence = "BSD-3-Clause; data: synthesised by the course itself"
    seed: int = 0
    batch: int = 24
    steps: int = 2_400
    sounds: int = 6_000
    learning_rate: float = 1e-3
    falling: float = 0.5
    ema: float = 0.995
    discriminator_width: int = 16
    every = 100

    def networks(self):
        return drums.Generator(**self.arguments), drums.Discriminator(self.discriminator_width)

    def examples(self):
        sounds, labels, _ = data.drums("train", self.sounds)
        return data.to_uint8(data.to_spectrograms(sounds)), labels

    step = CGANFashion.step  # lesson 05's, with kinds of drums for labels

    def figures(self, model):
        """Return the figures for the card, of 100 samples of each kind."""
        labels = torch.arange(600) % model.classes
        sounds = data.to_sounds(model.sample(labels=labels, seed=1))
        return metrics.drums_report(sounds, labels, judge=zoo.load("drums-cnn"))


RECIPE = Drums()
