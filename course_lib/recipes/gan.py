"""What the recipes of all GANs share: two optimisers, falling rates, the average, and `begin`."""

from typing import Any, Generic

import torch
from torch import nn

from course_lib.data import Batches
from course_lib.recipes import processes
from course_lib.recipes.runner import Recipe, Run, Values
from course_lib.training import EMA, Model, Stateful


class GANRecipe(Recipe):
    """A generator and a discriminator with an Adam each; what ships is the generator's average.

    The learning rate stays for a while, may be raised once, and then falls to 0 in a straight line.

    Attributes:
        learning_rate: Adam's at the beginning.
        ema: decay of the average.
        falling: share of the steps over which the rate falls, the last ones; 0 keeps it.
        betas: Adam's.
        raised: a step, and by how much the rate is multiplied from it on.
    """

    learning_rate: float
    ema: float
    falling: float = 0.5
    betas: tuple[float, float] = (0.5, 0.999)
    raised: tuple[int, float] = (0, 1.0)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Return a new generator and a new discriminator."""
        raise NotImplementedError

    def step(
        self, i: int, generator: Any, discriminator: Any, batches: Any, players: "Players[Any]"
    ) -> Values:
        """Let both networks learn from one batch, and return the losses by name.

        Args:
            i: the number of the step, from 0.
            generator, discriminator: the networks; of several processes, they share gradients.
            batches: what `batches` has returned.
            players: the networks' `Players`, whose `descend` takes a step down a loss.
        """
        raise NotImplementedError

    def players(self) -> "Players[Any]":
        """Return the networks on their device, with optimisers."""
        # Two cores convolve images stored pixel by pixel (channels last) about 1.5 times faster.
        generator, discriminator = (
            network.to(processes.device()).to(memory_format=torch.channels_last)
            for network in self.networks()
        )
        return Players(generator, discriminator, self)

    def begin(self) -> Run:
        players, batches = self.players(), self.batches()
        named = batches if isinstance(batches, dict) else {"batches": batches}
        kept = {name: part for name, part in named.items() if isinstance(part, Batches)}
        generator, discriminator = (processes.parallel(n) for n in players.networks.values())

        def step(i: int) -> Values:
            values = self.step(i, generator, discriminator, batches, players)
            players.end_step()
            return values

        return Run(step, {**players.parts(), **kept}, players.model)


class Players(Generic[Model]):
    """Generator and discriminator of a recipe with an Adam each, and the generator's average.

    Attributes:
        model: what ships, the average; a recipe may set a larger one that contains it.
    """

    def __init__(self, generator: Model, discriminator: nn.Module, recipe: GANRecipe):
        self.networks = {"g": generator, "d": discriminator}
        self.ema = EMA(generator, recipe.ema)
        self.model: Any = self.ema.model
        self.optimisers = {
            name: torch.optim.Adam(
                network.parameters(), lr=recipe.learning_rate, betas=recipe.betas, fused=True
            )
            for name, network in self.networks.items()
        }
        (first, factor), falling = recipe.raised, recipe.falling

        def rate(i: int) -> float:
            risen = factor if i >= first else 1.0
            return risen * (min(1.0, (1 - i / recipe.steps) / falling) if falling else 1.0)

        self.schedules = {
            name: torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
            for name, optimiser in self.optimisers.items()
        }

    def descend(self, name: str, loss: torch.Tensor) -> None:
        """Let the generator ("g") or the discriminator ("d") take a step down its loss."""
        self.optimisers[name].zero_grad()
        loss.backward()
        self.optimisers[name].step()

    def forget(self) -> None:
        """Reset Adam's moments, as if training began anew; the average stays."""
        for optimiser in self.optimisers.values():
            optimiser.state.clear()

    def end_step(self) -> None:
        """Lower the rates, and take the generator into its average."""
        for schedule in self.schedules.values():
            schedule.step()
        self.ema.update(self.networks["g"])

    def parts(self) -> dict[str, Stateful]:
        """Return everything whose state a checkpoint must hold, by name."""
        return {
            "generator": self.networks["g"],
            "discriminator": self.networks["d"],
            "ema": self.ema,
            **{f"optimiser_{name}": optimiser for name, optimiser in self.optimisers.items()},
            **{f"schedule_{name}": schedule for name, schedule in self.schedules.items()},
        }
