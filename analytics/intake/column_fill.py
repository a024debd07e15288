"""How full each column of a submission is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.registry import TABLES

if TYPE_CHECKING:
    from schemas.submission import SubmissionReport

_SCHEMA = {
    "table": pl.String,
    "column": pl.String,
    "filled": pl.Int64,
    "rows": pl.Int64,
    "emptied": pl.Int64,
}


def fill_of_columns(report: SubmissionReport) -> pl.DataFrame:
    """Return how many accepted rows hold something in each column.

    Returns
    -------
    polars.DataFrame
        ``table``, ``column``, ``filled`` (cells), ``rows``, ``emptied`` (cells that a rule emptied); columns
        of which nothing was sent are left out.
    """
    emptied = dict(
        report.findings.filter(pl.col("level") == "NULL")
        .group_by(pl.concat_str("table", "column", separator="."))
        .agg(pl.col("n").sum())
        .iter_rows()
    )
    rows = []
    for name, table in report.tables.items():
        n = table.accepted.height
        if not n:
            continue
        counts = table.accepted.select(list(TABLES[name].dtypes)).count().row(0, named=True)
        for column, filled in counts.items():
            lost = emptied.get(f"{name}.{column}", 0)
            if filled or lost:
                rows.append((name, column, filled, n, lost))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
