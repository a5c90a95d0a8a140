"""One-second drum sounds, synthesised by a few lines each: lesson 08's data that is no image.

Data card
    What: 6,000 sounds for training and 1,200 held out, an equal number of each of six kinds: kick,
        snare, hi-hat, tom, clap, cowbell. Mono, one second, 8,192 samples, so that nothing above
        4,096 Hz is in them; the hit is always at the beginning.
    Source: this file. Nothing was recorded; no file is shipped; a split is the same on every run.
    How made: as drum machines do it. Sines whose pitch falls, noise in a band of frequencies,
        square waves, each times an envelope that decays exponentially; all their numbers are drawn
        at random, and those that can be measured again are returned with the sounds.
    Licence: that of the course's code (see LICENSE).
    Known biases: the drum machines of popular music since about 1980, and of them six kinds. One
        hit a sound; no room, no player, no brush, no skin or wood that was ever struck.
"""

import math
from collections.abc import Callable

import torch

RATE = 8192  # samples in a second, and in a sound
DRUMS = ("kick", "snare", "hi-hat", "tom", "clap", "cowbell")
PARAMETERS = ("pitch", "decay", "noise")
SPLITS = {"train": (1000 * len(DRUMS), 0), "test": (200 * len(DRUMS), 1)}  # size, seed
BLOCK = 600  # sounds made at a time, with a seed of their own

Random = torch.Generator
Made = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def _time() -> torch.Tensor:
    return torch.arange(RATE) / RATE


def _between(random: Random, n: int, low: float, high: float, log: bool = False) -> torch.Tensor:
    """Return n numbers between low and high (n, 1), evenly spread, or so in their logarithm."""
    part = torch.rand(n, 1, generator=random)
    return low * (high / low) ** part if log else low + (high - low) * part


def _decaying(seconds: torch.Tensor) -> torch.Tensor:
    """Return exp(−t/seconds) for times to 1/e (n, 1)."""
    return torch.exp(-_time() / seconds)


def _falling_sine(end: torch.Tensor, start: torch.Tensor, seconds: torch.Tensor) -> torch.Tensor:
    """Return a sine whose frequency falls from start to end (Hz), exponentially in time."""
    # The phase is 2π times the integral of end + (start − end)·exp(−t/seconds).
    cycles = end * _time() + (start - end) * seconds * (1 - _decaying(seconds))
    return torch.sin(2 * math.pi * cycles)


