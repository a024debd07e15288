"""Ratios of two proportions: of risks and of odds."""

from __future__ import annotations

import math
from statistics import NormalDist

from analytics.proportions.conditional import ConditionalTable
from analytics.proportions.counts import check_parts, normal_quantile, refuse_empty
from analytics.proportions.results import Comparison
from analytics.proportions.score_roots import solve
from analytics.refusals import NotEstimable

FARTHEST = 40.0
"""Logarithm of the largest ratio at which limits are searched."""


def risk_ratio(
    x1: float, n1: float, x2: float, n2: float, *, confidence: float = 0.95, method: str = "score"
) -> Comparison | NotEstimable:
    """Estimate the ratio of two independent risks, first over second.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group, whole or effective numbers.
    confidence
        Two-sided level, between 0 and 1.
    method
        ``score``: the score test inverted [1]_, right for few events too, and its p value at one (chi-square
        without continuity correction). ``katz``: limits on the log scale [2]_.

    Returns
    -------
    Comparison or NotEstimable
        Refused where a group is empty, where the second has no event (no finite ratio), and for ``katz``
        where the first has none. Without an event in the first group the ratio is 0 and only the upper
        limit tells; without one row free of events the limits of ``katz`` are the ratio.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Koopman (1984), Biometrics 40:513-517, doi:10.2307/2531405.
    .. [2] Katz, Baptista, Azen & Pike (1978), Biometrics 34:469-474, doi:10.2307/2530610.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "risk ratio") or _refuse_ratio(x1, x2, needs_first=method == "katz")
    if refusal is not None:
        return refusal
    estimate = (x1 / n1) / (x2 / n2)
    if method == "katz":
        reach = normal_quantile(confidence) * math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
        limits = estimate * math.exp(-reach), estimate * math.exp(reach)
        return Comparison("risk_ratio", estimate, *limits, confidence, "Katz log")
    return _score_ratio((x1, n1), (x2, n2), confidence)


def _score_ratio(first: tuple[float, float], second: tuple[float, float], confidence: float) -> Comparison:
    """Limits and p value of the score test of a ratio of risks."""
    (x1, n1), (x2, n2) = first, second
    estimate = (x1 / n1) / (x2 / n2)
    quantile = normal_quantile(confidence)

    def statistic(logarithm: float) -> float:
        return _score_of_ratio(first, second, math.exp(logarithm))

    middle = math.log(estimate) if x1 else -FARTHEST
    low = solve(statistic, quantile, -FARTHEST, middle) if x1 else None
    high = solve(statistic, -quantile, middle, FARTHEST)
    return Comparison(
        "risk_ratio",
        estimate,
        0.0 if low is None else math.exp(low),
        None if high is None else math.exp(high),
        confidence,
        "Koopman score",
        2.0 * NormalDist().cdf(-abs(statistic(0.0))),
    )


def _score_of_ratio(first: tuple[float, float], second: tuple[float, float], ratio: float) -> float:
    """Score statistic of one ratio: positive where the observed one is larger."""
    (x1, n1), (x2, n2) = first, second
    square, events = (n1 + n2) * ratio, x1 + x2
    linear = n1 * ratio + x1 + n2 + x2 * ratio
    root = math.sqrt(max(linear**2 - 4.0 * square * events, 0.0))
    # The smaller root of the quadratic, in the form that loses no digits.
    p2 = 2.0 * events / (linear + root)
    p1 = ratio * p2
    distance = x1 / n1 - ratio * x2 / n2
    variance = p1 * (1.0 - p1) / n1 + ratio**2 * p2 * (1.0 - p2) / n2
    if variance <= 0.0:
        return 0.0 if distance == 0.0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def odds_ratio(
    x1: int, n1: int, x2: int, n2: int, *, confidence: float = 0.95, method: str = "woolf"
) -> Comparison | NotEstimable:
    """Estimate the ratio of two independent odds, first over second.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group.
    confidence
        Two-sided level, between 0 and 1.
    method
        ``woolf``: the cross product with limits on the log scale [1]_. ``exact``: the most likely ratio given
        all margins, with the limits at which each tail holds half of 1 - `confidence` [2]_.

    Returns
    -------
    Comparison or NotEstimable
        Refused where a group is empty, where the ratio has no finite value (no event in the second group, or
        nothing but events in the first), and for ``woolf`` wherever a cell is empty. For ``exact`` a ratio of
        0 keeps its upper limit.

    Raises
    ------
    ValueError
        Where counts are no proportions.

    References
    ----------
    .. [1] Woolf (1955), Ann Hum Genet 19:251-253, doi:10.1111/j.1469-1809.1955.tb01348.x.
    .. [2] Cornfield (1956), Proc Third Berkeley Symp 4:135-148.
    """
    check_parts((x1, n1), (x2, n2))
    refusal = refuse_empty((n1, n2), "odds ratio")
    if refusal is not None:
        return refusal
    if method == "exact":
        return _exact_odds_ratio(x1, n1, x2, n2, confidence)
    cells = (x1, n1 - x1, x2, n2 - x2)
    if min(cells) == 0:
        reason = "A group has no event, or nothing but events: the ratio of odds has no limit."
        return NotEstimable("odds ratio", reason, "separation")
    estimate = cells[0] * cells[3] / (cells[1] * cells[2])
    reach = normal_quantile(confidence) * math.sqrt(sum(1 / cell for cell in cells))
    limits = estimate * math.exp(-reach), estimate * math.exp(reach)
    return Comparison("odds_ratio", estimate, *limits, confidence, "Woolf log")


def _exact_odds_ratio(x1: int, n1: int, x2: int, n2: int, confidence: float) -> Comparison | NotEstimable:
    """Most likely odds ratio given the margins, with exact limits."""
    table = ConditionalTable(x1, n1, x2, n2)
    if table.first == table.last:
        reason = "The margins leave a single table: no odds ratio is more likely than another."
        return NotEstimable("odds ratio", reason, "no_events")
    if x1 == table.last:
        reason = "The second group has no event, or the first nothing but events: the ratio has no limit."
        return NotEstimable("odds ratio", reason, "separation")
    tail = (1.0 - confidence) / 2.0
    lower, upper = table.limits(tail)
    return Comparison(
        "odds_ratio", table.most_likely_ratio(), lower, upper, confidence, "exact, given the margins"
    )


def _refuse_ratio(x1: float, x2: float, *, needs_first: bool) -> NotEstimable | None:
    """Refuse a ratio of risks that has no value, or no limits."""
    if x1 == 0 and x2 == 0:
        return NotEstimable("risk ratio", "Neither group has an event.", "no_events")
    if x2 == 0:
        reason = "The second group has no event: the ratio has no upper limit."
        return NotEstimable("risk ratio", reason, "separation")
    if x1 == 0 and needs_first:
        reason = "The first group has no event: the logarithm of the ratio has no value."
        return NotEstimable("risk ratio", reason, "separation")
    return None
