"""Directions in z along which one attribute changes.

A judge reads the attributes of samples; for each contrast, such as smiling against frowning, a
logistic regression finds the direction in z that tells one side from the other. Made orthogonal to
each other's span, the directions change one attribute at a time (Shen, Gu, Tang and Zhou 2020,
"Interpreting the latent space of GANs for semantic face editing", sections 2.2 and 2.3). `steered`
moves z along directions on the sphere and lets what is orthogonal to all of them pay for the
length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional

from course_lib import threads
from course_lib.data import ATTRIBUTES, visible
from course_lib.latent.sphere import on_sphere
from course_lib.layers import expect_shape
from course_lib.metrics import enlarged, read
from course_lib.models.cnn import AttributeClassifier
from course_lib.sampling import latents, size_of
from course_lib.training import evaluating

FEWEST = 20  # portraits on each side, below which a regression says nothing


@dataclass(frozen=True)
class Contrast:
    """Two sides of one attribute: the values for which a portrait has more of it, and less.

    Attributes:
        attribute: a name in `data.ATTRIBUTES`.
        more: its values on the side to which the direction shall point.
        less: its values on the other side; empty for all others. Portraits with values on neither
            side are left out.

    Raises:
        ValueError: there is no such attribute or value, or a value stands on both sides.
    """

    attribute: str
    more: tuple[str, ...]
    less: tuple[str, ...] = ()

    def __post_init__(self):
        values = ATTRIBUTES.get(self.attribute)
        if values is None:
            raise ValueError(f"attributes are {', '.join(ATTRIBUTES)}, not {self.attribute!r}")
        if not self.more:
            raise ValueError(f"{self.attribute}: a contrast needs a value on its side of more")
        strange = [value for value in (*self.more, *self.less) if value not in values]
        if strange:
            raise ValueError(f"values of {self.attribute} are {', '.join(values)}, not {strange}")
        if set(self.more) & set(self.less):
            raise ValueError(f"{self.attribute}: {set(self.more) & set(self.less)} on both sides")

    def indices(self) -> tuple[list[int], list[int]]:
        """Return the indices of the values on the side of more, and on the side of less."""
        values = ATTRIBUTES[self.attribute]
        less = self.less or [value for value in values if value not in self.more]
        return [values.index(value) for value in self.more], [values.index(v) for v in less]

    def sides(self, attributes: torch.Tensor) -> torch.Tensor:
        """Return 1 for more, 0 for less and −1 for neither, (N,), of attributes (N, 9).

        Neither is also what cannot be seen, such as the hair colour of the bald.
        """
        column = list(ATTRIBUTES).index(self.attribute)
        given, (more, less) = attributes[:, column], map(torch.tensor, self.indices())
        sides = (
            torch.isin(given, more).long() - (~torch.isin(given, torch.cat([more, less]))).long()
        )
        return sides.masked_fill(~visible(attributes)[:, column], -1)

    def reading(self, probabilities: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the judge's probability (N,) of more, given that it is one of the two sides.

        Args:
            probabilities: what a judge's `probabilities` returns.
        """
        more, less = (
            probabilities[self.attribute][:, indices].sum(dim=1) for indices in self.indices()
        )
        return more / (more + less).clamp_min(1e-12)


