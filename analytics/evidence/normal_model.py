"""Random effects by inverse variance: estimates with known variances, normal between studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm, t

from analytics.evidence.pooled_results import Heterogeneity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

REML: Final = "reml"
DL: Final = "dl"
_GRID: Final = 200
_TIGHT: Final = 1e-14


@dataclass(frozen=True)
class NormalFit:
    """Mean and spread of studies.

    Parameters
    ----------
    centre, standard_error
        Weighted mean, and its error by Hartung and Knapp or by the plain formula.
    tau2
        Variance between studies.
    quantile
        Student's (k - 1 degrees of freedom) or normal quantile of the interval.
    """

    centre: float
    standard_error: float
    tau2: float
    quantile: float


def fit_normal(
    values: Numbers,
    variances: Numbers,
    *,
    estimator: str = REML,
    knapp_hartung: bool = True,
    confidence: float,
) -> NormalFit:
    """Estimate the mean of a distribution of studies.

    Parameters
    ----------
    values, variances
        One estimate and its sampling variance per study; at least two.
    estimator
        ``reml`` (restricted maximum likelihood [1]_) or ``dl`` (DerSimonian and Laird [2]_).
    knapp_hartung
        Whether the error comes from the weighted spread of the studies, with Student's quantile [3]_; it is
        not held above the plain one.
    confidence
        Two-sided level.

    Returns
    -------
    NormalFit
        On the scale of `values`.

    References
    ----------
    .. [1] Viechtbauer (2005), J Educ Behav Stat 30:261-293, doi:10.3102/10769986030003261.
    .. [2] DerSimonian & Laird (1986), Control Clin Trials 7:177-188, doi:10.1016/0197-2456(86)90046-2.
    .. [3] Hartung & Knapp (2001), Stat Med 20:3875-3889, doi:10.1002/sim.1009.
    """
    tau2 = _restricted_tau2(values, variances) if estimator == REML else moment_tau2(values, variances)
    weights = 1.0 / (variances + tau2)
    centre = float(np.average(values, weights=weights))
    upper = 0.5 + confidence / 2
    if not knapp_hartung:
        return NormalFit(centre, float(weights.sum() ** -0.5), tau2, float(norm.ppf(upper)))
    freedom = len(values) - 1
    spread = float(weights @ (values - centre) ** 2) / freedom
    error = float(np.sqrt(spread / weights.sum()))
    return NormalFit(centre, error, tau2, float(t.ppf(upper, freedom)))


def cochran_q(values: Numbers, variances: Numbers, tau2: float = 0.0) -> float:
    """Sum the weighted squared distances of studies from their mean."""
    weights = 1.0 / (variances + tau2)
    centre = np.average(values, weights=weights)
    return float(weights @ (values - centre) ** 2)


def moment_tau2(values: Numbers, variances: Numbers) -> float:
    """Estimate the variance between studies by the method of moments; never below 0."""
    weights = 1.0 / variances
    excess = cochran_q(values, variances) - (len(values) - 1)
    return max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))


def typical_variance(variances: Numbers) -> float:
    """Give the sampling variance of a typical study, by which I2 measures (Higgins & Thompson 2002)."""
    weights = 1.0 / variances
    return float((len(weights) - 1) * weights.sum() / (weights.sum() ** 2 - (weights**2).sum()))


def describe_heterogeneity(
    values: Numbers, variances: Numbers, tau2: float, *, confidence: float
) -> Heterogeneity:
    """Describe how much studies differ.

    Parameters
    ----------
    values, variances
        One estimate and its sampling variance per study; at least two.
    tau2
        Variance between studies that the model found; I2 and H2 measure it against a typical study.
    confidence
        Level of the Q-profile interval [1]_.

    Returns
    -------
    Heterogeneity
        Q and its test do not depend on `tau2`.

    References
    ----------
    .. [1] Viechtbauer (2007), Stat Med 26:37-52, doi:10.1002/sim.2514.
    """
    freedom = len(values) - 1
    q = cochran_q(values, variances)
    typical = typical_variance(variances)
    lower, upper = _q_profile(values, variances, confidence)
    return Heterogeneity(
        q=q,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(q, freedom)),
        i2=100 * tau2 / (tau2 + typical),
        h2=(tau2 + typical) / typical,
        tau2=tau2,
        tau2_lower=lower,
        tau2_upper=upper,
    )


def _restricted_tau2(values: Numbers, variances: Numbers) -> float:
    """Find the variance with the highest restricted likelihood, on a grid first: it may have two tops."""
    ceiling = 10 * float(np.var(values, ddof=1) + variances.max()) + 1.0
    grid = np.concatenate([[0.0], np.geomspace(1e-8, ceiling, _GRID)])
    heights = [_restricted_likelihood(values, variances, tau2) for tau2 in grid]
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID)]
    if _slope(values, variances, low) <= 0:
        return 0.0
    return float(brentq(lambda tau2: _slope(values, variances, tau2), low, high, xtol=_TIGHT))


def _restricted_likelihood(values: Numbers, variances: Numbers, tau2: float) -> float:
    """Restricted log-likelihood of the variance between studies, constants left out."""
    weights = 1.0 / (variances + tau2)
    return float(0.5 * (np.log(weights).sum() - np.log(weights.sum()) - cochran_q(values, variances, tau2)))


def _slope(values: Numbers, variances: Numbers, tau2: float) -> float:
    """Slope of the restricted likelihood, twice."""
    weights = 1.0 / (variances + tau2)
    squares = weights**2
    centre = np.average(values, weights=weights)
    return float(squares @ (values - centre) ** 2 - weights.sum() + squares.sum() / weights.sum())


def _q_profile(values: Numbers, variances: Numbers, confidence: float) -> tuple[float, float]:
    """Find the variances at which Q is just as large as chance allows."""
    freedom = len(values) - 1
    tails = (0.5 + confidence / 2, 0.5 - confidence / 2)
    lower, upper = (_tau2_at(values, variances, float(chi2.ppf(tail, freedom))) for tail in tails)
    return lower, upper


def _tau2_at(values: Numbers, variances: Numbers, wanted: float) -> float:
    """Find the variance at which Q, which falls with it, has a value; 0 where it starts below."""
    if cochran_q(values, variances) <= wanted:
        return 0.0
    ceiling = 1.0
    while cochran_q(values, variances, ceiling) > wanted:
        ceiling *= 4
    return float(brentq(lambda tau2: cochran_q(values, variances, tau2) - wanted, 0.0, ceiling, xtol=_TIGHT))
