"""Whole day numbers, the one scale on which a cohort measures time.

Dated rows count days since 1970-01-01. Rows of patients whose home site has the date policy ``relative``
carry no date: their day columns (whole days since the patient's own time zero) are taken as they are. A
patient has one scale, that of the home site, so that no difference ever mixes the two.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

STAY_COLUMNS = ("procedure_date", "procedure_day", "discharge_date", "discharge_day")
"""What places a procedure and the end of its stay."""

_EPOCH = dt.date(1970, 1, 1)


def day_of(date: dt.date) -> int:
    """Return the day number of a calendar date: days since 1970-01-01.

    Parameters
    ----------
    date
        A calendar date.

    Returns
    -------
    int
        Zero for 1970-01-01.
    """
    return (date - _EPOCH).days


def derive_patient_scale(tables: RegistryTables) -> pl.DataFrame:
    """Say of each patient on which day scale the rows stand.

    Parameters
    ----------
    tables
        Reads ``patients`` and ``sites``.

    Returns
    -------
    polars.DataFrame
        ``patient_id``, ``is_relative`` (days since the patient's time zero), ``is_calendar`` (dates are real,
        so that a calendar window means something). An unknown site counts as dated.
    """
    policy = pl.col("date_policy").fill_null("actual")
    relative = tables.sites.filter(policy == "relative").get_column("site_id")
    uncalendared = tables.sites.filter(~policy.is_in(["actual", "month_only"])).get_column("site_id")
    # A registry has few sites: to look them up costs far less than to join them to every patient.
    return tables.patients.select(
        "patient_id",
        pl.col("site_id").is_in(relative.implode()).fill_null(value=False).alias("is_relative"),
        (~pl.col("site_id").is_in(uncalendared.implode())).fill_null(value=True).alias("is_calendar"),
    )


def day_number(date: str, day: str) -> pl.Expr:
    """Build the day number of a row from its date or its relative day.

    Parameters
    ----------
    date
        Name of the ``Date`` column.
    day
        Name of the integer column that stands in for it at sites with relative days.

    Returns
    -------
    polars.Expr
        ``Int64``; the frame must carry ``is_relative`` of `derive_patient_scale`. Null where nothing was
        sent.
    """
    dated = pl.col(date).dt.epoch("d").cast(pl.Int64)
    return pl.when(pl.col("is_relative")).then(pl.col(day)).otherwise(dated)
