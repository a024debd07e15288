"""Linear models, plain and with a random intercept: closed forms and R's numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from analytics.regression.design import Design, build_design
from analytics.regression.linear import fit_linear
from analytics.regression.mixed import MixedFit, fit_random_intercept
from analytics.regression.results import RegressionFit


def fitted(design: Design, outcome: object, **choices: object) -> RegressionFit:
    fit = fit_linear(design, outcome, **choices)
    assert isinstance(fit, RegressionFit)
    return fit


def test_two_means_differ_as_in_a_t_test() -> None:
    rows = pl.DataFrame({"x": [False] * 3 + [True] * 3, "area": [5.0, 6.0, 7.0, 8.0, 8.0, 11.0]})
    row = fitted(build_design(rows, ["x"]), rows["area"]).table.row(1, named=True)
    # Means 6 and 9; sums of squares 2 and 6 on 4 degrees of freedom: variance 2, error sqrt(2 / 3 + 2 / 3).
    assert row["coefficient"] == pytest.approx(3.0)
    assert row["std_error"] == pytest.approx(np.sqrt(4 / 3))
    assert row["upper"] - row["coefficient"] == pytest.approx(2.7764451052 * np.sqrt(4 / 3))


# R 4.2.2: l <- lm(m ~ age + x + z); sandwich 3.0-2: vcovCL(l, cluster = patient, type = "HC1")
def test_errors_equal_lm_and_vcovcl(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x", "z"])
    plain, robust = fitted(design, teaching["m"]), fitted(design, teaching["m"], clusters=teaching["patient"])
    expected = [4.981419416996, 0.03082745714376, -0.8910719197812, 0.6259537212189, 0.01013865139847]
    np.testing.assert_allclose(plain.coefficients, expected, rtol=1e-11)
    errors = [0.9849971184732, 0.0143414940291, 0.2864431843059, 0.3510478690473, 0.3462243734391]
    np.testing.assert_allclose(plain.table["std_error"], errors, rtol=1e-11)
    assert plain.log_likelihood == pytest.approx(-87.76443431511, abs=1e-9)
    clustered = [1.040332032275, 0.01436959331599, 0.2738202276598, 0.3439771836041, 0.3786025160168]
    np.testing.assert_allclose(robust.table["std_error"], clustered, rtol=1e-11)
    assert "29 degrees" in robust.basis.interval


def test_balanced_groups_have_the_variances_of_the_analysis_of_variance() -> None:
    # Three sites with two rows each, means 1, 4 and 7: mean squares 18 between and 2 within.
    rows = pl.DataFrame({"y": [0.0, 2.0, 3.0, 5.0, 6.0, 8.0], "site": [1, 1, 2, 2, 3, 3]})
    design = Design(np.ones((6, 1)), ("intercept",))
    fit = fit_random_intercept(design, rows["y"], rows["site"])
    assert isinstance(fit, MixedFit)
    assert fit.variance_within == pytest.approx(2.0, rel=1e-6)
    assert fit.variance_between == pytest.approx((18 - 2) / 2, rel=1e-6)
    assert fit.fit.coefficients[0] == pytest.approx(4.0)
    assert fit.fit.table["std_error"][0] == pytest.approx(np.sqrt(18 / 6), rel=1e-6)
    assert fit.intraclass_correlation == pytest.approx(0.8, rel=1e-6)


# R 4.2.2, lme4 1.1-31: lmer(m ~ age + x + z + (1 | site)), bobyqa with rhoend = 1e-12; the second
# without rows 2, 3, 7, 11, 12, 13, 29, 44 and 58 and without z, so that sites differ in size.
def test_a_random_intercept_equals_lmer(teaching: pl.DataFrame) -> None:
    fit = fit_random_intercept(build_design(teaching, ["age", "x", "z"]), teaching["m"], teaching["site"])
    assert isinstance(fit, MixedFit)
    expected = [4.5291817793561, 0.037942307389643, -0.8417181445692, 0.37934326757493, 0.056825701694604]
    np.testing.assert_allclose(fit.fit.coefficients, expected, rtol=1e-8)
    errors = [0.92482368111127, 0.012756826082575, 0.24408703056405, 0.30553457305897, 0.29651958018558]
    np.testing.assert_allclose(fit.fit.table["std_error"], errors, rtol=1e-8)
    assert fit.variance_between == pytest.approx(0.42233944720513, rel=1e-6)
    assert fit.variance_within == pytest.approx(0.84511626518163, rel=1e-6)
    assert fit.fit.log_likelihood == pytest.approx(-87.310979922543, abs=1e-9)


def test_sites_of_unequal_size_equal_lmer(teaching: pl.DataFrame) -> None:
    rows = teaching.with_row_index("row", offset=1).filter(
        ~pl.col("row").is_in([2, 3, 7, 11, 12, 13, 29, 44, 58])
    )
    fit = fit_random_intercept(build_design(rows, ["age", "x"]), rows["m"], rows["site"])
    assert isinstance(fit, MixedFit)
    np.testing.assert_allclose(
        fit.fit.coefficients, [4.3853699583812, 0.041788180619196, -0.80993477602498], rtol=1e-8
    )
    assert fit.variance_between == pytest.approx(0.5317055533456, rel=1e-6)
    assert fit.variance_within == pytest.approx(0.87029019947593, rel=1e-6)
    assert fit.fit.log_likelihood == pytest.approx(-76.146480962367, abs=1e-9)


def test_groups_that_do_not_differ_have_no_variance(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x", "z"])
    fit = fit_random_intercept(design, teaching["m"], teaching["patient"])
    assert isinstance(fit, MixedFit)
    # lmer's fit is singular too: variance 0 between, 1.190788216208 within, as lm.
    assert fit.variance_between == 0.0
    assert fit.variance_within == pytest.approx(1.190788216208, rel=1e-10)
    assert fit.fit.basis.warnings == ("Groups differ no more than chance: their variance is zero.",)


def test_refusals_are_values(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x"])
    assert fit_random_intercept(design, teaching["m"], range(60)).code == "one_group"
    few = fit_linear(build_design(teaching[:3], ["age", "x"]), teaching["m"][:3])
    assert isinstance(few, NotEstimable)
    assert few.code == "no_patients"
    twice = build_design(teaching.with_columns(months=pl.col("age") * 12), ["age", "months"])
    assert fit_linear(twice, teaching["m"]).code == "singular"
