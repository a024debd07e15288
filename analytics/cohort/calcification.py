"""Calcification grade of a lesion from angiography, IVUS and OCT, and of a procedure from its lesions.

The angiographic grade is taken as sent. Grades from imaging are a working rule of this project, made of
classes that were read at their source; `docs/methods/calcification.md` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.calcium_measures import ArcLimits, grade_from_arc, ivus_arc_class, oct_calcium_score

if TYPE_CHECKING:
    from analytics.cohort.tables import RegistryTables

SEVERITY_SOURCES = ("angiography", "ivus", "oct")
"""Sources of a grade in the default order of preference: published outcomes are graded by angiography."""

_RANKS = {"none": 0, "none_mild": 1, "mild": 2, "not_severe": 3, "moderate": 4, "unknown": 5, "severe": 6}
"""Worst of several lesions: the higher rank names exactly what is known of the worst one.

An ungraded lesion may be severe, so it outranks moderate; a ``not_severe`` one may be moderate, so it
outranks mild.
"""

_NAMES = {rank: grade for grade, rank in _RANKS.items()}


def derive_lesion_severity(
    tables: RegistryTables, *, preference: tuple[str, ...] = SEVERITY_SOURCES, limits: ArcLimits | None = None
) -> pl.DataFrame:
    """Grade every lesion by each source, and by the preferred one.

    Parameters
    ----------
    tables
        Reads ``lesions`` and ``imaging``; only runs of the stage ``baseline`` count, since later ones see
        treated calcium.
    preference
        Sources in order; the first with a grade other than ``unknown`` gives the severity.
    limits
        Arc limits of the imaging grades; the project's defaults where None.

    Returns
    -------
    polars.DataFrame
        ``lesion_id``, ``severity``, ``severity_angiography``, ``severity_ivus``, ``severity_oct``,
        ``severity_source`` (null where no source has a grade), ``severity_assessor`` (of the angiogram, where
        it gave the severity), ``ivus_arc_class``, ``oct_calcium_score``.
    """
    arcs = limits or ArcLimits()
    graded = (
        tables.lesions.select("lesion_id", "calcification_angio", "calcification_assessor")
        .join(_widest_calcium(tables.imaging, ("ivus", "nirs_ivus"), "ivus"), on="lesion_id", how="left")
        .join(_widest_calcium(tables.imaging, ("oct",), "oct"), on="lesion_id", how="left")
        .with_columns(
            pl.col("calcification_angio").fill_null("unknown").alias("severity_angiography"),
            grade_from_arc(pl.col("ivus_arc"), arcs).alias("severity_ivus"),
            grade_from_arc(pl.col("oct_arc"), arcs).alias("severity_oct"),
            ivus_arc_class(pl.col("ivus_arc")).alias("ivus_arc_class"),
            oct_calcium_score(pl.col("oct_arc"), pl.col("oct_thickness"), pl.col("oct_length")).alias(
                "oct_calcium_score"
            ),
        )
    )
    return _prefer(graded, preference)


def _widest_calcium(imaging: pl.DataFrame, modalities: tuple[str, ...], prefix: str) -> pl.DataFrame:
    """Largest baseline measurements of each lesion on one modality."""
    return (
        imaging.filter((pl.col("stage") == "baseline") & pl.col("modality").is_in(list(modalities)))
        .group_by("lesion_id", maintain_order=True)
        .agg(
            pl.col("calcium_arc_deg").max().alias(f"{prefix}_arc"),
            pl.col("calcium_thickness_mm").max().alias(f"{prefix}_thickness"),
            pl.col("calcium_length_mm").max().alias(f"{prefix}_length"),
        )
    )


def _prefer(graded: pl.DataFrame, preference: tuple[str, ...]) -> pl.DataFrame:
    """Take the grade of the first source that has one."""
    source = pl.coalesce(
        [pl.when(pl.col(f"severity_{name}") != "unknown").then(pl.lit(name)) for name in preference]
    )
    severity = pl.coalesce(
        [pl.when(pl.col("severity_source") == name).then(pl.col(f"severity_{name}")) for name in preference]
    )
    assessor = pl.when(pl.col("severity_source") == "angiography").then(
        pl.col("calcification_assessor").fill_null("unknown")
    )
    return graded.with_columns(source.alias("severity_source")).select(
        "lesion_id",
        severity.fill_null("unknown").alias("severity"),
        "severity_angiography",
        "severity_ivus",
        "severity_oct",
        "severity_source",
        assessor.alias("severity_assessor"),
        "ivus_arc_class",
        "oct_calcium_score",
    )


def severity_rank(grade: str) -> pl.Expr:
    """Rank a grade so that the highest rank of several lesions says what is known of the worst.

    Parameters
    ----------
    grade
        Name of a column of grades.

    Returns
    -------
    polars.Expr
        0 to 6 in the order none, none_mild, mild, not_severe, moderate, unknown, severe.
    """
    return pl.col(grade).replace_strict(_RANKS, return_dtype=pl.Int64)


def worst_severity(grade: str) -> pl.Expr:
    """Aggregate the grades of a procedure's lesions to what is known of the worst one.

    Parameters
    ----------
    grade
        Name of a column of grades.

    Returns
    -------
    polars.Expr
        A grade. ``unknown`` where an ungraded lesion might be worse than every graded one; coarse grades stay
        coarse.
    """
    return severity_rank(grade).max().replace_strict(_NAMES, return_dtype=pl.String)


def worst_measured_severity(grade: str) -> pl.Expr:
    """Aggregate imaging grades over the lesions that were imaged.

    Parameters
    ----------
    grade
        Name of a column of imaging grades.

    Returns
    -------
    polars.Expr
        The worst grade among lesions with a measurement, ``unknown`` where there is none: intravascular
        imaging goes to the lesion of interest, so an unmeasured one is left aside here.
    """
    rank = severity_rank(grade)
    measured = rank.filter(pl.col(grade) != "unknown").max()
    return measured.fill_null(_RANKS["unknown"]).replace_strict(_NAMES, return_dtype=pl.String)
