"""Cumulative incidence with competing events (Aalen-Johansen) from event counts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.curve_layout import EVENT_FREE, add_limits, keep_whole_days, lay_out_incidence
from analytics.survival.incidence_variance import VarianceKind, aalen_johansen
from analytics.survival.intervals import IntervalKind, describe
from analytics.survival.refusals import count_totals, refuse_totals, warn_totals
from analytics.survival.results import Basis, CumulativeIncidence, NotEstimable
from analytics.survival.risk_table import build_risk_table
from analytics.survival.robust_variance import cell_units, influence_variance
from analytics.survival.stacked_strata import StackedStrata, stack_strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts
    from analytics.survival.risk_table import RiskTable

__all__ = [
    "EVENT_FREE",
    "NO_EVENTS",
    "estimate_cumulative_incidence",
    "estimate_cumulative_incidences",
    "weighted_incidence",
]

NO_EVENTS = "The first cause was never observed: its incidence stays at 0 and its interval has no width."


def estimate_cumulative_incidence(
    counts: EventCounts,
    *,
    group: str,
    causes: Sequence[str],
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
    variance: VarianceKind = "greenwood",
) -> CumulativeIncidence | NotEstimable:
    """Estimate the probability of each cause as the first event in one group.

    Parameters
    ----------
    counts
        Event counts; strata columns, if any, name the groups. Delayed entry is taken from ``counts.entries``.
        Weighted counts give weighted incidences with the robust variance, each row being its own cluster.
    group
        Stratum to estimate, and label the result carries.
    causes
        Labels of the cause codes 1, 2, ... in order; the first is the endpoint of interest.
    confidence
        Level of the pointwise interval.
    interval
        Scale of the interval.
    variance
        ``greenwood`` (causes on one day as a multinomial draw; equal to the infinitesimal jackknife [2]_) or
        ``aalen`` (causes as independent counting processes, slightly larger [3]_; the event-free rows keep
        Greenwood's). Weighted counts always take the robust variance.

    Returns
    -------
    CumulativeIncidence or NotEstimable
        The table also holds rows with cause ``event_free``: the probability of no event of any cause, under
        ``incidence``. A cause that was never seen has incidence 0 with a warning if it is the first.
        Refused: ``no_patients``, ``event_times_unknown``.

    Raises
    ------
    ValueError
        When the counts hold a cause code without a label.

    References
    ----------
    .. [1] Aalen & Johansen (1978), Scand J Stat 5:141-150.
    .. [2] Andersen, Borgan, Gill & Keiding (1993), Statistical Models Based on Counting Processes, section
       IV.4.
    .. [3] Aalen (1978), Ann Stat 6:534-545.
    """
    own = counts.of_group(group)
    totals = count_totals(own, highest_cause=len(causes))
    refusal = refuse_totals(totals, group=group)
    if refusal is not None:
        _require_named(refusal, causes)
        return refusal
    table = build_risk_table(own, n_causes=len(causes))
    if own.is_weighted:
        weighted = build_risk_table(own, n_causes=len(causes), weighted=True)
        found = weighted_incidence(
            (table, weighted),
            influence_variance(table, weighted, cell_units(own)),
            labels=(group, *causes),
            confidence=confidence,
            interval=interval,
            variance="robust by row",
        )
        notes = (*found.basis.warnings, *warn_totals(totals))
        return replace(found, basis=replace(found.basis, warnings=notes))
    strata = StackedStrata((group,), table, (table.person_days,), (totals,), {})
    return _estimate(strata, causes, confidence=confidence, interval=interval, variance=variance)[0]


def estimate_cumulative_incidences(
    counts: EventCounts,
    *,
    causes: Sequence[str],
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
    variance: VarianceKind = "greenwood",
) -> tuple[CumulativeIncidence | NotEstimable, ...]:
    """Estimate the cumulative incidences of every stratum, in ascending order of the strata.

    The numbers are those of :func:`estimate_cumulative_incidence`, one stratum after the other; all strata
    together take little longer than one.

    Parameters
    ----------
    counts
        Event counts by at least one stratum column; a stratum with a missing value is left out.
    causes, confidence, interval, variance
        As for :func:`estimate_cumulative_incidence`.

    Raises
    ------
    ValueError
        When the counts hold a cause code without a label.
    """
    strata = stack_strata(counts, n_causes=len(causes))
    if strata is None:
        one = partial(
            estimate_cumulative_incidence,
            counts,
            causes=causes,
            confidence=confidence,
            interval=interval,
            variance=variance,
        )
        return tuple(one(group=label) for label in counts.labels())
    for refusal in strata.refused.values():
        _require_named(refusal, causes)
    found = _estimate(strata, causes, confidence=confidence, interval=interval, variance=variance)
    known = {one.group: one for one in found}
    return tuple(known.get(label) or strata.refused[label] for label in strata.order)


def _require_named(refusal: NotEstimable, causes: Sequence[str]) -> None:
    """Refuse cause codes that have no label."""
    if refusal.code == "competing_events":
        msg = (
            f"causes: the counts hold codes above {len(causes)}. Name every cause, in the order of its code."
        )
        raise ValueError(msg)


def _estimate(
    strata: StackedStrata,
    causes: Sequence[str],
    *,
    confidence: float,
    interval: IntervalKind,
    variance: VarianceKind,
) -> list[CumulativeIncidence]:
    """Estimate all strata in one pass."""
    estimate, squared = aalen_johansen(strata.table, variance)
    layout = lay_out_incidence(strata.table, causes, (estimate, np.sqrt(squared)))
    frame = add_limits(layout, confidence=confidence, interval=interval)
    basis = Basis(
        method="Aalen-Johansen",
        variance={"greenwood": "Greenwood-type", "aalen": "Aalen"}[variance],
        interval=describe(interval, confidence),
        n=0,
        n_events=0,
        person_days=0.0,
    )
    rows = 1 + len(causes)
    return [
        CumulativeIncidence(
            label,
            tuple(causes),
            keep_whole_days(frame.slice(rows * span.start, rows * (span.stop - span.start))),
            _own_basis(basis, strata, position, span),
        )
        for position, (label, span) in enumerate(zip(strata.labels, strata.table.spans, strict=True))
    ]


def _own_basis(basis: Basis, strata: StackedStrata, position: int, span: slice) -> Basis:
    """Fill in what the estimates of one stratum rest on."""
    n_events = int(strata.table.n_event[0, span].sum())
    totals = strata.totals[position]
    return replace(
        basis,
        n=totals.n,
        n_events=n_events,
        person_days=strata.person_days[position],
        warnings=(*(() if n_events else (NO_EVENTS,)), *warn_totals(totals)),
    )


def weighted_incidence(
    tables: tuple[RiskTable, RiskTable],
    influence: dict[str, NDArray[np.float64]],
    *,
    labels: tuple[str, ...],
    confidence: float,
    interval: IntervalKind,
    variance: str,
) -> CumulativeIncidence:
    """Put weighted cumulative incidences together from their parts.

    Parameters
    ----------
    tables
        Risk tables of patients and of weights, on the same days.
    influence
        From :func:`analytics.survival.robust_variance.influence_variance`.
    labels
        The group, then the causes in the order of their codes.
    confidence, interval
        Level and scale of the pointwise interval.
    variance
        Name of the variance.
    """
    raw, weighted = tables
    group, *causes = labels
    estimate = np.vstack([influence["incidence"], influence["survival"]])
    squared = np.vstack([influence["incidence_variance"], influence["survival_variance"]])
    layout = lay_out_incidence(raw, causes, (estimate, np.sqrt(squared)))
    frame = add_limits(layout, confidence=confidence, interval=interval)
    n_events = int(raw.n_event[0].sum())
    basis = Basis(
        method="weighted Aalen-Johansen",
        variance=variance,
        interval=describe(interval, confidence),
        n=int((raw.n_censor + raw.all_events).sum()),
        n_events=n_events,
        person_days=raw.person_days,
        warnings=() if n_events else (NO_EVENTS,),
    )
    n_risk = pl.Series(np.tile(weighted.n_risk, len(labels)))
    return CumulativeIncidence(
        group, tuple(causes), keep_whole_days(frame).with_columns(weighted_n_risk=n_risk), basis
    )
