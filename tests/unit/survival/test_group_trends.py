"""Trend over ordered groups and pairwise options."""

from __future__ import annotations

import math

import polars as pl
import pytest

from analytics.survival.comparisons import compare_event_curves, compare_pairwise
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.gray import compare_incidences
from analytics.survival.group_trends import PairOptions, TrendTest, compare_pairs, compare_trend
from analytics.survival.results import NotEstimable

FRAME = pl.DataFrame(
    {
        "grade": ["none"] * 5 + ["mild"] * 5 + ["severe"] * 5,
        "time_days": [5, 8, 12, 20, 20, 4, 7, 9, 15, 20, 1, 2, 3, 6, 20],
        "cause": [1, 0, 2, 0, 0, 1, 2, 1, 0, 0, 1, 1, 2, 1, 0],
    }
)
SCORES = {"none": 0.0, "mild": 1.0, "severe": 3.0}


def counted(frame: pl.DataFrame = FRAME) -> EventCounts:
    return count_events(frame, strata=["grade"])


def test_trend_with_two_groups_is_the_test_between_them() -> None:
    trend = compare_trend(counted(), group="grade", scores={"none": 0, "severe": 5})
    test = compare_event_curves(counted(), group="grade", order=["none", "severe"])
    assert isinstance(trend, TrendTest)
    assert trend.statistic == pytest.approx(test.statistic)
    assert trend.p_value == pytest.approx(test.p_value)
    assert (trend.departure_degrees, trend.departure_p_value) == (0, None)


def test_equal_steps_are_the_default_trend_and_any_line_of_scores_is_the_same() -> None:
    steps = compare_trend(counted(), group="grade", scores={"none": 10, "mild": 30, "severe": 50})
    test = compare_event_curves(counted(), group="grade", order=["none", "mild", "severe"])
    assert isinstance(steps, TrendTest)
    assert steps.groups == ("none", "mild", "severe")
    assert steps.statistic == pytest.approx(test.trend.statistic)
    assert steps.departure == pytest.approx(test.statistic - steps.statistic)


def test_direction_is_that_of_the_scores() -> None:
    up = compare_trend(counted(), group="grade", scores=SCORES)
    down = compare_trend(counted(), group="grade", scores={name: -value for name, value in SCORES.items()})
    assert isinstance(up, TrendTest)
    assert isinstance(down, TrendTest)
    assert up.z > 0
    assert down.z == pytest.approx(-up.z)
    assert up.p_value == pytest.approx(2 * up.p_value_increasing)
    assert up.p_value_increasing + down.p_value_increasing == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("scores", "code"),
    [({"none": 1, "mild": 1}, "singular"), ({"none": 1}, "one_group"), ({"nobody": 1}, "no_patients")],
)
def test_trends_without_an_order_are_refused(scores: dict[str, float], code: str) -> None:
    refusal = compare_trend(counted(), group="grade", scores=scores)
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code


def test_pairs_agree_with_the_pairwise_log_rank_tests() -> None:
    pairs, known = compare_pairs(counted(), group="grade"), compare_pairwise(counted(), group="grade")
    assert pairs["statistic"].to_list() == known["statistic"].to_list()
    assert pairs["p_adjusted"].to_list() == known["p_holm"].to_list()


def test_one_reference_leaves_fewer_pairs_to_adjust_for() -> None:
    options = PairOptions(reference="severe", adjustment="bonferroni")
    pairs = compare_pairs(counted(), group="grade", options=options)
    assert pairs.select("first", "second").rows() == [("severe", "mild"), ("severe", "none")]
    assert pairs["p_adjusted"].to_list() == pytest.approx([min(2 * p, 1) for p in pairs["p_value"]])


def test_pairs_by_grays_test() -> None:
    pairs = compare_pairs(
        counted(), group="grade", options=PairOptions(test="gray", rho=1, adjustment="none"), cause=2
    )
    test = compare_incidences(counted(), group="grade", rho=1, cause=2, order=["mild", "severe"])
    assert pairs.row(1, named=True)["statistic"] == pytest.approx(test.statistic)
    assert pairs["p_adjusted"].to_list() == pairs["p_value"].to_list()


def test_a_pair_without_events_does_not_count() -> None:
    frame = FRAME.with_columns(cause=pl.when(pl.col("grade") == "severe").then(pl.col("cause")).otherwise(0))
    pairs = compare_pairs(counted(frame), group="grade", options=PairOptions(adjustment="bonferroni"))
    first = pairs.row(0, named=True)
    assert first["p_adjusted"] is None
    assert "Nobody" in first["reason"]
    assert math.isclose(pairs["p_adjusted"][1], min(2 * pairs["p_value"][1], 1))


def test_a_reference_that_nobody_has_is_refused() -> None:
    refusal = compare_pairs(counted(), group="grade", options=PairOptions(reference="laser"))
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "one_group"
