"""Tables as aligned plain text, for a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.report.document import Table


def render_table(table: Table) -> str:
    """Return a table with its caption, columns aligned; empty columns at the end are left out."""
    rows = [table.header, *table.rows]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(table.header))]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * max(map(_width, lines))
    return "\n".join([table.caption, lines[0], rule, *lines[1:]])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Pad the cells of one row."""
    cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Columns a terminal needs for a text; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
