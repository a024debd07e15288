"""Limits of hospitals that faults of rows pass by the way: what a small hospital cannot bear."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.catalogue import RULES, SITE_CHECKS
from schemas.submission import TextTable
from schemas.validation import validate_submission
from synthetic.faults.places import HEADER_LINES, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Texts = dict[str, pl.DataFrame]

_WHERE = ["rule_id", "site_id", "table", "column"]
_OF_SITES = tuple(sorted({check.rule_id for check in SITE_CHECKS}))


def tipped_sites(clean: Texts, faulty: Texts, listed: Sequence[Place]) -> Iterator[Place]:
    """Return, as consequences, the rules about hospitals that fail in the faulty registry alone.

    A rejected row is a large share of a hospital of thirty procedures, and an added one may be the twentieth,
    from which on a share proves something. Which limits that passes follows from the rules, so they are
    asked; what was planted on purpose is listed already.

    Parameters
    ----------
    clean, faulty
        Canonical tables as text, without and with faults.
    listed
        Faults and consequences that are known.
    """
    known = {(place.rule_id, place.site_id, place.table, place.column) for place in listed}
    day = _day_of_loading(clean)
    known |= set(_failing(clean, day))
    for found in _failing(faulty, day):
        if found not in known:
            rule_id, site_id, table, column = found
            yield Place(rule_id, RULES[rule_id].level, "consequence", table, column, site_id=site_id)


def _failing(texts: Texts, load_date: date) -> list[tuple[str, str | None, str, str | None]]:
    """Return rule, hospital, table and column of the rules about whole hospitals that fail."""
    parts = [TextTable(name, _numbered(table), f"{name}.csv") for name, table in texts.items()]
    results = validate_submission(parts, load_date=load_date).rule_results
    is_failed = (pl.col("status") == "failed") & pl.col("rule_id").is_in(_OF_SITES)
    return results.filter(is_failed).select(_WHERE).drop_nulls("table").rows()


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    """Add where each row stands in its file."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    return table.with_columns(row=row, record=row + 1, line=row + HEADER_LINES)


def _day_of_loading(texts: Texts) -> date:
    """Return a day after every date of a clean registry, so that the list does not depend on today."""
    dates = [texts["sites"]["data_cutoff_date"], texts["procedures"]["procedure_date"]]
    last = date.fromisoformat(str(pl.concat(dates).max()))
    return date(last.year + 1, 1, 1)
