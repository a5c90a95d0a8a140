"""The text encoder of lesson 06: captions and portraits brought into one space."""

from dataclasses import dataclass, field

import torch

from course_lib import data, losses, metrics
from course_lib.recipes.network import NetworkRecipe
from course_lib.recipes.runner import PERSONAS_LICENCE
from course_lib.training import evaluating


@dataclass(frozen=True)
class TextEncoder(NetworkRecipe):
    """Symmetric InfoNCE, AdamW, one-cycle learning rate; every step writes new captions.

    A caption that fits several portraits of the batch is not held against them
    (`data.contradictions`). Portraits with combinations that are held out are left out here too.
    """

    name: str = "text-encoder-personas"
    model = "text.JointEmbedding"
    arguments: dict = field(
        default_factory=lambda: {"words": 192, "dim": 128, "hidden": 64, "width": 24}
    )
    data = "Personas, training split without held-out combinations (12,012 portraits)"
    licence = PERSONAS_LICENCE
    seed: int = 0
    batch: int = 128
    steps: int = 1500
    learning_rate: float = 3e-3
    weight_decay: float = 0.01

    def examples(self):
        images, attributes = data.personas("train")
        kept = ~data.held_out(attributes)
        return images[kept], attributes[kept]

    def step(self, i, model, batches, descend):
        portraits, attributes = next(batches)  # (N, 3, 64, 64), (N, 9)
        tokens = data.Tokeniser().encode(data.captions(attributes, seed=i))
        wrong = data.contradictions(attributes, data.mentioned(attributes, seed=i))
        loss = losses.contrastive_loss(
            model.image(portraits.contiguous(memory_format=torch.channels_last)),
            model.text(tokens),
            model.log_temperature.exp(),
            wrong,
        )
        descend(loss)
        return {"loss": loss}

    def figures(self, model):
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
