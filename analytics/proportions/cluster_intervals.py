"""Interval of a proportion whose rows come in clusters, for example lesions of one patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t

from analytics.proportions.counts import check_counts, normal_quantile
from analytics.proportions.results import Proportion
from analytics.proportions.score_limits import score_limits
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

METHODS = {
    "wilson": "Wilson with effective sample size, by cluster",
    "logit": "logit with linearised variance, by cluster",
}
"""Intervals by key, and their names beside a number."""
ROUNDING = 1e-14
"""Variances below this share of the estimate are rounding."""


def cluster_interval(
    events_by_cluster: Sequence[int] | ArrayLike,
    totals_by_cluster: Sequence[int] | ArrayLike,
    *,
    confidence: float = 0.95,
    method: str = "wilson",
    group: str = "all",
) -> Proportion | NotEstimable:
    """Estimate a share and its interval where rows of a cluster may resemble one another.

    Parameters
    ----------
    events_by_cluster, totals_by_cluster
        Rows with the event and all rows, one entry a cluster; every total at least 1.
    confidence
        Two-sided level, between 0 and 1.
    method
        ``wilson``: score interval with the number of independent rows that have the same variance [1]_, at
        most the number of rows. ``logit``: limits on the log odds scale [2]_. Both with the quantile of
        Student's t for m - 1 degrees of freedom.
    group
        Label of the group in a refusal.

    Returns
    -------
    Proportion or NotEstimable
        Share r = sum(x) / sum(n), a ratio of two sums, with the linearised variance
        m / (m - 1) * sum((x_i - r n_i)^2) / (sum n)^2 over m clusters [3]_. Where every row, or none, has the
        event there is no variance: the exact one-sided limit for m rows stands, as if the rows of a cluster
        were one. Refused for fewer than two clusters.

    Raises
    ------
    ValueError
        Where counts are no proportion or differ in length.

    References
    ----------
    .. [1] Rao & Scott (1992), Biometrics 48:577-585, doi:10.2307/2532311; Dean & Pagano (2015), J Surv Stat
       Methodol 3:484-503, doi:10.1093/jssam/smv024.
    .. [2] Korn & Graubard (1999), Analysis of Health Surveys, section 2.2.
    .. [3] Cochran (1977), Sampling Techniques, 3rd edition, section 3.12 (clusters of unequal size).
    """
    events = np.asarray(events_by_cluster, dtype=np.float64)
    totals = np.asarray(totals_by_cluster, dtype=np.float64)
    if events.shape != totals.shape or (totals <= 0).any() or ((events < 0) | (events > totals)).any():
        msg = "counts of clusters are no proportions: 0 <= events <= total and total >= 1 in each"
        raise ValueError(msg)
    sums = ClusterSums(
        n_clusters=events.size,
        n_events=int(events.sum()),
        n_total=int(totals.sum()),
        events_squared=float(events @ events),
        products=float(events @ totals),
        totals_squared=float(totals @ totals),
    )
    return interval_of_sums(sums, confidence=confidence, method=method, group=group)


@dataclass(frozen=True)
class ClusterSums:
    """All that the interval needs to know of the clusters; sums of disjoint clusters can be added.

    Parameters
    ----------
    n_clusters
        Clusters with a row.
    n_events, n_total
        Sums of events and of rows.
    events_squared, products, totals_squared
        Sums over clusters of events squared, of events times rows, and of rows squared.
    """

    n_clusters: int
    n_events: int
    n_total: int
    events_squared: float
    products: float
    totals_squared: float


def interval_of_sums(
    sums: ClusterSums, *, confidence: float = 0.95, method: str = "wilson", group: str = "all"
) -> Proportion | NotEstimable:
    """Estimate a share and its interval from sums over clusters, as `cluster_interval` does.

    Parameters
    ----------
    sums
        What the clusters add up to.
    confidence, method, group
        As in `cluster_interval`.
    """
    normal_quantile(confidence)
    m = sums.n_clusters
    if m < 2:
        reason = "An interval by cluster needs at least two of them."
        return NotEstimable(group, reason, "one_group" if m else "no_patients")
    n_events, n_total = sums.n_events, sums.n_total
    check_counts(n_events, n_total)
    if n_events in {0, n_total}:
        return _without_variance(n_events, n_total, m, confidence)
    share = n_events / n_total
    squares = sums.events_squared - 2.0 * share * sums.products + share**2 * sums.totals_squared
    variance = m / (m - 1) * squares / n_total**2
    # Squares of whole numbers leave a rest of rounding where all clusters have the same share.
    if variance <= ROUNDING * share:
        reason = "Every cluster has the same share, so that they tell nothing about its variance."
        return NotEstimable(group, reason, "singular")
    quantile = float(t.ppf(0.5 + confidence / 2.0, m - 1))
    n_effective = min(share * (1.0 - share) / variance, float(n_total))
    limits = _limits(share, variance, n_effective, quantile, method)
    words = METHODS[method]
    return Proportion(n_events, n_total, share, *limits, confidence, words, m, n_effective)


def _limits(
    share: float, variance: float, n_effective: float, quantile: float, method: str
) -> tuple[float, float]:
    """Limits of a share that is neither 0 nor 1."""
    if method == "wilson":
        return score_limits(share, n_effective, quantile)
    odds = share / (1.0 - share)
    factor = float(np.exp(quantile * np.sqrt(variance) / (share * (1.0 - share))))
    return odds / factor / (1.0 + odds / factor), odds * factor / (1.0 + odds * factor)


def _without_variance(n_events: int, n_total: int, m: int, confidence: float) -> Proportion:
    """No event, or nothing but events: the exact limit of as many independent rows as there are clusters."""
    limit = -float(np.expm1(np.log((1.0 - confidence) / 2.0) / m))
    lower, upper = (0.0, limit) if n_events == 0 else (1.0 - limit, 1.0)
    words = f"exact one-sided {50 * (1 + confidence):g} % limit, by cluster"
    return Proportion(n_events, n_total, n_events / n_total, lower, upper, confidence, words, m, float(m))
