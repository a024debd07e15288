"""Cumulative incidence with competing events (Aalen-Johansen) from event counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_curves import whole_days
from analytics.survival.incidence_variance import VarianceKind, aalen_johansen
from analytics.survival.intervals import IntervalKind, confidence_limits, describe
from analytics.survival.refusals import inexact_warnings, refuse_counts
from analytics.survival.results import Basis, CumulativeIncidence, NotEstimable
from analytics.survival.risk_table import RiskTable, build_risk_table
from analytics.survival.robust_variance import cell_units, influence_variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts

EVENT_FREE = "event_free"
"""Label of the rows that hold the probability of no event of any cause."""

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
    refusal = refuse_counts(own, group=group, highest_cause=len(causes))
    if refusal is not None and refusal.code == "competing_events":
        msg = (
            f"causes: the counts hold codes above {len(causes)}. Name every cause, in the order of its code."
        )
        raise ValueError(msg)
    if refusal is not None:
        return refusal
    found = _estimate(own, (group, *causes), confidence=confidence, interval=interval, variance=variance)
    notes = (*found.basis.warnings, *inexact_warnings(own))
    return replace(found, basis=replace(found.basis, warnings=notes))


def _estimate(
    own: EventCounts,
    labels: tuple[str, ...],
    *,
    confidence: float,
    interval: IntervalKind,
    variance: VarianceKind,
) -> CumulativeIncidence:
    """Estimate from the counts of one group; the first label is the group, the others are the causes."""
    n_causes = len(labels) - 1
    table = build_risk_table(own, n_causes=n_causes)
    if own.is_weighted:
        weighted = build_risk_table(own, n_causes=n_causes, weighted=True)
        return weighted_incidence(
            (table, weighted),
            influence_variance(table, weighted, cell_units(own)),
            labels=labels,
            confidence=confidence,
            interval=interval,
            variance="robust by row",
        )
    estimate, squared = aalen_johansen(table, variance)
    return _result(
        (table, None),
        (estimate, np.sqrt(squared)),
        labels=labels,
        confidence=confidence,
        interval=interval,
        variance={"greenwood": "Greenwood-type", "aalen": "Aalen"}[variance],
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
    estimate = np.vstack([influence["incidence"], influence["survival"]])
    squared = np.vstack([influence["incidence_variance"], influence["survival_variance"]])
    return _result(
        tables,
        (estimate, np.sqrt(squared)),
        labels=labels,
        confidence=confidence,
        interval=interval,
        variance=variance,
    )


def _result(
    tables: tuple[RiskTable, RiskTable | None],
    estimates: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    labels: tuple[str, ...],
    confidence: float,
    interval: IntervalKind,
    variance: str,
) -> CumulativeIncidence:
    """Lay estimates out as the documented table, one block of rows per cause and one for no event."""
    raw, weighted = tables
    group, causes = labels[0], labels[1:]
    blocks = [
        _block(raw, weighted, row=row, label=label, estimates=estimates)
        for row, label in enumerate((*causes, EVENT_FREE))
    ]
    frame = pl.concat(blocks)
    lower, upper = confidence_limits(
        frame["incidence"].to_numpy(), frame["std_error"].to_numpy(), confidence=confidence, interval=interval
    )
    rest = [name for name in frame.columns if name.startswith("weighted_")]
    frame = frame.with_columns(lower=pl.Series(lower), upper=pl.Series(upper))
    order = [name for name in frame.columns if name not in rest]
    basis = Basis(
        method="Aalen-Johansen" if weighted is None else "weighted Aalen-Johansen",
        variance=variance,
        interval=describe(interval, confidence),
        n=int((raw.n_censor + raw.all_events).sum()),
        n_events=int(raw.n_event[0].sum()),
        person_days=raw.person_days,
        warnings=() if raw.n_event[0].any() else (NO_EVENTS,),
    )
    return CumulativeIncidence(group, tuple(causes), frame.select([*order, *rest]), basis)


def _block(
    raw: RiskTable,
    weighted: RiskTable | None,
    *,
    row: int,
    label: str,
    estimates: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> pl.DataFrame:
    """Rows of one cause, or of no event."""
    events = raw.n_event[row] if row < len(raw.n_event) else np.zeros(len(raw.times))
    frame = pl.DataFrame(
        {
            "cause": pl.Series([label] * len(raw.times), dtype=pl.String),
            "time_days": whole_days(raw.times),
            "n_risk": raw.n_risk.astype(np.int64),
            "n_event": events.astype(np.int64),
            "n_censor": raw.n_censor.astype(np.int64),
            "incidence": estimates[0][row],
            "std_error": estimates[1][row],
        }
    )
    return frame if weighted is None else frame.with_columns(weighted_n_risk=pl.Series(weighted.n_risk))
