"""What measures of a prediction return: discrimination, overall error and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.results import Basis


@dataclass(frozen=True)
class ConcordanceIndex:
    """How often the patient with the higher score had the event first.

    Parameters
    ----------
    index
        Share of comparable pairs in agreement; equal scores count one half; 0.5 is chance.
    std_error, lower, upper
        Infinitesimal-jackknife standard error and the interval, cut to 0..1. Weights are taken as known.
    concordant, discordant, tied_score
        Comparable pairs by agreement (Uno: sums of their weights).
    tied_time, tied_both
        Pairs of events at one time, with different and with equal scores; they are not comparable.
    basis
        What the index rests on.
    """

    index: float
    std_error: float
    lower: float
    upper: float
    concordant: float
    discordant: float
    tied_score: float
    tied_time: float
    tied_both: float
    basis: Basis


@dataclass(frozen=True)
class HorizonAuc:
    """Area under the cumulative/dynamic ROC curve at one horizon.

    Parameters
    ----------
    horizon_days
        Cases had the event by then, controls were free of it beyond.
    auc
        Probability that a case has a higher score than a control; equal scores count one half.
    std_error, lower, upper
        With the uncertainty of the censoring weights; the interval is cut to 0..1.
    n_cases, n_controls
        Observed cases and controls; patients censored before the horizon are neither.
    basis
        What the area rests on.
    """

    horizon_days: float
    auc: float
    std_error: float
    lower: float
    upper: float
    n_cases: int
    n_controls: int
    basis: Basis


@dataclass(frozen=True)
class BrierScore:
    """Mean squared error of predicted risks at one horizon.

    Parameters
    ----------
    horizon_days
        The horizon.
    score, std_error, lower, upper
        Brier score, 0 (perfect) to 1, with the uncertainty of the censoring weights.
    null_score, null_std_error, null_lower, null_upper
        The same for one risk for everybody: the Kaplan-Meier risk of these patients.
    ipa
        Index of prediction accuracy: 1 - score / null score. 0 or below: no better than one risk for all.
    basis
        What the score rests on.
    """

    horizon_days: float
    score: float
    std_error: float
    lower: float
    upper: float
    null_score: float
    null_std_error: float
    null_lower: float
    null_upper: float
    ipa: float
    basis: Basis


@dataclass(frozen=True, eq=False)
class GroupCalibration:
    """Predicted and observed risks at one horizon, in all patients and by groups of predicted risk.

    Parameters
    ----------
    horizon_days
        The horizon.
    table
        One row per group of ascending risk: ``group`` (from 1), ``n``, ``mean_predicted``, ``observed``
        (one minus Kaplan-Meier), ``lower``, ``upper`` (log-log), ``is_beyond_follow_up`` (True where nobody
        of the group was followed to the horizon: the last risk is carried forward).
    observed, predicted
        Kaplan-Meier risk of everybody and mean predicted risk.
    ratio, ratio_lower, ratio_upper
        Observed over predicted, with the interval of the observed risk; 1 is calibrated in the large.
    basis
        What the risks rest on.
    """

    horizon_days: float
    table: pl.DataFrame
    observed: float
    predicted: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    basis: Basis


@dataclass(frozen=True)
class CalibrationSlope:
    """Coefficient of a prediction's linear predictor in the patients at hand.

    Parameters
    ----------
    slope, std_error, lower, upper
        1 is calibrated; below 1 the predictions are too extreme.
    basis
        What the slope rests on.
    """

    slope: float
    std_error: float
    lower: float
    upper: float
    basis: Basis


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Observed risk as a smooth function of predicted risk at one horizon.

    Parameters
    ----------
    horizon_days
        The horizon.
    table
        One row per predicted risk, ascending: ``predicted``, ``observed``, ``lower``, ``upper``.
    mean_difference, median_difference, ninetieth_difference
        Mean (integrated calibration index), median and 90th percentile over the patients of the absolute
        difference between the curve and the predicted risk.
    basis
        What the curve rests on.
    """

    horizon_days: float
    table: pl.DataFrame
    mean_difference: float
    median_difference: float
    ninetieth_difference: float
    basis: Basis


@dataclass(frozen=True, eq=False)
class Optimism:
    """Performance of a Cox model in its own data, corrected for having been fitted there.

    Parameters
    ----------
    table
        One row per ``measure`` (``concordance``, ``calibration_slope``): ``apparent``, ``optimism``,
        ``corrected``.
    n_resamples
        Bootstrap samples that carried a fit.
    n_failed
        Samples in which the model could not be fitted; many make the correction doubtful.
    basis
        What the correction rests on.
    """

    table: pl.DataFrame
    n_resamples: int
    n_failed: int
    basis: Basis
