"""Matrices: numbers where they belong, shares per row, refusals."""

import numpy as np
import pytest
import torch

from course_lib import figures


def texts(axis):
    return [text.get_text() for text in axis.texts]


def test_matrices_show_their_numbers():
    figure = figures.numbers.draw({"a": torch.arange(6.0).view(2, 3), "flat": torch.ones(1, 1)})
    first, second = figure.axes
    assert texts(first) == ["0", "1", "2", "3", "4", "5"]
    assert [text.get_position() for text in first.texts][:4] == [(0, 0), (1, 0), (2, 0), (0, 1)]
    assert texts(second) == ["1"] and first.get_title() == "a"


@pytest.mark.parametrize("shape", [(3,), (17, 2), (1, 2, 2)])
def test_what_is_no_small_matrix_is_refused(shape):
    with pytest.raises(ValueError, match="at most 16 × 16, got"):
        figures.numbers.draw({"a": torch.zeros(shape)})


def test_confusion_is_in_percent_of_the_true_class():
    matrix = torch.tensor([[3, 1], [0, 500]])
    (axis,) = figures.confusion.draw(matrix, ["cat", "dog"], "finding").axes
    found = {text.get_position(): text.get_text() for text in axis.texts}
    assert found == {(0, 0): "75", (1, 0): "25", (1, 1): "100"}
    assert axis.get_xlabel() == "predicted" and axis.get_ylabel() == "true"
    (axis,) = figures.confusion.draw(matrix, ["cat", "dog"], "", ("seen", "asked")).axes
    assert axis.get_xlabel() == "seen" and axis.get_ylabel() == "asked"
    with pytest.raises(ValueError, match=r"3 names need a matrix \(3, 3\), got \(2, 2\)"):
        figures.confusion.draw(matrix, ["a", "b", "c"], "")
    with pytest.raises(ValueError, match="every class needs an image"):
        figures.confusion.draw(torch.tensor([[1, 0], [0, 0]]), ["a", "b"], "")


def test_measures_are_drawn_against_size_with_their_range():
    draws = {"real": [[1.0, 3.0], [0.5, 1.5]]}
    first, second = figures.against_size.draw((100, 1000), {"FID": draws, "KID": draws}).axes
    (line,) = [line for line in first.lines if line.get_label() == "real"]
    assert line.get_xdata().tolist() == [100, 1000] and line.get_ydata().tolist() == [2.0, 1.0]
    heights = first.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == 0.5 and heights.max() == 3.0
    assert second.get_ylabel() == "KID"
    assert [label.get_text() for label in second.get_xticklabels()] == ["100", "1,000"]


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
