"""Modified Poisson regression: the ratio of two risks by hand, R's numbers, refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from analytics.regression.design import build_design
from analytics.regression.relative_risk import fit_relative_risk
from analytics.regression.results import RegressionFit


def test_two_groups_give_the_ratio_of_their_risks() -> None:
    rows = pl.DataFrame({"x": [True] * 30 + [False] * 50, "y": [1] * 12 + [0] * 18 + [1] * 10 + [0] * 40})
    fit = fit_relative_risk(build_design(rows, ["x"]), rows["y"])
    assert isinstance(fit, RegressionFit)
    row = fit.table.row(1, named=True)
    assert row["ratio"] == pytest.approx((12 / 30) / (10 / 50))
    # The usual variance of the log ratio, times n / (n - 1).
    assert row["std_error"] ** 2 == pytest.approx((1 / 12 - 1 / 30 + 1 / 10 - 1 / 50) * 80 / 79)


# R 4.2.2: glm(y ~ age + x, poisson), sandwich by patient at its coefficients, G/(G-1)
def test_errors_by_cluster_equal_r(teaching: pl.DataFrame) -> None:
    design = build_design(teaching, ["age", "x"])
    clustered = fit_relative_risk(design, teaching["y"], clusters=teaching["patient"])
    plain = fit_relative_risk(design, teaching["y"])
    assert isinstance(clustered, RegressionFit)
    assert isinstance(plain, RegressionFit)
    expected = [-4.2176656109309, 0.042682880319902, 0.56710549042065]
    np.testing.assert_allclose(clustered.coefficients, expected, rtol=1e-11)
    errors = [1.494535045192, 0.019343105178562, 0.32156705682673]
    np.testing.assert_allclose(clustered.table["std_error"], errors, rtol=1e-10)
    apart = [1.3115248791753, 0.017246443599208, 0.3099502045872]
    np.testing.assert_allclose(plain.table["std_error"], apart, rtol=1e-10)


def test_a_group_without_events_is_refused() -> None:
    rows = pl.DataFrame({"x": [True] * 30 + [False] * 30, "y": [0] * 30 + [1] * 12 + [0] * 18})
    refused = fit_relative_risk(build_design(rows, ["x"]), rows["y"])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "not_converged"


def test_predictions_above_one_are_told() -> None:
    rows = pl.DataFrame({"x": [i % 10 for i in range(100)], "y": [int(i % 10 >= 4) for i in range(100)]})
    fit = fit_relative_risk(build_design(rows, ["x"]), rows["y"])
    assert isinstance(fit, RegressionFit)
    assert "Some predicted risks are above one: ratios hold on average only." in fit.basis.warnings
