"""What faults bring about beyond their own cells: limits of hospitals passed, other rows in a new light."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.catalogue import RULES, SITE_CHECKS
from schemas.submission import SubmissionReport, TextTable
from schemas.validation import validate_submission
from synthetic.faults.places import HEADER_LINES, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Texts = dict[str, pl.DataFrame]

_WHERE = ["rule_id", "site_id", "table", "column"]
_AT = ["rule_id", "table", "column", "row"]
RULES_OF_SITES = tuple(sorted({check.rule_id for check in SITE_CHECKS}))
"""Rules about whole hospitals."""


def tipped_rules(clean: Texts, faulty: Texts, listed: Sequence[Place]) -> Iterator[Place]:
    """Return, as consequences, what fails in the faulty registry alone without lying where a fault does.

    A rejected row is a large share of a hospital of thirty procedures, and an added one may be the twentieth,
    from which on a share proves something. A patient whose second lesion is rejected may be left with the
    vessels and devices of a stranger in another hospital, and look like the same person (D04). Where
    dissections go by another name, flow that stopped has no reason any more (X14). What of this happens
    follows from the rules, so they are asked; what was planted on purpose is listed already.

    Parameters
    ----------
    clean, faulty
        Canonical tables as text, without and with faults.
    listed
        Faults and consequences that are known.
    """
    day = day_of_loading(clean)
    before, after = _report(clean, day), _report(faulty, day)
    known = {(place.rule_id, place.site_id, place.table, place.column) for place in listed}
    known |= set(_failing(before))
    for found in _failing(after):
        if found not in known:
            rule_id, site_id, table, column = found
            yield Place(rule_id, RULES[rule_id].level, "consequence", table, column, site_id=site_id)
    known_warnings = {(place.rule_id, place.table, place.column, place.row) for place in listed}
    known_warnings |= set(_warnings(before))
    for rule_id, table, column, row in _warnings(after):
        if (rule_id, table, column, row) not in known_warnings:
            yield Place(rule_id, RULES[rule_id].level, "consequence", table, column, row=row)


def _report(texts: Texts, load_date: date) -> SubmissionReport:
    """Validate tables as text."""
    parts = [TextTable(name, _numbered(table), f"{name}.csv") for name, table in texts.items()]
    return validate_submission(parts, load_date=load_date)


def _failing(report: SubmissionReport) -> list[tuple[str, str | None, str, str | None]]:
    """Return rule, hospital, table and column of the rules about whole hospitals that fail."""
    is_failed = (pl.col("status") == "failed") & pl.col("rule_id").is_in(RULES_OF_SITES)
    return report.rule_results.filter(is_failed).select(_WHERE).drop_nulls("table").rows()


def _warnings(report: SubmissionReport) -> list[tuple[str, str, str, int]]:
    """Return rule, table, column and row of what is kept with a warning."""
    is_of_row = (pl.col("level") == "WARN") & ~pl.col("rule_id").is_in(RULES_OF_SITES)
    found = report.findings.filter(is_of_row).with_columns(row=pl.col("line") - HEADER_LINES)
    return found.select(_AT).drop_nulls("row").sort(_AT).rows()


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    """Add where each row stands in its file."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    return table.with_columns(row=row, record=row + 1, line=row + HEADER_LINES)


def day_of_loading(tables: Mapping[str, pl.DataFrame]) -> date:
    """Return a day after every date of a clean registry, so that the list does not depend on today."""
    dates = [tables["sites"]["data_cutoff_date"], tables["procedures"]["procedure_date"]]
    last = date.fromisoformat(str(pl.concat(dates).max()))
    return date(last.year + 1, 1, 1)
