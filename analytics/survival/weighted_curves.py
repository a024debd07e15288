"""Curves from rows, weighted or not, with the robust variance clustered by any unit.

Event counts cannot carry clusters: several rows of a patient, or all rows of a site, move together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cumulative_incidence import weighted_incidence
from analytics.survival.event_counts import CAUSE, TIME, EventCounts, count_events
from analytics.survival.event_curves import weighted_event_curve
from analytics.survival.refusals import inexact_warnings, refuse_counts
from analytics.survival.risk_table import RiskTable, build_risk_table
from analytics.survival.robust_variance import Units, influence_variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.intervals import IntervalKind
    from analytics.survival.results import Basis, CumulativeIncidence, EventCurve, NotEstimable


@dataclass(frozen=True)
class RowColumns:
    """Names of the columns of row-level data.

    Parameters
    ----------
    time
        Last day under observation, >= 0.
    cause
        0 censored, 1 the endpoint, 2 and more competing events.
    entry
        Day on which observation began; None where everybody was observed from the start.
    weight
        Sampling weight, >= 0; None for one each.
    cluster
        Unit whose rows move together, for example ``patient_id`` or ``site_id``; None where each row is its
        own.
    """

    time: str = TIME
    cause: str = CAUSE
    entry: str | None = None
    weight: str | None = None
    cluster: str | None = None


def estimate_weighted_event_curve(
    frame: pl.DataFrame,
    *,
    columns: RowColumns,
    group: str,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
) -> EventCurve | NotEstimable:
    """Estimate a Kaplan-Meier curve, weighted or not, with cluster-robust variance.

    Parameters
    ----------
    frame
        Rows of one group; see ``columns``.
    columns
        Where to find time, cause, entry, weight and cluster.
    group
        Label the curve carries.
    confidence, interval
        Level and scale of the pointwise interval.

    Returns
    -------
    EventCurve or NotEstimable
        Its table carries ``weighted_n_risk``, ``weighted_n_event`` and ``weighted_n_censor`` beside the
        numbers of patients. Refused as :func:`analytics.survival.event_curves.estimate_event_curve` does. The
        weights are taken as known: the error of having estimated them is not in the interval.

    References
    ----------
    .. [1] Xie & Liu (2005), Stat Med 24:3089-3110.
    .. [2] Lin & Wei (1989), J Am Stat Assoc 84:1074-1078.
    """
    counts = _count(frame, columns)
    refusal = refuse_counts(counts, group=group, highest_cause=1)
    if refusal is not None:
        return refusal
    tables = _tables(counts, n_causes=1)
    influence = influence_variance(*tables, _units(frame, columns))
    curve = weighted_event_curve(
        tables,
        influence,
        group=group,
        confidence=confidence,
        interval=interval,
        variance=_variance_name(columns),
    )
    return replace(curve, basis=_own_basis(curve.basis, counts, columns))


def estimate_weighted_cumulative_incidence(
    frame: pl.DataFrame,
    *,
    columns: RowColumns,
    group: str,
    causes: Sequence[str],
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
) -> CumulativeIncidence | NotEstimable:
    """Estimate cumulative incidences of any number of causes, weighted or not, with cluster-robust variance.

    Parameters
    ----------
    frame
        Rows of one group; see ``columns``.
    columns
        Where to find time, cause, entry, weight and cluster.
    group
        Label the result carries.
    causes
        Labels of the cause codes 1, 2, ... in order.
    confidence, interval
        Level and scale of the pointwise interval.

    Returns
    -------
    CumulativeIncidence or NotEstimable
        Refused as :func:`analytics.survival.cumulative_incidence.estimate_cumulative_incidence` does.
    """
    counts = _count(frame, columns)
    refusal = refuse_counts(counts, group=group, highest_cause=len(causes))
    if refusal is not None:
        return refusal
    tables = _tables(counts, n_causes=len(causes))
    influence = influence_variance(*tables, _units(frame, columns))
    found = weighted_incidence(
        tables,
        influence,
        labels=(group, *causes),
        confidence=confidence,
        interval=interval,
        variance=_variance_name(columns),
    )
    return replace(found, basis=_own_basis(found.basis, counts, columns))


def _own_basis(basis: Basis, counts: EventCounts, columns: RowColumns) -> Basis:
    """Name the method without weights where there are none, and warn of days that are upper bounds."""
    method = basis.method if columns.weight else basis.method.removeprefix("weighted ")
    return replace(basis, method=method, warnings=(*basis.warnings, *inexact_warnings(counts)))


def _count(frame: pl.DataFrame, columns: RowColumns) -> EventCounts:
    """Count the rows with their weights, one each where there are none."""
    if columns.cluster is not None and frame[columns.cluster].null_count():
        msg = f"{columns.cluster}: rows without a cluster. Leave them out, or give each its own."
        raise ValueError(msg)
    name = columns.weight or "weight_of_one"
    ready = frame if columns.weight else frame.with_columns(pl.lit(1.0).alias(name))
    return count_events(ready, time=columns.time, cause=columns.cause, entry=columns.entry, weight=name)


def _tables(counts: EventCounts, *, n_causes: int) -> tuple[RiskTable, RiskTable]:
    """Build the risk tables of patients and of weights."""
    return build_risk_table(counts, n_causes=n_causes), build_risk_table(
        counts, n_causes=n_causes, weighted=True
    )


def _units(frame: pl.DataFrame, columns: RowColumns) -> Units:
    """Lay the rows out for the influence of each cluster."""
    if columns.cluster is None:
        return _lone_units(frame, columns)
    alone = pl.len().over(columns.cluster) == 1
    lone = _lone_units(frame.filter(alone), columns)
    return _join_units(lone, _shared_units(frame.filter(~alone), columns))


def _shared_units(frame: pl.DataFrame, columns: RowColumns) -> Units:
    """Let each cluster of several rows be a unit."""
    unit = frame[str(columns.cluster)].rank("dense").cast(pl.Int64).to_numpy() - 1
    return Units(
        unit=unit,
        entry=_floats(frame, columns.entry, absent=-np.inf),
        exit=_floats(frame, columns.time, absent=0.0),
        cause=frame[columns.cause].cast(pl.Int64).to_numpy(),
        weight=_floats(frame, columns.weight, absent=1.0),
        multiplicity=np.ones(int(unit.max(initial=-1)) + 1),
    )


def _join_units(first: Units, second: Units) -> Units:
    """Put two disjoint sets of units together."""
    return Units(
        unit=np.concatenate([first.unit, second.unit + len(first.multiplicity)]),
        entry=np.concatenate([first.entry, second.entry]),
        exit=np.concatenate([first.exit, second.exit]),
        cause=np.concatenate([first.cause, second.cause]),
        weight=np.concatenate([first.weight, second.weight]),
        multiplicity=np.concatenate([first.multiplicity, second.multiplicity]),
    )


def _lone_units(frame: pl.DataFrame, columns: RowColumns) -> Units:
    """Let one unit stand for rows alike in entry, day and cause: their influence per weight is one."""
    keys = [name for name in (columns.entry, columns.time, columns.cause) if name is not None]
    squares = pl.len() if columns.weight is None else pl.col(columns.weight).cast(pl.Float64).pow(2).sum()
    cells = frame.group_by(keys, maintain_order=True).agg(squares.alias("sum_w2"))
    return Units(
        unit=np.arange(cells.height),
        entry=_floats(cells, columns.entry, absent=-np.inf),
        exit=_floats(cells, columns.time, absent=0.0),
        cause=cells[columns.cause].cast(pl.Int64).to_numpy(),
        weight=np.ones(cells.height),
        multiplicity=_floats(cells, "sum_w2", absent=0.0),
    )


def _floats(frame: pl.DataFrame, name: str | None, *, absent: float) -> NDArray[np.float64]:
    """Read a column as floats, with a stand-in where the column or a value is absent."""
    if name is None:
        return np.full(frame.height, absent)
    values: NDArray[np.float64] = frame[name].cast(pl.Float64).fill_null(absent).to_numpy()
    return values


def _variance_name(columns: RowColumns) -> str:
    """Name the robust variance."""
    return f"robust by {columns.cluster or 'row'}"
