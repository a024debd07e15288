"""Calibration in the large, by groups, slope and curve."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.survival.calibration import estimate_calibration_slope, estimate_group_calibration
from analytics.survival.calibration_curve import estimate_calibration_curve
from analytics.survival.discrimination_data import Predictions, read_predictions
from analytics.survival.results import NotEstimable
from analytics.survival.results_prediction import CalibrationCurve, GroupCalibration

SIX = pl.DataFrame(
    {
        "day": [1, 2, 5, 2, 3, 4],
        "event": [1, 0, 1, 1, 0, 0],
        "risk": [0.5, 0.6, 0.7, 0.1, 0.2, 0.3],
        "score": [1.0, 2.0, 3.0, 0.0, 0.5, 0.7],
    }
)


def read(frame: pl.DataFrame = SIX, horizon: float = 3) -> Predictions:
    return read_predictions(frame, time="day", event="event", marker="score", risks={horizon: "risk"})


def calibrated(n: int = 2000) -> pl.DataFrame:
    rng = np.random.default_rng(8)
    score = rng.normal(scale=0.7, size=n)
    time, censored = rng.exponential(100 * np.exp(-score)), rng.exponential(200, n)
    return pl.DataFrame(
        {
            "day": np.minimum(time, censored),
            "event": time <= censored,
            "score": score,
            "risk": 1 - np.exp(-0.6 * np.exp(score)),
        }
    )


def test_groups_by_hand() -> None:
    found = estimate_group_calibration(read(), horizon=3, n_groups=2)
    assert isinstance(found, GroupCalibration)
    # Low risks: one of three had the event on day 2. High risks: one of three on day 1.
    assert found.table["observed"].to_list() == pytest.approx([1 / 3, 1 / 3])
    assert found.table["mean_predicted"].to_list() == pytest.approx([0.2, 0.6])
    assert found.table["n"].to_list() == [3, 3]
    # Everybody: 1 - 5/6 * 4/5; the events of day 2 come before its censoring.
    assert found.observed == pytest.approx(1 / 3)
    assert found.ratio == pytest.approx(1 / 3 / 0.4)
    assert found.ratio_lower < found.ratio < found.ratio_upper


def test_a_group_not_followed_to_the_horizon_says_so() -> None:
    found = estimate_group_calibration(read(horizon=4.5), horizon=4.5, n_groups=2)
    assert found.table["is_beyond_follow_up"].to_list() == [True, False]


def test_predictions_from_the_truth_are_calibrated() -> None:
    data = read(calibrated(), horizon=60)
    slope = estimate_calibration_slope(data)
    assert slope.lower < 1 < slope.upper
    groups = estimate_group_calibration(data, horizon=60)
    assert groups.ratio_lower < 1 < groups.ratio_upper
    curve = estimate_calibration_curve(data, horizon=60)
    assert isinstance(curve, CalibrationCurve)
    assert curve.mean_difference < 0.03
    inside = (curve.table["lower"] <= curve.table["predicted"]) & (
        curve.table["predicted"] <= curve.table["upper"]
    )
    assert inside.mean() > 0.8


def test_a_curve_finds_risks_that_are_twice_too_high() -> None:
    frame = calibrated().with_columns(risk=1 - (1 - pl.col("risk")) ** 2)
    curve = estimate_calibration_curve(read(frame, horizon=60), horizon=60)
    assert (curve.table["upper"] < curve.table["predicted"]).all()
    assert curve.median_difference <= curve.ninetieth_difference


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (SIX.clear(), "no_patients"),
        (SIX.with_columns(event=pl.lit(0)), "no_events"),
        (SIX.with_columns(day=pl.col("day") / 10), "follow_up_too_short"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(frame: pl.DataFrame, code: str) -> None:
    for refused in (
        estimate_group_calibration(read(frame), horizon=3),
        estimate_calibration_curve(read(frame), horizon=3),
    ):
        assert isinstance(refused, NotEstimable)
        assert refused.code == code


def test_one_risk_for_everybody_gives_no_curve() -> None:
    refused = estimate_calibration_curve(read(SIX.with_columns(risk=0.4)), horizon=3)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "one_group"
