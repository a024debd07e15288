"""Limits of standardised risks and of what is made of them, where few events carry the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from analytics.regression.arrays import Floats

_SMALLEST_LOG_P = -100.0


@dataclass(frozen=True)
class Risk:
    """A risk, strictly between 0 and 1, with its standard error and the degrees of freedom of that.

    Parameters
    ----------
    value, error, freedom
        Risk, standard error, degrees of freedom.
    """

    value: float
    error: float
    freedom: float

    def limits(self, alpha: float) -> tuple[float, float]:
        """Return limits on the logit scale that leave out `alpha`."""
        reach = t_quantile(alpha, self.freedom) * self.error / (self.value * (1 - self.value))
        centre = special.logit(self.value)
        return float(special.expit(centre - reach)), float(special.expit(centre + reach))


def find_freedom(sums: Floats) -> float:
    """Return the degrees of freedom of a variance that is a sum of squares [1]_ [2]_.

    Where a few events carry an estimate its variance is itself uncertain. Satterthwaite's degrees of freedom
    say how much: as many as there are clusters where their sums are normal, twice the events of a single
    rare share.

    Parameters
    ----------
    sums
        Influence of each cluster on one estimate.

    Returns
    -------
    float
        2 V^2 / (sum of fourth powers - V^2 / G) with V the sum of squares of G clusters; G - 1 at most, and
        at least 1.

    References
    ----------
    .. [1] Fay & Graubard (2001), Biometrics 57:1198-1206. doi:10.1111/j.0006-341X.2001.01198.x
    .. [2] Pan & Wall (2002), Stat Med 21:1429-1441. doi:10.1002/sim.1142
    """
    n = len(sums)
    largest = float(np.abs(sums).max())
    if largest == 0:
        return max(n - 1.0, 1.0)
    squares = (sums / largest) ** 2
    spread = float((squares**2).sum() - squares.sum() ** 2 / n)
    most = max(n - 1.0, 1.0)
    return most if spread <= 0 else min(most, 2 * float(squares.sum()) ** 2 / spread)


def t_quantile(alpha: float, freedom: float) -> float:
    """Return what the absolute value of Student's t exceeds with probability `alpha`."""
    return -float(special.stdtrit(freedom, alpha / 2))


def difference_limits(first: Risk, other: Risk, *, correlation: float, alpha: float) -> tuple[float, float]:
    """Return limits of the other risk less the first, made from the limits of each (MOVER) [1]_ [2]_.

    Parameters
    ----------
    first, other
        The two risks.
    correlation
        Of their estimates.
    alpha
        What the limits leave out.

    References
    ----------
    .. [1] Newcombe (1998), Stat Med 17:873-890.
       doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    .. [2] Zou & Donner (2008), Stat Med 27:1693-1702. doi:10.1002/sim.3095
    """
    (low_first, high_first), (low, high) = first.limits(alpha), other.limits(alpha)
    value = other.value - first.value
    down = _combine(other.value - low, high_first - first.value, correlation)
    up = _combine(high - other.value, first.value - low_first, correlation)
    return value - down, value + up


def _combine(one: float, two: float, correlation: float) -> float:
    """Add two distances at right angles, or at the angle of their correlation."""
    return float(np.sqrt(max(one**2 + two**2 - 2 * correlation * one * two, 0.0)))


def difference_p_value(first: Risk, other: Risk, *, correlation: float) -> float:
    """Return the alpha at which the limits of the difference would end at zero."""
    value = other.value - first.value
    if value == 0:
        return 1.0

    def gap(log_p: float) -> float:
        lower, upper = difference_limits(first, other, correlation=correlation, alpha=10**log_p)
        return lower if value > 0 else -upper

    if gap(_SMALLEST_LOG_P) > 0:
        return float(10**_SMALLEST_LOG_P)
    return float(10 ** optimize.brentq(gap, _SMALLEST_LOG_P, 0.0, xtol=1e-12))
