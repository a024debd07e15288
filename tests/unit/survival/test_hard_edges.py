"""Hand-worked edges of the counting estimators: all dead on day 0, all censored, one group empty, ties."""

from __future__ import annotations

import math

import polars as pl
import pytest

from analytics.survival.comparisons import compare_event_curves, compare_pairwise
from analytics.survival.conditional_survival import estimate_conditional_survival
from analytics.survival.cumulative_incidence import EVENT_FREE, estimate_cumulative_incidence
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import estimate_follow_up
from analytics.survival.gray import compare_incidences
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.mean_cumulative_count import RecurrentColumns, estimate_mean_cumulative_count
from analytics.survival.pseudo_observations import estimate_pseudo_observations
from analytics.survival.rank_sums import RankWeights
from analytics.survival.restricted_means import estimate_restricted_mean
from analytics.survival.results import CumulativeIncidence, EventCurve, NotEstimable
from analytics.survival.results_recurrence import MeanCumulativeCount
from analytics.survival.simultaneous_bands import estimate_band
from analytics.survival.time_lost import estimate_time_lost
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_cumulative_incidence

TWO_GROUPS = ["ivl", "ivl", "ra", "ra"]
DEAD_ON_DAY_0 = {"time_days": [0, 0, 0, 0], "cause": [1, 1, 1, 1]}
ALL_CENSORED = {"time_days": [3, 4, 5, 6], "cause": [0, 0, 0, 0]}


def counts_of(columns: dict[str, list[int]], group: list[str] | None = None) -> EventCounts:
    return count_events(pl.DataFrame({"device": group or TWO_GROUPS, **columns}), strata=["device"])


def curve_of(columns: dict[str, list[int]]) -> EventCurve:
    curve = estimate_event_curve(count_events(pl.DataFrame(columns)), group="all")
    assert isinstance(curve, EventCurve)
    return curve


@pytest.mark.parametrize(
    ("columns", "group", "code"),
    [
        (DEAD_ON_DAY_0, TWO_GROUPS, "singular"),
        (ALL_CENSORED, TWO_GROUPS, "no_events"),
        (DEAD_ON_DAY_0, ["ivl"] * 4, "one_group"),
    ],
)
def test_tests_between_groups_are_refused_for_their_reason(
    columns: dict[str, list[int]], group: list[str], code: str
) -> None:
    counts = counts_of(columns, group)
    found = [
        compare_event_curves(counts, group="device"),
        compare_event_curves(counts, group="device", weights=RankWeights("peto-peto")),
        compare_pairwise(counts, group="device"),
        compare_incidences(counts, group="device"),
    ]
    assert [one.code for one in found if isinstance(one, NotEstimable)] == [code] * 4


def test_one_group_dead_on_day_0_by_hand() -> None:
    counts = counts_of({"time_days": [0, 0, 3, 4], "cause": [1, 1, 0, 0]})
    # Day 0: 4 at risk, 2 events; expected 2 * 2/4 = 1, variance 2 * 1/2 * 1/2 * (4-2)/(4-1) = 1/3.
    for test in (
        compare_event_curves(counts, group="device"),
        compare_event_curves(counts, group="device", weights=RankWeights(rho=1)),
        compare_incidences(counts, group="device"),
    ):
        assert test.table["expected"].to_list() == pytest.approx([1.0, 1.0])
        assert test.statistic == pytest.approx((2 - 1) ** 2 / (1 / 3))


def test_a_level_without_patients_is_no_group() -> None:
    levels = pl.Enum(["ivl", "elca", "ra"])
    frame = pl.DataFrame(
        {"device": TWO_GROUPS, "time_days": [1, 2, 3, 4], "cause": [1, 0, 1, 1]},
        schema_overrides={"device": levels},
    )
    test = compare_event_curves(count_events(frame, strata=["device"]), group="device")
    assert (test.groups, test.degrees_of_freedom) == (("ivl", "ra"), 1)


def test_everybody_dead_on_day_0() -> None:
    curve, frame = curve_of(DEAD_ON_DAY_0), pl.DataFrame(DEAD_ON_DAY_0)
    mean = estimate_restricted_mean(curve, 30)
    assert (mean.mean_days, mean.std_error) == (0.0, 0.0)
    lost = estimate_time_lost(count_events(frame), group="all", causes=("death",), horizon_days=30)
    assert lost.table["lost_days"].to_list() == [30.0]
    assert estimate_conditional_survival(curve, from_day=0, days=[5]).code == "no_patients"
    assert estimate_band(curve).code == "no_events"
    assert restrict_to_landmark(frame, 0).height == 0
    # Nobody was censored: the potential follow-up stays unknown.
    assert estimate_follow_up(count_events(frame), group="all").median_days is None


