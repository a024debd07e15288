"""How strong an unmeasured confounder would have to be to explain a ratio away."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class EValue:
    """E-values of a ratio.

    Parameters
    ----------
    point
        Smallest risk ratio that a confounder would need with exposure and outcome alike to move the ratio
        to 1, >= 1.
    limit
        The same for the limit of the interval that is nearer to 1; 1 where the interval holds 1.
    """

    point: float
    limit: float


def estimate_e_value(ratio: float, lower: float, upper: float) -> EValue:
    """Compute the E-values of a risk ratio and its interval.

    Parameters
    ----------
    ratio, lower, upper
        Risk ratio and limits, > 0. An odds or hazard ratio may stand for it where the outcome is rare (below
        15 % at the end of follow-up); where it is not, convert it first with `risk_ratio_scale`.

    Returns
    -------
    EValue
        RR + sqrt(RR (RR - 1)) for RR >= 1, with 1 / RR otherwise [1]_.

    Raises
    ------
    ValueError
        Where a number is not positive or the limits do not hold the ratio.

    References
    ----------
    .. [1] VanderWeele & Ding (2017), Ann Intern Med 167:268-274, doi:10.7326/M16-2607.
    """
    if not 0.0 < lower <= ratio <= upper:
        msg = "limits must be positive and hold the ratio"
        raise ValueError(msg)
    nearer = lower if lower > 1.0 else upper
    limit = 1.0 if lower <= 1.0 <= upper else _e_value(nearer)
    return EValue(_e_value(ratio), limit)


def risk_ratio_scale(ratio: float, *, measure: str) -> float:
    """Approximate the risk ratio that an odds or hazard ratio of a common outcome stands for.

    Parameters
    ----------
    ratio
        The ratio, > 0.
    measure
        ``odds_ratio`` or ``hazard_ratio``.

    Returns
    -------
    float
        The square root of an odds ratio; (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)) of a hazard ratio [1]_.

    References
    ----------
    .. [1] VanderWeele (2017), Epidemiology 28:e58-e60, doi:10.1097/EDE.0000000000000733; VanderWeele & Ding
       (2017), Ann Intern Med 167:268-274, doi:10.7326/M16-2607.
    """
    if measure == "odds_ratio":
        return math.sqrt(ratio)
    root = math.sqrt(ratio)
    return float((1.0 - 0.5**root) / (1.0 - 0.5 ** (1.0 / root)))


def _e_value(ratio: float) -> float:
    """Compute the E-value of one number."""
    above = max(ratio, 1.0 / ratio)
    return above + math.sqrt(above * (above - 1.0))


def say_e_value(found: EValue) -> str:
    """Say in one sentence what E-values mean."""
    return (
        f"E-value {found.point:.2f} (of the limit nearer to no difference: {found.limit:.2f}): a confounder "
        "that was not measured would need risk ratios of that size with group and outcome alike to explain "
        "the result (doi:10.7326/M16-2607)."
    )
