"""The judge of drum sounds: a small classifier of their spectrograms, trained for half a minute."""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import cross_entropy

from course_lib import data, metrics
from course_lib.recipes.network import NetworkRecipe


@dataclass(frozen=True)
class DrumsCNN(NetworkRecipe):
    """Cross-entropy, AdamW, one-cycle learning rate; every batch is played at another volume."""

    name: str = "drums-cnn"
    model = "drums.Judge"
    arguments: dict = field(default_factory=lambda: {"width": 8, "features": 32})
    data = "synthesised drum sounds, training split (6,000 sounds of six kinds)"
    licence = "BSD-3-Clause; data: synthesised by the course itself"
    seed: int = 0
    batch: int = 64
    steps: int = 240
    sounds: int = 6_000
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    every = 120

    def examples(self):
        sounds, labels, _ = data.drums("train", self.sounds)
        return data.to_uint8(data.to_spectrograms(sounds)), labels

    def step(self, i, model, batches, descend):
        pictures, labels = next(batches)
        # The scale is logarithmic: half as loud is 6 of 76 dB lower, wherever there is sound.
        quieter = 0.16 * torch.rand(len(pictures), 1, 1, 1)
        loss = cross_entropy(model((pictures - quieter).clamp(min=-1)), labels)
        descend(loss)
        return {"loss": loss}

    def figures(self, model):
        sounds, labels, _ = data.drums("test")
        chances = metrics.probabilities(model, data.to_spectrograms(sounds))
        right = (chances.argmax(dim=1) == labels).double()
        return {
            "test accuracy": round(right.mean().item(), 4),
            "test accuracy per kind": {
                kind: round(right[labels == k].mean().item(), 3)
                for k, kind in enumerate(data.DRUMS)
            },
            "mean top probability on test sounds": round(chances.amax(dim=1).mean().item(), 3),
        }


RECIPE = DrumsCNN()
