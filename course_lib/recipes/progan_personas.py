"""The shipped model of lesson 07: a ProGAN that grows from 4×4 to 64×64 on Personas."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.progan import Critic, Generator, faded
from course_lib.recipes import processes
from course_lib.recipes.gan import GANRecipe
from course_lib.recipes.runner import PERSONAS_LICENCE

GROUP = 4  # images that the critic compares; processes do not tear them apart


class Moment(NamedTuple):
    """Where a training stands: the stage, how far it has faded in, and whether a phase begins."""

    stage: int
    fade: float
    batch: int
    begins: bool


class Schedule:
    """Which stage each step trains: a new stage fades in, then stabilises; the first stabilises.

    Args:
        stages: for each, from 4×4 pixels up, "batch" and the numbers of images for which it will
            "fade" and "stabilise"; both are rounded up to whole batches.

    Raises:
        ValueError: the first stage fades, which has nothing to fade from.
    """

    def __init__(self, stages: Sequence[dict[str, int]]):
        if stages[0]["fade"]:
            raise ValueError("the first stage has nothing to fade from: its fade is 0 images")
        self.phases = [
            (stage, name == "fade", facts["batch"], -(-facts[name] // facts["batch"]))
            for stage, facts in enumerate(stages)
            for name in ("fade", "stabilise")
        ]
        self.steps = sum(steps for *_, steps in self.phases)

    def at(self, i: int) -> Moment:
        """Return what step i, 0 to steps − 1, trains; fade is 0 in a fade's first step."""
        first = 0
        for stage, fades, batch, steps in self.phases:
            if i < first + steps:
                fade = (i - first) / steps if fades else 1.0
                return Moment(stage, fade, batch, i == first)
            first += steps
        raise ValueError(f"step is 0 to {self.steps - 1}, not {i}")


