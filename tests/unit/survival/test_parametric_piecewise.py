"""Piecewise exponential models: rates by hand, laws, predictions, refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time
from analytics.survival.cox_design import Factor
from analytics.survival.cox_time_split import split_follow_up
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.piecewise_exponential import estimate_interval_rates, fit_piecewise_exponential
from analytics.survival.piecewise_exponential_predictions import (
    predict_piecewise_hazard,
    predict_piecewise_survival,
)
from analytics.survival.results import NotEstimable
from analytics.survival.results_parametric import IntervalRates, PiecewiseExponentialFit

ALONE = ParametricSpec("days", "event")
SPEC = replace(ALONE, terms=("age", "treated"))
# Day 30 is a limit: the event there belongs to the first interval.
TOY = pl.DataFrame({"days": [10, 30, 40, 60, 100], "event": [1, 1, 0, 1, 0]})


def drawn(n: int = 400, seed: int = 5) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    treated, age = draw.integers(0, 2, n), draw.normal(70, 8, n).round()
    event = 500 * draw.weibull(0.8, n) * np.exp(0.5 * treated - 0.03 * (age - 70))
    end = draw.uniform(50, 900, n)
    return pl.DataFrame(
        {
            "days": np.ceil(np.minimum(event, end)),
            "event": event <= end,
            "treated": treated,
            "age": age,
            "site": draw.integers(0, 15, n),
        }
    )


def fitted(
    frame: pl.DataFrame, spec: ParametricSpec = SPEC, cuts: tuple[float, ...] = (30, 365)
) -> PiecewiseExponentialFit:
    fit = fit_piecewise_exponential(frame, spec, cuts=cuts)
    assert isinstance(fit, PiecewiseExponentialFit), fit
    return fit


def test_rates_without_covariates_are_events_over_person_time() -> None:
    # First 30 days: 10 + 4 * 30 = 130 days, 2 events. Later: 10 + 30 + 70 = 110 days, 1 event.
    fit = fitted(TOY, ALONE, (30,))
    assert fit.intervals["n_event"].to_list() == [2, 1]
    assert fit.intervals["person_days"].to_list() == [130, 110]
    assert fit.intervals["rate"].to_list() == pytest.approx([2 / 130, 1 / 110], rel=1e-12)
    assert np.diag(fit.covariance) == pytest.approx([1 / 2, 1], rel=1e-12)
    assert fit.log_likelihood == pytest.approx(2 * math.log(2 / 130) + math.log(1 / 110) - 3, rel=1e-12)
    # Pieces with an event lasted 10, 30 and 30 days.
    expected = math.log(20 / 130) + math.log(60 / 130) + math.log(30 / 110)
    assert fit.deviance == pytest.approx(-2 * expected, rel=1e-12)


def test_rate_ratio_of_two_groups_is_the_ratio_of_their_rates() -> None:
    frame = pl.DataFrame(
        {"days": [4, 6, 10, 20, 30, 50], "event": [1, 1, 0, 1, 0, 1], "arm": [0, 0, 0, 1, 1, 1]}
    )
    fit = fitted(frame, replace(ALONE, terms=("arm",)), ())
    assert fit.table["rate_ratio"].to_list() == pytest.approx([(2 / 100) / (2 / 20)], rel=1e-12)
    assert fit.table["std_error"].to_list() == pytest.approx([1.0], rel=1e-12)


def test_one_interval_is_the_exponential_model() -> None:
    fit = fitted(drawn(), cuts=())
    known = fit_accelerated_failure_time(drawn(), SPEC, distribution="exponential")
    assert not isinstance(known, NotEstimable)
    assert fit.coefficients == pytest.approx(-known.table["coefficient"].to_numpy(), rel=1e-9)
    assert fit.covariance == pytest.approx(known.covariance, rel=1e-8)
    assert fit.log_likelihood == pytest.approx(known.log_likelihood, rel=1e-12)


def test_follow_up_split_elsewhere_and_row_order_change_nothing() -> None:
    whole = fitted(drawn())
    split = split_follow_up(drawn(), time="days", event="event", cuts=[17, 100])
    spec = ParametricSpec("stop_days", "has_event", SPEC.terms, entry="start_days")
    again = fitted(split.sample(fraction=1, shuffle=True, seed=1), spec)
    assert again.coefficients == pytest.approx(whole.coefficients, rel=1e-9)
    assert again.covariance == pytest.approx(whole.covariance, rel=1e-8)


def test_weights_of_two_equal_every_row_twice() -> None:
    doubled = fitted(pl.concat([drawn(), drawn()]))
    spec = replace(SPEC, weights="w", robust=False)
    weighted = fitted(drawn().with_columns(w=pl.lit(2.0)), spec)
    assert weighted.covariance == pytest.approx(doubled.covariance, rel=1e-9)
    assert weighted.deviance == pytest.approx(doubled.deviance, rel=1e-12)


def test_sandwich_by_site_is_worked_from_residual_events() -> None:
    # One interval, no covariate: score of a site is its events less rate times its person-time.
    frame = TOY.with_columns(site=pl.Series([1, 1, 2, 2, 2]))
    fit = fitted(frame, replace(ALONE, cluster="site"), ())
    rate = 3 / 240
    scores = [2 - 40 * rate, 1 - 200 * rate]
    assert fit.covariance[0, 0] == pytest.approx(sum(score**2 for score in scores) / 9, rel=1e-10)
    assert fit.basis.variance == "sandwich by site"


def test_survival_and_hazard_follow_from_the_rates() -> None:
    fit = fitted(TOY, ALONE, (30,))
    profile = pl.DataFrame({"any": [0]})
    table = predict_piecewise_survival(fit, profile, times=[0, 30, 50, 61]).table
    hazards = [0, 30 * 2 / 130, 30 * 2 / 130 + 20 / 110]
    assert table["survival"].to_list()[:3] == pytest.approx([math.exp(-h) for h in hazards], rel=1e-12)
    # Variances of the log rates are 1/2 and 1.
    error = math.sqrt((60 / 130) ** 2 / 2 + (20 / 110) ** 2)
    assert table["std_error"][2] == pytest.approx(math.exp(-hazards[2]) * error, rel=1e-10)
    assert table["lower"][2] == pytest.approx(
        math.exp(-hazards[2] * math.exp(1.959963984540054 * error / hazards[2])), rel=1e-10
    )
    assert table["is_extrapolated"].to_list() == [False, False, False, True]
    hazard = predict_piecewise_hazard(fit, profile, times=[30, 31]).table
    assert hazard["hazard"].to_list() == pytest.approx([2 / 130, 1 / 110], rel=1e-12)


def test_crude_rates_have_exact_poisson_limits_by_group() -> None:
    frame = pl.DataFrame({"days": [10, 20, 30, 40], "event": [1, 0, 0, 0], "device": ["a", "a", "b", "b"]})
    rates = estimate_interval_rates(frame, ALONE, cuts=[15], group="device")
    assert isinstance(rates, IntervalRates)
    assert rates.table["group"].to_list() == ["a", "a", "b", "b"]
    assert rates.table["n_event"].to_list() == [1, 0, 0, 0]
    assert rates.table["person_days"].to_list() == [25, 5, 30, 40]
    # Exact 95 % limits of 1 event are 0.0253178 and 5.571643; of none 0 and 3.688879.
    assert rates.table["lower"].to_list()[:2] == pytest.approx([0.02531781 / 25, 0], abs=1e-9)
    assert rates.table["upper"].to_list()[:2] == pytest.approx([5.571643 / 25, 3.688879 / 5], rel=1e-6)


def test_rate_without_person_time_is_null() -> None:
    rates = estimate_interval_rates(TOY, ALONE, cuts=[30, 500])
    assert isinstance(rates, IntervalRates)
    assert rates.table["rate"].to_list() == pytest.approx([2 / 130, 1 / 110, None])


def test_events_on_day_zero_count_with_a_warning() -> None:
    frame = pl.concat([TOY, pl.DataFrame({"days": [0], "event": [1]})])
    fit = fitted(frame, ALONE, (30,))
    assert fit.intervals["rate"].to_list() == pytest.approx([3 / 130, 1 / 110], rel=1e-12)
    assert any("day 0" in warning for warning in fit.basis.warnings)


def test_what_cannot_be_estimated_is_said() -> None:
    def code(frame: pl.DataFrame, spec: ParametricSpec = SPEC, cuts: tuple[float, ...] = (30,)) -> str:
        answer = fit_piecewise_exponential(frame, spec, cuts=cuts)
        assert isinstance(answer, NotEstimable)
        return answer.code

    frame = drawn()
    assert code(frame, cuts=(30, 2000)) == "separation"
    assert code(frame.with_columns(event=pl.col("event") & (pl.col("treated") == 0))) == "separation"
    assert code(frame.with_columns(treated=pl.lit(1))) == "singular"
    assert code(frame.with_columns(event=pl.lit(value=False))) == "no_events"
    assert code(frame.head(0)) == "no_patients"
    assert code(TOY, ALONE, (1, 2, 3)) == "too_few_events"
    assert code(pl.DataFrame({"days": [0, 0], "event": [1, 1]}), ALONE, ()) == "no_person_time"


def test_cuts_must_ascend_and_crude_rates_take_no_weights() -> None:
    for cuts in ((30, 30), (0, 30), (math.inf,)):
        with pytest.raises(SpecificationError, match="cuts"):
            fit_piecewise_exponential(drawn(), SPEC, cuts=cuts)
    with pytest.raises(SpecificationError, match="weights"):
        estimate_interval_rates(drawn(), replace(ALONE, weights="age"), cuts=[30])


def test_pooled_rows_give_what_single_rows_give() -> None:
    # A covariate of tiny noise keeps every row apart; it carries no information.
    frame = drawn()
    pooled = fitted(frame, replace(SPEC, terms=("treated", Factor("site"))))
    single = fitted(
        frame.with_columns(treated=pl.col("treated") + pl.int_range(pl.len()) * 1e-13),
        replace(SPEC, terms=("treated", Factor("site"))),
    )
    assert single.coefficients == pytest.approx(pooled.coefficients, abs=1e-8)
