"""Hazard and survival that a piecewise exponential model predicts for covariate profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.parametric_rows import profile_design
from analytics.survival.results_parametric import ParametricPrediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.results_parametric import PiecewiseExponentialFit

WHERE = "Prediction"


def predict_piecewise_survival(
    fit: PiecewiseExponentialFit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the probability to be free of the event.

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns; one row of anything for a model without terms.
    times
        Times (days, >= 0). Beyond the last event the rate of the last interval is carried on, and marked so.

    Returns
    -------
    ParametricPrediction
        ``survival`` with the standard error of the delta method and log-log limits.

    Raises
    ------
    SpecificationError
        For a negative time, or profiles without the covariates.
    """
    design, wanted = _inputs(fit, profiles, times)
    profile, time = np.repeat(np.arange(len(design)), len(wanted)), np.tile(wanted, len(design))
    starts, stops = np.array((0.0, *fit.cuts)), np.array((*fit.cuts, np.inf))
    spent = np.maximum(np.minimum(time[:, None], stops) - starts, 0.0)
    covariates = design[profile]
    relative = np.exp(covariates @ fit.coefficients[len(starts) :])
    parts = spent * np.exp(fit.coefficients[: len(starts)]) * relative[:, None]
    hazard = parts.sum(axis=1)
    gradient = np.hstack((parts, hazard[:, None] * covariates))
    error = _spread(gradient, fit.covariance)
    reach = np.zeros_like(hazard)
    np.divide(normal_quantile(fit.spec.confidence) * error, hazard, out=reach, where=hazard > 0)
    table = pl.DataFrame(
        {
            "profile": profile,
            "time_days": time,
            "survival": np.exp(-hazard),
            "std_error": np.exp(-hazard) * error,
            "lower": np.exp(-hazard * np.exp(reach)),
            "upper": np.exp(-hazard * np.exp(-reach)),
            "is_extrapolated": time > fit.last_event,
        }
    )
    return ParametricPrediction("survival", table, describe("log-log", fit.spec.confidence))


def predict_piecewise_hazard(
    fit: PiecewiseExponentialFit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the hazard per day, with log limits; arguments as `predict_piecewise_survival`.

    A time on a limit belongs to the earlier interval.
    """
    design, wanted = _inputs(fit, profiles, times)
    profile, time = np.repeat(np.arange(len(design)), len(wanted)), np.tile(wanted, len(design))
    number = np.searchsorted(np.asarray(fit.cuts), time, side="left")
    gradient = np.hstack((np.eye(len(fit.cuts) + 1)[number], design[profile]))
    log_hazard, error = gradient @ fit.coefficients, _spread(gradient, fit.covariance)
    reach = normal_quantile(fit.spec.confidence) * error
    table = pl.DataFrame(
        {
            "profile": profile,
            "time_days": time,
            "hazard": np.exp(log_hazard),
            "std_error": np.exp(log_hazard) * error,
            "lower": np.exp(log_hazard - reach),
            "upper": np.exp(log_hazard + reach),
            "is_extrapolated": time > fit.last_event,
        }
    )
    return ParametricPrediction("hazard", table, describe("log", fit.spec.confidence))


def _inputs(
    fit: PiecewiseExponentialFit, profiles: pl.DataFrame, times: Sequence[float]
) -> tuple[Floats, Floats]:
    """Code the profiles and check the times."""
    wanted = np.asarray(times, dtype=np.float64)
    if not np.all(wanted >= 0):
        raise SpecificationError(where=WHERE, what="a negative time", fix="Ask for days from 0 on.")
    return profile_design(profiles, fit.spec, model=WHERE), wanted


def _spread(gradient: Floats, covariance: Floats) -> Floats:
    """Give the standard error of linear combinations of the coefficients, one per row."""
    spread: Floats = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    return spread
