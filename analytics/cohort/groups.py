"""The columns by which procedures and lesions are grouped and described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.cohort.calcification import (
    derive_lesion_severity,
    severity_rank,
    worst_measured_severity,
    worst_severity,
)
from analytics.cohort.strategy import USED_COLUMNS, derive_lesion_strategy, strategy_rank

if TYPE_CHECKING:
    from analytics.cohort.specification import CohortSpec
    from analytics.cohort.tables import RegistryTables

_PRESENTATION_GROUPS = {
    "stable_angina": "chronic",
    "silent_ischaemia": "chronic",
    "unstable_angina": "acute",
    "nstemi": "acute",
    "stemi": "acute",
    "acs_unspecified": "acute",
    "other": "other_unknown",
    "unknown": "other_unknown",
}
_DIABETES = {"no": False, "non_insulin": True, "insulin": True, "yes_unspecified": True}

_SEVERITY_COLUMNS = (
    "severity",
    "severity_angiography",
    "severity_ivus",
    "severity_oct",
    "severity_source",
    "severity_assessor",
)
_STRATEGY_COLUMNS = ("strategy_intended", "strategy_as_treated")
_PATIENT_COLUMNS = (
    "presentation",
    "presentation_group",
    "age_years",
    "sex",
    "diabetes",
    "has_diabetes",
    "ckd",
    "dialysis",
    "lvef_pct",
    "prior_mi",
    "prior_pci",
    "prior_cabg",
    "complications_recorded",
)
_KEY_COLUMNS = (
    "procedure_id",
    "patient_id",
    "site_id",
    "procedure_date",
    "procedure_day",
    "procedure_year",
    "is_index",
)


def derive_groups(
    tables: RegistryTables, days: pl.DataFrame, spec: CohortSpec
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Describe eligible procedures and their lesions.

    Parameters
    ----------
    tables
        Canonical tables.
    days
        Eligible procedures: ``procedure_id``, ``procedure_day``, ``discharge_day``, ``procedure_year``,
        ``is_index``.
    spec
        Preference and limits of the severity grades.

    Returns
    -------
    tuple of polars.DataFrame
        Procedures in order of ``procedure_id``, and lesions in order of ``procedure_id`` and
        ``lesion_number``. A procedure takes severity and strategy from its lesions as
        `docs/methods/calcification.md` and `docs/methods/strategy.md` say.
    """
    lesions = _describe_lesions(tables, days, spec)
    procedures = (
        tables.procedures.drop("procedure_day", "discharge_day")
        .join(days, on="procedure_id", how="inner")
        .join(tables.patients.select("patient_id", "sex"), on="patient_id", how="left")
        .join(_roll_up(lesions), on="procedure_id", how="left")
        .with_columns(*_derived_columns())
        .sort("procedure_id")
    )
    shown = procedures.select(
        *_KEY_COLUMNS,
        *_SEVERITY_COLUMNS,
        *_STRATEGY_COLUMNS,
        *_PATIENT_COLUMNS,
        *USED_COLUMNS,
        "n_lesions",
        "discharge_day",
        "discharge_status",
        "devices_recorded",
    )
    described = lesions.join(
        procedures.select(*_KEY_COLUMNS, *_PATIENT_COLUMNS),
        on="procedure_id",
        how="inner",
        maintain_order="left",
    )
    return shown, described.select(
        "lesion_id",
        *_KEY_COLUMNS,
        "vessel",
        *_SEVERITY_COLUMNS,
        *_STRATEGY_COLUMNS,
        *_PATIENT_COLUMNS,
        *USED_COLUMNS,
        "devices_recorded",
        "ivus_arc_class",
        "oct_calcium_score",
    )


def _describe_lesions(tables: RegistryTables, days: pl.DataFrame, spec: CohortSpec) -> pl.DataFrame:
    """Severity and strategy of each lesion of the eligible procedures."""
    severity = derive_lesion_severity(tables, preference=spec.severity_preference, limits=spec.arc_limits)
    return (
        tables.lesions.select("lesion_id", "procedure_id", "lesion_number", "vessel")
        .join(days.select("procedure_id"), on="procedure_id", how="semi")
        .join(severity, on="lesion_id", how="left")
        .join(derive_lesion_strategy(tables.lesions, tables.device_uses), on="lesion_id", how="left")
        .sort("procedure_id", "lesion_number", "lesion_id")
    )


def _roll_up(lesions: pl.DataFrame) -> pl.DataFrame:
    """Severity, strategy and devices of each procedure, from its lesions."""
    by_severity = lesions.with_columns(
        severity_rank("severity").alias("grade_rank"),
        # A lesion of unknown grade never outranks a graded one when a strategy is chosen for the procedure.
        pl.when(pl.col("severity") == "unknown")
        .then(-1)
        .otherwise(severity_rank("severity"))
        .alias("known_rank"),
        strategy_rank("strategy_intended").alias("intended_rank"),
        strategy_rank("strategy_as_treated").alias("treated_rank"),
    )
    worst_grade = [-pl.col("grade_rank"), pl.col("lesion_number")]
    return by_severity.group_by("procedure_id").agg(
        worst_severity("severity"),
        worst_severity("severity_angiography"),
        worst_measured_severity("severity_ivus"),
        worst_measured_severity("severity_oct"),
        pl.col("severity_source", "severity_assessor").sort_by(worst_grade).first(),
        _of_worst_lesion("strategy_intended", "intended_rank"),
        _of_worst_lesion("strategy_as_treated", "treated_rank"),
        pl.col(*USED_COLUMNS, "devices_recorded").any(),
        pl.len().cast(pl.Int64).alias("n_lesions"),
    )


def _of_worst_lesion(strategy: str, rank: str) -> pl.Expr:
    """Strategy of the most calcified lesion; ties go to the stronger strategy, then to the first lesion."""
    order = [-pl.col("known_rank"), pl.col(rank), pl.col("lesion_number")]
    return pl.col(strategy).sort_by(order).first()


def _derived_columns() -> list[pl.Expr]:
    """Group the presentation, and turn diabetes into a claim."""
    return [
        pl.col("presentation")
        .replace_strict(_PRESENTATION_GROUPS, default="other_unknown", return_dtype=pl.String)
        .fill_null("other_unknown")
        .alias("presentation_group"),
        pl.col("diabetes")
        .replace_strict(_DIABETES, default=None, return_dtype=pl.Boolean)
        .alias("has_diabetes"),
    ]
