"""Estimators that are functions of event counts: curves, what is read off them, tests of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.estimation.cautions import caution_follow_up, caution_weights, refuse_weights
from analytics.estimation.group_labels import group_labels, name_levels
from analytics.estimation.groups import (
    CLUSTERED,
    GROUP,
    caution_recurring,
    compare_curves,
    compare_pairs_of_curves,
    identify_patients,
    mean_times,
    recurs,
    row_columns,
)
from analytics.estimation.model_terms import require_columns
from analytics.estimation.models import ENTRY
from analytics.estimation.results import Part, Results
from analytics.survival.conditional_survival import estimate_conditional_survival
from analytics.survival.cumulative_hazards import read_cumulative_hazard
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import CAUSE, count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import estimate_follow_up
from analytics.survival.horizons import estimate_horizon_risk, estimate_proportion
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.results_restricted import TimeLost
from analytics.survival.simultaneous_bands import estimate_band
from analytics.survival.smooth_hazard import estimate_smooth_hazard
from analytics.survival.time_lost import compare_time_lost, estimate_time_lost
from analytics.survival.weighted_curves import (
    estimate_weighted_cumulative_incidence,
    estimate_weighted_event_curve,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.estimation.results import Curve
    from analytics.estimation.specification import Specification
    from analytics.survival.event_counts import EventCounts
    from analytics.survival.intervals import IntervalKind
    from analytics.survival.results import HorizonRisk
    from analytics.survival.simultaneous_bands import BandKind

OTHERS_CENSORED = "other kinds of event are censored: this is a rate among those still free of all of them"


def run_curves(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate curves, risks at the horizons and tests; restricted means too where they are asked for."""
    spec = name_levels(frame, spec)
    events = _count(frame, spec)
    # A test of weighted groups would need a variance of its own.
    tests = () if spec.weights else compare_curves(events, spec)
    pairs = None if spec.weights else compare_pairs_of_curves(events, spec)
    if spec.estimator == "log_rank":
        return Results(tests=tests, pairs=pairs, notes=caution_recurring(frame, spec))
    labels = group_labels(frame, spec)
    curves = tuple(_curve(events, frame, label, spec=spec, causes=causes) for label in labels)
    pooled = events.pooled((GROUP,))
    follow_up = tuple(estimate_follow_up(pooled, group=label) for label in labels)
    notes = (
        *caution_follow_up(follow_up, spec.horizons_days),
        *caution_weights(frame, spec.weights),
        *caution_recurring(frame, spec),
    )
    if spec.estimator == "rmst":
        means, contrasts = mean_times(curves, spec, frame)
        return Results(curves=curves, tests=tests, pairs=pairs, means=means, contrasts=contrasts, notes=notes)
    risks = read_risks(curves, spec)
    # Where follow-up is ended on purpose, its length says nothing.
    shown = () if spec.until_days is not None else (Part("follow_up", follow_up),)
    parts = (*_bands(curves, spec), *shown)
    return Results(curves=curves, risks=risks, tests=tests, pairs=pairs, parts=parts, notes=notes)


