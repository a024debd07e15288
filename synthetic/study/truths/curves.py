"""True risks, hazards and times of all patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, follow, free_days
from synthetic.study.truths.daily import DailyCourse, follow_daily
from synthetic.study.truths.horizons import (
    LATE_DAY,
    ONE_MONTH,
    ONE_YEAR,
    QUANTILE,
    THREE_YEARS,
    TRUTH_SEEDS,
)
from synthetic.study.truths.linkage import median_follow_up
from synthetic.study.truths.population import draw_population

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    own, model = population.own, population.scenario.outcomes
    days = (ONE_MONTH, ONE_YEAR)
    composite = follow(own, model, ENDPOINTS["death_mi_tvr"], days=days).free.mean(axis=0)
    free = free_days(own, model, ENDPOINTS["death_mi_tvr"], day=THREE_YEARS)
    return {
        **_of_death(follow_daily(own, model, "all_cause_death", until=THREE_YEARS)),
        **_of_revascularisation(follow_daily(own, model, "tvr", until=THREE_YEARS)),
        "landmark_mace": float(1 - composite[1] / composite[0]),
        "free_days_1095": float(free.mean()),
        "band_deviation": 0.0,
        "median_follow_up": median_follow_up(population.scenario),
    }


def _of_death(course: DailyCourse) -> dict[str, float]:
    """Read what is asked about death."""
    free = course.free
    return {
        "death_30": float(course.risk[ONE_MONTH]),
        "death_365": float(course.risk[ONE_YEAR]),
        "death_1095": float(course.risk[THREE_YEARS]),
        "survival_1095_given_365": float(free[THREE_YEARS] / free[ONE_YEAR]),
        "death_quantile": float(first_day_below(free, 1 - QUANTILE)),
    }


def _of_revascularisation(course: DailyCourse) -> dict[str, float]:
    """Read what is asked about target-vessel revascularisation."""
    return {
        "tvr_365": float(course.risk[ONE_YEAR]),
        "tvr_1095": float(course.risk[THREE_YEARS]),
        "tvr_lost_days": float(course.risk[:THREE_YEARS].sum()),
        "tvr_cumulative_hazard": float(course.hazard[: THREE_YEARS + 1].sum()),
        "tvr_hazard_late": float(course.hazard[LATE_DAY]),
    }


def first_day_below(curve: Floats, level: float) -> float:
    """Return the first day on which a curve is at or below a level; NaN where it never is."""
    below = np.flatnonzero(curve <= level)
    return float(below[0]) if len(below) else float("nan")


def average_survival(scenario: Scenario) -> Floats:
    """Return survival by day up to three years, averaged over several sets of hospitals."""
    found = []
    for seed in TRUTH_SEEDS:
        population = draw_population(scenario, seed=seed)
        course = follow_daily(population.own, scenario.outcomes, "all_cause_death", until=THREE_YEARS)
        found.append(course.free)
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)
