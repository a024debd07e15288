"""The Poisson likelihood of pooled pieces and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from analytics.survival.results import NotEstimable

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.piecewise_exponential_counts import PooledPieces

MAX_STEPS = 100
STEP_TOLERANCE = 1e-12
ROUNDING_STEP = 1e-8
REDUNDANT = 1e-10
# Along a coefficient that grows without bound, the information falls towards nothing.
COLLAPSED_INFORMATION = 1e-8


@dataclass(frozen=True, eq=False)
class PoissonMaximum:
    """Log rates of the intervals and coefficients, with the inverse information and the log likelihood."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _At:
    """Value, score and information at some coefficients."""

    value: float
    score: Floats
    information: Floats


class _Poisson:
    """The likelihood with covariates centred and scaled, so that far-off origins cost no digits."""

    def __init__(self, pooled: PooledPieces) -> None:
        self.n_event, self.person_days = pooled.n_event, pooled.person_days
        exposure = pooled.person_days.sum(axis=1)
        total = max(float(exposure.sum()), np.finfo(float).tiny)
        self.centre = exposure @ pooled.design / total
        spread = np.sqrt(exposure @ (pooled.design - self.centre) ** 2 / total)
        self.scale = np.where(spread > 0, spread, 1.0)
        self.x = (pooled.design - self.centre) / self.scale
        self.n_intervals = pooled.n_event.shape[1]

    def evaluate(self, coefficients: Floats) -> _At:
        """Give the log likelihood of the event times with its derivatives."""
        rates, beta = coefficients[: self.n_intervals], coefficients[self.n_intervals :]
        predictor = rates + (self.x @ beta)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            expected = self.person_days * np.exp(predictor)
            surprise = self.n_event - expected
            score = np.concatenate((surprise.sum(axis=0), surprise.sum(axis=1) @ self.x))
            cross = expected.T @ self.x
            own = (self.x.T * expected.sum(axis=1)) @ self.x
            information = np.block([[np.diag(expected.sum(axis=0)), cross], [cross.T, own]])
            return _At(float(np.sum(self.n_event * predictor - expected)), score, information)

    def start(self) -> Floats:
        """Begin at the crude rate of each interval."""
        events, time = self.n_event.sum(axis=0), self.person_days.sum(axis=0)
        return np.concatenate((np.log(events / time), np.zeros(self.x.shape[1])))

    def unscale(self, coefficients: Floats, covariance: Floats) -> tuple[Floats, Floats]:
        """Return to covariates as they were given."""
        back = np.diag(np.concatenate((np.ones(self.n_intervals), 1 / self.scale)))
        back[: self.n_intervals, self.n_intervals :] = -self.centre / self.scale
        return back @ coefficients, back @ covariance @ back.T


def maximise_poisson(
    pooled: PooledPieces, names: tuple[str, ...], *, model: str
) -> PoissonMaximum | NotEstimable:
    """Maximise the likelihood by damped Newton steps.

    Parameters
    ----------
    pooled
        Events and person-time of each pattern of covariates; every interval holds an event.
    names
        Names of the intervals and covariates.
    model
        Name of the model, for refusals.

    Returns
    -------
    PoissonMaximum or NotEstimable
        Code ``no_person_time``, ``singular``, ``separation`` or ``not_converged``.
    """
    idle = np.flatnonzero(pooled.person_days.sum(axis=0) <= 0)
    if len(idle):
        reason = f"{names[int(idle[0])]} holds events without person-time: begin it earlier or end it later"
        return NotEstimable(model, reason, "no_person_time")
    likelihood = _Poisson(pooled)
    begun = likelihood.evaluate(likelihood.start())
    redundant = _redundant(begun.information)
    if redundant is not None:
        reason = f"{names[redundant]} is constant or determined by what comes before"
        return NotEstimable(model, reason, "singular")
    found, at, converged = _climb(likelihood)
    shares, directions = linalg.eigh(at.information, begun.information)
    if shares[0] < COLLAPSED_INFORMATION:
        weight = np.abs(directions[:, 0]) * np.sqrt(np.diag(begun.information))
        name = names[int(np.argmax(weight[likelihood.n_intervals :])) + likelihood.n_intervals]
        return NotEstimable(model, f"the coefficient of {name} grows without bound", "separation")
    if not converged:
        return NotEstimable(model, "the search for the maximum did not settle", "not_converged")
    coefficients, covariance = likelihood.unscale(found, np.linalg.inv(at.information))
    return PoissonMaximum(coefficients, covariance, at.value)


def _redundant(information: Floats) -> int | None:
    """Find the first column that the columns before it determine."""
    for column in range(len(information)):
        own = information[column, column]
        before, cross = information[:column, :column], information[:column, column]
        left = own - cross @ np.linalg.solve(before, cross) if column else own
        if not left > REDUNDANT * max(own, np.finfo(float).tiny):
            return column
    return None


def _climb(likelihood: _Poisson) -> tuple[Floats, _At, bool]:
    """Take Newton steps, halved while they lower the likelihood."""
    found = likelihood.start()
    at, previous = likelihood.evaluate(found), np.inf
    for _ in range(MAX_STEPS):
        try:
            step = np.linalg.solve(at.information, at.score)
        except np.linalg.LinAlgError:
            return found, at, False
        size = float(np.max(np.abs(step)))
        limit = STEP_TOLERANCE * max(1.0, float(np.max(np.abs(found))))
        if size < limit or previous / 2 < size < ROUNDING_STEP:
            return found, at, True
        slack = 1e-10 * (1.0 + abs(at.value))
        for halving in range(40):
            there = likelihood.evaluate(found + step / 2**halving)
            if np.isfinite(there.value) and there.value >= at.value - slack:
                found, at = found + step / 2**halving, there
                break
        else:
            return found, at, False
        previous = size
    return found, at, False
