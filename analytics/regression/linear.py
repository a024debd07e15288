"""Linear regression of numbers, with variances by cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.refusals import NotEstimable
from analytics.regression.clusters import cluster_warnings, code_clusters, sandwich
from analytics.regression.design import INTERCEPT, rotate
from analytics.regression.results import ModelTest, RegressionBasis, RegressionFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from analytics.regression.arrays import Codes, Floats
    from analytics.regression.design import Design

MODEL = "linear regression"


def fit_linear(
    design: Design,
    outcome: npt.ArrayLike,
    *,
    clusters: Sequence[object] | pl.Series | None = None,
    confidence: float = 0.95,
) -> RegressionFit | NotEstimable:
    """Fit a linear regression by least squares.

    Parameters
    ----------
    design
        Covariates with an intercept.
    outcome
        A number, none missing.
    clusters
        Patient or site of each row. The variance is then the sandwich with the factor
        G / (G - 1) * (n - 1) / (n - p), known as HC1 or CR1 [1]_, and t has G - 1 degrees of freedom;
        without it the residual variance and n - p.
    confidence
        Level of the limits.

    Returns
    -------
    RegressionFit or NotEstimable
        Coefficients are differences of means. NotEstimable with code ``no_patients`` (no more rows than
        coefficients) or ``singular``.

    References
    ----------
    .. [1] Cameron & Miller (2015), J Hum Resour 50:317-372. doi:10.3368/jhr.50.2.317
    """
    y = np.asarray(outcome, dtype=float)
    n, p = design.matrix.shape
    if n <= p:
        return NotEstimable(MODEL, "There are no more complete rows than coefficients.", "no_patients")
    rotation = rotate(design.matrix)
    if rotation.collinear:
        names = ", ".join(dict.fromkeys(design.columns[i] for i in rotation.collinear))
        return NotEstimable(MODEL, f"{names}: constant, or determined by the other covariates.", "singular")
    gamma = rotation.q.T @ y
    residual = y - rotation.q @ gamma
    squares = float(residual @ residual)
    model = rotation.back @ rotation.back.T * squares / (n - p)
    codes = None if clusters is None else code_clusters(clusters, n)
    covariance, df = model, n - p
    if codes is not None:
        df = int(codes.max())
        meat = sandwich(np.eye(p), rotation.q * residual[:, None], codes) * (n - 1) / (n - p)
        covariance = rotation.back @ meat @ rotation.back.T
    beta, slopes = rotation.back @ gamma, list(design.slopes)
    return RegressionFit(
        names=design.names,
        columns=design.columns,
        table=mean_table(design.names, beta, covariance, df=df, confidence=confidence),
        covariance=covariance,
        model_covariance=model,
        log_likelihood=_log_likelihood(squares, n),
        log_likelihood_null=_null_likelihood(design, y),
        test=_f_test(beta[slopes], covariance[np.ix_(slopes, slopes)], df) if slopes else None,
        basis=_basis(n, codes, df, confidence=confidence),
    )


def mean_table(
    names: tuple[str, ...], beta: Floats, covariance: Floats, *, df: float, confidence: float
) -> pl.DataFrame:
    """Tabulate coefficients with limits of t; an infinite ``df`` is the normal."""
    error = np.sqrt(np.diag(covariance))
    reach = float(stats.t.ppf(0.5 + confidence / 2, df)) * error
    return pl.DataFrame(
        {
            "term": names,
            "coefficient": beta,
            "std_error": error,
            "lower": beta - reach,
            "upper": beta + reach,
            "statistic": beta / error,
            "p_value": 2 * stats.t.sf(np.abs(beta / error), df),
        }
    )


def _log_likelihood(squares: float, n: int) -> float:
    """Give the Gaussian log likelihood at its maximum."""
    return -n / 2 * (float(np.log(2 * np.pi * max(squares, 1e-300) / n)) + 1)


def _null_likelihood(design: Design, y: Floats) -> float | None:
    """Give the log likelihood of the mean alone."""
    return _log_likelihood(float(((y - y.mean()) ** 2).sum()), len(y)) if INTERCEPT in design.names else None


def _f_test(estimate: Floats, covariance: Floats, df: int) -> ModelTest:
    """Test all slopes: the Wald chi-square over its degrees of freedom against F(k, df)."""
    statistic = float(estimate @ np.linalg.pinv(covariance, hermitian=True) @ estimate)
    k = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return ModelTest(f"Wald, F on {df} degrees below", statistic, k, float(stats.f.sf(statistic / k, k, df)))


def _basis(n: int, codes: Codes | None, df: int, *, confidence: float) -> RegressionBasis:
    """Say what the model rests on."""
    clustered = "sandwich by cluster, factor G/(G-1) (n-1)/(n-p)"
    return RegressionBasis(
        method=MODEL,
        variance="residual variance" if codes is None else clustered,
        interval=f"t on {df} degrees of freedom, {100 * confidence:g} %",
        n=n,
        n_clusters=None if codes is None else int(codes.max()) + 1,
        warnings=() if codes is None else cluster_warnings(codes, n),
    )
