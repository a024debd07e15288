"""Cells and headers made comparable: width, blanks, case. Nothing here changes what a value means."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

_BLANKS_AND_UNDERSCORES = re.compile(r"[\s_]+")
_POSITION = re.compile(r"#[1-9][0-9]*")
# NFKC leaves U+2212 alone, and a number with it would not parse; U+FEFF and U+200B are invisible.
_UNICODE_MINUS = "\N{MINUS SIGN}"
_INVISIBLE = "[\u200b\ufeff]"


def normalise_text(text: str) -> str:
    """Return a cell text in NFKC without outer blanks, with a plain minus sign."""
    plain = unicodedata.normalize("NFKC", text).replace(_UNICODE_MINUS, "-")
    return re.sub(_INVISIBLE, "", plain).strip()


def normalise_cells(cells: pl.Series) -> pl.Series:
    """Return a column of cell texts as `normalise_text` would, blank cells as null."""
    if (cells.str.len_bytes() != cells.str.len_chars()).any():
        cells = cells.str.normalize("NFKC").str.replace_all(_UNICODE_MINUS, "-", literal=True)
        cells = cells.str.replace_all(_INVISIBLE, "")
    stripped = cells.str.strip_chars()
    # Most columns have nothing to strip and many no blank; they are handed on, not kept twice.
    if stripped.str.len_bytes().sum() != cells.str.len_bytes().sum():
        cells = stripped
    if not (cells == "").any():
        return cells
    return cells.to_frame("cell").select(pl.when(pl.col("cell") != "").then(pl.col("cell"))).to_series()


def normalise_header(header: str, *, loose: bool) -> str:
    """Return a header as it is compared: as it is, or without width, case, blanks and underscores."""
    if not loose:
        return header
    return _BLANKS_AND_UNDERSCORES.sub("", unicodedata.normalize("NFKC", header).casefold())


def position_name(index: int) -> str:
    """Return the name of the column at a 0-based position: ``#1`` is the first."""
    return f"#{index + 1}"


class HeaderIndex:
    """Finds the column that a mapping means by a header.

    Parameters
    ----------
    headers
        Headers of the file in order.
    loose
        Whether width, case, blanks and underscores are ignored.
    """

    def __init__(self, headers: tuple[str, ...], *, loose: bool) -> None:
        self._loose = loose
        self._headers = headers
        self._columns: dict[str, str] = {}
        for index, header in enumerate(headers):
            self._columns.setdefault(normalise_header(header, loose=loose), position_name(index))

    def column(self, name: str) -> str | None:
        """Return the column (``#1`` is the first) that a header or a position names, or None."""
        if _POSITION.fullmatch(name):
            return name if int(name[1:]) <= len(self._headers) else None
        return self._columns.get(normalise_header(name, loose=self._loose))

    def label(self, column: str) -> str:
        """Return how a column is named to people: its header, or its position if the header is blank."""
        header = self._headers[int(column[1:]) - 1].strip()
        return header or column
