"""What passes between a mapping, the validation and the loader.

A mapping turns a site's file into canonical *text*; `schemas.validation` turns text into typed accepted rows,
rejected rows and findings. Nothing here holds an opinion: these are the shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.branch_headers import BranchHeaders

FINDING_SCHEMA: dict[str, type[pl.DataType]] = {
    "rule_id": pl.String,  # id in the rule catalogue
    "level": pl.String,  # FILE, ROW, NULL, WARN or INFO
    "file": pl.String,  # file name without its folder
    "table": pl.String,  # canonical table, or "file"
    "column": pl.String,  # canonical column, or null
    "header": pl.String,  # header in the site's file, or null
    "row": pl.Int64,  # 0-based row of the canonical text table, or null
    "record": pl.Int64,  # 1-based data record of the file (header not counted), or null
    "line": pl.Int64,  # 1-based physical line where the record starts (header counted), or null
    "sentence": pl.String,  # what is wrong; never a cell value
    "remedy": pl.String,  # how to fix it
    "n": pl.Int64,  # how many cells or rows the finding stands for
}
"""Columns of every findings frame, in order. No column ever holds a cell value of a record."""


RULE_RESULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "rule_id": pl.String,  # id in the rule catalogue
    "site_id": pl.String,  # site, or null for the file as a whole and for rows whose site is not known
    "table": pl.String,  # table and column that the row is about, or null where the rule is counted
    "column": pl.String,  # over all its cells
    "status": pl.String,  # failed, passed or not_applicable
    "n_violating": pl.Int64,  # cells, rows or patients that break the rule
    "n_checked": pl.Int64,  # those that the rule could be held against
    "value": pl.Float64,  # what a rule about a whole site measures, held against its limit; or null
    "is_waived": pl.Boolean,  # whether a reviewed waiver sets the failure aside
}
"""Columns of the result of every rule: enough to judge by other limits without checking again."""

STATUSES = ("failed", "passed", "not_applicable")
"""What a rule says of a site; a rule without anything to look at has not passed."""


def empty_rule_results() -> pl.DataFrame:
    """Return rule results without rows."""
    return pl.DataFrame(schema=RULE_RESULT_SCHEMA)


def empty_findings() -> pl.DataFrame:
    """Return a findings frame without rows."""
    return pl.DataFrame(schema=FINDING_SCHEMA)


class ReadTable:
    """Columns that were given their types while their file was read, and what is left of their text.

    Parameters
    ----------
    typed
        Canonical columns that were sent, with their types (`schemas.parsing`).
    unread
        ``row``, ``column`` and ``text`` of the cells that hold text but no value of their type.
    of_rows
        Function that returns the canonical columns of some rows as text, columns that were not sent left out;
        it takes the numbers of the rows, in ascending order.
    """

    def __init__(
        self, typed: pl.DataFrame, unread: pl.DataFrame, of_rows: Callable[[pl.Series], pl.DataFrame]
    ) -> None:
        self._typed: pl.DataFrame | None = typed
        self.unread = unread
        self.of_rows = of_rows

    @property
    def typed(self) -> pl.DataFrame:
        """The columns, as long as they were not handed over."""
        if self._typed is None:
            message = "the columns were handed over before"
            raise RuntimeError(message)
        return self._typed

    def take(self) -> pl.DataFrame:
        """Hand the columns over, once: whoever has them can let single ones go."""
        typed, self._typed = self.typed, None
        return typed


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of one canonical table as text, before any type.

    Parameters
    ----------
    table
        Name of the canonical table.
    frame
        Canonical columns as ``String`` in canonical spelling (ISO dates, point as decimal sign,
        ``true``/``false``, code values), null where nothing was sent, plus ``row`` (0-based), ``record`` and
        ``line`` as ``Int64``. Columns that the file does not offer may be absent.
    file
        Name of the file the rows come from.
    headers
        Canonical column to the site's header; the first, where rows came from several.
    branches
        The headers row by row, where rows came from several; None where `headers` holds for all rows.
    read
        The cells, where they were given their types while the file was read: then the columns of `frame`
        other than the position are there by name only, of type ``Null``. None where `frame` is text.
    """

    table: str
    frame: pl.DataFrame
    file: str
    headers: Mapping[str, str] = field(default_factory=dict)
    branches: BranchHeaders | None = None
    read: ReadTable | None = None

    def n_filled(self, column: str) -> int:
        """Return how many cells of a column that was sent hold anything."""
        if self.read is None:
            return self.frame.height - self.frame[column].null_count()
        values = self.read.typed[column]
        unread = self.read.unread.filter(pl.col("column") == column)
        return len(values) - values.null_count() + unread.height

    def numbers(self, column: str) -> pl.Series:
        """Return the cells of a column that can be taken for numbers, leniently."""
        if self.read is None:
            texts, numbers = self.frame[column], pl.Series(dtype=pl.Float64)
        else:
            texts = self.read.unread.filter(pl.col("column") == column)["text"]
            numbers = self.read.typed[column].cast(pl.Float64)
        found = pl.concat([numbers.rename(column), texts.cast(pl.Float64, strict=False).rename(column)])
        return found.drop_nulls().drop_nans()

    def codes(self, column: str) -> pl.Series:
        """Return a column of codes that was sent."""
        return self.frame[column] if self.read is None else self.read.typed[column]


@dataclass(frozen=True, eq=False)
class TableReport:
    """One canonical table after validation: accepted + rejected = input.

    Parameters
    ----------
    table
        Name of the canonical table.
    accepted
        Typed canonical columns in schema order plus ``source_row`` (physical line), ``record`` and ``file``.
    rejected
        The rejected rows as they came: canonical columns as ``String`` plus ``row``, ``record``, ``line``,
        ``rule_id`` (the root cause) and ``is_cascade`` (rejected only because a parent was).
    n_input
        Rows that came in.
    """

    table: str
    accepted: pl.DataFrame
    rejected: pl.DataFrame
    n_input: int


@dataclass(frozen=True, eq=False)
class SubmissionReport:
    """A whole submission after validation.

    Parameters
    ----------
    tables
        Report of each canonical table, by name, in load order.
    findings
        All findings, columns of `FINDING_SCHEMA`, in order of file, line, table.
    rule_results
        Status, numerator and denominator of every rule for every site, columns of `RULE_RESULT_SCHEMA`.
    waived
        Findings that a reviewed waiver sets aside, columns of `FINDING_SCHEMA`; they are not in `findings`.
    """

    tables: Mapping[str, TableReport]
    findings: pl.DataFrame
    rule_results: pl.DataFrame = field(default_factory=empty_rule_results)
    waived: pl.DataFrame = field(default_factory=empty_findings)

    @property
    def n_input(self) -> int:
        """Canonical rows that came in, over all tables."""
        return sum(table.n_input for table in self.tables.values())

    @property
    def n_accepted(self) -> int:
        """Canonical rows accepted, over all tables."""
        return sum(table.accepted.height for table in self.tables.values())

    @property
    def n_rejected(self) -> int:
        """Canonical rows rejected, over all tables."""
        return sum(table.rejected.height for table in self.tables.values())

    @property
    def is_refused(self) -> bool:
        """Whether a finding of level FILE forbids loading anything."""
        return not self.findings.filter(pl.col("level") == "FILE").is_empty()
