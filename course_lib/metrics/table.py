"""A table of figures with their intervals, for reading and for asserting."""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class Estimate(NamedTuple):
    """A figure and its 95% interval from `low` to `high`."""

    value: float
    low: float
    high: float

    def __str__(self):
        value, low, high = map(_three_digits, self)
        return f"{value} ({low} to {high})"


def _three_digits(number: float) -> str:
    text = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    return text.replace("-", "−")


def html_table(rows: Mapping[str, Sequence[object]], columns: Sequence[str], caption: str) -> str:
    """Return a table as HTML: row name -> its cells; `columns` names the column of names too."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows.items()
    )
    return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>"


class Comparison(Mapping):
    """A table: row name -> column name -> `Estimate`.

    A notebook shows it as an HTML table, a console as text. The numbers in it are plain floats:
    comparison["dcgan"]["KID"].value, .low and .high.

    Attributes:
        n: number of images in every set.
        columns: names of the measures.
        caption: what the numbers are, in words.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, Estimate]], caption: str, n: int):
        self._rows, self.caption, self.n = dict(rows), caption, n
        self.columns = tuple(next(iter(self._rows.values())))

    def __getitem__(self, name: str) -> Mapping[str, Estimate]:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self):
        lines = [("", *self.columns)]
        lines += [(name, *map(str, cells.values())) for name, cells in self.items()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*text, self.caption])

    def _repr_html_(self) -> str:
        rows = {name: [*cells.values()] for name, cells in self.items()}
        return html_table(rows, ("", *self.columns), self.caption)
