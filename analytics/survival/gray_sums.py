"""Score and variance of Gray's test in one stratum.

For group r let Y be those at risk just before a day, S the probability of no event of any cause, F the
incidence of the cause, and h = Y / S(t-): the number at risk had no event taken anybody out. Those whom the
incidence still concerns number R = h (1 - F(t-)). The score of a group is the sum over the days of
``L (dN_k - R_k / R dN)``.

Under one common incidence F0 (dF0 = dN / h, h summed over the groups) the score is, to first order, a sum of
martingales of the two kinds of events in every group r. Writing ``D_kr = L h_r ([k = r] - h_k / h)`` and
``C_kr(t) = sum over u > t of D_kr dF0 / (1 - F0(u-))``, the integrand per unit of 1 / h_r is ``D + (1 - (1 -
F0) / S_r) C`` for the cause and ``-(1 - F0) / S_r C`` for the competing events: an event now moves the
incidence itself, and every later weight through S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sums = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]


@dataclass(frozen=True, eq=False)
class GroupsAtRisk:
    """Groups (rows) on the days (columns) on which an event of any cause happened in one of them.

    Parameters
    ----------
    at_risk
        Under observation just before the day.
    own
        Events of the cause on the day.
    other
        Competing events on the day.
    """

    at_risk: NDArray[np.float64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]


def gray_sums(groups: GroupsAtRisk, rho: float) -> Sums:
    """Return weighted observed and expected events of the cause per group, and the covariance.

    Parameters
    ----------
    groups
        Numbers at risk and events of one stratum.
    rho
        Power of one minus the pooled incidence just before the day.

    Returns
    -------
    tuple of arrays
        Observed, expected (one value per group), and the covariance of their difference (groups x groups).

    References
    ----------
    .. [1] Gray (1988), Ann Stat 16:1141-1154, https://doi.org/10.1214/aos/1176350951.
    """
    n, own = groups.at_risk, groups.own
    share = _ratio(own, n)
    left = 1.0 - _ratio(own + groups.other, n)
    survival: NDArray[np.float64] = np.cumprod(left, axis=1).astype(np.float64)
    before = _lag(survival, 1.0)
    incidence: NDArray[np.float64] = np.cumsum(before * share, axis=1)
    whole = _ratio(n, before)
    total, events = whole.sum(axis=0), own.sum(axis=0)
    jumps: NDArray[np.float64] = events / total
    pooled = np.cumsum(jumps)
    free_before = 1.0 - _lag(pooled[None, :], 0.0)[0]
    # The pooled incidence can pass one where a small group is complete early.
    weight = free_before**rho if float(rho).is_integer() else np.maximum(free_before, 0.0) ** rho
    concerned = whole * (1.0 - _lag(incidence, 0.0))
    expected = (weight * events * concerned / concerned.sum(axis=0)).sum(axis=1)
    parts = _Days(groups, survival, whole, weight, jumps, jumps / free_before, 1.0 - pooled)
    return (weight * own).sum(axis=1), expected, _covariance(parts)


@dataclass(frozen=True, eq=False)
class _Days:
    """What the covariance reads, by group and day."""

    groups: GroupsAtRisk
    survival: NDArray[np.float64]
    whole: NDArray[np.float64]
    weight: NDArray[np.float64]
    jumps: NDArray[np.float64]
    hazard: NDArray[np.float64]
    free: NDArray[np.float64]


def _covariance(days: _Days) -> NDArray[np.float64]:
    """Add up the covariance that the events of each group bring."""
    n_groups = len(days.whole)
    total = days.whole.sum(axis=0)
    result = np.zeros((n_groups, n_groups))
    for row in range(n_groups):
        same = np.zeros((n_groups, 1))
        same[row] = 1.0
        now = days.weight * days.whole[row] * (same - days.whole / total)
        steps = now * days.hazard
        ahead = steps.sum(axis=1, keepdims=True) - np.cumsum(steps, axis=1)
        carried = _ratio(days.free, days.survival[row]) * ahead
        own_term, other_term = now + ahead - carried, carried
        own, other = _variances(days, row, total)
        result += (own_term * own) @ own_term.T + (other_term * other) @ other_term.T
    return result


def _variances(
    days: _Days, row: int, total: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variances of the two kinds of events in one group, per square of 1 / h, with ties.

    The events of the cause are drawn under the common incidence: as many as the pooled day has, from those at
    risk in all groups had they been depleted as this one.
    """
    n, other, whole = days.groups.at_risk[row], days.groups.other[row], days.whole[row]
    before = _ratio(n, whole)
    events = days.groups.own.sum(axis=0)
    own_variance = _tie(events, total * before) * _ratio(days.jumps, whole)
    other_variance = _tie(other, n) * _ratio(other, whole**2)
    return own_variance, other_variance


def _tie(events: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor by which drawing several on one day, none twice, is less variable."""
    return 1.0 - _ratio(np.maximum(events - 1.0, 0.0), n - 1.0)


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; zero where nobody is there to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: NDArray[np.float64] = np.where(bottom > 0, top / bottom, 0.0)
    return result


def _lag(values: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    """Shift every row by one day."""
    return np.concatenate([np.full((len(values), 1), first), values[:, :-1]], axis=1)
