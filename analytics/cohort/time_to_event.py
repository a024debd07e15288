"""From index procedures and events to one time and one cause per endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.clocks import derive_clocks
from analytics.cohort.days import STAY_COLUMNS
from analytics.cohort.endpoints import VITAL
from analytics.cohort.event_rows import derive_event_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.cohort.endpoints import Component, Endpoint
    from analytics.cohort.specification import Cohort
    from analytics.cohort.tables import RegistryTables

TIME_TO_EVENT_SCHEMA: dict[str, type[pl.DataType]] = {
    "endpoint": pl.String,
    "procedure_id": pl.String,
    "patient_id": pl.String,
    "site_id": pl.String,
    "time_days": pl.Int64,  # days since the index procedure, >= 0
    "cause": pl.Int8,  # 0 censored, 1 endpoint, 2 competing death
    "component": pl.String,  # component that fired; "death" for a competing one; null where censored
    "time_is_exact": pl.Boolean,  # False where the day of the event is only bounded
}
"""Columns of the time-to-event frame, in order."""


def derive_time_to_event(cohort: Cohort, tables: RegistryTables, endpoint: Endpoint) -> pl.DataFrame:
    """Derive time and cause of one endpoint for every index procedure.

    Parameters
    ----------
    cohort
        The cohort; rows with ``is_index`` open a clock.
    tables
        The tables that the cohort was derived from.
    endpoint
        The endpoint.

    Returns
    -------
    polars.DataFrame
        Columns of `TIME_TO_EVENT_SCHEMA`, one row per index procedure, in order of ``procedure_id``. The
        first event on or before the end of the endpoint's clock decides; on one day the endpoint goes before
        a competing death, and components go in their order. Without one, the row is censored at the end of
        the clock. Do not place events whose ``time_is_exact`` is False on a curve: their day is an upper or a
        middle bound.
    """
    return derive_times_to_events(cohort, tables, [endpoint])


def derive_times_to_events(
    cohort: Cohort, tables: RegistryTables, endpoints: Iterable[Endpoint]
) -> pl.DataFrame:
    """Derive time and cause of several endpoints; clocks and events are prepared once.

    Parameters
    ----------
    cohort
        The cohort; rows with ``is_index`` open a clock.
    tables
        The tables that the cohort was derived from.
    endpoints
        Endpoints of different names.

    Returns
    -------
    polars.DataFrame
        The frames of `derive_time_to_event`, one after the other.
    """
    clocks, rows = prepare_events(cohort, tables)
    frames = [_first_event(clocks, rows, endpoint) for endpoint in endpoints]
    return pl.concat([pl.DataFrame(schema=TIME_TO_EVENT_SCHEMA), *frames])


def count_events_after_clock(cohort: Cohort, tables: RegistryTables, endpoint: Endpoint) -> int:
    """Count index procedures whose only endpoint event lies beyond the end of the clock.

    Parameters
    ----------
    cohort
        The cohort.
    tables
        The tables that the cohort was derived from.
    endpoint
        The endpoint.

    Returns
    -------
    int
        Procedures censored although a later event is on record. Such events are known of patients whom nobody
        would have asked otherwise, so that counting them would raise the risk; a number worth showing beside
        the curve.
    """
    clocks, rows = prepare_events(cohort, tables)
    counted = _first_event(clocks, rows, endpoint).filter(pl.col("cause") != 0).select("procedure_id")
    late = match_events(rows, endpoint).filter(pl.col("cause") == 1).select("procedure_id").unique()
    return late.join(counted, on="procedure_id", how="anti").height


def prepare_events(cohort: Cohort, tables: RegistryTables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prepare the clocks of the index procedures and the events on them."""
    index = cohort.procedures.filter("is_index").sort("procedure_id")
    known = _known_of(tables, index)
    clocks = derive_clocks(index, known)
    return clocks, derive_event_rows(clocks, known, staged_within_days=cohort.spec.staged_within_days)


def _known_of(tables: RegistryTables, index: pl.DataFrame) -> RegistryTables:
    """Leave out patients without an index procedure, unless an event of another names theirs.

    Of procedures only what clocks and events look at: joins of more columns copy whole tables.
    """
    asked = index.select("patient_id").unique()
    events = tables.events.join(asked, on="patient_id", how="semi")
    tied = events.get_column("procedure_id").drop_nulls().unique()
    procedures = tables.procedures.select(
        "procedure_id", "patient_id", "discharge_status", "staged_pci_planned", *STAY_COLUMNS
    ).filter(
        pl.col("patient_id").is_in(asked.get_column("patient_id").implode())
        | pl.col("procedure_id").is_in(tied.implode())
    )
    return replace(
        tables,
        patients=tables.patients.join(procedures, on="patient_id", how="semi"),
        procedures=procedures,
        follow_up=tables.follow_up.join(asked, on="patient_id", how="semi"),
        events=events,
    )


def _first_event(clocks: pl.DataFrame, rows: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """Reduce the events of each index procedure to the first one, or to censoring."""
    is_vital = endpoint.clock == VITAL
    until = clocks.with_columns(
        pl.col("vital_until" if is_vital else "assessed_until").alias("until"),
        pl.col("death_ends_vital" if is_vital else "death_ends_assessed").alias("death_ends"),
    )
    if endpoint.window_days is not None:
        until = until.with_columns(
            pl.min_horizontal("until", pl.col("procedure_day") + endpoint.window_days).alias("until")
        )
    ends = until.select("procedure_id", "until", "death_ends")
    first = (
        match_events(rows, endpoint)
        .join(ends, on="procedure_id", how="inner")
        .filter(
            (pl.col("day") <= pl.col("until")) & (pl.col("death_ends") | (pl.col("event_type") != "death"))
        )
        .sort("procedure_id", "day", "cause", "position")
        .unique("procedure_id", keep="first", maintain_order=True)
        .select("procedure_id", "day", "cause", "component", "event_is_exact")
    )
    return until.join(first, on="procedure_id", how="left", maintain_order="left").select(
        pl.lit(endpoint.name).alias("endpoint"),
        "procedure_id",
        "patient_id",
        "site_id",
        (pl.coalesce("day", "until") - pl.col("procedure_day")).alias("time_days"),
        pl.col("cause").fill_null(0).cast(pl.Int8),
        "component",
        pl.col("event_is_exact").fill_null(value=True).alias("time_is_exact"),
    )


def match_events(rows: pl.DataFrame, endpoint: Endpoint) -> pl.DataFrame:
    """Name the component or the competing event that each row is; drop rows that are neither."""
    usable = rows
    if not endpoint.includes_periprocedural_mi:
        usable = rows.filter((pl.col("event_type") != "mi") | ~pl.col("is_complication"))
    position = pl.coalesce(
        [pl.when(_counts(part)).then(number) for number, part in enumerate(endpoint.components)]
    )
    names = [part.name for part in endpoint.components]
    competes = pl.col("event_type").is_in(list(endpoint.competing))
    return (
        usable.with_columns(position.alias("position"))
        .filter(pl.col("position").is_not_null() | competes)
        .with_columns(
            pl.when(pl.col("position").is_not_null()).then(1).otherwise(2).cast(pl.Int8).alias("cause"),
            pl.col("position")
            .replace_strict(dict(enumerate(names)), return_dtype=pl.String)
            .fill_null("death")
            .alias("component"),
        )
    )


def _counts(component: Component) -> pl.Expr:
    """Whether an event row fulfils a component."""
    claims = [pl.col("event_type").is_in(list(component.event_types))]
    claims += [pl.col(column).is_in(list(values)) for column, values in component.conditions.items()]
    return pl.all_horizontal(claims)
