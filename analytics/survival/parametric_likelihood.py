"""The likelihood of g(S(t | x)) = s(log t) + x b with its exact derivatives, and its maximum.

Accelerated failure time models and flexible parametric models share it. In these coefficients the log
likelihood is concave unless rows enter late, so Newton's steps find its one maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

from analytics.regression.spline_basis import natural_spline
from analytics.survival.parametric_rows import sum_by_cluster
from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_rows import ParametricRows
    from analytics.survival.results_parametric import Scale

    Derivatives = tuple[Floats, Floats, Floats]

MAX_STEPS = 100
STEP_TOLERANCE = 1e-12
# A step this small that shrinks no more is at the limit of double precision.
ROUNDING_STEP = 1e-8
REDUNDANT = 1e-9
# Share of the information of one row per row that is left along a coefficient that grows without bound.
COLLAPSED_INFORMATION = 1e-10


def _hazard(z: Floats) -> tuple[Derivatives, Derivatives]:
    """Log density and log survival of the smallest extreme value: S = exp(-exp(z))."""
    grown = np.exp(z)
    return (z - grown, 1 - grown, -grown), (-grown, -grown, -grown)


def _odds(z: Floats) -> tuple[Derivatives, Derivatives]:
    """Log density and log survival of the logistic: S = 1 / (1 + exp(z))."""
    share = special.expit(z)
    survival = -np.logaddexp(0.0, z)
    spread = share * special.expit(-z)
    return (z + 2 * survival, 1 - 2 * share, -2 * spread), (survival, -share, -spread)


def _normal(z: Floats) -> tuple[Derivatives, Derivatives]:
    """Log density and log survival of the normal: S = Phi(-z)."""
    density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    survival = special.log_ndtr(-z)
    mills = np.exp(density - survival)
    return (density, -z, np.full_like(z, -1.0)), (survival, -mills, -mills * (mills - z))


FAMILIES: dict[Scale, Callable[[Floats], tuple[Derivatives, Derivatives]]] = {
    "hazard": _hazard,
    "odds": _odds,
    "normal": _normal,
}
"""By scale: log density and log survival of z, each with its first and second derivative."""


def time_columns(log_time: Floats, knots: tuple[float, ...] | None) -> tuple[Floats, Floats, Floats, float]:
    """Give the constant and the spline of log time, their derivatives, the fixed part, and its slope."""
    ones = np.ones((len(log_time), 1))
    if knots is None:
        return ones, np.zeros_like(ones), log_time, 1.0
    basis, derivative = natural_spline(log_time, knots)
    fixed = np.zeros_like(log_time)
    return np.hstack((ones, basis)), np.hstack((np.zeros_like(ones), derivative)), fixed, 0.0


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Value, score per row (weighted) and information at some coefficients."""

    value: float
    scores: Floats
    information: Floats


class TransformationLikelihood:
    """The log likelihood over rows in coordinates in which their columns are orthonormal.

    Parameters
    ----------
    rows
        Rows after time zero.
    scale
        Scale of the model.
    knots
        Knots of the spline in log time; None holds its slope at 1.
    """

    def __init__(self, rows: ParametricRows, scale: Scale, knots: tuple[float, ...] | None) -> None:
        self.rows, self.family = rows, FAMILIES[scale]
        self.log_time = np.log(rows.stop)
        columns, slopes, self.fixed, self.fixed_slope = time_columns(self.log_time, knots)
        self.entered = np.flatnonzero(rows.start > 0)
        entry = time_columns(np.log(rows.start[self.entered]), knots)
        columns = np.hstack((columns, rows.design))
        self.n_time = columns.shape[1] - rows.design.shape[1]
        self.root = np.linalg.qr(columns, mode="r") / np.sqrt(len(columns))
        self.norm = np.linalg.norm(columns, axis=0) / np.sqrt(len(columns))
        self.redundant = _redundant(self.root, self.norm)
        if self.redundant is not None:
            return
        slopes = np.hstack((slopes[rows.event], np.zeros((int(rows.event.sum()), rows.design.shape[1]))))
        self.columns, self.slopes = self._orthonormal(columns), self._orthonormal(slopes)
        self.entry_columns = self._orthonormal(np.hstack((entry[0], rows.design[self.entered])))
        self.entry_fixed = entry[2]

    def _orthonormal(self, columns: Floats) -> Floats:
        """Express columns in the orthonormal coordinates."""
        turned: Floats = linalg.solve_triangular(self.root, columns.T, trans="T").T
        return turned

    def start(self) -> Floats:
        """Begin at one constant hazard for everybody, with the slope of log time at 1."""
        rows = self.rows
        rate = np.sum(rows.weight * rows.event) / np.sum(rows.weight * (rows.stop - rows.start))
        own = np.zeros(len(self.root))
        own[0] = np.log(rate)
        if self.fixed_slope == 0:
            own[1] = 1.0
        begun: Floats = self.root @ own
        return begun

    def evaluate(self, phi: Floats) -> Likelihood:
        """Give value, scores and information; a value of minus infinity where the hazard is not positive."""
        event, weight = self.rows.event, self.rows.weight
        slope = self.slopes @ phi + self.fixed_slope
        if not np.all(slope > 0):
            return Likelihood(-np.inf, np.empty((0, 0)), np.empty((0, 0)))
        with np.errstate(over="ignore", invalid="ignore"):
            density, survival = self.family(self.columns @ phi + self.fixed)
            value, first, second = (np.where(event, d, s) for d, s in zip(density, survival, strict=True))
            value[event] += np.log(slope) - self.log_time[event]
            scores = (weight * first)[:, None] * self.columns
            steepness = self.slopes / slope[:, None]
            scores[event] += weight[event, None] * steepness
            information = -(self.columns.T * (weight * second)) @ self.columns
            information += (steepness.T * weight[event]) @ steepness
            total = float(weight @ value)
            if len(self.entered):
                total -= self._subtract_entry(phi, scores, information)
        return Likelihood(total, scores, information)

    def _subtract_entry(self, phi: Floats, scores: Floats, information: Floats) -> float:
        """Condition on having been free of the event at entry; scores and information change in place."""
        weight = self.rows.weight[self.entered]
        _, (value, first, second) = self.family(self.entry_columns @ phi + self.entry_fixed)
        scores[self.entered] -= (weight * first)[:, None] * self.entry_columns
        information += (self.entry_columns.T * (weight * second)) @ self.entry_columns
        return float(weight @ value)

    def own(self, phi: Floats) -> Floats:
        """Turn orthonormal coordinates back into coefficients of the columns as they were given."""
        coefficients: Floats = linalg.solve_triangular(self.root, phi)
        return coefficients

    def own_covariance(self, covariance: Floats) -> Floats:
        """Turn a covariance back likewise."""
        half = linalg.solve_triangular(self.root, covariance)
        back: Floats = linalg.solve_triangular(self.root, half.T)
        return (back + back.T) / 2


