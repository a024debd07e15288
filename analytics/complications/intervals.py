"""Intervals of a proportion."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(n_events: int, n_total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the score interval of a proportion, without continuity correction.

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
        Lower and upper limit, 0 to 1 [1]_: the proportions at which the score test of the observed one is
        just not rejected. Method 3 of [2]_.

    Raises
    ------
    ValueError
        Where the counts are no proportion.

    References
    ----------
    .. [1] Wilson (1927), J Am Stat Assoc 22:209-212.
    .. [2] Newcombe (1998), Stat Med 17:857-872.
    """
    _check_counts(n_events, n_total)
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = n_events / n_total
    spread = z * math.sqrt(share * (1.0 - share) / n_total + (z / (2.0 * n_total)) ** 2)
    centre = share + z * z / (2.0 * n_total)
    scale = 1.0 + z * z / n_total
    # At the ends the limits are 0 and 1 exactly; arithmetic may miss them by a rounding error.
    lower = 0.0 if n_events == 0 else (centre - spread) / scale
    upper = 1.0 if n_events == n_total else (centre + spread) / scale
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
    .. [1] Clopper & Pearson (1934), Biometrika 26:404-413.
    """
    _check_counts(0, n_total)
    return -math.expm1(math.log((1.0 - confidence) / 2.0) / n_total)


def _check_counts(n_events: int, n_total: int) -> None:
    """Refuse counts that are no proportion."""
    if n_total < 1 or not 0 <= n_events <= n_total:
        message = "counts are no proportion: 0 <= n_events <= n_total and n_total >= 1 are needed"
        raise ValueError(message)