@dataclass(frozen=True)
class ProGANPersonas(GANRecipe):
    """WGAN-GP with drift, one step of the critic per step of G, Adam (0, 0.99), EMA of G.

    Adam's moments are reset where a phase begins; the average is one for the whole training. A
    step is one update of both networks. Several processes may share each batch: see `processes`.

    Attributes:
        stages: see `Schedule`.
        objective: "wgan-gp", or "r1" for logits with the non-saturating loss and R1.
        penalty_every: steps between two gradient penalties, each as many times heavier; 1 as in
            the paper.
        r1: weight γ of R1.
        raised, falling: see `GANRecipe`; the paper keeps its rate.
    """

    name: str = "progan-personas"
    model = "progan.Generator"
    arguments: dict = field(default_factory=lambda: {"z_dim": 64, "channels": [64, 64, 48, 32, 16]})
    data = "Personas, training split (14,000 portraits)"
    licence = PERSONAS_LICENCE
    seed: int = 0
    stages: list[dict[str, int]] = field(
        default_factory=lambda: [
            {"fade": 0, "stabilise": 48_000, "batch": 16},
            {"fade": 32_000, "stabilise": 48_000, "batch": 16},
            {"fade": 40_000, "stabilise": 56_000, "batch": 16},
            {"fade": 48_000, "stabilise": 80_000, "batch": 16},
            {"fade": 36_000, "stabilise": 300_000, "batch": 16},
        ]
    )
    learning_rate: float = 1e-3
    raised: tuple[int, float] = (0, 1.0)
    ema: float = 0.999
    objective: str = "wgan-gp"
    penalty_every: int = 1
    r1: float = 1.0
    falling: float = 0.0
    every: int = 500
    betas = (0.0, 0.99)
    parallel = True

    @property
    def steps(self) -> int:
        return Schedule(self.stages).steps

    @property
    def batch(self) -> int:
        return max(facts["batch"] for facts in self.stages)

    def networks(self):
        return Generator(**self.arguments), Critic(self.arguments["channels"], group=GROUP)

    def images(self) -> torch.Tensor:
        """Return what to learn from: uint8, (N, 3, S, S), S the size of the last stage."""
        return data.personas("train")[0]

    def batches(self):
        """Return the batches of each size, by their names in checkpoints."""
        images, sizes = self.images(), [4 << s for s in range(len(self.arguments["channels"]))]
        return {
            f"batches_{size}": data.batches(
                data.shrunk(images, size),
                size=facts["batch"],
                seed=self.seed + stage,
                device=processes.device(),
                rows=processes.share(facts["batch"], GROUP),
            )
            for stage, (size, facts) in enumerate(zip(sizes, self.stages, strict=True))
        }

    def step(self, i, generator, critic, batches, players):
        stage, fade, _, begins = Schedule(self.stages).at(i)
        if begins:
            players.forget()
        real = faded(next(batches[f"batches_{4 << stage}"]), fade)  # (N, 3, S, S)
        real = real.contiguous(memory_format=torch.channels_last)
        z = processes.drawn(torch.randn, len(real), self.arguments["z_dim"])
        fake = generator(z, stage, fade)
        judge = partial(critic, stage=stage, fade=fade)
        loss_d, distance = self.critic_loss(judge, real, fake.detach(), i)
        players.descend("d", loss_d)
        # The critic only passes gradients on now; not to compute its own saves a seventh.
        critic.requires_grad_(False)
        judge = partial(players.networks["d"], stage=stage, fade=fade)  # waits for no process
        loss_g = self.generator_loss(judge, real, fake)
        players.descend("g", loss_g)
        critic.requires_grad_(True)
        return {"loss_d": loss_d, "loss_g": loss_g, "distance": distance}

    def critic_loss(self, critic, real, fake, i):
        """Return the critic's loss at step i, and by how much it scores real above fake."""
        penalised = i % self.penalty_every == 0
        if self.objective == "wgan-gp":
            real_scores, fake_scores = critic(real), critic(fake)
            loss = losses.wgan_critic_loss(real_scores, fake_scores) + losses.drift(real_scores)
            if penalised:
                eps = processes.drawn(torch.rand, len(real))
                penalty = losses.gradient_penalty(critic, real, fake, eps)
                loss = loss + self.penalty_every * penalty
        else:
            real_scores, fake_scores = critic(real.requires_grad_(penalised)), critic(fake)
            loss = losses.discriminator_loss(real_scores, fake_scores)
            if penalised:
                penalty = losses.r1_penalty(real_scores, real)
                loss = loss + self.penalty_every * self.r1 * penalty
        return loss, (real_scores.mean() - fake_scores.mean()).detach()

    def generator_loss(self, critic, real, fake):
        """Return the generator's loss of the same game; `real` is for games that compare."""
        game = losses.wgan_generator_loss if self.objective == "wgan-gp" else losses.generator_loss
        return game(critic(fake))

    def figures(self, model):
        return metrics.portraits_report(model.sample(2000, seed=1), judge=zoo.load("personas-cnn"))


# Three times the paper's rate halved KID in short runs of these small networks (WGAN-GP up to
# 16×16, 23,000 images: 4,451 and 2,238). By then the run of the shipped model stood at step 26,000.
RECIPE = ProGANPersonas(raised=(26_000, 3.0), falling=0.12)


def _race(stages: list[dict[str, int]]) -> ProGANPersonas:
    # A fast average: of the first, poor pictures nothing should be left after 2 minutes.
    arguments = {"z_dim": 64, "channels": [64, 64, 48, 32]}
    return ProGANPersonas(arguments=arguments, stages=stages, learning_rate=3e-3, ema=0.995)


# Lesson 07's experiment at equal time: the same networks for 32×32 pixels, from the same seed,
# grown or trained at full size from the first step. The last phase is as long as there is time.
_AS_LONG_AS_THERE_IS_TIME = 1_000_000
RACE = {
    "grown": _race(
        [
            {"fade": 0, "stabilise": 3_000, "batch": 16},
            {"fade": 3_000, "stabilise": 4_000, "batch": 16},
            {"fade": 6_000, "stabilise": 10_000, "batch": 16},
            {"fade": 4_000, "stabilise": _AS_LONG_AS_THERE_IS_TIME, "batch": 16},
        ]
    ),
    "straight": _race(
        [
            *({"fade": 0, "stabilise": 0, "batch": 16} for _ in range(3)),
            {"fade": 0, "stabilise": _AS_LONG_AS_THERE_IS_TIME, "batch": 16},
        ]
    ),
}
