"""What makes a complication likelier with the same device: lesion, patient and size of the burr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from synthetic.codes import SEVERITIES, USES_RA
from synthetic.elementary import exp, log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synthetic.course_settings import Complications
    from synthetic.practice_settings import Modifier
    from synthetic.scenario import Scenario
    from synthetic.streams import Floats, Ints

CONTAINED = {
    "dissection_severe": "dissection_any",
    "tamponade": "perforation_any",
    "no_reflow_final": "slow_flow_any",
}
"""Complications that are part of another one."""

BURR = "burr_to_artery"
COVARIATES = ("lesion_length_mm", "angulated", "female", "cto", BURR)
"""What modifiers can depend on: millimetres, three flags (angulated is 45 degrees or more), a ratio."""


def describe_cases(lead: pl.DataFrame, *, male: pl.Series, odds: Floats) -> pl.DataFrame:
    """Return what complications depend on, the device and its size left out.

    Parameters
    ----------
    lead
        Leading lesion of each visit, in the columns of `draw_lesions`.
    male
        Of the visit's patient.
    odds
        What the visit's hospital and operator multiply the odds by.

    Returns
    -------
    polars.DataFrame
        One row per visit: `severity`, `vessel`, `reference_mm`, `odds` and the covariates but the burr.
    """
    return lead.select(
        "severity",
        "vessel",
        "reference_mm",
        lesion_length_mm="length_mm",
        angulated=(pl.col("angulation") > 0).cast(pl.Float64),
        female=1 - male.cast(pl.Float64),
        cto=pl.col("cto").cast(pl.Float64),
        odds=pl.Series(odds),
    )


def modifier_odds(
    model: Complications, name: str, cases: pl.DataFrame, *, strategy: Ints, burr: Floats
) -> Floats:
    """Return what covariates multiply the odds of one complication by, one value per visit.

    Parameters
    ----------
    model
        The scenario's complications.
    name
        Row of the scenario's table.
    cases
        From `describe_cases`.
    strategy
        Strategy of each visit; where it has no burr, the burr's modifier is one.
    burr
        Diameter of the first burr over that of the artery.
    """
    log_odds, severity = np.zeros(len(cases)), cases["severity"].to_numpy()
    for modifier in modifiers_of(model, name):
        is_burr = modifier.covariate == BURR
        values = burr if is_burr else cases[modifier.covariate].to_numpy()
        above = values - np.asarray(modifier.reference)[severity]
        term = log(modifier.odds_ratio) * above / modifier.per
        log_odds += np.where(np.isin(strategy, USES_RA), term, 0.0) if is_burr else term
    return exp(log_odds) if log_odds.any() else np.ones(len(cases))


def modifiers_of(model: Complications, name: str) -> list[Modifier]:
    """Return the modifiers of a complication: its own, or those of the one of which it is a part."""
    return [each for each in model.modifiers if each.complication in {name, CONTAINED.get(name)}]


def modifier_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield modifiers of what does not exist, and ratios that are none."""
    for place, modifier in enumerate(scenario.complications.modifiers):
        where = f"complications.modifiers[{place}]"
        if modifier.complication not in scenario.complications.probability:
            yield where, f"unknown complication '{modifier.complication}'"
        if modifier.complication in CONTAINED:
            yield where, f"give it for '{CONTAINED[modifier.complication]}', of which this is a part"
        if modifier.covariate not in COVARIATES:
            yield where, f"unknown covariate '{modifier.covariate}', not one of {', '.join(COVARIATES)}"
        if modifier.odds_ratio <= 0 or modifier.per <= 0:
            yield where, "odds_ratio and per must be above 0"
        if len(modifier.reference) != len(SEVERITIES):
            yield f"{where}.reference", f"needs {len(SEVERITIES)} values"
