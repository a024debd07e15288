"""Flags of complications out of a snapshot, for every unit, with what comparisons are adjusted for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.complications.comparisons import add_severity_group
from analytics.complications.definitions import COMPLICATIONS, default_unit
from analytics.complications.patients import derive_patient_flags
from analytics.complications.rates import estimate_complication_rates
from analytics.complications.use_plan import USE_PLAN
from analytics.errors import StoreError
from analytics.store.queries import read_cohort, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.complications.results import ComplicationRate
    from analytics.store.filters import CohortFilter

LESION_COVARIATES = ("cto", "bifurcation")
"""Columns of ``lesions`` that comparisons of lesions are adjusted for."""


def read_complication_flags(
    snapshot: Path, population: CohortFilter, *, unit: str, use_plan: str | None = None
) -> pl.DataFrame:
    """Read who had which complication.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at. Every procedure counts, index or not: a complication belongs to the procedure it
        happened in.
    unit
        ``lesion``, ``procedure`` or ``patient``.
    use_plan
        ``planned`` or ``bailout``: only units with such a use of devices; all where None.

    Returns
    -------
    polars.DataFrame
        Result of `analytics.complications.flags.derive_complication_flags` with ``severity_group``, and for
        lesions ``cto`` and ``bifurcation``.

    Raises
    ------
    StoreError
        The snapshot cannot be read, or was published without plans of use that are asked for.
    """
    wide = replace(population, first_procedures_only=False)
    flags = read_cohort(snapshot, "lesion_complications" if unit == "lesion" else "complications", wide)
    if use_plan is not None:
        flags = _keep_plan(flags, use_plan, snapshot)
    if unit == "patient":
        flags = derive_patient_flags(flags)
    if unit == "lesion":
        own = read_table(snapshot, "lesions").select("lesion_id", *LESION_COVARIATES)
        flags = flags.join(own, on="lesion_id", how="left", maintain_order="left")
    return add_severity_group(flags, wide.severity_column)


def estimate_usual_rates(snapshot: Path, population: CohortFilter) -> tuple[ComplicationRate, ...]:
    """Estimate every complication by strategy and grade, each by its own unit.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at; every procedure counts.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    found: dict[str, list[ComplicationRate]] = {}
    for unit in ("lesion", "procedure"):
        flags = read_complication_flags(snapshot, population, unit=unit)
        keys = [key for key in COMPLICATIONS if default_unit(key) == unit and key in flags.columns]
        rates = estimate_complication_rates(
            flags,
            complications=keys,
            strategy=population.strategy_column,
            severity=population.severity_column,
        )
        for rate in rates:
            found.setdefault(rate.complication, []).append(rate)
    return tuple(rate for key in COMPLICATIONS for rate in found.get(key, []))


def has_use_plan(flags: pl.DataFrame) -> bool:
    """Whether plans of use are recorded for anybody, so that a reader can choose between them."""
    return USE_PLAN in flags.columns and bool((flags[USE_PLAN] != "unknown").any())


def _keep_plan(flags: pl.DataFrame, use_plan: str, snapshot: Path) -> pl.DataFrame:
    """Keep units with one plan of use."""
    if USE_PLAN not in flags.columns:
        raise StoreError(
            where=str(snapshot), what="it was published without plans of use", fix="Publish the store again."
        )
    return flags.filter(pl.col(USE_PLAN) == use_plan)
