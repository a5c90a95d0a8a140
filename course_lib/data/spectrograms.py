"""A sound as a picture, and the way back: the logarithm of its spectrum, and Griffin-Lim.

A spectrogram keeps how loud each frequency is at each time, and forgets the phases: whether a wave
begins with a crest or a trough. `to_sounds` invents phases that fit together. Partials get theirs
from their own frequencies ("single pass spectrogram inversion", Beauregard, Harish and Wyse 2015);
a few rounds of Griffin and Lim (1984), in the faster form of Perraudin, Balazs and Søndergaard
(2013, algorithm 2), make them agree where windows overlap.
"""

import math

import torch
from torch.nn.functional import pad

from course_lib import machine
from course_lib.data.batching import to_float
from course_lib.data.drum_sounds import RATE

WINDOW, HOP = 256, 128  # samples: 31 ms, and 16 ms from one window to the next
ROWS, COLUMNS = WINDOW // 2, RATE // HOP  # frequencies, 32 Hz apart, and times
QUIET = 1e-2  # magnitudes below it look alike: 76 dB below a full-scale sine
_RANGE = math.log((WINDOW / 4) ** 2 / QUIET**2)
_MOMENTUM = 0.99  # of the faster form; 0 is Griffin and Lim's own


def _expect(tensor: torch.Tensor, shape: tuple[int, ...], name: str) -> None:
    if tensor.shape[1:] != shape or len(tensor) == 0:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} have shape (N, {wanted}), got {tuple(tensor.shape)}")


def _analysed(waves: torch.Tensor) -> torch.Tensor:
    """Return the short-time Fourier transform (N, ROWS + 1, COLUMNS + 1) of waves (N, RATE)."""
    window = torch.hann_window(WINDOW)
    return torch.stft(waves, WINDOW, HOP, window=window, return_complex=True)


def _synthesised(spectra: torch.Tensor) -> torch.Tensor:
    """Return the waves (N, RATE) whose transform is nearest to `spectra`."""
    return torch.istft(spectra, WINDOW, HOP, window=torch.hann_window(WINDOW), length=RATE)


def to_spectrograms(sounds: torch.Tensor) -> torch.Tensor:
    """Return sounds (N, 1, 8192) in [-1, 1] as pictures (N, 1, 128, 64), float in [-1, 1].

    Rows are frequencies, the highest first, so that a picture shows it above; columns are times.
    −1 is silence, and 1 a sine as loud as can be: in between, the scale is logarithmic.

    Raises:
        ValueError: the shape is another one.
    """
    _expect(sounds, (1, RATE), "sounds")
    found = torch.empty(len(sounds), 1, ROWS, COLUMNS)
    for part, target in zip(sounds.split(250), found.split(250), strict=True):
        power = _analysed(part[:, 0])[:, :ROWS, :COLUMNS].abs().square()
        target.copy_(torch.log1p(power / QUIET**2)[:, None].flip(2) / _RANGE * 2 - 1)
    machine.give_back_memory()
    return found.clamp_(-1, 1)


def to_sounds(pictures: torch.Tensor, rounds: int = 16) -> torch.Tensor:
    """Return sounds (N, 1, 8192) in [-1, 1] whose spectrograms are close to the pictures.

    Nothing in it is random: the same picture gives the same sound.

    Args:
        pictures: (N, 1, 128, 64), as `to_spectrograms` returns them, or uint8.
        rounds: of Griffin and Lim.

    Raises:
        ValueError: the shape is another one, or rounds is negative.
    """
    _expect(pictures, (1, ROWS, COLUMNS), "pictures")
    if rounds < 0:
        raise ValueError(f"rounds is 0 or more, not {rounds}")
    found = torch.empty(len(pictures), 1, RATE)
    for part, target in zip(pictures.split(100), found.split(100), strict=True):
        part = to_float(part) if part.dtype == torch.uint8 else part
        level = (part[:, 0].flip(1) + 1) / 2 * _RANGE
        # The highest row and the last column were left out; they are silent.
        magnitudes = pad(torch.expm1(level).clamp(min=0).sqrt() * QUIET, (0, 1, 0, 1))
        spectra, before = torch.polar(magnitudes, _first_phases(magnitudes)), 0.0
        for _ in range(rounds):
            heard = _analysed(_synthesised(spectra))
            wanted = heard - _MOMENTUM / (1 + _MOMENTUM) * before
            spectra, before = magnitudes * wanted / (wanted.abs() + 1e-9), heard
        target.copy_(_synthesised(spectra)[:, None])
    return found.clamp_(-1, 1)


def _first_phases(magnitudes: torch.Tensor) -> torch.Tensor:
    """Return phases (N, F, T) that turn as fast as the nearest partial of each frequency does.

    A partial is a local maximum; its frequency is the vertex of a parabola through three
    logarithms (Beauregard et al. 2015, equations 2 to 4).
    """
    rows = torch.arange(magnitudes.shape[1], dtype=torch.float32)[None, :, None]
    logs = torch.log(magnitudes + 1e-6)
    below, above = logs.roll(1, 1), logs.roll(-1, 1)
    peak = (logs >= below) & (logs > above)
    vertex = (0.5 * (below - above) / (below - 2 * logs + above - 1e-9)).clamp(-0.5, 0.5)
    far = 1e4
    lower = torch.where(peak, rows, -far).cummax(1).values
    upper = torch.where(peak, rows, far).flip(1).cummin(1).values.flip(1)
    nearest = torch.where(rows - lower <= upper - rows, lower, upper)
    nearest = nearest.clamp(0, magnitudes.shape[1] - 1).long()
    frequency = (rows + torch.where(peak, vertex, 0.0)).gather(1, nearest)
    turned = 2 * math.pi * HOP / WINDOW * frequency  # from one column to the next
    return turned.cumsum(2) - turned - math.pi / 2
