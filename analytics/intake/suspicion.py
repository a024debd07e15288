"""What the whole of a column gives away: another unit, another order of day and month, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.dates import order_of_day_and_month, parse_moments
from schemas.mapping.findings import finding, findings_frame
from schemas.mapping.texts import HeaderIndex, normalise_cells
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from schemas.mapping.model import Expression, SiteMapping
    from schemas.mapping.raw import RawFile
    from schemas.submission import TextTable

    Finding = dict[str, str | int | None]

_FEWEST = 20  # filled cells below which a median proves nothing
_SWAPPED_SHARE = 0.05  # of the filled cells that are dates in the other order only


@dataclass(frozen=True)
class _Suspicion:
    """Where the median of a column would lie if another unit had been sent."""

    table: str
    column: str
    below: float = float("-inf")
    above: float = float("inf")


_SUSPICIONS = (
    _Suspicion("procedures", "creatinine_umol_l", below=20),  # mg/dL
    _Suspicion("procedures", "hemoglobin_g_l", below=30),  # g/dL or mmol/L
    _Suspicion("procedures", "calcium_mmol_l", above=5),  # mg/dL
    _Suspicion("procedures", "ldl_mmol_l", above=10),  # mg/dL
    _Suspicion("procedures", "phosphate_mmol_l", above=3.5),  # mg/dL
    _Suspicion("lesions", "lesion_length_mm", below=6),  # cm
    _Suspicion("device_uses", "rotation_speed_krpm", above=1000),  # revolutions per minute
)


def find_unit_suspicions(
    tables: Sequence[TextTable], *, confirmed: Collection[tuple[str, str]] = ()
) -> pl.DataFrame:
    """Return a finding (F09, level FILE) for each column whose median lies where another unit would put it.

    Parameters
    ----------
    tables
        Canonical text.
    confirmed
        Table and column of what a mapping declares a unit for: a declared unit is believed.
    """
    found: list[Finding] = []
    for suspicion in _SUSPICIONS:
        parts = [
            text
            for text in tables
            if text.table == suspicion.table and suspicion.column in text.frame.columns
        ]
        if not parts or (suspicion.table, suspicion.column) in confirmed:
            continue
        numbers = pl.concat([text.numbers(suspicion.column) for text in parts])
        median = numbers.median()
        if len(numbers) < _FEWEST or not isinstance(median, float):
            continue
        if median < suspicion.below or median > suspicion.above:
            header = parts[0].headers.get(suspicion.column)
            facts = {
                "table": suspicion.table,
                "column": suspicion.column,
                "header": header,
                "n": len(numbers),
            }
            found.append(finding("F09", file=parts[0].file, **facts))
    return findings_frame(found)


def find_empty_columns(tables: Sequence[TextTable], *, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return a finding (F13, level INFO) for each column that is sent and holds nothing.

    Days are not asked of tables that send dates, nor dates of those that send days. A column of which an
    earlier finding took a cell did hold something, and that finding says so.
    """
    found: list[Finding] = []
    emptied = _emptied_columns(earlier)
    for text in tables:
        names = [name for name in TABLES[text.table].dtypes if name in text.frame.columns]
        spared = _superseded_columns(text) | emptied.get((text.file, text.table), set())
        for name in (name for name in names if text.frame.height and name not in spared):
            header = text.headers.get(name)
            if header is not None and not text.n_filled(name):
                found.append(finding("F13", file=text.file, table=text.table, column=name, header=header))
    return findings_frame(found)


def _emptied_columns(findings: pl.DataFrame | None) -> dict[tuple[str, str], set[str]]:
    """Return the columns of which a finding took a cell, by file and table."""
    columns: dict[tuple[str, str], set[str]] = {}
    if findings is None:
        return columns
    taken = findings.filter(pl.col("level").is_in(["NULL", "ROW"])).select("file", "table", "column")
    for file, table, column in taken.drop_nulls().unique().iter_rows():
        columns.setdefault((file, table), set()).add(column)
    return columns


def _superseded_columns(text: TextTable) -> set[str]:
    """Return the day columns of a table that holds dates only, or the date columns of one that counts."""
    days = {name for name in TABLES[text.table].dtypes if name.endswith("_day")}
    dates = {f"{name.removesuffix('_day')}_date" for name in days}
    if "date_policy" in text.frame.columns:
        policies = text.codes("date_policy")
        counts, dated = (policies == "relative").any(), (policies != "relative").any()
    else:
        filled = {name for name in (days | dates) & set(text.frame.columns) if text.n_filled(name)}
        counts, dated = bool(days & filled), bool(dates & filled)
    return days if dated and not counts else dates if counts and not dated else set()


def find_swapped_dates(mapping: SiteMapping, raw: RawFile) -> pl.DataFrame:
    """Return a finding (F08, level FILE) for each header whose dates fit the other order of day and month.

    A single slip of the pen stays a finding about its cell.
    """
    index = HeaderIndex(raw.headers, loose=mapping.read.headers == "loose")
    found: dict[str, Finding] = {}
    for header, formats in _dated_headers(mapping):
        column = index.column(header)
        if column not in raw.frame.columns or not order_of_day_and_month(formats):
            continue
        cells = normalise_cells(raw.frame.get_column(str(column))).drop_nulls()
        lost = cells.filter(parse_moments(cells, formats).is_null())
        n = len(lost) - parse_moments(lost, _swapped(formats)).null_count()
        if n > max(1, _SWAPPED_SHARE * len(cells)):
            found[header] = finding("F08", file=raw.file, header=index.label(str(column)), n=n)
    return findings_frame(list(found.values()))


def _dated_headers(mapping: SiteMapping) -> list[tuple[str, tuple[str, ...]]]:
    """Return each plain header that is read as a date, with its formats."""
    expressions: list[Expression] = [let for let in mapping.let.values() if let.convert is not None]
    for emit in mapping.emits:
        kinds = {column.name: column.kind for column in TABLES[emit.table].columns}
        expressions += [expression for name, expression in emit.columns.items() if kinds[name] == "date"]
    return [
        (header, expression.dates or mapping.read.dates)
        for expression in expressions
        for header in expression.sources
        if not header.startswith("@") and "{" not in header
    ]


def _swapped(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return the formats in which day and month have an order, with that order turned round."""
    turned = [fmt.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m") for fmt in formats]
    return tuple(new for old, new in zip(formats, turned, strict=True) if order_of_day_and_month((old,)))


def confirmed_units(mapping: SiteMapping) -> set[tuple[str, str]]:
    """Return table and column of each value that a mapping declares the unit of."""
    return {
        (emit.table, name)
        for emit in mapping.emits
        for name, expression in emit.columns.items()
        if expression.unit is not None
    }
