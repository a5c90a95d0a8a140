"""Tasks of lesson 05: labels for both players, a step that keeps pairs together, and obedience."""

import copy
import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import zoo
from course_lib.losses import discriminator_loss, generator_loss
from course_lib.metrics import agreement, confusion
from course_lib.models import cgan
from course_lib.sampling import in_batches, latents
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, Descent, normal, told, uniform
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial
from course_lib.training import EMA

BAR = 0.65  # share of samples that the judge sees as what was asked for
# Standard deviation of a pixel among 100 images of a class, on average: 0.37 for the shipped model.
LEAST_VARIETY = 0.15


def with_label(z, labels):
    return torch.cat([z, F.one_hot(labels, 10)], dim=1)


def conditional_discriminator(p, q, prior, asked):
    real, fake = prior[:, None] * p, asked[:, None] * q  # densities of the pairs (x, y)
    return real / (real + fake)


def projection_logit(features, labels, vectors, weight, bias):
    inner = (features * vectors[labels]).sum(dim=1)  # v_y · phi(x), (N,)
    return inner + features @ weight + bias


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


def to_grey(images):
    return ((images + 1) / 2).clamp(0, 1)


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


def _label_cases() -> list[Case]:
    cases = []
    for seed, (n, size) in enumerate(((4, 3), (1, 16), (12, 10), (20, 100))):
        for dtype in DTYPES:
            z = normal(seed, n, size, dtype=dtype)
            labels = (10 * uniform(seed + 10, n)).long()
            where = f"z of shape ({n}, {size}), labels {labels[:4].tolist()}…, {told(dtype)}"
            cases.append(Case((z, labels), where, gradients=(0,)))
    return cases


def _density_cases() -> list[Case]:
    cases = []
    for seed, (k, n, same) in enumerate(
        ((3, 101, False), (2, 7, True), (5, 5, False), (10, 40, 0))
    ):
        for dtype in DTYPES:
            x = torch.linspace(-4, 4, n, dtype=torch.float64)

            def densities(seed, k=k, x=x):
                means, std = 3 * uniform(seed, k, 1) - 1.5, 1 + 0.5 * uniform(seed + 50, k, 1)
                return (-0.5 * ((x - means) / std) ** 2).exp() / (std * math.sqrt(2 * math.pi))

            prior = (0.7 * normal(seed + 20, k)).softmax(dim=0)
            asked = prior if same else (0.7 * normal(seed + 30, k)).softmax(dim=0)
            inputs = (densities(seed), densities(seed + 10), prior, asked)
            where = f"p and q of shape ({k}, {n}), " + (
                "asked equal to prior" if same else f"prior and asked of shape ({k},)"
            )
            cases.append(Case(tuple(t.to(dtype) for t in inputs), f"{where}, {told(dtype)}"))
    return cases


def _logit_cases() -> list[Case]:
    cases = []
    for seed, (n, size, classes) in enumerate(((8, 16, 10), (5, 5, 3), (1, 7, 4), (6, 3, 6))):
        for dtype in DTYPES:
            features = 2 * normal(seed, n, size, dtype=dtype)
            labels = (classes * uniform(seed + 10, n)).long()
            vectors = normal(seed + 20, classes, size, dtype=dtype)
            weight = normal(seed + 30, size, dtype=dtype)
            bias = normal(seed + 40, 1, dtype=dtype)[0]
            where = (
                f"features of shape ({n}, {size}), vectors of shape ({classes}, {size}), "
                f"{told(dtype)}"
            )
            inputs = (features, labels, vectors, weight, bias)
            cases.append(Case(inputs, where, gradients=(0, 2, 3, 4)))
    return cases


def _grey_cases() -> list[Case]:
    cases = []
    # Dim, off centre, beyond [−1, 1] at both ends, and a grid that fills the range.
    grids = ((4, 3, 5, 0.1, 0.0), (1, 8, 8, 0.2, 0.5), (6, 2, 2, 1.6, 0.1), (3, 7, 4, 1.0, 0.0))
    for seed, (n, height, width, contrast, level) in enumerate(grids):
        for dtype in DTYPES:
            images = contrast * (2 * uniform(seed, n, 1, height, width) - 1) + level
            where = (
                f"images of shape ({n}, 1, {height}, {width}) from {images.min():.2f} to "
                f"{images.max():.2f}, {told(dtype)}"
            )
            cases.append(Case((images.to(dtype),), where))
    return cases


def _variation_cases() -> list[Case]:
    cases = []
    shapes = ((24, 100, 0.6), (5, 16, 0.3), (3, 8, 1.0), (2, 4, 0.0), (6, 10, 0.8))
    for seed, (n, size, spread) in enumerate(shapes):
        for dtype in DTYPES:
            z, eps = normal(seed, 1, size, dtype=dtype), normal(seed + 10, n, size, dtype=dtype)
            where = f"z of shape (1, {size}), eps of shape ({n}, {size}), spread = {spread}"
            cases.append(Case((z, eps, spread), f"{where}, {told(dtype)}"))
    return cases


