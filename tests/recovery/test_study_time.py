"""The study of curves, bands, recurrent events and groups: truths by hand, and a few replicates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from analytics.survival.results import Basis
from analytics.survival.simultaneous_bands import SurvivalBand
from synthetic.absolute_risk import ENDPOINTS, follow
from synthetic.scenario import load_scenario
from synthetic.study.analyses import bands, curves, group_tests, groups, recurrent
from synthetic.study.analyses.bands import score_band, worst_deviation
from synthetic.study.frames import draw_replicate
from synthetic.study.summary import Performance, summarise
from synthetic.study.truths import curves as curve_truths
from synthetic.study.truths import groups as group_truths
from synthetic.study.truths import recurrent as recurrent_truths
from synthetic.study.truths.curves import first_day_below
from synthetic.study.truths.daily import follow_daily
from synthetic.study.truths.groups import difference
from synthetic.study.truths.linkage import median_follow_up
from synthetic.study.truths.population import draw_population
from synthetic.study.truths.recurrent import mean_count

if TYPE_CHECKING:
    from synthetic.streams import Floats
    from synthetic.study.answers import Answer

CORE_LAB = load_scenario("core_lab")
MODEL = CORE_LAB.outcomes
ESTIMATORS = {**curves.ESTIMATORS, **bands.ESTIMATORS, **recurrent.ESTIMATORS, **groups.ESTIMATORS}
FAIL_ON_PURPOSE = ("silence_is_health", "naive_kaplan_meier_tvr")


def constant_hazards(**per_day: float) -> dict[str, Floats]:
    """Return hazards of one patient that never change; those not named are zero."""
    intervals = len(MODEL.breaks_days) + 1
    return {name: np.full((1, intervals), per_day.get(name, 0.0)) for name in MODEL.causes}


def test_a_constant_hazard_is_followed_from_day_to_day() -> None:
    hazards = constant_hazards(cardiac_death=0.001, noncardiac_death=0.0005)
    course = follow_daily(hazards, MODEL, "all_cause_death", until=400)
    days = np.arange(401)
    np.testing.assert_allclose(course.free, np.exp(-0.0015 * (days + 1)))
    np.testing.assert_allclose(course.risk, 1 - np.exp(-0.0015 * (days + 1)))
    np.testing.assert_allclose(course.hazard, -math.expm1(-0.0015))


def test_daily_courses_agree_with_chances_of_patients() -> None:
    population = draw_population(CORE_LAB, seed=1)
    hazards = {name: values[:200] for name, values in population.own.items()}
    course = follow_daily(hazards, MODEL, "tvr", until=500)
    fate = follow(hazards, MODEL, ENDPOINTS["tvr"], days=(0, 30, 31, 500))
    np.testing.assert_allclose(course.risk[[0, 30, 31, 500]], fate.risk.mean(axis=0))
    np.testing.assert_allclose(course.free[[0, 30, 31, 500]], fate.free.mean(axis=0))


def test_a_thrombosis_adds_an_event_unless_one_came_before() -> None:
    hazards = constant_hazards(mi=0.002, stent_thrombosis=0.001, cardiac_death=0.003)
    # infarction 2/5 of what ends by death or infarction; thrombosis 1/6 of what ends by any of the three
    by_hand = 0.4 * -math.expm1(-0.005 * 366) + 0.8 * (1 / 6) * -math.expm1(-0.006 * 366)
    found = mean_count(hazards, MODEL, ("mi",), linked_to="mi", share=0.8, day=365)
    assert found == pytest.approx(by_hand)


def test_quantiles_groups_and_follow_up_by_hand() -> None:
    assert first_day_below(np.array([0.99, 0.96, 0.95, 0.90]), 0.95) == 2
    assert math.isnan(first_day_below(np.array([0.99, 0.96]), 0.95))
    assert difference(np.array([1.0, 2.0, 6.0]), np.array([True, False, True])) == pytest.approx(1.5)
    # from the last hours of 2021, the middle of eight years, to 2026-06-30
    assert median_follow_up(CORE_LAB) == 1461 + 181 - 0.5
    first = replace(CORE_LAB.sites[0], data_cutoff_date="2026-05-31")
    assert math.isnan(median_follow_up(replace(CORE_LAB, sites=(first, *CORE_LAB.sites[1:]))))


def band(lower: list[float], upper: list[float]) -> SurvivalBand:
    """Make a band on days 1 and 3, held up to day 4."""
    table = pl.DataFrame({"time_days": [1, 3], "survival": upper, "lower": lower, "upper": upper})
    basis = Basis("band", "none", "log-log, 95 %", n=2, n_events=1, person_days=1.0)
    return SurvivalBand("all", "equal-precision", 1.0, 4.0, 1.0, table, basis)


@pytest.mark.parametrize(
    ("truth", "holds"),
    [
        ([1.0, 0.85, 0.84, 0.75, 0.70], True),
        ([1.0, 0.85, 0.79, 0.75, 0.70], False),  # below on day 2, between the rows of the band
        ([1.0, 0.85, 0.84, 0.75, 0.66], False),  # below on the last day, after the last row
        ([1.0, 0.95, 0.84, 0.75, 0.70], False),  # above on the first
    ],
)
def test_a_band_is_scored_on_every_day(truth: list[float], *, holds: bool) -> None:
    found = worst_deviation(band([0.8, 0.68], [0.9, 0.8]), np.array(truth))
    assert (abs(found) <= 1) == holds


def test_a_band_whose_limit_is_touched_strays_by_one() -> None:
    assert worst_deviation(band([0.8, 0.68], [0.9, 0.8]), np.array([1, 0.8, 0.8, 0.68, 0.68])) == (
        pytest.approx(-1.0)
    )


def test_a_band_from_nought_to_one_holds_whatever_is_true() -> None:
    truth = np.array([1, 0.99, 0.98, 0.7, 0.68])
    assert worst_deviation(band([0.0, 0.68], [1.0, 0.8]), truth) == pytest.approx(-1.0)
    assert worst_deviation(band([0.0, 0.0], [1.0, 1.0]), truth) == 0


def test_a_band_that_begins_before_anybody_died_is_not_scored() -> None:
    found = score_band(band([1.0, 0.68], [1.0, 0.8]), np.array([1, 0.9, 0.8, 0.7, 0.68]))
    assert isinstance(found, NotEstimable)
    assert found.code == "no_events"


@pytest.fixture(scope="module")
def truths() -> dict[str, float]:
    found = []
    for seed in range(1, 9):
        population = draw_population(CORE_LAB, seed=seed)
        parts = [one.find_truths(population) for one in (curve_truths, recurrent_truths, group_truths)]
        found.append({name: value for part in parts for name, value in part.items()})
    return {name: float(np.mean([each[name] for each in found])) for name in found[0]}


@pytest.fixture(scope="module")
def performances(truths: dict[str, float]) -> dict[str, Performance]:
    answers: dict[str, list[Answer]] = {name: [] for name in ESTIMATORS}
    for seed in range(12):
        replicate = draw_replicate(CORE_LAB, seed=20_000 + seed, procedures=3_000)
        for name, estimator in ESTIMATORS.items():
            found = estimator.run(replicate)
            assert not isinstance(found, NotEstimable), name
            answers[name].append(found)
    return {
        name: summarise(given, truths[ESTIMATORS[name].target], n_refused=0)
        for name, given in answers.items()
    }


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in FAIL_ON_PURPOSE])
def test_sound_estimators_of_times_recover_the_truth(performances: dict[str, Performance], name: str) -> None:
    found = performances[name]
    assert abs(found.bias) < 4 * found.bias_error
    assert found.coverage >= 0.6


def test_naive_estimators_of_times_err_as_expected(performances: dict[str, Performance]) -> None:
    silence, honest = performances["silence_is_health"], performances["kaplan_meier_death"]
    assert silence.bias < honest.bias - 0.001
    naive, competing = performances["naive_kaplan_meier_tvr"], performances["aalen_johansen_tvr_1095"]
    assert naive.bias > competing.bias + 0.0005


def test_tests_tell_groups_apart_that_differ() -> None:
    replicates = [draw_replicate(CORE_LAB, seed=seed, procedures=2_000) for seed in (1, 2)]
    for replicate in replicates:
        p_values: dict[str, float] = {}
        for name, test in group_tests.TESTS.items():
            found = test.run(replicate)
            assert not isinstance(found, NotEstimable), name
            p_values[name] = found
        assert all(0 <= p_value <= 1 for p_value in p_values.values())
        assert p_values["trend_severity"] < 0.01
        assert min(p_values[name] for name in p_values if name.endswith("_days")) > 1e-4
