"""The judge of portraits: one network for all nine attributes of Personas."""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import avg_pool2d, cross_entropy, pad

from course_lib import data, metrics
from course_lib.models.cnn import AttributeClassifier
from course_lib.recipes.network import NetworkRecipe
from course_lib.recipes.runner import PERSONAS_LICENCE

UNSEEN = -100  # what cross_entropy leaves out


def labels_of(attributes: torch.Tensor) -> torch.Tensor:
    """Return the attributes (N, 9) with `UNSEEN` where a portrait does not show one."""
    return attributes.masked_fill(~data.visible(attributes), UNSEEN)


def loss_of(model: AttributeClassifier, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean over the heads of their cross-entropies, each over what can be seen."""
    losses = [
        cross_entropy(logits, labels[:, i])
        for i, logits in enumerate(model.logits(images).values())
    ]
    return torch.stack(losses).mean()


def blur(images: torch.Tensor) -> torch.Tensor:
    """Return images whose pixels are means of 3×3 neighbours."""
    return avg_pool2d(pad(images, (1,) * 4, mode="replicate"), 3, stride=1)


def misleading(
    model: AttributeClassifier, images: torch.Tensor, labels: torch.Tensor, length: float
) -> torch.Tensor:
    """Return the images, each moved a short way to where the loss grows.

    One step along the gradient, up to `length` long (Euclidean), from a random start half as far
    away (Goodfellow et al. 2015; Wong et al. 2020): 1.5 · `length` in all, at most.
    """
    reach = length * torch.rand(len(images), 1, 1, 1)
    noise = torch.randn_like(images)
    start = images + 0.5 * reach * noise / noise.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    start.requires_grad_()
    (slope,) = torch.autograd.grad(loss_of(model, start, labels), start)
    steepness = slope.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
    return (start + reach * slope / steepness).detach()


def accuracy(
    model: AttributeClassifier, images: torch.Tensor, attributes: torch.Tensor
) -> dict[str, float]:
    """Return for each attribute the share of portraits whose most probable value is right.

    A portrait counts for the attributes that it shows. Under "skin tone within one step" stands
    the share of portraits whose tone is at most one place away in the list from light to dark.
    """
    found = metrics.obeyed(metrics.read(images, model), attributes, data.visible(attributes))
    return {name: found[name] for name in (*data.ATTRIBUTES, "skin tone within one step")}


@dataclass(frozen=True)
class PersonasCNN(NetworkRecipe):
    """Cross-entropy of nine heads, AdamW, one-cycle learning rate, batches shifted by ≤ 2 pixels.

    Half of every batch is misleading: moved against the network (`misleading`). Networks
    trained so see what people see: images that are made from their features are clearer
    (Santurkar et al. 2019), also those of style transfer (Nakano 2019). Some batches are blurred,
    so that the network judges a slightly blurred portrait fairly.
    """

    name: str = "personas-cnn"
    model = "cnn.AttributeClassifier"
    arguments: dict = field(
        default_factory=lambda: {
            "attributes": {name: len(values) for name, values in data.ATTRIBUTES.items()},
            "width": 16,
        }
    )
    data = "Personas, training split (14,000 portraits)"
    licence = PERSONAS_LICENCE
    seed: int = 0
    batch: int = 64
    steps: int = 1500
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    shift: int = 2
    length: float = 1.0
    blurred: float = 0.2

    def examples(self):
        images, attributes = data.personas("train")
        return images, labels_of(attributes)

    def step(self, i, model, batches, descend):
        portraits, labels = next(batches)  # (N, 3, 64, 64), (N, 9)
        top, left = torch.randint(2 * self.shift + 1, (2,)).tolist()
        padded = pad(portraits, (self.shift,) * 4, mode="replicate")
        portraits = padded[:, :, top : top + 64, left : left + 64]
        if torch.rand(()) < self.blurred:
            portraits = blur(portraits)
        portraits = portraits.contiguous(memory_format=torch.channels_last)
        half = len(portraits) // 2
        moved = misleading(model, portraits[:half], labels[:half], self.length)
        loss = loss_of(model, torch.cat([moved, portraits[half:]]), labels)
        descend(loss)
        return {"loss": loss}

    def figures(self, model):
        images, attributes = data.personas("test")
        images = data.to_float(images)
        noise = 0.1 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
        clear = accuracy(model, images, attributes)
        noisy = accuracy(model, (images + noise).clamp(-1, 1), attributes)
        blurred = accuracy(model, blur(images), attributes)

        def mean(found: dict[str, float]) -> float:
            return round(sum(found[name] for name in data.ATTRIBUTES) / len(data.ATTRIBUTES), 4)

        return {
            "test accuracy": mean(clear),
            "test accuracy per attribute": {name: round(clear[name], 4) for name in clear},
            "test accuracy with noise of 0.1": mean(noisy),
            "test accuracy of images blurred by 3×3 means": mean(blurred),
        }


RECIPE = PersonasCNN()
