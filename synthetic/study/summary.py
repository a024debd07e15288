"""Bias, standard errors and coverage over replicates, each with its Monte-Carlo error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from synthetic.study.answers import Answer


LEVEL = 0.05
"""Level of the tests."""


@dataclass(frozen=True)
class Performance:
    """How an estimator did.

    Parameters
    ----------
    n, n_refused
        Replicates with an estimate, and without.
    truth, truth_error
        The true value, and its Monte-Carlo error.
    bias, bias_error
        Mean estimate less the truth, and its Monte-Carlo error, that of the truth included.
    empirical_error, empirical_error_error
        Standard deviation of the estimates, and its Monte-Carlo error.
    model_error, model_error_error
        Root of the mean squared standard error, and its Monte-Carlo error.
    coverage, coverage_error
        Share of the 95 % intervals that hold the truth, and its Monte-Carlo error.
    """

    n: int
    n_refused: int
    truth: float
    truth_error: float
    bias: float
    bias_error: float
    empirical_error: float
    empirical_error_error: float
    model_error: float
    model_error_error: float
    coverage: float
    coverage_error: float


def summarise(
    answers: Sequence[Answer], truth: float, *, n_refused: int, truth_error: float = 0.0
) -> Performance:
    """Summarise the replicates of one estimator.

    Parameters
    ----------
    answers
        Estimates with their intervals, two or more.
    truth
        The true value.
    n_refused
        Replicates in which the estimator refused.
    truth_error
        Monte-Carlo error of the truth, where it is a mean over samples.

    References
    ----------
    .. [1] Morris, White & Crowther (2019), Stat Med 38:2074-2102. doi:10.1002/sim.8086
    """
    estimates = np.array([answer.estimate for answer in answers])
    variances = np.array([answer.std_error for answer in answers]) ** 2
    n = len(estimates)
    empirical = float(estimates.std(ddof=1))
    model = float(np.sqrt(variances.mean()))  # NaN where a method gives limits only
    covered = float(np.mean([answer.lower <= truth <= answer.upper for answer in answers]))
    return Performance(
        n=n,
        n_refused=n_refused,
        truth=truth,
        truth_error=truth_error,
        bias=float(estimates.mean() - truth),
        bias_error=math.hypot(empirical / math.sqrt(n), truth_error),
        empirical_error=empirical,
        empirical_error_error=empirical / math.sqrt(2 * (n - 1)),
        model_error=model,
        model_error_error=float(np.sqrt(variances.var(ddof=1) / (4 * n * model**2))) if model else 0.0,
        coverage=covered,
        coverage_error=float(np.sqrt(covered * (1 - covered) / n)),
    )


def is_mostly_refused(row: Mapping[str, Any]) -> bool:
    """Tell whether a row with `n` and `n_refused` rests on less than half of the registries."""
    return bool(row["n"] < row["n_refused"])


@dataclass(frozen=True)
class RejectionRate:
    """How often a test rejects at 5 %.

    Parameters
    ----------
    n, n_refused
        Replicates with a p value, and without.
    null_holds
        Whether the hypothesis is true, so that a rejection is an error.
    rejected, rejected_error
        Share of p values below 0.05, and its Monte-Carlo error.
    """

    n: int
    n_refused: int
    null_holds: bool
    rejected: float
    rejected_error: float


def summarise_test(p_values: Sequence[float], *, null_holds: bool, n_refused: int) -> RejectionRate:
    """Summarise the replicates of one test; `p_values` are one or more."""
    rejected = float(np.mean(np.array(p_values) < LEVEL))
    error = math.sqrt(rejected * (1 - rejected) / len(p_values))
    return RejectionRate(len(p_values), n_refused, null_holds, rejected, error)
