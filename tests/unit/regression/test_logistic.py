"""Logistic regression: a table by hand, R's numbers, refusals that name a covariate but no value."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from analytics.regression.contrasts import assess_covariates, estimate_contrasts, likelihood_ratio_test
from analytics.regression.design import Design, build_design
from analytics.regression.logistic import fit_logistic
from analytics.regression.results import RegressionFit


def two_by_two(a: int, b: int, c: int, d: int) -> tuple[Design, np.ndarray]:
    """Exposed with and without the event, then unexposed with and without."""
    x = np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])
    design = Design(np.column_stack((np.ones(len(x)), x)), ("intercept", "x"))
    return design, np.repeat([1.0, 0.0, 1.0, 0.0], [a, b, c, d])


def fitted(design: Design, outcome: object, **choices: object) -> RegressionFit:
    fit = fit_logistic(design, outcome, **choices)
    assert isinstance(fit, RegressionFit)
    return fit


def test_a_table_of_four_cells_gives_the_cross_product_ratio() -> None:
    fit = fitted(*two_by_two(10, 20, 6, 36))
    assert fit.table["ratio"][1] == pytest.approx(10 * 36 / (20 * 6), rel=1e-12)
    assert fit.table["std_error"][1] ** 2 == pytest.approx(1 / 10 + 1 / 20 + 1 / 6 + 1 / 36, rel=1e-12)
    assert fit.coefficients[0] == pytest.approx(np.log(6 / 36), rel=1e-12)


# R 4.2.2, sandwich 3.0-2: f <- glm(y ~ age + x + z, binomial, control = glm.control(epsilon = 1e-15)).
# vcov() stands on the weights of the last step but one (8 digits here): the errors below are R's, with the
# information taken at coef(f).
def test_coefficients_and_standard_errors_equal_glm(teaching: pl.DataFrame) -> None:
    fit = fitted(build_design(teaching, ["age", "x", "z"]), teaching["y"])
    expected = [-6.572107181716, 0.07862229294102, 1.044587195398, 0.01576269749124, 0.7494893082566]
    assert fit.names == ("intercept", "age", "x", "z: a", "z: c")
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-11)
    errors = [2.313489462206213, 0.03186173111307, 0.5908089217424641, 0.7134421444657852, 0.7083358560865501]
    np.testing.assert_allclose(fit.table["std_error"], errors, rtol=1e-10)
    assert fit.log_likelihood == pytest.approx(-34.83393710105, abs=1e-10)
    assert fit.log_likelihood_null == pytest.approx(-40.75159595949, abs=1e-10)


# As vcovCL(f, cluster = patient, type = "HC0"), with the information at coef(f); it multiplies by G / (G - 1)
def test_clustered_standard_errors_equal_sandwich(teaching: pl.DataFrame) -> None:
    fit = fitted(build_design(teaching, ["age", "x", "z"]), teaching["y"], clusters=teaching["patient"])
    errors = [2.216501266650262, 0.02957505057577, 0.6291111410506895, 0.73970761005904, 0.7613033877912475]
    np.testing.assert_allclose(fit.table["std_error"], errors, rtol=1e-10)
    assert fit.basis.n_clusters == 30
    assert "G/(G-1)" in fit.basis.variance


def test_weights_are_sampling_weights(teaching: pl.DataFrame) -> None:
    design, weights = build_design(teaching, ["age", "x", "z"]), np.tile([1, 2, 0.5], 20)
    fit = fitted(design, teaching["y"], clusters=teaching["patient"], weights=weights)
    expected = [-7.218653482115, 0.08871219243448, 0.9656990026576, -0.08687789793163, 0.9377075590633]
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-11)
    errors = [2.323582464582, 0.03033825984188, 0.6818643054024, 0.8107611674972, 0.8715838450127]
    np.testing.assert_allclose(fit.table["std_error"], errors, rtol=1e-9)
    doubled = fitted(design, teaching["y"], clusters=teaching["patient"], weights=2 * weights)
    np.testing.assert_allclose(doubled.table["std_error"], fit.table["std_error"], rtol=1e-10)


# anova(glm(y ~ age + x), f, test = "LRT"); Wald: b %*% solve(V) %*% b with the clustered V
def test_a_factor_is_tested_as_a_whole(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x", "z"])
    full, smaller = fitted(design, teaching["y"]), fitted(design.without(["z"]), teaching["y"])
    ratio = likelihood_ratio_test(full, smaller)
    assert (ratio.statistic, ratio.degrees_of_freedom) == (pytest.approx(1.3954742027, abs=1e-9), 2)
    assert ratio.p_value == pytest.approx(0.49771, abs=1e-5)
    robust = fitted(design, teaching["y"], clusters=teaching["patient"])
    assert assess_covariates(robust, ["z"]).statistic == pytest.approx(1.179198835387, rel=1e-7)
    contrast = estimate_contrasts(robust, {"a against c": {"z: a": 1, "z: c": -1}})
    assert contrast["estimate"][0] == pytest.approx(-0.7337266107653, rel=1e-10)
    assert contrast["std_error"][0] == pytest.approx(0.794679104119, rel=1e-7)


def test_few_events_warn_and_very_few_refuse(teaching: pl.DataFrame) -> None:
    fit = fitted(build_design(teaching, ["age", "x", "z"]), teaching["y"])
    words = "Fewer than 10 events (or non-events) for each of 4 coefficients"
    assert fit.basis.warnings[0].startswith(words)
    refused = fit_logistic(build_design(teaching[:20], ["age", "x", "z"]), teaching["y"][:20])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "too_few_events"


def test_an_outcome_without_events_is_refused() -> None:
    design, _ = two_by_two(5, 5, 5, 5)
    assert fit_logistic(design, np.zeros(20)).code == "no_events"


def test_separation_is_refused_by_the_name_of_the_covariate(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(
        device=pl.when("y").then(pl.lit("laser")).otherwise(pl.col("z").cast(pl.String))
    )
    refused = fit_logistic(build_design(rows, ["age", "device"]), rows["y"], fewest_events=0)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "separation"
    assert refused.reason.startswith("device: ")
    assert "laser" not in refused.reason


def test_partly_separated_outcomes_are_found() -> None:
    refused = fit_logistic(*two_by_two(0, 9, 7, 8), fewest_events=0)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "separation"


def test_a_covariate_given_by_others_is_refused(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(months=pl.col("age") * 12)
    refused = fit_logistic(build_design(rows, ["age", "x", "months"]), rows["y"])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "singular"
    assert refused.reason.startswith(("age", "months"))


def test_units_of_a_covariate_do_not_matter(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(age=pl.col("age") * 1e6 + 1e9)
    plain = fitted(build_design(teaching, ["age", "x"]), teaching["y"])
    scaled = fitted(build_design(rows, ["age", "x"]), rows["y"])
    assert scaled.coefficients[1] * 1e6 == pytest.approx(plain.coefficients[1], rel=1e-8)
    assert scaled.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
