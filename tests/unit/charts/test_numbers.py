"""Numbers as readers see them."""

from __future__ import annotations

import pytest

from analytics.charts.numbers import (
    format_count,
    format_days,
    format_fraction,
    format_p_value,
    format_percent,
    format_percent_interval,
    format_ratio,
)


def test_percent_and_interval_share_their_digits() -> None:
    assert format_percent(0.041) == "4.1 %"
    assert format_percent_interval(0.0374, 0.0451) == "3.7\u20134.5"


def test_counts_are_grouped_by_thousands() -> None:
    assert format_count(12345) == "12,345"
    assert format_fraction(14, 1940) == "14/1,940"


def test_a_p_value_is_never_zero() -> None:
    assert format_p_value(0.0) == "p < 0.001"
    assert format_p_value(0.0312) == "p = 0.031"


def test_large_ratios_lose_a_digit() -> None:
    assert format_ratio(1.416) == "1.42"
    assert format_ratio(23.46) == "23.5"


@pytest.mark.parametrize(
    ("days", "words"),
    [(30, "30 days"), (183, "183 days"), (365, "1 year"), (1095, "3 years"), (1100, "1,100 days")],
)
def test_days_are_said_as_a_clinic_says_them(days: int, words: str) -> None:
    assert format_days(days) == words
