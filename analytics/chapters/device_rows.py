"""The frames that the chapter on devices is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.devices.lesion_features import derive_lesion_features
from analytics.store.filters import CohortFilter
from analytics.store.queries import read_cohort, read_table

if TYPE_CHECKING:
    from pathlib import Path

LESION_COLUMNS = (
    "lesion_length_mm",
    "reference_diameter_mm",
    "crossability",
    "tortuosity",
    "angulation",
    "cto",
    "in_stent_restenosis",
    "bifurcation",
    "ostial",
)
"""Columns of the table ``lesions`` that the cohort does not carry."""

CARRIED = (
    "lesion_id",
    "procedure_id",
    "patient_id",
    "site_id",
    "operator_id",
    "procedure_year",
    "severity",
    "severity_angiography",
    "reference_diameter_mm",
)
"""Columns of a lesion that its devices carry."""

COMPLICATIONS = (
    "dissection_d_f",
    "perforation_any",
    "slow_flow_no_reflow",
    "abrupt_closure",
    "tamponade",
)
"""Complications of the procedure that are held against the running case number."""


@dataclass(frozen=True, eq=False)
class DeviceRows:
    """Procedures, lesions and devices of a cohort.

    Parameters
    ----------
    procedures
        One row per procedure: of the cohort table, ``operator_id``, and ``had_complication`` (one of
        `COMPLICATIONS`; null where the site does not state absence, or a record cannot tell).
    lesions
        One row per lesion: of the cohort table with ``severity`` as chosen, `LESION_COLUMNS`, and features
        from imaging.
    uses
        One row per device used, with `CARRIED`.
    past
        One row per procedure of the whole registry, chosen or not: ``procedure_id``, ``site_id``,
        ``operator_id``, ``procedure_date``. Experience does not begin where a filter does.
    past_uses
        One row per device used in them: ``procedure_id``, ``device_class``, ``device_success``.
    """

    procedures: pl.DataFrame
    lesions: pl.DataFrame
    uses: pl.DataFrame
    past: pl.DataFrame
    past_uses: pl.DataFrame


def read_device_rows(snapshot: Path, population: CohortFilter) -> DeviceRows:
    """Read what the chapter on devices needs; all procedures count, not only index procedures.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    everybody = replace(population, first_procedures_only=False)
    operators = read_table(snapshot, "procedures").select("procedure_id", "operator_id")
    flags = read_cohort(snapshot, "complications", everybody)
    procedures = flags.with_columns(had_complication=_had_complication()).join(
        operators, on="procedure_id", how="left", maintain_order="left"
    )
    cohort = read_cohort(snapshot, "lesions", everybody).with_columns(
        severity=pl.col(population.severity_column)
    )
    details = read_table(snapshot, "lesions").select("lesion_id", *LESION_COLUMNS)
    joined = cohort.join(details, on="lesion_id", how="left", maintain_order="left")
    lesions = derive_lesion_features(
        joined.join(operators, on="procedure_id", how="left", maintain_order="left"),
        read_table(snapshot, "imaging"),
    )
    devices = read_table(snapshot, "device_uses")
    uses = devices.join(lesions.select(CARRIED), on="lesion_id", how="inner", maintain_order="left")
    past = read_cohort(snapshot, "procedures", CohortFilter(first_procedures_only=False)).select(
        "procedure_id", "site_id", "procedure_date"
    )
    owners = read_table(snapshot, "lesions").select("lesion_id", "procedure_id")
    past_uses = devices.select("lesion_id", "device_class", "device_success").join(
        owners, on="lesion_id", how="inner", maintain_order="left"
    )
    return DeviceRows(
        procedures,
        lesions,
        uses,
        past.join(operators, on="procedure_id", how="left", maintain_order="left"),
        past_uses,
    )


def _had_complication() -> pl.Expr:
    """Whether one of the complications happened; null where the record cannot tell."""
    happened = pl.any_horizontal(COMPLICATIONS)
    return pl.when(pl.col("complications_recorded") == "all").then(happened)
