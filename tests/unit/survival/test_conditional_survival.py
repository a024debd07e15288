"""Conditional survival: the same as starting the curve anew."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from analytics.survival.conditional_survival import ConditionalSurvival, estimate_conditional_survival
from analytics.survival.curve_reading import read_curve_at
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.results import EventCurve, NotEstimable

FRAME = pl.DataFrame(
    {"time_days": [3, 5, 5, 8, 11, 14, 20, 20, 25, 30], "cause": [1, 1, 0, 1, 0, 1, 1, 0, 0, 0]}
)


def curve_of(frame: pl.DataFrame) -> EventCurve:
    curve = estimate_event_curve(count_events(frame), group="ivl")
    assert isinstance(curve, EventCurve)
    return curve


def test_two_of_seven_by_hand() -> None:
    found = estimate_conditional_survival(curve_of(FRAME), from_day=5, days=[14])
    assert isinstance(found, ConditionalSurvival)
    row = found.table.row(0, named=True)
    assert found.n_at_start == 7
    assert row["survival"] == pytest.approx(6 / 7 * 4 / 5)
    assert row["std_error"] == pytest.approx(6 / 7 * 4 / 5 * math.sqrt(1 / 42 + 1 / 20))


def test_it_is_the_curve_of_those_still_free() -> None:
    found = estimate_conditional_survival(curve_of(FRAME), from_day=5, days=[5, 8, 20, 30])
    anew = read_curve_at(curve_of(FRAME.filter(pl.col("time_days") > 5)), [5, 8, 20, 30])
    assert isinstance(found, ConditionalSurvival)
    for column in ("survival", "std_error", "lower", "upper"):
        assert found.table[column].to_list() == pytest.approx(anew[column].to_list())
    later = FRAME.filter(pl.col("time_days") > 5)["time_days"] - 5
    assert found.basis.person_days == later.sum()
    assert found.basis.n_events == 3


@pytest.mark.parametrize(
    ("from_day", "days", "code"), [(30, [30], "no_patients"), (5, [31], "follow_up_too_short")]
)
def test_refusals(from_day: float, days: list[float], code: str) -> None:
    refusal = estimate_conditional_survival(curve_of(FRAME), from_day=from_day, days=days)
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code


def test_a_day_in_the_past_is_an_error() -> None:
    with pytest.raises(ValueError, match="earlier"):
        estimate_conditional_survival(curve_of(FRAME), from_day=5, days=[4])


def test_with_delayed_entry_it_is_the_curve_of_r_from_that_day() -> None:
    # R 4.2, survival 3.5-3: survfit(Surv(entry, time, status) ~ 1, veteran, start.time = 60,
    # conf.type = "log-log") at 100, 200 and 400 days; entry is floor(time * (row %% 4) / 5).
    data = Path(__file__).resolve().parents[2] / "oracle" / "data" / "veteran.csv"
    turn = pl.int_range(1, pl.len() + 1) % 4
    frame = pl.read_csv(data).select(
        time_days="time", cause="status", entry=(pl.col("time") * turn / 5).floor().cast(pl.Int64)
    )
    curve = estimate_event_curve(count_events(frame, entry="entry"), group="all")
    assert isinstance(curve, EventCurve)
    found = estimate_conditional_survival(curve, from_day=60, days=[100, 200, 400])
    assert isinstance(found, ConditionalSurvival)
    for column, expected in (
        ("survival", (0.710993990004719, 0.276234236482998, 0.049997146874751)),
        ("std_error", (0.060728683877422, 0.057587270619081, 0.025106268538833)),
        ("lower", (0.572802108796975, 0.170769182570395, 0.015593167431881)),
        ("upper", (0.811562208818981, 0.392022253306219, 0.115681511815900)),
    ):
        assert found.table[column].to_list() == pytest.approx(expected, rel=1e-12)
