"""The part of the recovery study that counts: shares, tests, regressions of complications, two readings."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.proportions.results import Comparison
from analytics.refusals import NotEstimable
from synthetic.scenario import load_scenario
from synthetic.study.analyses import agreement, count_models, count_tests, counts, rates
from synthetic.study.answers import Answer
from synthetic.study.frames import Replicate, draw_replicate
from synthetic.study.truths import agreement as true_agreement
from synthetic.study.truths import counts as true_contrasts
from synthetic.study.truths import rates as true_rates
from synthetic.study.truths.population import Population, draw_population

MODULES = (counts, rates, count_models, agreement)
ESTIMATORS = {name: one for module in MODULES for name, one in module.ESTIMATORS.items()}
TESTS = count_tests.TESTS | agreement.TESTS
SEEDS = range(500, 512)
ON_PURPOSE = {"crude_risk_difference", "crude_slow_flow", "crude_slow_flow_ratio"}


def test_area_of_classes_by_hand() -> None:
    # Events 0.2 and 0.6, others 0.8 and 0.4: of all pairs 0.6 x 0.8 in order, 0.2 x 0.8 + 0.6 x 0.4 tied.
    area = true_rates.area_of_classes(np.array([0, 1]), np.array([0.2, 0.6]))
    assert area == pytest.approx((0.6 * 0.8 + (0.2 * 0.8 + 0.6 * 0.4) / 2) / (0.8 * 1.2))
    assert true_rates.area_of_classes(np.array([0, 0, 1]), np.array([0.0, 0.0, 1.0])) == 1.0


def test_log_odds_ratio_by_hand() -> None:
    assert true_rates.log_odds_ratio(0.5, 0.2) == pytest.approx(math.log(4))


@pytest.fixture(scope="module")
def population() -> Population:
    return draw_population(load_scenario("core_lab"), seed=1)


@pytest.fixture(scope="module")
def truths(population: Population) -> dict[str, float]:
    parts = (true_contrasts, true_rates, true_agreement)
    return {name: value for part in parts for name, value in part.find_truths(population).items()}


def test_coefficients_come_from_the_table_of_the_scenario(truths: dict[str, float]) -> None:
    # Severe 1.3 against none and mild 0.5; dissection 4.5 % with a burr, 3 % with a balloon.
    assert truths["dissection_severity_log_odds"] == pytest.approx(math.log(1.3 / 0.5))
    assert truths["dissection_device_log_odds"] == pytest.approx(math.log(0.045 / 0.955 / (0.03 / 0.97)))


def test_truths_of_true_grades_are_unknown_where_operators_grade() -> None:
    found = true_rates.find_truths(draw_population(load_scenario("default"), seed=1))
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert unknown == {
        "dissection_severity_log_odds",
        "dissection_device_log_odds",
        "slow_flow_grade_area",
    }


def test_quadratic_kappa_by_hand() -> None:
    # Two lesions graded 0 and 2 by one, 0 and 1 by the other: mean square 1/2, by chance 1 + 1/4 + 1/4.
    assert true_agreement.quadratic_kappa(np.array([0, 2]), np.array([0, 1])) == pytest.approx(1 - 0.5 / 1.5)


def test_age_by_sex_is_that_of_the_patients_drawn(population: Population, truths: dict[str, float]) -> None:
    patients = population.sample.patients
    mean = dict(patients.group_by("male").agg(pl.col("age").mean()).iter_rows())
    # A standard error of 0.07 years.
    assert mean[False] - mean[True] == pytest.approx(truths["age_by_sex"], abs=0.25)


def test_a_ratio_of_nothing_has_no_logarithm() -> None:
    assert isinstance(rates.read_ratio(Comparison("risk_ratio", 0.0, 0.0, 3.0, 0.95, "score")), NotEstimable)
    found = rates.read_ratio(Comparison("odds_ratio", 2.0, 0.5, None, 0.95, "exact"))
    assert isinstance(found, Answer)
    assert (found.estimate, found.upper) == (pytest.approx(math.log(2)), math.inf)


def test_own_probability_is_that_of_the_strategy_given(population: Population) -> None:
    chance = true_rates.own_probability(population, "device_entrapment")
    uses = np.isin(population.sample.strategy, (3, 5, 7, 8, 9))
    assert (chance[uses] > 0).all()
    assert (chance[~uses] == 0).all()


@pytest.fixture(scope="module")
def replicates() -> list[Replicate]:
    scenario = load_scenario("core_lab")
    return [draw_replicate(scenario, seed=seed, procedures=3_000) for seed in SEEDS]


@pytest.fixture(scope="module")
def answers(replicates: list[Replicate]) -> dict[str, list[Answer]]:
    found = {name: [one.run(replicate) for replicate in replicates] for name, one in ESTIMATORS.items()}
    return {name: [a for a in some if not isinstance(a, NotEstimable)] for name, some in found.items()}


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - ON_PURPOSE))
def test_sound_analyses_recover_the_truth(
    name: str, answers: dict[str, list[Answer]], truths: dict[str, float]
) -> None:
    truth = truths[ESTIMATORS[name].target]
    estimates = np.array([a.estimate for a in answers[name]])
    estimates = estimates[np.isfinite(estimates)]
    assert len(estimates) >= 4
    assert abs(estimates.mean() - truth) < 4 * estimates.std(ddof=1) / math.sqrt(len(estimates))
    covered = [a.lower <= truth <= a.upper for a in answers[name]]
    # Of twelve intervals at 95 %, fewer than eight hold the truth once in 60,000 times.
    assert sum(covered) >= 2 / 3 * len(covered)


@pytest.mark.parametrize("name", sorted(ON_PURPOSE))
def test_crude_comparisons_of_devices_err(
    name: str, answers: dict[str, list[Answer]], truths: dict[str, float]
) -> None:
    estimates = np.array([a.estimate for a in answers[name]])
    error = estimates.std(ddof=1) / math.sqrt(len(estimates))
    assert estimates.mean() - truths[ESTIMATORS[name].target] > 3 * error


@pytest.fixture(scope="module")
def rejected(replicates: list[Replicate]) -> dict[str, float]:
    found = {name: [test.run(replicate) for replicate in replicates] for name, test in TESTS.items()}
    return {
        name: float(np.mean([p < 0.05 for p in some if not isinstance(p, NotEstimable)]))
        for name, some in found.items()
    }


def test_tests_of_true_hypotheses_seldom_reject(rejected: dict[str, float]) -> None:
    sound = [name for name, test in TESTS.items() if test.null == "complications_by_day_alike"]
    for name in set(sound) - {"smallest_p_unadjusted"}:
        # Four or more of twelve happen twice in 1,000 times.
        assert rejected[name] <= 3 / 12, name


def test_what_differs_between_grades_is_found(rejected: dict[str, float]) -> None:
    for name, test in TESTS.items():
        if test.null == "complications_by_grade_alike":
            assert rejected[name] >= 0.5, name
