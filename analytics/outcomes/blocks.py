"""Event counts -> what the survival page and the report show. Pure: no widget, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import order_severities, order_strategies
from analytics.cohort.endpoints import Endpoint, bundled_endpoints
from analytics.outcomes.status import (
    STATUS_NOTE,
    UNKNOWN_DAYS,
    estimate_status_risks,
    refuse_unknown_days,
)
from analytics.report.content import SurvivalBlock
from analytics.survival.comparisons import compare_event_curves
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import EventCounts
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.landmark import Window, restrict_to_window
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.survival.results import CumulativeIncidence, EventCurve, HorizonRisk

WINDOWS = {
    "all": Window("From the procedure, 3 years", None, 1095),
    "early": Window("Early: to day 30", None, 30),
    "late": Window("Late: day 31 to 1 year", 30, 365),
    "very-late": Window("Very late: 1 to 3 years", 365, 1095),
}
"""Stretches of follow-up by their key in an address."""

HORIZONS = (30, 365, 1095)
GROUPINGS = {"severity": "calcification severity", "strategy": "device strategy"}
HEADLINE_ENDPOINT = "mace_d"
"""Composite that is shown first."""
UNGRADED = ("unknown",)
MIN_GROUP = 10
"""No curve is drawn for fewer patients."""


def endpoint_of(name: str) -> Endpoint:
    """Return a bundled endpoint; a name from a browser that does not exist gives the first."""
    endpoints = bundled_endpoints()
    return endpoints.get(name) or next(iter(endpoints.values()))


def build_block(counts: pl.DataFrame, *, endpoint: Endpoint, by: str, window: Window) -> SurvivalBlock:
    """Estimate one endpoint by group.

    Parameters
    ----------
    counts
        ``severity`` or ``strategy``, ``time_days``, ``cause``, ``n``, ``n_inexact``.
    endpoint
        The endpoint; it decides between Kaplan-Meier and Aalen-Johansen.
    by
        ``severity`` or ``strategy``: the column of the groups.
    window
        The stretch of follow-up.
    """
    graded, note = _graded(counts, by)
    # Everybody kept has reached the landmark, so a column of entry days would only split the groups.
    kept = restrict_to_window(graded, window).select(by, "time_days", "cause", "n", "n_inexact")
    events, whole = EventCounts.from_counts(kept), EventCounts.from_counts(graded)
    groups = order_severities(kept[by]) if by == "severity" else order_strategies(kept[by])
    curves = tuple(_estimate(events, group, endpoint, whole=whole) for group in groups)
    risks, by_visit = _risks(curves, window, whole)
    drawn = tuple(curve.group for curve in curves if not isinstance(curve, NotEstimable))
    test = compare_event_curves(events, group=by, order=drawn) if drawn else _nothing_to_compare(by)
    first = window.after_day or 0
    return SurvivalBlock(
        key=f"{endpoint.name}_by_{by}{_key_of(window)}",
        title=f"{endpoint.label} by {GROUPINGS[by]}{_title_of(window)}",
        endpoint_label=endpoint.label,
        composition=endpoint.composition,
        curves=curves,
        risks=risks,
        tests=(test,),
        horizon_days=window.to_day,
        first_day=first,
        note=" ".join(part for part in (note, _say_landmark(first), STATUS_NOTE if by_visit else "") if part),
    )


def _graded(counts: pl.DataFrame, by: str) -> tuple[pl.DataFrame, str]:
    """Keep rows of a known group; where nobody has one, everybody together and a sentence that says so."""
    columns = (by, "time_days", "cause", "n", "n_inexact")
    graded = counts.filter(pl.col(by).is_not_null() & ~pl.col(by).is_in(UNGRADED)).select(columns)
    left_out = int(counts["n"].sum()) - int(graded["n"].sum())
    if not left_out:
        return graded, ""
    if graded.height:
        return graded, f"{left_out:,} procedures of unknown {GROUPINGS[by]} are left out."
    together = counts.with_columns(pl.lit("all").alias(by)).select(columns)
    return together, f"The {GROUPINGS[by]} of nobody here is known, so that all stand together."


def _say_landmark(first_day: int) -> str:
    """Say whom a stretch is about; nothing where it starts with the procedure."""
    return f"Only patients without the event and still followed after day {first_day}." if first_day else ""


def _key_of(window: Window) -> str:
    """Suffix that tells stretches of one endpoint apart; none for the whole follow-up."""
    return "" if window == WINDOWS["all"] else f"_day_{(window.after_day or -1) + 1}_to_{window.to_day}"


def _title_of(window: Window) -> str:
    """Words for a stretch in a title; none for the whole follow-up."""
    return "" if window == WINDOWS["all"] else f", {window.name[:1].lower()}{window.name[1:]}"


def _nothing_to_compare(by: str) -> NotEstimable:
    """Refuse a test where no group has a curve."""
    return NotEstimable(by, "No group is large enough to compare.", "no_patients")


def _estimate(
    events: EventCounts, group: str, endpoint: Endpoint, *, whole: EventCounts
) -> EventCurve | CumulativeIncidence | NotEstimable:
    """One curve, by the method that the endpoint asks for."""
    n = int(events.of_group(group).frame["n"].sum())
    if n < MIN_GROUP:
        return NotEstimable(group, f"Only {n} patients: too few for a curve.", "no_patients")
    refusal = refuse_unknown_days(whole, group, highest_cause=2 if endpoint.competing else 1)
    if refusal is not None:
        return refusal
    if endpoint.competing:
        return estimate_cumulative_incidence(events, group=group, causes=(endpoint.name, "death"))
    return estimate_event_curve(events, group=group)


def _risks(
    curves: tuple[EventCurve | CumulativeIncidence | NotEstimable, ...], window: Window, whole: EventCounts
) -> tuple[tuple[HorizonRisk | NotEstimable, ...], bool]:
    """Risks at the horizons inside the window, group by group, and whether some are shares by a visit."""
    days = [day for day in HORIZONS if (window.after_day or 0) < day <= window.to_day]
    risks: list[HorizonRisk | NotEstimable] = []
    by_visit = False
    for curve in curves:
        if not isinstance(curve, NotEstimable):
            risks.extend(estimate_horizon_risk(curve, day) for day in days)
            continue
        shares = _shares(curve, days, window, whole)
        by_visit = by_visit or bool(shares)
        risks.extend(shares or [curve])
    return tuple(risks), by_visit


def _shares(
    refusal: NotEstimable, days: list[int], window: Window, whole: EventCounts
) -> tuple[HorizonRisk, ...]:
    """Shares by a visit where a curve was refused for unknown days; none after a landmark."""
    if refusal.code != UNKNOWN_DAYS or window.after_day is not None:
        return ()
    counts = whole.of_group(refusal.group).frame
    return estimate_status_risks(counts, group=refusal.group, days=days, to_day=window.to_day)


def overall_risk(counts: pl.DataFrame, *, endpoint: Endpoint, day: int) -> HorizonRisk | NotEstimable:
    """Return the risk of an endpoint by one day over everybody.

    Parameters
    ----------
    counts
        ``time_days``, ``cause``, ``n``.
    endpoint
        The endpoint.
    day
        Days since the procedure.
    """
    if counts.is_empty():
        return NotEstimable("all", "No patient matches.", "no_patients")
    events = EventCounts.from_counts(counts.with_columns(group=pl.lit("all")))
    curve = _estimate(events, "all", endpoint, whole=events)
    if not isinstance(curve, NotEstimable):
        return estimate_horizon_risk(curve, day)
    shares = _shares(curve, [day], WINDOWS["all"], events)
    return next((share for share in shares if share.horizon_days == day), curve)


def status_risk(counts: pl.DataFrame) -> HorizonRisk | None:
    """Return the share with an endpoint by the last visit at which everybody's status is known.

    Parameters
    ----------
    counts
        ``time_days``, ``cause``, ``n``, ``n_inexact``: one endpoint over everybody.

    Returns
    -------
    HorizonRisk or None
        None where a curve can be had, or where there is no such visit.
    """
    events = EventCounts.from_counts(counts.with_columns(group=pl.lit("all")))
    if counts.is_empty() or refuse_unknown_days(events, "all", highest_cause=2) is None:
        return None
    return next(reversed(estimate_status_risks(counts, group="all", days=())), None)
