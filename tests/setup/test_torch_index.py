"""The index that PyTorch is taken from: the small build by default, and never a dead end."""

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch_index

ROOT = Path(__file__).resolve().parents[2]

CASES = [  # choice, system, an NVIDIA card, the small build
    ("auto", "linux", False, True),
    ("auto", "linux", True, False),
    ("cpu", "linux", True, True),
    ("cuda", "linux", False, False),
    ("auto", "darwin", False, False),
    ("cpu", "darwin", False, False),
]


@pytest.mark.parametrize(("choice", "system", "card", "small"), CASES)
def test_the_small_build_is_for_linux_without_a_card_or_on_demand(choice, system, card, small):
    assert torch_index.wanted(choice, system, card) is small


def test_a_choice_that_is_none_is_named():
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "torch_index.py", "gpu"], capture_output=True, text=True
    )
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.strip() == "TORCH is one of auto, cpu, cuda, not 'gpu'."


@pytest.fixture
def index(tmp_path):
    """A package index on this machine that has a page for torch."""
    (tmp_path / "torch").mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_index, "has_card", lambda: False)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_an_index_that_answers_is_printed_alone(index, linux, monkeypatch, capsys):
    monkeypatch.setattr(torch_index, "SMALL", index)
    torch_index.main()
    assert capsys.readouterr() == (f"{index}\n", "")


def test_an_index_out_of_reach_costs_a_line_and_not_the_installation(linux, monkeypatch, capsys):
    monkeypatch.setattr(torch_index, "SMALL", "http://127.0.0.1:9")  # nobody listens there
    torch_index.main()
    printed, said = capsys.readouterr()
    assert printed == "" and "does not answer" in said and "5.5 GB" in said


def test_wheels_on_a_stick_need_no_index(index, linux, monkeypatch, capsys):
    monkeypatch.setattr(torch_index, "SMALL", index)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    torch_index.main()
    assert capsys.readouterr() == ("", "")


def test_a_card_is_found_by_its_device(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi
    assert not torch_index.has_card(tmp_path)
    (tmp_path / "nvidiactl").touch()
    assert not torch_index.has_card(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert torch_index.has_card(tmp_path)
