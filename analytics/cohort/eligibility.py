"""From canonical tables to a cohort, one counted step at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.days import day_number, day_of, derive_patient_scale
from analytics.cohort.groups import derive_groups
from analytics.cohort.index_procedure import derive_planned_stages, mark_first_procedure
from analytics.cohort.specification import EXCLUSIONS, Cohort, CohortSpec

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

__all__ = ["Cohort", "CohortSpec", "derive_cohort", "derive_first_and_every"]

ATTRITION_SCHEMA: dict[str, type[pl.DataType]] = {
    "step": pl.String,
    "n_patients": pl.Int64,
    "n_procedures": pl.Int64,
    "n_lesions": pl.Int64,
    "n_left_out": pl.Int64,
    "reason": pl.String,
}
"""Columns of the attrition table."""

_LOOKED_AT = (
    "procedure_id",
    "patient_id",
    "procedure_date",
    "procedure_day",
    "discharge_date",
    "discharge_day",
    "age_years",
    "presentation",
    "cardiogenic_shock",
    "dialysis",
    "staged_pci_planned",
)
"""What the steps look at: every further column would be copied with each table that is joined."""


def derive_cohort(tables: RegistryTables, spec: CohortSpec | None = None) -> Cohort:
    """Derive who is counted from when, in which group.

    Parameters
    ----------
    tables
        Canonical tables, accepted rows only.
    spec
        Which procedures enter; the defaults of `CohortSpec` where None.

    Returns
    -------
    Cohort
        Procedures, lesions and the attrition table, whose steps add up: what a step leaves is what the one
        before left less its ``n_left_out``. An empty registry gives an empty cohort, no error.
    """
    asked = spec or CohortSpec()
    return _cohort_of(_candidates(tables, asked), tables, asked)


def derive_first_and_every(tables: RegistryTables, spec: CohortSpec | None = None) -> tuple[Cohort, Cohort]:
    """Derive the cohorts of first and of all procedures; what they share is derived once.

    Parameters
    ----------
    tables
        Canonical tables, accepted rows only.
    spec
        Which procedures enter; its ``index`` does not matter. The defaults of `CohortSpec` where None.

    Returns
    -------
    tuple of Cohort
        As `derive_cohort` gives them for ``index="first_procedure"`` and ``index="every_procedure"``.
    """
    asked = replace(spec or CohortSpec(), index="first_procedure")
    candidates = _candidates(tables, asked)
    first = _cohort_of(candidates, tables, asked)
    opened = candidates.filter("not_planned_stage").get_column("procedure_id")
    is_index = pl.col("procedure_id").is_in(opened.implode()).alias("is_index")
    every = Cohort(
        procedures=first.procedures.with_columns(is_index),
        lesions=first.lesions.with_columns(is_index),
        attrition=first.attrition.head(-1),  # the step to the first procedure is the last
        spec=replace(asked, index="every_procedure"),
    )
    return first, every


def _cohort_of(candidates: pl.DataFrame, tables: RegistryTables, asked: CohortSpec) -> Cohort:
    """Count the steps and describe what they leave."""
    attrition = _count_steps(candidates, asked)
    eligible = candidates.filter(pl.all_horizontal(pl.col(*_eligibility_steps(asked))))
    days = eligible.select(
        "procedure_id",
        "procedure_day",
        "discharge_day",
        pl.when(pl.col("is_calendar")).then(pl.col("procedure_date").dt.year()).alias("procedure_year"),
        pl.all_horizontal(pl.col(*_index_steps(asked))).alias("is_index"),
    )
    procedures, lesions = derive_groups(tables, days, asked)
    return Cohort(procedures=procedures, lesions=lesions, attrition=attrition, spec=asked)


def _candidates(tables: RegistryTables, spec: CohortSpec) -> pl.DataFrame:
    """Every procedure with its day, its number of lesions and a Boolean column per step."""
    lesions = tables.lesions.group_by("procedure_id").agg(
        pl.len().cast(pl.Int64).alias("n_lesions"),
        pl.col("in_stent_restenosis").fill_null(value=False).any().alias("has_isr"),
        pl.col("cto").fill_null(value=False).any().alias("has_cto"),
        pl.col("vessel").is_in(["vein_graft", "arterial_graft"]).any().alias("has_graft"),
    )
    dated = (
        tables.procedures.select(_LOOKED_AT)
        .join(lesions, on="procedure_id", how="left")
        .with_columns(pl.col("n_lesions").fill_null(0), *_patient_claims(tables))
        .with_columns(
            day_number("procedure_date", "procedure_day").alias("procedure_day"),
            day_number("discharge_date", "discharge_day").alias("discharge_day"),
        )
    )
    known = dated.filter(pl.col("procedure_day").is_not_null())
    stages = derive_planned_stages(known, tables, within_days=spec.staged_within_days)
    stepped = dated.join(stages, on="procedure_id", how="left").with_columns(_step_claims(spec))
    remaining = stepped.filter(pl.all_horizontal(pl.col(*_eligibility_steps(spec), "not_planned_stage")))
    first = mark_first_procedure(remaining).get_column("procedure_id")
    return stepped.with_columns(pl.col("procedure_id").is_in(first.implode()).alias("first_procedure"))


def _patient_claims(tables: RegistryTables) -> list[pl.Expr]:
    """Look up what is true of few patients: to join all of them to their procedures costs far more."""
    scale = derive_patient_scale(tables)
    refused = tables.patients.filter(~pl.col("research_use_allowed")).get_column("patient_id")
    relative = scale.filter("is_relative").get_column("patient_id")
    uncalendared = scale.filter(~pl.col("is_calendar")).get_column("patient_id")
    of_patient = pl.col("patient_id")
    return [
        (~of_patient.is_in(refused.implode())).fill_null(value=True).alias("research_use_allowed"),
        of_patient.is_in(relative.implode()).fill_null(value=False).alias("is_relative"),
        (~of_patient.is_in(uncalendared.implode())).fill_null(value=True).alias("is_calendar"),
    ]


def _step_claims(spec: CohortSpec) -> list[pl.Expr]:
    """One Boolean per step: True keeps the row. Only a recorded fact leaves a row out."""
    recorded = {
        "cardiogenic_shock": pl.col("cardiogenic_shock"),
        "stemi": pl.col("presentation") == "stemi",
        "dialysis": pl.col("dialysis"),
        "in_stent_restenosis": pl.col("has_isr"),
        "chronic_total_occlusion": pl.col("has_cto"),
        "graft": pl.col("has_graft"),
    }
    return [
        pl.col("research_use_allowed").alias("research_use"),
        (pl.col("n_lesions") > 0).alias("has_lesion"),
        pl.col("procedure_day").is_not_null().alias("known_day"),
        _in_window(spec).alias("in_window"),
        (pl.col("age_years") >= spec.min_age_years).fill_null(value=True).alias("min_age"),
        *((~recorded[name].fill_null(value=False)).alias(f"not_{name}") for name in spec.exclusions),
        (~pl.col("is_planned_stage").fill_null(value=False)).alias("not_planned_stage"),
    ]


def _in_window(spec: CohortSpec) -> pl.Expr:
    """Whether the procedure lies in the calendar window; without a window every row does."""
    if not spec.has_window:
        return pl.lit(value=True)
    inside = pl.col("is_calendar")
    if spec.first_day is not None:
        inside = inside & (pl.col("procedure_day") >= day_of(spec.first_day))
    if spec.last_day is not None:
        inside = inside & (pl.col("procedure_day") <= day_of(spec.last_day))
    return inside.fill_null(value=False)


def _eligibility_steps(spec: CohortSpec) -> list[str]:
    """Names of the steps that make a procedure eligible, in order."""
    return [
        "research_use",
        "has_lesion",
        "known_day",
        "in_window",
        "min_age",
        *(f"not_{name}" for name in spec.exclusions),
    ]


def _index_steps(spec: CohortSpec) -> list[str]:
    """Names of the steps that make an eligible procedure an index procedure, in order."""
    return (
        ["not_planned_stage", "first_procedure"] if spec.index == "first_procedure" else ["not_planned_stage"]
    )


def _reasons(spec: CohortSpec) -> dict[str, str]:
    """Say what each step leaves out."""
    return {
        "research_use": "The patient has opted out of research use.",
        "has_lesion": "No lesion is recorded for the procedure.",
        "known_day": "The day of the procedure is unknown.",
        "in_window": "Outside the calendar window, or without a real calendar date to place in it.",
        "min_age": f"Younger than {spec.min_age_years} years.",
        "not_planned_stage": "A planned stage of an earlier procedure opens no clock of its own.",
        "first_procedure": "Not the patient's first eligible procedure.",
        **{f"not_{name}": f"Excluded: {text}." for name, text in EXCLUSIONS.items()},
    }


def _count_steps(candidates: pl.DataFrame, spec: CohortSpec) -> pl.DataFrame:
    """Count what every step leaves."""
    reasons = _reasons(spec)
    left = candidates
    rows = [("registered", *_count(left), 0, "All procedures of the registry.")]
    for step in (*_eligibility_steps(spec), *_index_steps(spec)):
        kept = left.filter(pl.col(step))
        n_left_out = left.height - kept.height
        # Where nobody goes, nobody is counted again: telling patients apart is what this costs.
        counted = _count(kept) if n_left_out else rows[-1][1:4]
        rows.append((step, *counted, n_left_out, reasons[step]))
        left = kept
    return pl.DataFrame(rows, schema=ATTRITION_SCHEMA, orient="row")


def _count(left: pl.DataFrame) -> tuple[int, int, int]:
    """Count patients, procedures and lesions."""
    return left.get_column("patient_id").n_unique(), left.height, int(left.get_column("n_lesions").sum())
