"""The truth of the counterfactuals, computed again without the generator's own arithmetic.

Scenarios are cut down until an answer follows from a few numbers: by hand where every patient is alike, by
enumeration over true calcification and an unrecorded trait where they are not, and by simulating event times
one cause at a time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from synthetic.counterfactual import describe_marginals
from synthetic.scenario import Scenario, load_scenario
from synthetic.settings import Unmeasured

BREAKS = (2, 31, 181, 366)
ENDS = (*BREAKS, math.inf)
HORIZON = 1095
MIX = (0.4, 0.3, 0.2, 0.1)
RA_WEIGHT = (0.0, 1.0, 3.0, 6.0)  # against 10 for a plain balloon, by true calcification
PREVALENCE = (0.1, 0.2, 0.3, 0.5)
TRAIT_LIKES_RA = 3.0
PER_DAY = 36525.0  # 100 patient-years

Hazards = tuple[float, ...]


def cut_down(rates: dict[str, Hazards], ratios: dict[str, Hazards]) -> Scenario:
    """Return `default` with one lesion per patient, no covariate, no indication and two strategies.

    `rates` are per day and interval, all others 0; `ratios` those of rotational atherectomy.
    """
    scenario = load_scenario("default")
    causes = {
        name: replace(
            cause,
            covariate_hr={},
            severity_hr=(1.0,) * 4,
            rate_per_100_years=tuple(rate * PER_DAY for rate in rates.get(name, (0.0,) * 5)),
            device_effect=name in ratios,
            device_hr={"rotational_atherectomy": ratios[name]} if name in ratios else {},
        )
        for name, cause in scenario.outcomes.causes.items()
    }
    treatment = scenario.treatment
    nothing: dict[str, tuple[float, ...]] = dict.fromkeys(treatment.weights, (0.0,) * 4)
    return replace(
        scenario,
        sites=tuple(replace(site, atherectomy=True) for site in scenario.sites),
        site_variation=replace(scenario.site_variation, severity_logit_sd=0.0, device_logit_sd=0.0),
        severity=replace(scenario.severity, mix=MIX),
        population=replace(scenario.population, lesion_counts=(1.0, 0.0, 0.0)),
        anatomy=replace(scenario.anatomy, wire_failure_if_cto=0.0),
        treatment=replace(
            treatment,
            direct_stent=0.0,
            weights=nothing | {"plain_balloon": (10.0,) * 4, "rotational_atherectomy": RA_WEIGHT},
            multipliers={name: (1.0,) * len(treatment.weights) for name in treatment.multipliers},
            year_factors={},
        ),
        outcomes=replace(scenario.outcomes, causes=causes),
    )


def unlike_patients(scenario: Scenario) -> Scenario:
    causes = {
        name: replace(cause, severity_hr=(1.0, 1.5, 2.0, 4.0))
        for name, cause in scenario.outcomes.causes.items()
    }
    likes = [
        TRAIT_LIKES_RA if name == "rotational_atherectomy" else 1.0 for name in scenario.treatment.weights
    ]
    return replace(
        scenario,
        outcomes=replace(scenario.outcomes, causes=causes),
        unmeasured=Unmeasured(
            prevalence=PREVALENCE, treatment=tuple(likes), hazard_ratio={"mi": 2.0, "cardiac_death": 3.0}
        ),
    )


def row(truth: dict[str, Any], endpoint: str, *, population: str = "all", day: int = 30) -> dict[str, float]:
    entries: list[dict[str, Any]] = [e for e in truth["risks"] if e["strategy"] == "rotational_atherectomy"]
    place = (endpoint, population, day)
    (found,) = [e for e in entries if (e["endpoint"], e["population"], e["horizon_days"]) == place]
    return found


def hazard_ratio(truth: dict[str, Any], endpoint: str) -> float | None:
    entries = [e for e in truth["hazard_ratios"] if e["strategy"] == "rotational_atherectomy"]
    ratios: list[float | None] = [
        e["hazard_ratio"] for e in entries if (e["endpoint"], e["population"]) == (endpoint, "all")
    ]
    (found,) = ratios
    return found


def test_one_cause_of_constant_hazard_follows_the_exponential_law() -> None:
    # 0.0002 a day against 0.0004; day 30 ends at time 31; free is who outlives the ends of days 0 to 29
    scenario = cut_down({"cardiac_death": (0.0002,) * 5}, {"cardiac_death": (2.0,)})
    truth = describe_marginals(scenario, seed=1, size=200)
    found = row(truth, "all_cause_death")
    assert found["risk_reference"] == pytest.approx(1 - math.exp(-0.0062), rel=1e-9)
    assert found["difference"] == pytest.approx(math.exp(-0.0062) - math.exp(-0.0124), rel=1e-8)
    days = [math.exp(-0.0002 * day) for day in range(1, 31)]
    assert found["free_days_reference"] == pytest.approx(sum(days), rel=1e-9)
    assert found["risk_error"] == pytest.approx(0, abs=1e-12)
    assert hazard_ratio(truth, "all_cause_death") == pytest.approx(2.0, rel=2e-4)


def test_a_competing_death_takes_its_share() -> None:
    # of those who leave at 0.0003 a day two thirds die of the heart; with the device at 0.0005, four fifths
    scenario = cut_down(
        {"cardiac_death": (0.0002,) * 5, "noncardiac_death": (0.0001,) * 5}, {"cardiac_death": (2.0,)}
    )
    truth = describe_marginals(scenario, seed=1, size=200)
    found = row(truth, "cardiac_death")
    assert found["risk_reference"] == pytest.approx(2 / 3 * (1 - math.exp(-0.0093)), rel=1e-9)
    assert found["risk"] == pytest.approx(4 / 5 * (1 - math.exp(-0.0155)), rel=1e-9)
    assert hazard_ratio(truth, "cardiac_death") == pytest.approx(2.0, rel=2e-4)


def test_a_thrombosis_brings_four_fifths_of_an_infarction_and_94_in_100_composites() -> None:
    scenario = cut_down({"stent_thrombosis": (0.001,) * 5}, {"stent_thrombosis": (2.0,)})
    truth = describe_marginals(scenario, seed=1, size=200)
    ever = 1 - math.exp(-0.031)
    assert row(truth, "mi")["risk_reference"] == pytest.approx(0.8 * ever, rel=1e-9)
    assert row(truth, "tvr")["risk_reference"] == pytest.approx(0.7 * ever, rel=1e-9)
    assert row(truth, "death_mi_tvr")["risk_reference"] == pytest.approx(0.94 * ever, rel=1e-9)


def test_early_harm_and_late_benefit_add_up_over_the_intervals() -> None:
    # cumulative hazard to the end of day 365: 2 and 29 days of harm, 150 and 185 of benefit
    scenario = cut_down({"mi": (0.01, 0.001, 0.0005, 0.0002, 0.0001)}, {"mi": (3.0, 2.0, 0.5, 0.5, 0.25)})
    truth = describe_marginals(scenario, seed=1, size=200)
    found = row(truth, "mi", day=365)
    assert found["risk_reference"] == pytest.approx(1 - math.exp(-(0.02 + 0.029 + 0.075 + 0.037)), rel=1e-9)
    assert found["risk"] == pytest.approx(1 - math.exp(-(0.06 + 0.058 + 0.0375 + 0.0185)), rel=1e-9)


@cache
def cells() -> list[tuple[float, float, float, bool]]:
    """Return, per kind of patient: share, chance of the device, hazard relative to no calcium, trait."""
    found = []
    for share, weight, relative, prevalence in zip(
        MIX, RA_WEIGHT, (1.0, 1.5, 2.0, 4.0), PREVALENCE, strict=True
    ):
        for trait in (False, True):
            likes = weight * (TRAIT_LIKES_RA if trait else 1.0)
            has = prevalence if trait else 1 - prevalence
            found.append((share * has, likes / (10 + likes), relative, trait))
    return found


def population_weights(population: str) -> np.ndarray:
    share, chance = np.array([cell[:2] for cell in cells()]).T
    factor = {"all": 1.0, "treated": chance, "overlap": chance * (1 - chance)}[population]
    weight = share * factor
    return np.asarray(weight / weight.sum())


@cache
def unlike_truth() -> dict[str, Any]:
    hazards: dict[str, Hazards] = {"cardiac_death": (0.0002,) * 5}
    scenario = unlike_patients(cut_down(hazards, {"cardiac_death": (1.5,)}))
    return describe_marginals(scenario, seed=3, size=30_000)


@pytest.mark.parametrize("population", ["all", "treated", "overlap"])
def test_populations_are_those_of_the_eight_kinds_of_patients(population: str) -> None:
    found = row(unlike_truth(), "all_cause_death", population=population, day=365)
    hazards = np.array(
        [0.0002 * 366 * relative * (3.0 if trait else 1.0) for _, _, relative, trait in cells()]
    )
    weight = population_weights(population)
    treated, reference = (float(weight @ -np.expm1(-hazards * ratio)) for ratio in (1.5, 1.0))
    assert found["risk_reference"] == pytest.approx(reference, abs=4 * found["risk_reference_error"])
    assert found["difference"] == pytest.approx(treated - reference, abs=4 * found["difference_error"])
    assert found["risk_reference_error"] < 0.03 * reference


def test_no_hazard_ratio_is_told_where_nobody_has_the_endpoint() -> None:
    truth = unlike_truth()
    assert hazard_ratio(truth, "tlr") is None


RATES: dict[str, Hazards] = {
    "cardiac_death": (0.002, 0.0004, 0.0002, 0.0002, 0.0001),
    "noncardiac_death": (0.0001, 0.0001, 0.0002, 0.0002, 0.0002),
    "mi": (0.006, 0.001, 0.0003, 0.0003, 0.0002),
    "tlr": (0.001, 0.0005, 0.0004, 0.0005, 0.0001),
    "stent_thrombosis": (0.002, 0.0005, 0.0001, 0.0001, 0.0001),
}
CROSSING: dict[str, Hazards] = {
    "mi": (2.0, 1.5, 0.8, 0.5, 0.5),
    "tlr": (1.5, 1.0, 0.5, 0.4, 0.4),
    "cardiac_death": (1.5,),
}
PEOPLE = 120_000


def draw_times(allowance: np.ndarray, relative: np.ndarray, hazards: Hazards) -> np.ndarray:
    """Spend each patient's exponential allowance interval by interval and return when it is gone."""
    time, left, start = np.full(len(allowance), np.inf), allowance / relative, 0.0
    for hazard, end in zip(hazards, ENDS, strict=True):
        here = np.isinf(time) & (left < hazard * (end - start))
        time[here] = start + left[here] / hazard
        left, start = left - hazard * (end - start), end
    return time


