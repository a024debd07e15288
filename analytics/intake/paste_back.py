"""The site's own faulty rows, handed back to it with what is wrong and how to mend it, as CSV and workbook.

These files hold the site's values and go to that site only. Columns that tell who a patient is are blank;
line and record lead the site to its row.
"""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from analytics.intake.findings_csv import FORMULA_STARTS, unwritable
from analytics.intake.original_rows import (
    CANONICAL_READ,
    changed_file,
    hidden_places,
    read_original_rows,
)
from analytics.intake.row_faults import faults_of_rows
from analytics.intake.workbooks import is_workbook
from schemas.mapping.texts import HeaderIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission
    from schemas.mapping.model import ReadOptions

SUFFIX = "_to_correct"
FRONT = ("line", "record", "what is wrong and how to fix it")
"""Columns that stand before the site's own."""

# Findings after which neither rows nor headers can be relied on: the file as a whole is mended first.
_UNSOUND = ("F01", "F02", "F03", "F04", "F06", "F07", "F08")
_ENDINGS = re.compile(r"(\.csv|\.txt|\.tsv)?(\.gz)?$|\.xlsx$|\.xlsm$", re.IGNORECASE)
_HARMLESS = re.compile(r"[+-]*|[+-]?[0-9][0-9.,\s]*%?")


@dataclass(frozen=True)
class FaultyRow:
    """One row as it is handed back.

    Parameters
    ----------
    line, record
        Where it stands in the site's file.
    first, others
        Its faults in words: the one to mend first, and the others, one a line, or None.
    cells
        The site's cells as text, blank where a column is hidden.
    faults
        0-based place of each faulty cell, with level, rule and words of its hardest fault.
    first_place
        Place of the cell to mend first; None if the fault is not of one cell.
    """

    line: int
    record: int
    first: str
    others: str | None
    cells: list[str]
    faults: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    first_place: int | None = None

    @property
    def told(self) -> str:
        """All faults, one a line."""
        return self.first if self.others is None else f"{self.first}\n{self.others}"


@dataclass(frozen=True, eq=False)
class FaultyFile:
    """What is handed back of one file.

    Parameters
    ----------
    path
        The site's file.
    read
        How it was read.
    headers, hidden
        Its headers, and the 0-based places of those whose cells are left out.
    faults
        Result of `analytics.intake.row_faults.faults_of_rows`.
    kept
        Line and cells of the faulty rows where reading them again is dear, as of a sheet; else None.
    """

    path: Path
    read: ReadOptions
    headers: tuple[str, ...]
    hidden: frozenset[int]
    faults: pl.DataFrame
    kept: tuple[tuple[int, list[str]], ...] | None = None

    def rows(self) -> Iterator[FaultyRow]:
        """Yield the faulty rows in the order of the file.

        Raises
        ------
        InputFileError
            The file changed since it was checked.
        """
        lines = self.faults["line"].to_list()
        rows = read_original_rows(self.path, self.read, lines).rows if self.kept is None else self.kept
        index = HeaderIndex(self.headers, loose=self.read.headers == "loose")
        for (line, cells), fault in zip(rows, self.faults.iter_rows(named=True), strict=True):
            if line != fault["line"]:
                raise changed_file(self.path)
            columns = [None if header is None else index.column(header) for header in fault["headers"]]
            places = [None if column is None else int(column[1:]) - 1 for column in columns]
            marked: dict[int, tuple[str, str, str]] = {}
            told = zip(places, fault["levels"], fault["rules"], fault["notes"], strict=True)
            for place, level, rule, note in told:
                if place is not None:
                    marked.setdefault(place, (level, rule, note))
            words = (fault["first"], fault["others"])
            yield FaultyRow(line, fault["record"], *words, self._shown(cells), marked, places[0])

    def _shown(self, cells: list[str]) -> list[str]:
        """Return cells without those of hidden columns.

        A row of another width may hold an identifier under any header: it is blank where one is hidden.
        """
        if self.hidden and len(cells) != len(self.headers):
            return [""] * len(self.headers)
        return ["" if place in self.hidden else cell for place, cell in enumerate(cells)]


def faulty_files(prepared: PreparedSubmission) -> list[FaultyFile]:
    """Return what can be handed back of each file that has faulty rows.

    A file refused as a whole for its form has none: its rows or headers cannot be relied on. Nor have files
    of one name, which findings do not tell apart.
    """
    names = [path.name for path in prepared.paths]
    found = [_faulty_file(prepared, path) for path in prepared.paths if names.count(path.name) == 1]
    return [item for item in found if item is not None]


def _faulty_file(prepared: PreparedSubmission, path: Path) -> FaultyFile | None:
    """Return what can be handed back of one file."""
    findings = prepared.findings.filter(pl.col("file") == path.name)
    is_refused = (pl.col("level") == "FILE") & pl.col("rule_id").is_in(_UNSOUND)
    if findings.filter(is_refused).height:
        return None
    faults = faults_of_rows(findings, path.name, prepared.mapping)
    if faults.is_empty():
        return None
    read = CANONICAL_READ if prepared.mapping is None else prepared.mapping.read
    is_sheet = is_workbook(path.name)
    original = read_original_rows(path, read, faults["line"].to_list() if is_sheet else [])
    hidden = hidden_places(original.headers, prepared.mapping)
    kept = tuple(original.rows) if is_sheet else None
    return FaultyFile(path, read, original.headers, hidden, faults, kept)


def target_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Return how the files handed back are called, without ending: the site's own name and a suffix."""
    stems = {path: _ENDINGS.sub("", path.name) for path in paths}
    taken = list(stems.values())
    return {path: f"{stem if taken.count(stem) == 1 else path.name}{SUFFIX}" for path, stem in stems.items()}


def write_paste_back_csv(file: FaultyFile, target: Path) -> str | None:
    """Write the faulty rows of a file as CSV, with its delimiter and encoding.

    Parameters
    ----------
    file
        What is handed back.
    target
        File to write; it is replaced.

    Returns
    -------
    str or None
        A remark if another encoding had to be used.

    Raises
    ------
    InputFileError
        It cannot be written, or the site's file changed.
    """
    encoding = _encoding(file)
    try:
        _write_csv(file, target, encoding)
    except UnicodeEncodeError:
        _write_csv(file, target, "utf-8-sig")
        return f"{target.name} is in UTF-8: {file.read.encoding} cannot hold all of its text"
    return None


def _encoding(file: FaultyFile) -> str:
    """Return the encoding to write in: the site's own, UTF-8 with a mark by which spreadsheets know it."""
    if is_workbook(file.path.name):
        return "utf-8-sig"
    name = codecs.lookup(file.read.encoding).name
    return "utf-8-sig" if name in {"utf-8", "ascii"} else name


def _write_csv(file: FaultyFile, target: Path, encoding: str) -> None:
    """Write the faulty rows in one encoding."""
    delimiter = "," if is_workbook(file.path.name) else file.read.delimiter
    try:
        with target.open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
            writer.writerow([*FRONT, *map(neutralised, file.headers)])
            for row in file.rows():
                writer.writerow([row.line, row.record, row.told, *map(neutralised, row.cells)])
    except OSError as error:
        raise unwritable(target) from error


def neutralised(cell: str) -> str:
    """Return a cell that no spreadsheet runs: a formula gets an apostrophe, a signed number stays."""
    is_formula = cell.startswith(FORMULA_STARTS) and _HARMLESS.fullmatch(cell) is None
    return f"'{cell}" if is_formula else cell
