"""Intervals against hand calculations, R and the published examples of Newcombe (1998)."""

from __future__ import annotations

import math

import pytest

from analytics.complications.intervals import wilson_interval, zero_event_upper_limit


@pytest.mark.parametrize(
    ("n_events", "n_total", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_limits_equal_the_worked_examples_of_newcombe(
    n_events: int, n_total: int, lower: float, upper: float
) -> None:
    assert wilson_interval(n_events, n_total) == pytest.approx((lower, upper), abs=5e-5)


def test_wilson_limits_equal_a_hand_calculation() -> None:
    # 5 of 10 with z = 2 (confidence 0.9544997): centre (0.5 + 4/20) / 1.4 = 0.5,
    # half width 2 * sqrt(0.25/10 + 4/400) / 1.4 = 2 * sqrt(0.035) / 1.4 = 0.26726124.
    lower, upper = wilson_interval(5, 10, confidence=math.erf(math.sqrt(2.0)))
    assert lower == pytest.approx(0.5 - 0.2672612419124244, abs=1e-12)
    assert upper == pytest.approx(0.5 + 0.2672612419124244, abs=1e-12)


def test_wilson_limits_solve_the_equation_that_defines_them() -> None:
    # Each limit p is where |x/n - p| = z sqrt(p (1 - p) / n), z = 1.959963984540054.
    for limit in wilson_interval(7, 61):
        assert abs(7 / 61 - limit) == pytest.approx(1.959963984540054 * math.sqrt(limit * (1 - limit) / 61))


def test_wilson_limits_touch_the_ends_exactly() -> None:
    assert wilson_interval(0, 9)[0] == 0.0
    assert wilson_interval(9, 9)[1] == 1.0


def test_zero_event_limit_is_the_exact_one() -> None:
    # 1 - 0.025^(1/n): n = 1 gives 0.975; n = 2 gives 1 - sqrt(0.025) = 0.841886117.
    assert zero_event_upper_limit(1) == pytest.approx(0.975, abs=1e-15)
    assert zero_event_upper_limit(2) == pytest.approx(1.0 - math.sqrt(0.025), abs=1e-15)


def test_zero_event_limit_of_120_is_three_percent() -> None:
    # log(0.025) = -3.688879454; divided by 120 = -0.030740662; 1 - exp(-0.030740662) = 0.030272973.
    assert zero_event_upper_limit(120) == pytest.approx(0.030272973, abs=1e-9)


@pytest.mark.parametrize(("n_events", "n_total"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_counts_that_are_no_proportion_are_a_bug(n_events: int, n_total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(n_events, n_total)
