"""One specification and one frame of outcomes in, results out. Nothing here reads a file or draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import polars as pl

from analytics.errors import SpecificationError
from analytics.group_estimation import (
    GROUP,
    compare_curves,
    compare_hierarchy,
    compare_pairs_of_curves,
    mean_times,
)
from analytics.model_estimation import (
    ENTRY,
    fit_model,
    fit_subdistribution,
    require_columns,
    too_many_inexact,
)
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import CAUSE, TIME, count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk, estimate_proportion
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.results import CumulativeIncidence, EventCurve, NotEstimable
from analytics.survival.weighted_curves import (
    RowColumns,
    estimate_weighted_cumulative_incidence,
    estimate_weighted_event_curve,
)

if TYPE_CHECKING:
    from analytics.specification import Specification
    from analytics.survival.event_counts import EventCounts
    from analytics.survival.intervals import IntervalKind
    from analytics.survival.restricted_means import RestrictedMean, RestrictedMeanContrast
    from analytics.survival.results import CoxFit, GroupTest, HorizonRisk, ProportionalityTest
    from analytics.survival.results_competing import FineGrayFit
    from analytics.survival.results_win_ratio import WinRatio

ALL = "all patients"

Curve = EventCurve | CumulativeIncidence | NotEstimable


@dataclass(frozen=True, eq=False)
class Results:
    """What one specification gave.

    Parameters
    ----------
    curves, risks, tests
        One entry per group (and horizon); refusals stand in their place.
    fit, proportionality
        The Cox model and its test, or the Fine-Gray model, where asked for.
    means, contrasts
        Restricted means by horizon and group, and each group against the first.
    pairs
        Tests of every pair of groups, where asked for.
    win_ratio
        The comparison by a hierarchy of outcomes, where asked for.
    n_rows
        Rows that were analysed.
    n_incomplete
        Rows left out because time, event or group is missing.
    """

    curves: tuple[Curve, ...] = ()
    risks: tuple[HorizonRisk | NotEstimable, ...] = ()
    tests: tuple[GroupTest | NotEstimable, ...] = ()
    fit: CoxFit | FineGrayFit | NotEstimable | None = None
    proportionality: ProportionalityTest | NotEstimable | None = None
    means: tuple[RestrictedMean | NotEstimable, ...] = ()
    contrasts: tuple[RestrictedMeanContrast, ...] = ()
    pairs: pl.DataFrame | NotEstimable | None = None
    win_ratio: WinRatio | NotEstimable | None = None
    n_rows: int = 0
    n_incomplete: int = 0


def estimate(frame: pl.DataFrame, spec: Specification, *, causes: tuple[str, ...]) -> Results:
    """Run a specification on a frame of outcomes.

    Parameters
    ----------
    frame
        One row per patient (or procedure): ``time_days``, ``cause`` (0 censored, 1 the endpoint, 2 and more
        competing), perhaps ``entry_days`` and ``time_is_exact``, and the columns that it names.
    spec
        What to estimate.
    causes
        Labels of the causes from 1 on.

    Returns
    -------
    Results
        Estimates and refusals; rows with a missing time, cause or group are left out and counted.

    Raises
    ------
    SpecificationError
        If the specification names a column that the frame does not have.
    """
    grouped = _with_group(frame, spec)
    complete = grouped.drop_nulls([TIME, CAUSE, GROUP])
    if spec.landmark_days is not None:
        complete = restrict_to_landmark(complete, spec.landmark_days)
    if spec.until_days is not None:
        complete = end_follow_up(complete, spec.until_days - (spec.landmark_days or 0))
    found = _estimate(complete, spec, causes)
    n_incomplete = grouped.height - grouped.drop_nulls([TIME, CAUSE, GROUP]).height
    return replace(found, n_rows=complete.height, n_incomplete=n_incomplete)


def end_follow_up(frame: pl.DataFrame, day: int) -> pl.DataFrame:
    """Observe nobody beyond a day: whoever is still followed then is censored on it."""
    beyond = pl.col(TIME) > day
    return frame.with_columns(
        pl.when(beyond).then(0).otherwise(pl.col(CAUSE)).cast(frame.schema[CAUSE]).alias(CAUSE),
        pl.when(beyond).then(day).otherwise(pl.col(TIME)).cast(frame.schema[TIME]).alias(TIME),
    )


def _estimate(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Choose the estimator."""
    if spec.estimator == "cox":
        fit, proportionality = fit_model(frame, spec)
        return Results(fit=fit, proportionality=proportionality)
    if spec.estimator == "fine_gray":
        return Results(fit=fit_subdistribution(frame, spec))
    if spec.estimator == "proportion":
        return Results(risks=_proportions(frame, spec))
    if spec.estimator == "win_ratio":
        return Results(win_ratio=_pairs(frame, spec, causes))
    return _estimate_curves(frame, spec, causes)


