"""What the parametric models return: frozen objects that carry their own basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.cox_design import Floats
    from analytics.survival.parametric_rows import ParametricSpec
    from analytics.survival.results import Basis, WaldTest

Scale: TypeAlias = Literal["hazard", "odds", "normal"]
Distribution: TypeAlias = Literal["weibull", "exponential", "lognormal", "loglogistic"]


@dataclass(frozen=True, eq=False)
class Transformation:
    """A model g(S(t | x)) = s(log t) + x b, the common form of the continuous parametric models.

    Parameters
    ----------
    scale
        What g is: ``hazard`` log cumulative hazard, ``odds`` log odds of the event, ``normal`` the normal
        quantile of the event's probability.
    knots
        Knots of s in log time; with fewer than three s is a line. None holds the slope at 1 (exponential).
    coefficients
        Constant of s, its further coefficients, then b.
    covariance
        Their covariance.
    last_event
        Time of the last event (days); whatever is predicted later is extrapolated.
    """

    scale: Scale
    knots: tuple[float, ...] | None
    coefficients: Floats
    covariance: Floats
    last_event: float


@dataclass(frozen=True, eq=False)
class AcceleratedFailureTimeFit:
    """An accelerated failure time model, log T = x b + scale * error.

    Parameters
    ----------
    distribution
        ``weibull``, ``exponential``, ``lognormal`` or ``loglogistic``.
    terms
        Names of the coefficients, ``(Intercept)`` first.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``time_ratio`` (factor on every quantile of the time to the event), ``lower``, ``upper``.
    scale
        Scale of the error; 1 in the exponential model.
    covariance
        Covariance of the coefficients and, where the scale is estimated, of its logarithm (last row).
    log_likelihood, log_likelihood_null
        With all terms, and with the constant (and scale) alone; densities per day.
    aic
        Akaike's criterion.
    test
        Likelihood ratio test that all terms are zero; None without terms. Not valid with clusters or weights.
    model
        The same model as a transformation, which predictions read.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    distribution: Distribution
    terms: tuple[str, ...]
    table: pl.DataFrame
    scale: float
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    aic: float
    test: WaldTest | None
    model: Transformation
    basis: Basis
    spec: ParametricSpec


@dataclass(frozen=True, eq=False)
class RoystonParmarFit:
    """A flexible parametric model: natural spline of log time plus covariates.

    Parameters
    ----------
    scale
        ``hazard`` (proportional hazards), ``odds`` (proportional odds) or ``normal`` (probit).
    knots
        Knots in log days, the outer ones included.
    terms
        ``gamma0`` and further coefficients of the spline, then the covariates.
    table
        One row per coefficient: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``ratio`` (hazard or odds ratio; null for the spline and on the normal scale), ``lower``, ``upper``.
    covariance
        Covariance of the coefficients.
    log_likelihood, aic
        At the maximum; densities per day.
    model
        The same model as a transformation, which predictions read.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    scale: Scale
    knots: tuple[float, ...]
    terms: tuple[str, ...]
    table: pl.DataFrame
    covariance: Floats
    log_likelihood: float
    aic: float
    model: Transformation
    basis: Basis
    spec: ParametricSpec


@dataclass(frozen=True, eq=False)
class ParametricPrediction:
    """Numbers that a parametric model predicts for covariate profiles.

    Parameters
    ----------
    quantity
        ``survival``, ``hazard`` (per day), ``cumulative_hazard`` or ``quantile``.
    table
        One row per profile (``profile``, from 0) and time: ``time_days``, the quantity, ``std_error``,
        ``lower``, ``upper``, ``is_extrapolated`` (True beyond the last event that the model saw: the number
        rests on the shape of the model alone). Of quantiles: ``probability`` and ``time_days`` instead.
    interval
        Scale and level of the limits.
    """

    quantity: str
    table: pl.DataFrame
    interval: str


@dataclass(frozen=True, eq=False)
class PiecewiseExponentialFit:
    """A hazard that is constant within intervals and multiplied by covariates.

    Parameters
    ----------
    cuts
        Inner limits of the intervals, days; an event on a limit belongs to the earlier interval.
    intervals
        One row per interval: ``interval``, ``start_days``, ``stop_days`` (null: open), ``n_event``,
        ``person_days``, ``rate`` (per day, at covariates zero), ``std_error``, ``lower``, ``upper``.
    table
        One row per covariate: ``term``, ``coefficient``, ``std_error``, ``statistic`` (z), ``p_value``,
        ``rate_ratio``, ``lower``, ``upper``.
    terms
        Names of all coefficients: log rates of the intervals, then covariates.
    coefficients, covariance
        All coefficients and their covariance.
    log_likelihood
        Of the survival times (log densities per day).
    deviance
        Of the Poisson model of pieces, one piece per row and interval.
    last_event
        Time of the last event, days.
    basis
        What the fit rests on.
    spec
        The model as it was fitted, every factor with its levels.
    """

    cuts: tuple[float, ...]
    intervals: pl.DataFrame
    table: pl.DataFrame
    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    deviance: float
    last_event: float
    basis: Basis
    spec: ParametricSpec


@dataclass(frozen=True, eq=False)
class IntervalRates:
    """Event rates in intervals of follow-up, by group, without a model.

    Parameters
    ----------
    table
        One row per group and interval: ``group``, ``interval``, ``start_days``, ``stop_days`` (null: open),
        ``n_event``, ``person_days``, ``rate`` (per day; null without person-time), ``lower``, ``upper``.
    basis
        What the rates rest on.
    """

    table: pl.DataFrame
    basis: Basis


@dataclass(frozen=True, eq=False)
class HazardCurve:
    """The hazard over time in one group or for one profile.

    Parameters
    ----------
    group
        Label the curve carries.
    table
        Ascending in time: ``time_days``, ``hazard`` (per day), ``std_error``, ``lower``, ``upper``,
        ``is_extrapolated`` (True beyond the last event).
    basis
        What the curve rests on.
    """

    group: str
    table: pl.DataFrame
    basis: Basis
