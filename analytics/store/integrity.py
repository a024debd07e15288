"""Checks of the store itself, inside the transaction that loads: nothing lost, nothing twice, no orphans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import StoreConflictError
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame, run
from analytics.store.statements import CANONICAL_TABLES, quote_name
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.store.engine import Connection
    from schemas.submission import SubmissionReport


def require_balance(report: SubmissionReport) -> None:
    """Raise a program error unless accepted + rejected = input in every table."""
    for name, table in report.tables.items():
        if table.accepted.height + table.rejected.height != table.n_input:
            message = f"{name}: accepted and rejected rows do not add up to the input"
            raise RuntimeError(message)


def require_counts(connection: Connection, submission_id: str, report: SubmissionReport) -> None:
    """Raise a program error unless the store holds what the report says, table by table."""
    for name, table in report.tables.items():
        sql = " ".join(("select count(*) from", quote_name(name), "where submission_id = ?"))
        if run(connection, sql, [submission_id]) != [(table.accepted.height,)]:
            message = f"{name}: the store does not hold the accepted rows"
            raise RuntimeError(message)
    quarantined = run(connection, "select count(*) from quarantine where submission_id = ?", [submission_id])
    if quarantined != [(report.n_rejected,)]:
        message = "the quarantine does not hold the rejected rows"
        raise RuntimeError(message)


def require_new_keys(connection: Connection, submission_id: str, *, where: str) -> None:
    """Refuse rows whose primary key another submission has already brought; sites and patients may recur.

    Validation rejects such rows one by one; this catches a store that changed between validation and load.
    """
    for name in CANONICAL_TABLES:
        n = 0 if TABLES[name].is_shared else _count_shared_keys(connection, name, submission_id)
        if n:
            raise StoreConflictError(
                where=where,
                what=f"{n} rows of {name} are in the store already, from another submission",
                fix="Validate again, or load with --replace if this is a new export of the same source.",
            )


def require_parents(connection: Connection, *, where: str) -> None:
    """Refuse a replacement or withdrawal that would leave rows of other submissions without their parents."""
    for name in CANONICAL_TABLES:
        for reference in TABLES[name].references:
            n = _count_orphans(connection, name, reference.column, reference.table, reference.target)
            if n:
                raise StoreConflictError(
                    where=where,
                    what=f"this would leave {n} rows of {name} without their {reference.table}",
                    fix="Send the missing rows again, or withdraw what hangs on them, newest first.",
                )


def read_known_keys(path: Path, *, without: Sequence[str] = ()) -> dict[str, pl.Series]:
    """Read the primary keys that are in the store, for the validation of the next submission.

    Parameters
    ----------
    path
        The store; a path where there is no file yet gives no keys.
    without
        Submissions that are about to be replaced: their keys do not count.

    Returns
    -------
    dict of str to pl.Series
        Table name to its keys as ``String``, each once, sorted.

    Raises
    ------
    StoreError
        The store is busy or cannot be read.
    """
    if not path.exists():
        return {}
    with open_snapshot(path) as connection:
        return {name: _read_keys(connection, name, without) for name in CANONICAL_TABLES}


def _read_keys(connection: Connection, table: str, without: Sequence[str]) -> pl.Series:
    """Read the primary keys of one table."""
    key = TABLES[table].primary_key
    sql = " ".join(("select", quote_name(key), ", submission_id from", quote_name(table)))
    rows = fetch_frame(connection, sql).filter(~pl.col("submission_id").is_in(list(without)))
    return rows.get_column(key).unique().sort()


def _count_shared_keys(connection: Connection, table: str, submission_id: str) -> int:
    """Count rows of a submission whose key is also a row of another one."""
    key = quote_name(TABLES[table].primary_key)
    words = ("select count(*) from", quote_name(table), "as mine join", quote_name(table), "as other")
    condition = (f"on mine.{key} = other.{key}", "where mine.submission_id = ? and other.submission_id <> ?")
    return int(str(run(connection, " ".join((*words, *condition)), [submission_id, submission_id])[0][0]))


def _count_orphans(connection: Connection, table: str, column: str, parent: str, target: str) -> int:
    """Count rows whose reference is filled but points to no row."""
    child, key = f"child.{quote_name(column)}", f"parent.{quote_name(target)}"
    words = ("select count(*) from", quote_name(table), "as child left join", quote_name(parent), "as parent")
    condition = (f"on {child} = {key}", f"where {child} is not null and {key} is null")
    return int(str(run(connection, " ".join((*words, *condition)))[0][0]))
