"""Bars, intervals, points and lines draw what they are given and refuse what they cannot draw."""

import numpy as np
import pytest
import torch

from course_lib import figures, latent, metrics


def test_the_star_stands_at_the_posterior():
    figure = figures.gap_map.draw(
        torch.linspace(0, 2, 5), torch.linspace(0, 1, 4), torch.rand(4, 5), (1.2, 0.4), "title"
    )
    (star,) = figure.axes[0].lines
    assert star.get_data() == ([1.2], [0.4]) and star.get_marker() == "*"


def test_estimates_are_titled_with_their_spread_and_share_their_scale():
    values = {"tight": torch.tensor([1.0, 2.0, 3.0]), "wide": torch.tensor([-18.0, 2.0, 22.0])}
    left, right = figures.histograms.draw(values, 2.5, "gradient").axes
    assert left.get_title() == "tight: std 1.00" and right.get_title() == "wide: std 20.00"
    assert left.get_xlim() == right.get_xlim() and left.get_ylim() == right.get_ylim()
    mean, exact = (line.get_xdata()[0] for line in left.lines)
    assert (float(mean), exact) == (2.0, 2.5)
    assert [line.get_label() for line in left.lines] == ["their mean", "exact"]
    for axis in figures.histograms.draw(values, 2.5, "gradient", xlim=(0, 4)).axes:
        assert axis.get_xlim() == (0, 4)


def test_codes_are_named_and_the_noise_lies_over_them():
    groups = {"all": torch.zeros(5, 2), "bag": torch.ones(3, 2)}
    (axis,) = figures.codes.draw(groups, torch.ones(2, 2), "title").axes
    assert axis.get_legend_handles_labels()[1] == ["all", "bag", "N(0, I)"]
    assert [len(points.get_offsets()) for points in axis.collections] == [5, 3, 2]
    colours = {tuple(points.get_facecolor()[0]) for points in axis.collections}
    assert len(colours) == 3


def test_lines_are_logarithmic_and_carry_their_notes():
    points = {"VAE": [(10.0, 0.1), (100.0, 0.01)], "JPEG": [(1000.0, 0.001)]}
    figure = figures.lines.draw(points, "t", "x", "y", {"VAE": ["β = 1", "β = 2"]})
    (axis,) = figure.axes
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in axis.texts] == ["β = 1", "β = 2"]
    assert [text.get_position()[1] > 0 for text in axis.texts] == [True, False]
    assert [list(line.get_xdata()) for line in axis.lines] == [[10.0, 100.0], [1000.0]]


def test_what_a_logarithm_cannot_show_is_named():
    with pytest.raises(ValueError, match="positive numbers, not PNG"):
        figures.lines.draw({"PNG": [(100.0, 0.0)]}, "t", "x", "y")


def test_bars_are_sorted_and_count_what_is_in_use():
    figure = figures.kl_bars.draw({"β = 1": torch.tensor([0.05, 2.0, 1.0])})
    (axis,) = figure.axes
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([2.0, 1.0, 0.05])
    assert axis.get_title() == "β = 1: 2 of 3 in use"


def test_five_charts_stand_in_two_rows():
    figure = figures.kl_bars.draw({name: torch.rand(4) for name in "abcde"})
    assert [axis.axison for axis in figure.axes] == [True] * 5 + [False]
    assert figure.axes[0].get_ylim() == figure.axes[4].get_ylim()


def test_the_figure_draws_each_interval_and_names_each_series():
    series = {"data": [metrics.share(3, 10)] * 3, "samples": [metrics.share(0, 10)] * 3}
    figure = figures.intervals.draw(series, ["a", "b", "c"], "A title", "x")
    (axis,) = figure.axes
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["a", "b", "c"]
    assert axis.get_title() == "A title" and len(axis.containers) == 2
    lows, highs = zip(
        *[bar.get_segments()[0][:, 1] for c in axis.containers for bar in c[2]], strict=True
    )
    assert (lows[0], highs[0]) == pytest.approx(metrics.share(3, 10)[1:])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["data", "samples"]


def test_easings_are_drawn_as_they_are():
    left, right = figures.easings.draw().axes
    assert [line.get_label() for line in left.lines] == list(latent.EASINGS)
    ends = [round(float(line.get_ydata()[-1]), 6) for line in left.lines]
    assert ends == [1, 1, 1, 0]
    tops = [round(float(np.max(line.get_ydata()[:])), 2) for line in right.lines[:4]]
    assert tops == [1, 1.5, 2, 1.57]


def test_a_speed_stands_in_the_middle_of_its_step():
    figure = figures.speeds.draw({"a": torch.tensor([1.0, 3.0])}, "title")
    (line,) = figure.axes[0].lines
    assert [*line.get_xdata()] == [0.25, 0.75] and [*line.get_ydata()] == [1, 3]
