"""Do generated portraits show what their captions ask for? The judge of portraits reads them."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn.functional import one_hot

from course_lib import machine, threads
from course_lib.data import (
    ATTRIBUTES,
    captions,
    combinations,
    describe,
    mentioned,
    personas,
    to_float,
    to_uint8,
)
from course_lib.metrics.comparison import FLOOR, compare
from course_lib.models.cnn import AttributeClassifier
from course_lib.sampling import device_of
from course_lib.training import evaluating

SIZE = 64


def enlarged(images: torch.Tensor) -> torch.Tensor:
    """Return portraits of 16 or 32 pixels as 64×64, each pixel repeated, as the judge needs them.

    Of real portraits shrunk to 16×16 and enlarged so, the judge still reads background and
    clothing colour always, skin tone within one step on 99%, hair on 91%, hair colour on 92%, but
    eyes on 48% and the mouth on 44% only.
    """
    times = SIZE // images.shape[2]
    return images.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)


def read(images: torch.Tensor, judge: AttributeClassifier, batch: int = 25) -> torch.Tensor:
    """Return the attributes that the judge reads in portraits: int64, (N, 9).

    Args:
        images: (N, 3, S, S), float in [-1, 1] or uint8 (a quarter of the memory), S = 64 or
            smaller by a whole factor (`enlarged`).
        judge: a classifier of the nine attributes, "personas-cnn".
    """
    with evaluating(judge):
        parts = [judge.logits(part) for part in _portraits(images, judge, batch)]
    machine.give_back_memory()
    return torch.cat(
        [torch.stack([part[name].argmax(dim=1) for name in ATTRIBUTES], dim=1) for part in parts]
    ).cpu()


def _portraits(images: torch.Tensor, judge: nn.Module, batch: int) -> Iterator[torch.Tensor]:
    """Yield portraits as the judge takes them, on its device, `batch` at a time."""
    for part in threads.tuned(images.split(batch)):
        yield enlarged(to_float(part) if part.dtype == torch.uint8 else part).to(device_of(judge))


def obeyed(found: torch.Tensor, attributes: torch.Tensor, told: torch.Tensor) -> dict[str, float]:
    """Return for each attribute the share of portraits that show the value asked for.

    Args:
        found: int64, (N, 9), what a judge reads in the portraits.
        attributes: int64, (N, 9), what their captions were written from.
        told: bool, (N, 9), what the captions name; other attributes do not count. A caption names
            hair colour and mouth only of a portrait that shows them.

    Returns:
        Shares, 0 to 1, by attribute, in the order of `ATTRIBUTES`; then "skin tone within one
        step" of the list from light to dark, and "sunglasses or not", over captions that name the
        eyes. NaN where no caption names the attribute.

    Raises:
        ValueError: the shapes differ.
    """
    if not found.shape == attributes.shape == told.shape:
        raise ValueError(
            "found, attributes and told have one shape (N, 9), got "
            f"{tuple(found.shape)}, {tuple(attributes.shape)} and {tuple(told.shape)}"
        )
    names = list(ATTRIBUTES)

    def share(right: torch.Tensor, name: str) -> float:
        return right[told[:, names.index(name)]].double().mean().item()

    tone, eyes = names.index("skin tone"), names.index("eyes")
    dark = ATTRIBUTES["eyes"].index("sunglasses")
    near = (found[:, tone] - attributes[:, tone]).abs() <= 1
    shaded = (found[:, eyes] == dark) == (attributes[:, eyes] == dark)
    return {
        **{name: share(found[:, i] == attributes[:, i], name) for i, name in enumerate(names)},
        "skin tone within one step": share(near, "skin tone"),
        "sunglasses or not": share(shaded, "eyes"),
    }


def obeyed_whole(found: torch.Tensor, attributes: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """Return which portraits show every value that their caption names: bool, (N,).

    Args: as `obeyed`.
    """
    return ((found == attributes) | ~told).all(dim=1)


def two_coloured(images: torch.Tensor) -> torch.Tensor:
    """Return which portraits have a backdrop of more than one colour: bool, (N,).

    Real backdrops have one. Four patches show nothing but the backdrop: two in the upper corners
    and two at the sides, below the middle. Two colours: the medians of two patches differ by more
    than 20 of 255 levels in a channel.

    Args:
        images: uint8, (N, 3, S, S), S = 64 or 16.
    """
    patch, half = images.shape[2] // 8, images.shape[2] // 2
    rows = (slice(0, patch), slice(half, half + patch))
    columns = (slice(0, patch), slice(-patch, None))
    patches = [images[:, :, row, column].flatten(2).int() for row in rows for column in columns]
    medians = torch.stack([part.median(dim=2).values for part in patches])  # (4, N, 3)
    return (medians.amax(dim=0) - medians.amin(dim=0)).amax(dim=1) > 20


def beards_where_silent(
    sample: Callable[[list[str]], torch.Tensor],
    judge: AttributeClassifier,
    sentences: int = 60,
    each: int = 30,
) -> float:
    """Return how much the facial hair varies among the faces of one sentence that names none.

    The entropy, in bits, of what the judge reads in `each` faces of a sentence, averaged over the
    first `sentences` test captions without facial hair. 0: all faces of a sentence have the same.
    The entropy of 30 draws is smaller, by about 0.1, than that of the distribution.

    Args:
        sample: returns portraits (N, 3, S, S) in [-1, 1] of N captions.
        judge: as `read` takes it.
    """
    attributes, beard = personas("test")[1], list(ATTRIBUTES).index("facial hair")
    silent = (~mentioned(attributes)[:, beard]).nonzero().squeeze(1)[:sentences]
    texts = captions(attributes)
    found = read(sample([texts[i] for i in silent for _ in range(each)]), judge)[:, beard]
    kinds = one_hot(found.view(-1, each), len(ATTRIBUTES["facial hair"]))  # (sentences, each, 7)
    p = kinds.double().mean(dim=1)
    return -torch.xlogy(p, p).sum(dim=1).mean().item() / math.log(2)


def combination_shares(
    sample: Callable[[list[str]], torch.Tensor], judge: AttributeClassifier, each: int = 50
) -> dict[str, float]:
    """Return how often both values of a pair are drawn, for pairs held out and for pairs seen.

    Every pair of `data.combinations` is asked for in `each` captions that name nothing else.

    Args:
        sample: returns portraits (N, 3, S, S) in [-1, 1] of N captions.
        judge: as `read` takes it.

    Returns:
        Shares, 0 to 1, of portraits in which the judge reads both values.
    """
    shares = {}
    for label, pairs in zip(("held out", "seen"), combinations(), strict=True):
        asked = [pair for pair in pairs for _ in range(each)]
        texts = [
            describe(i, **{name.replace(" ", "_"): value for name, value in pair.items()})
            for i, pair in enumerate(asked)
        ]
        found = read(sample(texts), judge).tolist()
        drawn = [_shows(row, pair) for row, pair in zip(found, asked, strict=True)]
        shares[label] = sum(drawn) / len(drawn)
    return shares


def _shows(row: list[int], pair: dict[str, str]) -> bool:
    """Return whether attributes, a row of indices, hold all values of a pair."""
    values = {name: known[i] for (name, known), i in zip(ATTRIBUTES.items(), row, strict=True)}
    return pair.items() <= values.items()


def personas_report(
    sample: Callable[[list[str]], torch.Tensor],
    judge: AttributeClassifier,
    n: int = 2000,
    each: int = 50,
) -> dict:
    """Return the figures by which the course judges portraits drawn from captions.

    Args:
        sample: returns portraits (N, 3, S, S) in [-1, 1] of N captions; S = 64 or 16.
        judge: "personas-cnn".
        n: captions of test portraits, at most 2,000; figures are comparable only at the same n.
        each: captions for each pair of values (`combination_shares`).

    Returns:
        Shares of what was asked for (`obeyed`) and those of combinations held out and seen
        (`combination_shares`). At 64×64 also KID and FID-course against the n test portraits, with
        their floor (n training portraits).

    Raises:
        ValueError: n is not 12 to 2,000.
    """
    images, attributes = personas("test")
    if not 12 <= n <= len(images):
        raise ValueError(f"n is 12 to {len(images):,}, not {n}")
    images, attributes = images[:n], attributes[:n]
    samples = sample(captions(attributes))
    shares = obeyed(read(samples, judge), attributes, mentioned(attributes))
    figures = {
        "captions": n,
        "share drawn as asked": {name: round(share, 4) for name, share in shares.items()},
        "share of pairs drawn as asked": {
            label: round(share, 4)
            for label, share in combination_shares(sample, judge, each).items()
        },
    }
    if samples.shape[2] != SIZE:
        return figures
    floor = personas("train")[0][:n]
    table = compare(images, samples, judge, floor=floor)
    for row, note in ((FLOOR, " of training portraits (the floor)"), ("samples", "")):
        for name in ("KID", "FID-course"):
            figures[name + note] = float(f"{table[row][name].value:.4g}")
    return figures


def whole_captions_report(
    sample: Callable[[list[str]], torch.Tensor], judge: AttributeClassifier, n: int = 2000
) -> dict:
    """Return figures beside `personas_report`: what a table by attribute hides.

    Args:
        sample, judge, n: as `personas_report` takes them.

    Returns:
        The share of captions of which everything is drawn, that of beards drawn where a beard is
        asked for, and both as the judge reads them from the real portraits; the share of backdrops
        of two colours where the caption names none (`two_coloured`; 0 in real portraits); the
        variety of beards where the caption is silent (`beards_where_silent`).
    """
    images, attributes = personas("test")
    images, attributes = images[:n], attributes[:n]
    told, names = mentioned(attributes), list(ATTRIBUTES)
    beard, backdrop = names.index("facial hair"), names.index("background")
    asked = told[:, beard] & (attributes[:, beard] != ATTRIBUTES["facial hair"].index("none"))
    drawn = to_uint8(sample(captions(attributes)))
    figures = {}
    for portraits, note in ((drawn, ""), (images, ", read from real portraits")):
        found = read(portraits, judge)
        whole = obeyed_whole(found, attributes, told).double().mean().item()
        beards = (found == attributes)[asked, beard].double().mean().item()
        figures["whole captions drawn as asked" + note] = round(whole, 4)
        figures["beards drawn where asked for" + note] = round(beards, 4)
    mixed = two_coloured(drawn[~told[:, backdrop]]).double().mean().item()
    figures["backdrops of two colours where none is named"] = round(mixed, 4)
    figures["bits of facial hair where the caption is silent"] = round(
        beards_where_silent(sample, judge), 4
    )
    return figures


def certainty(
    images: torch.Tensor, judge: AttributeClassifier, batch: int = 25
) -> dict[str, float]:
    """Return the judge's mean top probability for each attribute, in the order of `ATTRIBUTES`.

    It says how sure the judge is of what it reads, right or wrong: near 1 on real portraits,
    lower where hair or a mouth is blurred or between two kinds.

    Args:
        images: (N, 3, S, S), as `read` takes them, or uint8.
        judge: as `read` takes it.

    Returns:
        Means, between 1/(number of values) and 1, by attribute.
    """
    return {name: top.mean().item() for name, (top, _) in _sure(images, judge, batch).items()}


def certainty_by(
    by: str, images: torch.Tensor, judge: AttributeClassifier, batch: int = 25
) -> dict[str, dict[str, float]]:
    """Return `certainty` apart for each value of one attribute, such as each skin tone.

    Eyes and mouths that vanish on dark faces leave the judge less sure of them there.

    Args:
        by: a name in `ATTRIBUTES`; its values are those that the judge reads in the images.
        images, judge, batch: as `certainty` takes them.

    Returns:
        Value -> attribute -> mean top probability. A value that the judge never reads is left out.
    """
    sure = _sure(images, judge, batch)
    groups = {value: sure[by][1] == i for i, value in enumerate(ATTRIBUTES[by])}
    return {
        value: {name: top[group].mean().item() for name, (top, _) in sure.items()}
        for value, group in groups.items()
        if group.any()
    }


def evenness(certainties: dict[str, dict[str, float]], attribute: str) -> float:
    """Return how sure the judge is of an attribute in the worst group, relative to the best.

    Args:
        certainties: what `certainty_by` returns.
        attribute: a name in `ATTRIBUTES`.

    Returns:
        0 to 1; 1 where the judge is equally sure in all groups.
    """
    means = [group[attribute] for group in certainties.values()]
    return min(means) / max(means)


def _sure(
    images: torch.Tensor, judge: AttributeClassifier, batch: int
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return by attribute the judge's top probability, float64 (N,), and its index (N,)."""
    parts = {name: [] for name in ATTRIBUTES}
    with evaluating(judge):
        for part in _portraits(images, judge, batch):
            for name, chances in judge.probabilities(part).items():
                parts[name].append(chances.cpu().double().max(dim=1))
    return {
        name: (torch.cat([top.values for top in tops]), torch.cat([top.indices for top in tops]))
        for name, tops in parts.items()
    }


