"""True differences between groups of patients, as they are: other causes of the difference included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.absolute_risk import ENDPOINTS, follow, free_days
from synthetic.study.truths.horizons import ONE_YEAR, THREE_YEARS

if TYPE_CHECKING:
    from synthetic.streams import Bools, Floats
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name.

    Patients treated on even and on odd days are alike in every scenario. Smokers, and patients with more
    calcification, fare worse in all of them.
    """
    own, model = population.own, population.scenario.outcomes
    composite = ENDPOINTS["death_mi_tvr"]
    risk = follow(own, model, composite, days=(ONE_YEAR,)).risk[:, 0]
    free = free_days(own, model, composite, day=THREE_YEARS)
    male = population.sample.patients["male"].to_numpy()
    dialysis = population.sample.patients["dialysis"].to_numpy()
    diabetes = population.sample.patients["diabetes"].to_numpy() > 0
    return {
        "no_difference": 0.0,
        "days_alike": 1.0,
        "smoking_alike": 0.0,
        "severity_alike": 0.0,
        "sex_mace_difference": difference(risk, male),
        "dialysis_mace_difference": difference(risk, dialysis),
        "dialysis_free_days_difference": difference(free, dialysis),
        "diabetes_mace_difference": difference(risk, diabetes),
    }


def difference(values: Floats, group: Bools) -> float:
    """Return the mean of a group less that of all others."""
    return float(values[group].mean() - values[~group].mean())
