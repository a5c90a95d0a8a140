"""The judge: lesson 02's classifier, trained for longer on Fashion-MNIST."""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import cross_entropy, pad

from course_lib import data, metrics, zoo
from course_lib.recipes.runner import Run


@dataclass(frozen=True)
class FashionCNN:
    """Cross-entropy, AdamW, one-cycle learning rate; every batch is shifted by up to 2 pixels."""

    name: str = "fashion-cnn"
    model: str = "cnn.Classifier"
    arguments: dict = field(default_factory=lambda: {"classes": 10, "width": 32})
    data: str = "Fashion-MNIST, training split (60,000 images)"
    licence: str = "BSD-3-Clause; data: MIT (Zalando Research)"
    seed: int = 0
    batch: int = 128
    steps: int = 9 * (60_000 // 128)
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    shift: int = 2

    def begin(self) -> Run:
        # Stored pixel by pixel (channels last), images are convolved faster on two cores.
        layout = torch.channels_last
        model = zoo.build(self.model, self.arguments).to(memory_format=layout)
        batches = data.batches(*data.fashion("train"), size=self.batch, seed=self.seed)
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, self.steps)

        def step(i: int) -> dict:
            model.train()
            images, labels = next(batches)
            # One shift for the whole batch costs nothing; over the steps all shifts occur.
            top, left = torch.randint(2 * self.shift + 1, (2,)).tolist()
            padded = pad(images, (self.shift,) * 4, value=-1.0)
            shifted = padded[:, :, top : top + 28, left : left + 28].to(memory_format=layout)
            loss = cross_entropy(model(shifted), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            return {"loss": loss}

        def measure() -> dict:
            images, labels = data.fashion("test")
            chances = metrics.probabilities(model, data.to_float(images))
            confidence, predicted = chances.max(dim=1)
            right = (predicted == labels).double()
            return {
                "test accuracy": round(right.mean().item(), 4),
                "test accuracy per class": {
                    name: round(right[labels == k].mean().item(), 3)
                    for k, name in enumerate(data.FASHION_CLASSES)
                },
                "mean top probability on test images": round(confidence.mean().item(), 3),
            }

        parts = {"model": model, "optimiser": optimiser, "schedule": schedule, "batches": batches}
        return Run(step, parts, model, self.batch, measure)


RECIPE = FashionCNN()
