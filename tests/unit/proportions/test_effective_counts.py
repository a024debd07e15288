"""Clustered counts compared as the independent counts that tell as much."""

from __future__ import annotations

import pytest

from analytics.proportions.differences import newcombe_difference, risk_ratio
from analytics.proportions.effective import EffectiveCount, compare_effective
from analytics.proportions.results import Comparison, CountTest
from analytics.proportions.tests import mid_p
from analytics.refusals import NotEstimable


def test_independent_counts_are_compared_as_they_are() -> None:
    found = compare_effective(EffectiveCount(33, 2115), EffectiveCount(9, 1902))
    counts = (33, 2115, 9, 1902)
    assert found == (newcombe_difference(*counts), risk_ratio(*counts), mid_p(*counts))


def test_a_design_effect_of_two_halves_the_counts() -> None:
    found = compare_effective(EffectiveCount(40, 200, 100.0), EffectiveCount(20, 200, 100.0))
    assert found == (
        newcombe_difference(20, 100, 10, 100),
        risk_ratio(20, 100, 10, 100),
        mid_p(20, 100, 10, 100),
    )


def test_effective_counts_keep_the_share_and_are_rounded_for_the_test() -> None:
    # 3 of 7 with 3.5104478 effective rows: 1.5044776 events, rounded 2 of 4.
    count = EffectiveCount(3, 7, 3.5104478)
    assert count.events / count.total == pytest.approx(3 / 7)
    assert count.whole == (2, 4)


def test_a_group_without_events_has_no_ratio() -> None:
    difference, ratio, test = compare_effective(EffectiveCount(4, 50), EffectiveCount(0, 40, 30.0))
    assert isinstance(difference, Comparison)
    assert isinstance(ratio, NotEstimable)
    assert ratio.code == "no_events"
    assert isinstance(test, CountTest)


def test_an_empty_group_is_refused_throughout() -> None:
    found = compare_effective(EffectiveCount(0, 0), EffectiveCount(1, 5))
    assert all(isinstance(one, NotEstimable) for one in found)
