"""The judge of drum sounds: a small classifier of their spectrograms, trained for half a minute."""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import cross_entropy

from course_lib import data, metrics, zoo
from course_lib.recipes.runner import Run


@dataclass(frozen=True)
class DrumsCNN:
    """Cross-entropy, AdamW, one-cycle learning rate; every batch is played at another volume."""

    name: str = "drums-cnn"
    model: str = "drums.Judge"
    arguments: dict = field(default_factory=lambda: {"width": 8, "features": 32})
    data: str = "synthesised drum sounds, training split (6,000 sounds of six kinds)"
    licence: str = "BSD-3-Clause; data: synthesised by the course itself"
    seed: int = 0
    batch: int = 64
    steps: int = 240
    sounds: int = 6_000
    learning_rate: float = 3e-3
    weight_decay: float = 0.05

    def begin(self) -> Run:
        layout = torch.channels_last
        model = zoo.build(self.model, self.arguments).to(memory_format=layout)
        sounds, labels, _ = data.drums("train", self.sounds)
        pictures = data.to_uint8(data.to_spectrograms(sounds))
        batches = data.batches(pictures, labels, size=self.batch, seed=self.seed)
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, self.steps)

        def step(i: int) -> dict:
            model.train()
            pictures, labels = next(batches)
            pictures = pictures.to(memory_format=layout)
            # The scale is logarithmic: half as loud is 6 of 76 dB lower, wherever there is sound.
            quieter = 0.16 * torch.rand(len(pictures), 1, 1, 1)
            loss = cross_entropy(model((pictures - quieter).clamp(min=-1)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            return {"loss": loss}

        def measure() -> dict:
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

        parts = {"model": model, "optimiser": optimiser, "schedule": schedule, "batches": batches}
        return Run(step, parts, model, self.batch, measure, every=120)


RECIPE = DrumsCNN()
