"""Grids map pixels honestly, and nothing is shown without alt text."""

import io

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from PIL import Image

from course_lib import figures, metrics
from course_lib.training import History


def test_a_grid_shows_each_pixel_where_it_belongs():
    images = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1)
    sheet = figures.tile(images, columns=2, scale=1)
    assert sheet.tolist() == [[0, 255, 255, 128], [255] * 4, [255] * 4, [255] * 4]


def test_a_grid_is_not_normalised_by_its_content():
    dull = torch.full((4, 1, 2, 2), -0.5)
    assert set(figures.tile(dull, columns=4).flatten().tolist()) == {64, 255}


def test_colour_and_uint8():
    images = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    images[1, 0] = 200
    sheet = figures.tile(images, columns=2, scale=2)
    assert sheet.shape == (8, 18, 3)
    assert sheet[0, 0].tolist() == [0, 0, 0] and sheet[0, -1].tolist() == [200, 0, 0]


@pytest.mark.parametrize("shape", [(4, 4), (1, 2, 4, 4), (0, 1, 4, 4)])
def test_a_wrong_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"\(N, 1 or 3, H, W\), got"):
        figures.tile(torch.zeros(shape))


def test_pictures_carry_alt_and_caption_escaped(shown, decoded):
    figures.grid(torch.zeros(1, 1, 2, 2), alt='a "dark" image', caption="a < b")
    assert 'alt="a &quot;dark&quot; image"' in shown[0].data
    assert "<figcaption>a &lt; b</figcaption>" in shown[0].data
    assert decoded(shown[0]).shape == (4, 4)
    with pytest.raises(ValueError, match="alt text"):
        figures.grid(torch.zeros(1, 1, 2, 2), alt=" ")


def test_rows_stand_below_each_other_with_their_names(shown, decoded):
    light, dark = torch.ones(3, 1, 4, 4), -torch.ones(2, 1, 4, 4)
    figures.rows({"light": light, "a longer name": dark}, alt="two rows", columns=3, scale=2)
    sheet = decoded(shown[0])  # 8 + 6 + 8 rows of pixels
    assert sheet.shape[0] == 22
    left = sheet.shape[1] - 28  # three images of 8 pixels and two gaps of 2
    assert (sheet[:, :left] < 128).any()  # the names
    assert (sheet[:8, left:] == 255).all() and (sheet[14:, left : left + 8] == 0).all()
    figures.rows({"colour": torch.zeros(1, 3, 4, 4)}, alt="one row in colour")
    assert decoded(shown[1]).shape[2] == 3


def test_losses_side_by_side_share_a_scale_and_count_steps():
    many = {name: {"loss": [1.0, 30.0]} for name in "abcde"}
    figure = figures.losses_side_by_side.draw(many, window=1, every=10, reach=(-1, 6))
    assert all(axis.get_ylim() == (-1, 6) for axis in figure.axes)
    assert figure.axes[4].lines[0].get_xdata().tolist() == [10, 20]
    assert [axis.axison for axis in figure.axes] == 5 * [True] + 3 * [False]


def test_paths_go_over_the_time_and_keep_their_colour_by_where_they_begin():
    positions = torch.tensor([[2.0, -1.0, 0.0], [1.0, 1.0, 1.0]])
    (axis,) = figures.paths.draw({"two times": positions}, reach=3.0).axes
    assert axis.get_ylim() == (-3, 3) and axis.get_title() == "two times"
    assert [line.get_ydata().tolist() for line in axis.lines] == [[-1, 1], [0, 1], [2, 1]]
    assert all(line.get_xdata().tolist() == [0, 1] for line in axis.lines)
    brightness = [sum(line.get_color()[:3]) for line in axis.lines]
    assert brightness == sorted(brightness) and brightness[0] < brightness[-1]


def test_a_figure_of_lines_leaves_no_series_out():
    series = {name: [(1, i + 1), (10, i + 2)] for i, name in enumerate("abcdefgh")}
    (axis,) = figures.lines.draw(series, "t", "x", "y").axes
    assert [line.get_label() for line in axis.lines] == [*series]


def test_scatter_draws_the_discriminators_answers_below_the_points():
    points, answers = torch.zeros(5, 2), torch.linspace(0, 1, 9).view(3, 3)
    figure = figures.scatter.draw({"a": (points, answers)}, torch.ones(4, 2), reach=2.5)
    axis = figure.axes[0]
    (surface,) = axis.images
    assert surface.get_extent() == [-2.5, 2.5, -2.5, 2.5] and surface.origin == "lower"
    assert surface.get_array().tolist() == answers.tolist()
    assert [len(part.get_offsets()) for part in axis.collections] == [5, 4]


