"""Tables of coefficients with Wald tests and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats


def coefficient_table(
    names: Sequence[str], coefficients: Floats, covariance: Floats, confidence: float, *, ratio: str
) -> pl.DataFrame:
    """Tabulate coefficients and what they mean as a factor.

    Parameters
    ----------
    names, coefficients, covariance
        Names, estimates and their covariance; further rows of the covariance are not shown.
    confidence
        Level of the intervals.
    ratio
        Name of the column of exponentials, for example ``hazard_ratio``.

    Returns
    -------
    pl.DataFrame
        ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``, the ratio, ``lower``,
        ``upper``.
    """
    error = np.sqrt(np.diag(covariance))[: len(names)]
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    # Per unit of a covariate of tiny range, a ratio may be too large for a number: infinite then.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        statistic = coefficients / error
        return pl.DataFrame(
            {
                "term": list(names),
                "coefficient": coefficients,
                "std_error": error,
                "statistic": statistic,
                "p_value": stats.chi2.sf(statistic**2, 1),
                ratio: np.exp(coefficients),
                "lower": np.exp(coefficients - reach),
                "upper": np.exp(coefficients + reach),
            },
            schema_overrides={"term": pl.String},
        )
