"""Stent expansion recomputed, which run counts, and under-expansion by group."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.imaging.expansion import Expansions, derive_expansions
from analytics.imaging.underexpansion import compare_underexpansion, estimate_underexpansion
from analytics.proportions.results import Comparison, Proportion
from analytics.refusals import NotEstimable

COLUMNS = {
    "lesion_id": pl.String,
    "modality": pl.String,
    "stage": pl.String,
    "msa_mm2": pl.Float64,
    "reference_lumen_area_mm2": pl.Float64,
    "stent_expansion_pct": pl.Float64,
    "expansion_basis": pl.String,
}


def expand(runs: list[dict[str, Any]], **options: float) -> Expansions:
    lesions = pl.DataFrame({"lesion_id": ["A", "B", "C"], "patient_id": ["p", "p", "q"]})
    frame = pl.DataFrame([{"reference_lumen_area_mm2": 10.0, **one} for one in runs], schema=COLUMNS)
    return derive_expansions(lesions, frame, **options)


def run(lesion: str, modality: str, stage: str, msa: float | None, **more: object) -> dict[str, Any]:
    return {"lesion_id": lesion, "modality": modality, "stage": stage, "msa_mm2": msa, **more}


def test_expansion_is_stent_area_over_reference_area_and_the_cut_is_open() -> None:
    found = expand([run("A", "oct", "final", 8.0), run("B", "ivus", "after_stent", 7.9)]).table
    assert found["expansion_pct"].to_list() == [80.0, pytest.approx(79.0)]
    assert found["is_underexpanded"].to_list() == [False, True]
    assert found["expansion_method"].to_list() == ["oct", "ivus"]


def test_the_final_run_counts_then_oct_then_the_smallest_area() -> None:
    found = expand(
        [
            run("A", "oct", "after_stent", 5.0),
            run("A", "ivus", "final", 9.0),
            run("B", "ivus", "final", 6.0),
            run("B", "oct", "final", 7.0),
            run("C", "ivus", "final", 8.5),
            run("C", "nirs_ivus", "final", 8.2),
        ]
    )
    assert found.table.select("lesion_id", "expansion_method", "msa_mm2").rows() == [
        ("A", "ivus", 9.0),
        ("B", "oct", 7.0),
        ("C", "ivus", 8.2),
    ]
    assert found.by_method.select("lesion_id", "expansion_method", "msa_mm2").rows() == [
        ("A", "ivus", 9.0),
        ("A", "oct", 5.0),
        ("B", "oct", 7.0),
        ("B", "ivus", 6.0),
        ("C", "ivus", 8.2),
    ]


def test_runs_before_the_stent_and_runs_without_an_area_are_left_out_and_counted() -> None:
    found = expand(
        [
            run("A", "oct", "baseline", 9.0),
            run("A", "oct", "final", None),
            run("B", "oct", "final", 9.0, reference_lumen_area_mm2=None),
            run("C", "ct", "final", 9.0),
        ]
    )
    assert found.table.height == 0
    assert (found.n_imaged, found.n_without_area) == (2, 2)


def test_entered_expansion_is_checked_only_against_its_own_basis() -> None:
    entered = [("mean_reference", 80.0), ("mean_reference", 86.0), (None, 85.0), ("msa_site", 120.0)]
    runs = [
        run(
            "ABCA"[i],
            "oct",
            ("final", "final", "final", "after_stent")[i],
            8.0,
            stent_expansion_pct=value,
            expansion_basis=basis,
        )
        for i, (basis, value) in enumerate(entered)
    ]
    found = expand(runs)
    # 86 differs from 80 by 6 points; exactly 5 does not count.
    assert (found.n_entered, found.n_entered_differs, found.n_other_basis) == (3, 1, 1)


def test_the_cut_off_is_a_setting() -> None:
    assert expand([run("A", "oct", "final", 8.5)], underexpanded_below=90.0).table["is_underexpanded"].item()


def grouped(counts: dict[str, tuple[int, int]], *, lesions_each: int = 1) -> pl.DataFrame:
    rows = [(group, i < events) for group, (events, n) in counts.items() for i in range(n)]
    frame = pl.DataFrame(rows, schema=["score", "is_underexpanded"], orient="row").with_row_index(
        "patient_id"
    )
    return frame.with_columns(
        pl.col("patient_id") // lesions_each, expansion_pct=pl.lit(90.0), msa_mm2=pl.col("patient_id") * 1.0
    )


def test_groups_have_shares_medians_and_differences_from_the_first() -> None:
    found = estimate_underexpansion(
        grouped({"4": (6, 10), "0-3": (3, 12)}), by="score", levels=("0-3", "4", "unknown")
    )
    low, high, nobody = found
    assert isinstance(low.underexpanded, Proportion)
    assert (low.underexpanded.n_events, low.underexpanded.n_total) == (3, 12)
    assert low.difference is None
    # Newcombe's hybrid score interval in R 4.2, from its two Wilson intervals.
    assert isinstance(high.difference, Comparison)
    assert (high.difference.estimate, high.difference.lower, high.difference.upper) == pytest.approx(
        (0.35, -0.0528059889463157, 0.6322767183364579), abs=1e-12
    )
    assert (high.msa_median, high.msa_quartiles) == (4.5, (2.25, 6.75))
    assert (nobody.n_lesions, nobody.msa_median) == (0, None)
    assert isinstance(nobody.underexpanded, NotEstimable)
    assert isinstance(nobody.difference, NotEstimable)


def test_patients_with_lesions_in_both_groups_are_resampled_whole() -> None:
    # Every patient has one lesion in each group and both fare alike: the difference is nought for certain.
    one = pl.DataFrame({"patient_id": range(20), "is_underexpanded": [i % 2 == 0 for i in range(20)]})
    found = compare_underexpansion(one, one)
    assert isinstance(found, Comparison)
    assert (found.estimate, found.lower, found.upper) == (0.0, 0.0, 0.0)
    assert found.method == "patients resampled"


def test_few_patients_with_several_lesions_have_no_difference() -> None:
    rows = grouped({"4": (6, 10), "0-3": (3, 12)}, lesions_each=4)
    answer = compare_underexpansion(rows.filter(score="4"), rows.filter(score="0-3"))
    assert isinstance(answer, NotEstimable)
    assert answer.code == "too_few_pairs"
