"""Firth-penalised Cox models: closed forms, derivatives, separated data, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import optimize

from analytics.errors import SpecificationError
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec
from analytics.survival.cox_likelihood import CoxKernel
from analytics.survival.cox_rows import collect_rows
from analytics.survival.firth import fit_firth_cox
from analytics.survival.firth_likelihood import evaluate_penalised
from analytics.survival.firth_results import FirthFit
from analytics.survival.results import NotEstimable

SPEC = CoxSpec(time="time", event="event", terms=("x",))
TIED = pl.DataFrame(
    {
        "enter": [0, 0, 1, 0, 2, 0, 4, 0, 0, 1, 0, 3],
        "time": [3, 3, 3, 5, 5, 5, 5, 8, 9, 9, 12, 12],
        "event": [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1],
        "x": [0.3, -1.2, 0.8, 0.1, 2.0, -0.4, 1.1, 0.0, -0.7, 0.6, 1.5, 0.2],
        "z": [1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1],
        "site": ["a", "b"] * 6,
    }
)


def two_patients() -> FirthFit:
    frame = pl.DataFrame({"time": [1, 2], "event": [1, 0], "x": [1, 0]})
    fit = fit_firth_cox(frame, SPEC)
    assert isinstance(fit, FirthFit)
    return fit


def test_two_patients_have_a_hazard_ratio_of_three() -> None:
    # With p = e^b / (1 + e^b): log p + log(p(1 - p)) / 2 is largest at p = 3/4.
    fit = two_patients()
    best = 1.5 * np.log(0.75) + 0.5 * np.log(0.25)
    assert fit.table["hazard_ratio"][0] == pytest.approx(3.0, rel=1e-9)
    assert fit.table["std_error"][0] == pytest.approx(np.sqrt(16 / 3), rel=1e-9)
    assert fit.log_likelihood == pytest.approx(best, abs=1e-12)
    assert fit.log_likelihood_null == pytest.approx(2 * np.log(0.5), abs=1e-12)
    assert fit.test.statistic == pytest.approx(2 * (best - 2 * np.log(0.5)), abs=1e-10)


def test_limits_of_two_patients_lie_where_the_profile_has_dropped() -> None:
    fit = two_patients()

    def height(log_ratio: float) -> float:
        share = 1 / (1 + np.exp(-log_ratio))
        return 1.5 * np.log(share) + 0.5 * np.log1p(-share) - fit.log_likelihood + 3.841458820694124 / 2

    lower, upper = optimize.brentq(height, -20, 1.0), optimize.brentq(height, 1.2, 20)
    assert np.log(fit.table["lower"][0]) == pytest.approx(lower, abs=1e-8)
    assert np.log(fit.table["upper"][0]) == pytest.approx(upper, abs=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_penalised_score_is_the_slope_of_the_penalised_likelihood(ties: str) -> None:
    spec = CoxSpec("time", "event", ("x", "z"), entry="enter", strata=("site",), ties=ties)
    kernel = CoxKernel(collect_rows(TIED, spec), spec.ties)
    beta = np.array([0.4, -0.7])
    slope = optimize.approx_fprime(beta, lambda at: evaluate_penalised(kernel, at).value, 1e-6)
    np.testing.assert_allclose(evaluate_penalised(kernel, beta).score, slope, atol=1e-4)


def test_separated_data_have_finite_estimates_that_fit_cox_refuses_and_names() -> None:
    frame = pl.DataFrame(
        {"time": [1, 2, 3, 4, 5, 6, 7, 8], "event": [1, 1, 1, 0, 0, 0, 0, 0], "x": [1, 1, 1, 1, 0, 0, 0, 0]}
    )
    refused = fit_cox(frame, SPEC)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "separation"
    assert "Firth" in refused.reason
    fit = fit_firth_cox(frame, SPEC)
    assert isinstance(fit, FirthFit)
    assert 0 < fit.table["lower"][0] < fit.table["hazard_ratio"][0] < fit.table["upper"][0] < np.inf


def test_unit_of_a_covariate_changes_nothing_but_its_coefficient() -> None:
    spec = replace(SPEC, terms=("x", "z"))
    days = fit_firth_cox(TIED, spec)
    years = fit_firth_cox(TIED.with_columns(x=pl.col("x") * 1000), spec)
    np.testing.assert_allclose(years.coefficients * [1000, 1], days.coefficients, rtol=1e-8)
    np.testing.assert_allclose(years.table["p_value"], days.table["p_value"], rtol=1e-6)


def test_many_events_leave_the_penalty_little_to_say() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=3000)
    frame = pl.DataFrame({"time": rng.exponential(np.exp(-0.5 * x)), "event": np.ones(3000), "x": x})
    plain, penalised = fit_cox(frame, SPEC), fit_firth_cox(frame, SPEC)
    assert penalised.coefficients[0] == pytest.approx(plain.coefficients[0], abs=2e-3)
    assert penalised.table["lower"][0] == pytest.approx(plain.table["lower"][0], rel=5e-3)


def test_fewer_events_than_coefficients_are_fitted_with_a_warning() -> None:
    frame = TIED.with_columns(event=pl.Series([0] * 3 + [1] + [0] * 8))
    fit = fit_firth_cox(frame, replace(SPEC, terms=("x", "z")))
    assert isinstance(fit, FirthFit)
    assert "1 events for 2 coefficients" in fit.basis.warnings[0]


@pytest.mark.parametrize(
    ("frame", "terms", "code"),
    [
        (TIED.clear(), ("x",), "no_patients"),
        (TIED.with_columns(event=pl.lit(0)), ("x",), "no_events"),
        (TIED.with_columns(x=pl.lit(2.5)), ("x",), "singular"),
        (TIED.with_columns(y=2 * pl.col("x")), ("x", "y"), "singular"),
    ],
)
def test_data_that_carry_no_model_are_refused(frame: pl.DataFrame, terms: tuple[str, ...], code: str) -> None:
    refused = fit_firth_cox(frame, replace(SPEC, terms=terms))
    assert isinstance(refused, NotEstimable)
    assert refused.code == code


@pytest.mark.parametrize(
    "spec", [replace(SPEC, ties="exact"), replace(SPEC, cluster="site"), replace(SPEC, weights="z")]
)
def test_what_a_penalised_likelihood_does_not_know_is_an_error(spec: CoxSpec) -> None:
    with pytest.raises(SpecificationError):
        fit_firth_cox(TIED, spec)
