"""Months in which a site stands out from its own past or from the other sites, as a table for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.charts.drift import MEASURES
from analytics.report.document import Table

if TYPE_CHECKING:
    import datetime as dt

MOST_ALERTS = 60
_VERSUS = {"own_history": "its twelve months before", "other_sites": "the other sites that month"}
_CAPTION = "Months that stand out, the latest first"


def drift_choices(drift: pl.DataFrame) -> list[tuple[str, str]]:
    """List the columns and measures of a drift table, those with most months that stand out first.

    Parameters
    ----------
    drift
        The table ``drift`` of a snapshot.

    Returns
    -------
    list of tuple of str
        Column and measure; of equal ones the number of procedures comes first.
    """
    counts = drift.group_by("column", "measure").agg((pl.col("flag") == "alert").sum().alias("n"))
    is_volume = pl.col("measure") == "volume"
    ordered = counts.sort(-pl.col("n").cast(pl.Int64), ~is_volume, "measure", "column")
    return [(str(column), str(measure)) for column, measure, _ in ordered.iter_rows()]


def drift_alerts_table(drift: pl.DataFrame) -> Table:
    """Return the months that stand out, with what was found and what was expected.

    Parameters
    ----------
    drift
        The table ``drift`` of a snapshot.

    Returns
    -------
    Table
        At most `MOST_ALERTS` rows; the caption says how many more there are. A question to the site each.
    """
    alerts = drift.filter(pl.col("flag") == "alert").sort(
        "month", "site_id", "column", "versus", descending=[True, False, False, False]
    )
    rows = tuple(_row(row) for row in alerts.head(MOST_ALERTS).iter_rows(named=True))
    more = max(0, alerts.height - MOST_ALERTS)
    caption = _CAPTION + (f" ({more} earlier ones not shown)" if more else "")
    header = ("Month", "Site", "What", "Held against", "Found", "Expected", "Rows that month")
    return Table(caption, header, rows)


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    """Return one month in words."""
    month: dt.date = row["month"]
    what = MEASURES[row["measure"]]
    if row["measure"] != "volume":
        what = f"{what}: {row['column']}"
    limit = "at most " if row["measure"] == "stability_index" else ""
    return (
        f"{month:%Y-%m}",
        row["site_id"],
        what,
        _VERSUS[row["versus"]],
        _number(row["value"], row["measure"]),
        limit + _number(row["reference"], row["measure"]),
        f"{row['n']:,}",
    )


def _number(value: float, measure: str) -> str:
    """Return a share in whole percent, a number of procedures, or an index."""
    if measure == "completeness":
        return f"{100 * value:.0f} %"
    return f"{value:.1f}".removesuffix(".0") if measure == "volume" else f"{value:.2f}"
