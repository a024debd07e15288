"""How long, and how completely, patients were followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from analytics.survival.curve_reading import curve_quantiles
from analytics.survival.event_counts import CAUSE, TIME
from analytics.survival.event_curves import curve_from_risk_table
from analytics.survival.refusals import no_patients
from analytics.survival.results import Basis, EventCurve, NotEstimable
from analytics.survival.risk_table import RiskTable, build_risk_table

if TYPE_CHECKING:
    from analytics.survival.event_counts import EventCounts
    from analytics.survival.intervals import IntervalKind

TieOrder = Literal["together", "events_first"]


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Length of follow-up of one group by the reverse Kaplan-Meier method.

    Parameters
    ----------
    group
        Label of the group.
    median_days, lower, upper
        Median potential follow-up and its interval, in days; None where the curve or a limit stays above one
        half.
    quantiles
        ``probability``, ``time_days``, ``lower``, ``upper``.
    curve
        The reverse curve: the share of patients whose follow-up would have lasted longer, had no event cut it
        short.
    basis
        What it rests on; ``n_events`` counts censorings, which are the events of this curve.
    """

    group: str
    median_days: float | None
    lower: float | None
    upper: float | None
    quantiles: pl.DataFrame
    curve: EventCurve
    basis: Basis


@dataclass(frozen=True)
class FollowUpCompleteness:
    """Clark's C: observed person-time as a share of the person-time that complete follow-up would have given.

    Parameters
    ----------
    group
        Label of the group.
    n
        Patients.
    n_incomplete
        Patients whose observation ended early without an event.
    observed_days, potential_days
        Person-time seen, and person-time due; an event ends what is due.
    completeness
        Their ratio, 0 to 1.
    """

    group: str
    n: int
    n_incomplete: int
    observed_days: float
    potential_days: float
    completeness: float


def estimate_follow_up(
    counts: EventCounts,
    *,
    group: str,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
    ties: TieOrder = "together",
) -> FollowUp | NotEstimable:
    """Estimate potential follow-up in one group by the reverse Kaplan-Meier method.

    Censoring is what is waited for here, and every event, of whatever cause, ends the wait.

    Parameters
    ----------
    counts
        Event counts; strata columns, if any, name the groups. Events known only to have happened by a day
        count on it.
    group
        Stratum to estimate, and label of the result.
    confidence, interval
        Level and scale of the interval.
    ties
        On a day with both, ``together``: patients with an event still wait when others are censored
        (exchanging the roles of event and censoring in the usual curve); ``events_first``: they have left by
        then. The two differ only where events and censorings share days.

    Returns
    -------
    FollowUp or NotEstimable
        Refused: ``no_patients``.

    References
    ----------
    .. [1] Schemper & Smith (1996), Control Clin Trials 17:343-346.
    """
    own = counts.of_group(group)
    if not own.frame.height:
        return no_patients(group)
    table = build_risk_table(own, n_causes=max(1, int(own.frame[CAUSE].to_numpy().max())))
    curve = curve_from_risk_table(
        _reversed(table, ties), group=group, confidence=confidence, interval=interval
    )
    basis = replace(curve.basis, method="reverse Kaplan-Meier", warnings=())
    quantiles = curve_quantiles(curve)
    middle = quantiles.row(1, named=True)
    return FollowUp(
        group=group,
        median_days=middle["time_days"],
        lower=middle["lower"],
        upper=middle["upper"],
        quantiles=quantiles,
        curve=replace(curve, basis=basis),
        basis=basis,
    )


def measure_completeness(
    frame: pl.DataFrame, *, group: str, potential: str = "potential_days", horizon_days: float | None = None
) -> FollowUpCompleteness | NotEstimable:
    """Measure how much of the follow-up that was due has been seen.

    Parameters
    ----------
    frame
        One row per patient: ``time_days``, ``cause`` (0 censored) and the day to which follow-up was due.
    group
        Label of the group.
    potential
        Column with the days from time zero to the closing date of the data, >= 0.
    horizon_days
        Count person-time only up to this day, for the completeness of a one-year analysis; all of it when
        None.

    Returns
    -------
    FollowUpCompleteness or NotEstimable
        Refused: ``no_patients``, also where no follow-up is due yet.

    References
    ----------
    .. [1] Clark, Altman & De Stavola (2002), Lancet 359:1309-1310.
    """
    due = pl.col(potential) if horizon_days is None else pl.col(potential).clip(upper_bound=horizon_days)
    ended = (pl.col(CAUSE) > 0) & (pl.col(TIME) <= due)
    seen = pl.min_horizontal(pl.col(TIME), due)
    rows = frame.select(seen.alias("seen"), pl.when(ended).then(seen).otherwise(due).alias("due"))
    total = float(rows["due"].sum())
    if total == 0:
        return no_patients(group)
    observed = float(rows["seen"].sum())
    incomplete = rows.filter(pl.col("seen") < pl.col("due")).height
    return FollowUpCompleteness(group, frame.height, incomplete, observed, total, observed / total)


def _reversed(table: RiskTable, ties: TieOrder) -> RiskTable:
    """Exchange events of any cause and censorings."""
    events = table.all_events
    waiting = table.n_risk if ties == "together" else table.n_risk - events
    return replace(table, n_risk=waiting, n_censor=events, n_event=table.n_censor[None, :])
