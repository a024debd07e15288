"""One death per patient, from whichever record knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.days import STAY_COLUMNS, day_number, derive_patient_scale

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

_COLUMNS = ("patient_id", "death_day", "death_cause", "death_is_exact", "death_by_linkage")
_INEXACT = ("on_or_before", "year")


def derive_deaths(tables: RegistryTables) -> pl.DataFrame:
    """Derive the death of every patient who is known to have died.

    Parameters
    ----------
    tables
        Reads ``events``, ``follow_up``, ``procedures``, ``complications``, ``patients`` and ``sites``.

    Returns
    -------
    polars.DataFrame
        One row per dead patient: ``patient_id``, ``death_day``, ``death_cause`` (null where not sent),
        ``death_is_exact`` (False where only a latest day or a year is known), ``death_by_linkage`` (an event
        row adjudicated by linkage). The first of these that knows of the death decides: an event row; a death
        in the laboratory; a stay that ended in death (its last day, or the procedure day where that is
        blank); a contact that found the patient dead (its day, not exact).
    """
    dated = _with_days(tables)
    sources = (
        _event_deaths(dated),
        _laboratory_deaths(tables, dated),
        _stay_deaths(dated),
        _contact_deaths(dated),
    )
    ranked = pl.concat(
        [frame.select(*_COLUMNS, pl.lit(rank).alias("rank")) for rank, frame in enumerate(sources)]
    )
    return (
        ranked.filter(pl.col("death_day").is_not_null())
        .sort("patient_id", "rank", "death_day")
        .unique("patient_id", keep="first", maintain_order=True)
        .drop("rank")
    )


def day_bounds() -> tuple[pl.Expr, pl.Expr]:
    """Build the first and the last day that an event's date can mean.

    Returns
    -------
    tuple of polars.Expr
        First and last day number, from ``event_date``, ``event_date_precision`` and ``day``: the month or the
        year of a partial date; `day` itself where the day is known or where there is no calendar.
    """
    date, precision = pl.col("event_date"), pl.col("event_date_precision")
    year = date.dt.truncate("1y")
    first = (
        pl.when(precision == "month")
        .then(_epoch(date.dt.month_start()))
        .when(precision == "year")
        .then(_epoch(year))
    )
    last = (
        pl.when(precision == "month")
        .then(_epoch(date.dt.month_end()))
        .when(precision == "year")
        .then(_epoch(year.dt.offset_by("1y")) - 1)
    )
    return pl.coalesce(first, "day"), pl.coalesce(last, "day")


def middle_day() -> pl.Expr:
    """Build the day that stands for an event's date.

    Returns
    -------
    polars.Expr
        The 15th of a month and 1 July of a year, whatever such a date was filled up with; otherwise ``day``.
    """
    date, precision = pl.col("event_date"), pl.col("event_date_precision")
    return pl.coalesce(
        pl.when(precision == "month")
        .then(_epoch(date.dt.month_start()) + 14)
        .when(precision == "year")
        .then(_epoch(date.dt.truncate("1y").dt.offset_by("6mo"))),
        "day",
    )


def is_exact() -> pl.Expr:
    """Build whether an event's day is known well enough to place it on a curve.

    Returns
    -------
    polars.Expr
        False for the precisions ``on_or_before`` and ``year``; a month is taken at its middle.
    """
    return ~pl.col("event_date_precision").fill_null("day").is_in(list(_INEXACT))


def _epoch(date: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01."""
    return date.dt.epoch("d").cast(pl.Int64)


def _with_days(tables: RegistryTables) -> dict[str, pl.DataFrame]:
    """Procedures, contacts and events with their day numbers."""
    scale = derive_patient_scale(tables)
    events = tables.events.join(scale, on="patient_id", how="left").with_columns(
        day_number("event_date", "event_day").alias("day")
    )
    is_death = pl.col("event_type") == "death"
    return {
        "procedures": tables.procedures.select(
            "procedure_id", "patient_id", "discharge_status", *STAY_COLUMNS
        )
        .join(scale, on="patient_id", how="left")
        .with_columns(
            day_number("procedure_date", "procedure_day").alias("day"),
            day_number("discharge_date", "discharge_day").alias("end_day"),
        ),
        "contacts": tables.follow_up.join(scale, on="patient_id", how="left").with_columns(
            day_number("contact_date", "contact_day").alias("day")
        ),
        "deaths": events.filter(is_death),
        "events": events.filter(~is_death & (pl.col("event_date_precision") == "day")),
    }


def _event_deaths(dated: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Deaths of the events table; a partial date is moved past the last sign of life that it allows."""
    first, last = day_bounds()
    deaths = dated["deaths"].with_columns(first.alias("first"), last.alias("last"))
    last_alive = (
        deaths.filter(pl.col("first") < pl.col("last"))
        .select("event_id", "patient_id", "last")
        .join(_signs_of_life(dated), on="patient_id", how="inner")
        .filter(pl.col("alive_day") <= pl.col("last"))
        .group_by("event_id")
        .agg(pl.col("alive_day").max())
    )
    return deaths.join(last_alive, on="event_id", how="left").select(
        "patient_id",
        pl.max_horizontal(middle_day(), "alive_day").alias("death_day"),
        "death_cause",
        is_exact().alias("death_is_exact"),
        (pl.col("adjudication") == "linkage").fill_null(value=False).alias("death_by_linkage"),
    )


def _signs_of_life(dated: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Days on which a patient was alive: procedures, discharges, contacts and dated non-fatal events."""
    stays, contacts = dated["procedures"], dated["contacts"]
    return pl.concat(
        [
            stays.select("patient_id", pl.col("day").alias("alive_day")),
            stays.filter(pl.col("discharge_status") == "alive").select(
                "patient_id", pl.col("end_day").alias("alive_day")
            ),
            contacts.filter(pl.col("vital_status") == "alive").select(
                "patient_id", pl.col("day").alias("alive_day")
            ),
            dated["events"].select("patient_id", pl.col("day").alias("alive_day")),
        ]
    )


def _laboratory_deaths(tables: RegistryTables, dated: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Deaths that only a complication row knows of."""
    dead = (
        tables.complications.filter(pl.col("complication_type") == "death_in_lab")
        .select("procedure_id")
        .unique()
    )
    return (
        dated["procedures"]
        .join(dead, on="procedure_id", how="semi")
        .select(*_derived("day", pl.lit(value=True)))
    )


def _stay_deaths(dated: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Deaths that only the status at discharge knows of."""
    dead = dated["procedures"].filter(pl.col("discharge_status") == "dead")
    return dead.with_columns(pl.coalesce("end_day", "day").alias("left_day")).select(
        *_derived("left_day", pl.lit(value=True))
    )


def _contact_deaths(dated: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Deaths that only a contact knows of: by that day, not on it."""
    return (
        dated["contacts"]
        .filter(pl.col("vital_status") == "dead")
        .select(*_derived("day", pl.lit(value=False)))
    )


def _derived(day: str, exact: pl.Expr) -> list[pl.Expr]:
    """Columns of a death that no event row describes."""
    return [
        pl.col("patient_id"),
        pl.col(day).alias("death_day"),
        pl.lit(None, dtype=pl.String).alias("death_cause"),
        exact.alias("death_is_exact"),
        pl.lit(value=False).alias("death_by_linkage"),
    ]
