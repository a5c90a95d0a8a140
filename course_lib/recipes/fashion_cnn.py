"""The judge: lesson 02's classifier, trained for longer on Fashion-MNIST."""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import cross_entropy, pad

from course_lib import data, metrics
from course_lib.recipes.network import NetworkRecipe
from course_lib.recipes.runner import FASHION_LICENCE


@dataclass(frozen=True)
class FashionCNN(NetworkRecipe):
    """Cross-entropy, AdamW, one-cycle learning rate; every batch is shifted by up to 2 pixels."""

    name: str = "fashion-cnn"
    model = "cnn.Classifier"
    arguments: dict = field(default_factory=lambda: {"classes": 10, "width": 32})
    data = "Fashion-MNIST, training split (60,000 images)"
    licence = FASHION_LICENCE
    seed: int = 0
    batch: int = 128
    steps: int = 9 * (60_000 // 128)
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    shift: int = 2

    def examples(self):
        return data.fashion("train")

    def step(self, i, model, batches, descend):
        images, labels = next(batches)  # (N, 1, 28, 28), (N,)
        # One shift for the whole batch costs nothing; over the steps all shifts occur.
        top, left = torch.randint(2 * self.shift + 1, (2,)).tolist()
        padded = pad(images, (self.shift,) * 4, value=-1.0)
        loss = cross_entropy(model(padded[:, :, top : top + 28, left : left + 28]), labels)
        descend(loss)
        return {"loss": loss}

    def figures(self, model):
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


RECIPE = FashionCNN()
