"""Questions about several coefficients of a model at once: sums, with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analytics.errors import SpecificationError
from analytics.survival.results import WaldTest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.survival.results import Basis, CoxFit
    from analytics.survival.results_competing import FineGrayFit
    from analytics.survival.results_frailty import FrailtyFit


@dataclass(frozen=True, eq=False)
class ModelContrasts:
    """Sums of coefficients, each times a number.

    Parameters
    ----------
    model
        Name of the model they belong to, or an empty text.
    table
        One row per contrast: ``contrast``, ``coefficient`` (the sum), ``std_error``, ``statistic`` (z),
        ``p_value``, ``hazard_ratio`` (its exponential), ``lower``, ``upper``.
    basis
        What the model rests on.
    """

    model: str
    table: pl.DataFrame
    basis: Basis


def estimate_contrasts(
    fit: CoxFit | FineGrayFit | FrailtyFit,
    contrasts: Mapping[str, Mapping[str, float]],
    *,
    confidence: float = 0.95,
    model: str = "",
) -> ModelContrasts:
    """Estimate weighted sums of coefficients with Wald intervals: sum w b, variance w V w.

    Parameters
    ----------
    fit
        The model; its own covariance is used, robust where the model's is.
    contrasts
        Name of the contrast to the weight of each coefficient; coefficients left out have weight 0.
    confidence
        Level of the intervals.
    model
        Name of the model.

    Raises
    ------
    SpecificationError
        For a coefficient that the model does not have.
    """
    matrix = np.array([_weights(fit.terms, own) for own in contrasts.values()])
    value = matrix @ fit.coefficients
    error = np.sqrt(np.einsum("ij,jk,ik->i", matrix, np.asarray(fit.covariance), matrix))
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    table = pl.DataFrame(
        {
            "contrast": list(contrasts),
            "coefficient": value,
            "std_error": error,
            "statistic": value / error,
            "p_value": stats.chi2.sf((value / error) ** 2, 1),
            "hazard_ratio": np.exp(value),
            "lower": np.exp(value - reach),
            "upper": np.exp(value + reach),
        }
    )
    return ModelContrasts(model, table, fit.basis)


def test_contrasts(
    fit: CoxFit | FineGrayFit | FrailtyFit, contrasts: Mapping[str, Mapping[str, float]]
) -> WaldTest:
    """Test by Wald's statistic that all of some contrasts are zero together.

    Parameters
    ----------
    fit
        The model; its own covariance is used, robust where the model's is.
    contrasts
        As in `estimate_contrasts`; none may follow from the others.

    Raises
    ------
    SpecificationError
        For a coefficient that the model does not have, no contrast, or one that follows from the others.
    """
    matrix = np.array([_weights(fit.terms, own) for own in contrasts.values()])
    if not len(matrix) or np.linalg.matrix_rank(matrix) < len(matrix):
        what = "no contrast, or one that follows from the others"
        raise SpecificationError(where="contrast", what=what, fix="Leave it out.")
    value = matrix @ fit.coefficients
    spread = matrix @ np.asarray(fit.covariance) @ matrix.T
    statistic = float(value @ np.linalg.solve(spread, value))
    return WaldTest(statistic, len(matrix), float(stats.chi2.sf(statistic, len(matrix))))


# Its name makes pytest take it for a test wherever a test module imports it.
test_contrasts.__test__ = False  # type: ignore[attr-defined]


def _weights(terms: Sequence[str], own: Mapping[str, float]) -> list[float]:
    """Line up the weights of one contrast with the coefficients."""
    absent = [name for name in own if name not in terms]
    if absent or not any(own.values()):
        raise SpecificationError(
            where="contrast",
            what=f"no coefficient {', '.join(absent)}" if absent else "all weights are 0",
            fix=f"Use {', '.join(terms)}.",
        )
    return [float(own.get(name, 0.0)) for name in terms]
