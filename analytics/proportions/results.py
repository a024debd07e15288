"""What the statistics of counts return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proportion:
    """A share with its interval.

    Parameters
    ----------
    n_events, n_total
        Numerator and denominator.
    estimate, lower, upper
        Share and limits, 0 to 1. Without an event the lower limit is 0 and the upper one is the exact
        one-sided limit.
    confidence
        Two-sided level of the interval.
    method
        Name of the interval, in words that stand beside the number.
    n_clusters
        Clusters that the rows come from, or None where every row stands for itself.
    n_effective
        Independent rows that would tell as much as these, or None where every row stands for itself.
    """

    n_events: int
    n_total: int
    estimate: float
    lower: float
    upper: float
    confidence: float
    method: str
    n_clusters: int | None = None
    n_effective: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A difference or a ratio of two shares with its interval.

    Parameters
    ----------
    kind
        ``difference`` (first minus second), ``risk_ratio`` or ``odds_ratio`` (first over second).
    estimate, lower, upper
        Number and limits; `upper` is None where a ratio has no upper limit.
    confidence
        Two-sided level of the interval.
    method
        Name of the interval, in words that stand beside the number.
    p_value
        Two-sided test of no difference that the interval was made by inverting, or None where it was not.
    """

    kind: str
    estimate: float
    lower: float
    upper: float | None
    confidence: float
    method: str
    p_value: float | None = None


@dataclass(frozen=True)
class CountTest:
    """A test on counts.

    Parameters
    ----------
    method
        Name of the test, in words that stand beside the number.
    p_value
        Two-sided tail probability, 0 to 1.
    statistic
        Chi-square, or None for an exact test.
    degrees_of_freedom
        Of the chi-square, or None for an exact test.
    """

    method: str
    p_value: float
    statistic: float | None = None
    degrees_of_freedom: int | None = None
