"""Intervals of a proportion of independent rows."""

from __future__ import annotations

import math

from scipy.stats import beta

from analytics.proportions.cluster_intervals import cluster_interval
from analytics.proportions.counts import check_counts, normal_quantile
from analytics.proportions.results import Proportion
from analytics.proportions.score_limits import score_limits
from analytics.refusals import NotEstimable

__all__ = [
    "clopper_pearson_interval",
    "cluster_interval",
    "estimate_proportion",
    "wilson_interval",
    "zero_event_upper_limit",
]

METHODS = {
    "wilson": "Wilson",
    "wilson_corrected": "Wilson with continuity correction",
    "clopper_pearson": "Clopper-Pearson",
}
"""Intervals by key, and their names beside a number."""


def wilson_interval(
    n_events: float, n_total: float, *, confidence: float = 0.95, corrected: bool = False
) -> tuple[float, float]:
    """Compute the score interval of a proportion.

    Parameters
    ----------
    n_events
        Numerator, 0 to `n_total`.
    n_total
        Denominator, at least 1.
    confidence
        Two-sided level, between 0 and 1.
    corrected
        Whether to correct for continuity, which makes the interval longer.

    Returns
    -------
    tuple of float
        Lower and upper limit, 0 to 1 [1]_: the proportions at which the score test of the observed one is
        just not rejected. Methods 3 and (corrected) 4 of [2]_.

    Raises
    ------
    ValueError
        Where the counts are no proportion.

    References
    ----------
    .. [1] Wilson (1927), J Am Stat Assoc 22:209-212, doi:10.1080/01621459.1927.10502953.
    .. [2] Newcombe (1998), Stat Med 17:857-872.
    """
    check_counts(n_events, n_total)
    z = normal_quantile(confidence)
    if not corrected:
        return score_limits(n_events / n_total, n_total, z)
    share, rest = n_events / n_total, 1.0 - n_events / n_total
    below = math.sqrt(max(z * z - 2.0 - 1.0 / n_total + 4.0 * share * (n_total * rest + 1.0), 0.0))
    above = math.sqrt(max(z * z + 2.0 - 1.0 / n_total + 4.0 * share * (n_total * rest - 1.0), 0.0))
    centre, scale = 2.0 * n_events + z * z, 2.0 * (n_total + z * z)
    lower = 0.0 if n_events == 0 else max(0.0, (centre - 1.0 - z * below) / scale)
    upper = 1.0 if n_events == n_total else min(1.0, (centre + 1.0 + z * above) / scale)
    return lower, upper


def clopper_pearson_interval(n_events: int, n_total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the exact interval of a proportion, which holds its level whatever the proportion.

    Parameters
    ----------
    n_events
        Numerator, 0 to `n_total`.
    n_total
        Denominator, at least 1.
    confidence
        Two-sided level, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper limit, 0 to 1 [1]_: each leaves half of 1 - `confidence` in its tail.

    Raises
    ------
    ValueError
        Where the counts are no proportion.

    References
    ----------
    .. [1] Clopper & Pearson (1934), Biometrika 26:404-413, doi:10.1093/biomet/26.4.404.
    """
    check_counts(n_events, n_total)
    normal_quantile(confidence)
    tail = (1.0 - confidence) / 2.0
    rest = n_total - n_events
    lower = 0.0 if n_events == 0 else float(beta.ppf(tail, n_events, rest + 1))
    upper = 1.0 if rest == 0 else float(beta.isf(tail, n_events + 1, rest))
    return lower, upper


def zero_event_upper_limit(n_total: int, *, confidence: float = 0.95) -> float:
    """Compute the largest risk that is compatible with having seen no event.

    Parameters
    ----------
    n_total
        Denominator, at least 1.
    confidence
        Level of the two-sided interval to which this is the upper limit.

    Returns
    -------
    float
        Exact one-sided limit 1 - (alpha / 2)^(1 / n), alpha = 1 - `confidence` [1]_; about 3.7 / n for 95 %.

    Raises
    ------
    ValueError
        Where `n_total` is below 1.

    References
    ----------
    .. [1] Clopper & Pearson (1934), Biometrika 26:404-413, doi:10.1093/biomet/26.4.404.
    """
    check_counts(0, n_total)
    return -math.expm1(math.log((1.0 - confidence) / 2.0) / n_total)


def estimate_proportion(
    n_events: int, n_total: int, *, confidence: float = 0.95, method: str = "wilson", group: str = "all"
) -> Proportion | NotEstimable:
    """Estimate a share with the interval that is shown beside it.

    Parameters
    ----------
    n_events, n_total
        Numerator and denominator.
    confidence
        Two-sided level, between 0 and 1.
    method
        ``wilson``, ``wilson_corrected`` or ``clopper_pearson``.
    group
        Label of the group in a refusal.

    Returns
    -------
    Proportion or NotEstimable
        The share and its limits. Without an event the upper limit is the exact one-sided limit, whatever the
        method. Refused where there is nobody.
    """
    if n_total == 0:
        return NotEstimable(group, "Nobody is in the denominator.", "no_patients")
    check_counts(n_events, n_total)
    words = METHODS[method]
    if n_events == 0:
        limits = (0.0, zero_event_upper_limit(n_total, confidence=confidence))
        words = f"exact one-sided {50 * (1 + confidence):g} % limit"
    elif method == "clopper_pearson":
        limits = clopper_pearson_interval(n_events, n_total, confidence=confidence)
    else:
        corrected = method == "wilson_corrected"
        limits = wilson_interval(n_events, n_total, confidence=confidence, corrected=corrected)
    return Proportion(n_events, n_total, n_events / n_total, *limits, confidence, words)
