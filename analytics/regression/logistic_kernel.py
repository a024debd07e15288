"""Newton's search for the maximum of a logistic likelihood, and the proof that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from analytics.regression.arrays import Floats


MOST_STEPS = 50
SETTLED = 1e-12
"""Gain of a step, as a share of the log likelihood, below which the search has arrived."""
FLAT = 1e-11
"""Curvature, as a share of the greatest, below which the likelihood is flat: no maximum lies that way."""


@dataclass(frozen=True, eq=False)
class LogisticMaximum:
    """Where the search ended.

    Parameters
    ----------
    beta
        Coefficients.
    risk
        Predicted risk of each row.
    information
        X'WX at ``beta``, p x p.
    log_likelihood
        There.
    converged
        Whether the search arrived; where a covariate tells the outcomes apart it stops on the
        plateau, with risks near 0 or 1.
    """

    beta: Floats
    risk: Floats
    information: Floats
    log_likelihood: float
    converged: bool


def maximise_logistic(
    x: Floats, outcome: Floats, weights: Floats | None = None, start: Floats | None = None
) -> LogisticMaximum:
    """Maximise sum w (y log p + (1 - y) log(1 - p)) by Newton's steps, halved where they overshoot.

    Parameters
    ----------
    x
        n x p, best with orthogonal columns.
    outcome
        0 or 1.
    weights
        Frequency or sampling weights, >= 0; None for one each.
    start
        Where to begin; None for zero.
    """
    w = np.ones(len(outcome)) if weights is None else weights
    beta = np.zeros(x.shape[1]) if start is None else start
    value = _log_likelihood(x @ beta, outcome, w)
    for _ in range(MOST_STEPS):
        risk = special.expit(x @ beta)
        step = _newton_step(x, w * risk * (1 - risk), x.T @ (w * (outcome - risk)))
        found, new = _halve(x, outcome, w, (beta, step, value))
        beta, gain, value = found, new - value, new
        is_still = float(step @ step) < 1e-14 * (1 + float(beta @ beta))
        if is_still and abs(gain) <= SETTLED * (abs(value) + 0.1):
            return _finish(x, outcome, w, beta, converged=True)
    return _finish(x, outcome, w, beta, converged=False)


def _newton_step(x: Floats, spread: Floats, score: Floats) -> Floats:
    """Solve the information for the step; a direction in which it has vanished is left alone."""
    information = (x * spread[:, None]).T @ x
    step: Floats = np.linalg.pinv(information, rcond=FLAT, hermitian=True) @ score
    return step


def _halve(x: Floats, outcome: Floats, w: Floats, at: tuple[Floats, Floats, float]) -> tuple[Floats, float]:
    """Take the step, or as much of it as does not lower the likelihood."""
    beta, step, value = at
    for halving in range(30):
        found = beta + step / 2**halving
        new = _log_likelihood(x @ found, outcome, w)
        if new >= value - 1e-12 * abs(value):
            return found, new
    return beta, value


def _log_likelihood(predictor: Floats, outcome: Floats, w: Floats) -> float:
    """Log likelihood, without overflow."""
    return float(np.sum(w * (outcome * predictor - np.logaddexp(0.0, predictor))))


def _finish(x: Floats, outcome: Floats, w: Floats, beta: Floats, *, converged: bool) -> LogisticMaximum:
    """Describe the place reached."""
    predictor = x @ beta
    risk = special.expit(predictor)
    information = (x * (w * risk * (1 - risk))[:, None]).T @ x
    return LogisticMaximum(beta, risk, information, _log_likelihood(predictor, outcome, w), converged)


def find_separation(x: Floats, outcome: Floats) -> tuple[int, ...]:
    """Find the columns along which the likelihood has no maximum [1]_, by a linear programme [2]_.

    The outcomes are separated, wholly or in part, exactly where some direction b has (2y - 1) x'b >= 0 in
    every row and > 0 in one.

    Parameters
    ----------
    x
        n x p, no column determined by the others.
    outcome
        0 or 1.

    Returns
    -------
    tuple of int
        Positions of the columns with a part in such a direction; empty where the maximum exists.

    References
    ----------
    .. [1] Albert & Anderson (1984), Biometrika 71:1-10. doi:10.1093/biomet/71.1.1
    .. [2] Konis (2007), Linear programming algorithms for detecting separated data in binary logistic
       regression models, DPhil thesis, University of Oxford.
    """
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    signed = np.unique((2 * outcome - 1)[:, None] * (x / scale), axis=0)
    found = optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    if not found.success or -found.fun < 1e-7:
        return ()
    return tuple(int(i) for i in np.flatnonzero(np.abs(found.x) > 1e-7))
