"""What the regressions return: frozen objects that carry their own basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analytics.regression.arrays import Floats


@dataclass(frozen=True)
class ModelTest:
    """A test of one or more coefficients.

    Parameters
    ----------
    method
        ``Wald``, ``likelihood ratio`` or ``penalised likelihood ratio``.
    statistic
        Chi-square.
    degrees_of_freedom
        Number of coefficients tested, >= 1.
    p_value
        Its upper tail.
    """

    method: str
    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True)
class RegressionBasis:
    """What a regression rests on.

    Parameters
    ----------
    method
        Name of the model, for example ``logistic regression``.
    variance
        Name of the variance, for example ``sandwich by cluster, factor G/(G-1)``.
    interval
        Scale and level of the limits.
    n
        Number of observations.
    n_events
        Observations with the outcome; None where the outcome is a number.
    n_clusters
        Number of clusters; None where observations are taken as independent.
    warnings
        Sentences that must be shown beside the number.
    """

    method: str
    variance: str
    interval: str
    n: int
    n_events: int | None = None
    n_clusters: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RegressionFit:
    """A regression model.

    Parameters
    ----------
    names
        Coefficients in order.
    columns
        The covariate each coefficient came from.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``lower``, ``upper``,
        ``statistic``, ``p_value`` (Wald: z, or t where the basis says so). Models of odds or risks add
        ``ratio``, ``ratio_lower`` and ``ratio_upper``, their exponentials: odds ratios, risk ratios.
    covariance
        Covariance of the coefficients, p x p, the one that the limits use.
    model_covariance
        Covariance if the model were right and observations independent; the same where no cluster is named.
    log_likelihood, log_likelihood_null
        At the estimate, and of the model with the intercept alone (None where there is none).
    test
        Test that every coefficient but the intercept is zero; None without a covariate.
    basis
        What the fit rests on.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    table: pl.DataFrame
    covariance: Floats
    model_covariance: Floats
    log_likelihood: float
    log_likelihood_null: float | None
    test: ModelTest | None
    basis: RegressionBasis

    @property
    def coefficients(self) -> Floats:
        """Coefficients in the order of ``names``."""
        return self.table["coefficient"].to_numpy()