# One direction for each attribute. Of many values those stand against each other that a person
# would call opposites; skin tone is an order, split in the middle.
CONTRASTS = {
    "longer hair": Contrast(
        "hair",
        ("long hair", "very long hair", "bob", "bob with a fringe", "pigtails"),
        ("bald", "buzz cut", "receding hair", "short hair", "short hair with sideburns"),
    ),
    "lighter hair": Contrast("hair colour", ("blond", "silver", "pink"), ("black", "brown")),
    "sunglasses": Contrast("eyes", ("sunglasses",)),
    "smile": Contrast("mouth", ("smile", "big smile"), ("frown", "surprised")),
    "checked shirt": Contrast("clothing", ("checked shirt",)),
    "warmer clothes": Contrast(
        "clothing colour", ("red", "yellow", "pink"), ("blue", "turquoise", "green")
    ),
    "darker skin": Contrast(
        "skin tone",
        ("medium dark", "dark", "very dark"),
        ("very light", "light", "medium light"),
    ),
    "beard": Contrast("facial hair", ATTRIBUTES["facial hair"][1:], ("none",)),
    "warm backdrop": Contrast("background", ("cream", "rose"), ("mint", "sky blue")),
}


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions in z, one for each contrast.

    Attributes:
        contrasts: by name, in the order of `vectors`.
        vectors: (K, z_dim), each of length 1.
        accuracy: by name, of the regression on held-out samples: the mean of the shares of both
            sides that it tells right, so that chance is ½ however rare a side is.
        missing: by name, why a contrast has no direction.
    """

    contrasts: dict[str, Contrast]
    vectors: torch.Tensor
    accuracy: dict[str, float]
    missing: dict[str, str]

    def disentangled(self) -> "Directions":
        """Return each direction without what it shares with the others, of length 1 again.

        d_k is v_k less its projection on the span of all other v_j (Shen et al. 2020, section
        2.3). A step along d_k changes the score ⟨v_k, z⟩ and leaves every other score as it is.
        The regressions' accuracy is still that of the v_k.

        Raises:
            ValueError: a direction lies in the span of the others.
        """
        vectors = self.vectors.double()
        alone = []
        for k, (name, vector) in enumerate(zip(self.contrasts, vectors, strict=True)):
            basis = _basis(torch.cat([vectors[:k], vectors[k + 1 :]]))  # (z_dim, K − 1)
            rest = vector - basis @ (basis.T @ vector)
            if rest.norm() < 1e-6:
                raise ValueError(f"the direction of {name!r} lies in the span of the others")
            alone.append(functional.normalize(rest, dim=0))
        return replace(self, vectors=torch.stack(alone).float())


def _basis(vectors: torch.Tensor) -> torch.Tensor:
    """Return orthonormal columns (z_dim, K) with the span of vectors (K, z_dim)."""
    return torch.linalg.qr(vectors.T).Q


def logistic(x: torch.Tensor, y: torch.Tensor, ridge: float = 1.0) -> tuple[torch.Tensor, float]:
    """Return the weights (D,), float64, and the bias of a logistic regression with ridge.

    Minimises Σ c·softplus(∓(⟨w, x⟩ + b)) + ½·ridge·|w|² by Newton's method, − for y true. The
    factors c give both sides the same total, N/2. The ridge keeps w finite where a plane separates
    the two sides without error.

    Args:
        x: (N, D).
        y: bool, (N,).
        ridge: above 0; w's prior is N(0, I/ridge).

    Raises:
        ValueError: all of y is on one side, or the ridge is not positive.
    """
    if ridge <= 0:
        raise ValueError(f"ridge is above 0, not {ridge}")
    if y.all() or not y.any():
        raise ValueError("y needs examples on both sides")
    x = functional.pad(x.double(), (0, 1), value=1.0)  # the last weight is the bias
    share = y.double().mean()
    factors = torch.where(y, 0.5 / share, 0.5 / (1 - share))
    penalty = torch.full_like(x[0], ridge)
    penalty[-1] = 0

    def loss(weights: torch.Tensor) -> torch.Tensor:
        logits = x @ weights
        fits = functional.softplus(torch.where(y, -logits, logits))
        return (factors * fits).sum() + 0.5 * (penalty * weights.square()).sum()

    weights = torch.zeros_like(x[0])
    for _ in range(50):
        chance = torch.sigmoid(x @ weights)
        gradient = x.T @ (factors * (chance - y.double())) + penalty * weights
        curvature = (x.T * (factors * chance * (1 - chance))) @ x + penalty.diag()
        move = torch.linalg.solve(curvature, gradient)
        before = loss(weights)
        # A full step may overshoot far from the minimum. One so small that it does not change the
        # loss ends the search.
        while loss(weights - move) > before and move.abs().max() > 1e-12:
            move = move / 2
        weights = weights - move
        if move.abs().max() < 1e-10:
            break
    return weights[:-1], weights[-1].item()


def balanced_accuracy(scores: torch.Tensor, y: torch.Tensor) -> float:
    """Return the mean of the shares of both sides with the right sign: scores (N,), y bool (N,)."""
    right = (scores > 0) == y
    return 0.5 * (right[y].double().mean() + right[~y].double().mean()).item()


def find(
    generator: nn.Module,
    judge: AttributeClassifier,
    contrasts: Mapping[str, Contrast] = CONTRASTS,
    n: int = 2000,
    seed: int = 0,
    ridge: float = 1.0,
    batch: int = 100,
    **options,
) -> Directions:
    """Return the directions in z that tell the two sides of each contrast, by the judge's opinion.

    Draws n latent vectors, samples, lets the judge read their attributes, and fits `logistic` to
    three quarters of them; the last quarter measures the accuracy. They are as the regressions
    find them: `Directions.disentangled` takes them apart.

    Args:
        generator: maps z (N, z_dim) to portraits as `metrics.read` takes them; has `z_dim`.
        judge: "personas-cnn".
        contrasts: by name.
        n: samples.
        seed: of the latent vectors.
        ridge: of the regressions.
        batch: samples drawn at a time.
        options: for the generator, such as the stage.

    Returns:
        Directions of those contrasts of which the judge saw enough, at least `FEWEST` portraits to
        learn from on each side and one to measure; `missing` says which ones it did not.
    """
    z = on_sphere(latents(n, size_of(generator), seed))
    with evaluating(generator):
        drawn = (generator(part, **options).clamp(-1, 1) for part in threads.tuned(z.split(batch)))
        attributes = torch.cat([read(images, judge) for images in drawn])
    learnt = torch.arange(n) < 3 * n // 4
    kept, vectors, accuracy, missing = {}, [], {}, {}
    for name, contrast in contrasts.items():
        sides = contrast.sides(attributes)
        counts = [
            [int((part == side).sum()) for side in (1, 0)]
            for part in (sides[learnt], sides[~learnt])
        ]
        if min(counts[0]) < FEWEST or min(counts[1]) < 1:
            more, less = map(sum, zip(*counts, strict=True))
            missing[name] = (
                f"of {n:,} portraits the judge sees {more} with more and {less} with less"
            )
            continue
        weights, bias = logistic(z[learnt & (sides >= 0)], sides[learnt & (sides >= 0)] == 1, ridge)
        held = ~learnt & (sides >= 0)
        accuracy[name] = balanced_accuracy(z[held].double() @ weights + bias, sides[held] == 1)
        vectors.append(functional.normalize(weights, dim=0).float())
        kept[name] = contrast
    stacked = torch.stack(vectors) if vectors else torch.empty(0, size_of(generator))
    return Directions(kept, stacked, accuracy, missing)


def turned(
    generator: nn.Module,
    judge: AttributeClassifier,
    directions: Directions,
    step: float = 3.0,
    updates: int = 40,
    n: int = 12,
    rate: float = 0.03,
    seed: int = 0,
) -> Directions:
    """Return each direction turned to where a step along it succeeds more often.

    A regression in z finds what a plane can tell; an attribute that z decides in a crooked way
    escapes it. Here Adam ascends, through generator and judge, the mean log-probability that the
    judge gives to more of the attribute after +step, and to less of it after −step. Jahanian, Chai
    and Isola 2020 ("On the steerability of generative adversarial networks") learn walks so.

    Args:
        generator, judge: as in `find`.
        directions: where to begin.
        step: in standard deviations of z.
        updates: of Adam, for each direction.
        n: latent vectors in an update.
        rate: of Adam.
        seed: of the latent vectors.

    Returns:
        Directions with the same contrasts; their accuracy is still that of the regressions.
    """
    random, vectors = torch.Generator().manual_seed(seed), []
    ends = torch.tensor([step, -step]).repeat_interleave(n)[:, None]  # (2n, 1)
    with evaluating(generator, judge), torch.enable_grad():
        pairs = zip(directions.contrasts.values(), directions.vectors, strict=True)
        for contrast, start in pairs:
            vector = start[None].clone().requires_grad_()  # (1, z_dim)
            adam = torch.optim.Adam([vector], lr=rate)
            for _ in range(updates):
                z = torch.randn(n, size_of(generator), generator=random).repeat(2, 1)
                moved = steered(z, ends, functional.normalize(vector, dim=1))
                images = generator(moved).clamp(-1, 1)
                more = contrast.reading(judge.probabilities(enlarged(images)))  # (2n,)
                wanted = torch.cat([more[:n], 1 - more[n:]])
                loss = -(wanted + 1e-4).log().mean()
                # Of this direction only: the networks' own gradients stay as they are.
                (vector.grad,) = torch.autograd.grad(loss, vector)
                adam.step()
            vectors.append(functional.normalize(vector.detach()[0], dim=0))
    return replace(directions, vectors=torch.stack(vectors))


def steered(z: torch.Tensor, amounts: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Return z (N, z_dim) on the sphere, moved by amounts along unit directions.

    z is the sum of two parts: one in the span of the directions, and the rest, orthogonal to it.
    The first moves by exactly what is asked. The rest is scaled so that the length stays √z_dim.
    So the scores of the directions that do not move stay as they are, which a step followed by
    normalisation would not grant: it shrinks all of them. Without a step the result is z on the
    sphere.

    Args:
        z: (N, z_dim), of any length but 0.
        amounts: (K,) or (N, K); 1 is about one standard deviation of z.
        vectors: (K, z_dim), K below z_dim, linearly independent.

    Returns:
        (N, z_dim). Where the sphere has no room for a step, it goes as far as there is
        (`share_of_step`).

    Raises:
        ValueError: shapes that do not fit, or as many directions as z has numbers.
    """
    z, inside, offset, share = _parts(z, amounts, vectors)
    moved = inside + share[:, None] * offset
    room = (z.shape[1] - moved.square().sum(dim=1)).clamp_min(0).sqrt()
    return (moved + room[:, None] * functional.normalize(z - inside, dim=1)).float()


