"""A large sample of a scenario's patients, with what would happen to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthetic.codes import PLAIN, RA
from synthetic.counterfactual import Sample, draw_sample
from synthetic.outcomes import device_ratios

if TYPE_CHECKING:
    from synthetic.scenario import Scenario
    from synthetic.streams import Bools, Floats, Ints

SAMPLE = 10_000
"""Patients of each set of hospitals."""


@dataclass(frozen=True, eq=False)
class Population:
    """Patients of which the truth is told.

    Parameters
    ----------
    scenario
        Where they come from.
    sample
        They, what they were given, and their hazards before any device acts.
    own
        Hazards under what each was given, by cause: one row per patient, one column per interval.
    arms
        Who was given one of the two devices that are compared.
    """

    scenario: Scenario
    sample: Sample
    own: dict[str, Floats]
    arms: Bools


def draw_population(scenario: Scenario, *, seed: int) -> Population:
    """Draw the patients at the hospitals of a seed."""
    sample = draw_sample(scenario, seed=seed, size=SAMPLE)
    return Population(
        scenario=scenario,
        sample=sample,
        own=hazards_under(scenario, sample, sample.strategy),
        arms=np.isin(sample.strategy, (PLAIN, RA)),
    )


def hazards_under(scenario: Scenario, sample: Sample, strategy: Ints | int) -> dict[str, Floats]:
    """Return hazards under the strategies given, or under one for all."""
    return {
        name: untreated * device_ratios(scenario, name)[strategy]
        for name, untreated in sample.hazards.items()
    }
