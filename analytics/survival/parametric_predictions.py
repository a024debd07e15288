"""What continuous parametric models predict for covariate profiles, with delta-method intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl
from scipy import special

from analytics.errors import SpecificationError
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.parametric_likelihood import FAMILIES, time_columns
from analytics.survival.parametric_rows import profile_design
from analytics.survival.results_parametric import (
    AcceleratedFailureTimeFit,
    HazardCurve,
    ParametricPrediction,
    RoystonParmarFit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.results_parametric import Scale, Transformation

Fit: TypeAlias = AcceleratedFailureTimeFit | RoystonParmarFit
WHERE = "Prediction"


def predict_parametric_survival(
    fit: Fit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the probability to be free of the event.

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns; one row of anything for a model without terms.
    times
        Times (days, > 0). Beyond the last event the prediction is extrapolated, and marked so.

    Returns
    -------
    ParametricPrediction
        ``survival`` with limits symmetric on the scale of the model (log-log, logit or probit).

    Raises
    ------
    SpecificationError
        For a time that is not positive, or profiles without the covariates.
    """
    at = _At.of(fit, profiles, times)
    _, (value, slope, _) = FAMILIES[fit.model.scale](at.z)
    survival = np.exp(value)
    reach = at.reach(fit)
    limits = [np.exp(FAMILIES[fit.model.scale](at.z + sign * reach)[1][0]) for sign in (1, -1)]
    return at.table(fit, "survival", survival, survival * np.abs(slope) * at.error, limits)


