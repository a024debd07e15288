"""Limits of agreement of two measurements of the same lesions, after Bland and Altman."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import nct, t

from analytics.imaging.agreement import FEWEST_PAIRS, too_few_pairs
from analytics.imaging.proportional_bias import estimate_slope
from analytics.imaging.resampling import FEWEST_CLUSTERS, accelerated_limits, resample_sums
from analytics.imaging.results import Estimate, LimitsOfAgreement
from analytics.proportions.counts import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.refusals import NotEstimable

COVERAGE = 0.95
"""Share of the differences that the limits of agreement shall hold."""
ONE_LESION = "one lesion a patient; t and non-central t intervals"
SEVERAL_LESIONS = "spread within and between patients added; patients resampled"


def estimate_limits_of_agreement(
    rows: pl.DataFrame,
    *,
    first: str,
    second: str,
    cluster: str = "patient_id",
    confidence: float = 0.95,
) -> LimitsOfAgreement | NotEstimable:
    """Compare two measurements of the same lesions.

    Parameters
    ----------
    rows
        One row per lesion: the two measurements in the same unit, and `cluster`, its patient.
    first, second
        Columns with measurements; the difference is second minus first. Lesions without one of them are
        counted and left out.
    cluster
        Column by which lesions may resemble one another.
    confidence
        Level of the intervals.

    Returns
    -------
    LimitsOfAgreement or NotEstimable
        Bias and bias -/+ 1.96 standard deviations [1]_. Where each patient gives one lesion, the bias has a
        t interval and the limits have the exact ones from the non-central t [2]_. Where a patient gives
        several, the variance of a single difference is that within patients plus that between them, by
        one-way analysis of variance [3]_ (one between patients below zero is not cut), and
        all intervals come from
        resampled patients, bias-corrected and accelerated [4]_. Refused below 10 lesions.

    References
    ----------
    .. [1] Bland & Altman (1986), Lancet 327:307-310, doi:10.1016/S0140-6736(86)90837-8.
    .. [2] Carkeet (2015), Optom Vis Sci 92:e71-e80, doi:10.1097/OPX.0000000000000513.
    .. [3] Bland & Altman (2007), J Biopharm Stat 17:571-582, doi:10.1080/10543400701329422.
    .. [4] Efron (1987), J Am Stat Assoc 82:171-185, doi:10.1080/01621459.1987.10478410.
    """
    measured = rows.drop_nulls([first, second]).select(
        patient=pl.col(cluster).rank("dense").cast(pl.Int64) - 1,
        difference=pl.col(second).cast(pl.Float64) - pl.col(first).cast(pl.Float64),
        middle=(pl.col(second).cast(pl.Float64) + pl.col(first).cast(pl.Float64)) / 2.0,
    )
    if measured.height < FEWEST_PAIRS:
        return too_few_pairs(f"{first} and {second}", measured.height)
    patients = measured["patient"].to_numpy()
    differences = measured["difference"].to_numpy()
    parts = _parts_of_patients(patients, differences)
    is_repeated = len(parts) < measured.height
    bias, lower, upper, spread = (
        _with_several_lesions(parts, confidence) if is_repeated else _with_one_lesion(parts, confidence)
    )
    slope, p_value = estimate_slope(
        measured["middle"].to_numpy(), differences, clusters=patients, confidence=confidence
    )
    inside = (differences >= lower.estimate) & (differences <= upper.estimate)
    return LimitsOfAgreement(
        first=first,
        second=second,
        n_lesions=measured.height,
        n_patients=len(parts),
        n_left_out=rows.height - measured.height,
        bias=bias,
        standard_deviation=spread,
        lower_limit=lower,
        upper_limit=upper,
        slope=slope,
        slope_p_value=p_value,
        share_between=float(inside.mean()),
        method=SEVERAL_LESIONS if is_repeated else ONE_LESION,
    )


def _parts_of_patients(patients: NDArray[np.int64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lesions, sum and sum of squares of the differences, squared sum over lesions, one row per patient."""
    n = np.bincount(patients).astype(np.float64)
    sums = np.bincount(patients, weights=differences)
    squares = np.bincount(patients, weights=differences**2)
    # The last two columns are what the sums of a sample need: patients drawn, and lesions squared.
    return np.column_stack([n, sums, squares, sums**2 / n, np.ones_like(n), n**2])


def _bias_and_spread(totals: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean difference, and standard deviation of one lesion's difference, from sums over patients."""
    n, total, squares, between, n_patients, n_squared = np.moveaxis(totals, -1, 0)
    mean = total / n
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_square_between = (between - n * mean**2) / (n_patients - 1)
        mean_square_within = np.where(n > n_patients, (squares - between) / (n - n_patients), 0.0)
        size = (n - n_squared / n) / (n_patients - 1)
    # Only the sum of the two variances is used, so that one between patients below zero is not cut: cutting
    # it would leave a variance that rests on the few patients with several lesions.
    return mean, np.sqrt(mean_square_between / size + mean_square_within * (1.0 - 1.0 / size))


def _with_one_lesion(
    parts: NDArray[np.float64], confidence: float
) -> tuple[Estimate, Estimate, Estimate, float]:
    """Bias, limits and their exact intervals, differences being independent."""
    n = len(parts)
    mean, spread = (float(value) for value in _bias_and_spread(parts.sum(axis=0)))
    z, tail = normal_quantile(COVERAGE), (1.0 - confidence) / 2.0
    error = float(spread / np.sqrt(n))
    half = float(t.ppf(1.0 - tail, n - 1)) * error
    near, far = (float(nct.ppf(share, n - 1, z * np.sqrt(n))) * error for share in (tail, 1.0 - tail))
    bias = Estimate(mean, mean - half, mean + half, "t", error)
    lower = Estimate(mean - z * spread, mean - far, mean - near, "exact, non-central t")
    upper = Estimate(mean + z * spread, mean + near, mean + far, "exact, non-central t")
    return bias, lower, upper, spread


def _with_several_lesions(
    parts: NDArray[np.float64], confidence: float
) -> tuple[Estimate, Estimate, Estimate, float]:
    """Bias, limits and percentile intervals of resampled patients."""
    mean, spread = (float(value) for value in _bias_and_spread(parts.sum(axis=0)))
    z = normal_quantile(COVERAGE)
    if len(parts) < FEWEST_CLUSTERS:
        words = "none: too few patients to resample"
        bias, lower, upper = (Estimate(mean + side * z * spread, None, None, words) for side in (0, -1, 1))
        return bias, lower, upper, spread
    means, spreads = _bias_and_spread(resample_sums(parts))
    others, other_spreads = _bias_and_spread(parts.sum(axis=0) - parts)
    estimates = []
    for side in (0, -1, 1):
        limits = accelerated_limits(
            means + side * z * spreads,
            estimate=mean + side * z * spread,
            without_one=others + side * z * other_spreads,
            confidence=confidence,
        )
        low, high = limits or (None, None)
        estimates.append(Estimate(mean + side * z * spread, low, high, "patients resampled"))
    return estimates[0], estimates[1], estimates[2], spread
