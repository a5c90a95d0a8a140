"""What to measure before a generator's pictures leave the room: memory, bias, truncation.

Each measure needs a yardstick, and brings it: chance for memory, the data's own shares for bias,
shuffled rows for dependence.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import nn

from course_lib import machine, metrics
from course_lib.data import ATTRIBUTES, FASHION_CLASSES
from course_lib.metrics import Estimate
from course_lib.models.cnn import AttributeClassifier
from course_lib.sampling import draw, latents, size_of


class Memory(NamedTuple):
    """How near samples are to training images, beside images that nobody trained on.

    Attributes:
        nearer: share of samples whose nearest real image is a training image, with its interval.
        chance: that share without any memory: the training images' share of all real images.
        samples, held_out: distances to the nearest training image, float32 (n,), of samples and of
            held-out images.
        where: int64 (n,), the training image nearest to each sample.
    """

    nearer: Estimate
    chance: float
    samples: torch.Tensor
    held_out: torch.Tensor
    where: torch.Tensor

    @property
    def remembers(self) -> bool:
        """Whether more samples lie nearest to a training image than chance explains."""
        return self.nearer.low > self.chance


def memory(samples: torch.Tensor, training: torch.Tensor, held_out: torch.Tensor) -> Memory:
    """Return whether samples lie nearer to training images than to held-out ones.

    If nothing was learnt by heart, training and held-out images are to the generator what any other
    images of the same source are. So the real image nearest to a sample is a training image as
    often as training images are among the real ones: M/(M + N). More is memory. Distances
    themselves mislead: a blurred sample lies far from every sharp image, a plain one near many.

    Args:
        samples: (n, C, H, W), float in [-1, 1] or uint8.
        training: (M, C, H, W), all that the generator was trained on.
        held_out: (N, C, H, W), of the same source, never trained on.

    Raises:
        ValueError: shapes differ, or a set is empty.
    """
    near, where = metrics.nearest(samples, training)
    far, _ = metrics.nearest(samples, held_out)
    usual, _ = metrics.nearest(held_out[: len(samples)], training)
    nearer = metrics.share(int((near < far).sum()), len(samples))
    machine.give_back_memory()
    chance = len(training) / (len(training) + len(held_out))
    return Memory(nearer, chance, near, usual, where)


def frequencies(values: torch.Tensor, count: int) -> list[Estimate]:
    """Return how often each of `count` values occurs, as shares with their 95% intervals.

    Args:
        values: int64 (N,), 0 to count − 1: one attribute, or classes.

    Raises:
        ValueError: there is no value, or one lies outside.
    """
    found = values.bincount(minlength=count)
    if len(found) > count:
        raise ValueError(f"values are 0 to {count - 1}, found {len(found) - 1}")
    return [metrics.share(hits, len(values)) for hits in found.tolist()]


class Difference(NamedTuple):
    """A value that samples show clearly more or less often than the data."""

    attribute: str
    value: str
    data: Estimate
    samples: Estimate


def differences(real: torch.Tensor, samples: torch.Tensor) -> list[Difference]:
    """Return the values of which samples have another share than the data, the largest gap first.

    Another share means that the two 95% intervals do not meet. Of 66 values that are equally
    frequent in both, that happens to less than one on average.

    Args:
        real, samples: int64 (N, 9) and (M, 9), read by the same judge, so that what it misreads
            in both is no difference.
    """
    found = []
    for index, (attribute, values) in enumerate(ATTRIBUTES.items()):
        pair = (frequencies(rows[:, index], len(values)) for rows in (real, samples))
        for value, one, other in zip(values, *pair, strict=True):
            if one.high < other.low or other.high < one.low:
                found.append(Difference(attribute, value, one, other))
    return sorted(found, key=lambda row: -abs(row.samples.value - row.data.value))


def right_per_group(
    found: torch.Tensor, truth: torch.Tensor, groups: torch.Tensor, count: int
) -> list[Estimate]:
    """Return, group by group, how often a judge is right, as shares with their 95% intervals.

    Args:
        found, truth: int64 (N,), what the judge reads and what is there.
        groups: int64 (N,), 0 to count − 1; every group has a row.

    Raises:
        ValueError: a group is empty.
    """
    rows = [(found == truth)[groups == group] for group in range(count)]
    return [metrics.share(int(row.sum()), len(row)) for row in rows]


def association(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return Cramér's V of two attributes: 0 if they are independent, 1 if one tells the other.

    V² = χ² / (N (k − 1)) with χ² of the table of counts against independence and k the smaller
    number of values that occur (Cramér 1946, section 21.9).

    Args:
        a, b: integers (N,), 0 or more. An attribute with a single value depends on nothing: 0.

    Raises:
        ValueError: the lengths differ, or are 0.
    """
    if a.shape != b.shape or a.ndim != 1 or len(a) == 0:
        raise ValueError(f"expected two columns of one length, got {a.shape} and {b.shape}")
    width = int(b.max()) + 1
    counts = (a * width + b).bincount(minlength=(int(a.max()) + 1) * width).view(-1, width)
    counts = counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0].double()
    if min(counts.shape) == 1:
        return 0.0
    expected = counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) / len(a)
    chi2 = ((counts - expected) ** 2 / expected).sum().item()
    return (chi2 / (len(a) * (min(counts.shape) - 1))) ** 0.5


