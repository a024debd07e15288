"""A table of two by two given its margins: probabilities, tails, and the odds ratio that fits best."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln

FARTHEST = 700.0
"""Logarithm of the largest odds ratio that is tried."""


class ConditionalTable:
    """Events of the first group, given the sizes of both groups and the number of all events.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and rows of the first and of the second group.

    Attributes
    ----------
    first, last
        Fewest and most events that the first group could have.
    """

    def __init__(self, x1: int, n1: int, x2: int, n2: int) -> None:
        events = x1 + x2
        self.observed = x1
        self.first = max(0, events - n2)
        self.last = min(events, n1)
        self.counts: NDArray[np.float64] = np.arange(self.first, self.last + 1, dtype=np.float64)
        other = events - self.counts
        self._log_density = (
            -gammaln(self.counts + 1)
            - gammaln(n1 - self.counts + 1)
            - gammaln(other + 1)
            - gammaln(n2 - other + 1)
        )

    def probabilities(self, log_ratio: float = 0.0) -> NDArray[np.float64]:
        """Return the probability of each number of events, for one logarithm of the odds ratio."""
        weights = self._log_density + self.counts * log_ratio
        shares = np.exp(weights - weights.max())
        return np.asarray(shares / shares.sum())

    def lower_tail(self, log_ratio: float = 0.0) -> float:
        """Return the probability of as few events as observed, or fewer."""
        return float(self.probabilities(log_ratio)[self.counts <= self.observed].sum())

    def upper_tail(self, log_ratio: float = 0.0) -> float:
        """Return the probability of as many events as observed, or more."""
        return float(self.probabilities(log_ratio)[self.counts >= self.observed].sum())

    def mean(self, log_ratio: float) -> float:
        """Return the expected number of events of the first group."""
        return float(self.probabilities(log_ratio) @ self.counts)

    def most_likely_ratio(self) -> float:
        """Return the odds ratio at which the observed number is the expected one; 0 where it is the least."""
        if self.observed == self.first:
            return 0.0
        return math.exp(_root(lambda value: self.mean(value) - self.observed))

    def limits(self, tail: float) -> tuple[float, float]:
        """Return the odds ratios at which the observed number, or a more extreme one, has a probability.

        Parameters
        ----------
        tail
            Probability of each tail. The observed number must not be the largest possible one.
        """
        lower = 0.0
        if self.observed > self.first:
            lower = math.exp(_root(lambda value: self.upper_tail(value) - tail))
        return lower, math.exp(_root(lambda value: tail - self.lower_tail(value)))


def _root(rising: Callable[[float], float]) -> float:
    """Find the zero of a function that rises with the logarithm of the odds ratio."""
    return float(brentq(rising, -FARTHEST, FARTHEST, xtol=1e-15, rtol=4 * math.ulp(1.0), maxiter=2000))
