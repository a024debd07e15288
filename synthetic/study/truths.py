"""What is true of a scenario, for each quantity that the study estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, Endpoint, follow, free_days
from synthetic.codes import PLAIN, RA, STRATEGY_CODES
from synthetic.complications import complication_probability
from synthetic.counterfactual import Sample, draw_sample
from synthetic.outcomes import device_ratios, site_effects

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

SAMPLE = 100_000
ONE_YEAR, THREE_YEARS = 365, 1095
_FIRST_RECORDED_DAY = 18_628  # 2021-01-01, in days since 1970-01-01


def find_truths(scenario: Scenario, *, seed: int) -> dict[str, float]:
    """Return the true value of each quantity by name.

    Parameters
    ----------
    scenario
        The scenario.
    seed
        Seed of the sample; hospitals differ between replicates, so that the truth is that of the hospitals of
        this seed and errs by what hospitals make of it.
    """
    sample = draw_sample(scenario, seed=seed, size=SAMPLE)
    own = _hazards(scenario, sample, sample.strategy)
    model = scenario.outcomes
    death = follow(own, model, ENDPOINTS["all_cause_death"], days=(ONE_YEAR,)).risk
    revascularised = follow(own, model, ENDPOINTS["tvr"], days=(ONE_YEAR,)).risk
    free = free_days(own, model, ENDPOINTS["death_mi_tvr"], day=THREE_YEARS)
    arms = np.isin(sample.strategy, (PLAIN, RA))
    return {
        "death_365": float(death.mean()),
        "tvr_365": float(revascularised.mean()),
        "free_days_1095": float(free.mean()),
        "mace_difference_365": _difference(scenario, sample, arms, ENDPOINTS["death_mi_tvr"]),
        "device_log_hr": _conditional(scenario),
        "severity_log_hr": float(np.log(model.causes["cardiac_death"].severity_hr[3])),
        "slow_flow_difference": _slow_flow(scenario, sample, arms),
    }


def _hazards(scenario: Scenario, sample: Sample, strategy: Ints | int) -> dict[str, Floats]:
    """Return hazards under the strategies given, or under one for all."""
    return {
        name: untreated * device_ratios(scenario, name)[strategy]
        for name, untreated in sample.hazards.items()
    }


def _difference(scenario: Scenario, sample: Sample, rows: Bools, endpoint: Endpoint) -> float:
    """Return the risk difference at a year if all of some patients had been given either strategy."""
    risks = [
        follow(_hazards(scenario, sample, place), scenario.outcomes, endpoint, days=(ONE_YEAR,)).risk[rows]
        for place in (RA, PLAIN)
    ]
    return float((risks[0] - risks[1]).mean())


def _conditional(scenario: Scenario) -> float:
    """Return the log hazard ratio of cardiac death between the two devices; NaN if it varies over time."""
    ratios = device_ratios(scenario, "cardiac_death")
    own = np.log(ratios[RA] / ratios[PLAIN])
    return float(own[0]) if np.ptp(own) == 0 else float("nan")


def _slow_flow(scenario: Scenario, sample: Sample, arms: Bools) -> float:
    """Return the difference in slow flow if all of either group had been given either strategy."""
    recorded = np.array([site.complications_recorded for site in scenario.sites])[sample.visits["site"]]
    late = sample.visits["day"].to_numpy() >= _FIRST_RECORDED_DAY
    told = arms & ((recorded == "all") | ((recorded == "none_until_2020") & late))
    lead = sample.lead
    odds = site_effects(scenario, sample.visits, of="complication_odds", day="day")
    chances = [
        complication_probability(
            scenario.complications,
            "slow_flow_any",
            strategy=np.full(len(lead), place),
            severity=lead["severity"].to_numpy(),
            vessel=lead["vessel"].to_numpy(),
            odds=odds,
        )
        for place in (RA, PLAIN)
    ]
    return float((chances[0] - chances[1])[told].mean())


GROUPS = (STRATEGY_CODES[PLAIN], STRATEGY_CODES[RA])
"""The two strategies that the study compares, the reference first."""
