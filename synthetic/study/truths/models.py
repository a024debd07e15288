"""True coefficients of regression models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PLAIN, RA
from synthetic.outcomes import DAYS_PER_100_YEARS, covariate_values, device_ratios, relative_hazard
from synthetic.study.truths.exposure import expect, followed_alive, observe
from synthetic.study.truths.horizons import ASKED_AGE_YEARS, ASKED_LVEF_PCT
from synthetic.study.truths.limits import cox_limit

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats
    from synthetic.study.truths.exposure import Exposure
    from synthetic.study.truths.population import Population

INTERVAL = 2
"""Place of the interval whose hazard is asked for: days 31 to 180."""

_EARLY_DAYS = 31


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    scenario = population.scenario
    cause = scenario.outcomes.causes["cardiac_death"]
    found = _cardiac_deaths(population)
    early = int(np.searchsorted(found.edges, _EARLY_DAYS))
    periods = {"early": slice(0, early), "later": slice(early, None)}
    return {
        "device_log_hr": _conditional(scenario),
        "severity_log_hr": float(np.log(cause.severity_hr[3])),
        "dialysis_log_hr": float(np.log(cause.covariate_hr["dialysis"])),
        "age_log_hr": float(np.log(cause.covariate_hr["age_per_10_years"])),
        "no_effect": 0.0,
        "nothing_acts": 1.0,
        "dialysis_crude_log_hr": cox_limit(_flag(population, "dialysis"), found),
        **{
            f"atherectomy_{name}_log_hr": _atherectomy(population, found, cells)
            for name, cells in periods.items()
        },
        "log_hazard_31_180": reference_log_hazard(scenario),
        "severity_is_proportional": 1.0 if grades_are_true(scenario) else float("nan"),
        "atherectomy_is_proportional": 1.0 if np.isfinite(_conditional(scenario)) else 0.0,
        "site_variance": 0.0 if hospitals_are_alike(scenario) else float("nan"),
        "hospitals_alike": 1.0 if hospitals_are_alike(scenario) else 0.0,
    }


def grades_are_true(scenario: Scenario) -> bool:
    """Tell whether a core laboratory grades every lesion without error, so that no grade is misread."""
    return all(site.calcification_assessor == "core_lab" for site in scenario.sites)


def hospitals_are_alike(scenario: Scenario) -> bool:
    """Tell whether no hospital acts on a hazard."""
    return all(site.event_hazard_ratio == 1.0 for site in scenario.sites)


def has_one_baseline(scenario: Scenario) -> bool:
    """Tell whether patients alike in what is recorded have the same hazard wherever they are treated."""
    return hospitals_are_alike(scenario) and set(scenario.unmeasured.hazard_ratio.values()) <= {1.0}


def over_reference(scenario: Scenario) -> dict[str, float]:
    """Return by how much the patient asked about lies above the scenario's reference patient.

    Tables hold completed years, so that those of one age are half a year older on average.
    """
    model = scenario.outcomes
    return {
        "age_per_10_years": (ASKED_AGE_YEARS + 0.5 - model.reference_age_years) / 10,
        "lvef_per_pct": ASKED_LVEF_PCT - model.reference_lvef_pct,
    }


def _conditional(scenario: Scenario) -> float:
    """Return the log hazard ratio of cardiac death between the two devices; NaN if it varies over time."""
    ratios = device_ratios(scenario, "cardiac_death")
    own = np.log(ratios[RA] / ratios[PLAIN])
    return float(own[0]) if np.ptp(own) == 0 else float("nan")


def _cardiac_deaths(population: Population) -> Exposure:
    """Expect cardiac deaths and time at risk of them."""
    own = population.own
    return expect(
        own["cardiac_death"],
        own["noncardiac_death"],
        breaks=population.scenario.outcomes.breaks_days,
        until=followed_alive(population, observe(population)),
    )


def _flag(population: Population, name: str) -> Floats:
    """Return a trait of the patients as numbers."""
    return population.sample.patients[name].to_numpy().astype(np.float64)


def _atherectomy(population: Population, found: Exposure, cells: slice) -> float:
    """Return the log hazard ratio of rotational atherectomy against everything else in a period."""
    patients, lead = population.sample.patients, population.sample.lead
    cause = population.scenario.outcomes.causes["cardiac_death"]
    covariates = covariate_values(population.scenario, patients, (lead["vessel"] == 0).to_numpy())
    others = np.asarray(cause.severity_hr)[lead["severity"].to_numpy()] * relative_hazard(cause, covariates)
    ratios = device_ratios(population.scenario, "cardiac_death")
    if np.all(ratios == ratios[0]):
        return 0.0
    own = (population.sample.strategy == RA).astype(np.float64)
    return cox_limit(own, found, relative=others, cells=cells)


def reference_log_hazard(scenario: Scenario) -> float:
    """Return the log hazard per day of the patient asked about."""
    if not has_one_baseline(scenario):
        return float("nan")
    cause = scenario.outcomes.causes["cardiac_death"]
    shift = sum(
        np.log(cause.covariate_hr.get(name, 1.0)) * above for name, above in over_reference(scenario).items()
    )
    return float(np.log(cause.rate_per_100_years[INTERVAL] / DAYS_PER_100_YEARS) + shift)
