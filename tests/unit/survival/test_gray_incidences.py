"""Gray's test."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.survival.comparisons import compare_event_curves
from analytics.survival.event_counts import count_events
from analytics.survival.gray import compare_incidences
from analytics.survival.results import NotEstimable

TOY = pl.DataFrame(
    {"group": ["a", "a", "b", "b"], "time_days": [1, 3, 1, 2], "cause": [1, 0, 2, 1], "site": ["x"] * 4}
)


def many(seed: int = 5) -> pl.DataFrame:
    numbers = pl.int_range(240, eager=True)
    return pl.DataFrame(
        {
            "group": (numbers % 3).cast(pl.String),
            "time_days": (numbers * 37 + seed) % 61,
            "cause": (numbers * 11 + seed) % 4 % 3,
            "site": (numbers % 5).cast(pl.String),
        }
    )


def test_score_and_variance_agree_with_the_sum_by_hand() -> None:
    test = compare_incidences(count_events(TOY, strata=["group"]), group="group")
    assert test.table["observed"].to_list() == [1.0, 1.0]
    assert test.table["expected"].to_list() == pytest.approx([5 / 6, 7 / 6], abs=1e-15)
    assert test.covariance[0][0] == pytest.approx(35 / 72, abs=1e-15)
    assert test.statistic == pytest.approx(2 / 35, abs=1e-15)
    assert test.degrees_of_freedom == 1


def test_without_competing_events_the_score_is_that_of_the_log_rank_test() -> None:
    counts = count_events(many().with_columns(cause=pl.col("cause").clip(0, 1)), strata=["group"])
    gray, rank = compare_incidences(counts, group="group"), compare_event_curves(counts, group="group")
    assert gray.table["expected"].to_list() == pytest.approx(rank.table["expected"].to_list(), rel=1e-12)


def test_one_stratum_changes_nothing_and_two_add_up() -> None:
    counts = count_events(TOY, strata=["group", "site"])
    assert compare_incidences(counts, group="group", strata=["site"]).statistic == pytest.approx(2 / 35)
    second = TOY.with_columns(site=pl.lit("y"))
    twice = compare_incidences(
        count_events(pl.concat([TOY, second]), strata=["group", "site"]), group="group", strata=["site"]
    )
    assert twice.statistic == pytest.approx(2 * 2 / 35)
    assert twice.by_stratum.height == 4


def test_order_of_groups_and_unit_of_time_do_not_matter() -> None:
    frame = many()
    first = compare_incidences(count_events(frame, strata=["group"]), group="group", cause=2)
    scaled = frame.with_columns(pl.col("time_days") * 24)
    other = compare_incidences(
        count_events(scaled.reverse(), strata=["group"]), group="group", cause=2, order=["2", "0", "1"]
    )
    assert other.groups == ("2", "0", "1")
    assert other.statistic == pytest.approx(first.statistic, rel=1e-12)


def test_a_second_and_a_third_competing_cause_count_alike() -> None:
    frame = many()
    split = frame.with_columns(
        cause=pl.when((pl.col("cause") == 2) & (pl.col("site") < "2")).then(3).otherwise(pl.col("cause"))
    )
    counts = [count_events(data, strata=["group"]) for data in (frame, split)]
    one, two = (compare_incidences(part, group="group", rho=0.5) for part in counts)
    assert one.statistic == two.statistic


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cause": pl.lit(0)}, "no_events"),
        ({"group": pl.lit("a")}, "one_group"),
        ({"time_is_exact": pl.lit(value=False)}, "event_times_unknown"),
    ],
)
def test_refusals(change: dict[str, pl.Expr], code: str) -> None:
    refusal = compare_incidences(
        count_events(TOY.with_columns(**change), strata=["group"]), group="group", cause=1
    )
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code


def test_nobody_is_a_refusal() -> None:
    refusal = compare_incidences(count_events(TOY.clear(), strata=["group"]), group="group")
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "no_patients"


def test_groups_never_at_risk_together_are_a_refusal() -> None:
    frame = pl.DataFrame({"group": ["a", "b"], "time_days": [1, 5], "cause": [0, 1]})
    refusal = compare_incidences(count_events(frame, strata=["group"]), group="group")
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "singular"


def test_delayed_entry_is_an_error() -> None:
    counts = count_events(
        TOY.with_columns(entry=pl.lit(0), time_days=pl.col("time_days") + 1), strata=["group"], entry="entry"
    )
    with pytest.raises(ValueError, match="delayed entry"):
        compare_incidences(counts, group="group")
