"""The better portraits of lesson 07: the same growing networks, another game, and more time.

Lesson 07 derives WGAN-GP, and `progan_personas` trains by it. At equal seconds the non-saturating
game with a lazy R1 draws better portraits (benchmarks/LOG.md): a penalty in every sixteenth step
leaves more of the time for learning, and the rate may be three times as high.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from course_lib import losses, metrics, steering, zoo
from course_lib.models.progan import Generator
from course_lib.recipes.progan_personas import ProGANPersonas


@dataclass(frozen=True)
class ProGANPersonas2(ProGANPersonas):
    """Non-saturating loss with R1 (and R2 where its weight is not 0), lazily; a long average.

    R1 and R2: Mescheder et al. 2018; lazy, every k-th step and k times as heavy: Karras et al.
    2020 (StyleGAN2), section 3.1. All else is as in `ProGANPersonas`. The rate never falls, so that
    the average may ship whenever the training stops.

    Attributes:
        r2: weight γ of R2.
        ema: 0.9995 averages 2,000 steps; until step 18,000 the average is of the last ninth of
            all steps (`training.EMA`), so that it forgets the small pictures in time.
    """

    name: str = "progan-personas-2"
    stages: list[dict[str, int]] = field(
        default_factory=lambda: [
            {"fade": 0, "stabilise": 24_000, "batch": 16},
            {"fade": 16_000, "stabilise": 24_000, "batch": 16},
            {"fade": 24_000, "stabilise": 32_000, "batch": 16},
            {"fade": 24_000, "stabilise": 32_000, "batch": 16},
            {"fade": 24_000, "stabilise": 1_000_000, "batch": 16},
        ]
    )
    learning_rate: float = 3e-3
    ema: float = 0.9995
    objective: str = "r1"
    penalty_every: int = 16
    r1: float = 0.3
    r2: float = 0.0

    def critic_loss(
        self,
        critic: Callable[[torch.Tensor], torch.Tensor],
        real: torch.Tensor,
        fake: torch.Tensor,
        i: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        loss, distance = super().critic_loss(critic, real, fake, i)
        if self.r2 and i % self.penalty_every == 0:
            fake.requires_grad_()
            penalty = losses.r2_penalty(critic(fake), fake)
            loss = loss + self.penalty_every * self.r2 * penalty
        return loss, distance

    def figures(self, generator: Generator) -> dict:
        """Return the figures of `ProGANPersonas`, clearness by skin tone, and the directions'."""
        return super().figures(generator) | portrait_details(generator)


def portrait_details(generator: Generator) -> dict:
    """Return what else the card tells: is it as clear on dark faces, and does it follow sliders?

    The judge's certainty of eyes and mouth on the skin tone where it is least, relative to the one
    where it is largest; and how often a step of 3 along each attribute's direction succeeds.
    """
    judge = zoo.load("personas-cnn")
    by_tone = metrics.certainty_by("skin tone", generator.sample(2000, seed=1), judge)
    directions = steering.find(generator, judge, n=8000, batch=50)
    success = steering.success(generator, judge, directions, n=100)
    return {
        "certainty on the worst skin tone, relative to the best": {
            name: round(metrics.evenness(by_tone, name), 4) for name in ("eyes", "mouth")
        },
        "told from z": {name: round(value, 3) for name, value in directions.accuracy.items()},
        "success of directions": {name: round(value, 3) for name, value in success.items()},
    }


RECIPE = ProGANPersonas2()
