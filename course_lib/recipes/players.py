"""What the recipes of all GANs share beside the step: optimisers, falling rates, the average."""

from typing import Generic

import torch
from torch import nn

from course_lib.training import EMA, Model, Stateful


class Players(Generic[Model]):
    """Generator and discriminator with an Adam each, and the generator's average.

    The learning rate stays for a while, may be raised once, and then falls to 0 in a straight line.

    Args:
        generator, discriminator: the networks, in the memory layout that they keep.
        rate: Adam's learning rate at the beginning.
        steps: of the whole training; the rate reaches 0 at its end, where it falls.
        ema: decay of the average.
        falling: share of the steps over which the rate falls, the last ones; 0 keeps it.
        betas: Adam's.
        raised: a step, and by how much the rate is multiplied from it on.
    """

    def __init__(
        self,
        generator: Model,
        discriminator: nn.Module,
        *,
        rate: float,
        steps: int,
        ema: float,
        falling: float = 0.5,
        betas: tuple[float, float] = (0.5, 0.999),
        raised: tuple[int, float] = (0, 1.0),
    ):
        self.networks = {"g": generator, "d": discriminator}
        self.ema = EMA(generator, ema)
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), lr=rate, betas=betas, fused=True)
            for name, network in self.networks.items()
        }

        def factor(i: int) -> float:
            risen = raised[1] if i >= raised[0] else 1.0
            return risen * (min(1.0, (1 - i / steps) / falling) if falling else 1.0)

        self.schedules = {
            name: torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
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
