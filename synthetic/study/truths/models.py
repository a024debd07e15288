"""True coefficients of regression models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PLAIN, RA
from synthetic.outcomes import device_ratios

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.study.truths.population import Population


def find_truths(population: Population) -> dict[str, float]:
    """Return the true value of each quantity by name."""
    causes = population.scenario.outcomes.causes
    return {
        "device_log_hr": _conditional(population.scenario),
        "severity_log_hr": float(np.log(causes["cardiac_death"].severity_hr[3])),
    }


def _conditional(scenario: Scenario) -> float:
    """Return the log hazard ratio of cardiac death between the two devices; NaN if it varies over time."""
    ratios = device_ratios(scenario, "cardiac_death")
    own = np.log(ratios[RA] / ratios[PLAIN])
    return float(own[0]) if np.ptp(own) == 0 else float("nan")
