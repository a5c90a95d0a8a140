"""What the machine grants, read from control groups made up here."""

import ctypes
import os
import sys
from pathlib import Path

import psutil
import pytest

from course_lib import machine

MB = 2**20


def tree(root: Path, **files: str) -> Path:
    """Write files (keys are paths with "|" for "/") under root and return root."""
    for name, text in files.items():
        path = root / name.replace("|", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


@pytest.fixture
def many_cores(monkeypatch):
    monkeypatch.setattr(machine, "_affinity", lambda: 16)


VERSION_1 = {"proc|self|cgroup": "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc"}
VERSION_2 = {"proc|self|cgroup": "0::/"}


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({**VERSION_2, "sys|fs|cgroup|cpu.max": "max 100000"}, None),
        ({**VERSION_2, "sys|fs|cgroup|cpu.max": "150000 100000"}, 1.5),
        ({"proc|self|cgroup": "0::/pod/x", "sys|fs|cgroup|pod|cpu.max": "300000 100000"}, 3),
        (
            {
                "proc|self|cgroup": "0::/pod/x",
                "sys|fs|cgroup|pod|cpu.max": "200000 100000",
                "sys|fs|cgroup|pod|x|cpu.max": "400000 100000",
            },
            2,
        ),
        (
            {
                **VERSION_1,
                "sys|fs|cgroup|cpu,cpuacct|cpu.cfs_quota_us": "100000",
                "sys|fs|cgroup|cpu,cpuacct|cpu.cfs_period_us": "50000",
            },
            2,
        ),
        (
            {
                **VERSION_1,
                "sys|fs|cgroup|cpu|docker|abc|cpu.cfs_quota_us": "50000",
                "sys|fs|cgroup|cpu|docker|abc|cpu.cfs_period_us": "100000",
            },
            0.5,
        ),
        (
            {
                **VERSION_1,
                "sys|fs|cgroup|cpu,cpuacct|cpu.cfs_quota_us": "-1",
                "sys|fs|cgroup|cpu,cpuacct|cpu.cfs_period_us": "100000",
            },
            None,
        ),
    ],
    ids=["none", "v2-max", "v2", "v2-parent", "v2-least", "v1-root", "v1-group", "v1-unlimited"],
)
def test_cpu_quota(tmp_path, files, quota):
    assert machine.cpu_quota(tree(tmp_path, **files)) == quota


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max", 16), ("50000", 1), ("190000", 1), ("400000", 4), ("6400000", 16)],
)
def test_cores_are_whole_at_least_one_and_at_most_the_affinity(tmp_path, many_cores, quota, cores):
    root = tree(tmp_path, **VERSION_2, **{"sys|fs|cgroup|cpu.max": f"{quota} 100000"})
    assert machine.cores(root) == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_affinity_counts(tmp_path):
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert machine.cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({**VERSION_2, "sys|fs|cgroup|memory.max": "max"}, None),
        ({**VERSION_2, "sys|fs|cgroup|memory.max": str(900 * MB)}, 900 * MB),
        ({**VERSION_1, "sys|fs|cgroup|memory|memory.limit_in_bytes": str(2048 * MB)}, 2048 * MB),
        ({**VERSION_1, "sys|fs|cgroup|memory|memory.limit_in_bytes": "9223372036854771712"}, None),
    ],
    ids=["none", "v2-max", "v2", "v1", "v1-unlimited"],
)
def test_memory_limit(tmp_path, files, limit):
    assert machine.memory_limit(tree(tmp_path, **files)) == limit


def test_memory_is_the_lesser_of_limit_and_ram(tmp_path):
    root = tree(tmp_path, **{**VERSION_2, "proc|meminfo": "MemTotal:  1048576 kB\nMemFree: 1 kB"})
    assert machine.memory(root) == 1024 * MB
    tree(root, **{"sys|fs|cgroup|memory.max": str(512 * MB)})
    assert machine.memory(root) == 512 * MB
    tree(root, **{"sys|fs|cgroup|memory.max": str(4096 * MB)})
    assert machine.memory(root) == 1024 * MB


def test_this_machine_has_cores_and_memory():
    assert 1 <= machine.cores() <= os.cpu_count()
    assert machine.memory() > 100 * MB


def test_windows_is_asked_with_the_structure_it_documents(monkeypatch):
    seen = {}

    class Kernel32:
        @staticmethod
        def GlobalMemoryStatusEx(pointer):
            status = pointer._obj
            seen["size"] = ctypes.sizeof(status)
            assert status.length == seen["size"]
            status.total = 8 * 2**30

    windows = type("Windll", (), {"kernel32": Kernel32})
    monkeypatch.setattr(ctypes, "windll", windows, raising=False)
    assert machine._windows_memory() == 8 * 2**30
    assert seen["size"] == 64  # MEMORYSTATUSEX in Microsoft's documentation


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_device(monkeypatch, cuda, mps, device):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert machine.device() == torch.device(device)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc"
)
def test_freed_memory_goes_back_to_the_system():
    # Blocks too small to be mapped each on its own; the last one keeps the heap from shrinking.
    blocks = [bytearray(60_000) for _ in range(2000)]
    last = bytearray(60_000)
    process = psutil.Process()
    del blocks
    before = process.memory_info().rss
    machine.give_back_memory()
    assert before - process.memory_info().rss > 80e6 and len(last)