def test_smooth_is_a_running_mean():
    assert figures.smooth([1, 2, 3, 4], 2).tolist() == [1, 1.5, 2.5, 3.5]
    assert figures.smooth([1, 2], 10).tolist() == [1, 1.5]


def history(steps=30):
    result = History()
    for i in range(steps):
        result.add({"loss_d": i, "loss_g": -i})
    return result


def test_curves_scatter_and_table_are_drawn(shown, decoded):
    figures.curves(history(), alt="two lines", title="They part")
    figures.losses_side_by_side({"a": history(), "b": history()}, alt="two panels")
    figures.scatter({"a": torch.rand(9, 2)}, torch.rand(9, 2), alt="points")
    figures.labelled_grid(torch.zeros(3, 1, 4, 4), ["x", "y", "z"], alt="three", columns=2)
    for output in shown:
        assert decoded(output).std() > 5
    figures.table({"<i>": [1, "<i>"]}, columns=["a", "<i>"], caption="<i>")
    assert shown[-1].data.count("&lt;i&gt;") == 4 and "<i>" not in shown[-1].data
    assert 'scope="col">a' in shown[-1].data


def test_curves_count_steps_and_name_levels():
    figure = figures.curves.draw({"found": [1, 2, 3]}, "", 1, every=50, levels={"2 ln 2": 1.4})
    (axis,) = figure.axes
    assert axis.lines[0].get_xdata().tolist() == [50, 100, 150]
    assert set(axis.lines[1].get_ydata()) == {1.4}
    assert [text.get_text() for text in axis.texts] == ["2 ln 2"]
    assert axis.get_legend() is None  # one curve needs none: the axis names it


def test_the_live_view_changes_in_place_and_leaves_a_static_picture(shown, decoded):
    brightness, before = [0.0], {*_instances}
    view = figures.live(lambda: torch.full((4, 1, 4, 4), brightness[0]), alt="four squares")
    view.update(history())
    first, box = view._image.value, view.box
    assert view._image.tooltip == "four squares"  # its name for screen readers
    brightness[0] = 1.0
    view.update(history())
    assert view.box is box and view._image.value != first
    assert len(shown) == 1  # one display, however many updates
    done = history()
    done.seconds, done.images_per_second = 3.2, 1234.6
    view.finish(done)
    assert "30 steps in 3 s, 1,235 images per second" in shown[-1].data
    assert 'alt="four squares"' in shown[-1].data and decoded(shown[-1]).max() == 255
    assert {*_instances} == before, "widgets are still held"


def test_a_strip_enlarges_images_of_any_size_to_one_height(shown, decoded):
    grey, colour = torch.full((4, 1, 5, 5), -1.0), torch.ones(1, 3, 20, 20)
    colour[:, :2] = -1  # blue
    figures.strip({"grey": grey, "two\nlines": colour}, alt="two blocks", side=40)
    page = decoded(shown[-1])
    assert page.shape[0] == 40 + 8 + 2 * 19
    assert page[8:23, :15].max() == 0 and page[7, 0, 0] == 255
    assert (page[0, -1] == (0, 0, 255)).all() and page[39, -1, 0] == 0 and page[40, -1, 0] == 255


def test_a_labelled_grid_rich_in_detail_is_smaller_as_jpeg(shown, decoded):
    noise = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for jpeg in (False, True):
        figures.labelled_grid(noise, ["a", "b\nc", "d", "e"], alt="noise", columns=4, jpeg=jpeg)
    png, small = (output.data for output in shown)
    assert "image/png" in png and "image/jpeg" in small and len(small) < len(png)
    assert decoded(shown[0]).shape[:2] == decoded(shown[1]).shape[:2]


def test_an_empty_label_stands_for_the_one_to_its_left():
    x = torch.linspace(-1, 1, 5)
    panels = {name: {"D*": torch.full_like(x, 0.7)} for name in "abc"}
    labels = ["D(x, y)", "", "logit"]
    left, middle, right = figures.functions.draw(x, panels, labels).axes
    assert left.get_ylim() == middle.get_ylim() == (-0.03, 1.03)
    assert right.get_ylim()[1] < 1  # not a probability
    assert [axis.get_ylabel() for axis in (left, middle, right)] == labels


def test_marks_stand_in_their_panel_on_each_curve():
    x = torch.linspace(0, 1, 11)
    panels = {"a": {"p": x, "q": 1 - x}, "b": {"D*": x}}
    left, right = figures.functions.draw(x, panels, ["", ""], marks={"a": [0.25]}).axes
    dots = [line.get_xydata()[0] for line in left.lines if line.get_marker() == "o"]
    assert np.allclose(dots, [(0.25, 0.25), (0.25, 0.75)])
    assert len(right.lines) == 1


