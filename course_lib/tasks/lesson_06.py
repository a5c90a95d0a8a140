"""Solutions of lesson 06, and inputs that answers are compared on; `pages/06.md` has the rest."""

import torch
from torch.nn import functional as F

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import logits, normal, over
from course_lib.tasks.lesson import Lesson

lesson = Lesson("06")


@lesson.task(logits(3))
def matching_loss(real_right, real_wrong, fake_right):
    negatives = F.softplus(real_wrong).mean() + F.softplus(fake_right).mean()
    return F.softplus(-real_right).mean() + 0.5 * negatives


@over((4, 3), (1, 8), (6, 48))
def _clouds(seed, dtype, n, size):
    inputs = tuple(normal(seed + 10 * k, n, size, dtype=dtype) for k in range(3))
    return Case(inputs, gradients=(0, 1))


@lesson.task(_clouds)
def conditioning_augmentation(mu, logsigma, eps):
    return mu + logsigma.exp() * eps


@over((4, 3, 0.5), (8, 16, 0.07), (5, 5, 1.5))
def _pairs(seed, dtype, n, size, temperature):
    texts = 3 * normal(seed, n, size, dtype=dtype)
    images = 2 * normal(seed + 10, n, size, dtype=dtype) + 0.5 * texts
    return Case((images, texts, temperature), gradients=(0, 1))


@lesson.task(_pairs)
def contrastive_loss(images, texts, temperature):
    logits = F.normalize(images, dim=1) @ F.normalize(texts, dim=1).T / temperature  # (N, N)
    answers = torch.arange(len(logits))  # text i belongs to image i
    return 0.5 * (F.cross_entropy(logits, answers) + F.cross_entropy(logits.T, answers))


@lesson.trial("draws.draws_wrong_captions", arguments=1)
def wrong_pairs(contradicts):
    # A weight of 0 is never drawn; the others are drawn equally often.
    return torch.multinomial(contradicts.float(), 1).squeeze(1)


@lesson.trial("steps.sketch_is_frozen", arguments=3, compared=True)
def frozen_sketch(stage1, z, text):
    stage1.eval()  # the running statistics of batch norm are used, and stay
    with torch.no_grad():  # Stage II's loss finds no way into Stage I
        return stage1(z, stage1.augment(text)[0])


TASKS = lesson.tasks()
