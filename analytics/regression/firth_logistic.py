"""Logistic regression for rare or separated outcomes: Firth's penalty, profile limits, ratio tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import linalg, optimize, stats

from analytics.refusals import NotEstimable
from analytics.regression.design import INTERCEPT, rotate
from analytics.regression.firth_kernel import FirthKernel, FirthMaximum
from analytics.regression.logistic import collinear, refuse_outcome, scarce
from analytics.regression.results import ModelTest, RegressionBasis, RegressionFit

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.regression.arrays import Floats
    from analytics.regression.design import Design

MODEL = "Firth-penalised logistic regression"
FARTHEST = 1e3
"""A limit this many standard deviations of its covariate away is no limit."""
FEW_EVENTS = 2.0


def fit_firth_logistic(
    design: Design, outcome: npt.ArrayLike, *, confidence: float = 0.95
) -> RegressionFit | NotEstimable:
    """Fit a logistic regression with Firth's penalty, finite whatever the data separate [1]_ [2]_.

    Half the log determinant of the information is added to the log likelihood. It takes away the first-order
    bias of few events.

    Parameters
    ----------
    design
        Covariates with an intercept.
    outcome
        True or 1 where the event occurred; none missing. Rows are taken as independent: the penalty belongs
        to a likelihood, so there are neither weights nor clusters.
    confidence
        Level of the limits.

    Returns
    -------
    RegressionFit or NotEstimable
        ``lower`` and ``upper`` are limits of the profile penalised likelihood, ``statistic`` and ``p_value``
        the penalised likelihood ratio on one degree of freedom; neither follows from ``std_error`` (inverse
        information). ``log_likelihood`` is the penalised one; ``log_likelihood_null`` keeps the penalty of
        the whole model. NotEstimable with code ``no_patients``, ``no_events``, ``singular`` or
        ``not_converged``.

    References
    ----------
    .. [1] Firth (1993), Biometrika 80:27-38. doi:10.1093/biomet/80.1.27
    .. [2] Heinze & Schemper (2002), Stat Med 21:2409-2419. doi:10.1002/sim.1047
    """
    y = np.asarray(outcome, dtype=float)
    refused = refuse_outcome(y, len(design.slopes), fewest_events=0)
    if refused is not None:
        return NotEstimable(MODEL, refused.reason, refused.code)
    rotation = rotate(design.matrix)
    if rotation.collinear:
        return collinear(design, rotation.collinear)
    kernel = FirthKernel(rotation.q, y)
    maximum = kernel.maximise(rotation.q, np.zeros(len(y)))
    if not maximum.converged:
        return NotEstimable(MODEL, "The search for the maximum did not settle.", "not_converged")
    covariance = rotation.back @ linalg.inv(maximum.information) @ rotation.back.T
    profiles = [
        Profile(kernel, design.matrix, j, (maximum, rotation.back @ maximum.beta, covariance))
        for j in range(len(design.names))
    ]
    slopes = list(design.slopes)
    null_value = _null_value(kernel, design)
    # In the columns of the design: by another choice of columns the penalty differs by a constant.
    units = float(np.linalg.slogdet(rotation.back)[1])
    return RegressionFit(
        names=design.names,
        columns=design.columns,
        table=_tabulate(design.names, profiles, confidence=confidence),
        covariance=covariance,
        model_covariance=covariance,
        log_likelihood=maximum.value - units,
        log_likelihood_null=None if null_value is None else null_value - units,
        test=_overall_test(maximum.value, null_value, len(slopes)),
        basis=_basis(y, len(slopes), confidence=confidence),
    )


class Profile:
    """The penalised likelihood along one coefficient, the others at their best.

    Parameters
    ----------
    kernel
        The likelihood of the whole model.
    matrix
        Its design.
    column
        Position of the coefficient.
    top
        The maximum, the coefficients there, and their covariance.
    """

    def __init__(
        self, kernel: FirthKernel, matrix: Floats, column: int, top: tuple[FirthMaximum, Floats, Floats]
    ) -> None:
        maximum, coefficients, covariance = top
        self.kernel, self.maximum = kernel, maximum
        self.line = matrix[:, column]
        self.others = rotate(np.delete(matrix, column, axis=1)).q
        self.best = float(coefficients[column])
        self.error = float(np.sqrt(covariance[column, column]))

    def drop(self, value: float) -> float:
        """Give the profile at a value less its maximum: 0 or below; minus infinity out of sight."""
        found = self.kernel.maximise(self.others, self.line * value)
        return found.value - self.maximum.value if found.converged else -np.inf

    def limit(self, half: float, side: int) -> float:
        """Find where the profile has dropped by half a quantile; infinite where it never does."""
        near, reach = self.best, side * np.sqrt(2 * half) * self.error
        while abs(reach) < FARTHEST * self.error:
            far = self.best + reach
            if self.drop(far) < -half:
                return float(
                    optimize.brentq(lambda at: max(self.drop(at), -1e6) + half, near, far, xtol=1e-10)
                )
            near, reach = far, 1.5 * reach
        return side * np.inf


def _null_value(kernel: FirthKernel, design: Design) -> float | None:
    """Give the penalised likelihood with the intercept alone, under the penalty of the whole model."""
    if INTERCEPT not in design.names:
        return None
    ones = np.full((len(design.matrix), 1), 1 / np.sqrt(len(design.matrix)))
    return kernel.maximise(ones, np.zeros(len(ones))).value


def _overall_test(value: float, null_value: float | None, n_slopes: int) -> ModelTest | None:
    """Test every coefficient but the intercept."""
    if null_value is None or n_slopes == 0:
        return None
    statistic = max(2 * (value - null_value), 0.0)
    p_value = float(stats.chi2.sf(statistic, n_slopes))
    return ModelTest("penalised likelihood ratio", statistic, n_slopes, p_value)


def _tabulate(names: tuple[str, ...], profiles: list[Profile], *, confidence: float) -> pl.DataFrame:
    """Tabulate coefficients with profile limits and ratio tests."""
    half = float(stats.chi2.ppf(confidence, 1)) / 2
    limits = np.array([[profile.limit(half, side) for side in (-1, 1)] for profile in profiles])
    statistic = np.array([2 * max(-profile.drop(0.0), 0.0) for profile in profiles])
    beta = np.array([profile.best for profile in profiles])
    with np.errstate(over="ignore"):
        ratios = np.exp(np.column_stack((beta, limits)))
    return pl.DataFrame(
        {
            "term": names,
            "coefficient": beta,
            "std_error": [profile.error for profile in profiles],
            "lower": limits[:, 0],
            "upper": limits[:, 1],
            "statistic": statistic,
            "p_value": stats.chi2.sf(statistic, 1),
            "ratio": ratios[:, 0],
            "ratio_lower": ratios[:, 1],
            "ratio_upper": ratios[:, 2],
        }
    )


def _basis(y: Floats, n_slopes: int, *, confidence: float) -> RegressionBasis:
    """Say what the model rests on."""
    rarer = int(min(y.sum(), y.size - y.sum()))
    words = f"{scarce(FEW_EVENTS, n_slopes)}: the penalty decides much of the answer."
    return RegressionBasis(
        method=MODEL,
        variance="inverse information",
        interval=f"profile penalised likelihood, {100 * confidence:g} %",
        n=len(y),
        n_events=int(y.sum()),
        warnings=(words,) if rarer < FEW_EVENTS * n_slopes else (),
    )
