"""What the recipes of single networks share: one loss, one optimiser, a rate that falls."""

from typing import Any

import torch
from torch import nn

from course_lib import zoo
from course_lib.recipes.runner import Recipe, Run, Values


class NetworkRecipe(Recipe):
    """One network that descends its loss by AdamW; the learning rate rises and falls once.

    Attributes:
        part: the network's name in checkpoints.
        learning_rate: the largest one.
        weight_decay: AdamW's.
    """

    part: str = "model"
    learning_rate: float
    weight_decay: float

    def step(self, i: int, model: Any, batches: Any, descend: Any) -> Values:
        """Let the network learn from one batch by descend(loss), and return losses by name."""
        raise NotImplementedError

    def optimiser(self, model: nn.Module) -> tuple[torch.optim.Optimizer, Any]:
        """Return the optimiser and its schedule of rates."""
        adam = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        return adam, torch.optim.lr_scheduler.OneCycleLR(adam, self.learning_rate, self.steps)

    def begin(self) -> Run:
        # Two cores convolve images stored pixel by pixel (channels last) about 1.5 times faster.
        model = zoo.build(self.model, self.arguments).to(memory_format=torch.channels_last)
        optimiser, schedule = self.optimiser(model)
        batches = self.batches()

        def descend(loss: torch.Tensor) -> None:
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

        parts = {self.part: model, "optimiser": optimiser, "schedule": schedule, "batches": batches}
        return Run(lambda i: self.step(i, model.train(), batches, descend), parts, model)
