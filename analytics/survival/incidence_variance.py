"""Aalen-Johansen estimates and the two variances of a cumulative incidence, from a risk table.

With F(t) the incidence, S the event-free probability and h the hazard of any cause, an error e_k in the
hazard of the cause itself and e_o in that of the others on day u move F(t) by ``S(u-) e_k - G(u) (e_k +
e_o)`` with ``G(u) = (F(t) - F(u)) / (1 - h(u))``. The two variances differ in what they take the errors to
be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from analytics.survival.running import just_before, running_product, running_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.risk_table import RiskTable

VarianceKind = Literal["greenwood", "aalen"]

Terms = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]

ROUNDING = 1e-14
"""Share of the terms of a variance below which their difference is rounding."""


def aalen_johansen(
    table: RiskTable, variance: VarianceKind = "greenwood"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate incidences and the event-free probability with their variances.

    Parameters
    ----------
    table
        Risk table with one row of events per cause, of one stratum or of several end to end.
    variance
        ``greenwood``: the causes of one day are one multinomial draw from those at risk. ``aalen``: each
        cause is its own counting process, with the hypergeometric variance where events tie. The event-free
        probability has Greenwood's variance in both.

    Returns
    -------
    tuple of arrays
        Estimates and variances: one row per cause, then one for no event; one column per day.

    References
    ----------
    .. [1] Aalen & Johansen (1978), Scand J Stat 5:141-150.
    .. [2] Andersen, Borgan, Gill & Keiding (1993), Statistical Models Based on Counting Processes, section
       IV.4.
    .. [3] Aalen (1978), Ann Stat 6:534-545.
    """
    n, d, spans = table.n_risk, table.all_events, table.spans
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = running_product(np.where(d > 0, (n - d) / n, 1.0), spans)
        greenwood = running_sum(np.where((d > 0) & (d < n), d / (n * (n - d)), 0.0), spans)
        share = np.where(table.n_event > 0, table.n_event / n, 0.0)
    before = just_before(survival, spans)
    incidence = running_sum(before * share, spans)
    squared = [
        _accumulate(incidence[cause], _TERMS[variance](n, d, own), before, spans=spans)
        for cause, own in enumerate(table.n_event)
    ]
    return np.vstack([incidence, survival]), np.vstack([*squared, survival**2 * greenwood])


def _accumulate(
    incidence: NDArray[np.float64],
    terms: Terms,
    before: NDArray[np.float64],
    *,
    spans: tuple[slice, ...],
) -> NDArray[np.float64]:
    """Sum the variance up to every day; expanding (F(t) - F(u)) squared leaves running sums only."""
    later, cross, now = terms[0], terms[1] * before, terms[2] * before**2
    square_of = incidence**2
    parts = (later, incidence * later, square_of * later, cross, incidence * cross, now)
    sums = running_sum(np.vstack(parts), spans)
    size = square_of * sums[0] + sums[2] + sums[5]
    product = incidence * sums[3] - sums[4]
    result: NDArray[np.float64] = size - 2 * (incidence * sums[1] + product)
    # Rounding leaves a variance of zero, as where all had the event, a hair beside it; its root is no hair.
    return np.where(result > ROUNDING * size, result, 0.0).astype(np.float64)


def _greenwood_terms(n: NDArray[np.float64], d: NDArray[np.float64], own: NDArray[np.float64]) -> Terms:
    """Return weights of (F(t) - F(u)) squared, of its product with S(u-), of S(u-) squared: multinomial."""
    some, left = d > 0, d < n
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where all at risk have an event, nothing follows: F(t) - F(u) is zero from there on.
        later = np.where(some & left, d / (n * (n - d)), 0.0)
        cross = np.where(some & left, own / n**2, 0.0)
        now = np.where(some, own * (n - own) / n**3, 0.0)
    return later, cross, now


def _aalen_terms(n: NDArray[np.float64], d: NDArray[np.float64], own: NDArray[np.float64]) -> Terms:
    """Return the same weights for independent causes with hypergeometric ties."""
    v_own, v_other = _hypergeometric(n, own), _hypergeometric(n, d - own)
    left = d < n
    with np.errstate(divide="ignore", invalid="ignore"):
        later = np.where(left, (v_own + v_other) / (1 - d / n) ** 2, 0.0)
        cross = np.where(left, v_own / (1 - d / n), 0.0)
    return later, cross, v_own


def _hypergeometric(n: NDArray[np.float64], d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of the hazard d / n when d of n tie on one day."""
    with np.errstate(divide="ignore", invalid="ignore"):
        tie = np.where(d > 1, 1 - (d - 1) / (n - 1), 1.0)
        result: NDArray[np.float64] = np.where(d > 0, d / n**2 * tie, 0.0)
    return result


_TERMS = {"greenwood": _greenwood_terms, "aalen": _aalen_terms}
