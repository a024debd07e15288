"""What of a count may be shown."""

from __future__ import annotations

import pytest

from analytics.disclosure import DisclosureRule, ShownRate, render_count, shown_count, shown_rate
from analytics.errors import SpecificationError

HES = DisclosureRule()


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, 0), (1, None), (7, None), (8, 10), (12, 10), (13, 15), (100, 100), (102, 100), (103, 105)],
)
def test_small_counts_are_hidden_and_others_rounded_to_five(count: int, shown: int | None) -> None:
    assert shown_count(count, HES) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (4, None), (5, 5), (12, 12)])
def test_primary_suppression_keeps_larger_counts_exact(count: int, shown: int | None) -> None:
    assert shown_count(count, DisclosureRule(kind="primary", threshold=5)) == shown


def test_data_holder_sees_every_count() -> None:
    assert [shown_count(count, DisclosureRule(kind="exact")) for count in (0, 1, 7)] == [0, 1, 7]


def test_rate_comes_from_shown_counts() -> None:
    # 13 of 101 is shown as 15 of 100.
    assert shown_rate(13, 101, HES) == ShownRate(n_events=15, n_total=100, rate=0.15, decimals=0)


def test_large_denominator_supports_one_decimal() -> None:
    assert shown_rate(123, 4000, HES) == ShownRate(n_events=125, n_total=4000, rate=0.031, decimals=1)


def test_few_events_hide_the_rate() -> None:
    assert shown_rate(3, 200, HES) == ShownRate(n_events=None, n_total=200, rate=None, decimals=0)


def test_few_non_events_hide_the_numerator_too() -> None:
    assert shown_rate(197, 200, HES).n_events is None


def test_no_event_is_shown() -> None:
    assert shown_rate(0, 200, HES) == ShownRate(n_events=0, n_total=200, rate=0.0, decimals=0)


def test_small_denominator_hides_everything() -> None:
    assert shown_rate(0, 5, HES) == ShownRate(n_events=None, n_total=None, rate=None, decimals=0)


def test_empty_denominator_has_no_rate() -> None:
    assert shown_rate(0, 0, HES).rate is None


def test_suppressed_count_is_a_mark_and_no_blank() -> None:
    assert [render_count(count) for count in (None, 0, 1250)] == ["*", "0", "1,250"]


@pytest.mark.parametrize("options", [{"kind": "none"}, {"threshold": 0}])
def test_unknown_rules_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SpecificationError, match="disclosure"):
        DisclosureRule(**options)
