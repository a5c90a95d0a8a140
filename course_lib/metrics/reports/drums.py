"""What can be measured of a drum sound: how bright, how long, how loud, how high; and the card."""

import math

import torch
from torch import nn

from course_lib.data import DRUMS, drums, to_spectrograms
from course_lib.data.drum_sounds import RATE
from course_lib.layers import expect_shape
from course_lib.metrics.distances import frechet_distance
from course_lib.metrics.judge import judged

MEASURES = ("centroid", "decay", "loudness", "pitch")


def drum_measures(sounds: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return four measures of each sound, by name, float64 (N,).

    - centroid, in Hz: the mean frequency, weighted by its energy;
    - decay, in seconds: until all but a hundredth of the energy (20 dB) has passed;
    - loudness, in dB below a sound of amplitude 1 throughout: the root mean square of the whole;
    - pitch, in Hz: the frequency of most energy, 1 Hz apart.

    Args:
        sounds: (N, 1, 8192), float in [-1, 1]. A silent one has centroid, decay and pitch 0.

    Raises:
        ValueError: the shape is another one.
    """
    expect_shape(sounds, (None, 1, RATE), "sounds")
    found: dict[str, list[torch.Tensor]] = {name: [] for name in MEASURES}
    hertz = torch.arange(RATE // 2 + 1, dtype=torch.float64)
    for part in sounds[:, 0].double().split(250):
        power = torch.fft.rfft(part).abs().square()
        energy = part.square().cumsum(dim=1)
        whole = energy[:, -1]
        found["centroid"].append(power @ hertz / power.sum(dim=1).clamp(min=1e-12))
        passed = energy < 0.99 * whole[:, None]
        found["decay"].append(passed.sum(dim=1) / RATE)
        found["loudness"].append(10 * (whole / RATE).clamp(min=1e-12).log10())
        found["pitch"].append(power.argmax(dim=1).double())
    return {name: torch.cat(values) for name, values in found.items()}


def drums_report(samples: torch.Tensor, labels: torch.Tensor, judge: nn.Module) -> dict:
    """Return the figures of a card of a generator of drums, beside those of real sounds.

    Does the judge hear the kind that was asked for, in all and per kind, and how sure is it? How
    far are the samples from the 1,200 held-out sounds in the judge's features (Fréchet distance),
    beside as many training sounds (the floor)? And how far apart are the distributions of the
    measures, within a kind: the Wasserstein-1 distance, in the units of `drum_measures`, averaged
    over the kinds, again beside its floor.

    Args:
        samples: sounds (N, 1, 8192), as many of each kind; N is 6,000 at most.
        labels: int64 (N,), the kinds asked for.
        judge: the course's "drums-cnn".

    Raises:
        ValueError: a kind is missing.
    """
    if len(labels.unique()) < len(DRUMS):
        raise ValueError(f"samples of all {len(DRUMS)} kinds are needed")
    real, real_labels, _ = drums("test")
    floor, floor_labels, _ = drums("train", len(samples))
    sets = {"samples": (samples, labels), "training sounds": (floor, floor_labels)}
    features, chances = judged(judge, to_spectrograms(real))
    assert chances is not None  # "drums-cnn" tells them
    measures = drum_measures(real)
    report: dict = {"mean top probability on held-out sounds": _mean(chances.amax(dim=1))}
    for name, (sounds, asked) in sets.items():
        found, chances = judged(judge, to_spectrograms(sounds))
        assert chances is not None
        right = (chances.argmax(dim=1) == asked).double()
        own = drum_measures(sounds)
        report[f"heard as asked, {name}"] = _mean(right)
        report[f"heard as asked per kind, {name}"] = {
            kind: _mean(right[asked == k]) for k, kind in enumerate(DRUMS)
        }
        report[f"mean top probability, {name}"] = _mean(chances.amax(dim=1))
        report[f"Fréchet distance, {name}"] = round(frechet_distance(features, found), 3)
        report[f"distance of measures, {name}"] = {
            measure: round(
                sum(
                    wasserstein(own[measure][asked == k], measures[measure][real_labels == k])
                    for k in range(len(DRUMS))
                )
                / len(DRUMS),
                4,
            )
            for measure in MEASURES
        }
    return report


def wasserstein(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the Wasserstein-1 distance between two sets of numbers (N,) and (M,).

    The mean distance of their quantiles, at 100 levels.
    """
    levels = (torch.arange(100, dtype=torch.float64) + 0.5) / 100
    return (a.double().quantile(levels) - b.double().quantile(levels)).abs().mean().item()


def _mean(values: torch.Tensor) -> float:
    mean = values.double().mean().item()
    return round(mean, 4) if math.isfinite(mean) else mean