def test_the_pseudo_observations_of_those_dead_on_day_0_are_their_outcomes() -> None:
    found = estimate_pseudo_observations(
        pl.DataFrame(DEAD_ON_DAY_0).with_row_index("patient_id"),
        group="all",
        quantity="incidence",
        days=[0, 30],
    )
    assert found.table["pseudo_value"].to_list() == [1.0] * 8


def test_all_censored() -> None:
    curve, counts = curve_of(ALL_CENSORED), count_events(pl.DataFrame(ALL_CENSORED))
    mean = estimate_restricted_mean(curve, 5)
    assert (mean.mean_days, mean.lower, mean.upper) == (5.0, 5.0, 5.0)
    assert estimate_band(curve).code == "no_events"
    found = estimate_conditional_survival(curve, from_day=3, days=[6])
    assert found.table["survival"].to_list() == [1.0]
    incidence = estimate_cumulative_incidence(counts, group="all", causes=("mace", "death"))
    assert isinstance(incidence, CumulativeIncidence)
    assert set(incidence.table.filter(pl.col("cause") != EVENT_FREE)["incidence"]) == {0.0}
    assert estimate_follow_up(counts, group="all").median_days == 4.5


def test_two_causes_on_day_0_are_shares_with_the_error_of_a_share() -> None:
    frame = pl.DataFrame({"time_days": [0, 0, 0, 0], "cause": [1, 2, 2, 2]})
    plain = estimate_cumulative_incidence(count_events(frame), group="all", causes=("mace", "death"))
    robust = estimate_weighted_cumulative_incidence(
        frame, columns=RowColumns(), group="all", causes=("mace", "death")
    )
    for found in (plain, robust):
        assert isinstance(found, CumulativeIncidence)
        table = found.table.filter(pl.col("cause") != EVENT_FREE)
        assert table["incidence"].to_list() == pytest.approx([1 / 4, 3 / 4])
        assert table["std_error"].to_list() == pytest.approx([math.sqrt(3 / 16 / 4)] * 2)


def test_events_that_recur_on_day_0_and_a_death_that_ties_with_one() -> None:
    rows = {
        "patient_id": [1, 2, 2, 3],
        "start_days": [None, None, 0.0, None],
        "time_days": [2.0, 0.0, 2.0, 0.0],
        "event": [1, 1, 1, 0],
        "died": [True, False, False, True],
    }
    found = estimate_mean_cumulative_count(
        pl.DataFrame(rows), columns=RecurrentColumns(terminal="died"), group="all"
    )
    assert isinstance(found, MeanCumulativeCount)
    # Day 0: 3 at risk, one event and one death: 1/3. Day 2: 2/3 alive before, two events of two: + 2/3.
    assert found.table["mean_count"].to_list() == pytest.approx([1 / 3, 1.0])
    assert found.table["survival"].to_list() == pytest.approx([2 / 3, 1 / 3])


def test_ties_of_event_and_censoring_by_hand() -> None:
    # Day 2: an event and a censoring tie; the censored was at risk. Gray: the same set of 4.
    counts = counts_of({"time_days": [2, 2, 2, 5], "cause": [1, 0, 2, 0]})
    log_rank = compare_event_curves(counts, group="device")
    assert log_rank.table["expected"].to_list() == pytest.approx([0.5, 0.5])
    assert log_rank.covariance[0][0] == pytest.approx(1 / 4)
    assert log_rank.statistic == pytest.approx(1.0)


def test_the_landmark_keeps_nobody_where_all_left_before() -> None:
    frame = pl.DataFrame({"device": TWO_GROUPS, **ALL_CENSORED})
    later = restrict_to_landmark(frame, 10)
    assert later.height == 0
    curve = estimate_event_curve(count_events(later), group="all")
    assert isinstance(curve, NotEstimable)
    assert curve.code == "no_patients"
    test = compare_event_curves(count_events(later, strata=["device"]), group="device")
    assert isinstance(test, NotEstimable)
