"""Lesions read by both modalities: the same calcium, and what OCT cannot see."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario


@pytest.fixture(scope="module")
def pairs() -> pl.DataFrame:
    """Return lesions with both baseline readings, one row each."""
    scenario = load_scenario("default")
    twice = replace(scenario, imaging=replace(scenario.imaging, second_modality=0.9), missingness=replace(
        scenario.missingness, cells={}, codes={}
    ))  # fmt: skip
    imaging = generate_registry(twice, procedures=6_000, seed=12).tables["imaging"]
    baseline = imaging.filter(pl.col("stage").cast(pl.String) == "baseline")
    sides = [
        baseline.filter(pl.col("modality").cast(pl.String) == name).select(
            "lesion_id",
            pl.col("calcium_arc_deg", "calcium_thickness_mm", "calcium_depth").name.suffix(f"_{name}"),
        )
        for name in ("ivus", "oct")
    ]
    return sides[0].join(sides[1], on="lesion_id")


def test_most_lesions_have_both_readings_and_one_key_each(pairs: pl.DataFrame) -> None:
    assert pairs.height > 900
    assert pairs["lesion_id"].n_unique() == pairs.height


def test_oct_misses_about_an_eighth_of_the_calcium_that_ivus_sees(pairs: pl.DataFrame) -> None:
    seen = pairs.filter(pl.col("calcium_arc_deg_ivus") > 0)
    missed = float((seen["calcium_arc_deg_oct"] == 0).mean())  # type: ignore[arg-type]  # a share
    assert missed == pytest.approx(0.132 * 0.6, abs=0.04)  # only where OCT is the second reading


def test_arcs_that_both_see_differ_by_reading_error_alone(pairs: pl.DataFrame) -> None:
    both = pairs.filter((pl.col("calcium_arc_deg_ivus") > 0) & (pl.col("calcium_arc_deg_oct") > 0))
    difference = both["calcium_arc_deg_ivus"] - both["calcium_arc_deg_oct"]
    assert abs(float(difference.mean())) < 3  # type: ignore[arg-type]  # a number
    assert 12 < float(difference.std()) < 18  # type: ignore[arg-type]  # a number


def test_ivus_measures_no_thickness_and_oct_calls_nothing_deep(pairs: pl.DataFrame) -> None:
    assert pairs["calcium_thickness_mm_ivus"].is_null().all()
    assert "deep" not in set(pairs["calcium_depth_oct"].cast(pl.String))


def test_without_second_readings_every_lesion_has_one() -> None:
    scenario = load_scenario("default")
    once = replace(scenario, imaging=replace(scenario.imaging, second_modality=0.0))
    imaging = generate_registry(once, procedures=800, seed=12).tables["imaging"]
    assert imaging.select(pl.struct("lesion_id", "stage").n_unique()).item() == imaging.height
