"""Risk by a fixed day, landmarks, follow-up, limits."""

from __future__ import annotations

import math

import polars as pl
import pytest

from analytics.proportions.intervals import wilson_interval
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.curve_reading import read_curve_at
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import (
    FollowUp,
    FollowUpCompleteness,
    estimate_follow_up,
    measure_completeness,
)
from analytics.survival.horizons import estimate_horizon_risk, estimate_proportion
from analytics.survival.intervals import confidence_limits, normal_quantile
from analytics.survival.landmark import EARLY_AND_LATE, restrict_to_landmark, restrict_to_window
from analytics.survival.results import CumulativeIncidence, EventCurve, HorizonRisk, NotEstimable


def curve_of(times: list[int], causes: list[int]) -> EventCurve:
    curve = estimate_event_curve(
        count_events(pl.DataFrame({"time_days": times, "cause": causes})), group="ivl"
    )
    assert isinstance(curve, EventCurve)
    return curve


def test_risk_by_a_day_is_one_minus_the_curve_with_limits_turned_round() -> None:
    curve = curve_of([10, 20, 400, 400], [1, 0, 0, 0])
    risk = estimate_horizon_risk(curve, 365)
    assert isinstance(risk, HorizonRisk)
    row = curve.table.row(0, named=True)
    assert risk.risk == pytest.approx(0.25)
    assert (risk.lower, risk.upper) == pytest.approx((1 - row["upper"], 1 - row["lower"]))
    assert (risk.n_risk, risk.n_event, risk.group) == (2, 1, "ivl")


def test_a_patient_censored_on_the_horizon_was_observed_up_to_it() -> None:
    risk = estimate_horizon_risk(curve_of([10, 365], [1, 0]), 365)
    assert isinstance(risk, HorizonRisk)
    assert risk.n_risk == 1


def test_a_horizon_that_nobody_reached_is_refused() -> None:
    refused = estimate_horizon_risk(curve_of([10, 364], [1, 0]), 365)
    assert isinstance(refused, NotEstimable)
    assert refused.code == "follow_up_too_short"


def test_a_complete_curve_answers_any_later_day() -> None:
    risk = estimate_horizon_risk(curve_of([10, 30], [1, 1]), 365)
    assert isinstance(risk, HorizonRisk)
    assert risk.risk == 1.0
    assert math.isnan(risk.upper)


def test_without_events_the_upper_limit_is_the_exact_one_of_those_observed() -> None:
    risk = estimate_horizon_risk(curve_of([400] * 10, [0] * 10), 365)
    assert isinstance(risk, HorizonRisk)
    assert (risk.risk, risk.lower) == (0.0, 0.0)
    assert risk.upper == pytest.approx(1 - 0.025 ** (1 / 10))
    assert risk.basis.interval == "exact binomial, 95 %"
    assert any("No event by day 365" in warning for warning in risk.basis.warnings)


def test_competing_risk_by_a_day_reads_the_first_cause_or_the_one_asked_for() -> None:
    frame = pl.DataFrame({"time_days": [5, 6, 400, 400], "cause": [1, 2, 0, 0]})
    found = estimate_cumulative_incidence(count_events(frame), group="ivl", causes=("mace", "death"))
    assert isinstance(found, CumulativeIncidence)
    first, second = estimate_horizon_risk(found, 365), estimate_horizon_risk(found, 365, cause="death")
    assert isinstance(first, HorizonRisk)
    assert isinstance(second, HorizonRisk)
    assert (first.risk, first.n_event) == (0.25, 1)
    assert second.risk == pytest.approx(0.25)


def test_a_proportion_needs_no_day_of_the_event() -> None:
    frame = pl.DataFrame(
        {
            "time_days": [30, 30, 365, 365, 20],
            "cause": [1, 1, 0, 0, 2],
            "time_is_exact": [False, False, True, True, True],
        }
    )
    risk = estimate_proportion(frame, 30, group="ivl")
    assert isinstance(risk, HorizonRisk)
    assert (risk.risk, risk.n_event) == (0.4, 2)
    assert (risk.lower, risk.upper) == pytest.approx(wilson_interval(2, 5))


def test_a_proportion_without_an_event_takes_the_exact_limit() -> None:
    risk = estimate_proportion(pl.DataFrame({"time_days": [0] * 5, "cause": [0] * 5}), 0, group="ivl")
    assert isinstance(risk, HorizonRisk)
    assert (risk.lower, risk.upper) == pytest.approx((0.0, 1 - 0.025 ** (1 / 5)))
    assert risk.basis.interval == "exact binomial, 95 %"


def test_a_proportion_with_unknown_status_is_refused() -> None:
    refused = estimate_proportion(pl.DataFrame({"time_days": [10, 40], "cause": [0, 0]}), 30, group="ivl")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "follow_up_too_short"


def test_a_proportion_with_an_event_by_a_later_visit_is_refused() -> None:
    frame = pl.DataFrame({"time_days": [90, 40], "cause": [1, 0], "time_is_exact": [False, True]})
    refused = estimate_proportion(frame, 30, group="ivl")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "event_times_unknown"


def test_a_proportion_of_nobody_is_refused() -> None:
    refused = estimate_proportion(pl.DataFrame({"time_days": [], "cause": []}), 30, group="ivl")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_patients"


def test_wilson_limits_by_hand() -> None:
    # 1 of 10: centre (0.1 + z2/20) / (1 + z2/10) with z2 = 3.841459.
    lower, upper = wilson_interval(1, 10)
    assert (lower, upper) == pytest.approx((0.0178762, 0.4041500), abs=1e-6)
    assert wilson_interval(0, 10)[0] == 0.0


