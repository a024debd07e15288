"""The chapter on imaging: angiography, IVUS and OCT of the same lesions, scores, and stent expansion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.chapters import imaging_words as words
from analytics.chapters.imaging_agreement import build_grades, build_measurements
from analytics.chapters.imaging_calls import build_calls
from analytics.chapters.imaging_expansion import build_expansion, build_scores
from analytics.charts.numbers import format_count
from analytics.imaging.calcium_scores import derive_ivus_score, derive_oct_score
from analytics.imaging.calls import derive_calls
from analytics.imaging.expansion import derive_expansions
from analytics.imaging.pairs import Readings, derive_readings, describe_calcium
from analytics.report.content import Chapter
from analytics.report.document import Paragraph, Section, Table
from analytics.store.queries import read_cohort, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.filters import CohortFilter

NAME = "imaging"


def build_imaging(snapshot: Path, population: CohortFilter) -> Chapter:
    """Build the chapter on imaging.

    Parameters
    ----------
    snapshot
        A published snapshot.
    population
        Whom the report is about; lesions of all their procedures count, not only of index procedures.

    Raises
    ------
    StoreError
        The snapshot cannot be read.
    """
    lesions, runs = _read(snapshot, population)
    readings = derive_readings(lesions, runs)
    table = derive_ivus_score(derive_oct_score(derive_calls(describe_calcium(readings.table))))
    opening = Section(NAME, "Imaging", _opening(readings))
    values: dict[str, Any] = {"readings": _counts(readings)}
    sections = [opening]
    if readings.n_ivus or readings.n_oct:
        parts = (
            ("grades", build_grades(table)),
            ("measurements", build_measurements(table)),
            ("calls", build_calls(table)),
            ("scores", build_scores(table)),
            ("expansion", build_expansion(derive_expansions(table, runs))),
        )
        sections += [section for _, (section, _) in parts]
        values |= {name: found for name, (_, found) in parts}
    return Chapter(NAME, tuple(sections), values)


def _read(snapshot: Path, population: CohortFilter) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the lesions of the cohort with their angiographic grade and device, and all runs."""
    cohort = read_cohort(snapshot, "lesions", replace(population, first_procedures_only=False))
    angiograms = read_table(snapshot, "lesions").select(
        "lesion_id", "calcification_angio", "calcification_assessor"
    )
    lesions = cohort.select(
        "lesion_id", "patient_id", "site_id", strategy=pl.col(population.strategy_column)
    ).join(angiograms, on="lesion_id", how="left", maintain_order="left")
    return lesions, read_table(snapshot, "imaging")


def _opening(readings: Readings) -> tuple[Paragraph | Table, ...]:
    """Say whom the chapter is about, and how many lesions each method has read."""
    population = (
        f"All procedures of the cohort count, with {format_count(readings.n_lesions)} lesions. "
        f"{words.SELECTION}"
    )
    if not (readings.n_ivus or readings.n_oct):
        nobody = "No lesion of this cohort has an IVUS or OCT run before treatment."
        return Paragraph(nobody), Paragraph(population)
    total = readings.n_lesions
    rows = [
        ("IVUS before treatment", words.counted(readings.n_ivus, total)),
        ("OCT before treatment", words.counted(readings.n_oct, total)),
        ("Both", words.counted(readings.n_both, total)),
        ("Both, with an arc of calcium from each", words.counted(readings.n_both_arcs, total)),
    ]
    left_out = (
        f"{format_count(readings.n_later_runs)} runs after modification or stenting see treated calcium and "
        f"give no reading of it. {format_count(readings.n_several)} lesions have several runs of one method "
        "before treatment, of which the largest measurements count."
    )
    return (
        Paragraph(population),
        Table("Lesions read before treatment", ("Read by", "Lesions (share of all)"), tuple(rows)),
        Paragraph(left_out),
    )


def _counts(readings: Readings) -> dict[str, int]:
    """Return the counts of the opening, JSON-ready."""
    return {
        "n_lesions": readings.n_lesions,
        "n_ivus": readings.n_ivus,
        "n_oct": readings.n_oct,
        "n_both": readings.n_both,
        "n_both_arcs": readings.n_both_arcs,
        "n_later_runs": readings.n_later_runs,
        "n_several": readings.n_several,
    }