def _estimate_curves(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> Results:
    """Everything that is a function of event counts: curves, what is read off them, tests."""
    events = _count(frame, spec)
    # A test of weighted groups would need a variance of its own.
    tests = () if spec.weights else compare_curves(events, spec)
    pairs = None if spec.weights else compare_pairs_of_curves(events, spec)
    if spec.estimator == "log_rank":
        return Results(tests=tests, pairs=pairs)
    labels = group_labels(frame, spec)
    curves = tuple(_curve(events, frame, label, spec=spec, causes=causes) for label in labels)
    if spec.estimator == "rmst":
        means, contrasts = mean_times(curves, spec)
        return Results(curves=curves, tests=tests, pairs=pairs, means=means, contrasts=contrasts)
    return Results(curves=curves, risks=_risks(curves, spec), tests=tests, pairs=pairs)


def _pairs(frame: pl.DataFrame, spec: Specification, causes: tuple[str, ...]) -> WinRatio | NotEstimable:
    """Win ratio, refused where the days of events are not known."""
    if too_many_inexact(frame):
        reason = "for too many patients only the day of a visit is known, not the day of the event"
        return NotEstimable("win ratio", reason, "event_times_unknown")
    if spec.landmark_days is not None or spec.until_days is not None:
        raise SpecificationError(
            where="specification [analysis]",
            what="a win ratio takes the whole follow-up",
            fix="Leave out 'landmark_days' and 'until_days'.",
        )
    return compare_hierarchy(frame, spec, causes)


def group_labels(frame: pl.DataFrame, spec: Specification) -> tuple[str, ...]:
    """Group labels in the order of the specification, or sorted."""
    return spec.groups.names or tuple(frame[GROUP].drop_nulls().unique().sort().to_list()) or (ALL,)


def _with_group(frame: pl.DataFrame, spec: Specification) -> pl.DataFrame:
    """Add the group label; with given levels, rows of other levels are not part of the question."""
    require_columns(frame, [name for name in (spec.groups.by, *spec.groups.strata) if name])
    if spec.groups.by is None:
        return frame.with_columns(pl.lit(ALL).alias(GROUP))
    level = pl.col(spec.groups.by).cast(pl.String)
    if not spec.groups.levels:
        return frame.with_columns(level.alias(GROUP))
    wanted = frame.filter(level.is_in(spec.groups.levels) | level.is_null())
    words = dict(zip(spec.groups.levels, spec.groups.names, strict=True))
    return wanted.with_columns(level.replace_strict(words, return_dtype=pl.String).alias(GROUP))


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
    if spec.weights:
        return _weighted_curve(frame.filter(pl.col(GROUP) == label), label, spec, causes=causes)
    own, scale = counts.pooled((GROUP,)).of_group(label), cast("IntervalKind", spec.interval)
    if competing:
        return estimate_cumulative_incidence(
            own, group=label, causes=causes, confidence=spec.confidence, interval=scale
        )
    return estimate_event_curve(own, group=label, confidence=spec.confidence, interval=scale)


def _weighted_curve(
    frame: pl.DataFrame, label: str, spec: Specification, *, causes: tuple[str, ...]
) -> Curve:
    """Estimate the weighted curve of one group, with the variance by patient."""
    require_columns(frame, [str(spec.weights)])
    columns = RowColumns(
        entry=ENTRY if ENTRY in frame.columns else None,
        weight=spec.weights,
        cluster="patient_id" if "patient_id" in frame.columns else None,
    )
    rows, scale = frame.drop_nulls(spec.weights), cast("IntervalKind", spec.interval)
    if spec.estimator == "aalen_johansen":
        return estimate_weighted_cumulative_incidence(
            rows, columns=columns, group=label, causes=causes, confidence=spec.confidence, interval=scale
        )
    return estimate_weighted_event_curve(
        rows, columns=columns, group=label, confidence=spec.confidence, interval=scale
    )


def _risks(curves: tuple[Curve, ...], spec: Specification) -> tuple[HorizonRisk | NotEstimable, ...]:
    """Read the risks at the horizons off the curves."""
    return tuple(
        estimate_horizon_risk(curve, day, confidence=spec.confidence)
        for curve in curves
        if not isinstance(curve, NotEstimable)
        for day in spec.horizons_days
    )


def _proportions(frame: pl.DataFrame, spec: Specification) -> tuple[HorizonRisk | NotEstimable, ...]:
    """Binomial risks at the horizons."""
    return tuple(
        estimate_proportion(
            frame.filter(pl.col(GROUP) == label), day, group=label, confidence=spec.confidence
        )
        for label in group_labels(frame, spec)
        for day in spec.horizons_days
    )
