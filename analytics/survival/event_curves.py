"""Kaplan-Meier curves from event counts.

Times are whole days since time zero; an event on day 0 counts, with everybody at risk. Patients censored on
the day of an event were still at risk of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from analytics.survival.curve_layout import keep_whole_days, lay_out_curve
from analytics.survival.intervals import IntervalKind, confidence_limits, describe
from analytics.survival.refusals import EventTotals, count_totals, refuse_totals, warn_totals
from analytics.survival.results import Basis, EventCurve, NotEstimable
from analytics.survival.risk_table import RiskTable, build_risk_table
from analytics.survival.robust_variance import cell_units, influence_variance
from analytics.survival.running import running_product, running_sum
from analytics.survival.stacked_strata import StackedStrata, stack_strata

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts

EstimatorKind = Literal["kaplan-meier", "nelson-aalen", "fleming-harrington"]

NO_EVENTS = "No event was observed: the curve stays at 1 and its interval has no width."


def estimate_event_curve(
    counts: EventCounts,
    *,
    group: str,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
    estimator: EstimatorKind = "kaplan-meier",
) -> EventCurve | NotEstimable:
    """Estimate freedom from the endpoint in one group.

    Parameters
    ----------
    counts
        Event counts with cause 1 for the endpoint and no competing event; strata columns, if any, name the
        groups. Delayed entry is taken from ``counts.entries``. Weighted counts give the weighted curve with
        the robust (infinitesimal jackknife) variance, each row being its own cluster [3]_; clusters need
        rows, see :func:`analytics.survival.weighted_curves.estimate_weighted_event_curve`.
    group
        Stratum to estimate, and label the curve carries.
    confidence
        Level of the pointwise interval.
    interval
        Scale of the interval.
    estimator
        ``kaplan-meier`` (product limit [1]_, Greenwood variance), ``nelson-aalen`` (exponential of the
        Nelson-Aalen cumulative hazard [4]_, with its variance) or ``fleming-harrington`` (exponential of
        the tie-corrected cumulative hazard [2]_, with its variance). Counts with weights take the first.

    Returns
    -------
    EventCurve or NotEstimable
        A group without events has a curve at 1 with a warning. Refused: ``no_patients``;
        ``event_times_unknown`` where more than 5 % of the events are only known to have happened by a visit
        (fewer give a warning); ``competing_events`` where one minus this curve would not be a risk (use
        cumulative incidence).

    References
    ----------
    .. [1] Kaplan & Meier (1958), J Am Stat Assoc 53:457-481.
    .. [2] Fleming & Harrington (1984), Commun Stat Theory Methods 13:2469-2486.
    .. [3] Xie & Liu (2005), Stat Med 24:3089-3110; Lin & Wei (1989), J Am Stat Assoc 84:1074-1078.
    .. [4] Breslow (1972), J R Stat Soc B 34:216-217; Tsiatis (1981), Ann Stat 9:93-108.
    """
    own = counts.of_group(group)
    totals = count_totals(own, highest_cause=1)
    refusal = refuse_totals(totals, group=group)
    if refusal is not None:
        return refusal
    table = build_risk_table(own)
    if own.is_weighted:
        curve = _weighted_curve(own, table, group=group, confidence=confidence, interval=interval)
        notes = (*curve.basis.warnings, *warn_totals(totals))
        return replace(curve, basis=replace(curve.basis, warnings=notes))
    strata = StackedStrata((group,), table, (table.person_days,), (totals,), {})
    return _estimate(strata, confidence=confidence, interval=interval, estimator=estimator)[0]


def curve_from_risk_table(
    table: RiskTable,
    *,
    group: str,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
    estimator: EstimatorKind = "kaplan-meier",
) -> EventCurve:
    """Estimate an unweighted curve from a risk table with at least one patient.

    Parameters
    ----------
    table
        At-risk and event numbers by day; events of every cause in it count.
    group, confidence, interval, estimator
        As for :func:`estimate_event_curve`.
    """
    totals = EventTotals(
        int((table.n_censor + table.all_events).sum()), int(table.all_events.sum()), inexact=0, beyond=0
    )
    strata = StackedStrata((group,), table, (table.person_days,), (totals,), {})
    return _estimate(strata, confidence=confidence, interval=interval, estimator=estimator)[0]


def estimate_event_curves(
    counts: EventCounts, *, confidence: float = 0.95, interval: IntervalKind = "log-log"
) -> tuple[EventCurve | NotEstimable, ...]:
    """Estimate one Kaplan-Meier curve per stratum, in ascending order of the labels.

    Parameters
    ----------
    counts
        As for :func:`estimate_event_curve`.
    confidence, interval
        As for :func:`estimate_event_curve`.
    """
    strata = stack_strata(counts, n_causes=1)
    if strata is None:
        return tuple(
            estimate_event_curve(counts, group=label, confidence=confidence, interval=interval)
            for label in counts.labels()
        )
    found = _estimate(strata, confidence=confidence, interval=interval)
    known = {one.group: one for one in found}
    return tuple(known.get(label) or strata.refused[label] for label in strata.order)


def _estimate(
    strata: StackedStrata,
    *,
    confidence: float,
    interval: IntervalKind,
    estimator: EstimatorKind = "kaplan-meier",
) -> list[EventCurve]:
    """Estimate all strata in one pass."""
    columns = _ESTIMATORS[estimator](strata.table)
    lower, upper = confidence_limits(
        columns["survival"], columns["std_error"], confidence=confidence, interval=interval
    )
    frame = lay_out_curve(strata.table, {**columns, "lower": lower, "upper": upper})
    basis = Basis(
        method=_METHODS[estimator][0],
        variance=_METHODS[estimator][1],
        interval=describe(interval, confidence),
        n=0,
        n_events=0,
        person_days=0.0,
    )
    return [
        EventCurve(
            label,
            keep_whole_days(frame[span]),
            replace(
                basis,
                n=totals.n,
                n_events=totals.events,
                person_days=days,
                warnings=(*(() if totals.events else (NO_EVENTS,)), *warn_totals(totals)),
            ),
        )
        for label, days, totals, span in zip(
            strata.labels, strata.person_days, strata.totals, strata.table.spans, strict=True
        )
    ]


def _kaplan_meier(table: RiskTable) -> dict[str, NDArray[np.float64]]:
    """Product limit with Greenwood's variance, cumulative hazard after Nelson and Aalen."""
    n, d, spans = table.n_risk, table.all_events, table.spans
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(d > 0, d / n, 0.0)
        survival = running_product(1.0 - share, spans)
        # Once everybody left at risk has the event, Greenwood's sum is infinite and the standard error
        # undefined.
        std_error = survival * np.sqrt(running_sum(np.where(d > 0, d / (n * (n - d)), 0.0), spans))
        hazard_variance = running_sum(np.where(d > 0, d / n**2, 0.0), spans)
    return {
        "survival": survival,
        "std_error": std_error,
        "cumulative_hazard": running_sum(share, spans),
        "std_error_hazard": np.sqrt(hazard_variance),
    }


