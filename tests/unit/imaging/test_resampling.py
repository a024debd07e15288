"""Resampled patients: sums, percentiles, and the accelerated limits against a case worked by formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from analytics.imaging.resampling import accelerated_limits, percentile_limits, resample_sums


def test_samples_keep_the_number_of_patients_and_repeat_themselves() -> None:
    parts = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 5.0]])
    sums = resample_sums(parts, replicates=500)
    assert sums.shape == (500, 2)
    assert set(sums[:, 0]) == {4.0}
    assert np.array_equal(sums, resample_sums(parts, replicates=500))
    # The mean of the sums is that of the patients: 4 x 1.75.
    assert sums[:, 1].mean() == pytest.approx(7.0, abs=0.4)


def test_equal_patients_leave_nothing_to_vary() -> None:
    sums = resample_sums(np.ones((6, 1)), replicates=50)
    assert set(sums[:, 0]) == {6.0}


def test_percentiles_are_of_the_samples_that_give_an_estimate() -> None:
    drawn = np.arange(101.0)
    assert percentile_limits(drawn) == pytest.approx((2.5, 97.5))
    few = np.where(np.arange(101) < 4, np.nan, drawn)
    assert percentile_limits(few) == pytest.approx((6.4, 97.6))
    assert percentile_limits(np.where(np.arange(101) < 6, np.nan, drawn)) is None
    assert percentile_limits(np.array([])) is None


def test_without_bias_and_acceleration_only_t_widens_the_percentiles() -> None:
    drawn = np.linspace(-1.0, 1.0, 2001)
    found = accelerated_limits(drawn, estimate=0.0, without_one=np.array([-1.0, 1.0, -2.0, 2.0]))
    share = norm.cdf(-t.ppf(0.975, 3) * (4 / 3) ** 0.5)
    assert found == pytest.approx((2 * share - 1, 1 - 2 * share), abs=1e-12)


def test_acceleration_moves_both_limits_as_the_formula_says() -> None:
    drawn = np.linspace(-1.0, 1.0, 2001)
    others = np.array([0.0, 0.0, 0.0, -4.0])
    # Pulls are -1, -1, -1, 3: cubes 24, squares 12; a = 24 / (6 x 12^1.5).
    acceleration = 24 / (6 * 12**1.5)
    reach = t.ppf(0.975, 3) * (4 / 3) ** 0.5
    shares = [norm.cdf(value / (1 - acceleration * value)) for value in (-reach, reach)]
    found = accelerated_limits(drawn, estimate=0.0, without_one=others)
    assert found == pytest.approx([2 * share - 1 for share in shares], abs=1e-9)


def test_a_constant_estimate_has_itself_for_limits() -> None:
    assert accelerated_limits(np.full(100, 3.0), estimate=3.0, without_one=np.full(9, 3.0)) == (3.0, 3.0)


def test_samples_on_one_side_give_no_limits() -> None:
    others = np.array([1.0, 2.0, 3.0])
    assert accelerated_limits(np.full(100, 3.0), estimate=9.0, without_one=others) is None
    assert accelerated_limits(np.full(100, np.nan), estimate=9.0, without_one=others) is None
