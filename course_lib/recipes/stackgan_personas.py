"""The shipped models of lesson 06: StackGAN on Personas, Stage I alone and both stages.

Stage II needs a finished Stage I, as in the paper: in the zoo, or in `runs/NAME`, where
`python -m course_lib train NAME` leaves it. Both stages need the text encoder.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.stackgan import Discriminator, StackGAN, StageIGenerator
from course_lib.recipes.gan import GANRecipe, Players
from course_lib.recipes.runner import PERSONAS_LICENCE

TEXT = {"words": 192, "dim": 128, "hidden": 64}
STAGE1 = {"text_dim": 128, "c_dim": 64, "z_dim": 64, "width": 32}
STAGE2 = {"text_dim": 128, "c_dim": 64, "width": 16, "blocks": 2}


@dataclass(frozen=True)
class StackGANPersonas(GANRecipe):
    """Matching-aware loss on logits, KL of the conditions, Adam (0.5, 0.999), EMA of G.

    The rate falls in the second half. Captions are written anew for every batch. The stage that is
    trained is the last one of `arguments`; what comes before it stays as the zoo has it.

    Attributes:
        wrong_pairs: False trains the discriminator without real images with wrong captions.
        augmentation: False sets c = μ, without noise and without KL.
        near_misses: share of the wrong captions that are wrong in one value only; the others belong
            to other portraits. Without near misses, D need not tell a smile from a smirk.
        both_wrong: every real image meets two wrong captions in a step, one of each kind; they
            cost little, since its features are computed once.
        added_lies: near misses may lie about what the caption leaves out (`data.near_misses`).
            Otherwise D hardly ever sees "a goatee" beside a chin without one.
        even: share of captions whose silence tells nothing (`data.captions`).
        first: the model whose Stage I is built on (`finished`).
        r1: weight of the R1 penalty (`losses.r1_penalty`), applied in every `r1_every`-th step; it
            keeps D from winning. 0.2 at 16×16 is 3.2 at 64×64, where the same change of an image
            is spread over 16 times as many pixels.
        kl_weight: of the KL, summed over c's components. The authors' code takes the mean over 128
            components and doubles it, which is about 0.02; here that leaves 15 nats for the
            caption, and skin tone, which few captions name, is not worth its nats.
    """

    name: str
    arguments: dict
    steps: int
    discriminator: dict
    model = "stackgan.StackGAN"
    data = "Personas, training split without held-out combinations (12,012 portraits)"
    licence = PERSONAS_LICENCE
    seed: int = 0
    batch: int = 64
    learning_rate: float = 6e-4
    falling: float = 0.5
    ema: float = 0.999
    kl_weight: float = 0.002
    wrong_pairs: bool = True
    near_misses: float = 0.5
    both_wrong: bool = False
    added_lies: bool = False
    even: float = 0.0
    augmentation: bool = True
    r1: float = 0.2
    r1_every: int = 4
    every: int = 250
    first: str = "stackgan-stage1-personas"

    def players(self):
        model: StackGAN = zoo.build(self.model, self.arguments)
        model.text.load_state_dict(zoo.load("text-encoder-personas").text.state_dict())
        model.to(memory_format=torch.channels_last).requires_grad_(False).eval()
        if model.stage2 is not None:
            model.stage1.load_state_dict(finished(self.first).stage1.state_dict())
        name = "stage1" if model.stage2 is None else "stage2"
        generator = getattr(model, name).requires_grad_(True).train()
        discriminator = Discriminator(**self.discriminator).to(memory_format=torch.channels_last)
        players = Players(generator, discriminator, self)
        # The model that samples and ships holds the average; the generator trains beside it.
        setattr(model, name, players.ema.model)
        players.model = model
        return players

    def examples(self):
        return training_portraits(self.discriminator["size"])

    def step(self, i, generator, discriminator, batches, players):
        real, attributes = next(batches)  # (N, 3, S, S), (N, 9)
        real = real.contiguous(memory_format=torch.channels_last)
        text = players.model.encode(data.captions(attributes, i, self.even))  # (N, text_dim)
        fake, kl = self.generated(generator, players.model, text)
        penalised = self.r1 > 0 and i % self.r1_every == 0
        features = discriminator.features(real.requires_grad_(penalised))
        right = discriminator.match(features, text)
        fake_right = discriminator(fake.detach(), text)
        if self.wrong_pairs:
            wrong = self.wrong_texts(players.model, text, attributes, i)
            real_wrong = torch.cat([discriminator.match(features, caption) for caption in wrong])
            loss_d = losses.matching_loss(right, real_wrong, fake_right)
        else:
            loss_d = losses.discriminator_loss(right, fake_right)
        if penalised:
            loss_d = loss_d + self.r1_every * self.r1 * losses.r1_penalty(right, real)
        players.descend("d", loss_d)
        # D only passes gradients on now; not to compute its own saves time.
        discriminator.requires_grad_(False)
        loss_g = losses.generator_loss(discriminator(fake, text))
        players.descend("g", loss_g + self.kl_weight * kl * self.augmentation)
        discriminator.requires_grad_(True)
        return {"loss_d": loss_d, "loss_g": loss_g, "KL": kl}

    def generated(
        self, generator: Any, model: StackGAN, text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return generated images for text embeddings, and the KL of their conditions."""
        noise = None if self.augmentation else torch.zeros(len(text), generator.c_dim)
        c, mu, log_sigma = generator.augment(text, noise)
        source = torch.randn(len(text), model.z_dim)
        if model.stage2 is not None:
            source = small_images(model.stage1, source, text, self.augmentation)
        return generator(source, c), losses.kl_divergence(mu, 2 * log_sigma)

    def wrong_texts(
        self, model: StackGAN, text: torch.Tensor, attributes: torch.Tensor, i: int
    ) -> list[torch.Tensor]:
        """Return embeddings of captions that do not fit: one for each portrait, or one a kind."""
        mentioned = data.mentioned(attributes, i, self.even)
        other = text[data.wrong_captions(attributes, mentioned)]
        near = model.encode(data.near_misses(attributes, i, self.even, self.added_lies))
        if self.both_wrong:
            return [other, near]
        lies = torch.rand(len(text), 1) < self.near_misses
        return [torch.where(lies, near, other)]

    def figures(self, model):
        """Return the figures for the card, on captions of the test split."""
        judge, noise = zoo.load("personas-cnn"), 1.0 if self.augmentation else 0.0

        def sample(captions: list[str]) -> torch.Tensor:
            return model.sample(captions, seed=1, noise=noise)

        return {
            **metrics.personas_report(sample, judge=judge),
            **metrics.whole_captions_report(sample, judge=judge),
        }