def share_of_step(z: torch.Tensor, amounts: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Return which share of the step `steered` takes, (N,), 0 to 1: less than 1 at the edge.

    The part of z in the directions' span cannot be longer than z.
    """
    return _parts(z, amounts, vectors)[-1]


def _parts(
    z: torch.Tensor, amounts: torch.Tensor, vectors: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return z on the sphere, its part in the directions' span, the step, and its share (N,)."""
    expect_shape(vectors, (None, z.shape[1]), "vectors")
    if len(vectors) >= z.shape[1]:
        raise ValueError(f"{len(vectors)} directions leave nothing of {z.shape[1]} to keep z long")
    z, vectors = on_sphere(z.double()), vectors.double()
    amounts = amounts.double().expand(len(z), len(vectors))
    basis = _basis(vectors)
    inside, offset = z @ basis @ basis.T, amounts @ vectors
    # The largest share s ≤ 1 with |inside + s·offset|² ≤ z_dim: the positive root of a parabola.
    a = offset.square().sum(dim=1)
    b = (inside * offset).sum(dim=1)
    c = inside.square().sum(dim=1) - z.shape[1]  # ≤ 0
    root = (-b + (b.square() - a * c).clamp_min(0).sqrt()) / a.clamp_min(1e-12)
    share = torch.where(a + 2 * b + c <= 0, 1.0, root.clamp(0, 1))
    return z, inside, offset, share


def effects(
    generator: nn.Module,
    judge: AttributeClassifier,
    directions: Directions,
    step: float = 2.0,
    n: int = 100,
    seed: int = 1,
    batch: int = 100,
    **options,
) -> torch.Tensor:
    """Return how far a step along each direction changes what the judge reads, (K, K).

    Entry [k, j] is the mean, over n latent vectors, of contrast j's `reading` at +step along
    direction k less that at −step: between −1 and 1. The diagonal is what a direction is for; all
    else is entanglement.

    Args:
        generator, judge, batch, options: as in `find`.
        directions: of which z is `steered`.
        step: in standard deviations of z.
        n, seed: of the latent vectors; take another seed than `find` learnt from.
    """
    ends = _readings(generator, judge, directions, step, n, seed, batch, options)
    return (ends[0] - ends[1]).mean(dim=1)


def success(
    generator: nn.Module,
    judge: AttributeClassifier,
    directions: Directions,
    step: float = 3.0,
    n: int = 100,
    seed: int = 1,
    batch: int = 100,
    **options,
) -> dict[str, float]:
    """Return how often a step along each direction leads to what it asks for, by name.

    The percentage (0 to 1) of portraits in which the judge finds more of the attribute likelier
    after +step, and less of it likelier after −step: the mean of the two, so that a direction
    without effect has ½, however rare a side is.

    Args:
        generator, judge, directions, n, seed, batch, options: as in `effects`.
        step: in standard deviations of z; 3 is where the lesson's sliders end.
    """
    ends = _readings(generator, judge, directions, step, n, seed, batch, options)
    return {
        name: 0.5 * ((ends[0, k, :, k] > 0.5).double() + (ends[1, k, :, k] < 0.5)).mean().item()
        for k, name in enumerate(directions.contrasts)
    }


def _readings(
    generator: nn.Module,
    judge: AttributeClassifier,
    directions: Directions,
    step: float,
    n: int,
    seed: int,
    batch: int,
    options: dict,
) -> torch.Tensor:
    """Return every contrast's `reading` after each step, (2, K, n, K).

    [0, k, i, j] is contrast j's at +step along direction k from latent vector i, [1, …] at −step.
    """
    z, count = latents(n, size_of(generator), seed), len(directions.vectors)
    readings = torch.zeros(2, count, n, count)
    with evaluating(generator, judge):
        for end, k in threads.tuned((end, k) for end in (0, 1) for k in range(count)):
            amounts = torch.zeros(count)
            amounts[k] = step if end == 0 else -step
            moved = steered(z, amounts, directions.vectors)
            for first in range(0, n, batch):
                images = generator(moved[first : first + batch], **options).clamp(-1, 1)
                chances = judge.probabilities(enlarged(images))
                for j, contrast in enumerate(directions.contrasts.values()):
                    readings[end, k, first : first + batch, j] = contrast.reading(chances)
    return readings
