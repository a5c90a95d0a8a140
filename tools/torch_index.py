"""Print the package index that has this machine's PyTorch, or nothing where PyPI's is right.

    python tools/torch_index.py          # on Linux without an NVIDIA card: the small build's index
    python tools/torch_index.py cpu      # the small build, whatever card there is
    python tools/torch_index.py cuda     # PyPI's build for NVIDIA cards

On Linux, PyPI's PyTorch brings 5.5 GB of libraries for NVIDIA cards. PyTorch's own index has a
build without them. Where that index does not answer, PyPI's build does everything too, and a line
says so. The script runs before anything is installed: it needs the standard library only.
"""

import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

SMALL = "https://download.pytorch.org/whl/cpu"
CHOICES = ("auto", "cpu", "cuda")


def has_card(devices: Path = Path("/dev")) -> bool:
    """Say whether this machine has an NVIDIA card whose driver is loaded."""
    return bool(shutil.which("nvidia-smi")) or any(devices.glob("nvidia[0-9]*"))


def answers(index: str, seconds: float = 10) -> bool:
    """Say whether an index has a page for torch, within so many seconds."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=seconds):
            return True
    except (OSError, urllib.error.URLError):
        return False


def wanted(choice: str, system: str, card: bool) -> bool:
    """Say whether the small build is to be looked for.

    PyPI has it itself for other systems than Linux. Raises SystemExit for a choice that is none.
    """
    if choice not in CHOICES:
        sys.exit(f"TORCH is one of {', '.join(CHOICES)}, not {choice!r}.")
    return system == "linux" and (choice == "cpu" or (choice == "auto" and not card))


def main(choice: str = "auto") -> None:
    if not wanted(choice, sys.platform, has_card()) or os.environ.get("PIP_NO_INDEX"):
        return
    if answers(SMALL):
        print(SMALL)
    else:
        print(
            f"{SMALL} does not answer. Taking PyTorch from PyPI: it works the same here, with "
            "5.5 GB for NVIDIA cards.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main(*sys.argv[1:2])
