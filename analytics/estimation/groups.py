"""Estimators that set groups side by side: restricted means, tests of curves, hierarchies of outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.comparisons import compare_event_curves, compare_pairwise
from analytics.survival.gray import compare_incidences
from analytics.survival.rank_sums import RankWeights
from analytics.survival.refusals import Caution
from analytics.survival.restricted_mean_weighted import estimate_weighted_restricted_mean
from analytics.survival.restricted_means import (
    RestrictedMean,
    RestrictedMeanContrast,
    compare_restricted_means,
    estimate_restricted_mean,
)
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.weighted_curves import RowColumns
from analytics.survival.win_ratio import PairGroups, TimedOutcome, estimate_win_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.estimation.specification import Specification
    from analytics.survival.event_counts import EventCounts
    from analytics.survival.results import CumulativeIncidence, GroupTest
    from analytics.survival.results_win_ratio import WinRatio

GROUP = "group"
PATIENT = "patient_id"
CLUSTERED = frozenset({"kaplan_meier", "aalen_johansen", "gray", "rmst"})
"""Estimators whose curves and means are clustered by patient where patients recur."""
ENTRY = "entry_days"

Means = tuple[RestrictedMean | NotEstimable, ...]


def recurs(frame: pl.DataFrame) -> bool:
    """Say whether a patient has more than one row."""
    return count_recurring(frame) > 0


def count_recurring(frame: pl.DataFrame) -> int:
    """Count patients with more than one row; 0 where rows do not say whose they are.

    Parameters
    ----------
    frame
        Rows of procedures, perhaps with ``patient_id``.
    """
    if PATIENT not in frame.columns:
        return 0
    return frame.drop_nulls(PATIENT).group_by(PATIENT).len().filter(pl.col("len") > 1).height


def identify_patients(frame: pl.DataFrame) -> pl.DataFrame:
    """Let every row without a patient be one of its own."""
    if PATIENT not in frame.columns or not frame[PATIENT].null_count():
        return frame
    own = pl.format("row {}", pl.int_range(pl.len()))
    return frame.with_columns(pl.coalesce(pl.col(PATIENT).cast(pl.String), own).alias(PATIENT))


def row_columns(frame: pl.DataFrame, spec: Specification) -> RowColumns:
    """Name the columns of rows whose variance is robust by patient."""
    return RowColumns(
        entry=ENTRY if ENTRY in frame.columns else None,
        weight=spec.weights,
        cluster=PATIENT if PATIENT in frame.columns else None,
    )


def caution_recurring(frame: pl.DataFrame, spec: Specification) -> tuple[str, ...]:
    """Say what is made of patients with several procedures, where there are any.

    Parameters
    ----------
    frame
        Rows of procedures, perhaps with ``patient_id``.
    spec
        What is estimated.
    """
    n = count_recurring(frame)
    if not n:
        return ()
    clustered = spec.estimator in CLUSTERED
    words = [f"{n:,} patients count with more than one procedure"]
    words += ["the interval of every group is clustered by patient"] if clustered else []
    if not clustered or spec.groups.by is not None:
        words.append("comparisons of groups take every procedure as independent")
    return (Caution("recurring_patients", ": ".join([words[0], "; ".join(words[1:])])),)


def level_columns(number: int) -> tuple[str, str]:
    """Return the columns with days and event of one outcome of a hierarchy, counted from 1."""
    return f"outcome_{number}_days", f"outcome_{number}_event"


def compare_curves(counts: EventCounts, spec: Specification) -> tuple[GroupTest | NotEstimable, ...]:
    """Test the groups by the log-rank family, where there are groups; with one kind of event, else Gray's."""
    if spec.groups.by is None:
        return ()
    strata, order = spec.groups.strata, spec.groups.names
    if spec.estimator != "gray":
        test = compare_event_curves(counts, group=GROUP, strata=strata, weights=_weights(spec), order=order)
        return (test,)
    if counts.entries is not None:
        return (NotEstimable(GROUP, "Gray's test has no variance under delayed entry.", "singular"),)
    return (compare_incidences(counts, group=GROUP, strata=strata, rho=spec.groups.rho, order=order),)


def compare_pairs_of_curves(counts: EventCounts, spec: Specification) -> pl.DataFrame | NotEstimable | None:
    """Test every pair of groups with adjusted p values, where asked for."""
    if spec.groups.by is None or not spec.groups.pairwise:
        return None
    return compare_pairwise(counts, group=GROUP, strata=spec.groups.strata, weights=_weights(spec))


def _weights(spec: Specification) -> RankWeights:
    """Weights of the days in a log-rank test."""
    return RankWeights(rho=spec.groups.rho, gamma=spec.groups.gamma)


def mean_times(
    curves: Sequence[EventCurve | CumulativeIncidence | NotEstimable],
    spec: Specification,
    frame: pl.DataFrame | None = None,
) -> tuple[Means, tuple[RestrictedMeanContrast, ...]]:
    """Restricted means at every horizon, each group set against the first; weighted ones need the rows."""
    means: list[RestrictedMean | NotEstimable] = []
    contrasts: list[RestrictedMeanContrast] = []
    for day in spec.horizons_days:
        found = [_mean(curve, day, spec, frame) for curve in curves]
        means += found
        known = [one for one in found if isinstance(one, RestrictedMean)]
        # Against the first group only where that group has a mean.
        if found and known and known[0] is found[0]:
            contrasts += [
                compare_restricted_means(one, known[0], confidence=spec.confidence) for one in known[1:]
            ]
    return tuple(means), tuple(contrasts)


def _mean(
    curve: EventCurve | CumulativeIncidence | NotEstimable,
    day: int,
    spec: Specification,
    frame: pl.DataFrame | None,
) -> RestrictedMean | NotEstimable:
    """Restricted mean of one curve; of its rows where they are weighted or patients recur."""
    is_robust = isinstance(curve, EventCurve) and "weighted_n_risk" in curve.table.columns
    if is_robust and frame is not None:
        columns = row_columns(frame, spec)
        rows = identify_patients(frame.filter(pl.col(GROUP) == curve.group))
        rows = rows.drop_nulls(spec.weights) if spec.weights else rows
        return estimate_weighted_restricted_mean(
            rows, columns=columns, group=curve.group, horizon_days=day, confidence=spec.confidence
        )
    if isinstance(curve, EventCurve):
        return estimate_restricted_mean(curve, day, confidence=spec.confidence)
    if isinstance(curve, NotEstimable):
        return curve
    reason = "A competing event takes patients out: event-free days belong to an endpoint that includes it."
    return NotEstimable(curve.group, reason, "competing_events")


def compare_hierarchy(
    frame: pl.DataFrame, spec: Specification, labels: Sequence[str]
) -> WinRatio | NotEstimable:
    """Set two groups against each other, outcome after outcome.

    Raises
    ------
    SpecificationError
        Where the groups are not two.
    """
    names = spec.groups.names
    if len(names) != 2:
        raise SpecificationError(
            where="specification [groups]",
            what="a win ratio compares two groups",
            fix="Give 'by' and two 'levels', the reference last.",
        )
    outcomes = [
        TimedOutcome(label, *level_columns(number), threshold=spec.outcome.threshold_days)
        for number, label in enumerate(labels, 1)
    ]
    groups = PairGroups(GROUP, names[0], names[1], spec.groups.strata)
    return estimate_win_ratio(
        frame, outcomes, groups, confidence=spec.confidence, scoring=spec.outcome.scoring
    )
