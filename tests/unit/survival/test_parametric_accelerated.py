"""Accelerated failure time models: closed forms, laws, a second witness, refusals."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time, hazard_ratios
from analytics.survival.cox_design import Factor
from analytics.survival.parametric_predictions import (
    predict_parametric_hazard,
    predict_parametric_survival,
    predict_quantiles,
)
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import AcceleratedFailureTimeFit

SPEC = ParametricSpec("days", "event", ("treated",))
FAMILIES = ("weibull", "exponential", "lognormal", "loglogistic")


def drawn(n: int = 300, seed: int = 7) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    treated = draw.integers(0, 2, n)
    event = 400 * draw.weibull(1.4, n) * np.exp(0.5 * treated)
    end = draw.uniform(50, 900, n)
    return pl.DataFrame(
        {
            "days": np.ceil(np.minimum(event, end)),
            "event": event <= end,
            "treated": treated,
            "age": draw.normal(70, 8, n),
            "site": draw.integers(0, 12, n),
        }
    )


def fitted(
    frame: pl.DataFrame, spec: ParametricSpec = SPEC, family: str = "weibull"
) -> AcceleratedFailureTimeFit:
    fit = fit_accelerated_failure_time(frame, spec, distribution=family)
    assert isinstance(fit, AcceleratedFailureTimeFit), fit
    return fit


def refused(frame: pl.DataFrame, spec: ParametricSpec = SPEC) -> NotEstimable:
    answer = fit_accelerated_failure_time(frame, spec)
    assert isinstance(answer, NotEstimable)
    return answer


def test_exponential_model_without_terms_is_person_time_per_event() -> None:
    # 3 events in 2 + 4 + 6 + 8 = 20 days: mean 20/3; the log mean has variance 1/3.
    frame = pl.DataFrame({"days": [2, 4, 6, 8], "event": [1, 1, 1, 0]})
    fit = fitted(frame, ParametricSpec("days", "event"), "exponential")
    assert fit.table["coefficient"].to_list() == pytest.approx([math.log(20 / 3)], rel=1e-12)
    assert fit.table["std_error"].to_list() == pytest.approx([math.sqrt(1 / 3)], rel=1e-12)
    assert fit.log_likelihood == pytest.approx(3 * math.log(3 / 20) - 3, rel=1e-12)
    assert fit.test is None


def test_exponential_time_ratio_of_two_groups_is_the_ratio_of_their_means() -> None:
    # Untreated: 2 events in 10 days. Treated: 2 events in 30 days.
    frame = pl.DataFrame(
        {"days": [2, 3, 5, 10, 15, 5], "event": [1, 1, 0, 1, 1, 0], "treated": [0, 0, 0, 1, 1, 1]}
    )
    fit = fitted(frame, family="exponential")
    assert fit.table["time_ratio"].to_list() == pytest.approx([5.0, 3.0], rel=1e-12)
    assert fit.covariance[1, 1] == pytest.approx(1 / 2 + 1 / 2, rel=1e-12)
    ratios = hazard_ratios(fit)
    assert isinstance(ratios, pl.DataFrame)
    assert ratios["hazard_ratio"].to_list() == pytest.approx([1 / 3], rel=1e-12)


def test_lognormal_model_without_censoring_is_least_squares_of_log_time() -> None:
    frame = pl.DataFrame({"days": [1.0, math.e**2, math.e**3, math.e**6], "event": [1, 1, 1, 1]})
    fit = fitted(frame, ParametricSpec("days", "event"), "lognormal")
    # Log times 0, 2, 3, 6: mean 11/4, mean square deviation 49/4 - 121/16 = 75/16.
    assert fit.table["coefficient"][0] == pytest.approx(11 / 4, rel=1e-12)
    assert fit.scale == pytest.approx(math.sqrt(75 / 16), rel=1e-12)
    assert fit.covariance == pytest.approx(np.array([[75 / 64, 0], [0, 1 / 8]]), abs=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_score_is_zero_at_the_estimate_and_covariance_is_inverse_curvature(family: str) -> None:
    frame = drawn(80)
    fit = fitted(frame, family=family)
    best = np.append(fit.table["coefficient"].to_numpy(), np.log(fit.scale))[: len(fit.covariance)]
    step = 1e-4
    curvature = np.zeros((len(best), len(best)))
    for i, j in np.ndindex(curvature.shape):
        corners = [
            a
            * b
            * by_hand(frame, best + a * step * np.eye(len(best))[i] + b * step * np.eye(len(best))[j], family)
            for a in (1, -1)
            for b in (1, -1)
        ]
        curvature[i, j] = sum(corners) / (4 * step**2)
    assert fit.log_likelihood == pytest.approx(by_hand(frame, best, family), rel=1e-12)
    assert -np.linalg.inv(curvature) == pytest.approx(fit.covariance, rel=2e-4, abs=1e-7)
    for i in range(len(best)):
        aside = 1e-5 * np.eye(len(best))[i]
        slope = (by_hand(frame, best + aside, family) - by_hand(frame, best - aside, family)) / 2e-5
        assert abs(slope) < 1e-5


def by_hand(frame: pl.DataFrame, parameters: np.ndarray, family: str) -> float:
    scale = math.exp(parameters[2]) if family != "exponential" else 1.0
    total = 0.0
    for day, event, treated in frame.select("days", "event", "treated").iter_rows():
        z = (math.log(day) - parameters[0] - parameters[1] * treated) / scale
        density, survival = {
            "lognormal": (math.exp(-z * z / 2) / math.sqrt(2 * math.pi), math.erfc(z / math.sqrt(2)) / 2),
            "loglogistic": (math.exp(z) / (1 + math.exp(z)) ** 2, 1 / (1 + math.exp(z))),
        }.get(family, (math.exp(z - math.exp(z)), math.exp(-math.exp(z))))
        total += math.log(density / (scale * day)) if event else math.log(survival)
    return total


def test_lifelines_agrees_where_it_is_exact_enough() -> None:
    from lifelines import WeibullAFTFitter

    frame = drawn()
    fit = fitted(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        witness = WeibullAFTFitter().fit(
            frame.select("days", "event", "treated").to_pandas(), "days", "event"
        )
    assert fit.log_likelihood == pytest.approx(witness.log_likelihood_, rel=1e-8)
    assert fit.table["coefficient"][1] == pytest.approx(witness.params_["lambda_"]["treated"], abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_two_equal_every_row_twice(family: str) -> None:
    frame = drawn(60)
    doubled = fitted(pl.concat([frame, frame]), family=family)
    weighted = fitted(frame.with_columns(w=pl.lit(2.0)), replace(SPEC, weights="w", robust=False), family)
    assert weighted.log_likelihood == pytest.approx(doubled.log_likelihood, rel=1e-12)
    assert weighted.covariance == pytest.approx(doubled.covariance, rel=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_splitting_follow_up_by_late_entry_changes_nothing(family: str) -> None:
    frame = drawn(60).with_columns(start=pl.lit(0.0))
    early = frame.filter(pl.col("days") > 100).with_columns(days=pl.lit(100.0), event=pl.lit(value=False))
    late = frame.with_columns(start=pl.when(pl.col("days") > 100).then(100.0).otherwise(0.0))
    split = fitted(pl.concat([early, late]), replace(SPEC, entry="start"), family)
    whole = fitted(frame, family=family)
    assert split.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-11)
    assert split.covariance == pytest.approx(whole.covariance, rel=1e-7, abs=1e-12)


def test_time_unit_moves_the_constant_only() -> None:
    frame = drawn()
    days, years = fitted(frame), fitted(frame.with_columns(pl.col("days") / 365.25))
    moved = days.table["coefficient"].to_numpy() - [math.log(365.25), 0]
    assert years.table["coefficient"].to_numpy() == pytest.approx(moved, abs=1e-10)


def test_clusters_of_one_row_give_the_sandwich_by_row() -> None:
    frame = drawn().with_row_index("patient")
    by_row = fitted(frame, replace(SPEC, robust=True))
    by_patient = fitted(frame, replace(SPEC, cluster="patient"))
    assert by_patient.covariance == pytest.approx(by_row.covariance, rel=1e-12)
    assert by_patient.basis.variance == "sandwich by patient"
    assert not np.allclose(by_row.covariance, fitted(frame).covariance, rtol=1e-3)


def test_predicted_survival_at_a_predicted_quantile_is_its_complement() -> None:
    profiles = pl.DataFrame({"treated": [0, 1]})
    for family in FAMILIES:
        fit = fitted(drawn(), family=family)
        quantiles = predict_quantiles(fit, profiles, probabilities=(0.2, 0.5)).table
        for profile, probability, day in quantiles.select("profile", "probability", "time_days").iter_rows():
            survival = predict_parametric_survival(fit, profiles, times=[day]).table
            assert survival["survival"][profile] == pytest.approx(1 - probability, rel=1e-10)


def test_hazard_is_the_slope_of_the_log_survival() -> None:
    profiles = pl.DataFrame({"treated": [1]})
    for family in FAMILIES:
        fit = fitted(drawn(), family=family)
        around = predict_parametric_survival(fit, profiles, times=[99.99, 100.01]).table["survival"]
        hazard = predict_parametric_hazard(fit, profiles, times=[100.0]).table["hazard"][0]
        assert hazard == pytest.approx((math.log(around[0]) - math.log(around[1])) / 0.02, rel=1e-6)


def test_what_lies_beyond_the_last_event_is_marked() -> None:
    frame = pl.DataFrame({"days": [10, 20, 30, 400], "event": [1, 1, 1, 0]})
    fit = fitted(frame, ParametricSpec("days", "event"))
    table = predict_parametric_survival(fit, pl.DataFrame({"any": [0]}), times=[30, 31]).table
    assert table["is_extrapolated"].to_list() == [False, True]
    assert (table["lower"] < table["survival"]).all()


def test_log_logistic_hazards_are_not_proportional() -> None:
    answer = hazard_ratios(fitted(drawn(), family="loglogistic"))
    assert isinstance(answer, NotEstimable)
    assert answer.code == "not_proportional"


def test_an_arm_without_events_is_separated_and_named() -> None:
    answer = refused(drawn().with_columns(event=pl.col("event") & (pl.col("treated") == 0)))
    assert (answer.code, "treated" in answer.reason) == ("separation", True)


def test_no_event_no_patient_few_events_and_constants_are_refused() -> None:
    frame = drawn()
    assert refused(frame.with_columns(event=pl.lit(value=False))).code == "no_events"
    assert refused(frame.head(0)).code == "no_patients"
    few = pl.DataFrame({"days": [3, 4, 5], "event": [1, 1, 0], "treated": [0, 1, 1]})
    assert refused(few).code == "too_few_events"
    assert refused(frame.with_columns(treated=pl.lit(1))).code == "singular"


def test_events_on_day_zero_are_refused_and_censorings_left_out() -> None:
    frame = drawn()
    first = pl.int_range(pl.len()) == 0
    day_zero = frame.with_columns(days=pl.when(first).then(0.0).otherwise(pl.col("days")))
    assert (
        refused(day_zero.with_columns(event=pl.when(first).then(pl.lit(value=True)).otherwise("event"))).code
        == "zero_times"
    )
    fit = fitted(day_zero.with_columns(event=pl.when(first).then(pl.lit(value=False)).otherwise("event")))
    assert fit.basis.n == 299
    assert "censored on day 0" in fit.basis.warnings[0]


def test_factors_are_coded_as_in_the_data() -> None:
    frame = drawn().with_columns(arm=pl.when(pl.col("treated") == 1).then(pl.lit("b")).otherwise(pl.lit("a")))
    fit = fitted(frame, replace(SPEC, terms=(Factor("arm"),)))
    assert fit.terms == ("(Intercept)", "arm=b")
    assert fit.covariance == pytest.approx(fitted(frame).covariance, rel=1e-10)


def test_bad_specifications_name_the_model() -> None:
    for change, message in (
        ({"terms": ("nobody",)}, "no column nobody"),
        ({"confidence": 1.0}, "confidence"),
        ({"event": "age"}, "not 0 or 1"),
    ):
        with pytest.raises(SpecificationError, match=message) as caught:
            fit_accelerated_failure_time(drawn(), replace(SPEC, **change))
        assert caught.value.where == "Accelerated failure time model"
    with pytest.raises(SpecificationError, match="unknown distribution"):
        fit_accelerated_failure_time(drawn(), SPEC, distribution="gamma")  # type: ignore[arg-type]  # unknown
    with pytest.raises(SpecificationError, match="no column treated"):
        predict_quantiles(fitted(drawn()), pl.DataFrame({"age": [1]}))
    with pytest.raises(SpecificationError, match="not positive"):
        predict_parametric_survival(fitted(drawn()), pl.DataFrame({"treated": [1]}), times=[0])
