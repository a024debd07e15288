"""Limits of standardised risks: degrees of freedom, differences from two pairs of limits, p values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analytics.comparison.limits import Risk, difference_limits, difference_p_value, find_freedom
from analytics.comparison.results import StandardisedComparison


def test_a_share_has_about_twice_as_many_degrees_of_freedom_as_events() -> None:
    # 1 of 100: sums 0.99 and 99 times -0.01. With q = p(1 - p) the formula is 2nq / (1 - 4q).
    sums = np.append(0.99, np.full(99, -0.01))
    assert find_freedom(sums) == pytest.approx(2 * 100 * 0.0099 / (1 - 4 * 0.0099), rel=1e-12)


def test_equal_contributions_have_a_degree_less_than_there_are_clusters() -> None:
    assert find_freedom(np.array([1.0, 1.0, -1.0, -1.0])) == 3
    assert find_freedom(np.zeros(5)) == 4
    assert find_freedom(np.zeros(1)) == 1


def test_degrees_of_freedom_do_not_depend_on_the_unit() -> None:
    sums = np.append(0.99, np.full(99, -0.01))
    assert find_freedom(1e-160 * sums) == pytest.approx(find_freedom(sums), rel=1e-12)


def test_limits_of_a_risk_are_those_of_its_logit() -> None:
    # Logit of 0.2 is -log 4; half a unit of the logit is 0.08; t(0.975) with 4 degrees is 2.776445.
    low, high = Risk(0.2, 0.08, 4.0).limits(0.05)
    odds = [0.25 * np.exp(-2.7764451 * 0.5), 0.25 * np.exp(2.7764451 * 0.5)]
    assert [low, high] == pytest.approx([one / (1 + one) for one in odds], rel=1e-7)


def test_distances_of_independent_risks_are_added_at_right_angles() -> None:
    first, other = Risk(0.2, 0.08, 1e9), Risk(0.5, 0.1, 1e9)
    (low_first, high_first), (low, high) = first.limits(0.05), other.limits(0.05)
    lower, upper = difference_limits(first, other, correlation=0.0, alpha=0.05)
    assert lower == pytest.approx(0.3 - np.hypot(0.5 - low, high_first - 0.2), rel=1e-12)
    assert upper == pytest.approx(0.3 + np.hypot(high - 0.5, 0.2 - low_first), rel=1e-12)


def test_perfectly_correlated_distances_are_subtracted() -> None:
    first, other = Risk(0.2, 0.08, 1e9), Risk(0.5, 0.1, 1e9)
    (_, high_first), (low, _) = first.limits(0.05), other.limits(0.05)
    lower, _ = difference_limits(first, other, correlation=1.0, alpha=0.05)
    assert lower == pytest.approx(0.3 - abs(0.5 - low - (high_first - 0.2)), rel=1e-9)


def test_symmetric_limits_give_back_the_variance() -> None:
    # Around a half and with a small error the logit is straight: the limits are Wald's.
    first, other = Risk(0.49, 1e-4, 1e9), Risk(0.51, 2e-4, 1e9)
    lower, upper = difference_limits(first, other, correlation=0.3, alpha=0.05)
    error = np.sqrt(1e-8 + 4e-8 - 2 * 0.3 * 2e-8)
    assert [lower, upper] == pytest.approx([0.02 - 1.959964 * error, 0.02 + 1.959964 * error], rel=1e-5)


@pytest.mark.parametrize("values", [(0.1, 0.3), (0.3, 0.1)])
def test_limits_at_the_level_of_the_p_value_end_at_no_difference(values: tuple[float, float]) -> None:
    first, other = Risk(values[0], 0.04, 6.0), Risk(values[1], 0.07, 9.0)
    p_value = difference_p_value(first, other, correlation=0.2)
    assert 0.001 < p_value < 0.2
    ends = difference_limits(first, other, correlation=0.2, alpha=p_value)
    assert min(np.abs(ends)) == pytest.approx(0, abs=1e-10)


def test_p_values_of_no_and_of_a_huge_difference() -> None:
    one, same = Risk(0.2, 0.05, 8.0), Risk(0.2, 0.02, 9.0)
    assert difference_p_value(one, same, correlation=0.0) == 1.0
    assert difference_p_value(Risk(0.01, 1e-6, 1e6), Risk(0.5, 1e-6, 1e6), correlation=0.0) < 1e-99


# R 4.2.2, as in test_standardisation.py; degrees of freedom from rowsum(influence, patient), limits by
# plogis(qlogis(p) +- qt(.975, df) * se / (p * (1 - p))), p value of the difference by uniroot().
def test_limits_equal_those_worked_out_in_r(
    births: pl.DataFrame, compare: Callable[..., StandardisedComparison]
) -> None:
    choices = {"outcome": "y", "exposure": "group", "levels": ("one", "two", "three")}
    found = compare(births, **choices, covariates=("age", "dose"), clusters="patient")
    assert found.estimates.row(2, named=True)["lower"] == pytest.approx(0.32283072401475, rel=1e-9)
    assert found.estimates.row(0, named=True)["upper"] == pytest.approx(0.34878332864966, rel=1e-9)
    difference, ratio = found.contrasts.filter(pl.col("level") == "three").rows(named=True)
    assert [difference[side] for side in ("lower", "upper", "p_value")] == pytest.approx(
        [0.017124250371682, 0.301509909995980, 0.029906661635191], rel=1e-8
    )
    assert [ratio[side] for side in ("lower", "upper", "p_value")] == pytest.approx(
        [1.0424595400505, 2.6863368143738, 0.033484619573695], rel=1e-8
    )


def test_means_keep_their_normal_limits(
    births: pl.DataFrame, compare: Callable[..., StandardisedComparison]
) -> None:
    choices = {"outcome": "dose", "exposure": "group", "levels": ("one", "two")}
    row = compare(births, **choices, covariates=("age",)).contrasts.row(0, named=True)
    reach = stats.norm.ppf(0.975) * row["std_error"]
    assert [row["lower"], row["upper"]] == pytest.approx([row["estimate"] - reach, row["estimate"] + reach])