def portraits_report(samples: torch.Tensor, judge: AttributeClassifier) -> dict:
    """Return the figures by which the course judges portraits drawn without captions.

    Args:
        samples: (N, 3, 64, 64), float in [-1, 1] or uint8; measured against N test portraits.
            Figures are comparable only at the same N: 2,000 throughout the course.
        judge: "personas-cnn".

    Returns:
        KID, FID-course, density and coverage against the test portraits, each also of N training
        portraits (the floor). The judge's mean top probability for each attribute (`certainty`)
        as a share of its value on the test portraits.

    Raises:
        ValueError: N is not 12 to 2,000.
    """
    images, _ = personas("test")
    n = len(samples)
    if not 12 <= n <= len(images):
        raise ValueError(f"samples number 12 to {len(images):,}, not {n}")
    images, floor = images[:n], personas("train")[0][:n]
    table = compare(images, samples, judge, floor=floor)
    figures: dict = {"samples": n}
    for row, note in ((FLOOR, " of training portraits (the floor)"), ("samples", "")):
        for name in ("KID", "FID-course", "density", "coverage"):
            figures[name + note] = float(f"{table[row][name].value:.4g}")
    drawn, real = certainty(samples, judge), certainty(images, judge)
    figures["certainty of the judge, relative to test portraits"] = {
        name: round(drawn[name] / real[name], 4) for name in ATTRIBUTES
    }
    return figures
