"""All strata in one pass: the numbers of each stratum alone, to the last bit, and the same refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.survival.cumulative_incidence import (
    estimate_cumulative_incidence,
    estimate_cumulative_incidences,
)
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.event_curves import estimate_event_curve, estimate_event_curves
from analytics.survival.results import NotEstimable

STRATA, CAUSES = ("device", "grade"), ("mace", "death")


def drawn(n: int, *, step: float = 1.0, weights: float = 0.0) -> pl.DataFrame:
    draw = np.random.default_rng(n)
    return pl.DataFrame(
        {
            "device": pl.Series(["ivl", "nc", None]).gather(draw.integers(0, 3, n)),
            "grade": draw.integers(0, 3, n),
            "time_days": draw.integers(0, 40, n) * step,
            "cause": draw.choice(3, n, p=[0.6, 0.3, 0.1]),
            "w": 1.0 + weights * draw.random(n),
        }
    )


def same(first: object, second: object) -> bool:
    if isinstance(first, NotEstimable) or isinstance(second, NotEstimable):
        return first == second
    tables = first.table.equals(second.table) and first.table.schema == second.table.schema
    return tables and first.basis == second.basis and first.group == second.group


def alone(counts: EventCounts) -> list[object]:
    return [
        estimate_cumulative_incidence(counts, group=label, causes=CAUSES, variance="aalen")
        for label in counts.labels()
    ]


@pytest.mark.parametrize("n", [9, 60, 700])
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_incidences_of_all_strata_are_those_of_each(n: int, step: float) -> None:
    counts = count_events(drawn(n, step=step), strata=STRATA)
    together = estimate_cumulative_incidences(counts, causes=CAUSES, variance="aalen")
    assert len(together) == len(counts.labels()) > 1
    assert all(same(one, other) for one, other in zip(together, alone(counts), strict=True))


def test_strata_with_weights_or_late_entry_are_taken_one_by_one() -> None:
    weighted = count_events(drawn(50, weights=1.0), strata=STRATA, weight="w")
    late = drawn(50).with_columns(entry=pl.col("time_days") / 2 - 1)
    for counts in (weighted, count_events(late, strata=STRATA, entry="entry")):
        together = estimate_cumulative_incidences(counts, causes=CAUSES, variance="aalen")
        assert all(same(one, other) for one, other in zip(together, alone(counts), strict=True))


def test_curves_of_all_strata_are_those_of_each_and_refusals_keep_their_place() -> None:
    frame = drawn(500).with_columns(
        cause=pl.when(pl.col("grade") == 1).then(pl.col("cause")).otherwise(pl.col("cause").clip(0, 1)),
        time_is_exact=(pl.col("grade") != 0) | (pl.col("device") != "ivl") | (pl.col("cause") == 0),
    )
    counts = count_events(frame, strata=STRATA)
    together = estimate_event_curves(counts)
    each = [estimate_event_curve(counts, group=label) for label in counts.labels()]
    assert all(same(one, other) for one, other in zip(together, each, strict=True))
    codes = [one.code if isinstance(one, NotEstimable) else "" for one in together]
    assert codes == ["event_times_unknown", "competing_events", "", "", "competing_events", ""]


def test_no_stratum_at_all_gives_no_curve() -> None:
    counts = count_events(drawn(5).with_columns(device=pl.lit(None, dtype=pl.String)), strata=STRATA)
    assert estimate_cumulative_incidences(counts, causes=CAUSES) == ()
    assert estimate_event_curves(counts) == ()


def test_a_cause_without_a_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="codes above 1"):
        estimate_cumulative_incidences(count_events(drawn(60), strata=STRATA), causes=("mace",))


def test_two_strata_of_one_label_count_together() -> None:
    frame = pl.DataFrame({"a": ["x, y", "x"], "b": ["z", "y, z"], "time_days": [1, 2], "cause": [1, 0]})
    (first, second) = estimate_cumulative_incidences(count_events(frame, strata=("a", "b")), causes=("mace",))
    assert first.basis.n == second.basis.n == 2


def test_a_truth_value_names_its_stratum() -> None:
    frame = pl.DataFrame({"guided": [True, False, True], "time_days": [1, 2, 3], "cause": [1, 1, 0]})
    counts = count_events(frame, strata=("guided",))
    assert counts.labels() == ("false", "true")
    assert [curve.basis.n for curve in estimate_event_curves(counts)] == [1, 2]


@pytest.mark.parametrize("far", [1, 10**9])
def test_counts_in_any_order_are_put_in_order(far: int) -> None:
    ordered = count_events(drawn(400).with_columns(pl.col("time_days") * far), strata=STRATA).frame
    shuffled = ordered.sample(fraction=1.0, shuffle=True, seed=1)
    assert EventCounts.from_counts(shuffled).frame.equals(ordered)
    halves = pl.concat([shuffled, shuffled])
    assert EventCounts.from_counts(halves).frame["n"].to_list() == (2 * ordered["n"]).to_list()
