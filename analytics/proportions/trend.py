"""Test of a trend in proportions over ordered groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln
from scipy.stats import chi2

from analytics.proportions.counts import check_parts
from analytics.proportions.results import CountTest
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEW = 5.0
"""Expected counts below this ask for the exact test."""
MOST_STATES = 200_000
"""Largest number of (events, score) pairs that the exact test walks through."""
SAME = 1e-9
"""Scores that differ by less are equally far from what is expected."""


def cochran_armitage(
    events: Sequence[int],
    totals: Sequence[int],
    *,
    scores: Sequence[int] | None = None,
    method: str = "auto",
) -> CountTest | NotEstimable:
    """Test whether a share rises or falls over ordered groups.

    Parameters
    ----------
    events, totals
        Events and rows of each group in their order; groups without rows take no part.
    scores
        Whole numbers for the groups; 1, 2, 3, ... where None.
    method
        ``asymptotic``: chi-square with one degree of freedom [1]_. ``exact``: the distribution of
        sum(score * events) over all tables with the same margins; two-sided, all sums at least as far from
        the expected one [2]_. ``auto``: exact where an expected count is below 5 and the tables can be gone
        through, else asymptotic.

    Returns
    -------
    CountTest or NotEstimable
        Refused for fewer than two groups with rows, and where nobody or everybody has the event.

    Raises
    ------
    ValueError
        Where counts are no proportions, or differ in number.

    References
    ----------
    .. [1] Armitage (1955), Biometrics 11:375-386, doi:10.2307/3001775; Cochran (1954), Biometrics 10:417-451.
    .. [2] Agresti, Mehta & Patel (1990), J Am Stat Assoc 85:453-458.
    """
    given = tuple(range(1, len(totals) + 1)) if scores is None else tuple(scores)
    if not len(events) == len(totals) == len(given):
        msg = "a trend needs as many events and scores as totals"
        raise ValueError(msg)
    check_parts(*zip(events, totals, strict=True))
    kept = [i for i, total in enumerate(totals) if total > 0]
    x, n, s = (np.array([values[i] for i in kept], dtype=np.int64) for values in (events, totals, given))
    refusal = _refuse(x, n, s)
    if refusal is not None:
        return refusal
    is_exact = method == "exact" or (method == "auto" and _is_sparse(x, n) and _n_states(x, s) <= MOST_STATES)
    return _exact(x, n, s) if is_exact else _asymptotic(x, n, s)


def _refuse(x: NDArray[np.int64], n: NDArray[np.int64], s: NDArray[np.int64]) -> NotEstimable | None:
    """Refuse a trend over fewer than two groups, or of what everybody or nobody has."""
    if len(set(s.tolist())) < 2:
        return NotEstimable("trend", "A trend needs two groups with somebody in them.", "one_group")
    if int(x.sum()) in {0, int(n.sum())}:
        return NotEstimable("trend", "Nobody, or everybody, had the event.", "no_events")
    return None


def _is_sparse(x: NDArray[np.int64], n: NDArray[np.int64]) -> bool:
    """Whether an expected count is small."""
    share = x.sum() / n.sum()
    return bool((n * min(share, 1.0 - share)).min() < FEW)


def _n_states(x: NDArray[np.int64], s: NDArray[np.int64]) -> int:
    """How many pairs of events so far and score so far there can be."""
    n_events = int(x.sum())
    return (n_events + 1) * (n_events * int(s.max() - s.min()) + 1)


def _asymptotic(x: NDArray[np.int64], n: NDArray[np.int64], s: NDArray[np.int64]) -> CountTest:
    """Square of the slope over its binomial variance."""
    total, share = n.sum(), x.sum() / n.sum()
    centred = s - (n * s).sum() / total
    variance = share * (1.0 - share) * float((n * centred**2).sum())
    statistic = float((centred * x).sum()) ** 2 / variance
    return CountTest("Cochran-Armitage trend", float(chi2.sf(statistic, 1)), statistic, 1)


def _exact(x: NDArray[np.int64], n: NDArray[np.int64], s: NDArray[np.int64]) -> CountTest:
    """Go through all tables with these margins, group after group."""
    n_events, steps = int(x.sum()), s - s.min()
    weights = np.zeros((n_events + 1, n_events * int(steps.max()) + 1))
    weights[0, 0] = 1.0
    for size, step in zip(n.tolist(), steps.tolist(), strict=True):
        weights = _add_group(weights, size, step)
    reached = weights[n_events]
    shares = reached / reached.sum()
    sums = np.arange(reached.size)
    expected = n_events * float((n * steps).sum()) / float(n.sum())
    distance = abs(float((x * steps).sum()) - expected)
    p_value = float(shares[np.abs(sums - expected) >= distance - SAME].sum())
    return CountTest("exact trend", min(1.0, p_value))


def _add_group(weights: NDArray[np.float64], size: int, step: int) -> NDArray[np.float64]:
    """Add every number of events that one group can have; weights are scaled, since only shares count."""
    most = min(size, weights.shape[0] - 1)
    counts = np.arange(most + 1)
    logs = gammaln(size + 1) - gammaln(counts + 1) - gammaln(size - counts + 1)
    choices = np.exp(logs - logs.max())
    found = np.zeros_like(weights)
    for count in counts.tolist():
        shift = count * step
        rows, columns = weights.shape[0] - count, weights.shape[1] - shift
        found[count:, shift:] += choices[count] * weights[:rows, :columns]
    return np.asarray(found / found.max())
