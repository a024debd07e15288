"""What a Cox model with shared frailty returns."""

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
class FrailtyFit:
    """A proportional hazards model whose clusters share a random effect.

    Parameters
    ----------
    terms
        Coefficient names in order.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error`` (theta as known), ``statistic``
        (z), ``p_value``, ``hazard_ratio``, ``lower``, ``upper``. The hazard ratio compares patients of one
        cluster; it lies further from 1 than the ratio over all clusters.
    covariance
        Covariance of the coefficients with theta taken as known, p x p.
    theta
        Variance of the frailty (gamma, mean 1) or of the log frailty (Gaussian); 0 at the boundary.
    theta_lower, theta_upper
        Limits of the profile likelihood; not a number for REML, where no likelihood is profiled.
    is_at_boundary
        True where no spread between clusters beyond chance was found: the model is the one without frailty.
    log_likelihood, log_likelihood_without
        Marginal log partial likelihood (Laplace's for a Gaussian frailty) and that without frailty.
    test
        Likelihood ratio test of no frailty, half its weight at the boundary; None for REML.
    clusters
        One row per cluster: ``cluster`` (text), ``n``, ``n_events``, ``log_frailty``, ``std_error``,
        ``frailty``, ``lower``, ``upper``. Estimates are shrunken towards 1; they are no ranking.
    estimator
        ``gamma``, ``gaussian_reml`` or ``gaussian_laplace``.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    terms: tuple[str, ...]
    table: pl.DataFrame
    covariance: tuple[tuple[float, ...], ...]
    theta: float
    theta_lower: float
    theta_upper: float
    is_at_boundary: bool
    log_likelihood: float
    log_likelihood_without: float
    test: WaldTest | None
    clusters: pl.DataFrame
    estimator: str
    basis: Basis
    spec: CoxSpec

    @property
    def coefficients(self) -> npt.NDArray[np.float64]:
        """Log hazard ratios in the order of ``terms``."""
        return self.table["coefficient"].to_numpy()
