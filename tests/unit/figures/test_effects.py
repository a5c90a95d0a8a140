"""Lesson 07's pictures draw what they are given."""

import base64
import io
import re

import numpy as np
import torch
from PIL import Image

from course_lib import figures


def test_every_picture_is_drawn_with_its_alt_text(monkeypatch):
    outputs = []
    monkeypatch.setattr(figures, "display", outputs.append)
    figures.effects({"a": torch.eye(3)}, ["x", "y", "z"], alt="a map", caption="effects")
    figures.cumulative({"a": torch.rand(9), "b": torch.rand(5)}, "title", "x", alt="curves")
    alts = [re.search(r'alt="([^"]+)"', output.data).group(1) for output in outputs]
    assert alts == ["a map", "curves"] and "effects" in outputs[0].data
    for output in outputs:
        content = base64.b64decode(re.search(r"base64,([^\"]+)", output.data).group(1))
        assert np.asarray(Image.open(io.BytesIO(content))).std() > 5


def test_numbers_stand_where_they_are_not_nearly_nothing():
    matrix = torch.tensor([[0.9, -0.2], [0.04, 0.5]])
    figure = figures.effects.draw({"one": matrix, "two": -matrix}, ["x", "y"])
    first, second = figure.axes[:2]
    assert [text.get_text() for text in first.texts] == ["+0.9", "−0.2", "+0.5"]
    assert [text.get_text() for text in second.texts] == ["−0.9", "+0.2", "−0.5"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["x", "y"]


def test_shares_end_at_one():
    figure = figures.cumulative.draw({"a": torch.tensor([3.0, 1.0, 2.0])}, "title", "x")
    (line,) = figure.axes[0].lines
    assert list(line.get_xdata()) == [1, 2, 3]
    np.testing.assert_allclose(line.get_ydata(), [1 / 3, 2 / 3, 1], rtol=1e-6)
