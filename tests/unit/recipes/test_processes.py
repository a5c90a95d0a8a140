"""Several processes train what one trains; each test starts its processes with a time limit."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from course_lib import data, recipes
from course_lib.recipes import processes
from course_lib.recipes.runner import run

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does"),
]

WORKER = Path(__file__).with_name("processes_worker.py")
TORCHRUN = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"


def start(*arguments, folder=None) -> tuple[int, str]:
    """Run Python and return its exit code and what it printed; after 60 s end all it started."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)  # torchrun hands it on to its processes
        printed, _ = process.communicate(timeout=40)
        pytest.fail(f"not done after 60 s:\n{printed}")
    return process.returncode, printed


def equal_to_rounding(a: Path, b: Path) -> None:
    """Networks, average, moments, rates and random state: everything that a checkpoint holds."""
    a, b = load_file(a), load_file(b)
    assert a.keys() == b.keys() and len(a) > 60
    for name in a:
        # 7e-15 was seen, and 0.02 and more where rows were dealt in turn, gradients not averaged,
        # or every process drew numbers of its own.
        torch.testing.assert_close(a[name], b[name], rtol=1e-9, atol=1e-9)


def losses(printed: str) -> dict[str, str]:
    """Return what a training printed by step, without the seconds: "step 3" -> losses."""
    lines = [line for line in printed.splitlines() if line.startswith("step ")]
    return {line.split(" of ")[0]: line.split(": ")[1] for line in lines}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of a training in one process, and what it printed."""
    folder = tmp_path_factory.mktemp("alone")
    status, printed = start(WORKER, folder)
    assert status == 0, printed
    assert list(losses(printed)) == ["step 3", "step 6", "step 8"]
    return folder, printed


def test_two_processes_go_on_as_one_would(alone, tmp_path):
    folder, printed_alone = alone
    shutil.copy(folder / "early.safetensors", tmp_path / "checkpoint.safetensors")
    status, printed = start(*TORCHRUN, WORKER, tmp_path, "--resume")
    assert status == 0, printed
    equal_to_rounding(folder / "checkpoint.safetensors", tmp_path / "checkpoint.safetensors")
    ranks = [load_file(tmp_path / f"rank{rank}.safetensors") for rank in range(2)]
    assert all(torch.equal(ranks[0][name], ranks[1][name]) for name in ranks[0])
    assert printed.count("wrote progan-personas") == 1
    assert losses(printed) == {
        step: text for step, text in losses(printed_alone).items() if step != "step 3"
    }


def test_a_killed_process_ends_the_run_and_one_goes_on_from_its_checkpoint(alone, tmp_path):
    status, printed = start(*TORCHRUN, WORKER, tmp_path, "--die-at", 4)
    assert status != 0
    assert "Error: rank 0 stops, because another process of this run has." in printed
    assert f"from the last checkpoint in {tmp_path} with --resume" in printed
    folder, printed_alone = alone
    equal_to_rounding(folder / "early.safetensors", tmp_path / "checkpoint.safetensors")
    assert not (tmp_path / "progan-personas.safetensors").exists()
    status, resumed = start(WORKER, tmp_path, "--resume")
    assert status == 0, resumed
    equal_to_rounding(folder / "checkpoint.safetensors", tmp_path / "checkpoint.safetensors")
    assert losses(printed) | losses(resumed) == losses(printed_alone)


def test_nobody_waits_for_a_silent_process(tmp_path):
    status, printed = start(*TORCHRUN, WORKER, tmp_path, "--sleep-at", 4)
    assert status != 0
    for rank in range(2):  # the silent one is told by torchrun
        assert f"Error: rank {rank} stops, because another process" in printed, printed
    assert (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("[../third_party/gloo/gloo/transport/tcp/pair.cc:538] Connection closed by peer", True),
        ("[../gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 10000ms for recv", True),
        ("Application timeout caused pair closure", True),
        ("mat1 and mat2 shapes cannot be multiplied (16x64 and 32x64)", False),
    ],
)
def test_a_lost_process_is_told_from_an_error_of_ones_own(monkeypatch, message, lost):
    monkeypatch.setattr(torch.distributed, "is_torchelastic_launched", lambda: True)
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *args, **options: None)
    monkeypatch.setattr(processes.signal, "signal", lambda *args: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("RANK", "1")
    expected = "rank 1 stops.* Go on." if lost else "mat1 and mat2"
    with (
        pytest.raises(ConnectionError if lost else RuntimeError, match=expected),
        processes.together("Go on."),
    ):
        raise RuntimeError(message)


def test_torchrun_starts_the_command_as_a_module(tmp_path):
    status, printed = start(*TORCHRUN, "-m", "course_lib", "train", "x", folder=tmp_path)
    # The first of the two to fail may end the other before it says so.
    assert status != 0 and 1 <= printed.count("no recipe is named 'x'") <= 2


@pytest.fixture
def as_rank(monkeypatch):
    def become(rank, count):
        monkeypatch.setattr(processes, "rank", lambda: rank)
        monkeypatch.setattr(processes, "processes", lambda: count)

    return become


def test_shares_are_neighbours_and_together_the_batch(as_rank):
    torch.manual_seed(0)
    images = torch.randn(40, 2)
    together = next(data.batches(images, size=16, seed=3))
    numbers = torch.Generator().manual_seed(5)
    z = torch.randn(16, 3, generator=numbers)
    for rank in range(4):
        as_rank(rank, 4)
        rows = processes.share(16, 4)
        assert rows == slice(4 * rank, 4 * rank + 4)
        batches = data.batches(images, size=16, seed=3, rows=rows)
        assert torch.equal(next(batches), together[rows]) and batches.position == 1
        numbers.manual_seed(5)
        own = processes.drawn(lambda *shape: torch.randn(*shape, generator=numbers), 4, 3)
        assert torch.equal(own, z[rows])


def test_groups_are_not_torn_apart(as_rank):
    as_rank(0, 8)
    assert processes.share(16) == slice(0, 2)
    with pytest.raises(ValueError, match=r"16 images, in groups of 4, .* at most 4 can"):
        processes.share(16, 4)
    as_rank(0, 1)
    assert processes.share(6, 4) == slice(0, 6), "alone, a small batch is one group"


def test_other_recipes_refuse_company(as_rank, tmp_path):
    as_rank(1, 2)
    with pytest.raises(ValueError, match="dcgan-fashion trains in one process: leave torchrun out"):
        run(recipes.recipe("dcgan-fashion"), tmp_path, resume=False)
    assert list(tmp_path.iterdir()) == []


def test_without_torchrun_nothing_changes():
    network, values = nn.Linear(2, 3), {"loss": torch.ones(())}
    assert processes.parallel(network) is network
    assert processes.averaged(values) == values
    before = signal.getsignal(signal.SIGTERM)
    with processes.together("advice"):
        assert (processes.processes(), processes.rank()) == (1, 0)
        assert signal.getsignal(signal.SIGTERM) is before
        assert processes.device() == torch.device("cpu")
    with pytest.raises(RuntimeError, match="mine"), processes.together("advice"):
        raise RuntimeError("mine")
