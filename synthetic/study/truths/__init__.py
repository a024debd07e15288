"""What is true of a scenario, for each quantity that the study estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthetic.study.truths import (
    agreement,
    competing,
    counts,
    curves,
    groups,
    models,
    prediction,
    rates,
    recurrent,
)
from synthetic.study.truths.horizons import GROUPS, ONE_YEAR, THREE_YEARS
from synthetic.study.truths.population import draw_population

if TYPE_CHECKING:
    from synthetic.scenario import Scenario

__all__ = ["GROUPS", "ONE_YEAR", "THREE_YEARS", "find_truths"]


def find_truths(scenario: Scenario, *, seed: int) -> dict[str, float]:
    """Return the true value of each quantity by name; NaN where a scenario has no single one.

    Parameters
    ----------
    scenario
        The scenario.
    seed
        Seed of the sample; hospitals differ between replicates, so that the truth is that of the hospitals of
        this seed and errs by what hospitals make of it.
    """
    population = draw_population(scenario, seed=seed)
    found: dict[str, float] = {}
    for module in (curves, recurrent, groups, models, competing, prediction, counts, rates, agreement):
        found |= module.find_truths(population)
    return found
