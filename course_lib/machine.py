"""What this machine grants the course: cores, memory and the device that trains fastest.

A container (Binder, a shared server, a CI runner) shows the host's cores and memory through
`os.cpu_count()`, while its control group allows less. The functions here read what is granted.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

ROOT = Path("/")


def cores(root: Path = ROOT) -> int:
    """Return the number of cores this process may use: affinity or CPU quota, whichever is less.

    Args:
        root: the file system to read `proc` and `sys` from; tests pass a folder of their own.
    """
    quota = cpu_quota(root)
    allowed = _affinity()
    # A quota of 1.5 cores feeds one thread at full speed; a second one would be throttled.
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def cpu_quota(root: Path = ROOT) -> float | None:
    """Return the control group's CPU limit in cores (1.5, say), or None where there is none."""
    limits = []
    for folder in _cgroup_folders(root, "cpu"):
        if text := _read(folder / "cpu.max"):  # version 2: "quota period" or "max period"
            quota, period = text.split()
        else:
            quota = _read(folder / "cpu.cfs_quota_us")  # version 1: -1 means unlimited
            period = _read(folder / "cpu.cfs_period_us")
        if quota and period and quota != "max" and int(quota) > 0:
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def memory(root: Path = ROOT) -> int | None:
    """Return the bytes this process may use: the memory limit or the RAM, whichever is less.

    None where the system tells neither.
    """
    known = [size for size in (memory_limit(root), _total_memory(root)) if size is not None]
    return min(known, default=None)


def memory_limit(root: Path = ROOT) -> int | None:
    """Return the control group's memory limit in bytes, or None where there is none."""
    limits = []
    for folder in _cgroup_folders(root, "memory"):
        text = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")
        # Version 1 writes "unlimited" as the largest page-aligned 63-bit number.
        if text and text != "max" and int(text) < 2**62:
            limits.append(int(text))
    return min(limits, default=None)


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


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders whose limits bind this process: its control groups and their parents.

    Inside a container the path that `proc` names may not exist, since the container sees its own
    group as the root of the tree: then only the root is left, and that is the right one.
    """
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base = root / "sys/fs/cgroup"  # version 2: one tree for all controllers
        elif controller in controllers.split(","):
            base = root / "sys/fs/cgroup" / controllers  # version 1: a tree for each
            if not base.is_dir():
                base = root / "sys/fs/cgroup" / controller
        else:
            continue
        group = base / path.lstrip("/")
        yield base
        while group != base and base in group.parents:
            yield group
            group = group.parent


def _read(path: Path) -> str | None:
    """Return the text of a file, or None where it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _total_memory(root: Path) -> int | None:
    for line in (_read(root / "proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024  # in kB
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _windows_memory() -> int:
    import ctypes

    class MemoryStatus(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            ("total", ctypes.c_ulonglong),
            *((f"other{number}", ctypes.c_ulonglong) for number in range(6)),
        ]

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.total
