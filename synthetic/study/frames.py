"""A replicate as an analyst gets it: cohort and outcomes derived from the tables, the truth left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.tables import RegistryTables
from analytics.cohort.time_to_event import derive_times_to_events
from analytics.comparison.covariates import derive_covariates
from analytics.complications.flags import derive_complication_flags
from synthetic.registry import generate_registry

if TYPE_CHECKING:
    from analytics.cohort.eligibility import Cohort
    from synthetic.scenario import Scenario

_USUAL = ("all_cause_death", "cardiac_death", "mace_d", "mi", "tvr")
"""Endpoints that most analyses ask for."""


class Replicate:
    """One registry, ready for analysis.

    Parameters
    ----------
    tables
        As generated: what the registry recorded.
    scenario
        Where they come from: what a band is scored against once it is made. No estimate may look at it.

    Attributes
    ----------
    scenario
        As given.
    tables, cohort
        The tables, and what `analytics.cohort` derives from them.
    index
        One row per index procedure: the columns of the cohort, and those that the hazards depend on.
    procedures
        One row per index procedure whose hospital states presence or absence of complications, with one flag
        per complication and the default covariates.
    """

    def __init__(self, tables: RegistryTables, scenario: Scenario) -> None:
        self.tables, self.scenario = tables, scenario
        self.cohort: Cohort = derive_cohort(tables)
        self.index = _add_covariates(self.cohort.procedures.filter(pl.col("is_index")), tables)
        flags = derive_complication_flags(self.cohort, tables).filter(
            pl.col("is_index") & (pl.col("complications_recorded").cast(pl.String) == "all")
        )
        self.procedures = derive_covariates(flags, lesions=tables.lesions)
        self._outcomes: dict[str, pl.DataFrame] = {}

    def outcome(self, endpoint: str) -> pl.DataFrame:
        """Return `index` with ``time_days``, ``time_is_exact`` and ``cause`` of a bundled endpoint.

        A cause is 0 where the patient was censored, 1 for the endpoint, 2 and more for what competes with it.
        """
        if endpoint not in self._outcomes:
            # What most analyses ask for is derived at once: clocks and events are prepared only then.
            self._derive([name for name in dict.fromkeys((endpoint, *_USUAL)) if name not in self._outcomes])
        return self._outcomes[endpoint]

    def _derive(self, names: list[str]) -> None:
        """Derive times and causes of some endpoints."""
        endpoints = [bundled_endpoints()[name] for name in names]
        times = derive_times_to_events(self.cohort, self.tables, endpoints)
        for name in names:
            own = times.filter(pl.col("endpoint") == name)
            known = own.select("procedure_id", "time_days", "cause", "time_is_exact")
            self._outcomes[name] = self.index.join(known, on="procedure_id", how="inner")


def draw_replicate(scenario: Scenario, *, seed: int, procedures: int) -> Replicate:
    """Draw a registry and derive what analyses start from.

    Parameters
    ----------
    scenario
        The scenario.
    seed
        Seed of the replicate.
    procedures
        Size of the registry.
    """
    drawn = generate_registry(scenario, procedures=procedures, seed=seed)
    return Replicate(RegistryTables(**drawn.tables), scenario)


def _add_covariates(index: pl.DataFrame, tables: RegistryTables) -> pl.DataFrame:
    """Add what the scenarios' hazards depend on, as the registry knows it."""
    extra = tables.procedures.select("procedure_id", "prior_stroke", "smoking")
    left_main = tables.lesions.group_by("procedure_id").agg(
        left_main=(pl.col("vessel").cast(pl.String) == "LM").any()
    )
    return (
        index.join(extra, on="procedure_id", how="left")
        .join(left_main, on="procedure_id", how="left")
        .with_columns(
            age_per_10_years=pl.col("age_years") / 10,
            current_smoking=pl.col("smoking").cast(pl.String) == "current",
            # Alternate days: two groups that differ in nothing.
            even_day=pl.col("procedure_day") % 2 == 0,
            acute=pl.col("presentation_group").cast(pl.String) == "acute",
            severity=pl.col("severity").cast(pl.String),
            strategy=pl.col("strategy_as_treated").cast(pl.String),
        )
    )
