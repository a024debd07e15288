"""Tests of baseline differences against hand calculations, and where there is nothing to test."""

import math

import numpy as np
import polars as pl
import pytest

from analytics.baseline_tests import compare_baseline, compare_counts, compare_means, compare_shares_in_order
from analytics.errors import SpecificationError

FRAME = pl.DataFrame(
    {
        "arm": ["a", "a", "a", "b", "b", "b", None],
        "age": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 99.0],
        "female": [True, True, False, False, False, True, True],
        "same": [1, 1, 1, 1, 1, 1, 1],
    }
)


def test_two_means_equal_the_hand_calculation() -> None:
    tests = compare_baseline(FRAME, ["age"], by="arm")
    # Means 2 and 5, variances 1 and 1: t = 3 / sqrt(2/3), F = t squared; ranks 1 2 3 against 4 5 6.
    assert tests["test"].to_list() == ["anova", "welch", "kruskal_wallis"]
    assert tests["statistic"].to_list() == pytest.approx([13.5, 13.5, 12 / 42 * (36 + 225) / 3 - 21])


def test_counts_equal_the_hand_calculation() -> None:
    # Expected everywhere 1.5: four times 0.25 / 1.5; with the correction nothing is left.
    (row,) = compare_baseline(FRAME, ["female"], by="arm").rows()
    assert row[:4] == ("female", "chi_square", pytest.approx(4 * 0.25 / 1.5), 1.0)
    assert compare_counts(np.array([[2.0, 1.0], [1.0, 2.0]]), yates=True)[0] == pytest.approx(0.0)


def test_a_trend_equals_the_hand_calculation() -> None:
    # Shares 0, 1/2, 1 of 2 each: sum of score (x - n p) = 2, variance 1/4 (28 - 144/6) = 1.
    statistic, p_value = compare_shares_in_order([0, 1, 2], [2, 2, 2])
    assert statistic == pytest.approx(4.0)
    assert p_value == pytest.approx(math.erfc(math.sqrt(2.0)))


def test_where_nothing_varies_there_is_no_test() -> None:
    assert compare_baseline(FRAME, ["same"], by="arm")["p_value"].to_list() == [None, None, None]
    assert compare_baseline(FRAME, ["age"], by="arm", groups=["a"])["p_value"].null_count() == 3
    assert compare_counts(np.array([[0.0, 0.0], [1.0, 2.0]])) == (None, None, None)
    assert compare_shares_in_order([0, 0], [3, 3]) == (None, None)
    assert compare_shares_in_order([], []) == (None, None)
    assert compare_means([np.array([1.0]), np.array([1.0, 2.0])]) == (None, None, None)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no column absent"):
        compare_baseline(FRAME, ["absent"], by="arm")
