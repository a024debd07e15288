"""What models of location and scale return: frozen objects that carry their own basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_rows import ParametricSpec
    from analytics.survival.results import Basis, WaldTest

ErrorDistribution: TypeAlias = Literal[
    "weibull", "exponential", "rayleigh", "lognormal", "loglogistic", "gaussian", "logistic"
]


@dataclass(frozen=True, eq=False)
class LocationScaleFit:
    """A model y = x b + scale * error, where y is log time or time, and the scale may differ by stratum.

    Parameters
    ----------
    distribution
        ``weibull``, ``exponential``, ``rayleigh``, ``lognormal``, ``loglogistic`` (y is log days);
        ``gaussian``, ``logistic`` (y is days).
    terms
        Names of the coefficients, ``(Intercept)`` first.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``time_ratio`` (null where y is days), ``lower``, ``upper``. The limits are those of the time ratio;
        where y is days, of the coefficient.
    scales
        One row per stratum: ``stratum`` (text, empty without strata), ``n``, ``n_events``, ``scale``,
        ``log_std_error`` (of its logarithm; 0 where the scale is held), ``lower``, ``upper``.
    covariance
        Covariance of the coefficients, then of the logarithms of the scales where they are estimated.
    log_likelihood, log_likelihood_null
        With all terms, and with the constant and the scales alone; densities per day.
    aic
        Akaike's criterion.
    test
        Likelihood ratio test that all terms are zero; None without terms. Not valid with clusters or weights.
    strata
        Columns whose combinations have scales of their own.
    last_event
        Time of the last event (days); whatever is predicted later is extrapolated.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    distribution: ErrorDistribution
    terms: tuple[str, ...]
    table: pl.DataFrame
    scales: pl.DataFrame
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    aic: float
    test: WaldTest | None
    strata: tuple[str, ...]
    last_event: float
    basis: Basis
    spec: ParametricSpec
