"""Firth's penalised partial likelihood: value and score, and its maximum with some coefficients held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_likelihood import CoxKernel, Steps
    from analytics.survival.cox_rows import Ints

MAX_STEPS = 100
STEP_TOLERANCE = 1e-11
# On standardised covariates; a longer step may leap to where no row but one has any risk.
LONGEST_STEP = 2.0
DIFFERENCE = 1e-5


@dataclass(frozen=True, eq=False)
class Penalised:
    """The penalised log-likelihood at one coefficient vector, its score, and the unpenalised information."""

    value: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class PenalisedMaximum:
    """Coefficients on the kernel's scale, the penalised likelihood there, and whether the steps ended."""

    beta: Floats
    at: Penalised
    converged: bool


def evaluate_penalised(kernel: CoxKernel, beta: Floats) -> Penalised:
    """Give the log partial likelihood plus half the log determinant of its information, and the score of it.

    Parameters
    ----------
    kernel
        Sorted sums of the data, Breslow or Efron ties.
    beta
        Coefficients on the kernel's scale.

    Returns
    -------
    Penalised
        Value on the caller's scale of the covariates, derivatives on the kernel's. The value is minus
        infinity where the information is not positive definite.
    """
    plain = kernel.evaluate(beta)
    sign, log_determinant = np.linalg.slogdet(plain.information)
    if not (sign > 0 and np.isfinite(log_determinant)):
        return Penalised(-np.inf, plain.score, plain.information)
    skewness = _skewness(kernel, kernel.steps(beta), np.linalg.inv(plain.information))
    penalty = log_determinant / 2 + np.sum(np.log(kernel.scale))
    return Penalised(plain.value + float(penalty), plain.score + skewness / 2, plain.information)


def _skewness(kernel: CoxKernel, steps: Steps, inverse: Floats) -> Floats:
    """Give the derivative of the log determinant: third central moments over the risk sets, contracted.

    With the risk-set mean m and A the inverse information, each term adds the expectation of
    (x - m)'A(x - m)(x - m); expanded, all sums run over rows and their time at risk.
    """
    x, risk = kernel.x, kernel.rows.weight * np.exp(steps.predictor)
    size = np.einsum("ij,jk,ik->i", x, inverse, x)
    drift = steps.hazard[:, None] * steps.mean
    expected_mean = kernel.over_range(kernel.cumulate(kernel.per_set(drift)))
    expected_mean[kernel.deaths] -= kernel.per_set(kernel.fraction[:, None] * drift)[kernel.death_set]
    rotated = np.einsum("ij,jk,ik->i", x, inverse, expected_mean)
    mean_size = np.einsum("ij,jk,ik->i", steps.mean, inverse, steps.mean)
    over_rows: Floats = (risk * (size * kernel.exposure(steps.hazard) - 2 * rotated)) @ x
    over_means: Floats = (risk * size) @ expected_mean
    over_terms: Floats = 2 * (kernel.term_weight * mean_size) @ steps.mean
    return over_rows - over_means + over_terms


def maximise_penalised(kernel: CoxKernel, start: Floats, free: Ints) -> PenalisedMaximum:
    """Maximise the penalised likelihood over some coefficients; the others stay where they start.

    Parameters
    ----------
    kernel
        Sorted sums of the data.
    start
        Coefficients on the kernel's scale.
    free
        Positions of the coefficients that move.

    Returns
    -------
    PenalisedMaximum
        Reached by Newton steps; `converged` tells whether they ended.
    """
    beta, at = start.copy(), evaluate_penalised(kernel, start)
    if not free.size:
        return PenalisedMaximum(beta, at, converged=True)
    for _ in range(MAX_STEPS):
        if not np.isfinite(at.value):
            break
        step = np.zeros_like(beta)
        step[free] = np.linalg.solve(_curvature(kernel, beta, at, free), at.score[free])
        size = float(np.max(np.abs(step)))
        if size < STEP_TOLERANCE * max(1.0, float(np.max(np.abs(beta)))):
            return PenalisedMaximum(beta, at, converged=True)
        moved = _climb(kernel, beta, at, step * min(1.0, LONGEST_STEP / size))
        if moved is None:
            # No part of a tiny step raises the likelihood: the limit of double precision.
            return PenalisedMaximum(beta, at, converged=size < 1e-6)
        beta, at = moved
    return PenalisedMaximum(beta, at, converged=False)


def _curvature(kernel: CoxKernel, beta: Floats, at: Penalised, free: Ints) -> Floats:
    """Give minus the slope of the penalised score; the information where that is no hill.

    The information alone understates the curvature where the penalty weighs much, and steps by it swing.
    """
    slope = np.empty((len(free), len(free)))
    for row, column in enumerate(free):
        aside = beta.copy()
        aside[column] += DIFFERENCE
        slope[row] = (at.score[free] - evaluate_penalised(kernel, aside).score[free]) / DIFFERENCE
    curvature: Floats = (slope + slope.T) / 2
    information: Floats = at.information[np.ix_(free, free)]
    lowest = np.linalg.eigvalsh(curvature)[0]
    return curvature if lowest > 1e-8 * np.max(np.diag(information)) else information


def _climb(kernel: CoxKernel, beta: Floats, at: Penalised, step: Floats) -> tuple[Floats, Penalised] | None:
    """Go along a step as far as the penalised likelihood does not fall; None where it falls at once."""
    slack = 1e-13 * (1.0 + abs(at.value))
    for halving in range(30):
        tried = beta + step / 2**halving
        there = evaluate_penalised(kernel, tried)
        if there.value >= at.value - slack:
            return tried, there
    return None
