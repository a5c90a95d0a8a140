"""The better portraits of lesson 07: the same growing networks, another game, and more time.

Lesson 07 derives WGAN-GP, and `progan_personas` trains by it. This recipe plays the game of R3GAN
(Huang et al. 2024): each real portrait is compared with one generated one (Jolicoeur-Martineau
2019), and R1 and R2 keep the critic smooth at both (Mescheder et al. 2018). The penalties are lazy
(Karras et al. 2020, StyleGAN2, appendix B): in every sixteenth step, sixteen times as heavy. So
nearly all of the time is left for learning, and the rate may be three times the paper's from the
start. benchmarks/LOG.md compares the games at equal seconds.
"""

from dataclasses import dataclass, field

import torch

from course_lib import latent, losses, metrics, zoo
from course_lib.models.progan import Generator
from course_lib.recipes.progan_personas import ProGANPersonas


@dataclass(frozen=True)
class ProGANPersonas2(ProGANPersonas):
    """Relativistic pairing with lazy R1 and R2; a long average. All else is as in the parent.

    The rate never falls, so that the average may ship whenever the training stops.

    Attributes:
        r1, r2: weights γ of the two penalties.
        ema: 0.9995 averages 2,000 steps; until step 18,000 the average is of the last ninth of
            all steps (`training.EMA`), so that it forgets the small pictures in time.
    """

    name: str = "progan-personas-2"
    stages: list[dict[str, int]] = field(
        default_factory=lambda: [
            {"fade": 0, "stabilise": 16_000, "batch": 16},
            {"fade": 12_000, "stabilise": 20_000, "batch": 16},
            {"fade": 16_000, "stabilise": 32_000, "batch": 16},
            {"fade": 16_000, "stabilise": 24_000, "batch": 16},
            {"fade": 24_000, "stabilise": 1_000_000, "batch": 16},
        ]
    )
    learning_rate: float = 3e-3
    ema: float = 0.9995
    objective: str = "paired"
    penalty_every: int = 16
    r1: float = 0.3
    r2: float = 0.3
    every: int = 250

    def critic_loss(self, critic, real, fake, i):
        penalised = i % self.penalty_every == 0
        real_scores = critic(real.requires_grad_(penalised))
        fake_scores = critic(fake.requires_grad_(penalised))
        loss = losses.relativistic_discriminator_loss(real_scores, fake_scores)
        if penalised:
            r1 = self.r1 * losses.r1_penalty(real_scores, real)
            r2 = self.r2 * losses.r2_penalty(fake_scores, fake)
            loss = loss + self.penalty_every * (r1 + r2)
        return loss, (real_scores.mean() - fake_scores.mean()).detach()

    def generator_loss(self, critic, real, fake):
        # The same critic scores both: between two of its steps the level of all scores moves.
        with torch.no_grad():
            real_scores = critic(real)
        return losses.relativistic_generator_loss(real_scores, critic(fake))

    def figures(self, model):
        """Return the parent's figures, clearness by skin tone, and what directions do."""
        return super().figures(model) | portrait_details(model)


def portrait_details(generator: Generator) -> dict:
    """Return what else the card tells: is it as clear on dark faces, and does it follow sliders?

    The judge's certainty of eyes and mouth on the skin tone where it is least, relative to the one
    where it is largest; and how often a step of 3 along each attribute's direction succeeds.
    """
    judge = zoo.load("personas-cnn")
    by_tone = metrics.certainty_by("skin tone", generator.sample(2000, seed=1), judge)
    directions = latent.find(generator, judge, n=2000, batch=50)
    success = latent.success(generator, judge, directions, batch=50)
    return {
        "certainty on the worst skin tone, relative to the best": {
            name: round(metrics.evenness(by_tone, name), 4) for name in ("eyes", "mouth")
        },
        "told from z": {name: round(value, 3) for name, value in directions.accuracy.items()},
        "success of directions": {name: round(value, 3) for name, value in success.items()},
        "directions that succeed in 80 % or more": sum(value >= 0.8 for value in success.values()),
    }


RECIPE = ProGANPersonas2()
