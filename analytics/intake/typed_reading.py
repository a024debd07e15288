"""Reads a canonical CSV without a fault of form in bounded blocks, each cell by its type as it passes.

Of the text no more than one block is held, and the cells that have no value of their type. The text of a row
that is asked for later, because it was rejected, is read again from its place in the file.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.intake.clean_blocks import (
    OddFileError,
    clean_blocks,
    line_ends_and_odd_lines,
    lines_at,
    open_unpacked,
    require_delimiters,
    require_lengths,
    require_width,
    starts_with_mark,
)
from analytics.intake.fast_reading import (
    joined,
    last_line_is_totals,
    read_cells,
    refuse_blank_rows,
    split_headers,
)
from analytics.intake.layout import repeated_headers
from analytics.intake.original_rows import CANONICAL_READ, changed_file
from schemas.mapping.findings import findings_frame
from schemas.mapping.raw import RawFile
from schemas.mapping.texts import normalise_cells, position_name
from schemas.parsing import UNREAD_SCHEMA, read_types, unreadable_cells
from schemas.submission import ReadTable, TextTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.registry import Table

_DELIMITER = CANONICAL_READ.delimiter
_ROWS_SHOWN = 1000
_MOST_ODD = 0.2  # of the lines of a block; beyond it all are looked at sign by sign
_POSITION = ("row", "record", "line")


@dataclass(frozen=True, eq=False)
class TypedFile:
    """A canonical file in which nothing was found.

    Parameters
    ----------
    raw
        The file, with no more than its first thousand rows.
    text
        All of its rows, with their types.
    """

    raw: RawFile
    text: TextTable


def read_typed_file(path: Path, table: Table) -> TypedFile | None:
    """Read a canonical CSV in which every line is a record of the width of the headers.

    Parameters
    ----------
    path
        The file.
    table
        The table that it is named after.

    Returns
    -------
    TypedFile or None
        None where anything about the file is odd, as for `analytics.intake.fast_reading.read_clean_file`, or
        where no column is one of the table.
    """
    try:
        return _read(path, table)
    except (OddFileError, csv.Error, OSError, pl.exceptions.PolarsError):
        return None


@dataclass(frozen=True, eq=False)
class _Block:
    """Text of some rows by position, and where each of their lines starts in the unpacked file."""

    text: pl.DataFrame
    starts: NDArray[np.int64]


def _read(path: Path, table: Table) -> TypedFile:
    """Read the file, or raise."""
    lines = LinesOfFile.of(path)
    blocks = clean_blocks(path, CANONICAL_READ.encoding)
    above = next(blocks, b"")
    headers, first = split_headers(above, CANONICAL_READ)
    names = {position_name(at): name for at, name in enumerate(headers) if name in table.dtypes}
    if len(headers) < 2 or not names or repeated_headers(headers, CANONICAL_READ, path.name):
        raise OddFileError
    start = len(above) - len(first) + starts_with_mark(path)
    frames: list[pl.DataFrame] = []
    unread = [pl.DataFrame(schema=UNREAD_SCHEMA)]
    shown: list[pl.DataFrame] = []
    n = 0
    for block in _blocks(chain((first,), blocks) if first else blocks, len(headers), start):
        shown.append(block.text.head(max(_ROWS_SHOWN - n, 0)))
        text = block.text.select(pl.col(position).alias(name) for position, name in names.items())
        typed = read_types(text, table)
        numbered = text.with_columns(pl.int_range(n, n + pl.len(), dtype=pl.Int64).alias("at"))
        unread.append(unreadable_cells(numbered, typed, table))
        frames.append(typed)
        lines.add(block.starts)
        n += text.height
    read = ReadTable(
        joined(frames), pl.concat(unread).rename({"at": "row"}), lines.reader(len(headers), names)
    )
    raw = RawFile(path.name, headers, pl.concat(shown), n, findings_frame([]))
    return TypedFile(raw, _table(raw, table, read))


def _table(raw: RawFile, table: Table, read: ReadTable) -> TextTable:
    """Return the rows under the headers of their file, all but their position by name only."""
    row = pl.int_range(raw.n_records, dtype=pl.Int64, eager=True)
    named = [name for name in raw.headers if name.strip() and name not in _POSITION]
    columns = [pl.Series(name, [], dtype=pl.Null).extend_constant(None, len(row)) for name in named]
    position = [row.alias("row"), (row + 1).alias("record"), (row + 2).alias("line")]
    frame = pl.DataFrame([*columns, *position])
    return TextTable(table.name, frame, raw.file, {name: name for name in raw.headers if name}, read=read)


def _blocks(blocks: Iterable[bytes], width: int, start: int) -> Iterator[_Block]:
    """Yield the cells of each block as normalised text, blank ones as null."""
    last = b""
    for block in blocks:
        signs = np.frombuffer(block, dtype=np.uint8)
        ends, odd = line_ends_and_odd_lines(signs, _DELIMITER)
        require_lengths(ends)
        text = _text_of(block, ends, odd, width)
        if text.height != len(ends):
            raise OddFileError
        yield _Block(text, start + np.concatenate(([0], ends[:-1] + 1)))
        start += len(block)
        last = block[block.rfind(b"\n", 0, -1) + 1 :]
    if not last or last_line_is_totals(last, _DELIMITER):
        raise OddFileError


def _text_of(block: bytes, ends: NDArray[np.int64], odd: NDArray[np.int64], width: int) -> pl.DataFrame:
    """Return the cells of a block; only lines that need it are looked at sign by sign."""
    if len(odd) > _MOST_ODD * len(ends):
        return _odd_text(block, width)
    rest = lines_at(block, ends, odd)
    require_delimiters(block, rest, delimiter=_DELIMITER, n=(len(ends) - len(odd)) * (width - 1))
    text = read_cells(block, _DELIMITER, width, blank_is_null=True)
    _refuse_null_rows(text)
    return _with_rows(text, odd, _odd_text(rest, width)) if len(odd) else text


def _odd_text(block: bytes, width: int) -> pl.DataFrame:
    """Return the cells of a block of lines that may hold anything."""
    require_width(block, delimiter=_DELIMITER, width=width)
    cells = read_cells(block, _DELIMITER, width)
    refuse_blank_rows(cells)
    return pl.DataFrame([normalise_cells(cells[name]).alias(name) for name in cells.columns])


def _with_rows(text: pl.DataFrame, places: NDArray[np.int64], rows: pl.DataFrame) -> pl.DataFrame:
    """Put rows in their places where they differ from what stands there."""
    at = pl.Series(places)
    columns = [
        column if column[at].equals(row, null_equal=True) else column.scatter(at, row)
        for column, row in zip(text.get_columns(), rows.get_columns(), strict=True)
    ]
    return pl.DataFrame(columns)


def _refuse_null_rows(text: pl.DataFrame) -> None:
    """Leave a file with a row of nulls to the exact reader."""
    for name in text.columns:
        text = text.filter(pl.col(name).is_null())
        if text.is_empty():
            return
    raise OddFileError


class LinesOfFile:
    """Where each record of a file starts, to read single ones again.

    Parameters
    ----------
    path
        The file.
    stamp
        Its size and the time of its last change.
    """

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        self._path = path
        self._stamp = stamp
        self._starts: list[NDArray[np.int64]] = []

    @classmethod
    def of(cls, path: Path) -> LinesOfFile:
        """Start with the file as it is now."""
        return cls(path, _stamp(path))

    def add(self, starts: NDArray[np.int64]) -> None:
        """Add the places where the next records start."""
        self._starts.append(starts)

    def reader(self, width: int, names: Mapping[str, str]) -> RowReader:
        """Return what reads rows again: ``names`` are the columns to keep, by their position."""
        return RowReader(self._path, self._stamp, np.concatenate(self._starts), width, names)


@dataclass(frozen=True, eq=False)
class RowReader:
    """Reads single rows of a file again.

    Parameters
    ----------
    path, stamp
        The file, and its size and time of last change when it was read.
    starts
        Where each record starts in the unpacked file.
    width
        Cells of a record.
    names
        Name of each column to keep, by its position.
    """

    path: Path
    stamp: tuple[int, int]
    starts: NDArray[np.int64]
    width: int
    names: Mapping[str, str]

    def __call__(self, rows: pl.Series) -> pl.DataFrame:
        """Return the columns of some rows, in ascending order, as normalised text.

        Raises
        ------
        InputFileError
            The file is no longer the one that was checked.
        """
        try:
            block = b"".join(self._lines(rows.to_numpy()))
            cells = read_cells(block, _DELIMITER, self.width)
            is_same = cells.height == len(rows) and _stamp(self.path) == self.stamp
        except (OSError, EOFError, pl.exceptions.PolarsError):
            is_same = False
        if not is_same:
            raise changed_file(self.path)
        return pl.DataFrame(
            [normalise_cells(cells[position]).alias(name) for position, name in self.names.items()]
        )

    def _lines(self, rows: NDArray[np.int64]) -> Iterator[bytes]:
        """Yield the lines of the rows, neighbours in one piece."""
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        with open_unpacked(self.path) as stream:
            for first, last in pairwise([0, *breaks.tolist(), len(rows)]):
                stream.seek(self.starts[rows[first]])
                after = rows[last - 1] + 1
                lines = stream.read(self.starts[after] - stream.tell() if after < len(self.starts) else -1)
                yield lines.rstrip(b"\r\n") + (b"\r\n" if b"\r\n" in lines else b"\n")


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of last change of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
