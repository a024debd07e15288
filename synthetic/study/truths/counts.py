"""True differences between devices in what happened or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, follow
from synthetic.codes import PLAIN, RA
from synthetic.complications import probability_under
from synthetic.study.truths.horizons import ONE_YEAR
from synthetic.study.truths.population import Population, hazards_under

if TYPE_CHECKING:
    from synthetic.counterfactual import Sample
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools

_FIRST_RECORDED_DAY = 18_628  # 2021-01-01, in days since 1970-01-01


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    return {
        "mace_difference_365": _difference(population),
        "slow_flow_difference": _slow_flow(population.scenario, population.sample, population.arms),
    }


def _difference(population: Population) -> float:
    """Return the risk difference at a year if all of either group had been given either strategy."""
    scenario, sample = population.scenario, population.sample
    endpoint = ENDPOINTS["death_mi_tvr"]
    risks = [
        follow(hazards_under(scenario, sample, place), scenario.outcomes, endpoint, days=(ONE_YEAR,)).risk[
            population.arms
        ]
        for place in (RA, PLAIN)
    ]
    return float((risks[0] - risks[1]).mean())


def _slow_flow(scenario: Scenario, sample: Sample, arms: Bools) -> float:
    """Return the difference in slow flow if all of either group had been given either strategy.

    NaN where operators learn: what befalls one patient then depends on what was done to others.
    """
    if scenario.operators.learning:
        return float("nan")
    recorded = np.array([site.complications_recorded for site in scenario.sites])[sample.visits["site"]]
    late = sample.visits["day"].to_numpy() >= _FIRST_RECORDED_DAY
    told = arms & ((recorded == "all") | ((recorded == "none_until_2020") & late))
    chances = [
        probability_under(scenario, "slow_flow_any", sample.cases, strategy=place) for place in (RA, PLAIN)
    ]
    return float((chances[0] - chances[1])[told].mean())
