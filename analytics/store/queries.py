"""Named reads of a store or a snapshot. Each opens, reads and closes; none keeps a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from analytics.errors import StoreError
from analytics.store.catalogue import read_columns, read_table_names
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame
from analytics.store.filters import CohortFilter, Condition, derive_conditions, join_conditions
from analytics.store.ledger import fingerprint_data
from analytics.store.research_use import count_refusals, read_refusals, select_allowed
from analytics.store.statements import CANONICAL_TABLES, ORIGIN_COLUMNS, select_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from analytics.store.engine import Connection

CohortLevel = Literal["procedures", "lesions", "complications", "lesion_complications"]


def read_registry(
    path: Path, *, with_refusals: bool = False, without: Mapping[str, Collection[str]] | None = None
) -> dict[str, pl.DataFrame]:
    """Read the canonical tables, each key once.

    Parameters
    ----------
    path
        A store or a published snapshot.
    with_refusals
        Whether patients who refused research use are read too, only so that the attrition can count them;
        `research_use_allowed` is False for each of them.
    without
        Columns by table that the caller does not look at and that are not read.

    Returns
    -------
    dict of str to pl.DataFrame
        The nine tables in load order, columns as in `schemas.registry`; ``RegistryTables(**tables)`` takes
        them. `count_refused_patients` tells how many patients were left out.

    Raises
    ------
    StoreError
        The file cannot be read.
    """
    with open_snapshot(path) as connection:
        tables = {
            name: _choose_columns(connection, name, path, (without or {}).get(name, ()))
            for name in CANONICAL_TABLES
        }
        return {
            name: _read_canonical(connection, name, columns, with_refusals=with_refusals)
            for name, columns in tables.items()
        }


def count_refused_patients(path: Path) -> int:
    """Count the patients of a store that `read_registry` leaves out because they refused research use."""
    with open_snapshot(path) as connection:
        return count_refusals(connection)


def read_data_fingerprint(path: Path) -> str:
    """Read a hash of what is loaded: the same for two stores that hold the same submissions."""
    with open_snapshot(path) as connection:
        return fingerprint_data(connection)


def read_table(path: Path, name: str) -> pl.DataFrame:
    """Read one whole table of a snapshot.

    Parameters
    ----------
    path
        A published snapshot or a store.
    name
        A table of that file.

    Returns
    -------
    pl.DataFrame
        All of its columns, rows in the order in which they were written.

    Raises
    ------
    StoreError
        The file cannot be read or has no such table.
    """
    with open_snapshot(path) as connection:
        return fetch_frame(connection, select_rows(name, _require_columns(connection, name, path)))


def list_tables(path: Path) -> tuple[str, ...]:
    """Return the names of the tables of a snapshot or a store, sorted."""
    with open_snapshot(path) as connection:
        return read_table_names(connection)


def read_snapshot_info(snapshot: Path) -> dict[str, str]:
    """Read the key-value pairs of a snapshot: identifier, data fingerprint, and what the publisher added."""
    return dict(read_table(snapshot, "snapshot_info").iter_rows())


def read_submissions(path: Path) -> pl.DataFrame:
    """Read the ledger: one row per submission ever loaded, superseded ones included."""
    return read_table(path, "submissions")


def read_findings_summary(snapshot: Path) -> pl.DataFrame:
    """Read how often each rule was broken, by submission, site, table and column."""
    return read_table(snapshot, "findings_summary")


def read_completeness(snapshot: Path) -> pl.DataFrame:
    """Read, by site, table and column, how many rows there are (n) and how many are filled (n_filled)."""
    return read_table(snapshot, "completeness")


def read_cohort(
    snapshot: Path, level: CohortLevel = "procedures", filters: CohortFilter | None = None
) -> pl.DataFrame:
    """Read the rows of a cohort table that a filter admits.

    Parameters
    ----------
    snapshot
        A published snapshot.
    level
        ``procedures``, ``lesions``, ``complications`` (by procedure) or ``lesion_complications``.
    filters
        Grade and strategy are those of the row itself where the table has them, else those of its procedure.
        By default every index procedure.

    Returns
    -------
    pl.DataFrame
        All columns of ``cohort_<level>``; empty where nobody is left.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    table = f"cohort_{level}"
    with open_snapshot(snapshot) as connection:
        columns = _require_columns(connection, table, snapshot)
        conditions = derive_conditions(filters or CohortFilter())
        own = [condition for condition in conditions if set(condition.columns) <= set(columns)]
        others = [condition for condition in conditions if condition not in own]
        where, parameters = join_conditions([*own, *_through_procedure(others)])
        return fetch_frame(connection, select_rows(table, columns, where), parameters)


def _through_procedure(conditions: list[Condition]) -> list[Condition]:
    """Ask conditions of a row's procedure instead of the row."""
    if not conditions:
        return []
    where, parameters = join_conditions(conditions)
    chosen = select_rows("cohort_procedures", ["procedure_id"], where)
    return [Condition(("procedure_id",), f"procedure_id in ({chosen})", tuple(parameters))]


def _choose_columns(connection: Connection, table: str, path: Path, without: Collection[str]) -> list[str]:
    """Name the columns of a canonical table to be read: never what the loader added."""
    found = _require_columns(connection, table, path)
    return [name for name in found if name not in ORIGIN_COLUMNS and name not in without]


def _read_canonical(
    connection: Connection, table: str, columns: list[str], *, with_refusals: bool
) -> pl.DataFrame:
    """Read the rows of one canonical table."""
    rows = fetch_frame(connection, select_allowed(connection, table, columns, with_refusals=with_refusals))
    if table != "patients" or not with_refusals:
        return rows
    refused = read_refusals(connection)
    return rows.with_columns(
        research_use_allowed=pl.col("research_use_allowed") & ~pl.col("patient_id").is_in(refused.implode())
    )


def _require_columns(connection: Connection, table: str, path: Path) -> tuple[str, ...]:
    """Return the columns of a table; refuse a table that is not there."""
    columns = read_columns(connection, table)
    if not columns:
        known = ", ".join(read_table_names(connection))
        raise StoreError(where=str(path), what=f"it has no table '{table}'", fix=f"It holds: {known}.")
    return columns
