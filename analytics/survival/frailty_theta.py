"""The variance of a shared frailty: where its likelihood is largest, and how far it may lie from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.survival.frailty_likelihood import FrailtyKernel

GRID = (1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
# Patients with few rows each can differ more than sites do.
LARGEST = 1000.0
# Of the logarithm of theta; every step costs a fit.
LIMIT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Theta:
    """An estimate of theta with the limits of its profile; 0 at the boundary."""

    value: float
    lower: float
    upper: float


def profile_theta(kernel: FrailtyKernel, without: float, confidence: float) -> Theta | None:
    """Maximise the marginal likelihood over theta.

    Parameters
    ----------
    kernel
        Gamma, or Gaussian with Laplace's integral.
    without
        Log likelihood without frailty, the limit at theta 0.
    confidence
        Level of the profile limits.

    Returns
    -------
    Theta or None
        None where the likelihood grows up to theta 1000, or a fit does not settle.
    """

    def drop(log_theta: float) -> float:
        """Give minus the marginal likelihood, relative to no frailty."""
        state = kernel.maximise(float(np.exp(log_theta)))
        return np.inf if state is None else without - state.marginal

    grid = list(GRID)
    heights = [drop(float(np.log(theta))) for theta in grid]
    while np.argmin(heights) == len(grid) - 1 and grid[-1] < LARGEST:
        grid.append(grid[-1] * 3)
        heights.append(drop(float(np.log(grid[-1]))))
    best = int(np.argmin(heights))
    if best == len(grid) - 1 or not np.isfinite(heights[best]):
        return None
    half = float(stats.chi2.ppf(confidence, 1)) / 2
    if best == 0:
        # Nearer to 0 the likelihood is that without frailty.
        return Theta(0.0, 0.0, _crossing(drop, float(np.log(GRID[0])), min(0.0, heights[0]) + half, 1))
    bounds = (float(np.log(grid[best - 1])), float(np.log(grid[best + 1])))
    found = optimize.minimize_scalar(drop, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    level = float(found.fun) + half
    lower = 0.0 if level >= 0 else _crossing(drop, float(found.x), level, -1)
    return Theta(float(np.exp(found.x)), lower, _crossing(drop, float(found.x), level, 1))


def _crossing(drop: Callable[[float], float], start: float, level: float, side: int) -> float:
    """Find theta where the profile has fallen to a level; infinite or 0 where it does not within reach."""
    near = start
    for distance in (0.5, 1, 2, 4, 8, 12, 15):
        far = start + side * distance
        if far > np.log(50):
            break
        if drop(far) > level:
            crossing = optimize.brentq(lambda at: drop(at) - level, near, far, xtol=LIMIT_TOLERANCE)
            return float(np.exp(crossing))
        near = far
    return np.inf if side > 0 else 0.0


def solve_reml(kernel: FrailtyKernel) -> Theta | None:
    """Solve the REML equation of a Gaussian frailty for theta.

    Returns
    -------
    Theta or None
        0 where the equation has no positive solution; limits are not numbers. None where a fit does not
        settle, or theta exceeds 10.
    """

    def excess(log_theta: float) -> float:
        theta = float(np.exp(log_theta))
        state = kernel.maximise(theta)
        return float("nan") if state is None else kernel.reml_excess(state, theta)

    shares = np.array([excess(float(np.log(theta))) for theta in GRID])
    if not np.isfinite(shares).all() or shares[-1] > 0:
        return None
    above = np.flatnonzero(shares > 0)
    if not above.size:
        return Theta(0.0, float("nan"), float("nan"))
    last = int(above[-1])
    root = optimize.brentq(excess, np.log(GRID[last]), np.log(GRID[last + 1]), xtol=1e-12)
    return Theta(float(np.exp(root)), float("nan"), float("nan"))
