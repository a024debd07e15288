"""Calibration of predicted risks: in the large, by groups, slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.discrimination_data import GROUP
from analytics.survival.intervals import confidence_limits
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import CalibrationSlope, GroupCalibration

if TYPE_CHECKING:
    from analytics.survival.discrimination_data import Bools, Floats, Predictions


def estimate_group_calibration(
    data: Predictions, *, horizon: float, n_groups: int = 10, confidence: float = 0.95
) -> GroupCalibration | NotEstimable:
    """Compare predicted with observed risks at a horizon, in everybody and by groups of predicted risk.

    Parameters
    ----------
    data
        Outcomes with risks by the horizon.
    horizon
        Days.
    n_groups
        Groups between quantiles of the predicted risk; equal quantiles are merged.
    confidence
        Level of the log-log intervals.

    Returns
    -------
    GroupCalibration or NotEstimable
        Observed risks are one minus Kaplan-Meier [1]_. Codes ``no_patients``, ``no_events``,
        ``follow_up_too_short`` (nobody was followed to the horizon).

    References
    ----------
    .. [1] Royston & Altman (2013), BMC Med Res Methodol 13:33. doi:10.1186/1471-2288-13-33
    """
    refusal = data.refusal()
    if refusal is not None:
        return refusal
    if float(data.time.max()) < horizon:
        return NotEstimable(GROUP, f"nobody was followed to day {horizon:g}", "follow_up_too_short")
    risk = data.risk(horizon)
    breaks = np.unique(np.quantile(risk, np.linspace(0, 1, n_groups + 1)))
    group = np.searchsorted(breaks[1:-1], risk, side="left")
    rows = []
    for number in np.unique(group):
        own = group == number
        observed, lower, upper = _observed(data, own, horizon, confidence)
        rows.append(
            {
                "group": int(number) + 1,
                "n": int(own.sum()),
                "mean_predicted": float(risk[own].mean()),
                "observed": observed,
                "lower": lower,
                "upper": upper,
                "is_beyond_follow_up": bool(data.time[own].max() < horizon),
            }
        )
    observed, lower, upper = _observed(data, np.ones(len(risk), dtype=bool), horizon, confidence)
    predicted = float(risk.mean())
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.array([observed, lower, upper]) / predicted
    return GroupCalibration(
        horizon_days=horizon,
        table=pl.DataFrame(rows),
        observed=observed,
        predicted=predicted,
        ratio=float(ratio[0]),
        ratio_lower=float(ratio[1]),
        ratio_upper=float(ratio[2]),
        basis=data.basis(
            "one minus Kaplan-Meier by predicted risk", "Greenwood", f"log-log, {100 * confidence:g} %"
        ),
    )


def _observed(data: Predictions, own: Bools, horizon: float, confidence: float) -> tuple[float, float, float]:
    """Give one minus Kaplan-Meier at the horizon with limits, carried forward beyond follow-up."""
    time, event = data.time[own], data.event[own]
    days = np.unique(time[event & (time <= horizon)])
    n_risk = len(time) - np.searchsorted(np.sort(time), days)
    deaths = np.sort(time[event])
    n_event = np.searchsorted(deaths, days, side="right") - np.searchsorted(deaths, days)
    survival = float(np.prod(1 - n_event / n_risk))
    left = n_risk - n_event
    hazard_variance = float(np.sum(n_event / (n_risk * np.where(left > 0, left, np.nan))))
    error = np.array([survival * np.sqrt(hazard_variance)])
    limits = confidence_limits(np.array([survival]), error, confidence=confidence, interval="log-log")
    return 1 - survival, float(1 - limits[1][0]), float(1 - limits[0][0])


def estimate_calibration_slope(
    data: Predictions, *, confidence: float = 0.95
) -> CalibrationSlope | NotEstimable:
    """Estimate the coefficient of the linear predictor in the patients at hand [1]_.

    Parameters
    ----------
    data
        Outcomes whose marker is a log hazard ratio.
    confidence
        Level of the Wald interval.

    Returns
    -------
    CalibrationSlope or NotEstimable
        From a Cox model with Efron ties; in the data the model was fitted to, it is 1 by construction. Codes
        as of `fit_cox`.

    References
    ----------
    .. [1] van Houwelingen (2000), Stat Med 19:3401-3415.
       doi:10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2
    """
    frame = outcome_frame(data).with_columns(marker=data.score())
    fit = fit_cox(frame, CoxSpec("time", "event", ("marker",), confidence=confidence))
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(0, named=True)
    lower, upper = np.log([row["lower"], row["upper"]]).tolist()
    return CalibrationSlope(row["coefficient"], row["std_error"], lower, upper, fit.basis)


def outcome_frame(data: Predictions) -> pl.DataFrame:
    """Put the outcomes into a frame with ``time`` and ``event``."""
    return pl.DataFrame({"time": data.time, "event": data.event})


def complementary_log_log(risk: Floats) -> Floats:
    """Bring risks to the scale of a log cumulative hazard."""
    inside = np.clip(risk, 1e-10, 1 - 1e-10)
    scaled: Floats = np.log(-np.log1p(-inside))
    return scaled
