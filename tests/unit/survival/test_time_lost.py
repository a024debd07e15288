"""Days lost by cause, by hand and against the restricted mean."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.restricted_means import RestrictedMean, estimate_restricted_mean
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.results_restricted import TimeLost
from analytics.survival.time_lost import compare_time_lost, estimate_time_lost

CAUSES = ("mace", "death")


def lost(times: list[int], causes: list[int], horizon: float = 10) -> TimeLost:
    counts = count_events(pl.DataFrame({"time_days": times, "cause": causes}))
    result = estimate_time_lost(counts, group="ivl", causes=CAUSES, horizon_days=horizon)
    assert isinstance(result, TimeLost)
    return result


def test_two_patients_by_hand() -> None:
    table = lost([4, 20], [1, 0]).table
    # Half of the patients lose six days; the mean of 0 and 6 has the standard error 3 / sqrt(2).
    assert table.row(0)[:3] == pytest.approx(("mace", 3.0, 3 / math.sqrt(2)))
    assert table.row(1) == ("death", 0.0, 0.0, 0.0, 0.0)


def test_without_censoring_it_is_the_mean_of_lost_days_and_its_spread() -> None:
    draw = np.random.default_rng(3)
    times, causes = draw.integers(1, 15, 50).tolist(), draw.integers(1, 3, 50).tolist()
    table = lost(times, causes).table
    for row, code in enumerate((1, 2)):
        days = np.array([max(10 - t, 0) if c == code else 0 for t, c in zip(times, causes, strict=True)])
        assert table["lost_days"][row] == pytest.approx(days.mean())
        assert table["std_error"][row] == pytest.approx(days.std() / math.sqrt(50))


def test_one_cause_is_the_restricted_mean_turned_round() -> None:
    times, causes = [1, 2, 2, 3, 5, 8, 9, 12], [1, 0, 1, 1, 0, 1, 0, 0]
    curve = estimate_event_curve(
        count_events(pl.DataFrame({"time_days": times, "cause": causes})), group="ivl"
    )
    assert isinstance(curve, EventCurve)
    mean = estimate_restricted_mean(curve, 10)
    assert isinstance(mean, RestrictedMean)
    assert lost(times, causes).table.row(0)[1:3] == pytest.approx((mean.lost_days, mean.std_error))


def test_difference_of_two_groups() -> None:
    first, second = lost([4, 20], [1, 0]), lost([8, 20], [1, 0])
    row = compare_time_lost(first, second).row(0, named=True)
    assert row["difference"] == pytest.approx(2.0)
    assert row["std_error"] == pytest.approx(math.sqrt(9 / 2 + 1 / 2))
    assert compare_time_lost(first, second)["p_value"][1] is None


def test_horizons_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="horizons"):
        compare_time_lost(lost([4, 20], [1, 0]), lost([4, 20], [1, 0], 9))


@pytest.mark.parametrize(
    ("times", "causes", "code"),
    [([], [], "no_patients"), ([4, 5], [1, 0], "follow_up_too_short"), ([4, 20], [3, 0], "competing_events")],
)
def test_refusals(times: list[int], causes: list[int], code: str) -> None:
    frame = pl.DataFrame(
        {"time_days": times, "cause": causes}, schema={"time_days": pl.Int64, "cause": pl.Int64}
    )
    refusal = estimate_time_lost(count_events(frame), group="ivl", causes=CAUSES, horizon_days=10)
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code
