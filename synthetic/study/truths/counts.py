"""True differences between devices in what happened or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, follow
from synthetic.codes import PLAIN, RA
from synthetic.complications import probability_under
from synthetic.study.truths.horizons import ONE_YEAR
from synthetic.study.truths.population import hazards_under
from synthetic.study.truths.rates import who_is_told

if TYPE_CHECKING:
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    burr, balloon = _slow_flow(population)
    return {
        "mace_difference_365": _difference(population),
        "slow_flow_difference": burr - balloon,
        "slow_flow_log_ratio": float(np.log(burr / balloon)),
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


def _slow_flow(population: Population) -> tuple[float, float]:
    """Return the risks of slow flow if all of either group had been given each strategy, the burr first.

    NaN where operators learn: what befalls one patient then depends on what was done to others.
    """
    scenario, sample = population.scenario, population.sample
    if scenario.operators.learning:
        return float("nan"), float("nan")
    told = population.arms & who_is_told(population)
    burr, balloon = (
        probability_under(scenario, "slow_flow_any", sample.cases, strategy=place)[told].mean()
        for place in (RA, PLAIN)
    )
    return float(burr), float(balloon)
