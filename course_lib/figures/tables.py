"""Tables whose rows and columns a screen reader can name."""

from collections.abc import Mapping, Sequence

from IPython.display import HTML, display

from course_lib.metrics.table import html_table


def table(rows: Mapping[str, Sequence[object]], columns: Sequence[str], caption: str) -> None:
    """Show a table: row name -> one cell per column, under a caption."""
    display(HTML(html_table(rows, ("", *columns), caption)))
