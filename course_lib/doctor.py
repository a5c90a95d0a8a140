"""Checks the set-up before a lesson fails on it: a line per check, with the cure for a bad one.

In a terminal ``python -m course_lib doctor``, in a notebook ``doctor.show()``, or
``doctor.brief()`` for what it comes to in one line.
"""

import importlib
import importlib.metadata
import platform
import re
from collections.abc import Callable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course_lib import machine

PACKAGE = "image-generation-course"
MEMORY_NEEDED = 1.2e9  # bytes at the peak of the hungriest lesson: the budget every lesson keeps
MARKS = {True: "[ ok ]", None: "[note]", False: "[bad ]"}

Line = tuple[bool | None, str]


def report() -> list[Line]:
    """Return one (ok, text) per check.

    ok is True where all is well, None where lessons run but something is worth knowing, and False
    where a lesson could not run; the text then says what to do about it.
    """
    lines = [*_versions(), *_imports(), _library(), _asked(_cores), _asked(_memory)]
    return [*lines, *_files("data"), *_files("zoo"), _asked(_device)]


def healthy(lines: list[Line]) -> bool:
    """Return whether every lesson can run, given the lines of a report."""
    return all(ok is not False for ok, _ in lines)


def brief() -> None:
    """Print in one line what a new report comes to; before it, what is bad or worth a note."""
    lines = report()
    for ok, text in lines:
        if ok is not True:
            print(MARKS[ok], text)
    bad, cores = sum(ok is False for ok, _ in lines), f"{machine.cores()} cores granted"
    verdict = f"{bad} bad: lessons may fail" if bad else "All lessons can run"
    print(f"{verdict} ({len(lines)} checks; {cores}). doctor.show() prints every check.")


def show(lines: list[Line] | None = None) -> None:
    """Print a report (a new one unless `lines` are given) and what it comes to."""
    lines = report() if lines is None else lines
    for ok, text in lines:
        print(MARKS[ok], text)
    bad = sum(ok is False for ok, _ in lines)
    print(f"{bad} bad: lessons may fail until that is mended." if bad else "All lessons can run.")


def _versions() -> list[Line]:
    """Hold Python and every package that the course imports against pyproject.toml's ranges."""
    try:
        metadata = importlib.metadata.metadata(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return [(False, "The course is not installed. In its folder run: pip install -e .")]
    lines = [_version("Python", platform.python_version(), metadata["Requires-Python"])]
    for text in metadata.get_all("Requires-Dist") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            found = None
        lines.append(_version(requirement.name, found, str(requirement.specifier)))
    return lines


def _version(name: str, found: str | None, allowed: str) -> Line:
    if name == "Python":
        mend = "Install one of these, run make clean, then make lab PYTHON=python3.12"
    else:
        mend = f'Run: pip install "{name}{allowed}"'
    if found is None:
        return False, f"{name} is missing, {allowed} is needed. {mend}"
    if not SpecifierSet(allowed).contains(found, prereleases=True):
        return False, f"{name} {found}, but the course needs {allowed}. {mend}"
    return True, f"{name} {found}"


def _imports() -> list[Line]:
    """Import the compiled packages: a wrong build passes every version check and fails here."""
    lines = []
    for name in ("numpy", "torch", "torchvision"):
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken build raises OSError, RuntimeError, ImportError…
            reason = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:200]
            mend = "Run: make clean, then make lab (with conda: make the environment anew)"
            lines.append((False, f"{name} does not import ({reason}). {mend}"))
    return lines


def _library() -> Line:
    """Say where the course's library is; of a copy of the course, it should be the copy's own."""
    found, here = Path(__file__).resolve().parent, Path.cwd()
    for folder in (here, *here.parents):
        own = folder / "course_lib"
        if (own / "doctor.py").is_file() and own != found:
            mend = f"In {folder} run: make lab"
            return False, f"the library is that of {found.parent}, not of this folder. {mend}"
        if own == found:
            return True, "the library is that of this folder"
    return True, f"the library is that of {found.parent}"


def _asked(check: Callable[[], Line]) -> Line:
    """Return a check's line, also where a package is missing: that is said above."""
    try:
        return check()
    except Exception as error:  # no reason to lose the report
        return False, f"{check.__name__.strip('_')} unknown: {type(error).__name__}"


def _cores() -> Line:
    granted = machine.cores()
    if granted < 2:
        return None, "1 core granted: trainings take about twice the minutes that a lesson states"
    return True, f"{granted} cores granted; trainings choose how many threads of PyTorch to use"


def _memory() -> Line:
    size, needed = machine.memory(), f"lessons need {MEMORY_NEEDED / 1e9:.1f} GB"
    if size < MEMORY_NEEDED:
        mend = "Close other programs, or raise the limit of the container"
        return False, f"{size / 1e9:.1f} GB of memory granted, but {needed}. {mend}"
    return True, f"{size / 1e9:.1f} GB of memory granted; {needed}"


def _files(module: str) -> list[Line]:
    """Check the embedded files of `course_lib.data` or `course_lib.zoo` against their checksums."""
    label = {"data": "data", "zoo": "pretrained models"}[module]
    try:
        files = list(importlib.import_module(f"course_lib.{module}").check_files())
    except Exception as error:  # whatever it is, the other checks still have something to say
        return [(False, f"{label} cannot be checked: {type(error).__name__}: {error}")]
    if not files:
        return [(False, f"{label}: no files found. Clone the course again")]
    problems: list[Line] = [(False, f"{label}: {text}") for _, text in files if text is not None]
    return problems or [(True, f"{label}: checksums agree, files: {len(files)}")]


def _device() -> Line:
    names = {"cuda": "an NVIDIA or AMD GPU (CUDA)", "mps": "an Apple GPU (MPS)", "cpu": "the CPU"}
    return True, f"trains on {names[machine.device().type]}"