def test_limits_stay_between_zero_and_one() -> None:
    probability, std_error = pl.Series([0.02, 0.98]).to_numpy(), pl.Series([0.1, 0.1]).to_numpy()
    for interval in ("plain", "log", "log-log", "arcsin", "logit"):
        lower, upper = confidence_limits(probability, std_error, interval=interval)
        assert (lower >= 0).all()
        assert (upper <= 1).all()
        assert (lower < probability).all()


def test_limits_at_one_half_by_hand() -> None:
    half, std_error = pl.Series([0.5]).to_numpy(), pl.Series([0.1]).to_numpy()
    reach = 1.959963984540054 * 0.1
    upper = {
        kind: confidence_limits(half, std_error, interval=kind)[1][0]
        for kind in ("plain", "log", "arcsin", "logit")
    }
    assert upper["plain"] == pytest.approx(0.5 + reach)
    assert upper["log"] == pytest.approx(0.5 * math.exp(reach / 0.5))
    assert upper["arcsin"] == pytest.approx(math.sin(math.pi / 4 + reach) ** 2)
    assert upper["logit"] == pytest.approx(1 / (1 + math.exp(-reach / 0.25)))


def test_a_level_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        normal_quantile(95)


def test_the_landmark_keeps_who_is_observed_beyond_it_and_restarts_the_clock() -> None:
    frame = pl.DataFrame({"time_days": [10, 30, 31, 200], "cause": [1, 1, 1, 0]})
    assert restrict_to_landmark(frame, 30)["time_days"].to_list() == [1, 170]
    assert restrict_to_landmark(frame, 30, clock="keep")["time_days"].to_list() == [31, 200]
    staying = restrict_to_landmark(frame, 30, clock="keep", on_the_day="stay")
    assert staying["time_days"].to_list() == [30, 31, 200]


def test_the_windows_hold_every_event_once() -> None:
    frame = pl.DataFrame({"time_days": [0, 30, 31, 365, 366, 1095, 1200], "cause": [1, 1, 1, 1, 1, 1, 1]})
    events = [restrict_to_window(frame, window)["cause"].sum() for window in EARLY_AND_LATE]
    assert events == [2, 2, 2]


def test_a_window_censors_on_its_last_day_and_counts_person_time_from_the_landmark() -> None:
    frame = pl.DataFrame({"time_days": [20, 100, 900], "cause": [1, 1, 2]})
    late = restrict_to_window(frame, EARLY_AND_LATE[1])
    assert late.select("time_days", "cause", "entry_days").rows() == [(100, 1, 30), (365, 0, 30)]
    curve = estimate_event_curve(count_events(late, entry="entry_days"), group="ivl")
    assert isinstance(curve, EventCurve)
    assert curve.basis.person_days == 70 + 335


def test_median_follow_up_waits_for_censoring() -> None:
    frame = pl.DataFrame({"time_days": [100, 200, 300, 400], "cause": [0, 1, 0, 0]})
    found = estimate_follow_up(count_events(frame), group="all")
    assert isinstance(found, FollowUp)
    # 3/4 after day 100, then 3/4 * 1/2 after day 300.
    assert found.median_days == 300.0
    assert found.curve.table["survival"].to_list() == pytest.approx([0.75, 0.75, 0.375, 0.0])
    assert found.basis.method == "reverse Kaplan-Meier"


def test_the_two_orders_of_ties_differ_where_a_death_ties_with_a_censoring() -> None:
    counts = count_events(pl.DataFrame({"time_days": [5, 5, 9], "cause": [1, 0, 0]}))
    together = estimate_follow_up(counts, group="all")
    events_first = estimate_follow_up(counts, group="all", ties="events_first")
    assert isinstance(together, FollowUp)
    assert isinstance(events_first, FollowUp)
    assert together.curve.table["survival"][0] == pytest.approx(2 / 3)
    assert events_first.curve.table["survival"][0] == pytest.approx(1 / 2)


def test_follow_up_of_nobody_is_refused() -> None:
    counts = count_events(pl.DataFrame({"time_days": [5], "cause": [0], "site": ["a"]}), strata=["site"])
    refused = estimate_follow_up(counts, group="b")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "no_patients"


def test_completeness_is_the_share_of_person_time_due() -> None:
    frame = pl.DataFrame({"time_days": [100, 50, 400], "cause": [0, 1, 0], "potential_days": [200, 300, 400]})
    found = measure_completeness(frame, group="all")
    assert isinstance(found, FollowUpCompleteness)
    # Due: 200 + 50 (the event ends it) + 400; seen: 100 + 50 + 400.
    assert found.completeness == pytest.approx(550 / 650)
    assert (found.n, found.n_incomplete) == (3, 1)
    within = measure_completeness(frame, group="all", horizon_days=100)
    assert isinstance(within, FollowUpCompleteness)
    assert within.completeness == 1.0


def test_days_may_mix_whole_and_half_ones() -> None:
    counts = count_events(pl.DataFrame({"time_days": [1, 2, 3], "cause": [1, 0, 1]}))
    curve = estimate_event_curve(counts, group="all")
    assert isinstance(curve, EventCurve)
    read = read_curve_at(curve, [1, 2.5])
    assert read["time_days"].to_list() == [1.0, 2.5]
    assert read["survival"].to_list() == pytest.approx([2 / 3, 2 / 3])
