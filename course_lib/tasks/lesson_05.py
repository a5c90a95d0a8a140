"""Solutions of lesson 05, and inputs that answers are compared on; `pages/05.md` has the rest."""

import copy
import math

import torch
from torch.nn import functional as F

from course_lib.losses import discriminator_loss, generator_loss
from course_lib.models import cgan
from course_lib.sampling import in_batches, latents
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import normal, over, told, uniform
from course_lib.tasks.lesson import Lesson
from course_lib.training import EMA

lesson = Lesson("05")


@over((4, 3), (1, 16), (12, 10), (20, 100))
def _labels(seed, dtype, n, size):
    z, labels = normal(seed, n, size, dtype=dtype), (10 * uniform(seed + 10, n)).long()
    where = f"z of shape ({n}, {size}), labels {labels[:4].tolist()}…, {told(dtype)}"
    return Case((z, labels), where, gradients=(0,))


@lesson.task(_labels)
def with_label(z, labels):
    return torch.cat([z, F.one_hot(labels, 10)], dim=1)


@over((3, 101, False), (2, 7, True), (5, 5, False), (10, 40, False))
def _densities(seed, dtype, k, n, same):
    x = torch.linspace(-4, 4, n, dtype=torch.float64)

    def densities(seed):
        means, std = 3 * uniform(seed, k, 1) - 1.5, 1 + 0.5 * uniform(seed + 50, k, 1)
        return (-0.5 * ((x - means) / std) ** 2).exp() / (std * math.sqrt(2 * math.pi))

    prior = (0.7 * normal(seed + 20, k)).softmax(dim=0)
    asked = prior if same else (0.7 * normal(seed + 30, k)).softmax(dim=0)
    inputs = (densities(seed), densities(seed + 10), prior, asked)
    where = f"p and q of shape ({k}, {n}), " + (
        "asked equal to prior" if same else f"prior and asked of shape ({k},)"
    )
    return Case(tuple(t.to(dtype) for t in inputs), f"{where}, {told(dtype)}")


@lesson.task(_densities)
def conditional_discriminator(p, q, prior, asked):
    real, fake = prior[:, None] * p, asked[:, None] * q  # densities of the pairs (x, y)
    return real / (real + fake)


@over((8, 16, 10), (5, 5, 3), (1, 7, 4), (6, 3, 6))
def _features(seed, dtype, n, size, classes):
    features = 2 * normal(seed, n, size, dtype=dtype)
    labels = (classes * uniform(seed + 10, n)).long()
    vectors = normal(seed + 20, classes, size, dtype=dtype)
    weight, bias = normal(seed + 30, size, dtype=dtype), normal(seed + 40, 1, dtype=dtype)[0]
    where = f"features of shape ({n}, {size}), vectors of shape ({classes}, {size}), {told(dtype)}"
    return Case((features, labels, vectors, weight, bias), where, gradients=(0, 2, 3, 4))


@lesson.task(_features)
def projection_logit(features, labels, vectors, weight, bias):
    inner = (features * vectors[labels]).sum(dim=1)  # v_y · phi(x), (N,)
    return inner + features @ weight + bias


@lesson.trial("steps.pairs_stay_together", arguments=7)
def conditional_step(generator, discriminator, adam_g, adam_d, real, labels, z):
    fake = generator(z, labels)
    on_real, on_fake = discriminator(real, labels), discriminator(fake.detach(), labels)
    loss_d = discriminator_loss(on_real, on_fake)
    adam_d.zero_grad()
    loss_d.backward()
    adam_d.step()
    loss_g = generator_loss(discriminator(fake, labels))
    adam_g.zero_grad()
    loss_g.backward()
    adam_g.step()


@lesson.trial("trained.obeys", name="obedient_generator")
def train(batches):
    generator, discriminator = cgan.Generator(z_dim=16), cgan.Discriminator(width=24)
    adam_g = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.999))
    adam_d = torch.optim.Adam(discriminator.parameters(), 1e-3, betas=(0.5, 0.999))
    ema = EMA(generator, decay=0.98)
    for _ in range(500):
        real, labels = next(batches)
        z = torch.randn(len(real), 16)
        conditional_step(generator, discriminator, adam_g, adam_d, real, labels, z)
        ema.update(generator)
    return ema.model


# Dim, off centre, beyond [−1, 1] at both ends, and a grid that fills the range.
@over((4, 3, 5, 0.1, 0.0), (1, 8, 8, 0.2, 0.5), (6, 2, 2, 1.6, 0.1), (3, 7, 4, 1.0, 0.0))
def _pixels(seed, dtype, n, height, width, contrast, level):
    images = contrast * (2 * uniform(seed, n, 1, height, width) - 1) + level
    where = f"images of shape ({n}, 1, {height}, {width}) from {images.min():.2f} to "
    return Case((images.to(dtype),), f"{where}{images.max():.2f}, {told(dtype)}")


@lesson.task(_pixels)
def to_grey(images):
    return ((images + 1) / 2).clamp(0, 1)


@over((24, 100, 0.6), (5, 16, 0.3), (3, 8, 1.0), (2, 4, 0.0), (6, 10, 0.8))
def _ideas(seed, dtype, n, size, spread):
    z, eps = normal(seed, 1, size, dtype=dtype), normal(seed + 10, n, size, dtype=dtype)
    where = f"z of shape (1, {size}), eps of shape ({n}, {size}), spread = {spread}"
    return Case((z, eps, spread), f"{where}, {told(dtype)}")


@lesson.task(_ideas)
def variation(z, eps, spread):
    return math.sqrt(1 - spread**2) * z + spread * eps


# What is to be seen on the sheets, for those who cannot see them; in the task it would tell all.
SHEET_ALTS = {
    "sheet A": "Each column holds garments of all kinds.",
    "sheet B": "Each column holds one kind; many garments have holes, blotches or ragged edges.",
    "sheet C": "Each column holds one kind, in soft shapes that are much alike.",
    "sheet D": "Each column holds one kind: trousers first, ankle boots last but one.",
    "sheet E": "Each column holds the same garment four times.",
}


def sheets(generator: cgan.Generator) -> dict[str, torch.Tensor]:
    """Return the images behind the sheets of `conditional_failures`, each (1000, 1, 28, 28).

    Images are in [-1, 1]; number i was asked to be of class i % 10. What is wrong with a sheet is
    what the task asks.

    Args:
        generator: `cgan-fashion`; it is left as it is.
    """
    asked = torch.arange(1000) % 10
    z = latents(1000, generator.z_dim, seed=7)
    shuffled = asked[torch.randperm(1000, generator=torch.Generator().manual_seed(0))]

    def drawn(z, labels):
        return in_batches(generator, z, labels, batch=100)

    alone = copy.deepcopy(generator).train()
    by_class = torch.empty(1000, 1, 28, 28)
    with torch.no_grad():
        for label in range(10):
            by_class[asked == label] = alone(z[asked == label], asked[asked == label])
    return {
        "sheet A": drawn(z, shuffled),
        "sheet B": by_class,
        "sheet C": drawn(0.3 * z, asked),
        "sheet D": drawn(z, (asked + 1) % 10),
        "sheet E": drawn(z[asked], asked),
    }


TASKS = lesson.tasks()
