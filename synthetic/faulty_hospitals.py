"""Hospitals of their own for the faults of a registry that is drawn in blocks.

A fault of a whole hospital, and what faults of rows do to the limits of a hospital, can be told only where
all its rows are at hand. A block holds a part of each hospital, so that others join a large registry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from synthetic.corruption import plant_faults
from synthetic.registry import generate_registry
from synthetic.writer import spell_tables

if TYPE_CHECKING:
    import polars as pl

    from synthetic.scenario import Scenario
    from synthetic.settings import SiteProfile

HOSPITALS, PROCEDURES = 20, 8_000
"""At most so many hospitals, and procedures before faults add some: every fault of `default` finds room."""

_MARK = "F"


def draw_faulty_hospitals(scenario: Scenario, *, seed: int) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Draw a few hospitals as the scenario has them, and plant the faults in them.

    Parameters
    ----------
    scenario
        Of the registry that they join. Their codes are those of its hospitals with F before them, so that no
        key of theirs is one of the registry's.
    seed
        Seed of every random stream.

    Returns
    -------
    tuple
        Their canonical tables as text with faults, and the list of faults as of `plant_faults`.
    """
    registry = generate_registry(
        replace(scenario, sites=_marked(scenario.sites)), procedures=PROCEDURES, seed=seed
    )
    return plant_faults(spell_tables(registry.tables), seed)


def _marked(sites: tuple[SiteProfile, ...]) -> tuple[SiteProfile, ...]:
    """Return the first hospitals under codes that nobody has."""
    taken, mark = {site.site_id for site in sites}, _MARK
    some = sites[:HOSPITALS]
    while any(mark + site.site_id in taken for site in some):
        mark += _MARK
    return tuple(replace(site, site_id=mark + site.site_id) for site in some)
