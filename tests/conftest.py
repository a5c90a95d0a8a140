"""What several tests share: pictures that are shown, and data and judges that are loaded once."""

import base64
import io
import re
import sys

import numpy as np
import pytest
import ranges
from PIL import Image

from course_lib import zoo


def pytest_configure(config):
    config.pluginmanager.register(ranges.Ranges())


@pytest.fixture
def shown(monkeypatch) -> list:
    """What the test shows through `figures`, in the order in which it is shown."""
    outputs = []
    for name, module in list(sys.modules.items()):
        if name.startswith("course_lib.figures.") and hasattr(module, "display"):
            monkeypatch.setattr(module, "display", outputs.append)
    return outputs


@pytest.fixture(scope="session")
def decoded():
    """A function that returns the pixels of a shown picture."""

    def pixels(output) -> np.ndarray:
        content = base64.b64decode(re.search(r"base64,([^\"]+)", output.data).group(1))
        return np.asarray(Image.open(io.BytesIO(content)))

    return pixels


@pytest.fixture(scope="session")
def judge():
    return zoo.load("fashion-cnn")


@pytest.fixture(scope="session")
def portrait_judge():
    return zoo.load("personas-cnn")
