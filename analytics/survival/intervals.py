"""Pointwise confidence limits of probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

IntervalKind = Literal["log-log", "log", "plain", "arcsin", "logit"]

Limits = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def confidence_limits(
    probability: NDArray[np.float64],
    std_error: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
) -> Limits:
    """Return lower and upper limits on a transformed scale, cut to 0..1.

    Where the standard error is zero the limits are the estimate itself (so a curve that has not moved yet has
    the limits 1 and 1), and where it is not a number the limits are not either.

    Parameters
    ----------
    probability
        Estimates, 0 to 1: survival or cumulative incidence.
    std_error
        Their standard errors on the probability scale.
    confidence
        Level, between 0 and 1.
    interval
        ``log-log`` (complementary log-log), ``log``, ``plain``, ``arcsin`` (arcsine of the square root) or
        ``logit``.

    Returns
    -------
    tuple of arrays
        Lower and upper limits.

    References
    ----------
    .. [1] Borgan & Liestol (1990), Scand J Stat 17:35-41.
    .. [2] Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 1.4.
    """
    reach = normal_quantile(confidence) * std_error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lower, upper = _SCALES[interval](probability, reach)
    still = std_error == 0
    return np.where(still, probability, lower), np.where(still, probability, upper)


def normal_quantile(confidence: float) -> float:
    """Return the two-sided normal quantile of a level between 0 and 1.

    Raises
    ------
    ValueError
        When the level is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        msg = f"confidence: {confidence} is not between 0 and 1. Give 0.95 for a 95 % interval."
        raise ValueError(msg)
    return float(norm.ppf(0.5 + confidence / 2))


def describe(interval: str, confidence: float) -> str:
    """Name scale and level, for example ``log-log, 95 %``."""
    return f"{interval}, {100 * confidence:g} %"


def _plain(p: NDArray[np.float64], reach: NDArray[np.float64]) -> Limits:
    """Limits on the probability scale."""
    return np.maximum(p - reach, 0.0), np.minimum(p + reach, 1.0)


def _log(p: NDArray[np.float64], reach: NDArray[np.float64]) -> Limits:
    """Limits on the log scale."""
    factor = np.exp(reach / p)
    return p / factor, np.minimum(p * factor, 1.0)


def _log_log(p: NDArray[np.float64], reach: NDArray[np.float64]) -> Limits:
    """Limits on the log(-log) scale."""
    hazard = -np.log(p)
    factor = np.exp(reach / (p * hazard))
    return np.exp(-hazard * factor), np.exp(-hazard / factor)


def _arcsin(p: NDArray[np.float64], reach: NDArray[np.float64]) -> Limits:
    """Limits on the arcsine square root scale."""
    angle = np.arcsin(np.sqrt(p))
    half = reach / (2 * np.sqrt(p * (1 - p)))
    return np.sin(np.maximum(angle - half, 0.0)) ** 2, np.sin(np.minimum(angle + half, np.pi / 2)) ** 2


def _logit(p: NDArray[np.float64], reach: NDArray[np.float64]) -> Limits:
    """Limits on the log odds scale."""
    odds, factor = p / (1 - p), np.exp(reach / (p * (1 - p)))
    return odds / factor / (1 + odds / factor), odds * factor / (1 + odds * factor)


_SCALES = {"log-log": _log_log, "log": _log, "plain": _plain, "arcsin": _arcsin, "logit": _logit}