def test_many_panels_of_the_same_curves_share_a_legend():
    x = torch.linspace(0, 1, 11)
    for panels, legends in (("abcd", 1), ("ab", 0)):
        curves = {title: {"p": x, "q": x} for title in panels}
        figure = figures.functions.draw(x, curves, [""] * len(panels), width=2.0)
        assert len(figure.legends) == legends
        assert all((axis.get_legend() is None) == bool(legends) for axis in figure.axes)


def test_few_colours_leave_a_plot_as_it_was():
    figure, axis = figures.new()
    axis.plot([0, 1, 4, 9], label="a line")
    axis.legend()
    whole, few = figures.figure_png(figure), figures.figure_png(figure, colours=64)
    before, after = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float) for png in (whole, few)
    )
    assert len(few) < 0.5 * len(whole)
    assert before.shape == after.shape and np.abs(before - after).max() < 24


def test_a_landscape_marks_its_lowest_point():
    values = torch.zeros(3, 5)
    values[2, 1] = -1.0
    figure = figures.landscape.draw(torch.arange(5.0), torch.tensor([0.5, 1.0, 2.0]), values, "a")
    (star,) = figure.axes[0].lines
    assert (star.get_xdata().item(), star.get_ydata().item()) == (1, 2)


POINTS, GRID, ROWS = torch.randn(50, 2), torch.rand(5, 4), torch.arange(4)
SHOWN = {
    "against_size": ([1, 2], {"KID": {"a": [[1, 2], [3]]}}),
    "codes": ({"a": POINTS, "b": POINTS + 1}, POINTS / 2, "title"),
    "confusion": (torch.ones(3, 3), ["x", "y", "z"], "title"),
    "cumulative": ({"a": torch.rand(9), "b": torch.rand(5)}, "title", "x"),
    "curves": ({"a": [3, 2, 1]},),
    "easings": (),
    "effects": ({"a": torch.eye(3)}, ["x", "y", "z"]),
    "functions": (torch.arange(4), {"a": {"p": torch.rand(4)}}, ["density"]),
    "gap_map": (torch.arange(4), torch.arange(5), GRID, (1.0, 2.0), "title"),
    "histograms": ({"a": POINTS[:, 0], "b": POINTS[:, 1]}, 0.0, "x"),
    "intervals": ({"data": [metrics.share(3, 10)] * 2}, ["a", "b"], "title"),
    "kl_bars": ({name: torch.rand(4) for name in "abcde"},),
    "landscape": (ROWS, torch.arange(5), -GRID, "title"),
    "lines": ({"a": [(1, 2), (3, 4)]}, "title", "x", "y", {"a": ["b"]}),
    "losses_side_by_side": ({"a": {"loss": [2, 1]}},),
    "numbers": ({"a": torch.rand(3, 3)},),
    "paths": ({"a": torch.rand(5, 3), "b": torch.rand(9, 4)},),
    "plane": (*torch.meshgrid(ROWS, ROWS, indexing="xy"), {"p": GRID[:4], "D*": GRID[1:]}),
    "scatter": ({"a": torch.rand(9, 2)}, torch.rand(9, 2)),
    "speeds": ({"a": torch.rand(9), "b": torch.rand(5)}, "title"),
}


# The first word at every axis, x before y, and at the scale of colours.
AXES = {
    "against_size": "images KID",
    "codes": "first second",
    "confusion": "predicted true",
    "cumulative": "x share",
    "curves": "step loss",
    "easings": "time share time speed",
    "effects": "what a",
    "functions": "x density",
    "gap_map": "mean std log",
    "histograms": "x density x",
    "intervals": "share",
    "kl_bars": "dimension, KL",
    "landscape": "mean scale V(D*,",
    "lines": "x y",
    "losses_side_by_side": "step loss",
    "numbers": "",
    "paths": "time position time",
    "plane": "x y x density probability",
    "scatter": "$x_1$ $x_2$",
    "speeds": "time degrees",
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_axis_has_its_own_name(name):
    figure = getattr(figures, name).draw(*SHOWN[name])
    labels = [figure.get_supxlabel(), figure.get_supylabel()]
    labels += [label for axis in figure.axes for label in (axis.get_xlabel(), axis.get_ylabel())]
    assert " ".join(label.split()[0] for label in labels if label) == AXES[name]


def test_the_figures_tried_are_all_there_are():
    assert set(SHOWN) == {name for name in dir(figures) if hasattr(getattr(figures, name), "draw")}


@pytest.mark.parametrize("name", SHOWN)
def test_every_figure_is_shown_with_alt_text_and_caption(name, shown, decoded):
    getattr(figures, name)(*SHOWN[name], alt="what <is> seen", caption="a caption")
    (output,) = shown
    assert 'alt="what &lt;is&gt; seen"' in output.data and "a caption" in output.data
    assert decoded(output).std() > 5
