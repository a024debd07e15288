"""What a Firth-penalised Cox model returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from analytics.survival.cox_design import CoxSpec
    from analytics.survival.results import Basis, WaldTest


@dataclass(frozen=True, eq=False)
class FirthFit:
    """A Firth-penalised proportional hazards model.

    Parameters
    ----------
    terms
        Coefficient names in order.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error`` (of the inverse information),
        ``hazard_ratio``, ``lower``, ``upper`` (profile penalised likelihood), ``statistic``, ``p_value``
        (penalised likelihood ratio on one degree of freedom). The interval and the test need not be
        symmetric about the coefficient; do not rebuild them from the standard error.
    covariance
        Inverse of the unpenalised information at the estimate, p x p.
    log_likelihood, log_likelihood_null
        Penalised log partial likelihood at the estimate and at zero, both with the penalty of the whole
        model.
    test
        Penalised likelihood ratio test that all coefficients are zero.
    ties
        ``efron`` or ``breslow``.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    terms: tuple[str, ...]
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    log_likelihood: float
    log_likelihood_null: float
    test: WaldTest
    ties: str
    basis: Basis
    spec: CoxSpec

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Penalised log hazard ratios in the order of ``terms``."""
        return self.table["coefficient"].to_numpy()