def predict_parametric_cumulative_hazard(
    fit: Fit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the cumulative hazard, -log of the survival; arguments as `predict_parametric_survival`."""
    at = _At.of(fit, profiles, times)
    _, (value, slope, _) = FAMILIES[fit.model.scale](at.z)
    reach = at.reach(fit)
    limits = [-FAMILIES[fit.model.scale](at.z + sign * reach)[1][0] for sign in (-1, 1)]
    return at.table(fit, "cumulative_hazard", -value, np.abs(slope) * at.error, limits)


def predict_parametric_hazard(
    fit: Fit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the hazard per day, with limits on the log scale; arguments as `predict_parametric_survival`.

    Where a flexible model's spline falls, which it may do between sparse events, there is no hazard: null.
    """
    at = _At.of(fit, profiles, times)
    (density, density_slope, _), (survival, survival_slope, _) = FAMILIES[fit.model.scale](at.z)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_hazard = density - survival + np.log(at.slope) - np.log(at.times)
        gradient = (density_slope - survival_slope)[:, None] * at.rows + at.slope_rows / at.slope[:, None]
    error = spread(gradient, fit.model.covariance)
    reach = normal_quantile(fit.spec.confidence) * error
    limits = [np.exp(log_hazard - reach), np.exp(log_hazard + reach)]
    return at.table(fit, "hazard", np.exp(log_hazard), np.exp(log_hazard) * error, limits)


def predict_quantiles(
    fit: AcceleratedFailureTimeFit, profiles: pl.DataFrame, *, probabilities: Sequence[float] = (0.5,)
) -> ParametricPrediction:
    """Predict the time by which a given share has had the event (0.5: the median).

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns.
    probabilities
        Shares with the event, between 0 and 1.

    Returns
    -------
    ParametricPrediction
        One row per profile and probability: ``profile``, ``probability``, ``time_days``, ``std_error`` (on
        the scale of time), ``lower``, ``upper`` (symmetric on the log scale), ``is_extrapolated``.

    Raises
    ------
    SpecificationError
        For a probability outside (0, 1), or profiles without the covariates.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    if not np.all((shares > 0) & (shares < 1)):
        raise SpecificationError(
            where=WHERE, what="a probability outside 0 and 1", fix="Use 0.5 for the median."
        )
    design = np.repeat(profile_design(profiles, fit.spec, model=WHERE), len(shares), axis=0)
    share = np.tile(shares, profiles.height)
    n_time, slope = (1, 1.0) if fit.model.knots is None else (2, float(fit.model.coefficients[1]))
    covariates = design @ fit.model.coefficients[n_time:]
    log_time = (error_quantile(share, fit.model.scale) - fit.model.coefficients[0] - covariates) / slope
    parts = [np.ones((len(share), 1)), *([log_time[:, None]] if n_time == 2 else []), design]
    error = spread(np.hstack(parts) / slope, fit.model.covariance)
    reach, time = normal_quantile(fit.spec.confidence) * error, np.exp(log_time)
    table = pl.DataFrame(
        {
            "profile": np.repeat(np.arange(profiles.height), len(shares)),
            "probability": share,
            "time_days": time,
            "std_error": time * error,
            "lower": np.exp(log_time - reach),
            "upper": np.exp(log_time + reach),
            "is_extrapolated": time > fit.model.last_event,
        }
    )
    return ParametricPrediction("quantile", table, describe("log", fit.spec.confidence))


def parametric_hazard_curve(
    fit: Fit, profile: pl.DataFrame, *, group: str, times: Sequence[float]
) -> HazardCurve:
    """Give the modelled hazard of one profile over time, ready to be drawn.

    Parameters
    ----------
    fit
        The model.
    profile
        One row with the covariate columns.
    group
        Label the curve carries.
    times
        Ascending times, days > 0.
    """
    table = predict_parametric_hazard(fit, profile.head(1), times=times).table.drop("profile")
    return HazardCurve(group, table, fit.basis)


def error_quantile(share: Floats, scale: Scale) -> Floats:
    """Give z at which this share has had the event, on a scale of the models."""
    if scale == "hazard":
        log_hazard: Floats = np.log(-np.log1p(-share))
        return log_hazard
    z: Floats = special.logit(share) if scale == "odds" else special.ndtri(share)
    return z


def spread(gradient: Floats, covariance: Floats) -> Floats:
    """Give the standard error of linear combinations of the coefficients, one per row."""
    spread: Floats = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    return spread


class _At:
    """Profiles crossed with times: predictors, their derivatives, and their standard errors."""

    def __init__(self, model: Transformation, design: Floats, times: Floats) -> None:
        self.profile = np.repeat(np.arange(len(design)), len(times))
        self.times = np.tile(times, len(design))
        basis, slopes, fixed, fixed_slope = time_columns(np.log(self.times), model.knots)
        self.rows = np.hstack((basis, design[self.profile]))
        self.slope_rows = np.hstack((slopes, np.zeros((len(slopes), design.shape[1]))))
        self.z = self.rows @ model.coefficients + fixed
        self.slope = self.slope_rows @ model.coefficients + fixed_slope
        self.error = spread(self.rows, model.covariance)

    @classmethod
    def of(cls, fit: Fit, profiles: pl.DataFrame, times: Sequence[float]) -> _At:
        """Code the profiles and check the times."""
        wanted = np.asarray(times, dtype=np.float64)
        if not np.all(wanted > 0):
            raise SpecificationError(where=WHERE, what="a time is not positive", fix="Ask for days above 0.")
        return cls(fit.model, profile_design(profiles, fit.spec, model=WHERE), wanted)

    def reach(self, fit: Fit) -> Floats:
        """Half the width of the interval of z."""
        return normal_quantile(fit.spec.confidence) * self.error

    def table(
        self, fit: Fit, quantity: str, values: Floats, error: Floats, limits: list[Floats]
    ) -> ParametricPrediction:
        """Put the numbers of one quantity beside their profiles and times."""
        table = pl.DataFrame(
            {
                "profile": self.profile,
                "time_days": self.times,
                quantity: values,
                "std_error": error,
                "lower": limits[0],
                "upper": limits[1],
                "is_extrapolated": self.times > fit.model.last_event,
            }
        ).with_columns(pl.col(quantity, "std_error", "lower", "upper").fill_nan(None))
        scales = {"hazard": "log-log", "odds": "logit", "normal": "probit"}
        scale = "log" if quantity == "hazard" else scales[fit.model.scale]
        return ParametricPrediction(quantity, table, describe(scale, fit.spec.confidence))