def _nelson_aalen(table: RiskTable) -> dict[str, NDArray[np.float64]]:
    """Exponential of the Nelson-Aalen hazard, with the variance of the hazard."""
    columns = _kaplan_meier(table)
    survival = np.exp(-columns["cumulative_hazard"])
    return columns | {"survival": survival, "std_error": survival * columns["std_error_hazard"]}


def _fleming_harrington(table: RiskTable) -> dict[str, NDArray[np.float64]]:
    """Exponential of the hazard in which tied events leave the risk set one after the other."""
    d = table.all_events.astype(np.int64)
    day = np.repeat(np.arange(len(d)), d)
    already_gone = np.arange(len(day)) - np.repeat(np.cumsum(d) - d, d)
    left = table.n_risk[day] - already_gone
    steps = np.bincount(day, weights=1 / left, minlength=len(d)).astype(np.float64)
    squares = np.bincount(day, weights=1 / left**2, minlength=len(d)).astype(np.float64)
    hazard = running_sum(steps, table.spans)
    std_error_hazard = np.sqrt(running_sum(squares, table.spans))
    survival = np.exp(-hazard)
    return {
        "survival": survival,
        "std_error": survival * std_error_hazard,
        "cumulative_hazard": hazard,
        "std_error_hazard": std_error_hazard,
    }


_METHODS = {
    "kaplan-meier": ("Kaplan-Meier", "Greenwood"),
    "nelson-aalen": ("exponential of the Nelson-Aalen hazard", "Nelson-Aalen hazard"),
    "fleming-harrington": ("Fleming-Harrington", "tie-corrected hazard"),
}
_ESTIMATORS: dict[str, Callable[[RiskTable], dict[str, NDArray[np.float64]]]] = {
    "kaplan-meier": _kaplan_meier,
    "nelson-aalen": _nelson_aalen,
    "fleming-harrington": _fleming_harrington,
}


def _weighted_curve(
    counts: EventCounts, raw: RiskTable, *, group: str, confidence: float, interval: IntervalKind
) -> EventCurve:
    """Weighted product limit in which each row is its own cluster."""
    weighted = build_risk_table(counts, weighted=True)
    return weighted_event_curve(
        (raw, weighted),
        influence_variance(raw, weighted, cell_units(counts)),
        group=group,
        confidence=confidence,
        interval=interval,
        variance="robust by row",
    )


def weighted_event_curve(
    tables: tuple[RiskTable, RiskTable],
    influence: dict[str, NDArray[np.float64]],
    *,
    group: str,
    confidence: float,
    interval: IntervalKind,
    variance: str,
) -> EventCurve:
    """Put a weighted curve together from its parts.

    Parameters
    ----------
    tables
        Risk tables of patients and of weights, on the same days.
    influence
        Estimates and variances from :func:`analytics.survival.robust_variance.influence_variance`.
    group, confidence, interval
        As for :func:`estimate_event_curve`.
    variance
        Name of the variance.
    """
    raw, weighted = tables
    survival = influence["survival"]
    std_error = np.where(survival > 0, np.sqrt(influence["survival_variance"]), np.nan)
    lower, upper = confidence_limits(survival, std_error, confidence=confidence, interval=interval)
    columns = {
        "survival": survival,
        "std_error": std_error,
        "lower": lower,
        "upper": upper,
        "cumulative_hazard": np.cumsum(influence["hazard"].sum(axis=0)),
        "std_error_hazard": np.sqrt(influence["hazard_variance"]),
        "weighted_n_risk": weighted.n_risk,
        "weighted_n_event": weighted.all_events,
        "weighted_n_censor": weighted.n_censor,
    }
    basis = Basis(
        method="weighted Kaplan-Meier",
        variance=variance,
        interval=describe(interval, confidence),
        n=int((raw.n_censor + raw.all_events).sum()),
        n_events=int(raw.all_events.sum()),
        person_days=raw.person_days,
        warnings=() if raw.all_events.any() else (NO_EVENTS,),
    )
    return EventCurve(group, keep_whole_days(lay_out_curve(raw, columns)), basis)