def draw_world(kind: np.ndarray, *, device: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return, by endpoint, the time of the event and the time of leaving, everybody given one strategy."""
    relative = np.array([cell[2] for cell in cells()])[kind]
    trait = np.array([cell[3] for cell in cells()])[kind]
    rng = np.random.default_rng(20260711)  # the same luck in both worlds
    times = {}
    for cause, rates in RATES.items():
        ratio = CROSSING.get(cause, (1.0,)) if device else (1.0,)
        hazards = tuple(
            rate * by for rate, by in zip(rates, ratio * (5 if len(ratio) == 1 else 1), strict=True)
        )
        extra = {"mi": 2.0, "cardiac_death": 3.0}.get(cause, 1.0)
        allowance = rng.standard_exponential(len(kind))
        times[cause] = draw_times(allowance, relative * np.where(trait, extra, 1.0), hazards)
    thrombosis, never = times["stent_thrombosis"], np.inf
    mi = np.minimum(times["mi"], np.where(rng.random(len(kind)) < 0.8, thrombosis, never))
    tlr = np.minimum(times["tlr"], np.where(rng.random(len(kind)) < 0.7, thrombosis, never))
    death = np.minimum(times["cardiac_death"], times["noncardiac_death"])
    composite = np.minimum(np.minimum(mi, tlr), death)
    return {
        "death_mi_tvr": (composite, composite),
        "mi": (np.where(mi < death, mi, never), np.minimum(mi, death)),
        "tlr": (np.where(tlr < death, tlr, never), np.minimum(tlr, death)),
    }


def cox_log_ratio(arms: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Fit Cox's model to two arms, uncensored to the end of day 1095; return estimate and error."""
    event, leaving = (np.concatenate([arm[place] for arm in arms]) for place in (0, 1))
    first = np.repeat([1.0, 0.0], [len(arms[0][0]), len(arms[1][0])])
    latest = np.argsort(-leaving, kind="stable")
    first, happened = first[latest], event[latest] < HORIZON + 1
    at_risk = np.cumsum(first), np.cumsum(1 - first)
    beta = 0.0
    for _ in range(20):
        chance = (at_risk[0] * math.exp(beta) / (at_risk[0] * math.exp(beta) + at_risk[1]))[happened]
        information = float((chance * (1 - chance)).sum())
        beta += float((first[happened] - chance).sum()) / information
    return beta, information**-0.5


@cache
def crossing_truth() -> dict[str, Any]:
    return describe_marginals(unlike_patients(cut_down(RATES, CROSSING)), seed=5, size=30_000)


@cache
def drawn_worlds(population: str) -> list[dict[str, tuple[np.ndarray, np.ndarray]]]:
    kind = np.random.default_rng(20260712).choice(len(cells()), PEOPLE, p=population_weights(population))
    return [draw_world(kind, device=device) for device in (True, False)]


def agree(found: dict[str, float], told: str, drawn: np.ndarray) -> None:
    """Check a told mean against drawn values, within four errors of both."""
    error = math.hypot(float(drawn.std()) / math.sqrt(PEOPLE), found[f"{told}_error"])
    assert found[told] == pytest.approx(float(drawn.mean()), abs=4 * error)


@pytest.mark.parametrize("population", ["all", "overlap"])
@pytest.mark.parametrize("day", [30, 365, 1095])
def test_truth_of_crossing_hazards_is_that_of_drawn_event_times(population: str, day: int) -> None:
    worlds = drawn_worlds(population)
    for endpoint in worlds[0]:
        found = row(crossing_truth(), endpoint, population=population, day=day)
        treated, reference = (world[endpoint][0] < day + 1 for world in worlds)
        agree(found, "risk", treated)
        agree(found, "risk_reference", reference)
        agree(found, "difference", treated.astype(float) - reference)
    found = row(crossing_truth(), "death_mi_tvr", population=population, day=day)
    treated, reference = (np.minimum(np.floor(world["death_mi_tvr"][1]), day) for world in worlds)
    agree(found, "free_days", treated)
    agree(found, "free_days_difference", treated - reference)


@pytest.mark.parametrize("endpoint", ["death_mi_tvr", "mi", "tlr"])
def test_marginal_hazard_ratio_is_that_of_a_trial_without_censoring(endpoint: str) -> None:
    # both arms share their luck, so that the model's error, which takes them as independent, is generous
    estimate, error = cox_log_ratio([world[endpoint] for world in drawn_worlds("all")])
    assert math.log(hazard_ratio(crossing_truth(), endpoint) or 0) == pytest.approx(estimate, abs=3 * error)
    assert error < 0.02
