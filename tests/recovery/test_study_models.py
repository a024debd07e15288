"""Regressions in the recovery study: what they tend to by hand, and a few replicates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics.refusals import NotEstimable
from synthetic.scenario import load_scenario
from synthetic.study.analyses import competing, models, parametric, prediction
from synthetic.study.analyses.prediction import published_log_hazard, published_risk
from synthetic.study.answers import Answer
from synthetic.study.frames import draw_replicate
from synthetic.study.summary import Performance, summarise
from synthetic.study.truths import competing as true_competing
from synthetic.study.truths import curves as true_curves
from synthetic.study.truths import models as true_models
from synthetic.study.truths import prediction as true_prediction
from synthetic.study.truths.exposure import Exposure, expect
from synthetic.study.truths.limits import cox_limit, fine_gray_limit
from synthetic.study.truths.population import draw_population

REPLICATES = 8


def test_exposure_by_hand() -> None:
    found = expect(
        np.array([[0.01, 0.03]]), np.array([[0.01, 0.0]]), breaks=(1,), until=np.array([2]), last_day=3
    )
    assert found.edges.tolist() == [0, 1, 4]
    first = (1 - math.exp(-0.02)) / 0.02
    # Day 2 ends at 3 and the middle of the second cell is 2.5: it counts as seen.
    second = math.exp(-0.02) * (1 - math.exp(-0.09)) / 0.03
    np.testing.assert_allclose(found.time, [[first, second]], rtol=1e-12)
    np.testing.assert_allclose(found.events, [[0.01 * first, 0.03 * second]], rtol=1e-12)
    np.testing.assert_allclose(found.competing, [[0.01 * first, 0.0]], rtol=1e-12)


def test_who_is_not_followed_so_long_is_not_at_risk() -> None:
    hazard = np.array([[0.01], [0.01]])
    found = expect(hazard, hazard, breaks=(), until=np.array([0, 10]), last_day=3)
    assert found.edges.tolist() == [0, 1, 4]
    assert found.seen.tolist() == [[1, 0], [1, 1]]
    assert found.time[0, 1] == found.events[0, 1] == 0


@pytest.fixture
def two_patients() -> Exposure:
    return Exposure(
        edges=np.array([0.0, 1.0, 2.0]),
        time=np.array([[1.0, 1.0], [1.0, 0.5]]),
        events=np.array([[0.1, 0.1], [0.3, 0.1]]),
        competing=np.array([[0.0, 0.0], [0.5, 0.0]]),
        seen=np.ones((2, 2)),
    )


def test_the_limit_of_a_cox_model_by_hand(two_patients: Exposure) -> None:
    # 0.4 e/(1 + e) + 0.2 (e/2)/(1 + e/2) = 0.4 with e = exp(beta), or e^2 - e - 4 = 0.
    expected = math.log((1 + math.sqrt(17)) / 2)
    assert cox_limit(np.array([0.0, 1.0]), two_patients) == pytest.approx(expected, rel=1e-9)


def test_the_limit_of_a_rare_group_with_a_large_ratio() -> None:
    # Two constant hazards, one a thousand times the other, in a hundred-thousandth of the patients: a whole
    # Newton step from 0 is about 1,000 and beyond what can be exponentiated.
    found = Exposure(
        edges=np.array([0.0, 1.0]),
        time=np.array([[1000.0], [0.01]]),
        events=np.array([[1.0], [0.01]]),
        competing=np.zeros((2, 1)),
        seen=np.ones((2, 1)),
    )
    assert cox_limit(np.array([0.0, 1.0]), found) == pytest.approx(math.log(1000.0), rel=1e-9)


def test_the_limit_of_a_fine_gray_model_by_hand(two_patients: Exposure) -> None:
    # The second patient stays with 0.25 in the first cell and 0.5 in the second: 0.25 e^2 - 0.2 e - 0.4 = 0.
    expected = math.log((0.2 + math.sqrt(0.44)) / 0.5)
    assert fine_gray_limit(np.array([0.0, 1.0]), two_patients) == pytest.approx(expected, rel=1e-9)


def test_proportional_hazards_are_found_whatever_else_is_known_or_competes() -> None:
    group, other = np.array([0.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 5.0, 5.0])
    event = 0.0004 * np.exp(0.7 * group)[:, None] * other[:, None] * np.array([[3.0, 1.0]])
    found = expect(event, 0.3 * event, breaks=(30,), until=np.array([400, 900, 900, 200]))
    assert cox_limit(group, found, relative=other) == pytest.approx(0.7, abs=1e-9)
    early = slice(0, int(np.searchsorted(found.edges, 30)))
    assert cox_limit(group, found, relative=other, cells=early) == pytest.approx(0.7, abs=1e-9)
    assert cox_limit(group, found) < 0.7  # leaving out what matters dilutes the ratio


def test_concordance_and_area_by_hand(two_patients: Exposure) -> None:
    score = np.array([1, 2])
    first = Exposure(
        edges=np.array([0.0, 1.0]),
        time=two_patients.time[:, :1],
        events=two_patients.events[:, :1],
        competing=two_patients.competing[:, :1],
        seen=two_patients.seen[:, :1],
    )
    # Of 0.4 x 2 pairs, 0.1 x 1/2 + 0.3 x (1 + 1/2) agree.
    assert true_prediction.concordance(score, first) == pytest.approx(0.5 / 0.8)
    # Cases 0.1 and 0.3, controls 0.9 and 0.7.
    assert true_prediction.area(score, np.array([0.1, 0.3])) == pytest.approx((0.045 + 0.375) / 0.64)


def test_the_published_score_by_hand() -> None:
    rows = pl.DataFrame(
        {"severity": ["none"], "age_per_10_years": [7.6], "has_diabetes": [True], "prior_stroke": [False]}
    )
    stroke = load_scenario("default").outcomes.causes["stroke"]
    # Recorded age is cut to whole years: 76 stands for 76.5, which is 1.05 tens of years above 66.
    log_hazard = 1.05 * math.log(stroke.covariate_hr["age_per_10_years"]) + math.log(
        stroke.covariate_hr["diabetes"]
    )
    assert published_log_hazard(rows, "stroke")[0] == pytest.approx(log_hazard, rel=1e-12)
    days = np.array([2, 29, 150, 185])
    baseline = float(days @ np.array(stroke.rate_per_100_years[:4])) / 36_525
    expected = 1 - math.exp(-baseline * math.exp(log_hazard))
    assert published_risk(rows, ("stroke",))[0] == pytest.approx(expected, rel=1e-12)


def test_where_hospitals_or_a_hidden_trait_act_a_reference_patient_has_no_single_risk() -> None:
    for name in ("outlier_site", "unmeasured"):
        assert not true_models.has_one_baseline(load_scenario(name))
    assert true_models.has_one_baseline(load_scenario("nonproportional"))
    assert not true_models.grades_are_true(load_scenario("default"))
    assert true_models.grades_are_true(load_scenario("core_lab"))


def test_the_patient_asked_about_is_the_same_wherever_a_scenario_has_its_reference() -> None:
    scenario = load_scenario("default")
    model = scenario.outcomes
    cause = model.causes["cardiac_death"]
    ratios = cause.covariate_hr
    # A reference ten years older with a better ventricle has the hazard that goes with it.
    shift = ratios["age_per_10_years"] * ratios["lvef_per_pct"] ** 10
    older = replace(cause, rate_per_100_years=tuple(rate * shift for rate in cause.rate_per_100_years))
    moved = replace(
        model,
        reference_age_years=76.0,
        reference_lvef_pct=65.0,
        causes=model.causes | {"cardiac_death": older},
    )
    found = [true_models.reference_log_hazard(each) for each in (scenario, replace(scenario, outcomes=moved))]
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert true_models.over_reference(scenario) == pytest.approx(
        {"age_per_10_years": 0.05, "lvef_per_pct": 0.0}
    )


@pytest.fixture(scope="module")
def studied() -> dict[str, Performance]:
    scenario = load_scenario("core_lab")
    population = draw_population(scenario, seed=1)
    truths: dict[str, float] = {}
    for module in (true_curves, true_models, true_competing, true_prediction):
        truths |= module.find_truths(population)
    estimators = {
        name: estimator
        for own in (models, competing, parametric, prediction)
        for name, estimator in own.ESTIMATORS.items()
    }
    answers: dict[str, list[Answer]] = {name: [] for name in estimators}
    for seed in range(REPLICATES):
        replicate = draw_replicate(scenario, seed=30_000 + seed, procedures=3_000)
        for name, estimator in estimators.items():
            found = estimator.run(replicate)
            if not isinstance(found, NotEstimable):
                answers[name].append(found)
    return {
        name: summarise(found, truths[estimators[name].target], n_refused=REPLICATES - len(found))
        for name, found in answers.items()
    }


@pytest.mark.parametrize(
    "name",
    [
        "cox_dialysis",
        "cox_age",
        "cox_hypertension",
        "cox_clustered_dialysis",
        "cox_stratified_dialysis",
        "cox_frailty_dialysis",
        "crude_cox_dialysis",
        "firth_dialysis",
        "cause_specific_dialysis",
        "fine_gray_dialysis",
        "cox_absolute_risk",
        "piecewise_dialysis",
        "piecewise_log_hazard",
        "royston_parmar_death",
        "royston_parmar_dialysis",
        "weibull_hypertension",
        "harrell_age",
        "uno_age",
        "auc_age",
        "calibration_slope_stroke",
        "calibration_ratio_stroke",
        "calibration_ratio_death",
    ],
)
def test_sound_regressions_recover_the_truth(studied: dict[str, Performance], name: str) -> None:
    found = studied[name]
    assert found.n > REPLICATES / 2
    # Few replicates: Student's t with 7 degrees of freedom lies beyond 5.4 in one of a thousand.
    assert abs(found.bias) < 5.4 * found.bias_error
    assert found.coverage >= 0.5


def test_a_crude_comparison_of_devices_errs(studied: dict[str, Performance]) -> None:
    assert studied["crude_cox_device"].bias > 3 * studied["crude_cox_device"].bias_error


def test_a_variance_at_its_boundary_errs_upwards_only(studied: dict[str, Performance]) -> None:
    found = studied["frailty_variance"]
    assert (found.truth, math.isnan(found.model_error)) == (0.0, True)
    # No estimate is negative, so that the mean lies above the truth, by some hundredths.
    assert 0 <= found.bias < 0.12
