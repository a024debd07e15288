"""Firth's logistic regression: half an observation per cell, a direct search, refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from analytics.refusals import NotEstimable
from analytics.regression.design import Design, build_design
from analytics.regression.firth_logistic import fit_firth_logistic
from analytics.regression.results import RegressionFit


def two_by_two(a: int, b: int, c: int, d: int) -> tuple[Design, np.ndarray]:
    x = np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])
    design = Design(np.column_stack((np.ones(len(x)), x)), ("intercept", "x"))
    return design, np.repeat([1.0, 0.0, 1.0, 0.0], [a, b, c, d])


def fitted(design: Design, outcome: object) -> RegressionFit:
    fit = fit_firth_logistic(design, outcome)
    assert isinstance(fit, RegressionFit)
    return fit


def penalised(b: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Give l + log det I / 2, written anew."""
    p = 1 / (1 + np.exp(-(x @ b)))
    information = x.T @ np.diag(p * (1 - p)) @ x
    return float(np.log(np.where(y == 1, p, 1 - p)).sum() + np.log(np.linalg.det(information)) / 2)


def search(x: np.ndarray, y: np.ndarray, *, held: dict[int, float], start: np.ndarray) -> np.ndarray:
    """Maximise by a search without derivatives, some coefficients held."""
    free = [j for j in range(x.shape[1]) if j not in held]

    def place(part: np.ndarray) -> np.ndarray:
        b = np.zeros(x.shape[1])
        b[free] = part
        for j, value in held.items():
            b[j] = value
        return b

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000, "maxfev": 8000}
    found = optimize.minimize(
        lambda part: -penalised(place(part), x, y), start[free], method="Nelder-Mead", options=options
    )
    return place(found.x)


@pytest.mark.parametrize("cells", [(10, 20, 6, 36), (0, 9, 7, 8), (5, 0, 0, 4)])
def test_a_table_of_four_cells_gets_half_an_observation_each(cells: tuple[int, int, int, int]) -> None:
    design, y = two_by_two(*cells)
    a, b, c, d = (count + 0.5 for count in cells)
    fit = fitted(design, y)
    assert fit.coefficients == pytest.approx([np.log(c / d), np.log(a * d / (b * c))], rel=1e-7)


def test_the_test_and_the_limits_agree_with_a_direct_search() -> None:
    design, y = two_by_two(0, 9, 7, 8)
    fit = fitted(design, y)
    row = fit.table.row(1, named=True)
    top = penalised(fit.coefficients, design.matrix, y)
    null = search(design.matrix, y, held={1: 0.0}, start=fit.coefficients)
    statistic = 2 * (top - penalised(null, design.matrix, y))
    assert row["statistic"] == pytest.approx(statistic, rel=1e-7)
    assert row["p_value"] == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-7)
    for side in ("lower", "upper"):
        at = search(design.matrix, y, held={1: row[side]}, start=fit.coefficients)
        drop = 2 * (top - penalised(at, design.matrix, y))
        assert drop == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)
    assert 0 < row["ratio_lower"] < row["ratio_upper"] < 1


def test_several_covariates_agree_with_a_direct_search(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(age=(pl.col("age") - 68) / 10)
    design, y = build_design(rows, ["age", "x"]), rows["y"].to_numpy().astype(float)
    fit = fitted(design, y)
    best = search(design.matrix, y, held={}, start=np.zeros(3))
    assert fit.coefficients == pytest.approx(best, abs=1e-6)
    limit = fit.table["upper"][1]
    at = search(design.matrix, y, held={1: limit}, start=fit.coefficients)
    drop = penalised(best, design.matrix, y) - penalised(at, design.matrix, y)
    assert 2 * drop == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-5)


def test_units_change_neither_limits_nor_tests(teaching: pl.DataFrame) -> None:
    years, days = (
        fitted(build_design(teaching.with_columns(age=pl.col("age") * unit), ["age", "x"]), teaching["y"])
        for unit in (1.0, 365.25)
    )
    assert days.table["upper"][1] * 365.25 == pytest.approx(years.table["upper"][1], rel=1e-6)
    assert days.table["statistic"].to_list() == pytest.approx(years.table["statistic"].to_list(), rel=1e-6)


# Case, age, oc, vic, vicl, vis, dia and the number of such rows: 239 college women with or without a urinary
# tract infection (Foxman and others 1997), the data `sex2` of R's logistf.
INFECTIONS = (
    "1000010 1, 1001000 14, 1001010 3, 1001100 10, 1001110 12, 1001111 1, 1010000 44, 1010001 3, 1011000 15, "
    "1011001 1, 1011010 2, 1011100 7, 1011110 3, 1101000 2, 1101010 1, 1101011 1, 1101100 1, 1101111 1, "
    "1110000 5, 1111000 3, 0000010 1, 0001000 2, 0001010 1, 0001100 8, 0001110 18, 0010000 42, 0010010 1, "
    "0011000 1, 0011100 5, 0011110 6, 0101100 2, 0101110 4, 0110000 14, 0110010 1, 0111000 1, 0111110 2"
)


# As printed, six digits, in the README of firthlogist, whose estimates and limits are those of logistf.
def test_published_estimates_and_profile_limits_come_back() -> None:
    cells = [cell.split() for cell in INFECTIONS.split(", ")]
    rows = np.array([[int(mark) for mark in marks] for marks, n in cells for _ in range(int(n))], dtype=float)
    names = ("intercept", "age", "oc", "vic", "vicl", "vis", "dia")
    fit = fitted(Design(np.column_stack((np.ones(239), rows[:, 1:])), names), rows[:, 0])
    printed = {
        "coefficient": [0.120254, -1.10598, -0.0688167, 2.26887, -2.11141, -0.788317, 3.09601],
        "std_error": [0.485542, 0.42366, 0.443793, 0.548416, 0.543082, 0.417368, 1.67501],
        "lower": [-0.818559, -1.97379, -0.941436, 1.27304, -3.26086, -1.60809, 0.774568],
        "upper": [1.07315, -0.307427, 0.789202, 3.43543, -1.11774, 0.0151846, 8.03028],
    }
    for name, expected in printed.items():
        np.testing.assert_allclose(fit.table[name], expected, rtol=2e-5)
    assert fit.log_likelihood == pytest.approx(-132.5394, abs=5e-5)


def test_the_whole_model_is_tested_against_the_intercept_alone() -> None:
    fit = fitted(*two_by_two(0, 9, 7, 8))
    assert fit.test is not None
    assert fit.test.statistic == pytest.approx(fit.table["statistic"][1], rel=1e-9)
    assert fit.test.method == "penalised likelihood ratio"


def test_an_outcome_without_events_is_refused() -> None:
    design, y = two_by_two(0, 30, 0, 12)
    assert fit_firth_logistic(design, y).code == "no_events"


def test_a_repeated_covariate_is_refused(teaching: pl.DataFrame) -> None:
    rows = teaching.with_columns(months=pl.col("age") * 12)
    refused = fit_firth_logistic(build_design(rows, ["age", "months"]), rows["y"])
    assert isinstance(refused, NotEstimable)
    assert refused.code == "singular"
    assert refused.reason.startswith("months: ")


def test_a_model_ruled_by_the_penalty_says_so() -> None:
    design, y = two_by_two(0, 9, 1, 8)
    assert "the penalty decides" in fitted(design, y).basis.warnings[0]
