"""Reasons for which a curve, a risk or a test is refused, worded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.survival.event_counts import CAUSE
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.survival.event_counts import EventCounts


class Caution(str):
    """A sentence that must stand beside a number, with a stable short name.

    It is a text, so that it goes wherever a warning goes; ``code`` is one of `CAUTIONS`.
    """

    code: str

    def __new__(cls, code: str, sentence: str) -> Caution:
        """Make the sentence and name its kind."""
        made = super().__new__(cls, sentence)
        made.code = code
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # a text alone would lose the code
        """Keep the code in copies."""
        return self.code, str(self)


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
    return refuse_totals(count_totals(counts, highest_cause=highest_cause), group=group)


@dataclass(frozen=True)
class EventTotals:
    """Patients and events of one stratum.

    Parameters
    ----------
    n
        Patients.
    events
        Events of any cause.
    inexact
        Those of them whose day is only an upper bound.
    beyond
        Events of causes that the estimator has no place for.
    """

    n: int
    events: int
    inexact: int
    beyond: int


def refuse_totals(totals: EventTotals, *, group: str) -> NotEstimable | None:
    """Say why totals cannot carry an estimate; None where they can."""
    if totals.n == 0:
        return no_patients(group)
    if totals.inexact > INEXACT_SHARE * totals.events:
        return unknown_times(group, totals.inexact)
    return competing_events(group, totals.beyond) if totals.beyond else None


def count_totals(counts: EventCounts, *, highest_cause: int) -> EventTotals:
    """Count patients and events of one stratum.

    Parameters
    ----------
    counts
        Counts of one stratum.
    highest_cause
        Highest cause code that the estimator has a place for.
    """
    is_event, is_beyond = pl.col(CAUSE) > 0, pl.col(CAUSE) > highest_cause
    sums = counts.frame.select(
        pl.col("n").sum(),
        events=pl.col("n").filter(is_event).sum(),
        inexact=pl.col("n_inexact").filter(is_event).sum(),
        beyond=pl.col("n").filter(is_beyond).sum(),
    )
    return EventTotals(*(int(value) for value in sums.row(0)))


def inexact_warnings(counts: EventCounts) -> tuple[str, ...]:
    """Warn of the few events whose day is only an upper bound; the curve places them on that day."""
    return warn_totals(count_totals(counts, highest_cause=0))


def warn_totals(totals: EventTotals) -> tuple[str, ...]:
    """Warn of the few events of these totals whose day is only an upper bound."""
    if totals.inexact == 0:
        return ()
    words = "events are placed on the day by which they are known to have happened."
    return (f"{totals.inexact} of {totals.events} {words}",)
