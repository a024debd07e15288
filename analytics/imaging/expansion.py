"""Stent expansion recomputed from minimum stent area and reference lumen area, one row per lesion."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analytics.imaging.pairs import IVUS, OCT

UNDEREXPANDED_BELOW = 80.0
"""Percent of the mean reference lumen area below which a stent is under-expanded (DOI
10.3389/fcvm.2025.1524390)."""
TOLERANCE_POINTS = 5.0
"""Percentage points by which an entered expansion may differ from the recomputed one."""
COMPARABLE_BASES = ("mean_reference", "unknown")
"""Bases of an entered expansion that the recomputed one can be held against."""

_STAGES = {"final": 1, "after_stent": 0}


@dataclass(frozen=True, eq=False)
class Expansions:
    """Expansion of every lesion imaged after stenting, and what was not used.

    Parameters
    ----------
    table
        One row per lesion with an expansion: the columns of the lesions given, and ``expansion_method``
        (``ivus`` or ``oct``), ``expansion_stage``, ``msa_mm2``, ``reference_mm2``, ``expansion_pct``,
        ``is_underexpanded``.
    by_method
        The same with one row per lesion and method.
    n_imaged
        Lesions with an IVUS or OCT run after stenting.
    n_without_area
        Of these, lesions without any run that has both areas.
    n_entered, n_entered_differs
        Runs with both areas whose entered expansion refers to the mean reference (or does not say), and
        those of them that differ from the recomputed one by more than 5 points.
    n_other_basis
        Runs whose entered expansion refers to something else, and cannot be held against it.
    underexpanded_below
        Cut-off in percent.
    """

    table: pl.DataFrame
    by_method: pl.DataFrame
    n_imaged: int
    n_without_area: int
    n_entered: int
    n_entered_differs: int
    n_other_basis: int
    underexpanded_below: float


def derive_expansions(
    lesions: pl.DataFrame, imaging: pl.DataFrame, *, underexpanded_below: float = UNDEREXPANDED_BELOW
) -> Expansions:
    """Recompute stent expansion.

    Parameters
    ----------
    lesions
        One row per lesion: ``lesion_id`` and what else shall be kept.
    imaging
        Runs as in `schemas.imaging`; those of other lesions are left aside.
    underexpanded_below
        Percent; exactly this much is not under-expanded.

    Returns
    -------
    Expansions
        100 x minimum stent area / mean of the reference lumen areas, from runs after stenting that hold both.
        The run of the stage ``final`` counts before one ``after_stent``; within a stage and method that with
        the smallest stent area; of two methods at the same stage OCT, which measures areas more finely.
        What the site entered as expansion is never used, since its reference differs.
    """
    own = imaging.join(lesions.select("lesion_id"), on="lesion_id", how="semi").filter(
        pl.col("modality").is_in([*IVUS, *OCT]) & pl.col("stage").is_in(list(_STAGES))
    )
    percent = 100.0 * pl.col("msa_mm2") / pl.col("reference_lumen_area_mm2")
    measured = own.drop_nulls(["msa_mm2", "reference_lumen_area_mm2"]).with_columns(expansion_pct=percent)
    by_method = _latest(measured, underexpanded_below)
    chosen = by_method.unique("lesion_id", keep="first", maintain_order=True)
    n_imaged = own["lesion_id"].n_unique()
    compared, n_differs, n_other = _check_entered(measured)
    return Expansions(
        table=lesions.join(chosen, on="lesion_id", how="inner", maintain_order="left"),
        by_method=lesions.join(by_method, on="lesion_id", how="inner", maintain_order="left"),
        n_imaged=n_imaged,
        n_without_area=n_imaged - chosen.height,
        n_entered=compared,
        n_entered_differs=n_differs,
        n_other_basis=n_other,
        underexpanded_below=underexpanded_below,
    )


def _latest(measured: pl.DataFrame, underexpanded_below: float) -> pl.DataFrame:
    """Keep one run for each lesion and method, the one of the later stage and of OCT first."""
    return (
        measured.select(
            "lesion_id",
            expansion_method=pl.col("modality").replace({"nirs_ivus": "ivus"}),
            expansion_stage=pl.col("stage"),
            msa_mm2=pl.col("msa_mm2"),
            reference_mm2=pl.col("reference_lumen_area_mm2"),
            expansion_pct=pl.col("expansion_pct"),
            is_underexpanded=pl.col("expansion_pct") < underexpanded_below,
            order=pl.col("stage").replace_strict(_STAGES, return_dtype=pl.Int64),
        )
        .sort(
            ["lesion_id", "order", "expansion_method", "msa_mm2"],
            descending=[False, True, True, False],
            maintain_order=True,
        )
        .unique(["lesion_id", "expansion_method"], keep="first", maintain_order=True)
        .drop("order")
    )


def _check_entered(measured: pl.DataFrame) -> tuple[int, int, int]:
    """Count entered expansions that can be checked, that differ, and that refer to something else."""
    entered = measured.drop_nulls("stent_expansion_pct")
    is_comparable = pl.col("expansion_basis").fill_null("unknown").is_in(list(COMPARABLE_BASES))
    comparable = entered.filter(is_comparable)
    gap = (comparable["stent_expansion_pct"] - comparable["expansion_pct"]).abs()
    return comparable.height, int((gap > TOLERANCE_POINTS).sum()), entered.height - comparable.height
