"""Lesson 08's encoder: from a portrait with a hidden part to a z of "progan-personas".

It belongs to one generator. Whoever trains that anew trains this anew, in a few minutes.
"""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import cosine_similarity

from course_lib import sampling, zoo
from course_lib.latent import visible_error
from course_lib.models.completion import Encoder
from course_lib.models.progan import Generator
from course_lib.recipes.runner import PERSONAS_LICENCE, Recipe, Run


def random_masks(n: int, size: int, smallest: int = 12, largest: int = 40) -> torch.Tensor:
    """Return masks (n, 1, size, size) that hide a random rectangle each, anywhere in the image."""
    place = torch.arange(size)
    inside = []
    for _ in range(2):  # rows, then columns
        length = torch.randint(smallest, largest + 1, (n, 1))
        first = (torch.rand(n, 1) * (size - length + 1)).long()
        inside.append((place >= first) & (place < first + length))
    return 1 - (inside[0][:, None, :, None] & inside[1][:, None, None, :]).float()


@dataclass(frozen=True)
class EncoderPersonas(Recipe):
    """1 − cos(ẑ, z) plus the error of G(ẑ) on all pixels, hidden ones too; Adam, falling rate."""

    name: str = "encoder-personas"
    model = "completion.Encoder"
    arguments: dict = field(default_factory=lambda: {"z_dim": 64, "width": 32})
    data = "portraits drawn by progan-personas, with their z"
    licence = PERSONAS_LICENCE
    seed: int = 0
    batch: int = 32
    steps: int = 900
    learning_rate: float = 2e-3
    generator: str = "progan-personas"
    pixel_weight: float = 2.0

    def begin(self) -> Run:
        encoder: Encoder = zoo.build(self.model, self.arguments)
        generator: Generator = zoo.load(self.generator).requires_grad_(False)
        optimiser = torch.optim.Adam(encoder.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda i: min(1.0, 2 * (1 - i / self.steps))
        )

        def step(i: int) -> dict:
            z = torch.randn(self.batch, generator.z_dim)
            with torch.no_grad():
                portraits = generator(z).clamp(-1, 1)
            guess = encoder(portraits, random_masks(self.batch, Encoder.SIZE))
            direction = (1 - cosine_similarity(guess, z)).mean()
            pixels = (generator(guess) - portraits).square().mean()
            optimiser.zero_grad()
            (direction + self.pixel_weight * pixels).backward()
            optimiser.step()
            schedule.step()
            return {"direction": direction, "pixels": pixels}

        parts = {"encoder": encoder, "optimiser": optimiser, "schedule": schedule}
        return Run(step, parts, encoder)

    @torch.no_grad()
    def figures(self, model):
        """Return the figures for the card, on 500 portraits that were not trained on."""
        generator: Generator = zoo.load(self.generator)
        model.eval()
        torch.manual_seed(1)
        z = sampling.latents(500, generator.z_dim, seed=1)
        portraits = sampling.in_batches(generator, z, batch=50).clamp(-1, 1)
        masks = random_masks(len(z), Encoder.SIZE)
        guess = model(portraits, masks)
        found = sampling.in_batches(generator, guess, batch=50)
        values = {
            "cosine of the angle between guess and truth": cosine_similarity(guess, z),
            "RMS error, visible pixels": visible_error(found, portraits, masks),
            "RMS error, hidden pixels": visible_error(found, portraits, 1 - masks),
            "RMS error of another portrait, hidden pixels": visible_error(
                portraits.roll(1, 0), portraits, 1 - masks
            ),
        }
        return {
            **{name: round(value.mean().item(), 3) for name, value in values.items()},
            "sha256 of the generator": zoo.card(self.generator)["sha256"],
        }


RECIPE = EncoderPersonas()
