"""Concordance of a Cox model with the observed order of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.cox_design import specification_error
from analytics.survival.cox_rows import RiskSets, collect_rows, find_risk_sets

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import CoxRows, Ints
    from analytics.survival.results import CoxFit

# Linear predictors nearer than this share of their range are equal but for the order of additions.
PREDICTOR_ROUNDING = 1e-12


@dataclass(frozen=True)
class Concordance:
    """How often the row with the higher predicted hazard had its event first.

    Parameters
    ----------
    concordance
        Share of comparable pairs in agreement, 0.5 by chance; equal predictions count one half.
    std_error
        Its infinitesimal-jackknife standard error, by cluster where the model has clusters.
    n_comparable
        Weighted number of comparable pairs.
    """

    concordance: float
    std_error: float
    n_comparable: float


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Weighted pairs per row: those in agreement (ties half) and those comparable."""

    agreeing: Floats
    comparable: Floats


def estimate_concordance(fit: CoxFit, frame: pl.DataFrame) -> Concordance:
    """Estimate Harrell's concordance index of a fitted Cox model [1]_.

    A pair is comparable within a stratum when one row had its event while the other was under
    observation and stayed so, or was censored at that very time. It is measured on the data the model
    was fitted to: it flatters.

    Parameters
    ----------
    fit
        The model.
    frame
        The data that it was fitted to.

    Returns
    -------
    Concordance
        The index and its standard error; not a number where no pair is comparable.

    References
    ----------
    .. [1] Harrell, Califf, Pryor, Lee & Rosati (1982), JAMA 247:2543-2546.
       doi:10.1001/jama.1982.03320430047030
    """
    if fit.spec is None:
        raise specification_error(what="the fit carries no specification", fix="Fit the model with fit_cox.")
    rows = collect_rows(frame, fit.spec)
    sets = find_risk_sets(rows)
    predictor = rows.design @ fit.coefficients
    rank = _rank(predictor if rows.offset is None else predictor + rows.offset)
    as_event = _pairs_of_events(rows, sets, rank)
    as_other = _pairs_of_others(rows, sets, rank)
    total = float(rows.weight @ as_event.comparable)
    if not total > 0:
        return Concordance(float("nan"), float("nan"), 0.0)
    index = float(rows.weight @ as_event.agreeing) / total
    agreeing, comparable = as_event.agreeing + as_other.agreeing, as_event.comparable + as_other.comparable
    influence = np.bincount(rows.cluster, rows.weight * (agreeing - index * comparable) / total)
    return Concordance(index, float(np.sqrt(influence @ influence)), total)


def _rank(predictor: Floats) -> Ints:
    """Rank linear predictors from 0, equal ones alike."""
    distinct, inverse = np.unique(predictor, return_inverse=True)
    gap = PREDICTOR_ROUNDING * max(float(distinct[-1] - distinct[0]), float(np.max(np.abs(distinct))))
    is_new = np.concatenate(([False], np.diff(distinct) > gap))
    return np.cumsum(is_new)[inverse]


def _last_comparable(rows: CoxRows, sets: RiskSets) -> Ints:
    """End each row's range of sets before its own event: tied events are not comparable."""
    return np.maximum(sets.last - rows.event, sets.first)


def _pairs_of_events(rows: CoxRows, sets: RiskSets, rank: Ints) -> _Pairs:
    """Weigh, per row with an event, the rows that outlived it."""
    deaths = np.flatnonzero(rows.event)
    until = _last_comparable(rows, sets)

    def weigh(limit: Ints) -> Floats:
        """Weigh outliving rows of lower rank than the limit."""
        inside = sum_below(until, rank, rows.weight, (sets.last[deaths], limit))
        before = sum_below(sets.first, rank, rows.weight, (sets.last[deaths], limit))
        return before - inside

    top = np.full(len(deaths), int(rank.max()) + 1)
    agreeing, comparable = np.zeros(len(rank)), np.zeros(len(rank))
    agreeing[deaths] = (weigh(rank[deaths]) + weigh(rank[deaths] + 1)) / 2
    comparable[deaths] = weigh(top)
    return _Pairs(agreeing, comparable)


def _pairs_of_others(rows: CoxRows, sets: RiskSets, rank: Ints) -> _Pairs:
    """Weigh, per row, the events that it outlived."""
    deaths = np.flatnonzero(rows.event)
    place, event_rank, weight = sets.last[deaths] - 1, rank[deaths], rows.weight[deaths]
    until = _last_comparable(rows, sets)

    def weigh(limit: Ints) -> Floats:
        """Weigh outlived events of lower rank than the limit."""
        within = sum_below(place, event_rank, weight, (until, limit))
        return within - sum_below(place, event_rank, weight, (sets.first, limit))

    comparable = weigh(np.full(len(rank), int(rank.max()) + 1))
    return _Pairs(comparable - (weigh(rank) + weigh(rank + 1)) / 2, comparable)


def sum_below(first: Ints, second: Ints, weight: Floats, limits: tuple[Ints, Ints]) -> Floats:
    """Sum weights of the points below two limits at once, for many pairs of limits.

    The second coordinate is split bit by bit (a wavelet matrix), so n points and n queries cost n log n.

    Parameters
    ----------
    first, second
        Coordinates of the points, integers >= 0.
    weight
        Weight of each point.
    limits
        For each query, the exclusive limits of both coordinates.

    Returns
    -------
    ndarray
        One sum per query.
    """
    order = np.argsort(first, kind="stable")
    values, weights = second[order], weight[order]
    below, limit = limits
    high = np.searchsorted(first[order], below)
    low = np.zeros_like(high)
    sums = np.zeros(len(high))
    for bit in range(int(max(values.max(initial=0), limit.max(initial=0))).bit_length() - 1, -1, -1):
        is_one = (values >> bit) & 1 == 1
        zeros = np.concatenate(([0], np.cumsum(~is_one)))
        zero_weight = np.concatenate(([0.0], np.cumsum(np.where(is_one, 0.0, weights))))
        goes_up = (limit >> bit) & 1 == 1
        sums += np.where(goes_up, zero_weight[high] - zero_weight[low], 0.0)
        low = np.where(goes_up, zeros[-1] + low - zeros[low], zeros[low])
        high = np.where(goes_up, zeros[-1] + high - zeros[high], zeros[high])
        partition = np.concatenate((np.flatnonzero(~is_one), np.flatnonzero(is_one)))
        values, weights = values[partition], weights[partition]
    return sums
