"""Rows of an earlier export that a new one does not hold: they go only with the consent of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import StoreConflictError
from analytics.store.engine import fetch_frame
from analytics.store.statements import CANONICAL_TABLES, placeholders, quote_name
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission


def count_removals(
    connection: Connection, prepared: PreparedSubmission, replaced: Sequence[str]
) -> dict[str, int]:
    """Count the rows that would vanish if a submission superseded others.

    Parameters
    ----------
    connection
        An open store.
    prepared
        The new submission. A row that it holds but that was rejected has not vanished.
    replaced
        The submissions that would be superseded.

    Returns
    -------
    dict of str to int
        Rows whose key no other loaded submission holds either, by table; tables without any are left out.
    """
    counts = {name: _count_gone(connection, prepared, replaced, name) for name in CANONICAL_TABLES}
    return {name: n for name, n in counts.items() if n}


def require_consent(connection: Connection, prepared: PreparedSubmission, replaced: Sequence[str]) -> None:
    """Refuse a replacement under which rows would vanish.

    Raises
    ------
    StoreConflictError
        How many rows of which table the earlier export has and this one has not.
    """
    gone = count_removals(connection, prepared, replaced)
    if gone:
        rows = ", ".join(f"{n:,} of {name}" for name, n in gone.items())
        raise StoreConflictError(
            where=prepared.submission.source_name,
            what=f"{sum(gone.values()):,} rows of the earlier export are not in this one ({rows})",
            fix="See them with 'calcpci diff'; if the site consents, load with --replace --allow-removal.",
        )


def _count_gone(
    connection: Connection, prepared: PreparedSubmission, replaced: Sequence[str], table: str
) -> int:
    """Count the keys of one table that only the replaced submissions hold."""
    key = TABLES[table].primary_key
    words = ("select distinct", quote_name(key), "as key from", quote_name(table), "where submission_id")
    held = f"({placeholders(replaced)})"
    earlier = fetch_frame(connection, " ".join((*words, "in", held)), list(replaced))
    others = fetch_frame(connection, " ".join((*words, "not in", held)), list(replaced))
    sent = prepared.report.tables.get(table)
    kept = [others.get_column("key")]
    if sent is not None:
        kept += [sent.accepted.get_column(key), sent.rejected.get_column(key).cast(pl.String)]
    keys = pl.concat([column.cast(pl.String).alias("key") for column in kept]).unique()
    return earlier.filter(pl.col("key").is_not_null()).join(keys.to_frame(), on="key", how="anti").height
