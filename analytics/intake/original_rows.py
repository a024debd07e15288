"""A site's own rows as they stand in its file, read again where they are asked for, identifiers marked."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from analytics.errors import InputFileError
from analytics.intake.identifiers import is_identifier_header
from analytics.intake.workbooks import is_workbook, read_sheet
from schemas.mapping.model import ReadOptions
from schemas.mapping.references import header_uses
from schemas.mapping.texts import HeaderIndex, normalise_header, position_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from schemas.mapping.model import SiteMapping

CANONICAL_READ = ReadOptions(headers="exact")
"""How canonical CSV files are read."""

_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, eq=False)
class OriginalRows:
    """Rows of one file, in its order.

    Parameters
    ----------
    headers
        Headers as they stand in the file, or as the mapping names them.
    rows
        Line where a row starts, and its cells as they stand; can be gone through once.
    """

    headers: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]


def read_original_rows(path: Path, read: ReadOptions, lines: Collection[int]) -> OriginalRows:
    """Read some rows of a file again, without holding the others.

    Parameters
    ----------
    path
        A file that was read before without a finding that refuses it.
    read
        How it was read.
    lines
        Lines where the wanted rows start; the header is line 1 of most files.

    Raises
    ------
    InputFileError
        The file cannot be read, or is no longer the file that was checked.
    """
    wanted = frozenset(lines)
    if is_workbook(path.name):
        return _rows_of_sheet(path, read, wanted)
    headers = read.names or _headers_of_text(path, read)
    return OriginalRows(headers, _rows_of_text(path, read, wanted))


def hidden_places(headers: Sequence[str], mapping: SiteMapping | None) -> frozenset[int]:
    """Return the 0-based places of columns that tell who a patient is.

    Parameters
    ----------
    headers
        Headers of the file.
    mapping
        The mapping in use: what it drops and what it makes pseudonyms of. None for canonical files.
    """
    loose = mapping is None or mapping.read.headers == "loose"
    names: set[str] = set()
    if mapping is not None:
        names = {*mapping.source.drop, *(use.header for use in header_uses(mapping) if use.is_hashed)}
    known = {normalise_header(name, loose=loose) for name in names}
    return frozenset(
        place
        for place, header in enumerate(headers)
        if normalise_header(header, loose=loose) in known
        or position_name(place) in names
        or is_identifier_header(header)
    )


def places_read(headers: Sequence[str], mapping: SiteMapping) -> frozenset[int]:
    """Return the 0-based places of the columns that a mapping reads."""
    index = HeaderIndex(tuple(headers), loose=mapping.read.headers == "loose")
    columns = {index.column(use.header) for use in header_uses(mapping)}
    return frozenset(place for place in range(len(headers)) if position_name(place) in columns)


def _headers_of_text(path: Path, read: ReadOptions) -> tuple[str, ...]:
    """Return the record that holds the headers."""
    lines = _physical_lines(path, read)
    first = next(lines, "")
    is_separator_line = first.rstrip("\r\n") == f"sep={read.delimiter}"
    text = lines if is_separator_line else chain((first,), lines)
    records = (record for record in csv.reader(text, delimiter=read.delimiter, strict=True) if record)
    try:
        return tuple(next(islice(records, read.header_row - 1, None)))
    except (csv.Error, StopIteration):
        raise changed_file(path) from None


def _rows_of_text(path: Path, read: ReadOptions, wanted: frozenset[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield the wanted records of a delimited file; the others are passed over line by line."""
    number, left = 0, len(wanted)
    lines = _physical_lines(path, read)
    while left:
        line = next(lines, None)
        if line is None:
            raise changed_file(path)
        number += 1
        if number in wanted:
            reader = csv.reader(chain((line,), lines), delimiter=read.delimiter, strict=True)
            try:
                yield number, next(reader)
            except (csv.Error, StopIteration):
                raise changed_file(path) from None
            number += reader.line_num - 1
            left -= 1


def _rows_of_sheet(path: Path, read: ReadOptions, wanted: frozenset[int]) -> OriginalRows:
    """Return the wanted rows of a sheet."""
    try:
        rows = read_sheet(path.read_bytes(), read, path.name)
    except OSError as error:
        raise changed_file(path) from error
    pairs = zip(rows.lines or [], rows.cells or [], strict=True)
    kept = [(line, cells) for line, cells in pairs if line in wanted]
    if len(kept) != len(wanted):
        raise changed_file(path)
    return OriginalRows(rows.headers, iter(kept))


def _physical_lines(path: Path, read: ReadOptions) -> Iterator[str]:
    """Yield the lines of a text file, packed or not, with their ends and without its byte-order mark."""
    is_packed = path.name.casefold().endswith(".gz")
    try:
        with (
            gzip.open(path, "rb") if is_packed else path.open("rb") as data,
            io.TextIOWrapper(data, encoding=read.encoding, errors="strict", newline="") as stream,
        ):
            first = stream.readline().removeprefix(_BYTE_ORDER_MARK)
            if first:
                yield first
                yield from stream
    except (OSError, EOFError, UnicodeError, zlib.error):
        raise changed_file(path) from None


def changed_file(path: Path) -> InputFileError:
    """Say that a file is not what it was when it was checked."""
    return InputFileError(
        where=path.name,
        what="the file changed or went away while it was checked",
        fix="Leave it alone and run the check again",
    )
