"""Kernel-smoothed hazards: constants and lines are met, limits, refusals."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.survival.results import Basis, EventCurve, NotEstimable
from analytics.survival.results_parametric import HazardCurve
from analytics.survival.smooth_hazard import estimate_smooth_hazard


def curve(days: list[float], events: list[int], risk: list[float]) -> EventCurve:
    table = pl.DataFrame({"time_days": days, "n_event": events, "n_risk": risk})
    basis = Basis("Kaplan-Meier", "Greenwood", "log-log, 95 %", int(risk[0]), sum(events), 1000.0)
    return EventCurve("all", table, basis)


def smoothed(given: EventCurve, **options: object) -> HazardCurve:
    answer = estimate_smooth_hazard(given, **options)
    assert isinstance(answer, HazardCurve), answer
    return answer


def test_inner_hazard_is_the_epanechnikov_mean_of_the_steps() -> None:
    # Around day 50 with half-width 20 only the events of days 40, 50 and 60 have weight:
    # 0.75 * (1 - 1/4), 0.75 and 0.75 * (1 - 1/4), each over 20 days.
    days = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    given = curve(days, [1] * 11, [100 - number for number in range(11)])
    table = smoothed(given, bandwidth_days=20, times=[50]).table
    steps = {day: 1 / (100 - number) for number, day in enumerate(days)}
    weights = {40: 0.5625 / 20, 50: 0.75 / 20, 60: 0.5625 / 20}
    hazard = sum(weight * steps[day] for day, weight in weights.items())
    error = math.sqrt(sum((weight * steps[day]) ** 2 for day, weight in weights.items()))
    assert table["hazard"][0] == pytest.approx(hazard, rel=1e-12)
    assert table["std_error"][0] == pytest.approx(error, rel=1e-12)
    assert table["upper"][0] == pytest.approx(
        hazard * math.exp(1.959963984540054 * error / hazard), rel=1e-12
    )


def test_constant_and_rising_hazards_are_met_up_to_both_ends() -> None:
    days = np.arange(0.25, 400, 0.5)
    at = np.array([0.0, 10.0, 200.0, 390.0, 399.75])
    flat = curve(days.tolist(), [1] * 800, [2000.0] * 800)
    assert smoothed(flat, bandwidth_days=60, times=at).table["hazard"].to_list() == pytest.approx(
        [1e-3] * 5, rel=0.03
    )
    rising = curve(days.tolist(), [1] * 800, (1 / (1e-4 + 1e-6 * days)).tolist())
    expected = 2 * (1e-4 + 1e-6 * at)
    assert smoothed(rising, bandwidth_days=60, times=at).table["hazard"].to_list() == pytest.approx(
        expected.tolist(), rel=0.03
    )


def test_default_half_width_and_times_follow_the_events() -> None:
    given = curve(list(range(100, 132)), [1] * 32, [100.0] * 32)
    answer = smoothed(given)
    # 31 days over 8 times the fifth root of 32, which is 2.
    assert "half-width 2 days" in answer.basis.method
    assert (answer.table["time_days"][0], answer.table["time_days"][-1]) == (0.0, 131.0)
    assert answer.table["hazard"][0] == 0
    assert answer.table["lower"][0] is None


def test_times_after_the_last_event_are_marked() -> None:
    given = curve(list(range(1, 31)), [1] * 30, [100.0] * 30)
    marks = smoothed(given, bandwidth_days=10, times=[30, 31]).table["is_extrapolated"]
    assert marks.to_list() == [False, True]


def test_few_events_bad_widths_and_weighted_curves_are_refused() -> None:
    few = estimate_smooth_hazard(curve([1, 2], [1, 1], [5, 4]))
    assert isinstance(few, NotEstimable)
    assert few.code == "too_few_events"
    none = estimate_smooth_hazard(curve([1, 2], [0, 0], [5, 4]))
    assert isinstance(none, NotEstimable)
    assert none.code == "no_events"
    given = curve(list(range(30)), [1] * 30, [100.0] * 30)
    with pytest.raises(SpecificationError, match="bandwidth"):
        estimate_smooth_hazard(given, bandwidth_days=0)
    weighted = EventCurve("all", given.table.with_columns(weighted_n_event=pl.lit(1.0)), given.basis)
    with pytest.raises(SpecificationError, match="weighted"):
        estimate_smooth_hazard(weighted)
