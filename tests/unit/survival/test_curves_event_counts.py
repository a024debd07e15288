"""Event counts: counting, merging, reading back from a database."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.survival.event_counts import EventCounts, count_events, merge
from analytics.survival.risk_table import build_risk_table


def six_patients() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "device": ["ivl", "ivl", "ivl", "rota", "rota", "rota"],
            "time_days": [0, 5, 5, 5, 9, 9],
            "cause": [1, 1, 0, 2, 0, 1],
        }
    )


def test_counts_have_one_row_per_stratum_day_and_cause() -> None:
    counts = count_events(six_patients(), strata=["device"])
    assert counts.frame.select("device", "time_days", "cause", "n").rows() == [
        ("ivl", 0, 1, 1),
        ("ivl", 5, 0, 1),
        ("ivl", 5, 1, 1),
        ("rota", 5, 2, 1),
        ("rota", 9, 0, 1),
        ("rota", 9, 1, 1),
    ]


def test_boolean_events_count_as_cause_one() -> None:
    frame = pl.DataFrame({"time_days": [3, 3], "cause": [True, False]})
    assert count_events(frame).frame["cause"].to_list() == [0, 1]


def test_a_table_from_the_database_equals_counting_rows() -> None:
    counted = count_events(six_patients(), strata=["device"])
    long = six_patients().group_by("device", "time_days", "cause").agg(n=pl.len())
    assert EventCounts.from_counts(long).frame.equals(counted.frame)


def test_merging_two_hospitals_equals_counting_both() -> None:
    frame = six_patients()
    parts = [count_events(part, strata=["device"]) for part in (frame[:2], frame[2:])]
    assert merge(*parts).frame.equals(count_events(frame, strata=["device"]).frame)


def test_merging_keeps_late_entries() -> None:
    frame = six_patients().with_columns(entry_days=pl.Series([None, 1, 2, 2, None, 3]))
    parts = [count_events(part, entry="entry_days") for part in (frame[:3], frame[3:])]
    merged = merge(*parts)
    assert merged.entries is not None
    assert merged.entries.rows() == [(1, 1), (2, 2), (3, 1)]


def test_counts_by_different_strata_do_not_merge() -> None:
    with pytest.raises(ValueError, match="differ in strata"):
        merge(count_events(six_patients()), count_events(six_patients(), strata=["device"]))


def test_rows_without_a_day_are_refused_by_number_and_never_by_value() -> None:
    frame = pl.DataFrame({"time_days": [-7, 4, None], "cause": [1, 1, 0]})
    with pytest.raises(ValueError, match=r"time_days absent or negative in 2 rows") as caught:
        count_events(frame)
    assert "-7" not in str(caught.value)


def test_a_row_that_leaves_on_its_day_of_entry_is_refused() -> None:
    frame = pl.DataFrame({"time_days": [4], "cause": [1], "entry_days": [4]})
    with pytest.raises(ValueError, match="not after entry_days"):
        count_events(frame, entry="entry_days")


def test_a_negative_count_from_a_database_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        EventCounts.from_counts(pl.DataFrame({"time_days": [1], "cause": [0], "n": [-1]}))


def test_weights_are_summed_and_their_squares_too() -> None:
    frame = pl.DataFrame({"time_days": [4, 4], "cause": [1, 1], "w": [0.5, 2.0]})
    row = count_events(frame, weight="w").frame.row(0, named=True)
    assert (row["n"], row["sum_w"], row["sum_w2"]) == (2, 2.5, 4.25)


def test_a_group_that_nobody_is_in_has_empty_counts() -> None:
    counts = count_events(six_patients(), strata=["device"])
    assert counts.labels() == ("ivl", "rota")
    assert counts.of_group("orbital").frame.height == 0


def test_at_risk_counts_those_who_leave_on_the_day_and_not_those_who_enter_on_it() -> None:
    frame = pl.DataFrame({"time_days": [2, 4, 6], "cause": [1, 1, 0], "entry_days": [None, 2, 3]})
    table = build_risk_table(count_events(frame, entry="entry_days"))
    # Day 2: only the first. Day 4: the second and the third. Day 6: the third.
    assert table.n_risk.tolist() == [1, 2, 1]
    assert table.at_risk(table.times).tolist() == [1, 2, 1]
    # (2 - 0) + (4 - 2) + (6 - 3) days.
    assert table.person_days == 7
