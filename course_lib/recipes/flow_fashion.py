"""The shipped model of lesson 09: a flow on Fashion-MNIST, with labels that may be left out."""

from dataclasses import dataclass, field

import torch

from course_lib import data, metrics, training, zoo
from course_lib.models.flow import flow_loss, times, weights_of
from course_lib.recipes.runner import FASHION_LICENCE, Recipe, Run


@dataclass(frozen=True)
class FlowFashion(Recipe):
    """The regression on x − z, Adam (0.9, 0.99), EMA; the rate falls to 0 in a straight line.

    Attributes:
        learning_rate: the largest one, after `warmup` steps in which it rises from 0.
        dropped: the share of the labels that are left out, so that guidance is possible.
        samples: for the figures of the card.
        guidance: the weight for which the card has a second set of figures.
    """

    name: str = "flow-fashion"
    model = "flow.Flow"
    arguments: dict = field(
        default_factory=lambda: {"width": 32, "middle": 96, "blocks": 3, "rank": 64, "steps": 8}
    )
    data = "Fashion-MNIST, training split (60,000 images with labels)"
    licence = FASHION_LICENCE
    seed: int = 0
    batch: int = 64
    steps: int = 40_000
    learning_rate: float = 2e-3
    warmup: int = 100
    ema: float = 0.999
    dropped: float = 0.1
    samples: int = 10_000
    guidance: float = 2.0

    def examples(self):
        return data.fashion("train")

    def step(self, model, batches, descend):
        x, labels = next(batches)  # (N, 1, 28, 28), (N,)
        weights = weights_of(labels, model.classes, self.dropped)  # (N, classes)
        loss = flow_loss(
            lambda x_t, t: model.velocity(x_t, t, weights),
            x,
            torch.randn_like(x),
            times(len(x)),
        )
        descend(loss)
        return {"loss": loss}

    def rate(self, i: int) -> float:
        """Return the share of the learning rate at step i."""
        return min(1.0, (i + 1) / self.warmup) * (1 - i / self.steps)

    def begin(self):
        model, batches = zoo.build(self.model, self.arguments), self.batches()
        model.velocity.gaussians.fit(*batches.tensors)
        adam = training.adam(model, self.learning_rate, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.LambdaLR(adam, self.rate)
        average = training.EMA(model, self.ema)

        def descend(loss: torch.Tensor) -> None:
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            average.update(model)

        parts = {
            "flow": model,
            "optimiser": adam,
            "schedule": schedule,
            "ema": average,
            "batches": batches,
        }
        return Run(lambda i: self.step(model.train(), batches, descend), parts, average.model)

    def figures(self, model):
        """Return the figures for the card, of 1,000 samples of each class, plain and guided."""
        labels, judge = torch.arange(self.samples) % model.classes, zoo.load("fashion-cnn")
        figures = {}
        for weight in (1.0, self.guidance):
            samples = model.sample(labels=labels, seed=1, guidance=weight)
            report = metrics.conditional_fashion_report(samples, labels, judge=judge)
            figures |= report if weight == 1 else {f"with guidance of {weight:g}": report}
        return figures


RECIPE = FlowFashion()
