"""Limits of a score interval: where a statistic that changes sign at the estimate meets the quantile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.optimize import brentq

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = 1e9
"""Stands for an infinite statistic, where the constrained variance is zero."""


def finite(statistic: float) -> float:
    """Return a statistic that a search for roots can work with."""
    return max(-LARGE, min(LARGE, statistic))


def solve(statistic: Callable[[float], float], target: float, low: float, high: float) -> float | None:
    """Find where a monotone statistic meets a target, or None where it does not between two ends.

    Parameters
    ----------
    statistic
        Monotone between `low` and `high`.
    target
        Value to meet.
    low, high
        Ends of the search.
    """

    def distance(value: float) -> float:
        return finite(statistic(value)) - target

    if distance(low) * distance(high) > 0:
        return None
    return float(brentq(distance, low, high, xtol=1e-15, rtol=4 * math.ulp(1.0), maxiter=500))
