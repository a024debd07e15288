"""Which procedures open a clock: planned stages never do, and by default only a patient's first one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.days import day_number, derive_patient_scale

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

_ORDER = ("patient_id", "procedure_day", "procedure_id")


def derive_planned_stages(dated: pl.DataFrame, tables: RegistryTables, *, within_days: int) -> pl.DataFrame:
    """Find the procedures that are planned stages of an earlier one.

    Parameters
    ----------
    dated
        All procedures with a known day: ``procedure_id``, ``patient_id``, ``procedure_day``,
        ``staged_pci_planned``. Procedures that fail other criteria belong here too: a stage stays a stage
        though its first part lies outside the window.
    tables
        Reads ``events``, ``patients`` and ``sites``.
    within_days
        Longest gap between a procedure with ``staged_pci_planned`` and its stage, where no event row decides.

    Returns
    -------
    polars.DataFrame
        ``procedure_id``, ``is_planned_stage`` of the procedures that may be one; those without a row are
        none. True where a repeat PCI of the same day is recorded as planned stage; False where it is recorded
        as not planned; otherwise True where the patient's previous procedure, on an earlier day, announced a
        stage and lies at most `within_days` back.
    """
    recorded = _recorded_stages(tables)
    rows = dated.select(*_ORDER, "staged_pci_planned")
    # Few patients were told of a stage; sorting all procedures by their keys would cost far more.
    announcers = rows.filter("staged_pci_planned").get_column("patient_id")
    told = pl.concat([announcers, recorded.get_column("patient_id")]).unique()
    ordered = rows.filter(pl.col("patient_id").is_in(told.implode())).sort(*_ORDER)
    follows = pl.col("patient_id") == pl.col("patient_id").shift(1)
    gap = pl.col("procedure_day") - pl.when(follows).then(pl.col("procedure_day").shift(1))
    announced = pl.col("staged_pci_planned").shift(1).fill_null(value=False)
    # A first procedure of a patient has no gap: null, hence no stage.
    guessed = (announced & gap.is_between(1, within_days)).fill_null(value=False)
    return (
        ordered.with_columns(guessed=guessed)
        .join(recorded, on=["patient_id", "procedure_day"], how="left")
        .select("procedure_id", pl.coalesce("recorded", "guessed").alias("is_planned_stage"))
    )


def _recorded_stages(tables: RegistryTables) -> pl.DataFrame:
    """Days on which a repeat PCI is recorded as planned stage (True) or not (False)."""
    return (
        tables.events.filter((pl.col("event_type") == "revasc_pci") & pl.col("planned_staged").is_not_null())
        .join(derive_patient_scale(tables), on="patient_id", how="left")
        .with_columns(day_number("event_date", "event_day").alias("procedure_day"))
        .filter(pl.col("procedure_day").is_not_null())
        .group_by("patient_id", "procedure_day")
        .agg(pl.col("planned_staged").any().alias("recorded"))
    )


def mark_first_procedure(candidates: pl.DataFrame) -> pl.DataFrame:
    """Find each patient's first procedure among candidates.

    Parameters
    ----------
    candidates
        ``procedure_id``, ``patient_id``, ``procedure_day``.

    Returns
    -------
    polars.DataFrame
        The first ``procedure_id`` of each patient; of two on one day the smaller identifier.
    """
    # Only those of several have to be put in order: most patients have one, and keys are slow to sort.
    rows = candidates.select(*_ORDER).with_columns(is_one_of_several=pl.col("patient_id").is_duplicated())
    several = rows.filter("is_one_of_several").sort(*_ORDER)
    firsts = several.unique("patient_id", keep="first", maintain_order=True)
    return pl.concat([rows.filter(~pl.col("is_one_of_several")), firsts]).select("procedure_id")