class _Maker(nn.Module):
    """A small generator that remembers what it was asked for."""

    def __init__(self):
        super().__init__()
        self.body, self.asked = nn.Linear(3 + 10, 5), []

    def forward(self, z, labels):
        images = self.body(torch.cat([z, F.one_hot(labels, 10).to(z.dtype)], dim=1))
        self.asked.append((z.detach().clone(), labels.clone(), images.detach().clone()))
        return images


class _Critic(nn.Module):
    """A small projection discriminator that remembers the pairs that it judged, and when."""

    def __init__(self):
        super().__init__()
        self.body, self.label, self.psi = nn.Linear(5, 6), nn.Embedding(10, 6), nn.Linear(6, 1)
        self.seen = []

    def forward(self, images, labels):
        now = self.label.weight.detach().clone()
        self.seen.append((images.detach().clone(), labels.clone(), now))
        features = torch.tanh(self.body(images))
        return self.psi(features).squeeze(1) + (features * self.label(labels)).sum(dim=1)


def _rows_in(rows: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return for each row the first place of that row among images, or −1 where there is none."""
    found = (rows[:, None] == images[None]).all(dim=2)
    return torch.where(found.any(dim=1), found.int().argmax(dim=1), -1)


def _misjudged(
    discriminator: _Critic,
    before: torch.Tensor,
    real: tuple[torch.Tensor, torch.Tensor],
    fakes: tuple[torch.Tensor, torch.Tensor],
) -> str:
    """Return which pairs of images and labels do not belong together, or ""."""
    judged = {"D": set(), "G": set()}  # which kinds of images came up in whose step
    for images, labels, weights in discriminator.seen:
        whose = "D" if torch.equal(weights, before) else "G"
        for kind, (known, own) in {"real": real, "fake": fakes}.items():
            place = _rows_in(images, known)
            here = place >= 0
            if not here.any():
                continue
            judged[whose].add(kind)
            wrong = int((labels[here] != own[place[here]]).sum())
            if not wrong:
                continue
            if kind == "real":
                return (
                    f"{wrong} of {int(here.sum())} real images are judged under labels that are "
                    "not theirs. These are the shuffled reals of section 5: G is punished for "
                    "obeying."
                )
            return (
                f"In {whose}'s step {wrong} of {int(here.sum())} fakes are judged as another class "
                "than G was asked for. These are the muddled fakes of section 5."
            )
        strangers = (_rows_in(images, real[0]) < 0) & (_rows_in(images, fakes[0]) < 0)
        if strangers.any():
            return "D judges images that are neither real nor drawn by the generator."
    for kind in ("real", "fake"):
        if kind not in judged["D"]:
            return f"In D's step no {kind} images are judged: D needs both kinds, real and fake."
    return ""


def _moves(before: nn.Module, after: nn.Module) -> torch.Tensor:
    pairs = zip(before.parameters(), after.parameters(), strict=True)
    return torch.cat([(b - a).detach().flatten() for a, b in pairs])


def _pairs_stay_together(step: Callable) -> str:
    """Return what is wrong with a conditional step, or "": pairs first, then movements."""
    torch.manual_seed(0)
    generator, discriminator = _Maker(), _Critic()
    real, z = torch.randn(24, 5) + 1, torch.randn(24, 3)
    labels = torch.tensor([0] * 12 + [1] * 5 + [2] * 3 + [5, 7, 8, 9])[torch.randperm(24)]
    # Gradients that an earlier step has left behind.
    for weight in (*generator.parameters(), *discriminator.parameters()):
        weight.grad = torch.ones_like(weight)
    start_g, start_d = copy.deepcopy(generator), copy.deepcopy(discriminator)

    def descents(g, d):
        return Descent(g), Descent(d)

    step(
        generator,
        discriminator,
        *descents(generator, discriminator),
        real.clone(),
        labels.clone(),
        z.clone(),
    )
    if not generator.asked and not discriminator.seen:
        raise NotImplementedError
    if not generator.asked:
        return "The generator is not asked for anything: fake = generator(z, …)."
    drawn = [torch.cat(part) for part in zip(*generator.asked, strict=True)]  # z, labels, images
    if (_rows_in(drawn[0], z) < 0).any():
        return "The fakes are drawn from another z than the one passed in."
    before = start_d.label.weight.detach()
    if wrong := _misjudged(discriminator, before, (real, labels), (drawn[2], drawn[1])):
        return wrong
    first_z, first_asked, _ = generator.asked[0]
    if not torch.equal(first_asked.sort().values, labels.sort().values):
        counts = [
            labels.bincount(minlength=10).tolist(),
            first_asked.bincount(minlength=10).tolist(),
        ]
        return (
            f"Classes 0 to 9 come {counts[0]} times in the batch, and are asked for {counts[1]} "
            "times: D wins by counting. Ask for what the real images of the batch are."
        )
    ours_g, ours_d = copy.deepcopy(start_g), copy.deepcopy(start_d)
    _step_with(ours_g, ours_d, descents(ours_g, ours_d), (real, labels), (first_z, first_asked))
    for name, started, moved, ours in (
        ("D", start_d, discriminator, ours_d),
        ("G", start_g, generator, ours_g),
    ):
        found, right = _moves(started, moved), _moves(started, ours)
        if (found - right).abs().max() < 1e-5:
            continue
        if found.abs().max() == 0:
            return (
                f"{name} has not moved: "
                + {
                    "D": "after loss_d.backward() comes adam_d.step().",
                    "G": "in G's step the fake goes into D as it is; detach() there cuts the way "
                    "back to G.",
                }[name]
            )
        if (found - right + 0.1).abs().max() < 1e-5:
            return f"{name}'s zero_grad is missing: the gradients of the step before are added."
        if name == "G":
            return _other_loss(start_g, found, discriminator, (first_z, first_asked))
        if (found + right).abs().max() < 1e-5:
            return "D moves the wrong way: real and fake, or the sign of the loss, are exchanged."
        error = (found - right).abs().max().item()
        return f"D's weights differ from the expected ones by up to {error:.2g}: look at its loss."
    return ""


def _step_with(generator, discriminator, descents, pairs, request):
    """Do a step as `conditional_step`, for fakes whose labels come in another order."""
    (real, labels), (z, asked), (sgd_g, sgd_d) = pairs, request, descents
    fake = generator(z, asked)
    losses = (
        lambda: discriminator_loss(
            discriminator(real, labels), discriminator(fake.detach(), asked)
        ),
        lambda: generator_loss(discriminator(fake, asked)),
    )
    for optimiser, loss in zip((sgd_d, sgd_g), losses, strict=True):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()


def _other_loss(start_g, found, discriminator, request) -> str:
    """Return which loss moved G as found, where it is not the non-saturating one."""
    z, asked = request
    known = {
        "G lowers log(1 − D), the saturating loss; it should lower −log D.": lambda a: -a,
        "G moves the wrong way: it lowers what D lowers on fakes.": lambda a: a,
    }
    for sentence, signed in known.items():
        other = copy.deepcopy(start_g)
        descent = Descent(other)
        descent.zero_grad()
        logits = discriminator(other(z, asked), asked)
        signed(F.softplus(logits).mean()).backward()
        descent.step()
        if (_moves(start_g, other) - found).abs().max() < 1e-5:
            return sentence
    return (
        "G's weights differ from the expected ones: D has its step first, then G lowers "
        "generator_loss of D's answer to the same fake and label."
    )


def _obeys(generator: object) -> str:
    """Return what is wrong with a conditional generator of Fashion-MNIST, or ""; 1,000 samples."""
    if isinstance(generator, type) or not isinstance(generator, nn.Module):
        return f"This is a {type(generator).__name__}; pass the trained generator itself."
    size = getattr(generator, "z_dim", None)
    if not isinstance(size, int):
        return "The generator needs an attribute z_dim, the length of its latent vectors."
    asked = torch.arange(1000) % 10
    images = in_batches(generator, latents(1000, size, seed=1), asked, batch=100)
    if images.shape != (1000, 1, 28, 28):
        return f"Expected images of shape (1000, 1, 28, 28), came {tuple(images.shape)}."
    if not images.isfinite().all():
        return "There are NaN or infinite pixels: the training has diverged. Lower the rate."
    if images.abs().max() > 1.001:
        return f"Pixels lie in [−1, 1]; the largest here is {images.abs().max():.3g}."
    counts = confusion(zoo.load("fashion-cnn"), images, asked)
    share, _ = agreement(counts)
    said = f"The judge agrees on {share:.1%} of 1,000 samples; the bar is {BAR:.0%}."
    variety = images.view(100, 10, -1).std(dim=0).mean().item()
    if share >= BAR:
        if variety >= LEAST_VARIETY:
            return ""
        return (
            f"It draws nearly one picture for each class, whatever z is: a pixel varies by "
            f"{variety:.2g} within a class. Does z reach the generator? {said}"
        )
    for shift in range(1, 10):
        if agreement(counts.roll(-shift, dims=1))[0] >= BAR:
            return f"Asked for class y it draws class y + {shift}: labels off by {shift}. {said}"
    if share < 0.2:
        return (
            "That is as good as guessing: nobody obeys. Do images and labels still belong "
            f"together, in the data and beside the fakes, and do both networks use them? {said}"
        )
    return f"Train longer, or at another rate: some hundred steps of 32 are enough. {said}"


def _stretched(images, **over):
    low, high = images.amin(**over), images.amax(**over)
    return (images - low) / (high - low)


def _one_hot(labels, like):
    return F.one_hot(labels, 10).to(like.dtype)


def _joint(p, q, prior, asked):
    return prior[:, None] * p, asked[:, None] * q


def _marginal(p, q, prior, asked):
    real, fake = (joint.sum(dim=0) for joint in _joint(p, q, prior, asked))
    return real / (real + fake)


def _psi(features, weight, bias):
    return features @ weight + bias


def _lookup(features, labels, vectors):
    return (features * vectors[labels]).sum(dim=1)


_NUMBER = "A label is no quantity: class 9 is not nine times class 1. Give each class a place of "
_FREQUENCIES = (
    "The frequencies are missing: D judges pairs, and the real ones have the density p(y) p(x|y), "
    "the fakes π(y) q(x|y)."
)
_AXES = "prior and asked are (K,), the densities (K, n): prior[:, None] gives each row its number."
_NO_LABEL = "The classes are summed: this D is not told the label. One curve per class, (K, n)."

TASKS = [
    FunctionTask(
        name="with_label",
        lesson="05",
        answer=with_label,
        cases=_label_cases,
        why="Before a dense layer these ten numbers are a bias of the class, looked up in a table.",
        hints=(
            "How many numbers does a class need, so that no class is larger than another?",
            "Ten: a 1 at place y, and 0 elsewhere. F.one_hot(labels, 10) makes them, (N, 10).",
            "torch.cat([z, F.one_hot(labels, 10)], dim=1), of shape (N, z_dim + 10).",
        ),
        explanation="Concatenation along dim 1 puts the one-hot vector beside z. The 10 has to be "
        "said: a batch without an ankle boot would give fewer columns.",
        mistakes=[
            (
                lambda z, y: torch.cat([z, 2 * _one_hot(y, z) - 1], dim=1),
                "The other places are −1; in a one-hot vector they are 0.",
            ),
            (
                lambda z, y: torch.cat([z, F.one_hot(y, 11).to(z.dtype)], dim=1),
                "Eleven places: classes 0 to 9 are ten.",
            ),
            (
                lambda z, y: torch.cat([z, F.one_hot(y + 1, 11).to(z.dtype)], dim=1),
                "Eleven places: classes 0 to 9 are ten, and class 0 has its 1 at place 0.",
            ),
            (
                lambda z, y: torch.cat([z, y[:, None].to(z.dtype)], dim=1),
                _NUMBER + "its own.",
            ),
            (
                lambda z, y: torch.cat([z, y[:, None].to(z.dtype) / 9], dim=1),
                _NUMBER + "its own.",
            ),
            (
                lambda z, y: torch.cat([z, y[:, None].to(z.dtype) / 10], dim=1),
                _NUMBER + "its own.",
            ),
            (
                lambda z, y: torch.cat([z, y[:, None].to(z.dtype).expand(-1, 10)], dim=1),
                _NUMBER + "its own.",
            ),
            (
                lambda z, y: torch.cat([_one_hot(y, z), z], dim=1),
                "The label stands before z; the task wants it behind.",
            ),
            (
                lambda z, y: torch.cat([z, F.one_hot(y)], dim=1),
                "Without the 10, one_hot makes as many columns as the largest label of this batch "
                "needs: F.one_hot(labels, 10).",
            ),
            (
                lambda z, y: torch.cat([z, _one_hot((y + 1) % 10, z)], dim=1),
                "The labels are off by one: class 0 has its 1 at place 0.",
            ),
            (
                lambda z, y: torch.cat([z, _one_hot((y - 1) % 10, z)], dim=1),
                "The labels are off by one: class 0 has its 1 at place 0.",
            ),
            (lambda z, y: _one_hot(y, z), "z is lost: then each class has one picture."),
            (
                lambda z, y: torch.cat([z, _one_hot(y, z)]),
                "Rows are put under rows; beside each other is dim=1.",
            ),
            (
                lambda z, y: z + _one_hot(y, z),
                "They are added; the task wants them beside each other.",
            ),
            (
                lambda z, y: with_label(z.detach(), y),
                "The value is right, but z is detached.",
            ),
        ],
    ),
    FunctionTask(
        name="conditional_discriminator",
        lesson="05",
        answer=conditional_discriminator,
        cases=_density_cases,
        why="With π = p(y) the frequencies cancel, and D has only the images to look at; so give "
        "the fakes the labels of the real batch.",
        hints=(
            "D judges pairs (x, y). What is the density of a real pair, and what of a fake one?",
            "Real: p(y) p(x|y). Fake: π(y) q(x|y). Lesson 01's answer is real/(real + fake).",
            "real = prior[:, None] * p, fake = asked[:, None] * q; return real / (real + fake).",
        ),
        explanation="For one y the integrand is p(y) p(x|y) log D + π(y) q(x|y) log(1 − D). The "
        "derivative with respect to D is 0 at real/(real + fake).",
        mistakes=[
            (lambda p, q, prior, asked: p / (p + q), _FREQUENCIES),
            (
                lambda p, q, prior, asked: conditional_discriminator(p, q, asked, prior),
                "prior and asked have changed places: p(y) belongs to the real pairs, π(y) to the "
                "fakes.",
            ),
            (
                lambda *inputs: 1 - conditional_discriminator(*inputs),
                "This is the probability of a fake; D is that of a real pair.",
            ),
            (
                lambda p, q, prior, asked: conditional_discriminator(
                    p, q, prior, torch.ones_like(asked)
                ),
                "Only the real pairs are weighted; the fakes have π(y) q(x|y).",
            ),
            (
                lambda p, q, prior, asked: prior[:, None] * p / (p + q),
                "p(y) stands above the line only; below it belongs to p, and π(y) to q.",
            ),
            (_marginal, _NO_LABEL),
            (lambda *inputs: _marginal(*inputs).expand_as(inputs[0]), _NO_LABEL),
            (
                lambda p, q, prior, asked: prior[:, None] * p / (prior[:, None] * p).sum(dim=0),
                "This is the classifier p(y|x): it compares the classes. D compares real and fake, "
                "class by class.",
            ),
            (
                lambda p, q, prior, asked: prior[:, None] * p / (asked[:, None] * q),
                "This is the ratio real/fake; D is real/(real + fake), between 0 and 1.",
            ),
            (
                lambda p, q, prior, asked: (prior[:, None] * p / (asked[:, None] * q)).log(),
                "This is the logit; D is its sigmoid.",
            ),
            (lambda p, q, prior, asked: prior * p / (prior * p + asked * q), _AXES),
        ],
    ),
    Prediction(
        name="conditional_numbers",
        lesson="05",
        why="q(x|y) = p(x|y) for every class asks more than q(x) = p(x), and a number tells how "
        "much.",
        hints=(
            "Where there are ten games side by side, which of them has something to complain of?",
            "Classes that do not overlap have a JSD of ln 2. Planes stand beside the image's own "
            "channels; projection has a vector of F numbers for each class.",
            "−ln 4; 0, since the images are right; 3/10 · ln 2; 0.3/(0.3 + 0.1); 3 + 10; "
            "100 · 2048; 1/10.",
        ),
        explanation="V = Σ p(y) (2 JSD − ln 4). Without labels exchanged classes cannot be seen. "
        "Three classes of ten lose ln 2 each. D* = p(y)/(p(y) + π(y)) where q = p. A generator "
        "that does not listen is right one time in ten.",
        tolerance=5e-3,
        expected={
            "V at the best D, if q = p in every class": -math.log(4),
            "JSD without labels, if three of ten classes change places": 0.0,
            "mean JSD with labels, if the three do not overlap": 0.3 * math.log(2),
            "D* for a boot, 30% of the data and 10% of the fakes, if q = p": 0.75,
            "input channels of D for colour images and ten one-hot planes": 13,
            "weights that projection adds, 2048 features and 100 classes": 204_800,
            "agreement with ten classes, if G does not listen": 0.1,
        },
        mistakes=[
            (
                "V at the best D, if q = p in every class",
                0.0,
                "That is the JSD. V is 2 JSD − log 4 in each class.",
            ),
            (
                "V at the best D, if q = p in every class",
                -10 * math.log(4),
                "The classes are weighted by p(y), and these sum to 1.",
            ),
            (
                "V at the best D, if q = p in every class",
                math.log(4),
                "The sign: log D and log(1 − D) are negative.",
            ),
            (
                "JSD without labels, if three of ten classes change places",
                0.3 * math.log(2),
                "That is with labels. Who sees images alone sees nothing wrong.",
            ),
            (
                "mean JSD with labels, if the three do not overlap",
                math.log(2),
                "That is one class's; seven of ten are right.",
            ),
            (
                "mean JSD with labels, if the three do not overlap",
                0.3,
                "Where p and q do not overlap the JSD is ln 2, not 1.",
            ),
            (
                "mean JSD with labels, if the three do not overlap",
                0.0,
                "That is without labels. With them three games in ten are lost.",
            ),
            (
                "D* for a boot, 30% of the data and 10% of the fakes, if q = p",
                0.5,
                "The images are alike, but boots are three times as frequent among real pairs.",
            ),
            (
                "D* for a boot, 30% of the data and 10% of the fakes, if q = p",
                0.25,
                "That is the probability of a fake.",
            ),
            (
                "input channels of D for colour images and ten one-hot planes",
                11,
                "A colour image has three channels.",
            ),
            (
                "input channels of D for colour images and ten one-hot planes",
                4,
                "One plane is the embedding's way; one-hot has a plane for each class.",
            ),
            (
                "weights that projection adds, 2048 features and 100 classes",
                2048,
                "Each class has a vector of its own.",
            ),
            (
                "weights that projection adds, 2048 features and 100 classes",
                204_900,
                "There is no bias for the classes: an inner product has none.",
            ),
            (
                "agreement with ten classes, if G does not listen",
                0.0,
                "By chance it is right now and then: in how many of ten cases?",
            ),
        ],
    ),
    FunctionTask(
        name="projection_logit",
        lesson="05",
        answer=projection_logit,
        cases=_logit_cases,
        why="Bayes' rule has this form: the inner product asks whether the image fits the label, "
        "ψ whether it is a good image.",
        hints=(
            "Which part of the logit knows the class, and which does not?",
            "v_y is row labels[i] of vectors: vectors[labels] is (N, F). ψ is an ordinary linear "
            "layer, features @ weight + bias.",
            "(features * vectors[labels]).sum(dim=1) + features @ weight + bias, of shape (N,).",
        ),
        explanation="One row of the table for each image, multiplied and summed over the features: "
        "v_y · φ(x). ψ(x) = w · φ(x) + b is lesson 04's last layer.",
        mistakes=[
            (
                lambda f, y, v, w, b: f @ v.T + _psi(f, w, b)[:, None],
                "These are the logits for all classes; each image is judged for its own label, "
                "(N,).",
            ),
            (
                lambda f, y, v, w, b: f @ v[y].T + _psi(f, w, b),
                "This pairs each image with every label of the batch; row i belongs to row i.",
            ),
            (
                lambda f, y, v, w, b: _lookup(f, y, v),
                "ψ is missing: nothing asks whether it is a good image, whatever its class.",
            ),
            (
                lambda f, y, v, w, b: _psi(f, w, b),
                "The label is not used: this is lesson 04's discriminator.",
            ),
            (
                lambda f, y, v, w, b: _lookup(f, y, v) + f @ w,
                "The bias is missing.",
            ),
            (
                lambda f, y, v, w, b: f * v[y] + _psi(f, w, b)[:, None],
                "The product is not summed: an inner product is one number per image.",
            ),
            (
                lambda f, y, v, w, b: (f * v[y]).mean(dim=1) + _psi(f, w, b),
                "The product is averaged; an inner product is a sum over the features.",
            ),
            (
                lambda f, y, v, w, b: (f * v[y]).sum() + _psi(f, w, b),
                "The sum runs over the batch too; each image has an inner product of its own: "
                "dim=1.",
            ),
            (
                lambda f, y, v, w, b: (f * v[y]).sum(dim=0) + _psi(f, w, b),
                "The sum runs over the batch; an inner product runs over the features, dim=1.",
            ),
            (
                lambda f, y, v, w, b: (
                    (f @ v.T).log_softmax(dim=1).gather(1, y[:, None])[:, 0] + _psi(f, w, b)
                ),
                "A softmax over the classes makes it an auxiliary classifier. In projection the "
                "inner product stays as it is.",
            ),
            (
                lambda f, y, v, w, b: F.cosine_similarity(f, v[y], dim=1) + _psi(f, w, b),
                "This is a cosine; the inner product is not divided by lengths.",
            ),
            (
                lambda f, y, v, w, b: projection_logit(f, y, v, w, b).sigmoid(),
                "This is a probability; the losses take logits.",
            ),
            (
                lambda f, y, v, w, b: F.leaky_relu(projection_logit(f, y, v, w, b), 0.2),
                "A LeakyReLU on the logits: they have to be free to go down as far as up.",
            ),
            (
                lambda f, y, v, w, b: _lookup(f, y, v) - _psi(f, w, b),
                "ψ has the wrong sign: the two parts are added.",
            ),
            (
                lambda f, y, v, w, b: _lookup(f, y, v.detach()) + _psi(f, w, b),
                "The class vectors are detached: they would stay as they were drawn.",
            ),
            (
                lambda f, y, v, w, b: _lookup(f.detach(), y, v) + _psi(f, w, b),
                "The features are detached in the inner product: G would not hear whether its "
                "image fits the label.",
            ),
        ],
    ),
    Trial(
        name="conditional_step",
        lesson="05",
        why="D judges each image under the label that it was made for, so that G is paid for "
        "obeying.",
        hints=(
            "Write beside each image whose label it has. Which label did G get, and which does D "
            "get with the same fake?",
            "Two lines are wrong: what G is asked for, and the fake that goes into D in G's own "
            "step. Which of them cuts G off from its gradient?",
            "fake = generator(z, labels); D's step as it stands; then "
            "loss_g = generator_loss(discriminator(fake, labels)), without detach.",
        ),
        explanation="The fakes are asked to be what the real images of the batch are, so their "
        "labels fit and are as frequent. detach() belongs to D's step alone.",
        answer=conditional_step,
        trial=_pairs_stay_together,
        arguments=7,
    ),
    Trial(
        name="obedient_generator",
        lesson="05",
        why="You asked a judge who took no part in the training, and looked at variety as well.",
        hints=(
            "Which of the two networks' losses tells you that it obeys? (Neither: so train, then "
            "ask the judge.)",
            "cgan.Generator(z_dim=16) and cgan.Discriminator(width=24), two Adams with rate 1e-3 "
            "and betas (0.5, 0.999), and your step for some hundred batches of 32.",
            "500 steps; an EMA with decay 0.98, updated after each one; return ema.model.",
        ),
        explanation="The averaged weights draw better than the last ones after so few steps. "
        "Agreement tells whether it obeys, the spread within a class whether it uses z.",
        answer=train,
        trial=_obeys,
    ),
    FunctionTask(
        name="to_grey",
        lesson="05",
        answer=to_grey,
        cases=_grey_cases,
        why="One pixel, one grey: two sheets can be compared, and a generator that hardly moves "
        "looks as dim as it is.",
        hints=(
            "May the grey of a pixel depend on which other pixels are on the sheet?",
            "A fixed straight line takes −1 to 0 and 1 to 1. What lies beyond is cut off.",
            "((images + 1) / 2).clamp(0, 1).",
        ),
        explanation="The range belongs to the model, [−1, 1], and not to the sheet. The smallest "
        "and largest pixel of a sheet are a finding; who divides by them throws it away.",
        mistakes=[
            (
                lambda images: ((images + 1) / 2).clamp(min=0),
                "Whiter than white is not cut off: clamp has two ends, 0 and 1.",
            ),
            (
                lambda images: ((images + 1) / 2).clamp(max=1),
                "Blacker than black is not cut off: clamp has two ends, 0 and 1.",
            ),
            (
                lambda images: images.sigmoid(),
                "A sigmoid bends the scale; the map from [−1, 1] to [0, 1] is a line.",
            ),
            (
                lambda images: (images.tanh() + 1) / 2,
                "A tanh bends the scale; the map from [−1, 1] to [0, 1] is a line.",
            ),
            (
                lambda images: (images + 1).clamp(0, 1),
                "All above 0 is white: [−1, 1] is 2 wide, so divide by 2.",
            ),
            (
                lambda images: ((images + 1) / 2).round(),
                "Rounded, there is nothing but black and white.",
            ),
            (
                _stretched,
                "The whole sheet is stretched to its own range, as in public code: that hides "
                "saturation. The range is [−1, 1], whatever is on the sheet.",
            ),
            (
                lambda images: _stretched(images, dim=(1, 2, 3), keepdim=True),
                "Each image is stretched to its own range, so that a dim one looks bright. The "
                "range is [−1, 1] for all.",
            ),
            (
                lambda images: _stretched(images.clamp(-1, 1)),
                "The whole sheet is stretched to its own range after the clamp: that hides "
                "saturation.",
            ),
            (
                lambda images: 0.5 + 0.5 * images / images.abs().amax(),
                "The sheet's largest pixel sets the contrast; the range is [−1, 1], whatever is "
                "on the sheet.",
            ),
            (
                lambda images: (images + 1) / 2,
                "What lies beyond [−1, 1] is not cut off: a grey is from 0 to 1.",
            ),
            (
                lambda images: images.clamp(0, 1),
                "Everything below 0 becomes black; −1 alone should.",
            ),
            (
                lambda images: images.clamp(-1, 1),
                "These are still from −1 to 1; a grey is from 0 to 1.",
            ),
            (
                lambda images: images.abs().clamp(0, 1),
                "The absolute value makes −1 as white as 1.",
            ),
            (
                lambda images: to_grey(images) * 255,
                "These are from 0 to 255; the task asks for 0 to 1.",
            ),
            (
                lambda images: 1 - to_grey(images),
                "Black and white have changed places: −1 is black, 0.",
            ),
            (
                torch.sigmoid,
                "A sigmoid bends the greys, and never reaches black or white: −1 becomes 0.27.",
            ),
        ],
    ),
    Prediction(
        name="conditional_failures",
        lesson="05",
        why="A sheet and two numbers together tell what a curve does not.",
        hints=(
            "For each sheet: are the classes right, are the garments whole, and are there many of "
            "them? Which of the three fails?",
            "The answers are: label ignored, labels off by one, one z per class, z too short, "
            "train mode, muddled fakes, shuffled reals.",
            "An agreement of 10% is chance, of 0% is not. Coverage near 0 at a high agreement: one "
            "picture per class; about half: all are tame. Damaged shapes: batch norm looks at a "
            "batch of one class.",
        ),
        explanation="A: any class for any label. B: with boots alone in the batch, its mean and "
        "variance are not those of the training. C: typical garments only, on which the judge "
        "agrees more than on real ones. D: the neighbour class each time. E: one z.",
        expected={
            "sheet A": "label ignored",
            "sheet B": "train mode",
            "sheet C": "z too short",
            "sheet D": "labels off by one",
            "sheet E": "one z per class",
            "agreement 10%, and D's loss a fifth of a healthy one's": "muddled fakes",
            "agreement 10%, and curves as in a healthy run": "shuffled reals",
        },
        mistakes=[
            (
                "sheet A",
                "labels off by one",
                "Then a column would show one class, the wrong one. Here it shows all.",
            ),
            (
                "sheet B",
                "z too short",
                "A short z draws tame garments and whole ones. Look for holes and blotches.",
            ),
            (
                "sheet B",
                "label ignored",
                "The classes are mostly right here; it is the shapes that are damaged.",
            ),
            (
                "sheet C",
                "one z per class",
                "They differ, if little: the coverage is far from 0.",
            ),
            (
                "sheet C",
                "train mode",
                "The garments are whole. They are like each other: the agreement is above that of "
                "real images, and the coverage is half.",
            ),
            (
                "sheet D",
                "label ignored",
                "Then one in ten would be right by chance. Here none is: what does a column show?",
            ),
            (
                "sheet E",
                "z too short",
                "A short z leaves differences; here a class has one picture.",
            ),
            (
                "agreement 10%, and D's loss a fifth of a healthy one's",
                "shuffled reals",
                "Then D learns that labels mean nothing, and its loss is as usual.",
            ),
            (
                "agreement 10%, and curves as in a healthy run",
                "muddled fakes",
                "Then D wins by comparing image and label, and its loss falls.",
            ),
        ],
    ),
    FunctionTask(
        name="variation",
        lesson="05",
        answer=variation,
        cases=_variation_cases,
        why="Every variation is as long as the z of the training, whatever the spread, so the "
        "generator is asked for nothing that it has not met.",
        hints=(
            "z and eps have variance 1. Which variance has a·z + b·eps?",
            "a² + b², and it should be 1, with b = spread.",
            "math.sqrt(1 - spread**2) * z + spread * eps.",
        ),
        explanation="Variances of independent numbers add: (1 − s²) + s² = 1. z (1, z_dim) and eps "
        "(N, z_dim) broadcast to N variations of one idea.",
        mistakes=[
            (
                lambda z, eps, s: math.sqrt(1 - s**2) * z + s**2 * eps,
                "The noise has the weight spread², and it is spread: their squares add to 1.",
            ),
            (
                lambda z, eps, s: z + eps,
                "spread is not used: these are all as far from the idea, and the variance is 2.",
            ),
            (
                lambda z, eps, s: math.sqrt(1 - s**2) * z + 0 * eps,
                "The noise is missing: all are the same, and shorter than the idea.",
            ),
            (
                lambda z, eps, s: z.expand(eps.shape),
                "These are copies: spread and eps are not used.",
            ),
            (
                lambda z, eps, s: z + s * eps,
                "The variance grows to 1 + s²: z has to shrink as eps comes in.",
            ),
            (
                lambda z, eps, s: (1 - s) * z + s * eps,
                "Weights 1 − s and s sum to 1, their squares do not: the variance shrinks.",
            ),
            (
                lambda z, eps, s: math.sqrt(1 - s) * z + math.sqrt(s) * eps,
                "The variance is 1, but the spread is √s: eps has the weight s.",
            ),
            (
                lambda z, eps, s: (1 - s**2) * z + s * eps,
                "The root is missing: the squares of the weights sum to 1.",
            ),
            (
                lambda z, eps, s: math.sqrt(1 - s) * z + s * eps,
                "Under the root stands 1 − s².",
            ),
            (
                lambda z, eps, s: math.sqrt(1 + s**2) * z + s * eps,
                "Under the root stands 1 − s²: z has to shrink.",
            ),
            (
                lambda z, eps, s: s * z + math.sqrt(1 - s**2) * eps,
                "z and eps have changed places: at spread 0 it is z.",
            ),
            (
                lambda z, eps, s: (z + s * eps) / (z + s * eps).norm(dim=-1, keepdim=True),
                "These have length 1; the z of the training are about √z_dim long.",
            ),
            (
                lambda z, eps, s: variation(z, eps[:1], s).expand(eps.shape),
                "Each variation has an eps of its own: row i of eps.",
            ),
        ],
    ),
]
