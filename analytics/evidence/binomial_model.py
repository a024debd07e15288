"""Random effects for counts: binomial within studies, normal log-odds between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import expit, gammaln, logit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

POINTS: Final = 7
"""Quadrature points per study by default."""

_NEWTON_STEPS: Final = 60
_STEP: Final = 1e-3
_EDGE: Final = 1e-3
_FLAT: Final = 1e-9


@dataclass(frozen=True)
class BinomialFit:
    """Mean and spread of studies on the log-odds scale.

    Parameters
    ----------
    centre, standard_error
        Mean log odds, and its error from the observed information.
    tau2
        Variance of the log odds between studies.
    log_likelihood
        At its top, binomial coefficients included.
    """

    centre: float
    standard_error: float
    tau2: float
    log_likelihood: float


def fit_binomial(events: Numbers, totals: Numbers, *, points: int = POINTS) -> BinomialFit | None:
    """Fit the logistic model with a random intercept per study by maximum likelihood.

    Parameters
    ----------
    events, totals
        Counts per study; at least two studies, and neither no event nor only events in all of them together.
    points
        Points of the adaptive Gauss-Hermite quadrature.

    Returns
    -------
    BinomialFit or None
        The model of [1]_ (its section on proportions), integrated as in [2]_; None where the search does not
        end. Studies without events, or with nothing but events, take part as they are.

    References
    ----------
    .. [1] Stijnen, Hamza & Ozdemir (2010), Stat Med 29:3046-3067, doi:10.1002/sim.4040.
    .. [2] Pinheiro & Bates (1995), J Comput Graph Stat 4:12-35, doi:10.1080/10618600.1995.10474663.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(points)
    rule = (nodes, np.log(weights) + nodes**2)

    def loss(parameters: Numbers) -> float:
        return -log_likelihood(events, totals, parameters[0], parameters[1], rule)

    flat = float(logit(events.sum() / totals.sum()))
    found = [_search(loss, flat, spread) for spread in (0.3, 1.2)]
    best = min(found, key=lambda one: float(one.fun))
    if not best.success:
        return None
    ways = float((gammaln(totals + 1) - gammaln(events + 1) - gammaln(totals - events + 1)).sum())
    centre, spread = float(best.x[0]), abs(float(best.x[1]))
    alike = loss(np.array([flat, 0.0]))
    if spread < _EDGE or alike <= float(best.fun) + _FLAT:
        share = expit(flat)
        error = float((totals.sum() * share * (1 - share)) ** -0.5)
        return BinomialFit(flat, error, 0.0, ways - alike)
    variance = _variance(loss, np.array([centre, spread]))
    if variance is None:
        return None
    return BinomialFit(centre, variance**0.5, spread**2, ways - float(best.fun))


def _search(loss: Callable[[Numbers], float], flat: float, spread: float) -> OptimizeResult:
    """Search for the top without slopes, which the quadrature would make expensive."""
    limits = {"xatol": 1e-9, "fatol": 1e-11}
    return minimize(loss, np.array([flat, spread]), method="Nelder-Mead", options=limits)


def log_likelihood(
    events: Numbers, totals: Numbers, centre: float, spread: float, rule: tuple[Numbers, Numbers]
) -> float:
    """Sum the log probabilities of the counts, binomial coefficients left out.

    Parameters
    ----------
    events, totals
        Counts per study.
    centre, spread
        Mean and standard deviation of the log odds; the sign of `spread` does not matter.
    rule
        Gauss-Hermite nodes, and log weights plus the squared nodes.
    """
    mode, scale = _modes(events, totals, centre, spread)
    nodes, log_weights = rule
    points = mode[:, None] + np.sqrt(2.0) * scale[:, None] * nodes
    odds = centre + spread * points
    heights = events[:, None] * odds - totals[:, None] * np.logaddexp(0.0, odds) - 0.5 * points**2
    terms = heights + log_weights
    top = terms.max(axis=1)
    sums = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
    return float((sums + np.log(scale) - 0.5 * np.log(np.pi)).sum())


def _modes(events: Numbers, totals: Numbers, centre: float, spread: float) -> tuple[Numbers, Numbers]:
    """Find each study's most likely random effect in standard units, and its spread, by Newton's steps."""
    mode = np.zeros_like(events)
    for _ in range(_NEWTON_STEPS):
        share = expit(centre + spread * mode)
        slope = spread * (events - totals * share) - mode
        bend = 1.0 + spread**2 * totals * share * (1.0 - share)
        # A bounded step cannot leap over the narrow top of a large study.
        step = np.clip(slope / bend, -1.0, 1.0)
        mode = mode + step
        if np.abs(step).max() < 1e-12:
            break
    share = expit(centre + spread * mode)
    return mode, (1.0 + spread**2 * totals * share * (1.0 - share)) ** -0.5


def _variance(loss: Callable[[Numbers], float], top: Numbers) -> float | None:
    """Invert the curvature of the likelihood at its top; None where it is no top."""
    steps = np.eye(2) * _STEP
    bend = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            corners = [
                loss(top + one * steps[i] + two * steps[j]) * one * two for one in (1, -1) for two in (1, -1)
            ]
            bend[i, j] = sum(corners) / (4 * _STEP**2)
    if np.linalg.det(bend) <= 0 or bend[0, 0] <= 0:
        return None
    return float(np.linalg.inv(bend)[0, 0])
