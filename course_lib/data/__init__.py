"""The two data sets of the course, embedded and checked; CelebA, patterns, sounds, batches."""

from collections.abc import Iterator

from course_lib.data.batching import Batches, batches, shrunk, to_float, to_uint8
from course_lib.data.caption_text import Tokeniser, captions, describe, mentioned, near_misses
from course_lib.data.celeba_files import celeba
from course_lib.data.combination_split import HELD_OUT, combinations, held_out
from course_lib.data.drum_sounds import DRUMS, drums
from course_lib.data.fashion_mnist import FASHION_CLASSES, fashion
from course_lib.data.fashion_mnist import FILES as _FASHION
from course_lib.data.fashion_mnist import FOLDER as _FOLDER
from course_lib.data.integrity import DamagedFile, verified
from course_lib.data.pairs import contradictions, wrong_captions
from course_lib.data.pattern_images import PATTERNS, patterns
from course_lib.data.pictures import picture
from course_lib.data.portraits import ATTRIBUTES, personas, visible
from course_lib.data.portraits import FILE as _PERSONAS
from course_lib.data.portraits import SHA256 as _PERSONAS_SHA256
from course_lib.data.portraits import SIZE as _PERSONAS_SIZE
from course_lib.data.spectrograms import to_sounds, to_spectrograms

__all__ = [
    "ATTRIBUTES",
    "DRUMS",
    "FASHION_CLASSES",
    "HELD_OUT",
    "PATTERNS",
    "Batches",
    "DamagedFile",
    "Tokeniser",
    "batches",
    "captions",
    "celeba",
    "check_files",
    "combinations",
    "contradictions",
    "describe",
    "drums",
    "fashion",
    "held_out",
    "mentioned",
    "near_misses",
    "patterns",
    "personas",
    "picture",
    "shrunk",
    "to_float",
    "to_sounds",
    "to_spectrograms",
    "to_uint8",
    "verified",
    "visible",
    "wrong_captions",
]


def check_files() -> Iterator[tuple[str, str | None]]:
    """Yield (file name, problem or None) for every embedded data file."""
    files = {_FOLDER / name: facts for name, facts in _FASHION.items()}
    files[_PERSONAS] = (_PERSONAS_SHA256, _PERSONAS_SIZE)
    for path, (sha256, size) in files.items():
        try:
            verified(path, sha256, size)
        except DamagedFile as error:
            yield path.name, str(error)
        else:
            yield path.name, None
