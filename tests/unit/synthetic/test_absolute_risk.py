"""Risks from hazards: by hand, and against events drawn from the same hazards."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from synthetic.absolute_risk import ENDPOINTS, Endpoint, follow, free_days, lost_days
from synthetic.codes import CAUSES, RA
from synthetic.counterfactual import describe_marginals, weighted_mean
from synthetic.lesions import draw_lesions
from synthetic.outcomes import draw_outcomes
from synthetic.population import draw_patients, draw_sites, draw_trait, index_visits
from synthetic.scenario import load_scenario
from synthetic.settings import Outcomes
from synthetic.streams import open_streams

if TYPE_CHECKING:
    from synthetic.streams import Floats

MODEL = dataclasses.replace(load_scenario("default").outcomes, breaks_days=(10,))


def hazards(**given: tuple[float, float]) -> dict[str, Floats]:
    """Return the hazards of one patient; causes that are not named have none."""
    return {cause: np.array([given.get(cause, (0.0, 0.0))]) for cause in CAUSES}


def without_links(model: Outcomes) -> Outcomes:
    """Return a model in which a thrombosis brings nothing."""
    return dataclasses.replace(model, mi_with_stent_thrombosis=0.0, tlr_with_stent_thrombosis=0.0)


def test_death_alone_follows_the_exponential_law_across_intervals() -> None:
    fate = follow(hazards(cardiac_death=(0.01, 0.002)), MODEL, ENDPOINTS["cardiac_death"], days=(4, 29))
    # Day 4 ends at time 5: 5 x 0.01. Day 29 ends at 30: 10 x 0.01 + 20 x 0.002.
    assert fate.risk[0] == pytest.approx([1 - np.exp(-0.05), 1 - np.exp(-0.14)], abs=1e-14)
    assert fate.free[0] == pytest.approx([np.exp(-0.05), np.exp(-0.14)], abs=1e-14)


def test_a_competing_death_takes_its_share_of_the_infarctions() -> None:
    rates = hazards(mi=(0.03, 0.03), cardiac_death=(0.01, 0.01))
    fate = follow(rates, without_links(MODEL), ENDPOINTS["mi"], days=(99,))
    # A quarter of those who leave, leave by death: 3/4 (1 - exp(-0.04 x 100)).
    assert fate.risk[0, 0] == pytest.approx(0.75 * (1 - np.exp(-4)), abs=1e-14)
    assert fate.free[0, 0] == pytest.approx(np.exp(-4), abs=1e-14)


def test_a_thrombosis_brings_an_infarction_in_its_share_of_patients() -> None:
    fate = follow(hazards(stent_thrombosis=(0.02, 0.02)), MODEL, ENDPOINTS["mi"], days=(49,))
    assert fate.risk[0, 0] == pytest.approx(0.8 * (1 - np.exp(-1)), abs=1e-14)


def test_a_composite_is_brought_by_either_companion() -> None:
    assert ENDPOINTS["death_mi_tvr"].linked(MODEL) == pytest.approx(1 - 0.2 * 0.3)
    assert Endpoint(("mi",)).linked(MODEL) == 0


def test_lost_days_are_the_sum_of_the_risks_day_by_day() -> None:
    rates = hazards(mi=(0.03, 0.01), cardiac_death=(0.01, 0.002), stent_thrombosis=(0.004, 0.001))
    daily = follow(rates, MODEL, ENDPOINTS["mi"], days=tuple(range(30))).risk[0]
    found = lost_days(rates, MODEL, ENDPOINTS["mi"], day=30)[0]
    assert found == pytest.approx(daily.sum(), rel=1e-12)
    assert lost_days(hazards(), MODEL, ENDPOINTS["mi"], day=30)[0] == 0


def test_lost_days_by_hand() -> None:
    # One interval, infarction 0.03 and death 0.01 a day: risk 3/4 (1 - exp(-0.04)) after the first day and
    # 3/4 (1 - exp(-0.08)) after the second.
    rates = hazards(mi=(0.03, 0.03), cardiac_death=(0.01, 0.01))
    found = lost_days(rates, without_links(MODEL), ENDPOINTS["mi"], day=2)[0]
    assert found == pytest.approx(0.75 * (2 - np.exp(-0.04) - np.exp(-0.08)), rel=1e-12)


def test_free_days_are_the_sum_of_the_chances_day_by_day() -> None:
    rates = hazards(cardiac_death=(0.01, 0.002), noncardiac_death=(0.0, 0.001))
    days = tuple(range(30))
    by_day = follow(rates, MODEL, ENDPOINTS["all_cause_death"], days=days).free.sum()
    assert free_days(rates, MODEL, ENDPOINTS["all_cause_death"], day=30)[0] == pytest.approx(
        by_day, abs=1e-12
    )
    assert free_days(hazards(), MODEL, ENDPOINTS["all_cause_death"], day=30)[0] == 30


def test_weighted_mean_has_the_error_of_a_ratio() -> None:
    mean, error = weighted_mean(np.array([0.0, 1.0, 1.0]), np.array([2.0, 1.0, 1.0]))
    assert mean == 0.5
    assert error == pytest.approx(np.sqrt(4 * 0.25 + 0.25 + 0.25) / 4)


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, float], dict[str, float]]:
    """Return, by endpoint, the share of patients with it by day 365 all under RA, and what is expected."""
    scenario = load_scenario("nonproportional")
    streams, size = open_streams(7), 60_000
    sites = draw_sites(scenario, streams["sites"])
    patients = draw_patients(scenario, sites, streams["patients"], size=size)
    patients = patients.with_columns(unmeasured=draw_trait(scenario, patients, streams["unmeasured"]))
    lesions = draw_lesions(scenario, sites, index_visits(patients), streams["index_lesions"])
    lead = lesions.filter(pl.col("lesion_number") == 1).with_columns(strategy=pl.lit(RA))
    found = draw_outcomes(scenario, patients, lead=lead, rng=streams["outcomes"])
    day, death = found.day, found.death_day
    thrombosis = day["stent_thrombosis"]
    infarction = np.minimum(day["mi"], np.where(found.linked_mi, thrombosis, 10**6))
    seen = {
        "mi": np.mean(infarction <= 365),
        "all_cause_death": np.mean(death <= 365),
        "tlr": np.mean(np.minimum(day["tlr"], np.where(found.linked_tlr, thrombosis, 10**6)) <= 365),
    }
    expected = {
        name: float(follow(found.hazard, scenario.outcomes, ENDPOINTS[name], days=(365,)).risk.mean())
        for name in seen
    }
    return {name: float(value) for name, value in seen.items()}, expected


@pytest.mark.parametrize("endpoint", ["mi", "all_cause_death", "tlr"])
def test_drawn_events_agree_with_the_exact_risk(
    drawn: tuple[dict[str, float], dict[str, float]], endpoint: str
) -> None:
    seen, expected = drawn[0][endpoint], drawn[1][endpoint]
    assert abs(seen - expected) < 4 * np.sqrt(expected * (1 - expected) / 60_000)


def test_marginals_of_the_default_scenario_know_no_device_effect() -> None:
    told = describe_marginals(load_scenario("default"), seed=1, size=2_000)
    assert {row["difference"] for row in told["risks"]} == {0.0}
    assert {row["hazard_ratio"] for row in told["hazard_ratios"]} == {1.0}
    treated = {
        row["strategy"]: row["risk"]
        for row in told["risks"]
        if (row["endpoint"], row["population"], row["horizon_days"]) == ("death_mi_tvr", "treated", 365)
    }
    # Confounding by indication: those given a burr fare worse whatever they are given.
    assert treated["rotational_atherectomy"] > 1.3 * treated["plain_balloon"]


def test_marginals_of_crossing_hazards_change_sign() -> None:
    told = describe_marginals(load_scenario("nonproportional"), seed=1, size=4_000)
    differences = {
        row["horizon_days"]: row["difference"]
        for row in told["risks"]
        if (row["endpoint"], row["population"], row["strategy"])
        == ("death_mi_tvr", "all", "rotational_atherectomy")
    }
    assert differences[30] > 0 > differences[1095]


def test_the_same_seed_tells_the_same_truth() -> None:
    first, second = (describe_marginals(load_scenario("unmeasured"), seed=4, size=500) for _ in range(2))
    assert first == second
