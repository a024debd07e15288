"""Landmark analysis: outcomes after a day, among those free of the event and under observation on it.

Grouping by what happened after time zero (a late device, a second procedure) is fair only from a landmark on:
before it the group of a patient was not known, and those who died early had no chance to change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from analytics.survival.event_counts import CAUSE, TIME

Clock = Literal["restart", "keep"]
OnTheDay = Literal["leave", "stay"]


@dataclass(frozen=True)
class Window:
    """A stretch of follow-up that is analysed by itself.

    Parameters
    ----------
    name
        Label shown to readers.
    after_day
        Landmark: last day that is left out; None from time zero on, day 0 included.
    to_day
        Last day that counts.
    """

    name: str
    after_day: int | None
    to_day: int


EARLY_AND_LATE = (
    Window("early, to day 30", None, 30),
    Window("late, day 31 to 1 year", 30, 365),
    Window("very late, 1 to 3 years", 365, 1095),
)
"""Early and late MACE as three windows that together hold every event of three years once."""


def restrict_to_landmark(
    frame: pl.DataFrame,
    landmark_days: float,
    *,
    time: str = TIME,
    clock: Clock = "restart",
    on_the_day: OnTheDay = "leave",
) -> pl.DataFrame:
    """Keep patients who are event-free and under observation beyond the landmark.

    Parameters
    ----------
    frame
        One row per patient with ``time`` (days since time zero).
    landmark_days
        The landmark; groups must have been known by then.
    time
        Name of the time column.
    clock
        ``restart``: days count from the landmark; ``keep``: from time zero.
    on_the_day
        ``leave``: an event or censoring on the landmark itself lies before it (the rule for a landmark data
        set); ``stay``: it lies after it (the rule for a curve conditional on reaching the day).

    Returns
    -------
    pl.DataFrame
        The rows kept, in their order, with ``time`` on the chosen clock.

    References
    ----------
    .. [1] Anderson, Cain & Gelber (1983), J Clin Oncol 1:710-719; van Houwelingen (2007), Scand J Stat
       34:70-85.
    """
    day = pl.col(time)
    kept = frame.filter(day > landmark_days if on_the_day == "leave" else day >= landmark_days)
    return kept if clock == "keep" else kept.with_columns(day - landmark_days)


def restrict_to_window(
    frame: pl.DataFrame, window: Window, *, time: str = TIME, cause: str = CAUSE
) -> pl.DataFrame:
    """Keep one stretch of follow-up: those who reach it, observed no longer than its last day.

    Parameters
    ----------
    frame
        One row per patient with ``time`` (days since time zero) and ``cause`` (0 censored).
    window
        Stretch to keep.
    time, cause
        Names of those columns.

    Returns
    -------
    pl.DataFrame
        The patients who reach the window, days counted from time zero; whoever stays beyond its last day is
        censored on it. ``entry_days`` (null from time zero on) is the entry for
        :func:`analytics.survival.event_counts.count_events`, so that person-time starts at the landmark.
    """
    reached = frame
    if window.after_day is not None:
        reached = restrict_to_landmark(frame, window.after_day, time=time, clock="keep")
    beyond = pl.col(time) > window.to_day
    return reached.with_columns(
        pl.when(beyond).then(pl.lit(0)).otherwise(pl.col(cause)).cast(frame.schema[cause]).alias(cause),
        pl.when(beyond)
        .then(pl.lit(window.to_day))
        .otherwise(pl.col(time))
        .cast(frame.schema[time])
        .alias(time),
        pl.lit(window.after_day, dtype=pl.Int64).alias("entry_days"),
    )
