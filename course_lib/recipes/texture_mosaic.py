"""The shipped model of lesson 08's textures: a spatial GAN on the pattern "mosaic"."""

from dataclasses import dataclass, field

import torch

from course_lib import data, features, losses, zoo
from course_lib.models.texture import Discriminator, Generator
from course_lib.recipes.players import Players
from course_lib.recipes.runner import Run
from course_lib.studio.textures import seams


@dataclass(frozen=True)
class TextureMosaic:
    """Non-saturating loss on the logits of all patches, Adam (0.5, 0.999), EMA, falling rate."""

    name: str = "texture-mosaic"
    model: str = "texture.Generator"
    arguments: dict = field(default_factory=lambda: {"z_dim": 16, "width": 16})
    data: str = "the course's pattern “mosaic” (24 drawings of 128×128 pixels)"
    licence: str = "BSD-3-Clause; data: drawn by the course's own code"
    seed: int = 0
    batch: int = 8
    steps: int = 2_000
    learning_rate: float = 1e-3
    ema: float = 0.995
    pattern: str = "mosaic"
    drawings: int = 24
    crop: int = 64

    def begin(self) -> Run:
        layout = torch.channels_last
        generator: Generator = zoo.build(self.model, self.arguments).to(memory_format=layout)
        discriminator = Discriminator().to(memory_format=layout)
        players = Players(
            generator, discriminator, rate=self.learning_rate, steps=self.steps, ema=self.ema
        )
        drawn = torch.cat([data.patterns(self.pattern, 128, s) for s in range(self.drawings)])
        # All crops whose corners lie on every fourth pixel: (N, 3, crop, crop), a view.
        crops = drawn.unfold(2, self.crop, 4).unfold(3, self.crop, 4).permute(0, 2, 3, 1, 4, 5)
        grid = self.crop // 8

        def step(i: int) -> dict:
            drawing, row, column = (torch.randint(k, (self.batch,)) for k in crops.shape[:3])
            real = data.to_float(crops[drawing, row, column]).to(memory_format=layout)
            fake = generator(torch.randn(self.batch, generator.z_dim, grid, grid))
            loss_d = losses.discriminator_loss(discriminator(real), discriminator(fake.detach()))
            players.descend("d", loss_d)
            loss_g = losses.generator_loss(discriminator(fake))
            players.descend("g", loss_g)
            players.end_step()
            return {"loss_d": loss_d, "loss_g": loss_g}

        model = players.ema.model
        return Run(step, players.parts(), model, self.batch, lambda: self.figures(model))

    def figures(self, generator: Generator) -> dict:
        """Return the figures for the card: style loss (lesson 02) against a real drawing's."""
        judge = zoo.load("personas-cnn")
        layers = features.STYLE_LAYERS

        def activations(images: torch.Tensor) -> dict:
            with torch.no_grad():
                return features.layer_activations(judge, images, layers)

        unseen = [data.to_float(data.patterns(name, 128, 1000)) for name in (self.pattern, "waves")]
        texture = generator.sample(1, seed=1)
        wanted = activations(data.to_float(data.patterns(self.pattern, 128, 1001)))
        found = [
            round(features.style_loss(activations(image), wanted).item(), 3)
            for image in (texture, *unseen)
        ]
        across, down = seams(generator.sample(16, seed=1))
        return {
            "style loss against an unseen mosaic": found[0],
            "style loss of another mosaic (floor)": found[1],
            "style loss of another pattern, waves": found[2],
            "step over the seam, of the step inside (right, below)": [
                round(across, 3),
                round(down, 3),
            ],
        }


RECIPE = TextureMosaic()
