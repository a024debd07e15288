"""Reasons for which a curve, a risk or a test is refused, worded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import CAUSE
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.survival.event_counts import EventCounts

INEXACT_SHARE = 0.05
"""Largest share of events whose day is only an upper bound that a curve carries with a warning; ours."""


def no_patients(group: str) -> NotEstimable:
    """Refuse an empty group."""
    return NotEstimable(group, "Nobody in this group has an outcome under observation.", "no_patients")


def unknown_times(group: str, n: int) -> NotEstimable:
    """Refuse a curve over events that are only known to have happened by some day."""
    reason = (
        f"In {n} patients the event is only known to have happened by the day of a visit: no curve exists. "
        "Ask for the proportion at a fixed day at which everybody's status is known."
    )
    return NotEstimable(group, reason, "event_times_unknown")


def competing_events(group: str, n: int) -> NotEstimable:
    """Refuse to read a risk off a Kaplan-Meier curve where competing events took patients out."""
    reason = (
        f"In {n} patients a competing event came first: one minus this curve would overstate the risk. "
        "Ask for the cumulative incidence."
    )
    return NotEstimable(group, reason, "competing_events")


def refuse_counts(counts: EventCounts, *, group: str, highest_cause: int) -> NotEstimable | None:
    """Say why the counts of one stratum cannot carry an estimate; None where they can.

    Parameters
    ----------
    counts
        Counts of one stratum.
    group
        Its label.
    highest_cause
        Highest cause code that the estimator has a place for.
    """
    frame = counts.frame
    if int(frame["n"].sum()) == 0:
        return no_patients(group)
    inexact, events = _count_inexact(counts)
    if inexact > INEXACT_SHARE * events:
        return unknown_times(group, inexact)
    beyond = int(frame.filter(frame[CAUSE] > highest_cause)["n"].sum())
    return competing_events(group, beyond) if beyond else None


def inexact_warnings(counts: EventCounts) -> tuple[str, ...]:
    """Warn of the few events whose day is only an upper bound; the curve places them on that day."""
    inexact, events = _count_inexact(counts)
    if inexact == 0:
        return ()
    return (f"{inexact} of {events} events are placed on the day by which they are known to have happened.",)


def _count_inexact(counts: EventCounts) -> tuple[int, int]:
    """Count events whose day is only an upper bound, and all events."""
    events = counts.frame.filter(pl.col(CAUSE) > 0)
    return int(events["n_inexact"].sum()), int(events["n"].sum())
