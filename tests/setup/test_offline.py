"""With the network blocked, the library loads its data and models and draws."""

import subprocess
import sys

import pytest

PROGRAM = """
import socket

def refuse(*arguments, **options):
    raise AssertionError(f"a socket was opened: {arguments}")

socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse

import pytest

from course_lib import data, doctor, explorers, metrics, zoo

data.fashion("test"), data.personas("test")
for name in zoo.names():
    zoo.load(name)
explorers.latent(zoo.load("dcgan-fashion"), count=2)
lines = doctor.report()
assert doctor.healthy(lines), lines
print("done")
"""


@pytest.mark.slow
def test_the_library_opens_no_socket():
    """The rule: docs/promise.md, "When something is wrong"."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("done")


def test_the_block_would_be_noticed():
    blocked = PROGRAM.split("from course_lib")[0]
    program = blocked + "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode != 0 and "a socket was opened" in result.stderr
