"""Restricted means: closed forms by hand, refusals."""

from __future__ import annotations

import math

import polars as pl
import pytest

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.restricted_means import (
    RestrictedMean,
    compare_restricted_means,
    estimate_restricted_mean,
)
from analytics.survival.results import EventCurve, NotEstimable


def mean_of(times: list[int], causes: list[int], horizon: float) -> RestrictedMean | NotEstimable:
    curve = estimate_event_curve(
        count_events(pl.DataFrame({"time_days": times, "cause": causes})), group="ivl"
    )
    assert isinstance(curve, EventCurve)
    return estimate_restricted_mean(curve, horizon)


def test_one_of_two_has_the_event_half_way() -> None:
    mean = mean_of([5, 20], [1, 0], 10)
    assert isinstance(mean, RestrictedMean)
    assert (mean.mean_days, mean.lost_days) == (7.5, 2.5)
    # 2.5 days lie ahead of day 5, with d / (n (n - d)) = 1/2.
    assert mean.std_error == pytest.approx(2.5 / math.sqrt(2))
    assert mean.upper == pytest.approx(7.5 + 1.959963984540054 * mean.std_error)


def test_a_horizon_that_nobody_reached_is_refused() -> None:
    refused = mean_of([5, 8], [1, 0], 10)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "follow_up_too_short"


def test_a_curve_at_zero_loses_every_later_day() -> None:
    mean = mean_of([4, 4], [1, 1], 10)
    assert isinstance(mean, RestrictedMean)
    assert (mean.mean_days, mean.std_error) == (4.0, 0.0)


def test_difference_and_ratios_by_hand() -> None:
    first, second = mean_of([5, 20], [1, 0], 10), mean_of([2, 20], [1, 0], 10)
    assert isinstance(first, RestrictedMean)
    assert isinstance(second, RestrictedMean)
    rows = {
        row["contrast"]: row for row in compare_restricted_means(first, second).table.iter_rows(named=True)
    }
    assert rows["difference"]["estimate"] == pytest.approx(7.5 - 6)
    assert rows["ratio"]["estimate"] == pytest.approx(7.5 / 6)
    assert rows["ratio_of_lost_days"]["estimate"] == pytest.approx(2.5 / 4)
    spread = math.sqrt(2.5**2 / 2 + 4**2 / 2)
    assert rows["difference"]["upper"] == pytest.approx(1.5 + 1.959963984540054 * spread)


def test_a_ratio_without_lost_days_is_empty() -> None:
    mean = mean_of([20, 20], [0, 0], 10)
    assert isinstance(mean, RestrictedMean)
    table = compare_restricted_means(mean, mean).table
    assert table.row(2) == ("ratio_of_lost_days", None, None, None, None)


def test_means_to_different_days_do_not_compare() -> None:
    first, second = mean_of([5, 20], [1, 0], 10), mean_of([5, 20], [1, 0], 12)
    assert isinstance(first, RestrictedMean)
    assert isinstance(second, RestrictedMean)
    with pytest.raises(ValueError, match="different horizons"):
        compare_restricted_means(first, second)
