"""True risks and times of all patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.absolute_risk import ENDPOINTS, follow, free_days
from synthetic.study.truths.horizons import ONE_YEAR, THREE_YEARS

if TYPE_CHECKING:
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    own, model = population.own, population.scenario.outcomes
    death = follow(own, model, ENDPOINTS["all_cause_death"], days=(ONE_YEAR,)).risk
    revascularised = follow(own, model, ENDPOINTS["tvr"], days=(ONE_YEAR,)).risk
    free = free_days(own, model, ENDPOINTS["death_mi_tvr"], day=THREE_YEARS)
    return {
        "death_365": float(death.mean()),
        "tvr_365": float(revascularised.mean()),
        "free_days_1095": float(free.mean()),
    }
