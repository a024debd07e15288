"""What models of location and scale predict for covariate profiles, with delta-method intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.location_scale import SHAPES
from analytics.survival.parametric_likelihood import FAMILIES
from analytics.survival.parametric_predictions import error_quantile, spread
from analytics.survival.parametric_rows import profile_design
from analytics.survival.results_parametric import ParametricPrediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Ints
    from analytics.survival.results_location_scale import LocationScaleFit

WHERE = "Prediction"


def predict_location_scale_quantiles(
    fit: LocationScaleFit, profiles: pl.DataFrame, *, probabilities: Sequence[float] = (0.5,)
) -> ParametricPrediction:
    """Predict the time by which a given share has had the event (0.5: the median).

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns and those of the strata.
    probabilities
        Shares with the event, between 0 and 1.

    Returns
    -------
    ParametricPrediction
        One row per profile and probability: ``profile``, ``probability``, ``time_days``, ``std_error`` (on
        the scale of time), ``lower``, ``upper`` (symmetric on the log scale; where the model is one of days,
        in days), ``is_extrapolated``.

    Raises
    ------
    SpecificationError
        For a probability outside (0, 1), profiles without the columns, or a stratum that the model never saw.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    if not np.all((shares > 0) & (shares < 1)):
        raise SpecificationError(
            where=WHERE, what="a probability outside 0 and 1", fix="Use 0.5 for the median."
        )
    at = _Profiles(fit, profiles, len(shares))
    share = np.tile(shares, profiles.height)
    distance = error_quantile(share, SHAPES[fit.distribution].family)
    y = at.location + distance * at.scale
    error = spread(at.gradient(distance * at.scale), fit.covariance)
    reach = normal_quantile(fit.spec.confidence) * error
    is_log = SHAPES[fit.distribution].is_log
    time, lower, upper = (np.exp(value) if is_log else value for value in (y, y - reach, y + reach))
    table = pl.DataFrame(
        {
            "profile": at.profile,
            "probability": share,
            "time_days": time,
            "std_error": time * error if is_log else error,
            "lower": lower,
            "upper": upper,
            "is_extrapolated": time > fit.last_event,
        }
    )
    return ParametricPrediction(
        "quantile", table, describe("log" if is_log else "plain", fit.spec.confidence)
    )


def predict_location_scale_survival(
    fit: LocationScaleFit, profiles: pl.DataFrame, *, times: Sequence[float]
) -> ParametricPrediction:
    """Predict the probability to be free of the event.

    Parameters
    ----------
    fit
        The model.
    profiles
        One row per profile, with the covariate columns and those of the strata.
    times
        Times (days; > 0 where the model is one of log days).

    Returns
    -------
    ParametricPrediction
        ``survival`` with limits symmetric on the scale of the model (log-log, logit or probit).

    Raises
    ------
    SpecificationError
        For a time that is not positive, profiles without the columns, or a stratum that the model never saw.
    """
    days, shape = np.asarray(times, dtype=np.float64), SHAPES[fit.distribution]
    if shape.is_log and not np.all(days > 0):
        raise SpecificationError(where=WHERE, what="a time is not positive", fix="Ask for days above 0.")
    at = _Profiles(fit, profiles, len(days))
    time = np.tile(days, profiles.height)
    z = ((np.log(time) if shape.is_log else time) - at.location) / at.scale
    error = spread(at.gradient(z * at.scale) / at.scale[:, None], fit.covariance)
    reach = normal_quantile(fit.spec.confidence) * error
    value, slope, _ = FAMILIES[shape.family](z)[1]
    table = pl.DataFrame(
        {
            "profile": at.profile,
            "time_days": time,
            "survival": np.exp(value),
            "std_error": np.exp(value) * np.abs(slope) * error,
            "lower": np.exp(FAMILIES[shape.family](z + reach)[1][0]),
            "upper": np.exp(FAMILIES[shape.family](z - reach)[1][0]),
            "is_extrapolated": time > fit.last_event,
        }
    )
    scale = {"hazard": "log-log", "odds": "logit", "normal": "probit"}[shape.family]
    return ParametricPrediction("survival", table, describe(scale, fit.spec.confidence))


class _Profiles:
    """Profiles, each repeated: location, scale, and how they move with the parameters."""

    def __init__(self, fit: LocationScaleFit, profiles: pl.DataFrame, repeats: int) -> None:
        self.profile: Ints = np.repeat(np.arange(profiles.height), repeats)
        design = profile_design(profiles, fit.spec, model=WHERE)
        ones = np.ones((len(self.profile), 1))
        self.columns: Floats = np.hstack((ones, design[self.profile]))
        self.stratum: Ints = _strata(fit, profiles)[self.profile]
        self.location: Floats = self.columns @ fit.table["coefficient"].to_numpy()
        self.scale: Floats = fit.scales["scale"].to_numpy()[self.stratum]
        self.n_scales = len(fit.covariance) - len(fit.terms)

    def gradient(self, of_log_scale: Floats) -> Floats:
        """Give the derivatives by coefficients, then by the logarithms of the scales."""
        scales = np.zeros((len(self.profile), self.n_scales))
        if self.n_scales:
            scales[np.arange(len(self.profile)), self.stratum] = of_log_scale
        return np.hstack((self.columns, scales))


def _strata(fit: LocationScaleFit, profiles: pl.DataFrame) -> Ints:
    """Find the stratum of each profile."""
    if not fit.strata:
        return np.zeros(profiles.height, dtype=np.int64)
    absent = [name for name in fit.strata if name not in profiles.columns]
    if absent:
        what = f"no column {', '.join(absent)} in the profiles"
        raise SpecificationError(where=WHERE, what=what, fix="Give every column of the strata.")
    labels = fit.scales["stratum"].to_list()
    wanted = [
        ", ".join(f"{name}={value}" for name, value in zip(fit.strata, row, strict=True))
        for row in profiles.select(fit.strata).iter_rows()
    ]
    if not set(wanted) <= set(labels):
        what = "a profile lies in a stratum without patients"
        raise SpecificationError(where=WHERE, what=what, fix="Use values that the data hold.")
    return np.array([labels.index(label) for label in wanted], dtype=np.int64)