def run_proportions(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate binomial risks at the horizons."""
    del causes
    risks = tuple(
        estimate_proportion(
            frame.filter(pl.col(GROUP) == label), day, group=label, confidence=spec.confidence
        )
        for label in group_labels(frame, spec)
        for day in spec.horizons_days
    )
    return Results(risks=risks)


def run_cumulative_hazards(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate cumulative hazards of the endpoint after Nelson and Aalen."""
    curves, notes = _cause_specific_curves(frame, spec, causes)
    found = tuple(
        curve
        if isinstance(curve, NotEstimable)
        else read_cumulative_hazard(curve, spec.horizons_days, confidence=spec.confidence)
        for curve in curves
    )
    return Results(parts=(Part("cumulative_hazards", found),), notes=notes)


def run_smooth_hazards(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate hazards over time by kernel smoothing."""
    curves, notes = _cause_specific_curves(frame, spec, causes)
    found = tuple(
        curve
        if isinstance(curve, NotEstimable)
        else estimate_smooth_hazard(curve, bandwidth_days=spec.bandwidth_days, confidence=spec.confidence)
        for curve in curves
    )
    return Results(parts=(Part("hazards", found),), notes=notes)


def run_conditional_survival(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate the chance of staying free up to the horizons of those free on a day."""
    spec = name_levels(frame, spec)
    events = _count(frame, spec)
    days = [day for day in spec.horizons_days if day >= spec.from_day]
    found: list[object] = []
    for label in group_labels(frame, spec):
        curve = _curve(events, frame, label, spec=spec, causes=causes)
        if isinstance(curve, EventCurve):
            found.append(
                estimate_conditional_survival(
                    curve,
                    from_day=spec.from_day,
                    days=days,
                    confidence=spec.confidence,
                    interval=cast("IntervalKind", spec.interval),
                )
            )
        else:
            found.append(curve)
    return Results(parts=(Part("conditional_survival", tuple(found)),))


def run_time_lost(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Estimate days lost to every cause up to the horizons, each group against the first."""
    spec = name_levels(frame, spec)
    events, labels = _count(frame, spec).pooled((GROUP,)), group_labels(frame, spec)
    curves = tuple(_incidence(events, label, spec=spec, causes=causes) for label in labels)
    lost = tuple(
        estimate_time_lost(
            events.of_group(label),
            group=label,
            causes=causes,
            horizon_days=day,
            confidence=spec.confidence,
        )
        for day in spec.horizons_days
        for label in labels
    )
    parts = (Part("time_lost", lost), Part("time_lost_contrasts", _compare_time_lost(lost, labels, spec)))
    return Results(curves=curves, parts=parts)


def _compare_time_lost(
    lost: Sequence[TimeLost | NotEstimable], labels: Sequence[str], spec: Specification
) -> tuple[pl.DataFrame, ...]:
    """Set every group against the first at each horizon, where both are known."""
    rows = []
    for start in range(0, len(lost), len(labels)):
        first, *others = lost[start : start + len(labels)]
        for other in others:
            if isinstance(first, TimeLost) and isinstance(other, TimeLost):
                table = compare_time_lost(other, first, confidence=spec.confidence)
                rows.append(
                    table.select(
                        pl.lit(other.group).alias("group"),
                        pl.lit(first.group).alias("reference"),
                        pl.lit(first.horizon_days).alias("horizon_days"),
                        pl.all(),
                    )
                )
    return (pl.concat(rows),) if rows else ()


def _cause_specific_curves(
    frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]
) -> tuple[tuple[EventCurve | NotEstimable, ...], tuple[str, ...]]:
    """Curves from which only hazards may be read: other kinds of event are censored."""
    spec = name_levels(frame, spec)
    alone = frame.with_columns(pl.when(pl.col(CAUSE) > 1).then(0).otherwise(pl.col(CAUSE)).alias(CAUSE))
    events = _count(alone, spec).pooled((GROUP,))
    curves = tuple(
        estimate_event_curve(events, group=label, confidence=spec.confidence)
        for label in group_labels(frame, spec)
    )
    return curves, (OTHERS_CENSORED,) if len(causes) > 1 else ()


def _count(frame: pl.DataFrame, spec: Specification) -> EventCounts:
    """Count events by group and stratum; after this nothing sees a patient."""
    entry = ENTRY if ENTRY in frame.columns else None
    return count_events(frame, strata=(GROUP, *spec.groups.strata), entry=entry)


def _curve(
    counts: EventCounts, frame: pl.DataFrame, label: str, *, spec: Specification, causes: tuple[str, ...]
) -> Curve:
    """Estimate the curve of one group: Aalen-Johansen where events compete, Kaplan-Meier elsewhere."""
    competing = spec.estimator in {"aalen_johansen", "gray"}
    if not competing and len(causes) > 1:
        reason = f"{causes[1]} competes with {causes[0]}: use aalen_johansen, not Kaplan-Meier"
        return NotEstimable(label, reason, "competing_events")
    rows = frame.filter(pl.col(GROUP) == label)
    if spec.weights or (spec.estimator in CLUSTERED and recurs(rows)):
        return _curve_from_rows(rows, label, spec, causes=causes)
    own, scale = counts.pooled((GROUP,)).of_group(label), cast("IntervalKind", spec.interval)
    if competing:
        return _incidence(counts.pooled((GROUP,)), label, spec=spec, causes=causes)
    return estimate_event_curve(own, group=label, confidence=spec.confidence, interval=scale)


def _incidence(counts: EventCounts, label: str, *, spec: Specification, causes: tuple[str, ...]) -> Curve:
    """Estimate the cumulative incidence of one group from counts by group."""
    return estimate_cumulative_incidence(
        counts.of_group(label),
        group=label,
        causes=causes,
        confidence=spec.confidence,
        interval=cast("IntervalKind", spec.interval),
    )


def _curve_from_rows(
    frame: pl.DataFrame, label: str, spec: Specification, *, causes: tuple[str, ...]
) -> Curve:
    """Estimate the curve of one group, weighted or not, with the variance by patient."""
    if spec.weights:
        require_columns(frame, [spec.weights])
        frame = frame.drop_nulls(spec.weights)
        refusal = refuse_weights(frame, spec.weights, group=label)
        if refusal is not None:
            return refusal
    rows, columns = identify_patients(frame), row_columns(frame, spec)
    scale = cast("IntervalKind", spec.interval)
    if spec.estimator in {"aalen_johansen", "gray"}:
        return estimate_weighted_cumulative_incidence(
            rows, columns=columns, group=label, causes=causes, confidence=spec.confidence, interval=scale
        )
    return estimate_weighted_event_curve(
        rows, columns=columns, group=label, confidence=spec.confidence, interval=scale
    )


def _bands(curves: Sequence[Curve], spec: Specification) -> tuple[Part, ...]:
    """Bands that hold for whole Kaplan-Meier curves, where asked for."""
    # No band is derived for a robust variance.
    drawn = [
        curve
        for curve in curves
        if isinstance(curve, EventCurve) and "weighted_n_risk" not in curve.table.columns
    ]
    if spec.band is None or not drawn:
        return ()
    kind = cast("BandKind", spec.band)
    return (Part("bands", tuple(estimate_band(one, kind=kind, confidence=spec.confidence) for one in drawn)),)


def read_risks(curves: Sequence[Curve], spec: Specification) -> tuple[HorizonRisk | NotEstimable, ...]:
    """Read the risks at the horizons off the curves."""
    return tuple(
        estimate_horizon_risk(curve, day, confidence=spec.confidence)
        for curve in curves
        if not isinstance(curve, NotEstimable)
        for day in spec.horizons_days
    )
