"""From index procedures and events to rows of recurrent events: every one counts, death ends the count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.endpoints import VITAL
from analytics.cohort.time_to_event import match_events, prepare_events

if TYPE_CHECKING:
    from analytics.cohort.endpoints import Endpoint
    from analytics.cohort.specification import Cohort
    from analytics.cohort.tables import RegistryTables

ROW_SCHEMA: dict[str, type[pl.DataType]] = {
    "procedure_id": pl.String,
    "patient_id": pl.String,
    "entry_days": pl.Int64,  # null: from the beginning
    "time_days": pl.Int64,
    "n_recurrent": pl.Int64,  # 1 where the endpoint happened on `time_days`
    "is_terminal": pl.Boolean,  # True where the patient died on `time_days`
    "cause": pl.Int8,  # 1 event, 2 death without an event on the day, 0 neither
    "time_is_exact": pl.Boolean,
}
"""Columns of the rows, in order."""


def derive_recurrent_events(cohort: Cohort, tables: RegistryTables, endpoint: Endpoint) -> pl.DataFrame:
    """Derive the rows of a mean cumulative count of one endpoint.

    Parameters
    ----------
    cohort
        The cohort; rows with ``is_index`` open a clock.
    tables
        The tables that the cohort was derived from.
    endpoint
        A non-fatal endpoint. Several of its events on one day count once.

    Returns
    -------
    polars.DataFrame
        Columns of `ROW_SCHEMA`: for every index procedure one row up to each day with an event, and one to
        the end of its clock, where death on that clock is terminal. In order of procedure and day.
    """
    clocks, rows = prepare_events(cohort, tables)
    ends = _ends(clocks, endpoint)
    days = (
        match_events(rows, endpoint)
        .filter(pl.col("cause") == 1)
        .join(ends.select("procedure_id", "until"), on="procedure_id", how="inner")
        .filter(pl.col("day") <= pl.col("until"))
        .group_by("procedure_id", "day")
        .agg(n_recurrent=pl.lit(1, dtype=pl.Int64), time_is_exact=pl.col("event_is_exact").all())
    )
    last = ends.select("procedure_id", day="until", is_terminal="dies")
    joined = days.join(last, on=["procedure_id", "day"], how="full", coalesce=True).join(
        ends.select("procedure_id", "patient_id", "procedure_day"), on="procedure_id", how="inner"
    )
    return _number(joined)


def _ends(clocks: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """Give the end of the clock of each procedure, and whether it is a death."""
    is_vital = endpoint.clock == VITAL
    until = pl.col("vital_until" if is_vital else "assessed_until")
    if endpoint.window_days is not None:
        until = pl.min_horizontal(until, pl.col("procedure_day") + endpoint.window_days)
    ends = pl.col("death_ends_vital" if is_vital else "death_ends_assessed")
    return clocks.with_columns(until.alias("until"), ends.alias("death_ends")).select(
        "procedure_id",
        "patient_id",
        "procedure_day",
        "until",
        dies=(pl.col("death_ends") & (pl.col("death_day") <= pl.col("until"))).fill_null(value=False),
    )


def _number(rows: pl.DataFrame) -> pl.DataFrame:
    """Turn days into days since the procedure, each row beginning where the one before it ended."""
    is_event = pl.col("n_recurrent") > 0
    return (
        rows.with_columns(
            pl.col("n_recurrent").fill_null(0),
            pl.col("is_terminal").fill_null(value=False),
            pl.col("time_is_exact").fill_null(value=True),
            (pl.col("day") - pl.col("procedure_day")).alias("time_days"),
        )
        .sort("procedure_id", "time_days")
        .with_columns(
            pl.col("time_days").shift(1).over("procedure_id").alias("entry_days"),
            pl.when(is_event).then(1).when("is_terminal").then(2).otherwise(0).cast(pl.Int8).alias("cause"),
        )
        .select(pl.col(name).cast(kind) for name, kind in ROW_SCHEMA.items())
    )
