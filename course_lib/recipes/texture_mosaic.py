"""The shipped model of lesson 08's textures: a spatial GAN on the pattern "mosaic"."""

from dataclasses import dataclass, field

import torch

from course_lib import data, features, losses, zoo
from course_lib.models import texture
from course_lib.recipes.gan import GANRecipe
from course_lib.studio.textures import seams


@dataclass(frozen=True)
class TextureMosaic(GANRecipe):
    """Non-saturating loss on the logits of all patches, Adam (0.5, 0.999), EMA, falling rate."""

    name: str = "texture-mosaic"
    model = "texture.Generator"
    arguments: dict = field(default_factory=lambda: {"z_dim": 16, "width": 16})
    data = "the course's pattern “mosaic” (24 drawings of 128×128 pixels)"
    licence = "BSD-3-Clause; data: drawn by the course's own code"
    seed: int = 0
    batch: int = 8
    steps: int = 2_000
    learning_rate: float = 1e-3
    ema: float = 0.995
    pattern: str = "mosaic"
    drawings: int = 24
    crop: int = 64

    def networks(self):
        return texture.Generator(**self.arguments), texture.Discriminator()

    def batches(self):
        """Yield crops of the drawings, whose corners lie on every fourth pixel."""
        drawn = torch.cat([data.patterns(self.pattern, 128, s) for s in range(self.drawings)])
        # All crops: (N, rows, columns, 3, crop, crop), a view.
        crops = drawn.unfold(2, self.crop, 4).unfold(3, self.crop, 4).permute(0, 2, 3, 1, 4, 5)
        while True:
            drawing, row, column = (torch.randint(k, (self.batch,)) for k in crops.shape[:3])
            yield data.to_float(crops[drawing, row, column])

    def step(self, i, generator, discriminator, batches, players):
        real = next(batches).to(memory_format=torch.channels_last)  # (N, 3, crop, crop)
        grid = self.crop // 8
        fake = generator(torch.randn(len(real), generator.z_dim, grid, grid))
        loss_d = losses.discriminator_loss(discriminator(real), discriminator(fake.detach()))
        players.descend("d", loss_d)
        loss_g = losses.generator_loss(discriminator(fake))
        players.descend("g", loss_g)
        return {"loss_d": loss_d, "loss_g": loss_g}

    def figures(self, model):
        """Return the figures for the card: style loss (lesson 02) against a real drawing's."""
        judge = zoo.load("personas-cnn")
        layers = features.STYLE_LAYERS

        def activations(images: torch.Tensor) -> dict:
            with torch.no_grad():
                return features.layer_activations(judge, images, layers)

        unseen = [data.to_float(data.patterns(name, 128, 1000)) for name in (self.pattern, "waves")]
        generated = model.sample(1, seed=1)
        wanted = activations(data.to_float(data.patterns(self.pattern, 128, 1001)))
        found = [
            round(features.style_loss(activations(image), wanted).item(), 3)
            for image in (generated, *unseen)
        ]
        steps = [round(step, 3) for step in seams(model.sample(16, seed=1))]
        return {
            "style loss against an unseen mosaic": found[0],
            "style loss of another mosaic (floor)": found[1],
            "style loss of another pattern, waves": found[2],
            "step over the seam, of the step inside (right, below)": steps,
        }


RECIPE = TextureMosaic()
