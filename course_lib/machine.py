"""What this machine grants the course: cores, memory and the device that trains fastest.

A container (Binder, a shared server, a CI runner) shows the cores and the memory of its host, while
its control group allows less. The functions here return what is granted.
"""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def cores() -> int:
    """Return the number of cores this process may use: affinity or CPU quota, whichever is less."""
    from loky import cpu_count  # only here: the doctor must run where a package is missing

    return cpu_count()


def memory(root: Path = Path("/")) -> int:
    """Return the bytes this process may use: the RAM or the container's limit, whichever is less.

    psutil knows the RAM of the host alone; the 2 GB of Binder are a limit of the control group,
    which Linux shows in one of two files.

    Args:
        root: the file system to read `sys` from; tests pass a folder of their own.
    """
    import psutil  # only here, as above

    sizes = [psutil.virtual_memory().total]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # version 2, version 1
        with suppress(OSError, ValueError):  # no such file, or it says "max": no limit
            sizes.append(int((root / "sys/fs/cgroup" / name).read_text()))
    return min(sizes)


def device() -> "torch.device":
    """Return the device that trains fastest here: CUDA, else Apple's MPS, else the CPU."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def give_back_memory() -> None:
    """Return memory that was freed to the system, where the C library is glibc (most of Linux).

    Of what a training or an export frees, glibc keeps a hundred megabytes and more for later. On
    Binder, where 2 GB are all there is, the next section of a lesson needs them.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
