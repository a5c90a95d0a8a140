"""What the machine grants: its cores, its memory or the limit of its container, its device."""

import ctypes
import os
import sys
from types import SimpleNamespace

import psutil
import pytest

from course_lib import machine

MB = 2**20


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_affinity_counts():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert machine.cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512 * MB), ("4096", 1024 * MB), ("max", 1024 * MB), (None, 1024 * MB)],
    ids=["less than the RAM", "more than the RAM", "no limit", "no control group"],
)
def test_memory_is_the_lesser_of_limit_and_ram(tmp_path, monkeypatch, file, text, size):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=1024 * MB))
    if text is not None:
        path = tmp_path / "sys/fs/cgroup" / file
        path.parent.mkdir(parents=True)
        path.write_text(f"{int(text) * MB}\n" if text.isdecimal() else f"{text}\n")
    assert machine.memory(tmp_path) == size


def test_this_machine_has_cores_and_memory():
    assert 1 <= machine.cores() <= os.cpu_count()
    assert 100 * MB < machine.memory() <= psutil.virtual_memory().total


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
