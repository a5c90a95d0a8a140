"""Tables whose rows and columns a screen reader can name."""

import html
from collections.abc import Mapping, Sequence

from IPython.display import HTML, display


def table(rows: Mapping[str, Sequence[object]], columns: Sequence[str], caption: str) -> None:
    """Show a table: row name -> one cell per column, under a caption."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("", *columns))
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows.items()
    )
    text = f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>"
    display(HTML(text))
