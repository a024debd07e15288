"""Questions about several coefficients at once: Wald tests, likelihood ratios and weighted sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.errors import SpecificationError
from analytics.regression.results import ModelTest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.regression.arrays import Floats
    from analytics.regression.results import RegressionFit


def wald_test(estimate: Floats, covariance: Floats) -> ModelTest:
    """Test that every element of an estimate is zero: b' V^-1 b on as many degrees of freedom as V has ranks.

    Parameters
    ----------
    estimate
        k coefficients or contrasts.
    covariance
        Theirs, k x k; a sandwich of few clusters may have fewer than k ranks.
    """
    statistic = float(estimate @ np.linalg.pinv(covariance, hermitian=True) @ estimate)
    df = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return ModelTest("Wald", statistic, df, float(stats.chi2.sf(statistic, df)))


def assess_covariates(fit: RegressionFit, columns: Sequence[str]) -> ModelTest:
    """Test all coefficients of some covariates at once: a factor, a spline, an interaction.

    Parameters
    ----------
    fit
        The model; its own covariance is used, robust where the model's is.
    columns
        Covariates, as in ``fit.columns``; or names of single coefficients.

    Raises
    ------
    SpecificationError
        Where the model has none of them.
    """
    chosen = [
        i for i, pair in enumerate(zip(fit.columns, fit.names, strict=True)) if set(pair) & set(columns)
    ]
    if not chosen:
        what = "the model has no such covariate"
        raise SpecificationError(where="test", what=what, fix=f"It has: {', '.join(fit.names)}.")
    return wald_test(fit.coefficients[chosen], fit.covariance[np.ix_(chosen, chosen)])


def likelihood_ratio_test(fit: RegressionFit, smaller: RegressionFit) -> ModelTest:
    """Test the coefficients that one model has and a smaller one, nested in it, has not.

    Parameters
    ----------
    fit, smaller
        Models of the same rows by maximum likelihood. It takes rows as independent: use `assess_covariates`
        where patients count more than once.
    """
    statistic = max(2 * (fit.log_likelihood - smaller.log_likelihood), 0.0)
    df = len(fit.names) - len(smaller.names)
    return ModelTest("likelihood ratio", statistic, df, float(stats.chi2.sf(statistic, df)))


def estimate_contrasts(
    fit: RegressionFit, contrasts: Mapping[str, Mapping[str, float]], *, confidence: float = 0.95
) -> pl.DataFrame:
    """Estimate weighted sums of coefficients, w'b with variance w'Vw.

    Parameters
    ----------
    fit
        The model.
    contrasts
        Name of the contrast to the weight of each coefficient; coefficients left out have weight 0.
    confidence
        Level of the Wald limits.

    Returns
    -------
    pl.DataFrame
        One row per contrast: ``contrast``, ``estimate``, ``std_error``, ``lower``, ``upper``, ``statistic``
        (z), ``p_value``. Exponentials are ratios where the model's are.

    Raises
    ------
    SpecificationError
        Where a contrast names a coefficient that the model does not have.
    """
    unknown = {name for weights in contrasts.values() for name in weights} - set(fit.names)
    if unknown:
        what = f"the model has no coefficient {', '.join(sorted(unknown))}"
        raise SpecificationError(where="contrasts", what=what, fix=f"It has: {', '.join(fit.names)}.")
    w = np.array([[weights.get(name, 0.0) for name in fit.names] for weights in contrasts.values()])
    estimate, error = w @ fit.coefficients, np.sqrt(np.einsum("ij,jk,ik->i", w, fit.covariance, w))
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    return pl.DataFrame(
        {
            "contrast": list(contrasts),
            "estimate": estimate,
            "std_error": error,
            "lower": estimate - z * error,
            "upper": estimate + z * error,
            "statistic": estimate / error,
            "p_value": 2 * stats.norm.sf(np.abs(estimate / error)),
        }
    )
