"""Tests between groups: a closed form by hand, refusals, and a second witness."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from lifelines.statistics import multivariate_logrank_test

from analytics.survival.comparisons import compare_event_curves, compare_pairwise
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.p_values import adjust_benjamini_hochberg, adjust_holm
from analytics.survival.rank_sums import PETO_PETO, RankWeights
from analytics.survival.results import GroupTest, NotEstimable


def counts_of(device: list[str | None], times: list[int], causes: list[int]) -> EventCounts:
    frame = pl.DataFrame({"device": device, "time_days": times, "cause": causes})
    return count_events(frame, strata=["device"])


def four() -> EventCounts:
    return counts_of(["ivl", "rota", "ivl", "rota"], [1, 2, 3, 4], [1, 1, 0, 1])


def compared(counts: EventCounts, **options: object) -> GroupTest:
    test = compare_event_curves(counts, group="device", **options)
    assert isinstance(test, GroupTest)
    return test


def test_four_patients_by_hand() -> None:
    test = compared(four())
    # Day 1: 2 of 4 in ivl. Day 2: 1 of 3. Day 4: 0 of 1.
    assert test.table["observed"].to_list() == [1, 2]
    assert test.table["expected"].to_list() == pytest.approx([1 / 2 + 1 / 3, 1 / 2 + 2 / 3 + 1])
    variance = 1 / 4 + 2 / 9
    assert test.covariance[0] == pytest.approx((variance, -variance))
    assert test.statistic == pytest.approx((1 - 5 / 6) ** 2 / variance)
    assert test.degrees_of_freedom == 1


def test_peto_weights_are_the_pooled_curve_just_before_each_day() -> None:
    test = compared(four(), weights=PETO_PETO)
    # Weights 1, 3/4 and 1/2.
    assert test.table["observed"].to_list() == pytest.approx([1, 3 / 4 + 1 / 2])


def test_a_stratum_adds_its_own_sums() -> None:
    frame = pl.DataFrame(
        {
            "device": ["ivl", "rota", "ivl", "rota"] * 2,
            "site": ["a"] * 4 + ["b"] * 4,
            "time_days": [1, 2, 3, 4] * 2,
            "cause": [1, 1, 0, 1] * 2,
        }
    )
    test = compared(count_events(frame, strata=["device", "site"]), strata=["site"])
    once = compared(four())
    assert test.statistic == pytest.approx(2 * once.statistic)
    assert test.by_stratum is not None
    assert test.by_stratum["stratum"].to_list() == ["a", "a", "b", "b"]


def test_the_order_of_groups_is_that_of_the_clinic_and_drives_the_trend() -> None:
    counts = counts_of(["mild", "none", "severe"] * 4, list(range(1, 13)), [1, 0, 1] * 4)
    test = compared(counts, order=("none", "mild", "severe"))
    assert test.groups == ("none", "mild", "severe")
    score = np.array([1, 2, 3])
    gap = (test.table["observed"] - test.table["expected"]).to_numpy()
    assert test.trend is not None
    assert test.trend.statistic == pytest.approx(
        (score @ gap) ** 2 / (score @ np.array(test.covariance) @ score)
    )


def test_other_causes_count_as_censored() -> None:
    competing = compared(counts_of(["ivl", "rota", "ivl", "rota"], [1, 2, 3, 4], [1, 1, 2, 1]))
    assert competing.statistic == pytest.approx(compared(four()).statistic)


def test_one_group_is_refused() -> None:
    refused = compare_event_curves(counts_of(["ivl", "ivl"], [1, 2], [1, 0]), group="device")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "one_group"


def test_no_events_are_refused() -> None:
    refused = compare_event_curves(counts_of(["ivl", "rota"], [1, 2], [0, 0]), group="device")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_events"


def test_nobody_is_refused() -> None:
    refused = compare_event_curves(four(), group="device", order=("laser",))
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_patients"


def test_groups_that_never_met_are_refused() -> None:
    frame = pl.DataFrame(
        {"device": ["ivl", "rota"], "time_days": [3, 9], "cause": [1, 1], "entry_days": [None, 5]}
    )
    counts = count_events(frame, strata=["device"], entry="entry_days")
    refused = compare_event_curves(counts, group="device")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "singular"


def test_patients_without_a_group_are_left_out() -> None:
    with_unknown = counts_of(["ivl", "rota", "ivl", "rota", None], [1, 2, 3, 4, 1], [1, 1, 0, 1, 1])
    test = compared(with_unknown)
    assert test.groups == ("ivl", "rota")
    assert test.statistic == pytest.approx(compared(four()).statistic)
    assert test.basis.n == 4


def test_lifelines_agrees_on_three_groups_with_ties() -> None:
    random = np.random.default_rng(5)
    device = random.choice(["ivl", "rota", "elca"], 240).tolist()
    times, causes = random.integers(0, 40, 240).tolist(), random.integers(0, 2, 240).tolist()
    test = compared(counts_of(device, times, causes))
    theirs = multivariate_logrank_test(times, device, causes)
    assert test.statistic == pytest.approx(float(theirs.test_statistic), rel=1e-10)
    assert test.p_value == pytest.approx(float(theirs.p_value), rel=1e-8)


def test_weight_families_by_hand() -> None:
    # Observed minus expected of ivl: 1/2 on day 1, -1/3 on day 2; variances 1/4 and 2/9; at risk 4 and 3.
    def statistic(first: float, second: float) -> float:
        return (first / 2 - second / 3) ** 2 / (first**2 / 4 + second**2 * 2 / 9)

    by_kind = {
        "gehan-breslow": statistic(4, 3),
        "tarone-ware": statistic(2, 3**0.5),
        "peto-peto": statistic(4 / 5, 4 / 5 * 3 / 4),
        "modified-peto-peto": statistic(4 / 5 * 4 / 5, 4 / 5 * 3 / 4 * 3 / 4),
    }
    for kind, expected in by_kind.items():
        assert compared(four(), weights=RankWeights(kind)).statistic == pytest.approx(expected)
    assert compared(four(), weights=RankWeights(gamma=1.0)).statistic == pytest.approx(statistic(0, 1 / 4))


def test_pairwise_tests_use_two_groups_at_a_time() -> None:
    counts = counts_of(["ivl", "rota", "ivl", "rota", "elca", "elca"], [1, 2, 3, 4, 2, 5], [1, 1, 0, 1, 0, 0])
    pairs = compare_pairwise(counts, group="device")
    assert isinstance(pairs, pl.DataFrame)
    assert pairs.select("first", "second").rows() == [("elca", "ivl"), ("elca", "rota"), ("ivl", "rota")]
    assert pairs["statistic"][2] == pytest.approx(compared(four()).statistic)


def test_a_pair_without_events_keeps_its_reason() -> None:
    counts = counts_of(["ivl", "rota", "elca"], [1, 2, 3], [1, 0, 0])
    pairs = compare_pairwise(counts, group="device")
    assert isinstance(pairs, pl.DataFrame)
    row = pairs.filter((pl.col("first") == "elca") & (pl.col("second") == "rota")).row(0, named=True)
    assert row["p_value"] is None
    assert "Nobody" in row["reason"]


def test_adjusted_p_values_by_hand() -> None:
    p = np.array([0.01, 0.04, 0.03])
    assert adjust_holm(p) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_benjamini_hochberg(p) == pytest.approx([0.03, 0.04, 0.04])
