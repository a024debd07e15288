"""Restricted mean event-free time of weighted rows, with cluster-robust variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_counts import count_events
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.refusals import refuse_counts
from analytics.survival.restricted_means import RestrictedMean
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.risk_table import build_risk_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.risk_table import RiskTable
    from analytics.survival.weighted_curves import RowColumns

WEIGHT = "weight_in_the_mean"


@dataclass(frozen=True, eq=False)
class _Steps:
    """Event days up to the horizon: the hazard of each, and how the mean hangs on it."""

    days: NDArray[np.float64]
    hazard: NDArray[np.float64]
    mean: float
    slope: NDArray[np.float64]


def estimate_weighted_restricted_mean(
    frame: pl.DataFrame, *, columns: RowColumns, group: str, horizon_days: float, confidence: float = 0.95
) -> RestrictedMean | NotEstimable:
    """Estimate mean event-free days up to a horizon from weighted rows.

    The mean is the area under the weighted Kaplan-Meier curve. Its variance is the sum over clusters of the
    squared influence, the derivative of the area in the direction of the cluster's weights [1]_; without
    weights and clusters it is Greenwood's. Two groups are set against each other with
    :func:`analytics.survival.restricted_means.compare_restricted_means`, where no cluster is in both.

    Parameters
    ----------
    frame
        Rows of one group; see ``columns``.
    columns
        Where to find time, cause (0 or 1), entry, weight and cluster.
    group
        Label the mean carries.
    horizon_days
        Day up to which event-free time counts, > 0; fixed before looking at the curves.
    confidence
        Level of the interval.

    Returns
    -------
    RestrictedMean or NotEstimable
        Refused as weighted curves are, and ``follow_up_too_short`` where nobody is under observation at the
        horizon and the curve has not come down to zero. The weights are taken as known: the error of having
        estimated them is not in the interval.

    Raises
    ------
    ValueError
        When a row has no cluster.

    References
    ----------
    .. [1] Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories memorandum MM 72-1215-11; Conner et
       al. (2019), Stat Med 38:3832-3860, https://doi.org/10.1002/sim.8206.
    """
    if columns.cluster is not None and frame[columns.cluster].null_count():
        msg = f"{columns.cluster}: rows without a cluster. Leave them out, or give each its own."
        raise ValueError(msg)
    weight = pl.lit(1.0) if columns.weight is None else pl.col(columns.weight).cast(pl.Float64)
    ready = frame.with_columns(weight.alias(WEIGHT))
    counts = count_events(ready, time=columns.time, cause=columns.cause, entry=columns.entry, weight=WEIGHT)
    refusal = refuse_counts(counts, group=group, highest_cause=1)
    if refusal is not None:
        return refusal
    raw, weighted = build_risk_table(counts), build_risk_table(counts, weighted=True)
    if raw.times[-1] < horizon_days and not _ends_at_zero(raw):
        reason = f"Nobody is under observation on day {horizon_days:g}. Ask for an earlier horizon."
        return NotEstimable(group, reason, "follow_up_too_short")
    steps = _walk(raw, weighted, horizon_days)
    std_error = _robust_error(ready, columns, steps)
    reach = normal_quantile(confidence) * std_error
    basis = Basis(
        method="restricted mean of the weighted Kaplan-Meier curve",
        variance=f"robust by {columns.cluster or 'row'}",
        interval=describe("plain", confidence),
        n=int((raw.n_censor + raw.all_events).sum()),
        n_events=int(raw.all_events.sum()),
        person_days=raw.person_days,
    )
    return RestrictedMean(
        group, horizon_days, steps.mean, std_error, steps.mean - reach, steps.mean + reach, basis
    )


def _ends_at_zero(raw: RiskTable) -> bool:
    """Tell whether everybody at risk had the event on some day."""
    return bool(((raw.all_events > 0) & (raw.all_events == raw.n_risk)).any())


def _walk(raw: RiskTable, weighted: RiskTable, horizon_days: float) -> _Steps:
    """Follow the weighted curve to the horizon.

    The slope is what the mean gains per unit of weight that has the event, (area ahead) / (n (1 - hazard)):
    one step of the curve down by its hazard h scales the area ahead by 1 - h.
    """
    used = (raw.all_events > 0) & (raw.times <= horizon_days) & (weighted.all_events > 0)
    days, n, d = raw.times[used], weighted.n_risk[used], weighted.all_events[used]
    # Sums of weights differ in the last bit, patients do not.
    everybody = raw.all_events[used] == raw.n_risk[used]
    hazard = np.where(everybody, 1.0, d / n)
    survival = np.concatenate([[1.0], np.cumprod(1.0 - hazard)])
    areas = survival * np.diff(np.concatenate([[0.0], days, [horizon_days]]))
    ahead = np.cumsum(areas[::-1])[::-1][1:]
    stays = hazard < 1.0
    slope = np.where(stays, ahead / (n * np.where(stays, 1.0 - hazard, 1.0)), 0.0)
    return _Steps(days, hazard, float(areas.sum()), slope)


def _robust_error(ready: pl.DataFrame, columns: RowColumns, steps: _Steps) -> float:
    """Take the root of the sum of squared influence of the clusters."""
    if not len(steps.days):
        return 0.0
    left = ready[columns.time].cast(pl.Float64).to_numpy()
    lost = np.concatenate([[0.0], np.cumsum(steps.slope * steps.hazard)])
    # At risk on (entry, last day]: what every day expects of those under observation on it.
    expected = lost[np.searchsorted(steps.days, left, side="right")]
    if columns.entry is not None:
        entry = ready[columns.entry].cast(pl.Float64).fill_null(-np.inf).to_numpy()
        expected = expected - lost[np.searchsorted(steps.days, entry, side="right")]
    place = np.minimum(np.searchsorted(steps.days, left), len(steps.days) - 1)
    has_event = (ready[columns.cause].to_numpy() == 1) & (steps.days[place] == left)
    influence = ready[WEIGHT].to_numpy() * (expected - np.where(has_event, steps.slope[place], 0.0))
    if columns.cluster is not None:
        unit = ready[columns.cluster].rank("dense").cast(pl.Int64).to_numpy() - 1
        influence = np.bincount(unit, weights=influence)
    return float(np.sqrt(np.sum(influence**2)))