def finished(name: str) -> StackGAN:
    """Return a model of the zoo or, before it ships, what its training has left in `runs/NAME`."""
    return zoo.load(name) if name in zoo.names() else zoo.load(name, Path("runs") / name)


def training_portraits(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the portraits to train on, uint8 (N, 3, size, size), and their attributes (N, 9).

    Those with combinations that are held out are left out.
    """
    images, attributes = data.personas("train")
    kept = ~data.held_out(attributes)
    images, attributes = images[kept], attributes[kept]
    return data.shrunk(images, size), attributes


@torch.no_grad()
def small_images(
    stage1: StageIGenerator, z: torch.Tensor, text: torch.Tensor, augmentation: bool = True
) -> torch.Tensor:
    """Return Stage I's images (N, 3, 16, 16) for Stage II; the frozen stage is in eval mode."""
    noise = None if augmentation else torch.zeros(len(z), stage1.c_dim)
    return stage1(z, stage1.augment(text, noise)[0])


# The second edition mends causes of the first one's mistakes (benchmarks/LOG.md): sketches are
# decided on and judged as a whole, no pattern of pixels is hidden from D, and D meets lies about
# what a caption leaves out.
STAGE1_2 = {**STAGE1, "hidden": 256}
STAGE2_2 = {"text_dim": 128, "c_dim": 64, "width": 24, "blocks": 2, "trunk": 96}
SECOND = {
    "both_wrong": True,
    "added_lies": True,
    "even": 0.5,
    "batch": 32,
    "falling": 0.3,
}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        StackGANPersonas(
            "stackgan-stage1-personas",
            arguments={"text": TEXT, "stage1": STAGE1, "stage2": None},
            steps=6_000,
            discriminator={"size": 16, "width": 32},
        ),
        StackGANPersonas(
            "stackgan-personas",
            arguments={"text": TEXT, "stage1": STAGE1, "stage2": STAGE2},
            steps=14_000,
            batch=32,
            discriminator={"size": 64, "width": 32},
            r1=3.2,
            r1_every=16,
        ),
        StackGANPersonas(
            "stackgan-stage1-personas-2",
            arguments={"text": TEXT, "stage1": STAGE1_2, "stage2": None},
            steps=8_000,
            discriminator={"size": 16, "width": 64, "hidden": 128, "strided": True},
            r1=0.1,
            r1_every=8,
            **SECOND,
        ),
        StackGANPersonas(
            "stackgan-personas-2",
            arguments={"text": TEXT, "stage1": STAGE1_2, "stage2": STAGE2_2},
            steps=36_000,
            discriminator={"size": 64, "width": 32, "hidden": 128, "strided": True},
            r1=1.6,
            r1_every=16,
            first="stackgan-stage1-personas-2",
            **SECOND,
        ),
    )
}

# Short runs that leave one thing out, beside a short run that leaves out none: name -> recipe.
# The lesson shows their figures (`zoo.record("stackgan-ablations")`); benchmarks/stackgan.py trains
# them and writes that record.
_STAGE1 = replace(RECIPES["stackgan-stage1-personas"], steps=1_500)
_STAGE2 = replace(RECIPES["stackgan-personas"], steps=1_500)
_BLIND = {**_STAGE2.arguments, "stage2": {**STAGE2, "text_twice": False}}
ABLATIONS = {
    "Stage I": _STAGE1,
    "Stage I, no wrong pairs": replace(_STAGE1, wrong_pairs=False),
    "Stage I, no near misses": replace(_STAGE1, near_misses=0.0),
    "Stage I, no augmentation": replace(_STAGE1, augmentation=False),
    "Stage I, tenfold KL weight": replace(_STAGE1, kl_weight=10 * _STAGE1.kl_weight),
    "Stage I and II": _STAGE2,
    "Stage I and II, caption for Stage I only": replace(_STAGE2, arguments=_BLIND),
}