def _redundant(root: Floats, norm: Floats) -> int | None:
    """Find the first column that the columns before it determine."""
    small = np.flatnonzero(np.abs(np.diag(root)) <= REDUNDANT * np.maximum(norm, np.finfo(float).tiny))
    return int(small[0]) if len(small) else None


@dataclass(frozen=True, eq=False)
class Fitted:
    """The maximum, in the coefficients of the columns as they were given."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float


def maximise(likelihood: TransformationLikelihood) -> Fitted | NotEstimable:
    """Maximise the log likelihood by damped Newton steps.

    Returns
    -------
    Fitted or NotEstimable
        Code ``singular``, ``separation`` or ``not_converged``. The covariance is the inverse observed
        information, or the sandwich by row or cluster where the specification asks for it.
    """
    rows = likelihood.rows
    if likelihood.redundant is not None:
        name = _column_name(likelihood, likelihood.redundant)
        return NotEstimable(rows.model, f"{name} is constant or determined by what comes before", "singular")
    phi, at, converged = _climb(likelihood)
    shares, directions = np.linalg.eigh(at.information / np.sum(rows.weight))
    if shares[0] < COLLAPSED_INFORMATION:
        direction = np.abs(likelihood.own(directions[:, 0])) * likelihood.norm
        name = _column_name(likelihood, int(np.argmax(direction)))
        return NotEstimable(rows.model, f"the coefficient of {name} grows without bound", "separation")
    if not converged:
        return NotEstimable(rows.model, "the search for the maximum did not settle", "not_converged")
    covariance = np.linalg.inv(at.information)
    if rows.spec.is_robust:
        change = sum_by_cluster(at.scores, rows.cluster) @ covariance
        covariance = change.T @ change
    return Fitted(likelihood.own(phi), likelihood.own_covariance(covariance), at.value)


def _column_name(likelihood: TransformationLikelihood, column: int) -> str:
    """Name a column for a clinician."""
    covariate = column - likelihood.n_time
    return likelihood.rows.names[covariate] if covariate >= 0 else "time"


def _climb(likelihood: TransformationLikelihood) -> tuple[Floats, Likelihood, bool]:
    """Take Newton steps, halved while they lower the likelihood."""
    phi = likelihood.start()
    at, previous = likelihood.evaluate(phi), np.inf
    for _ in range(MAX_STEPS):
        step = _uphill(at)
        size = float(np.max(np.abs(step)))
        if (
            size < STEP_TOLERANCE * max(1.0, float(np.max(np.abs(phi))))
            or previous / 2 < size < ROUNDING_STEP
        ):
            return phi, at, True
        slack = 1e-10 * (1.0 + abs(at.value))
        for halving in range(40):
            there = likelihood.evaluate(phi + step / 2**halving)
            if np.isfinite(there.value) and there.value >= at.value - slack:
                phi, at = phi + step / 2**halving, there
                break
        else:
            return phi, at, False
        previous = size
    return phi, at, False


def _uphill(at: Likelihood) -> Floats:
    """Give Newton's step; where late entries bend the surface upwards, a step uphill all the same."""
    values, directions = np.linalg.eigh(at.information)
    floor = np.finfo(float).eps * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
    score = at.scores.sum(axis=0)
    step: Floats = directions @ ((directions.T @ score) / np.maximum(np.abs(values), floor))
    return step
