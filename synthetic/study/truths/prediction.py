"""How well scores predict, as their patients' true hazards have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.outcomes import DAYS_PER_100_YEARS, covariate_values, cumulative_hazard, relative_hazard
from synthetic.scenario import load_scenario
from synthetic.study.truths.daily import add_hazards
from synthetic.study.truths.exposure import expect, followed_alive, observe
from synthetic.study.truths.horizons import ONE_YEAR, THREE_YEARS
from synthetic.study.truths.limits import cox_limit
from synthetic.study.truths.models import grades_are_true

if TYPE_CHECKING:
    from synthetic.streams import Floats, Ints
    from synthetic.study.truths.exposure import Exposure
    from synthetic.study.truths.population import Population

    Hazards = dict[str, Floats]

PUBLISHED = "default"
"""Scenario whose hazards make up the published score."""

_DEATHS = ("cardiac_death", "noncardiac_death")


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    age = np.floor(population.sample.patients["age"].to_numpy()).astype(np.int64)
    breaks = population.scenario.outcomes.breaks_days
    death = add_hazards(population.own, _DEATHS)
    none = np.zeros_like(death)
    always = np.full(len(age), THREE_YEARS)
    followed = followed_alive(population, observe(population))
    seen = expect(death, none, breaks=breaks, until=np.minimum(followed, THREE_YEARS), last_day=THREE_YEARS)
    complete = expect(death, none, breaks=breaks, until=always, last_day=THREE_YEARS)
    by_a_year = 1 - np.exp(-cumulative_hazard(death, breaks, days=ONE_YEAR + 1))
    return {
        "age_harrell_1095": concordance(age, seen),
        "age_uno_1095": concordance(age, complete),
        "age_auc_365": area(age, by_a_year),
        "stroke_slope": _stroke_slope(population, followed),
        "stroke_ratio_365": _stroke_ratio(population),
        "death_ratio_365": _death_ratio(population),
    }


def concordance(score: Ints, found: Exposure) -> float:
    """Return how often the earlier event goes with the higher score, over all pairs of patients.

    Parameters
    ----------
    score
        Whole numbers, one per patient.
    found
        From `expect`; what is cut off there is not compared.
    """
    level = np.unique(score, return_inverse=True)[1]
    events = _by_level(level, found.events)
    at_risk = _by_level(level, found.time) / np.diff(found.edges)
    below = np.cumsum(at_risk, axis=0) - at_risk
    agreeing = float((events * (below + at_risk / 2)).sum())
    return agreeing / float((events * at_risk.sum(axis=0)).sum())


def area(score: Ints, risk: Floats) -> float:
    """Return how often who has the event by a day has a higher score than who has it later.

    Parameters
    ----------
    score
        Whole numbers, one per patient.
    risk
        Chance of the event by the day.
    """
    level = np.unique(score, return_inverse=True)[1]
    cases, controls = np.bincount(level, risk), np.bincount(level, 1 - risk)
    below = np.cumsum(controls) - controls
    return float((cases * (below + controls / 2)).sum() / (cases.sum() * controls.sum()))


def _by_level(level: Ints, values: Floats) -> Floats:
    """Add up the rows of each level."""
    return np.stack([np.bincount(level, column) for column in values.T], axis=1)


def _published(population: Population, names: tuple[str, ...]) -> Hazards:
    """Return each patient's hazards as the published score has them."""
    score, lead = load_scenario(PUBLISHED), population.sample.lead
    covariates = covariate_values(score, population.sample.patients, (lead["vessel"] == 0).to_numpy())
    severity = lead["severity"].to_numpy()
    hazards = {}
    for name in names:
        cause = score.outcomes.causes[name]
        relative = np.asarray(cause.severity_hr)[severity] * relative_hazard(cause, covariates)
        hazards[name] = relative[:, None] * (np.asarray(cause.rate_per_100_years) / DAYS_PER_100_YEARS)
    return hazards


def _stroke_slope(population: Population, followed: Ints) -> float:
    """Return the coefficient of the score's log hazard ratio."""
    own = population.own
    found = expect(
        own["stroke"],
        add_hazards(own, _DEATHS),
        breaks=population.scenario.outcomes.breaks_days,
        until=followed,
    )
    return cox_limit(np.log(_published(population, ("stroke",))["stroke"][:, 0]), found)


def _stroke_ratio(population: Population) -> float:
    """Return the risk of stroke at a year if nobody died before, over what the score predicts of it."""
    return _ratio(population, ("stroke",))


def _death_ratio(population: Population) -> float:
    """Return the risk of death at a year over what the score predicts; NaN where grades are misread."""
    return _ratio(population, _DEATHS) if grades_are_true(population.scenario) else float("nan")


def _ratio(population: Population, causes: tuple[str, ...]) -> float:
    """Return mean true risk at a year over mean predicted risk."""
    breaks = population.scenario.outcomes.breaks_days
    published = _published(population, causes)
    true, predicted = (
        -np.expm1(-cumulative_hazard(add_hazards(hazards, causes), breaks, days=ONE_YEAR + 1))
        for hazards in (population.own, published)
    )
    return float(true.mean() / predicted.mean())
