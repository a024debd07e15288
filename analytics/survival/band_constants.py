"""Critical values of confidence bands: how far a Brownian bridge strays between two times."""

from __future__ import annotations

from functools import lru_cache
from math import log, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import eigh
from scipy.optimize import brentq

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

N_NODES = 120
N_BASIS = 24
REFLECTIONS = 4
FAR = 9.0
"""Standard deviations beyond which a normal density is nothing."""


@lru_cache(maxsize=256)
def hall_wellner_value(first: float, last: float, confidence: float) -> float:
    """Return k with P(|B(u)| <= k for all u in [first, last]) = confidence, B a Brownian bridge on [0, 1].

    Parameters
    ----------
    first, last
        0 <= first < last <= 1.
    confidence
        Level, between 0 and 1.

    References
    ----------
    .. [1] Hall & Wellner (1980), Biometrika 67:133-143, https://doi.org/10.1093/biomet/67.1.133.
    """
    return _solve(lambda k: bridge_stays(k, first, last), confidence, high=4.0)


@lru_cache(maxsize=256)
def equal_precision_value(first: float, last: float, confidence: float) -> float:
    """Return c with P(|B(u)| <= c sqrt(u (1 - u)) for all u in [first, last]) = confidence.

    Parameters
    ----------
    first, last
        0 < first < last < 1.
    confidence
        Level, between 0 and 1.

    References
    ----------
    .. [1] Nair (1984), Technometrics 26:265-275, https://doi.org/10.1080/00401706.1984.10487964.
    """
    span = 0.5 * log(last * (1 - first) / (first * (1 - last)))
    return _solve(lambda c: stationary_stays(c, span), confidence, high=8.0)


def bridge_stays(k: float, first: float, last: float) -> float:
    """Return the probability that a Brownian bridge stays within k of zero between two times.

    Given where it is at both times the path between is itself a bridge, and reflection at both limits gives
    the chance that it touches neither.

    Parameters
    ----------
    k
        Limit, > 0.
    first, last
        0 <= first < last <= 1.
    """
    nodes, weights = _quadrature()
    start, end = (_ends(time, k, nodes, weights) for time in (first, 1 - last))
    x, y = start[0][:, None], end[0][None, :]
    span = last - first
    killed = np.zeros((x.shape[0], y.shape[1]))
    for turn in range(-REFLECTIONS, REFLECTIONS + 1):
        killed += _normal(y - x - 4 * k * turn, span) - _normal(y + x - 2 * k - 4 * k * turn, span)
    # A bridge is a Brownian motion seen given that it is back at zero at time one.
    return float(start[1] @ killed @ end[1]) * sqrt(2 * pi)


def _ends(
    time: float, k: float, nodes: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places and their masses for a motion from zero after some time; zero itself after none."""
    if time <= 0:
        return np.zeros(1), np.ones(1)
    reach = min(k, FAR * sqrt(time))
    return reach * nodes, reach * weights * _normal(reach * nodes, time)


def _normal(distance: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Return the normal density."""
    result: NDArray[np.float64] = np.exp(-(distance**2) / (2 * variance)) / sqrt(2 * pi * variance)
    return result


def stationary_stays(c: float, span: float) -> float:
    """Return the probability that a standardised bridge stays within c of zero over a stretch of time.

    On the scale of half the log odds of time the standardised bridge is the stationary Gaussian process with
    correlation ``exp(-|s|)``. The chance of staying inside is a sum of exponentials in the span, from the
    eigenvalues of its generator with the limits absorbing; they are found in a basis of even polynomials that
    vanish at the limits.

    Parameters
    ----------
    c
        Limit, > 0.
    span
        Length of the stretch on that scale, >= 0.
    """
    nodes, weights = _quadrature()
    even, slopes = _even_polynomials()
    places, weights = c * nodes, c * weights
    arch = (1 - nodes**2)[:, None]
    basis, steep = arch * even, (arch * slopes - 2 * nodes[:, None] * even) / c
    # Times the root of the normal density the generator is -d2/ds2 + s2/4 - 1/2, which is well conditioned.
    potential = weights * (places**2 / 4 - 0.5)
    values, vectors = eigh(
        (steep.T * weights) @ steep + (basis.T * potential) @ basis, (basis.T * weights) @ basis
    )
    masses = ((weights * np.sqrt(_normal(places, 1.0))) @ basis @ vectors) ** 2
    return float(masses @ np.exp(-values * span))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights of an integral from -1 to 1."""
    nodes, weights = legendre.leggauss(N_NODES)
    return nodes.astype(np.float64), weights.astype(np.float64)


@lru_cache(maxsize=1)
def _even_polynomials() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return even Legendre polynomials at the nodes, and their slopes: one column each."""
    nodes, _ = _quadrature()
    rows = np.eye(2 * N_BASIS + 1)[::2]
    slopes = np.column_stack([legendre.legval(nodes, legendre.legder(row)) for row in rows])
    return legendre.legvander(nodes, 2 * N_BASIS)[:, ::2].astype(np.float64), slopes.astype(np.float64)


def _solve(stays: Callable[[float], float], confidence: float, *, high: float) -> float:
    """Find the limit at which the chance of staying inside is the level."""
    return float(brentq(lambda limit: stays(limit) - confidence, 0.05, high, xtol=1e-10))
