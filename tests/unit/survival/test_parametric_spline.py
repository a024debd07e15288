"""Flexible parametric models: the basis, special cases, derivatives, predictions, refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import optimize

from analytics.errors import SpecificationError
from analytics.regression.spline_basis import natural_spline, quantile_knots
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time
from analytics.survival.parametric_predictions import (
    parametric_hazard_curve,
    predict_parametric_cumulative_hazard,
    predict_parametric_hazard,
    predict_parametric_survival,
)
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import RoystonParmarFit
from analytics.survival.royston_parmar import fit_royston_parmar

SPEC = ParametricSpec("days", "event", ("treated",))
SCALES = ("hazard", "odds", "normal")
SAME_MODEL = {"hazard": "weibull", "odds": "loglogistic", "normal": "lognormal"}


def drawn(n: int = 400, seed: int = 3) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    treated = draw.integers(0, 2, n)
    early = draw.random(n) < 0.4
    event = np.where(early, 60 * draw.weibull(1.5, n), 900 * draw.weibull(2.0, n)) * np.exp(0.4 * treated)
    end = draw.uniform(50, 900, n)
    return pl.DataFrame({"days": np.ceil(np.minimum(event, end)), "event": event <= end, "treated": treated})


def fitted(frame: pl.DataFrame, spec: ParametricSpec = SPEC, **options: object) -> RoystonParmarFit:
    fit = fit_royston_parmar(frame, spec, **options)
    assert isinstance(fit, RoystonParmarFit), fit
    return fit


def test_spline_of_knots_zero_one_two_is_worked_by_hand() -> None:
    # Bend at 1: (x-1)+^3 - (x-0)+^3/2 - (x-2)+^3/2.
    basis, slope = natural_spline(np.array([-1.0, 0.5, 1.5, 3.0, 4.0]), (0.0, 1.0, 2.0))
    assert basis[:, 0].tolist() == [-1.0, 0.5, 1.5, 3.0, 4.0]
    assert basis[:, 1] == pytest.approx([0.0, -0.0625, 0.125 - 1.6875, 8 - 13.5 - 0.5, 27 - 32 - 4])
    assert slope[:, 1] == pytest.approx([0.0, -0.375, 0.75 - 3.375, 12 - 13.5 - 1.5, 27 - 24 - 6])


def test_knots_stand_at_even_quantiles() -> None:
    assert quantile_knots(np.array([0.0, 1.0, 2.0, 10.0]), 1) == (0.0, 1.5, 10.0)
    assert quantile_knots(np.array([0.0, 1.0, 2.0, 10.0]), 2) == (0.0, 1.0, 2.0, 10.0)


@pytest.mark.parametrize("scale", SCALES)
def test_without_internal_knots_it_is_the_accelerated_failure_time_model(scale: str) -> None:
    frame = drawn()
    spline = fitted(frame, scale=scale, n_knots=0)
    known = fit_accelerated_failure_time(frame, SPEC, distribution=SAME_MODEL[scale])
    assert not isinstance(known, NotEstimable)
    assert spline.log_likelihood == pytest.approx(known.log_likelihood, rel=1e-12)
    assert spline.table["coefficient"][1] == pytest.approx(1 / known.scale, rel=1e-9)
    shift = -known.table["coefficient"][1] / known.scale
    assert spline.table["coefficient"][2] == pytest.approx(shift, rel=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_log_likelihood_is_the_sum_of_predicted_log_densities(scale: str) -> None:
    frame = drawn(60)
    fit = fitted(frame, scale=scale, n_knots=2)
    total = 0.0
    for day, event, treated in frame.iter_rows():
        profile = pl.DataFrame({"treated": [treated]})
        total += math.log(predict_parametric_survival(fit, profile, times=[day]).table["survival"][0])
        if event:
            total += math.log(predict_parametric_hazard(fit, profile, times=[day]).table["hazard"][0])
    assert fit.log_likelihood == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize("scale", SCALES)
def test_moving_any_coefficient_lowers_the_likelihood_as_the_covariance_says(scale: str) -> None:
    frame = drawn(150)
    fit = fitted(frame, scale=scale, n_knots=1)
    best, precision = fit.model.coefficients, np.linalg.inv(fit.covariance)
    for number, error in enumerate(np.sqrt(np.diag(fit.covariance))):
        step = 1e-3 * error * np.eye(len(best))[number]
        up, down = (at(fit, frame, best + sign * step) for sign in (1, -1))
        fall = (up + down - 2 * fit.log_likelihood) / 1e-6 / error**2
        assert fall == pytest.approx(-precision[number, number], rel=1e-3)
        assert abs(up - down) < 1e-9 * abs(fit.log_likelihood)


def at(fit: RoystonParmarFit, frame: pl.DataFrame, coefficients: np.ndarray) -> float:
    moved = replace(fit, model=replace(fit.model, coefficients=coefficients))
    total = 0.0
    for treated in (0, 1):
        own = frame.filter(pl.col("treated") == treated)
        profile = pl.DataFrame({"treated": [treated]})
        survival = predict_parametric_survival(moved, profile, times=own["days"]).table["survival"]
        hazard = predict_parametric_hazard(moved, profile, times=own["days"]).table["hazard"]
        total += float(survival.log().sum() + hazard.log().filter(own["event"]).sum())
    return total


def test_more_knots_fit_a_hazard_with_a_peak_better() -> None:
    frame = drawn()
    assert fitted(frame, n_knots=3).aic < fitted(frame, n_knots=0).aic - 10


@pytest.mark.parametrize("scale", SCALES)
def test_predictions_are_of_one_model(scale: str) -> None:
    fit, profiles = fitted(drawn(), scale=scale), pl.DataFrame({"treated": [0, 1]})
    survival = predict_parametric_survival(fit, profiles, times=[30, 200]).table
    cumulative = predict_parametric_cumulative_hazard(fit, profiles, times=[30, 200]).table
    assert (-cumulative["cumulative_hazard"]).exp().to_list() == pytest.approx(survival["survival"].to_list())
    assert (-cumulative["upper"]).exp().to_list() == pytest.approx(survival["lower"].to_list())
    around = predict_parametric_cumulative_hazard(fit, profiles, times=[99.99, 100.01]).table
    slopes = around.group_by("profile", maintain_order=True).agg(
        pl.col("cumulative_hazard").diff().last() / 0.02
    )
    hazard = predict_parametric_hazard(fit, profiles, times=[100]).table["hazard"]
    assert slopes["cumulative_hazard"].to_list() == pytest.approx(hazard.to_list(), rel=1e-5)


def test_hazard_ratio_is_constant_on_the_hazard_scale() -> None:
    fit = fitted(drawn())
    table = predict_parametric_hazard(fit, pl.DataFrame({"treated": [0, 1]}), times=[30, 300]).table
    ratios = table.filter(pl.col("profile") == 1)["hazard"] / table.filter(pl.col("profile") == 0)["hazard"]
    assert ratios.to_list() == pytest.approx([fit.table["ratio"][-1]] * 2)
    assert fit.table["ratio"].null_count() == len(fit.terms) - 1


def test_late_entry_split_and_given_knots_change_nothing() -> None:
    frame = drawn().with_columns(start=pl.lit(0.0))
    early = frame.filter(pl.col("days") > 100).with_columns(days=pl.lit(100.0), event=pl.lit(value=False))
    late = frame.with_columns(start=pl.when(pl.col("days") > 100).then(100.0).otherwise(0.0))
    whole = fitted(frame)
    split = fitted(pl.concat([early, late]), replace(SPEC, entry="start"), knots=np.exp(whole.knots))
    assert split.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-10)
    assert split.covariance == pytest.approx(whole.covariance, rel=1e-5, abs=1e-9)


def test_hazard_curve_marks_what_lies_beyond_the_last_event() -> None:
    frame = drawn()
    last = frame.filter("event")["days"].max()
    curve = parametric_hazard_curve(
        fitted(frame), pl.DataFrame({"treated": [1]}), group="treated", times=[10, last, last + 1]
    )
    assert curve.table["is_extrapolated"].to_list() == [False, False, True]
    assert (curve.table["lower"] < curve.table["hazard"]).all()


def test_events_on_few_days_and_arms_without_events_are_refused() -> None:
    one_day = pl.DataFrame({"days": [5] * 20 + [6, 9], "event": [1] * 21 + [0]})
    answer = fit_royston_parmar(one_day, ParametricSpec("days", "event"), n_knots=3)
    assert isinstance(answer, NotEstimable)
    assert answer.code == "too_few_events"
    frame = drawn().with_columns(event=pl.col("event") & (pl.col("treated") == 0))
    for scale in SCALES:
        answer = fit_royston_parmar(frame, SPEC, scale=scale)
        assert isinstance(answer, NotEstimable)
        assert (answer.code, "treated" in answer.reason) == ("separation", True)


def test_options_that_mean_nothing_are_errors() -> None:
    for options, message in (
        ({"scale": "log"}, "unknown scale"),
        ({"n_knots": -1}, "fewer than 0"),
        ({"knots": [30, 10]}, "ascend"),
        ({"knots": [0, 10]}, "ascend"),
    ):
        with pytest.raises(SpecificationError, match=message):
            fit_royston_parmar(drawn(), SPEC, **options)


def test_late_entry_with_weights_is_what_another_search_finds() -> None:
    row = pl.int_range(pl.len())
    frame = drawn(250).with_columns(entry=pl.col("days") * (row % 4) / 6, weight=1 + (row % 3) / 2)
    fit = fitted(frame, replace(SPEC, entry="entry", weights="weight", robust=False), n_knots=1)
    days, entry, treated, weight = (
        frame[name].to_numpy().astype(float) for name in ("days", "entry", "treated", "weight")
    )
    event, (low, middle, high) = frame["event"].to_numpy(), fit.knots
    share = (high - middle) / (high - low)

    def bend(x: np.ndarray, power: int) -> np.ndarray:
        parts = [np.maximum(x - knot, 0) ** power for knot in (middle, low, high)]
        return parts[0] - share * parts[1] - (1 - share) * parts[2]

    def minus_log_likelihood(at: np.ndarray) -> float:
        def log_hazard_sum(time: np.ndarray) -> np.ndarray:
            x = np.log(time)
            return at[0] + at[1] * x + at[2] * bend(x, 3) + at[3] * treated

        slope = at[1] + 3 * at[2] * bend(np.log(days), 2)
        if np.any(slope[event] <= 0):
            return np.inf
        own = np.where(event, log_hazard_sum(days) + np.log(np.where(event, slope, 1) / days), 0.0)
        own -= np.exp(log_hazard_sum(days))
        own += np.where(entry > 0, np.exp(log_hazard_sum(np.maximum(entry, 1e-300))), 0.0)
        return -float(weight @ own)

    start = fit.table["coefficient"].to_numpy() * [1.02, 1.02, 0.95, 0.95]
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
    found = optimize.minimize(minus_log_likelihood, start, method="Nelder-Mead", options=options)
    assert fit.log_likelihood == pytest.approx(-found.fun, rel=1e-10)
    assert fit.table["coefficient"].to_list() == pytest.approx(found.x.tolist(), rel=1e-3)
