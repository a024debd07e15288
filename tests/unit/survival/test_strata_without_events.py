"""Tests between groups where a stratum has no event, or one group only: such a stratum adds nothing."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.survival.comparisons import compare_event_curves
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.gray import compare_incidences
from analytics.survival.rank_sums import RankWeights
from analytics.survival.results import GroupTest

QUIET = ["no event", "one group"]


def counts_of(sites: list[str]) -> EventCounts:
    rows = {
        "device": ["ivl", "ivl", "ra", "ra", "ivl", "ra", "ivl", "ivl"],
        "site": [*["busy"] * 4, *["no event"] * 2, *["one group"] * 2],
        "time_days": [1, 3, 2, 4, 5, 6, 1, 2],
        "cause": [1, 0, 1, 1, 0, 0, 1, 1],
    }
    frame = pl.DataFrame(rows).filter(pl.col("site").is_in(sites))
    return count_events(frame, strata=["device", "site"])


@pytest.mark.parametrize("weights", [RankWeights(), RankWeights(rho=0.5), RankWeights("peto-peto")])
def test_a_stratum_that_compares_nothing_leaves_the_log_rank_test_alone(weights: RankWeights) -> None:
    tests = [
        compare_event_curves(counts_of(sites), group="device", strata=["site"], weights=weights)
        for sites in (["busy"], ["busy", *QUIET])
    ]
    assert all(isinstance(test, GroupTest) for test in tests)
    assert tests[1].statistic == pytest.approx(tests[0].statistic, abs=1e-14)


def test_a_stratum_that_compares_nothing_leaves_grays_test_alone() -> None:
    tests = [
        compare_incidences(counts_of(sites), group="device", strata=["site"])
        for sites in (["busy"], ["busy", *QUIET])
    ]
    assert all(isinstance(test, GroupTest) for test in tests)
    assert tests[1].statistic == pytest.approx(tests[0].statistic, abs=1e-14)
