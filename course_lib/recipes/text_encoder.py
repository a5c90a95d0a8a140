"""The text encoder of lesson 06: captions and portraits brought into one space."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.text import JointEmbedding
from course_lib.recipes.runner import Run
from course_lib.training import evaluating


@dataclass(frozen=True)
class TextEncoder:
    """Symmetric InfoNCE, AdamW, one-cycle learning rate; every step writes new captions.

    A caption that fits several portraits of the batch is not held against them
    (`data.contradictions`). Portraits with combinations that are held out are left out here too.
    """

    name: str = "text-encoder-personas"
    model: str = "text.JointEmbedding"
    arguments: dict = field(
        default_factory=lambda: {"words": 192, "dim": 128, "hidden": 64, "width": 24}
    )
    data: str = "Personas, training split without held-out combinations (12,012 portraits)"
    licence: str = "BSD-3-Clause; data: CC BY 4.0 (Personas by Draftbit)"
    seed: int = 0
    batch: int = 128
    steps: int = 1500
    learning_rate: float = 3e-3
    weight_decay: float = 0.01

    def begin(self) -> Run:
        layout = torch.channels_last
        model: JointEmbedding = zoo.build(self.model, self.arguments).to(memory_format=layout)
        tokeniser = data.Tokeniser()
        images, attributes = data.personas("train")
        kept = ~data.held_out(attributes)
        batches = data.batches(images[kept], attributes[kept], size=self.batch, seed=self.seed)
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, self.steps)

        def step(i: int) -> dict:
            model.train()
            portraits, attributes = next(batches)
            tokens = tokeniser.encode(data.captions(attributes, seed=i))
            wrong = data.contradictions(attributes, data.mentioned(attributes, seed=i))
            loss = losses.contrastive_loss(
                model.image(portraits.contiguous(memory_format=layout)),
                model.text(tokens),
                model.log_temperature.exp(),
                wrong,
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            return {"loss": loss}

        parts = {"model": model, "optimiser": optimiser, "schedule": schedule, "batches": batches}
        return Run(step, parts, model, self.batch, lambda: figures(model))


def figures(model: JointEmbedding) -> dict:
    """Return the retrieval of test portraits by captions, for the card."""
    images, attributes = data.personas("test")
    tokens = data.Tokeniser().encode(data.captions(attributes))
    told = data.mentioned(attributes)
    with evaluating(model):
        similarity = model(data.to_float(images), tokens)
    new = data.held_out(attributes)
    few = new.nonzero().squeeze(1)[:200]
    report = metrics.retrieval_report(similarity, attributes, told)
    unseen = metrics.retrieval_report(similarity[few][:, few], attributes[few], told[few])
    return {
        **report,
        "portraits with held-out combinations only": unseen,
        "temperature": round(model.log_temperature.exp().item(), 4),
    }


RECIPE = TextEncoder()
