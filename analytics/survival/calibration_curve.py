"""Smooth calibration curve of predicted risks with a pointwise interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.calibration import complementary_log_log, outcome_frame
from analytics.survival.cox import fit_cox
from analytics.survival.cox_baseline import predict_survival
from analytics.survival.cox_design import CoxSpec, Spline
from analytics.survival.discrimination_data import GROUP
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import CalibrationCurve

if TYPE_CHECKING:
    from analytics.survival.discrimination_data import Predictions
    from analytics.survival.results import CoxFit

KNOTS = (0.1, 0.5, 0.9)
POINTS = 101


def estimate_calibration_curve(
    data: Predictions, *, horizon: float, confidence: float = 0.95
) -> CalibrationCurve | NotEstimable:
    """Estimate observed risk as a smooth function of predicted risk at a horizon [1]_.

    Parameters
    ----------
    data
        Outcomes with risks by the horizon.
    horizon
        Days.
    confidence
        Level of the pointwise interval.

    Returns
    -------
    CalibrationCurve or NotEstimable
        From a Cox model on a restricted cubic spline (knots at the 10th, 50th and 90th percentile) of the
        complementary log-log of the predicted risk, between its 1st and 99th percentile. Codes
        ``no_patients``, ``no_events``, ``follow_up_too_short``, ``one_group`` (fewer than three distinct
        risks among the knots), and those of `fit_cox`.

    References
    ----------
    .. [1] Austin, Harrell & van Klaveren (2020), Stat Med 39:2714-2742. doi:10.1002/sim.8570
    """
    refusal = data.refusal()
    if refusal is not None:
        return refusal
    if float(data.time.max()) < horizon:
        return NotEstimable(GROUP, f"nobody was followed to day {horizon:g}", "follow_up_too_short")
    scaled = complementary_log_log(data.risk(horizon))
    knots = np.quantile(scaled, KNOTS)
    if np.any(np.diff(knots) <= 0):
        return NotEstimable(GROUP, "too few distinct predicted risks for a curve", "one_group")
    term = Spline("scaled", tuple(knots.tolist()))
    frame = outcome_frame(data).with_columns(scaled=scaled)
    fit = fit_cox(frame, CoxSpec("time", "event", (term,), confidence=confidence))
    return fit if isinstance(fit, NotEstimable) else _read_curve(fit, data, horizon)


def _read_curve(fit: CoxFit, data: Predictions, horizon: float) -> CalibrationCurve:
    """Predict from the model at a grid of risks and at every patient's own."""
    risk = data.risk(horizon)
    low, high = np.quantile(risk, (0.01, 0.99)).tolist()
    grid = np.linspace(low, high, POINTS)
    own, place = np.unique(risk, return_inverse=True)
    profiles = pl.DataFrame({"scaled": complementary_log_log(np.concatenate((grid, own)))})
    table = predict_survival(fit, profiles, times=(horizon,)).table.sort("profile")
    curve = pl.DataFrame(
        {
            "predicted": grid,
            "observed": 1 - table["survival"].to_numpy()[:POINTS],
            "lower": 1 - table["upper"].to_numpy()[:POINTS],
            "upper": 1 - table["lower"].to_numpy()[:POINTS],
        }
    )
    smooth = (1 - table["survival"].to_numpy()[POINTS:])[place]
    difference = np.abs(smooth - risk)
    middle, ninetieth = np.quantile(difference, (0.5, 0.9)).tolist()
    return CalibrationCurve(horizon, curve, float(difference.mean()), middle, ninetieth, fit.basis)
