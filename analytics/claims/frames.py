"""The rows that claims are tested on: procedures, lesions, and lesions seen by IVUS and OCT."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from analytics.claims.device_columns import derive_device_columns
from analytics.claims.imaging_columns import derive_image_pairs, derive_imaging_columns
from analytics.claims.lesion_columns import derive_lesion_outcomes, roll_up_lesions
from analytics.cohort.endpoints import bundled_endpoints
from analytics.complications.definitions import COMPLICATIONS
from analytics.store.queries import read_cohort, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.filters import CohortFilter

SEVERITY_GROUPS = {
    "none": "none_mild",
    "mild": "none_mild",
    "none_mild": "none_mild",
    "moderate": "moderate",
    "severe": "severe",
}
"""Grades that are compared; `not_severe` and `unknown` could be several and stay out."""

IMMEDIATE = ("dissection_any", "perforation_any", "slow_flow_no_reflow", "abrupt_closure")
"""Complications of ``any_immediate``: those that the review names for severe calcium."""
BURR_COMPARABLE = ("dissection_any", "perforation_any", "slow_flow_no_reflow", "av_block")
"""Complications of ``any_of_four``: those of rotational atherectomy that other devices can have too."""
VESSEL_INJURY = ("perforation_any", "dissection_d_f")
"""Complications of ``vessel_injury``."""
NC_HARM = ("dissection_any", "perforation_any", "balloon_rupture")
"""Complications of ``rupture_dissection_perforation``."""

_COMPOSITES = {
    "any_immediate": IMMEDIATE,
    "any_of_four": BURR_COMPARABLE,
    "vessel_injury": VESSEL_INJURY,
    "rupture_dissection_perforation": NC_HARM,
}
_FURTHER = (
    "procedure_id", "operator_id", "hypertension", "smoking", "heart_failure", "urgency", "contrast_ml",
)  # fmt: skip
STAY_ENDPOINT = "mace_d"
"""Endpoint of ``in_hospital_mace``, ``mace_30d`` and of procedural success."""
EARLY_DAYS = 30
WIDE_ARC_DEG = 270.0
"""Arc from which ``has_wide_arc`` holds: the fourth class of Tuzcu (doi:10.1016/0735-1097(95)00537-4)."""


@dataclass(frozen=True)
class ClaimFrames:
    """Frames of one snapshot; each is read when it is first asked for.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom to look at; every procedure counts, not only index procedures.
    """

    snapshot: Path
    population: CohortFilter

    @cached_property
    def procedures(self) -> pl.DataFrame:
        """One row per procedure; columns as `docs/claims.md` lists them."""
        rows = self._cohort("complications").join(self._further, on="procedure_id", how="left")
        rolled = rows.join(roll_up_lesions(self._own_lesions), on="procedure_id", how="left")
        stays = rolled.join(self._stays, on="procedure_id", how="left", maintain_order="left")
        guided = _add_guidance(stays, self._imaged_procedures)
        return guided.with_columns(
            pl.when(pl.col("in_hospital_mace"))
            .then(statement=False)
            .otherwise(pl.col("technical_success") & ~pl.col("in_hospital_mace"))
            .alias("procedural_success")
        )

    @cached_property
    def lesions(self) -> pl.DataFrame:
        """One row per lesion."""
        rows = self._cohort("lesion_complications").join(self._further, on="procedure_id", how="left")
        own = rows.join(self._own_lesions.drop("procedure_id"), on="lesion_id", how="left")
        seen = own.join(self._images, on="lesion_id", how="left", maintain_order="left")
        intended = pl.when(pl.col("strategy_intended") != "unknown").then(pl.col("strategy_intended"))
        return seen.with_columns(
            (pl.col("technical_success") & ~pl.col("crossover")).alias("strategy_success"),
            (intended == "rotational_atherectomy").alias("intended_rotational"),
            (intended == "elca").alias("intended_laser"),
            (pl.col("calcium_arc_deg") >= WIDE_ARC_DEG).alias("has_wide_arc"),
        )

    @cached_property
    def image_pairs(self) -> pl.DataFrame:
        """One row per lesion that both modalities saw before treatment."""
        pairs = derive_image_pairs(read_table(self.snapshot, "imaging"))
        return self._cohort("lesions").join(pairs, on="lesion_id", how="inner", maintain_order="left")

    def rows(self, name: str) -> pl.DataFrame:
        """Return a frame by its name in a claim."""
        frame: pl.DataFrame = getattr(self, name)
        return frame

    def events(self, endpoint: str) -> pl.DataFrame:
        """Index procedures with ``time_days``, ``cause`` and ``time_is_exact`` of an endpoint."""
        times = self._times.filter(pl.col("endpoint") == endpoint)
        wanted = times.select("procedure_id", "time_days", "cause", "time_is_exact")
        index = self.procedures.filter(pl.col("is_index"))
        return index.join(wanted, on="procedure_id", how="inner", maintain_order="left")

    @cached_property
    def filled(self) -> dict[str, tuple[int, int]]:
        """Rows and filled rows of every canonical column, over all sites, by ``table.column``."""
        sums = (
            read_table(self.snapshot, "completeness")
            .group_by("table_name", "column_name")
            .agg(pl.col("n").sum(), pl.col("n_filled").sum())
        )
        return {f"{table}.{column}": (n, n_filled) for table, column, n, n_filled in sums.iter_rows()}

    @cached_property
    def _times(self) -> pl.DataFrame:
        """Times of every endpoint."""
        return read_table(self.snapshot, "time_to_event").filter(
            pl.col("endpoint").is_in(list(bundled_endpoints()))
        )

    @cached_property
    def _stays(self) -> pl.DataFrame:
        """Whether the composite happened within the stay and by day 30; null where that is not known."""
        stays = self._times.filter(pl.col("endpoint") == STAY_ENDPOINT)
        early = (pl.col("cause") == 1) & (pl.col("time_days") <= EARLY_DAYS)
        return stays.select(
            "procedure_id",
            pl.col("in_hospital").alias("in_hospital_mace"),
            pl.when(early | (pl.col("time_days") >= EARLY_DAYS)).then(early).alias("mace_30d"),
        )

    @cached_property
    def _further(self) -> pl.DataFrame:
        """Columns of the procedure that the cohort tables leave out."""
        smokes = pl.col("smoking").replace_strict(
            {"current": True, "former": False, "never": False}, default=None, return_dtype=pl.Boolean
        )
        columns = read_table(self.snapshot, "procedures").select(_FURTHER)
        return columns.with_columns(smokes.alias("current_smoker"))

    @cached_property
    def _own_lesions(self) -> pl.DataFrame:
        """Anatomy, result and devices of each lesion."""
        outcomes = derive_lesion_outcomes(read_table(self.snapshot, "lesions"))
        devices = derive_device_columns(read_table(self.snapshot, "device_uses"))
        return outcomes.join(devices, on="lesion_id", how="left", maintain_order="left")

    @cached_property
    def _images(self) -> pl.DataFrame:
        """What was seen inside the vessel, by lesion."""
        return derive_imaging_columns(read_table(self.snapshot, "imaging"))

    @cached_property
    def _imaged_procedures(self) -> pl.Series:
        """Procedures with a run inside the vessel."""
        imaged = self._own_lesions.join(self._images, on="lesion_id", how="semi")
        return imaged["procedure_id"].unique()

    def _cohort(self, level: str) -> pl.DataFrame:
        """Read a cohort table with every procedure, grades in groups and complications as they are known."""
        wide = replace(self.population, first_procedures_only=False)
        rows = read_cohort(self.snapshot, level, wide)  # type: ignore[arg-type]  # one of the literals
        grades = pl.col(wide.severity_column)
        shown = rows.with_columns(
            grades.alias("severity"),
            pl.col(wide.strategy_column).alias("strategy"),
            grades.replace_strict(SEVERITY_GROUPS, default=None, return_dtype=pl.String).alias(
                "severity_group"
            ),
            pl.when(pl.col("presentation_group") != "other_unknown")
            .then(pl.col("presentation_group") == "acute")
            .alias("is_acute"),
        )
        if "complications_recorded" not in rows.columns or "dissection_any" not in rows.columns:
            return shown
        return shown.with_columns(_known_complications(rows.columns)).with_columns(_composites())


def _known_complications(columns: list[str]) -> list[pl.Expr]:
    """Keep a flag only where the site states presence and absence; absence of a record is no absence."""
    is_recorded = (pl.col("complications_recorded") == "all").fill_null(value=False)
    return [
        pl.when(is_recorded & _can_have(definition.devices)).then(pl.col(name)).alias(name)
        for name, definition in COMPLICATIONS.items()
        if name in columns
    ]


def _can_have(devices: tuple[str, ...]) -> pl.Expr:
    """Whether a device that can cause a complication was used; always where any procedure can have it."""
    return pl.any_horizontal([pl.col(name) for name in devices]) if devices else pl.lit(value=True)


def _composites() -> list[pl.Expr]:
    """Any of several complications: True if one happened, False if all are known not to have."""
    return [
        pl.any_horizontal([pl.col(name) for name in parts]).alias(name) for name, parts in _COMPOSITES.items()
    ]


def _add_guidance(rows: pl.DataFrame, imaged: pl.Series) -> pl.DataFrame:
    """Add whether a procedure was guided by imaging; null at sites that record none."""
    marked = pl.col("procedure_id").is_in(imaged.implode())
    return rows.with_columns(imaging_guided=pl.when(marked.any().over("site_id")).then(marked))
