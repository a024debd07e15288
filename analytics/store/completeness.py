"""Count filled cells by site, table and column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.store.catalogue import read_columns
from analytics.store.engine import fetch_frame
from analytics.store.statements import CANONICAL_TABLES, ORIGIN_COLUMNS, quote_name

if TYPE_CHECKING:
    from analytics.store.engine import Connection

COMPLETENESS_SCHEMA: dict[str, type[pl.DataType]] = {
    "site_id": pl.String,
    "table_name": pl.String,
    "column_name": pl.String,
    "n": pl.Int64,
    "n_filled": pl.Int64,
}
"""Columns of the completeness table."""

# How the rows of a table find their site.
_SITE_OF: dict[str, str] = {
    "sites": "sites as t",
    "patients": "patients as t",
    "procedures": "procedures as t",
    "lesions": "lesions as t join procedures as owner on t.procedure_id = owner.procedure_id",
    "imaging": (
        "imaging as t join lesions as lesion on t.lesion_id = lesion.lesion_id "
        "join procedures as owner on lesion.procedure_id = owner.procedure_id"
    ),
    "device_uses": (
        "device_uses as t join lesions as lesion on t.lesion_id = lesion.lesion_id "
        "join procedures as owner on lesion.procedure_id = owner.procedure_id"
    ),
    "complications": "complications as t join procedures as owner on t.procedure_id = owner.procedure_id",
    "follow_up": "follow_up as t join patients as owner on t.patient_id = owner.patient_id",
    "events": "events as t join patients as owner on t.patient_id = owner.patient_id",
}


def derive_completeness(connection: Connection) -> pl.DataFrame:
    """Count rows and filled cells of every canonical column.

    Parameters
    ----------
    connection
        A snapshot that is being built, or any open database with the canonical tables.

    Returns
    -------
    pl.DataFrame
        ``site_id``, ``table_name``, ``column_name``, ``n`` (rows of that site and table), ``n_filled`` (not
        null). A null is not always a gap: structural blanks (pulses of a stent) count as unfilled here.
    """
    parts = [_count_table(connection, table) for table in CANONICAL_TABLES]
    return pl.concat([pl.DataFrame(schema=COMPLETENESS_SCHEMA), *parts])


def _count_table(connection: Connection, table: str) -> pl.DataFrame:
    """Count one table, a row per site and column."""
    columns = [name for name in read_columns(connection, table) if name not in ORIGIN_COLUMNS]
    wide = fetch_frame(connection, _write_count(table, columns))
    long = wide.unpivot(columns, index=["site", "n"], variable_name="column_name", value_name="n_filled")
    return long.select(
        pl.col("site").alias("site_id"), pl.lit(table).alias("table_name"), "column_name", "n", "n_filled"
    ).sort("site_id", "table_name", maintain_order=True)


def _write_count(table: str, columns: list[str]) -> str:
    """Write the query that counts filled cells by site."""
    site = "t.site_id" if "join" not in _SITE_OF[table] else "owner.site_id"
    counts = ", ".join(f"count(t.{quote_name(name)}) as {quote_name(name)}" for name in columns)
    return " ".join(
        (f"select {site} as site, count(*) as n, {counts}", f"from {_SITE_OF[table]}", f"group by {site}")
    )