def association_by_chance(
    a: torch.Tensor, b: torch.Tensor, shuffles: int = 100, seed: int = 0
) -> float:
    """Return the V that 95% of shuffled columns stay below: what chance alone gives at this N."""
    generator = torch.Generator().manual_seed(seed)
    orders = (torch.randperm(len(b), generator=generator) for _ in range(shuffles))
    return torch.tensor([association(a, b[order]) for order in orders]).quantile(0.95).item()


def associations(
    attributes: torch.Tensor, name: str = "skin tone", shuffles: int = 100
) -> dict[str, tuple[float, float]]:
    """Return for every other attribute its association with one, and that by chance.

    Args:
        attributes: int64 (N, 9), labels, or what a judge reads (`metrics.read`).
        name: one of `data.ATTRIBUTES`.

    Returns:
        Name -> (`association`, `association_by_chance`).
    """
    columns = dict(zip(ATTRIBUTES, attributes.T, strict=True))
    one = columns.pop(name)
    return {
        other: (association(one, column), association_by_chance(one, column, shuffles))
        for other, column in columns.items()
    }


def truncated(model: nn.Module, truncation: float, n: int, seed: int = 0) -> torch.Tensor:
    """Return n samples (n, C, H, W), clipped to [-1, 1], whose latent numbers are multiplied.

    Multiplied are z and, of a StackGAN, the noise ε of its conditions too; its caption is "a
    person", which leaves all open. A model that reads labels draws its classes in turn. A model
    that divides z by its length, as ProGAN's pixel norm does, draws the same picture for every
    factor.

    Args:
        model: any generator that `sampling.draw` takes.
        truncation: the factor, 0 or more; 1 as in training.
    """
    return draw(model, truncation * latents(n, size_of(model), seed), batch=25)


def judged(images: torch.Tensor, judge: nn.Module) -> torch.Tensor:
    """Return what a judge reads: attributes int64 (N, 9) of portraits, or classes int64 (N,)."""
    if hasattr(judge, "attributes"):
        return metrics.read(images, cast(AttributeClassifier, judge))
    return metrics.probabilities(judge, images).argmax(dim=1)


class Group(NamedTuple):
    """Some values of one attribute, or some classes of garments.

    Attributes:
        attribute: one of `data.ATTRIBUTES`, or "class".
        values: of the attribute, or names of `data.FASHION_CLASSES`.
    """

    attribute: str
    values: tuple[str, ...]

    def members(self, found: torch.Tensor) -> torch.Tensor:
        """Return which images belong to the group, bool (N,), by what `judged` found in them.

        Raises:
            ValueError: there is no such attribute or value.
        """
        known = {**ATTRIBUTES, "class": FASHION_CLASSES}
        if self.attribute not in known or not set(self.values) <= set(known[self.attribute]):
            raise ValueError(f"no such group: {self.attribute} {', '.join(self.values)}")
        names = known[self.attribute]
        if self.attribute != "class":
            found = found[:, [*ATTRIBUTES].index(self.attribute)]
        return torch.isin(found, torch.tensor([names.index(value) for value in self.values]))

    def share(self, found: torch.Tensor) -> Estimate:
        """Return the group's share of the images, with its 95% interval."""
        return metrics.share(int(self.members(found).sum()), len(found))


def truncation_curves(
    model: nn.Module,
    judge: nn.Module,
    groups: Mapping[str, Group],
    truncations: Sequence[float],
    n: int = 200,
    seed: int = 0,
) -> dict[str, list[Estimate]]:
    """Return how the shares of some groups change as the latent numbers are multiplied.

    Args:
        model: as `truncated` takes it.
        judge: reads the samples (`judged`).
        truncations: factors; the same n latent vectors are multiplied by each.

    Returns:
        Name of the group -> its share at each truncation, with 95% intervals.
    """
    curves: dict[str, list[Estimate]] = {name: [] for name in groups}
    for truncation in truncations:
        found = judged(truncated(model, truncation, n, seed), judge)
        for name, group in groups.items():
            curves[name].append(group.share(found))
    machine.give_back_memory()
    return curves
