"""Risks by a visit: what can be said where the day of an event is only known to lie before a contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import CAUSE, TIME, EventCounts
from analytics.survival.horizons import estimate_proportion
from analytics.survival.refusals import refuse_counts
from analytics.survival.results import HorizonRisk, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN_DAYS = "event_times_unknown"
"""Code of the refusal that a proportion may stand in for."""
STATUS_NOTE = (
    "Where only the status at a visit is known, the table gives the share of patients with the event by "
    "that visit, with Wilson's interval, instead of a curve."
)


def refuse_unknown_days(events: EventCounts, group: str, *, highest_cause: int) -> NotEstimable | None:
    """Refuse a curve over any stretch where the days of a group's events are unknown.

    Parameters
    ----------
    events
        Counts over the whole follow-up. Cut to a stretch, events known by a later visit would pass as
        event-free at its end.
    group
        The group.
    highest_cause
        Highest cause code with a place in the curve.

    Returns
    -------
    NotEstimable or None
        With the code ``event_times_unknown``; None where the days are known well enough.
    """
    refusal = refuse_counts(events.of_group(group), group=group, highest_cause=highest_cause)
    return refusal if refusal is not None and refusal.code == UNKNOWN_DAYS else None


def estimate_status_risks(
    counts: pl.DataFrame, *, group: str, days: Sequence[int], to_day: int | None = None
) -> tuple[HorizonRisk, ...]:
    """Estimate the share with the endpoint by each day on which everybody's status is known.

    Parameters
    ----------
    counts
        Counts of one group over the whole follow-up: ``time_days``, ``cause``, ``n``, ``n_inexact``.
    group
        Label of the group.
    days
        Days asked for. The last day to which everybody was followed is added to them.
    to_day
        Last day that may be shown; None for any.

    Returns
    -------
    tuple of HorizonRisk
        Ascending by day; empty where there is no such day.
    """
    rows = _one_row_a_patient(counts)
    last = last_known_day(counts)
    asked = {*days, last} if last is not None and last > 0 else set(days)
    shown = sorted(day for day in asked if to_day is None or day <= to_day)
    risks = (estimate_proportion(rows, day, group=group) for day in shown)
    return tuple(risk for risk in risks if isinstance(risk, HorizonRisk))


def last_known_day(counts: pl.DataFrame) -> int | None:
    """Return the last day on which everybody's status is known; None without patients.

    Parameters
    ----------
    counts
        ``time_days``, ``cause``, ``n``.
    """
    patients = counts.filter(pl.col("n") > 0)
    free = patients.filter(pl.col(CAUSE) == 0)
    day = free[TIME].min() if free.height else patients[TIME].max()
    return day if isinstance(day, int) else None


def _one_row_a_patient(counts: pl.DataFrame) -> pl.DataFrame:
    """Undo the counting: one row for each patient, with whether the day is exact."""
    split = pl.concat(
        [
            counts.select(TIME, CAUSE, pl.col("n_inexact").alias("n"), time_is_exact=pl.lit(value=False)),
            counts.select(
                TIME, CAUSE, (pl.col("n") - pl.col("n_inexact")).alias("n"), time_is_exact=pl.lit(value=True)
            ),
        ]
    ).filter(pl.col("n") > 0)
    return split.select(pl.exclude("n").repeat_by("n").explode())
