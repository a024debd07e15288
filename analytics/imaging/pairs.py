"""One row per lesion with what angiography, IVUS and OCT say about its untreated calcium."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analytics.calcium_measures import ArcLimits, grade_from_arc

BASELINE = "baseline"
IVUS = ("ivus", "nirs_ivus")
OCT = ("oct",)
METHODS = ("angiography", "ivus", "oct")
"""Methods that grade calcium, in the order of their columns."""

_MEASURES = {
    "arc": "calcium_arc_deg",
    "thickness": "calcium_thickness_mm",
    "length": "calcium_length_mm",
    "arc270_length": "calcium_arc270_length_mm",
    "vessel_diameter": "vessel_diameter_mm",
}
_FINDINGS = {"depth": "calcium_depth", "nodule": "calcified_nodule", "modality": "modality"}


@dataclass(frozen=True, eq=False)
class Readings:
    """What each method says about every lesion, and what was not used.

    Parameters
    ----------
    table
        One row per lesion: the columns of the lesions given, and ``grade_angiography``, ``grade_ivus``,
        ``grade_oct`` (``unknown`` where there is none), ``ivus_arc``, ``oct_arc`` (degrees), ``ivus_length``,
        ``oct_length``, ``oct_thickness``, ``ivus_arc270_length``, ``ivus_vessel_diameter`` (mm), depth,
        nodule and modality of each method. Null where not read.
    n_lesions
        Lesions given.
    n_ivus, n_oct, n_both
        Lesions with a baseline run of each method, and of both.
    n_both_arcs
        Lesions with a calcium arc from both.
    n_later_runs
        IVUS and OCT runs of these lesions that see treated calcium or a stent and take no part.
    n_several
        Lesions with more than one baseline run of a method.
    """

    table: pl.DataFrame
    n_lesions: int
    n_ivus: int
    n_oct: int
    n_both: int
    n_both_arcs: int
    n_later_runs: int
    n_several: int


def derive_readings(
    lesions: pl.DataFrame, imaging: pl.DataFrame, *, limits: ArcLimits | None = None
) -> Readings:
    """Put the readings of every lesion into one row.

    Parameters
    ----------
    lesions
        One row per lesion: ``lesion_id``, ``calcification_angio``, and what else shall be kept (patient,
        assessor, device).
    imaging
        Runs as in `schemas.imaging`; those of other lesions are left aside.
    limits
        Arc limits of the imaging grades; the project's defaults where None.

    Returns
    -------
    Readings
        Only runs of the stage ``baseline`` give a reading: later ones see treated calcium. IVUS with
        near-infrared spectroscopy is IVUS. Where a lesion has several baseline runs of a method, the largest
        of each measurement counts (as for the grade of a cohort), and depth, nodule and modality are those
        of the run with the widest arc that has them.
    """
    arcs = limits or ArcLimits()
    own = imaging.join(lesions.select("lesion_id"), on="lesion_id", how="semi").filter(
        pl.col("modality").is_in([*IVUS, *OCT])
    )
    baseline = own.filter(pl.col("stage") == BASELINE)
    by_ivus, by_oct = (_read(baseline, codes, name) for codes, name in ((IVUS, "ivus"), (OCT, "oct")))
    table = (
        lesions.join(by_ivus, on="lesion_id", how="left", maintain_order="left")
        .join(by_oct, on="lesion_id", how="left", maintain_order="left")
        .with_columns(
            grade_angiography=pl.col("calcification_angio").fill_null("unknown"),
            grade_ivus=grade_from_arc(pl.col("ivus_arc"), arcs),
            grade_oct=grade_from_arc(pl.col("oct_arc"), arcs),
        )
    )
    has_ivus, has_oct = table["ivus_modality"].is_not_null(), table["oct_modality"].is_not_null()
    has_arcs = table["ivus_arc"].is_not_null() & table["oct_arc"].is_not_null()
    return Readings(
        table=table,
        n_lesions=lesions.height,
        n_ivus=int(has_ivus.sum()),
        n_oct=int(has_oct.sum()),
        n_both=int((has_ivus & has_oct).sum()),
        n_both_arcs=int(has_arcs.sum()),
        n_later_runs=own.height - baseline.height,
        n_several=_several(baseline),
    )


def describe_calcium(readings: pl.DataFrame) -> pl.DataFrame:
    """Add depth and nodule by the method that shows them best.

    Parameters
    ----------
    readings
        As `Readings.table`.

    Returns
    -------
    polars.DataFrame
        With ``depth`` (``superficial``, ``mixed``, ``deep``, ``none``; of IVUS, else of OCT, since OCT does
        not reach deep calcium) and ``nodule`` (``nodule`` where either method saw one, ``no nodule`` where
        one looked and none saw it); null where not read.
    """
    by_ivus, by_oct = (pl.col(f"{name}_depth").replace({"unknown": None}) for name in ("ivus", "oct"))
    nodules = [pl.col(f"{name}_nodule").replace({"unknown": None}) for name in ("ivus", "oct")]
    seen = pl.any_horizontal((nodule != "none").fill_null(value=False) for nodule in nodules)
    looked = pl.any_horizontal(nodule.is_not_null() for nodule in nodules)
    return readings.with_columns(
        depth=pl.coalesce(by_ivus, by_oct),
        nodule=pl.when(seen).then(pl.lit("nodule")).when(looked).then(pl.lit("no nodule")),
    )


def _read(baseline: pl.DataFrame, codes: tuple[str, ...], prefix: str) -> pl.DataFrame:
    """Measurements and findings of one method, one row per lesion."""
    runs = baseline.filter(pl.col("modality").is_in(list(codes)))
    largest = [pl.col(column).max().alias(f"{prefix}_{name}") for name, column in _MEASURES.items()]
    widest = [
        pl.col(column).drop_nulls().first().alias(f"{prefix}_{name}") for name, column in _FINDINGS.items()
    ]
    return (
        runs.sort("calcium_arc_deg", descending=True, nulls_last=True, maintain_order=True)
        .group_by("lesion_id", maintain_order=True)
        .agg(*largest, *widest)
    )


def _several(baseline: pl.DataFrame) -> int:
    """Count lesions with more than one baseline run of a method."""
    kinds = baseline.with_columns(kind=pl.col("modality").replace({"nirs_ivus": "ivus"}))
    counts = kinds.group_by("lesion_id", "kind").len().filter(pl.col("len") > 1)
    return counts["lesion_id"].n_unique()
