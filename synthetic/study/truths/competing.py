"""True coefficients and risks where events compete."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from synthetic.absolute_risk import ENDPOINTS, follow
from synthetic.outcomes import DAYS_PER_100_YEARS
from synthetic.study.truths.daily import add_hazards
from synthetic.study.truths.exposure import Exposure, expect, observe
from synthetic.study.truths.horizons import ONE_YEAR
from synthetic.study.truths.limits import cox_limit, fine_gray_limit
from synthetic.study.truths.models import has_one_baseline, over_reference

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    dialysis = population.sample.patients["dialysis"].to_numpy().astype(np.float64)
    found = _revascularisations(population)
    return {
        "dialysis_tvr_log_hr": cox_limit(np.tile(dialysis, 2), found),
        "dialysis_tvr_log_shr": fine_gray_limit(np.tile(dialysis, 2), found),
        "reference_cardiac_death_365": _reference_risk(population.scenario),
    }


def _revascularisations(population: Population) -> Exposure:
    """Expect revascularisations: patients in whom a thrombosis brings none, then those in whom it does."""
    own, model = population.own, population.scenario.outcomes
    endpoint = ENDPOINTS["tvr"]
    linked = endpoint.linked(model)
    event = add_hazards(own, endpoint.causes)
    death = add_hazards(own, endpoint.competing)
    found = expect(
        np.vstack([event, event + own["stent_thrombosis"]]),
        np.vstack([death, death]),
        breaks=model.breaks_days,
        until=np.tile(observe(population).nonfatal_until, 2),
    )
    share = np.repeat([1 - linked, linked], len(event))[:, None]
    return Exposure(
        found.edges, share * found.time, share * found.events, share * found.competing, found.seen
    )


def _reference_risk(scenario: Scenario) -> float:
    """Return the risk of cardiac death by a year, other deaths competing, of the patient asked about."""
    if not has_one_baseline(scenario):
        return float("nan")
    model = scenario.outcomes
    hazards = {}
    for name in ("cardiac_death", "noncardiac_death"):
        cause = model.causes[name]
        relative = prod(
            cause.covariate_hr.get(trait, 1.0) ** above for trait, above in over_reference(scenario).items()
        )
        hazards[name] = relative * np.asarray([cause.rate_per_100_years]) / DAYS_PER_100_YEARS
    return float(follow(hazards, model, ENDPOINTS["cardiac_death"], days=(ONE_YEAR,)).risk[0, 0])
