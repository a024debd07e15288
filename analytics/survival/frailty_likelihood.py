"""Penalised partial likelihood with one log frailty per cluster, and the likelihood it gives to theta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.special import gammaln

from analytics.survival.frailty_sums import ClusterSums

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats, Ties
    from analytics.survival.cox_rows import CoxRows

Estimator: TypeAlias = Literal["gamma", "gaussian_reml", "gaussian_laplace"]
Hessian: TypeAlias = Literal["full", "diagonal"]
MAX_STEPS = 60
STEP_TOLERANCE = 1e-11
# A step this small that shrinks no more is at the limit of double precision.
ROUNDING_STEP = 1e-8


@dataclass(frozen=True, eq=False)
class FrailtyState:
    """The penalised maximum at one theta.

    Parameters
    ----------
    coefficients
        Log hazard ratios, then one log frailty per cluster.
    penalised
        Log partial likelihood less the penalty.
    marginal
        Log likelihood with the frailties integrated out (exact for gamma, Laplace's for Gaussian).
    hessian
        Information of the penalised likelihood, coefficients first.
    """

    coefficients: Floats
    penalised: float
    marginal: float
    hessian: Floats


class FrailtyKernel:
    """Penalised likelihood of one data set.

    Parameters
    ----------
    rows
        Complete rows; `cluster` numbers the frailties.
    ties
        ``efron`` or ``breslow``.
    estimator
        Distribution of the frailty and how theta is estimated.
    hessian
        ``full``, or ``diagonal``: the frailties' block without its off-diagonal terms, as R's `coxph` does.
    """

    def __init__(self, rows: CoxRows, ties: Ties, estimator: Estimator, hessian: Hessian) -> None:
        self.n_coefficients = rows.design.shape[1]
        self.n_clusters = int(rows.cluster.max()) + 1
        self.sums = ClusterSums(rows, ties)
        self.events: Floats = np.bincount(rows.cluster, rows.event, self.n_clusters).astype(np.float64)
        self.is_gamma = estimator == "gamma"
        self.is_diagonal = hessian == "diagonal"
        self._last: Floats = np.zeros(self.n_coefficients + self.n_clusters)

    def _penalty(self, log_frailty: Floats, theta: float) -> tuple[float, Floats, Floats]:
        """Give minus the log density of the frailties up to a constant, with two derivatives."""
        if self.is_gamma:
            frailty = np.exp(log_frailty)
            return float(np.sum(frailty - log_frailty)) / theta, (frailty - 1) / theta, frailty / theta
        curvature = np.full(self.n_clusters, 1 / theta)
        return float(log_frailty @ log_frailty) / (2 * theta), log_frailty / theta, curvature

    def _evaluate(self, at: Floats, theta: float) -> tuple[float, Floats, Floats]:
        """Give the penalised likelihood, its score and its information."""
        first = self.n_coefficients
        plain = self.sums.evaluate(at)
        value, slope, curvature = self._penalty(at[first:], theta)
        score, information = plain.score, plain.information
        score[first:] -= slope
        places = np.arange(first, len(at))
        information[places, places] += curvature
        return plain.value - value, score, information

    def maximise(self, theta: float) -> FrailtyState | None:
        """Maximise over coefficients and log frailties at one theta; None where Newton does not settle."""
        at = self._last
        value, score, information = self._evaluate(at, theta)
        previous = np.inf
        for _ in range(MAX_STEPS):
            step = np.linalg.solve(information, score)
            size = float(np.max(np.abs(step)))
            settled = size < STEP_TOLERANCE * max(1.0, float(np.max(np.abs(at))))
            if settled or previous / 2 < size < ROUNDING_STEP:
                self._last = at
                return FrailtyState(at, value, self._integrate(value, information, theta), information)
            for halving in range(30):
                tried = self._evaluate(at + step / 2**halving, theta)
                if tried[0] >= value - 1e-10 * (1 + abs(value)):
                    break
            at = at + step / 2**halving
            value, score, information = tried
            previous = size
        return None

    def _integrate(self, penalised: float, information: Floats, theta: float) -> float:
        """Turn the penalised maximum into the marginal likelihood (Therneau and others 2003)."""
        if self.is_gamma:
            shape, events = 1 / theta, self.events
            terms = shape + events - (shape + events) * np.log(shape + events) + shape * np.log(shape)
            return penalised + float(np.sum(terms + gammaln(shape + events) - gammaln(shape)))
        block = information[self.n_coefficients :, self.n_coefficients :]
        return penalised - float(np.linalg.slogdet(theta * block)[1]) / 2

    def inverse(self, state: FrailtyState) -> Floats:
        """Invert the information, its frailty block as asked for."""
        information = state.hessian
        if self.is_diagonal:
            information = information.copy()
            first = self.n_coefficients
            information[first:, first:] = np.diag(np.diag(information)[first:])
        inverse: Floats = np.linalg.inv(information)
        return inverse

    def reml_excess(self, state: FrailtyState, theta: float) -> float:
        """Tell by which share the REML equation's right side exceeds theta."""
        first = self.n_coefficients
        log_frailty, inverse = state.coefficients[first:], self.inverse(state)
        trace = float(np.trace(inverse[first:, first:]))
        return (float(log_frailty @ log_frailty) + trace) / (self.n_clusters * theta) - 1
