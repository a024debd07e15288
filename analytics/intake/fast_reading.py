"""Reads a file without a fault of form in bounded blocks; any other is left to the exact reader.

The exact reader (`analytics.intake.records`) takes a file apart cell by cell and finds what is wrong with it.
Most files have nothing wrong with their form: every line is one record of the width of the headers, quotation
marks stand around whole cells, no row is blank. Where that is certain, both readers give the same cells, and
this one gives them sooner and without the text of the whole file in memory.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.clean_blocks import OddFileError, clean_blocks, require_width
from analytics.intake.layout import columns_read, is_blank_row, is_totals_row, repeated_headers
from schemas.mapping.texts import position_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from schemas.mapping.model import ReadOptions

_VISIBLE = "[!-~]"


@dataclass(frozen=True, eq=False)
class CleanFile:
    """A file in which nothing was found.

    Parameters
    ----------
    headers
        Headers in order.
    frame
        As in `schemas.mapping.raw.RawFile`.
    """

    headers: tuple[str, ...]
    frame: pl.DataFrame


def read_clean_file(path: Path, read: ReadOptions, *, drop: Sequence[str] = ()) -> CleanFile | None:
    """Read a delimited text file in which every line is a record of the width of the headers.

    Parameters
    ----------
    path, read, drop
        As for `analytics.intake.reading.read_raw_file`.

    Returns
    -------
    CleanFile or None
        None where anything about the file is odd, be it a fault or not: a row of another width, a quotation
        mark or line end inside a cell, a blank row, a row of totals, a repeated header, an unusual encoding.
    """
    try:
        return _read(path, read, drop)
    except (OddFileError, csv.Error, OSError, pl.exceptions.PolarsError):
        return None


def _read(path: Path, read: ReadOptions, drop: Sequence[str]) -> CleanFile:
    """Read the file, or raise."""
    if len(read.delimiter) != 1 or not read.delimiter.isascii() or read.delimiter in '"\r\n':
        raise OddFileError
    blocks = clean_blocks(path, read.encoding)
    first = next(blocks, b"")
    headers, first = (read.names, first) if read.names else split_headers(first, read)
    places = columns_read(headers, read, drop)
    if len(headers) < 2 or not places or repeated_headers(headers, read, path.name):
        raise OddFileError
    return CleanFile(headers, _frame(chain((first,), blocks) if first else blocks, read, (headers, places)))


def split_headers(block: bytes, read: ReadOptions) -> tuple[tuple[str, ...], bytes]:
    """Return the headers, and what stands under them in the first block; raise where that is not certain."""
    *above, header, rest = [*block.split(b"\n", read.header_row), b""][: read.header_row + 1]
    if len(above) != read.header_row - 1 or any(not line.strip() or b'"' in line for line in above):
        raise OddFileError
    records = list(csv.reader([header.decode()], delimiter=read.delimiter, strict=True))
    return tuple(records[0]) if len(records) == 1 else (), rest


def _frame(
    blocks: Iterable[bytes], read: ReadOptions, layout: tuple[tuple[str, ...], list[int]]
) -> pl.DataFrame:
    """Return the cells of the columns at some places, with record and line."""
    headers, places = layout
    skipped = 0 if read.names else read.header_row
    frames: list[pl.DataFrame] = []
    n_records, last = 0, b""
    for block in blocks:
        require_width(block, delimiter=read.delimiter, width=len(headers))
        cells = read_cells(block, read.delimiter, len(headers), places=places)
        refuse_blank_rows(cells)
        record = pl.int_range(n_records + 1, n_records + pl.len() + 1, dtype=pl.Int64).alias("record")
        frames.append(cells.with_columns(record, (record + skipped).alias("line")))
        n_records += cells.height
        last = block[block.rfind(b"\n", 0, -1) + 1 :]
    if not frames or last_line_is_totals(last, read.delimiter):
        raise OddFileError
    return joined(frames)


def last_line_is_totals(line: bytes, delimiter: str) -> bool:
    """Return whether the last line of a file announces totals."""
    return is_totals_row(next(csv.reader([line.decode()], delimiter=delimiter)))


def joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return blocks as one frame, each column in one piece; no more than one column is held twice."""
    columns = []
    for name in frames[0].columns:
        columns.append(pl.concat([frame[name] for frame in frames], rechunk=True))
        for frame in frames:
            frame.drop_in_place(name)
    return pl.DataFrame(columns)


def read_cells(
    block: bytes,
    delimiter: str,
    width: int,
    *,
    places: Sequence[int] | None = None,
    blank_is_null: bool = False,
) -> pl.DataFrame:
    """Return the cells of a block of whole lines as text, columns named by their position.

    Parameters
    ----------
    block
        Lines of UTF-8 with as many cells each.
    delimiter, width
        What parts the cells, and how many there are in a line.
    places
        0-based columns to return; all where they are not given. Lines that are too long are then refused.
    blank_is_null
        Whether empty cells are null, and not empty text.
    """
    return pl.read_csv(
        block,
        has_header=False,
        schema={position_name(place): pl.String for place in range(width)},
        columns=places,
        separator=delimiter,
        quote_char='"' if b'"' in block else None,
        empty_string_is_null=blank_is_null,
    )


def refuse_blank_rows(cells: pl.DataFrame) -> None:
    """Leave rows in which nothing can be seen to the exact reader; cells that are not read do not count."""
    for name in cells.columns:
        cells = cells.filter(~pl.col(name).str.contains(_VISIBLE))
        if cells.is_empty():
            return
    if any(is_blank_row(row) for row in cells.iter_rows()):
        raise OddFileError
