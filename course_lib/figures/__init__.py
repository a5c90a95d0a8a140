"""Figures, named by what they draw: grids, curves, matrices, maps, bars, points, tables.

Every function shows its picture with alt text. A function made by `base.shown` returns the picture
itself by its attribute `draw`: `figures.curves.draw(history)` is a matplotlib figure.
"""

from course_lib.figures.bars import histograms, intervals, kl_bars
from course_lib.figures.base import (
    BLUE,
    COLOURS,
    GREEN,
    LINE_STYLES,
    MARKERS,
    ORANGE,
    PURPLE,
    RED,
    STYLE,
    as_html,
    figure_jpeg,
    figure_png,
    new,
    png,
    show,
)
from course_lib.figures.grids import grid, labelled_grid, rows, strip, tile
from course_lib.figures.maps import gap_map, landscape, plane
from course_lib.figures.matrices import confusion, effects, numbers
from course_lib.figures.points import codes, scatter
from course_lib.figures.progress import Live, live
from course_lib.figures.series import (
    against_size,
    cumulative,
    curves,
    easings,
    functions,
    lines,
    losses_side_by_side,
    paths,
    smooth,
    speeds,
)
from course_lib.figures.tables import table