def _band(n: int, random: Random, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Return noise (n, RATE) of variance 1 between two frequencies, with soft edges."""
    spectrum = torch.fft.rfft(torch.randn(n, RATE, generator=random))
    hertz = torch.arange(RATE // 2 + 1)
    passed = torch.sigmoid((hertz - low) / (0.08 * low)) * torch.sigmoid((high - hertz) / 120)
    noise = torch.fft.irfft(spectrum * passed, n=RATE)
    return noise / noise.std(dim=1, keepdim=True)


def _kick(n: int, random: Random) -> Made:
    """A sine that falls into the deep within some hundredths of a second, and a click."""
    pitch, decay = _between(random, n, 45, 75, log=True), _between(random, n, 0.07, 0.22, log=True)
    start = pitch * _between(random, n, 2.5, 5)
    click = _between(random, n, 0, 0.3)
    body = _falling_sine(pitch, start, _between(random, n, 0.015, 0.05)) * _decaying(decay)
    noise = torch.randn(n, RATE, generator=random) * _decaying(torch.full((n, 1), 0.003))
    return body + click * noise, pitch, decay, click


def _snare(n: int, random: Random) -> Made:
    """Two tones of a skin, and the rattle of the wires below it."""
    pitch, decay = _between(random, n, 150, 260, log=True), _between(random, n, 0.06, 0.2, log=True)
    noise = _between(random, n, 0.25, 0.6)
    skin = _falling_sine(pitch, 1.3 * pitch, torch.full((n, 1), 0.015))
    skin = skin + 0.5 * torch.sin(2 * math.pi * 1.6 * pitch * _time())
    wires = _band(n, random, _between(random, n, 700, 1500), torch.tensor([[3800.0]]))
    sound = (1 - noise) * skin * _decaying(0.5 * decay) + noise * wires * _decaying(decay)
    return sound, pitch, decay, noise


def _hi_hat(n: int, random: Random) -> Made:
    """The highest part of noise, closed (short) or half open (long)."""
    pitch = _between(random, n, 1800, 2900, log=True)
    decay = _between(random, n, 0.015, 0.16, log=True)
    wash = _band(n, random, pitch, torch.tensor([[4000.0]]))
    return wash * _decaying(decay), pitch, decay, torch.ones(n, 1)


def _tom(n: int, random: Random) -> Made:
    """A skin that is struck: a sine whose pitch falls a little."""
    pitch, decay = _between(random, n, 90, 230, log=True), _between(random, n, 0.1, 0.3, log=True)
    noise = _between(random, n, 0, 0.12)
    start = pitch * _between(random, n, 1.2, 1.7)
    skin = _falling_sine(pitch, start, _between(random, n, 0.03, 0.08)) * _decaying(decay)
    stick = _band(n, random, torch.tensor([[300.0]]), torch.tensor([[2500.0]]))
    return skin + noise * stick * _decaying(torch.full((n, 1), 0.03)), pitch, decay, noise


def _clap(n: int, random: Random) -> Made:
    """A band of noise that starts four times within three hundredths of a second."""
    pitch, decay = _between(random, n, 700, 1300, log=True), _between(random, n, 0.04, 0.15)
    gap = _between(random, n, 0.008, 0.014)
    envelope = torch.zeros(n, RATE)
    for hand in range(4):
        late = _time() - hand * gap
        seconds = decay if hand == 3 else torch.full((n, 1), 0.005)
        envelope = torch.maximum(envelope, torch.exp(-late.clamp(min=0) / seconds) * (late >= 0))
    noise = _band(n, random, pitch, 1.8 * pitch)
    return noise * envelope, pitch, decay, torch.ones(n, 1)


def _cowbell(n: int, random: Random) -> Made:
    """Two square waves that are out of tune, and so sound like metal."""
    pitch, decay = (
        _between(random, n, 480, 640, log=True),
        _between(random, n, 0.06, 0.22, log=True),
    )
    ratio = _between(random, n, 1.45, 1.52)
    # A square wave is its odd partials over their number; those above 3,900 Hz would fold back.
    tone = torch.zeros(n, RATE)
    for partial in (1, 3, 5, 7):
        for frequency in (partial * pitch, partial * ratio * pitch):
            wave = torch.sin(2 * math.pi * frequency * _time()) / partial
            tone = tone + wave * (frequency < 3900)
    sound = tone * (0.6 * _decaying(0.15 * decay) + 0.4 * _decaying(decay))
    return sound, pitch, decay, torch.zeros(n, 1)


MAKERS: dict[str, Callable[[int, Random], Made]] = {
    "kick": _kick,
    "snare": _snare,
    "hi-hat": _hi_hat,
    "tom": _tom,
    "clap": _clap,
    "cowbell": _cowbell,
}


def synthesised(kind: str, n: int, random: Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Return n sounds of a kind (n, 1, 8192), float in [-1, 1], and their `PARAMETERS` (n, 3).

    The parameters are pitch (Hz: of the tone, or the lower edge of the noise), decay (seconds to
    1/e of the longest part) and noise (its share, 0 to 1).

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in MAKERS:
        raise ValueError(f"a kind is one of {', '.join(DRUMS)}, not {kind!r}")
    sound, *parameters = MAKERS[kind](n, random)
    # Half a millisecond of rise and a soft end: a jump would be heard as a click.
    edges = (_time() * RATE / 4).clamp(max=1) * ((1 - _time()) * RATE / 400).clamp(max=1)
    sound = sound * edges
    peak = _between(random, n, 0.6, 0.95)
    sound = sound * peak / sound.abs().amax(dim=1, keepdim=True)
    return sound[:, None], torch.cat(parameters, dim=1)


def drums(
    split: str = "train", n: int | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return sounds, labels and parameters of a split, the same on every call.

    Args:
        split: "train" (6,000 sounds) or "test" (1,200).
        n: only the first so many; the kinds take turns, so that all are there.

    Returns:
        sounds (n, 1, 8192), float in [-1, 1]; labels (n,), int64, of `DRUMS`; and parameters
        (n, 3), see `PARAMETERS`. All 6,000 take 197 MB.

    Raises:
        ValueError: there is no such split, or it has not so many sounds.
    """
    if split not in SPLITS:
        raise ValueError(f"a split is one of {', '.join(SPLITS)}, not {split!r}")
    size, seed = SPLITS[split]
    n = size if n is None else n
    if not 1 <= n <= size:
        raise ValueError(f"n is 1 to {size}, the number of sounds, not {n}")
    kinds = len(DRUMS)
    sounds = torch.empty(n, 1, RATE)
    parameters = torch.empty(n, len(PARAMETERS))
    for block, first in enumerate(range(0, n, BLOCK)):
        for label, kind in enumerate(DRUMS):
            random = Random().manual_seed(10_000 * seed + kinds * block + label)
            rows = slice(first + label, min(first + BLOCK, n), kinds)
            wanted = len(sounds[rows])
            made, numbers = synthesised(kind, BLOCK // kinds, random)
            sounds[rows], parameters[rows] = made[:wanted], numbers[:wanted]
    return sounds, torch.arange(n) % kinds, parameters
