"""Proportional odds: two grades are logistic regression, R's numbers, the check of one ratio for all cuts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from analytics.regression.design import build_design
from analytics.regression.logistic import fit_logistic
from analytics.regression.ordered import OrderedFit, fit_ordered
from analytics.regression.proportionality import ProportionalityCheck, check_proportionality
from analytics.regression.results import RegressionFit


def ordered(rows: pl.DataFrame, columns: list[str], **choices: object) -> OrderedFit:
    fit = fit_ordered(build_design(rows, columns), rows["g"], **choices)
    assert isinstance(fit, OrderedFit)
    return fit


def test_two_grades_are_a_logistic_regression(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(g=pl.col("y").cast(pl.Int64))
    fit, logistic = ordered(rows, ["age", "x"]), fit_logistic(build_design(rows, ["age", "x"]), rows["y"])
    assert isinstance(logistic, RegressionFit)
    np.testing.assert_allclose(fit.slopes.coefficients, logistic.coefficients[1:], rtol=1e-10)
    np.testing.assert_allclose(fit.slopes.covariance, logistic.covariance[1:, 1:], rtol=1e-9)
    assert fit.thresholds["threshold"][0] == pytest.approx(-logistic.coefficients[0], rel=1e-10)


# R 4.2.2, rms 6.5-0: lrm(g ~ age + x + z, eps = 1e-10), its intercepts with the sign turned; MASS::polr
# has the same coefficients, and errors from numerical second derivatives (4 digits).
def test_coefficients_and_errors_equal_lrm_and_polr(teaching: pl.DataFrame) -> None:
    fit = ordered(teaching, ["age", "x", "z"], labels=["none", "mild", "moderate", "severe"])
    slopes = [0.27078938754146, 2.5636303833898, -0.70119109783795, -0.62247995321188]
    np.testing.assert_allclose(fit.slopes.coefficients, slopes, rtol=1e-11)
    errors = [0.054006757984299, 0.697700041402, 0.68830746179414, 0.69729608073082]
    np.testing.assert_allclose(fit.slopes.table["std_error"], errors, rtol=1e-10)
    assert fit.thresholds["above"].to_list() == ["none", "mild", "moderate"]
    cuts = [16.211431570754, 21.397035236554, 24.174691014227]
    np.testing.assert_allclose(fit.thresholds["threshold"], cuts, rtol=1e-11)
    cut_errors = [3.3649398107439, 4.2230550480595, 4.488611671839]
    np.testing.assert_allclose(fit.thresholds["std_error"], cut_errors, rtol=1e-10)
    assert fit.slopes.log_likelihood == pytest.approx(-43.721291475596, abs=1e-10)


# rms::robcov(fit, cluster = patient), times G / (G - 1)
def test_clustered_errors_equal_robcov(teaching: pl.DataFrame) -> None:
    fit = ordered(teaching, ["age", "x", "z"], clusters=teaching["patient"])
    errors = [0.037504759614497, 0.66934199904413, 0.72677918648152, 0.69358366653428]
    np.testing.assert_allclose(fit.slopes.table["std_error"], errors, rtol=1e-10)


# By hand in R: glm(I(g >= k) ~ age + x) at the three cuts, influence functions summed by patient, Wald test
# of the differences to the first cut.
def test_the_check_of_proportional_odds_equals_r(teaching: pl.DataFrame) -> None:
    found = check_proportionality(
        build_design(teaching, ["age", "x"]), teaching["g"], clusters=teaching["patient"]
    )
    assert isinstance(found, ProportionalityCheck)
    assert found.test.statistic == pytest.approx(1.5650794967363, rel=1e-10)
    assert found.test.degrees_of_freedom == 4
    assert found.by_covariate["statistic"][0] == pytest.approx(1.0032343556545, rel=1e-10)
    assert found.cuts["coefficient"][1] == pytest.approx(0.24655616721889, rel=1e-10)


def test_an_effect_at_one_cut_only_is_noticed() -> None:
    # The burr turns severe grades into moderate ones and leaves the lower cut alone.
    counts = {
        ("plain", 0): 100,
        ("plain", 1): 40,
        ("plain", 2): 60,
        ("burr", 0): 100,
        ("burr", 1): 90,
        ("burr", 2): 10,
    }
    rows = pl.concat([pl.DataFrame({"device": [name] * n, "g": [g] * n}) for (name, g), n in counts.items()])
    found = check_proportionality(build_design(rows, ["device"]), rows["g"])
    assert isinstance(found, ProportionalityCheck)
    assert found.test.p_value < 1e-6
    first, second = found.cuts.filter(pl.col("term").str.starts_with("device"))["coefficient"]
    assert first == pytest.approx(0.0, abs=1e-12)
    assert abs(second) == pytest.approx(np.log((60 / 140) / (10 / 190)), rel=1e-9)


def test_refusals_are_values(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x"])
    assert fit_ordered(design, [1] * 60).code == "no_events"
    rare = [0] * 57 + [1, 2, 3]
    assert fit_ordered(design, rare).code == "too_few_events"
    parted = teaching.with_columns(copy=pl.col("g") * 1.0)
    refused = fit_ordered(build_design(parted, ["copy"]), parted["g"])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "not_converged"
    two = check_proportionality(design, teaching["y"].cast(pl.Int64))
    assert isinstance(two, NotEstimable)
    assert two.code == "one_group"
