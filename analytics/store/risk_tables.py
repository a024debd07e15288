"""Event counts by stratum, day and cause: all that the survival estimators need, and nothing about a patient.

The query keeps to GROUP BY, CASE, COUNT, SUM and joins, so that it can run elsewhere unchanged. Counts of
disjoint parts add up to the counts of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.store.catalogue import read_columns
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame, run
from analytics.store.filters import CohortFilter, derive_conditions, join_conditions
from analytics.store.statements import quote_name, quote_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.store.engine import Connection

COUNT_COLUMNS: tuple[str, ...] = ("time_days", "cause", "n", "n_inexact")
"""Columns of every count frame, after those of its strata."""

# These tell one patient from another, or are as fine as that: counting by them is no count.
_NOT_STRATA = frozenset({"procedure_id", "patient_id", "procedure_date", "procedure_day", "discharge_day"})


def count_events(
    snapshot: Path, *, endpoint: str, strata: tuple[str, ...] = (), filters: CohortFilter | None = None
) -> pl.DataFrame:
    """Count procedures by stratum, time and cause.

    Parameters
    ----------
    snapshot
        A published snapshot.
    endpoint
        Key of the endpoint in ``time_to_event``.
    strata
        ``strategy`` (on the basis of the filter), ``severity`` (from the source of the filter), or grouping
        columns of ``cohort_procedures``.
    filters
        Which procedures; by default every index procedure.

    Returns
    -------
    pl.DataFrame
        The strata, ``time_days`` (Int64, days from the procedure), ``cause`` (Int8: 0 censored, 1 the
        endpoint, 2 a competing event) and ``n`` (Int64, at least 1), sorted by all of them. No row where
        nobody is left.

    Raises
    ------
    SpecificationError
        The endpoint or a stratum does not exist.
    StoreError
        The snapshot cannot be read.
    """
    chosen = filters or CohortFilter()
    with open_snapshot(snapshot) as connection:
        sql, parameters = write_count_query(connection, strata, chosen)
        counts = fetch_frame(connection, sql, [*parameters, endpoint])
        if counts.is_empty():
            _require_endpoint(connection, endpoint)
    return counts.with_columns(
        pl.col("time_days", "n", "n_inexact").cast(pl.Int64), pl.col("cause").cast(pl.Int8)
    )


def count_in_hospital(
    snapshot: Path, *, endpoint: str, strata: tuple[str, ...] = (), filters: CohortFilter | None = None
) -> pl.DataFrame:
    """Count procedures with a known end of the index stay, and those with the endpoint within it.

    Parameters
    ----------
    snapshot, endpoint, strata, filters
        As for `count_events`.

    Returns
    -------
    pl.DataFrame
        The strata, ``n`` and ``n_event`` (Int64), sorted by the strata; empty where no stay is known.

    Raises
    ------
    SpecificationError, StoreError
        As for `count_events`.
    """
    with open_snapshot(snapshot) as connection:
        chosen, parameters = _write_choice(connection, strata, filters or CohortFilter())
        groups = quote_names(strata)
        words = (
            f"select {groups + ', ' if strata else ''}count(*) as n,",
            "sum(case when outcome.in_hospital then 1 else 0 end) as n_event",
            chosen,
            "and outcome.in_hospital is not null",
            f"group by {groups} order by {groups}" if strata else "having count(*) > 0",
        )
        counts = fetch_frame(connection, " ".join(words), [*parameters, endpoint])
    return counts.with_columns(pl.col("n", "n_event").cast(pl.Int64))


def read_endpoints(snapshot: Path) -> tuple[str, ...]:
    """Read the names of the endpoints that a snapshot was published with, sorted."""
    with open_snapshot(snapshot) as connection:
        return _known_endpoints(connection)


def merge_counts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the counts of disjoint parts, for example of several registries.

    Parameters
    ----------
    parts
        Count frames with the same strata; at least one.

    Returns
    -------
    pl.DataFrame
        Same columns and order as one count of everything.
    """
    whole = pl.concat(parts)
    keys = [name for name in whole.columns if name not in {"n", "n_inexact"}]
    return whole.group_by(keys).agg(pl.col("n", "n_inexact").sum()).sort(keys, nulls_last=True)


def write_count_query(
    connection: Connection, strata: tuple[str, ...], filters: CohortFilter
) -> tuple[str, list[object]]:
    """Write the portable count query; the endpoint is the last value to bind."""
    chosen, parameters = _write_choice(connection, strata, filters)
    groups = quote_names((*strata, "time_days", "cause"))
    words = (
        f"select {groups}, count(*) as n,",
        "sum(case when outcome.time_is_exact then 0 else 1 end) as n_inexact",
        chosen,
        f"group by {groups} order by {groups}",
    )
    return " ".join(words), parameters


def _write_choice(
    connection: Connection, strata: tuple[str, ...], filters: CohortFilter
) -> tuple[str, list[object]]:
    """Write the outcomes of one endpoint joined to the chosen procedures; the endpoint is bound last."""
    columns = {name: _resolve_stratum(name, filters) for name in strata}
    _require_strata(columns, read_columns(connection, "cohort_procedures"))
    where, parameters = join_conditions(derive_conditions(filters))
    picked = "".join(f", {quote_name(column)} as {quote_name(name)}" for name, column in columns.items())
    chosen = ("select procedure_id as chosen_procedure", picked, "from cohort_procedures", where)
    words = (
        "from time_to_event as outcome",
        f"join ({' '.join(chosen)}) as chosen on outcome.procedure_id = chosen.chosen_procedure",
        "where outcome.endpoint = ?",
    )
    return " ".join(words), parameters


def _resolve_stratum(name: str, filters: CohortFilter) -> str:
    """Return the column behind the name of a stratum."""
    return {"strategy": filters.strategy_column, "severity": filters.severity_column}.get(name, name)


def _require_strata(columns: dict[str, str], present: Sequence[str]) -> None:
    """Refuse a stratum that is no grouping column of the cohort."""
    possible = [name for name in present if name not in _NOT_STRATA]
    for name, column in columns.items():
        if column not in possible:
            raise SpecificationError(
                where="strata",
                what=f"the cohort has no grouping column '{name}'",
                fix=f"Use {', '.join(possible)}.",
            )


def _require_endpoint(connection: Connection, endpoint: str) -> None:
    """Tell an endpoint without rows from one that was never derived; a registry of nobody has none at all."""
    known = _known_endpoints(connection)
    if known and endpoint not in known:
        raise SpecificationError(
            where="endpoint",
            what=f"'{endpoint}' is not in this snapshot",
            fix=f"Use one of {', '.join(known)}.",
        )


def _known_endpoints(connection: Connection) -> tuple[str, ...]:
    """Return the endpoints that have rows."""
    rows = run(connection, "select distinct endpoint from time_to_event order by endpoint")
    return tuple(str(row[0]) for row in rows)
