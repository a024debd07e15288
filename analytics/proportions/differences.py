"""Differences of two proportions, of independent groups and of pairs; ratios are imported from `.ratios`."""

from __future__ import annotations

import math
from statistics import NormalDist

from analytics.proportions.counts import check_parts, normal_quantile, refuse_empty
from analytics.proportions.intervals import wilson_interval
from analytics.proportions.ratios import odds_ratio, risk_ratio
from analytics.proportions.results import Comparison
from analytics.proportions.score_roots import solve
from analytics.refusals import NotEstimable

__all__ = [
    "miettinen_nurminen_difference",
    "newcombe_difference",
    "newcombe_paired_difference",
    "odds_ratio",
    "risk_ratio",
]

EDGE = 1e-12
"""How near to -1 and 1 limits of a difference are searched."""


def newcombe_difference(
    x1: float, n1: float, x2: float, n2: float, *, confidence: float = 0.95, corrected: bool = False
) -> Comparison | NotEstimable:
    """Estimate the difference of two independent shares with the hybrid score interval.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group, whole or effective numbers.
    confidence
        Two-sided level, between 0 and 1.
    corrected
        Whether the intervals of the shares are corrected for continuity.

    Returns
    -------
    Comparison or NotEstimable
        First minus second; limits put together from the Wilson limits of the two shares, method 10
        (corrected: 11) of [1]_. Refused where a group is empty.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Newcombe (1998), Stat Med 17:873-890.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "difference")
    if refusal is not None:
        return refusal
    first, second = x1 / n1, x2 / n2
    low1, high1 = wilson_interval(x1, n1, confidence=confidence, corrected=corrected)
    low2, high2 = wilson_interval(x2, n2, confidence=confidence, corrected=corrected)
    lower = first - second - math.hypot(first - low1, high2 - second)
    upper = first - second + math.hypot(high1 - first, second - low2)
    words = "Newcombe hybrid score" + (" with continuity correction" if corrected else "")
    return Comparison("difference", first - second, max(lower, -1.0), min(upper, 1.0), confidence, words)


def miettinen_nurminen_difference(
    x1: float, n1: float, x2: float, n2: float, *, confidence: float = 0.95
) -> Comparison | NotEstimable:
    """Estimate the difference of two independent shares by inverting the score test.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group, whole or effective numbers.
    confidence
        Two-sided level, between 0 and 1.

    Returns
    -------
    Comparison or NotEstimable
        First minus second with the limits of [1]_, variance times N / (N - 1), and the p value of the score
        test at zero: chi-square without continuity correction times (N - 1) / N. Refused where a group is
        empty.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Miettinen & Nurminen (1985), Stat Med 4:213-226, doi:10.1002/sim.4780040211.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "difference")
    if refusal is not None:
        return refusal
    estimate = x1 / n1 - x2 / n2
    quantile = normal_quantile(confidence)

    def statistic(delta: float) -> float:
        return _score_of_difference((x1, n1), (x2, n2), delta)

    lower = solve(statistic, quantile, -1.0 + EDGE, estimate) if estimate > -1.0 else -1.0
    upper = solve(statistic, -quantile, estimate, 1.0 - EDGE) if estimate < 1.0 else 1.0
    p_value = 2.0 * NormalDist().cdf(-abs(statistic(0.0)))
    return Comparison(
        "difference",
        estimate,
        -1.0 if lower is None else lower,
        1.0 if upper is None else upper,
        confidence,
        "Miettinen-Nurminen score",
        p_value,
    )


def _score_of_difference(first: tuple[float, float], second: tuple[float, float], delta: float) -> float:
    """Score statistic of one difference: positive where the observed one is larger."""
    (x1, n1), (x2, n2) = first, second
    distance = x1 / n1 - x2 / n2 - delta
    p2 = _constrained_second(first, second, delta)
    p1 = min(max(p2 + delta, 0.0), 1.0)
    total = n1 + n2
    # One row in all leaves no variance to correct.
    correction = total / (total - 1.0) if total > 1.0 else 1.0
    variance = (p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2) * correction
    if variance <= 0.0:
        return 0.0 if distance == 0.0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _constrained_second(first: tuple[float, float], second: tuple[float, float], delta: float) -> float:
    """Most likely share of the second group if the first is larger by a difference: the root of a cubic."""
    (x1, n1), (x2, n2) = first, second
    cubic = float(n1 + n2)
    square = (n1 + 2.0 * n2) * delta - cubic - (x1 + x2)
    linear = (n2 * delta - cubic - 2.0 * x2) * delta + x1 + x2
    constant = x2 * delta * (1.0 - delta)
    third = square / (3.0 * cubic)
    q = third**3 - square * linear / (6.0 * cubic**2) + constant / (2.0 * cubic)
    p = math.copysign(math.sqrt(max(third**2 - linear / (3.0 * cubic), 0.0)), q)
    # Rounding may take the cosine beyond one.
    cosine = 1.0 if p == 0.0 else min(max(q / p**3, -1.0), 1.0)
    root = 2.0 * p * math.cos((math.pi + math.acos(cosine)) / 3.0) - third
    return min(max(root, 0.0, -delta), 1.0, 1.0 - delta)


def newcombe_paired_difference(
    both: int, only_first: int, only_second: int, neither: int, *, confidence: float = 0.95
) -> Comparison | NotEstimable:
    """Estimate the difference of two shares of the same rows, for example two readers of one image.

    Parameters
    ----------
    both, only_first, only_second, neither
        Rows that are positive in both, in the first alone, in the second alone, in none.
    confidence
        Two-sided level, between 0 and 1.

    Returns
    -------
    Comparison or NotEstimable
        First minus second; limits from the Wilson limits of the two shares and their correlation, corrected
        for continuity, method 10 of [1]_. Refused without rows.

    Raises
    ------
    ValueError
        Where a count is negative.

    References
    ----------
    .. [1] Newcombe (1998), Stat Med 17:2635-2650.
    """
    if min(both, only_first, only_second, neither) < 0:
        msg = "counts of pairs are not negative"
        raise ValueError(msg)
    n = both + only_first + only_second + neither
    refusal = refuse_empty((n,), "difference")
    if refusal is not None:
        return refusal
    x1, x2 = both + only_first, both + only_second
    first, second = x1 / n, x2 / n
    low1, high1 = wilson_interval(x1, n, confidence=confidence)
    low2, high2 = wilson_interval(x2, n, confidence=confidence)
    phi = _correlation(both * neither - only_first * only_second, n, x1 * (n - x1) * x2 * (n - x2))
    below = _joint(first - low1, high2 - second, phi)
    above = _joint(high1 - first, second - low2, phi)
    estimate = (only_first - only_second) / n
    return Comparison(
        "difference",
        estimate,
        max(estimate - below, -1.0),
        min(estimate + above, 1.0),
        confidence,
        "Newcombe paired score",
    )


def _correlation(product: int, n: int, margins: int) -> float:
    """Correlation of pairs, taken towards zero where it is positive; zero where a margin is empty."""
    if margins == 0:
        return 0.0
    corrected = max(product - n / 2.0, 0.0) if product > 0 else float(product)
    return corrected / math.sqrt(margins)


def _joint(one: float, other: float, phi: float) -> float:
    """Half width out of the half widths of two correlated shares."""
    return math.sqrt(max(one * one - 2.0 * phi * one * other + other * other, 0.0))
