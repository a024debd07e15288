"""One row per lesion: which run counts, what each method calls, and what is left out."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from analytics.calcium_measures import ArcLimits
from analytics.imaging.calcium_scores import IvusScoreRule, derive_ivus_score, derive_oct_score
from analytics.imaging.calls import derive_calls, method_pairs
from analytics.imaging.pairs import Readings, derive_readings, describe_calcium
from schemas.registry import TABLES

COLUMNS = {
    "lesion_id": pl.String,
    "modality": pl.String,
    "stage": pl.String,
    "calcium_arc_deg": pl.Float64,
    "calcium_thickness_mm": pl.Float64,
    "calcium_length_mm": pl.Float64,
    "calcium_arc270_length_mm": pl.Float64,
    "calcium_depth": pl.String,
    "calcified_nodule": pl.String,
    "vessel_diameter_mm": pl.Float64,
}


def read(grades: dict[str, str | None], runs: list[dict[str, Any]], **options: ArcLimits) -> Readings:
    lesions = pl.DataFrame(
        {"lesion_id": list(grades), "patient_id": list(grades), "calcification_angio": list(grades.values())},
        schema_overrides={"calcification_angio": pl.String},
    )
    frame = pl.DataFrame([{"stage": "baseline", **run} for run in runs], schema=COLUMNS)
    return derive_readings(lesions, frame, **options)


def run(lesion: str, modality: str, arc: float | None, **more: object) -> dict[str, Any]:
    return {"lesion_id": lesion, "modality": modality, "calcium_arc_deg": arc, **more}


def test_the_columns_read_are_those_of_the_schema() -> None:
    assert set(COLUMNS) <= {column.name for column in TABLES["imaging"].columns}


def test_each_lesion_is_one_row_with_the_grade_of_each_method() -> None:
    found = read(
        {"A": "severe", "B": "mild", "C": None},
        [run("A", "ivus", 280.0), run("A", "oct", 200.0), run("B", "ivus", 0.0)],
    )
    assert found.table.select("lesion_id", "grade_angiography", "grade_ivus", "grade_oct").rows() == [
        ("A", "severe", "severe", "moderate"),
        ("B", "mild", "none", "unknown"),
        ("C", "unknown", "unknown", "unknown"),
    ]
    assert (found.n_lesions, found.n_ivus, found.n_oct, found.n_both, found.n_both_arcs) == (3, 2, 1, 1, 1)


def test_later_runs_and_other_methods_give_no_reading() -> None:
    found = read(
        {"A": "mild"},
        [
            run("A", "ivus", 90.0),
            run("A", "ivus", 350.0, stage="after_modification"),
            run("A", "oct", 350.0, stage="final"),
            run("A", "ct", 350.0),
            run("elsewhere", "oct", 10.0),
        ],
    )
    assert found.table["ivus_arc"].to_list() == [90.0]
    assert found.table["oct_arc"].to_list() == [None]
    assert (found.n_oct, found.n_later_runs) == (0, 2)


def test_of_several_runs_the_largest_measurements_and_the_widest_finding_count() -> None:
    found = read(
        {"A": "mild"},
        [
            run("A", "ivus", 100.0, calcium_length_mm=9.0, calcium_depth="deep", calcified_nodule="present"),
            run("A", "nirs_ivus", 150.0, calcium_length_mm=4.0, calcium_depth="superficial"),
        ],
    )
    row = found.table.row(0, named=True)
    assert (row["ivus_arc"], row["ivus_length"]) == (150.0, 9.0)
    assert (row["ivus_modality"], row["ivus_depth"]) == ("nirs_ivus", "superficial")
    # The widest run says nothing of a nodule, so that the other one speaks.
    assert row["ivus_nodule"] == "present"
    assert found.n_several == 1


def test_a_run_without_arc_is_counted_and_has_no_grade() -> None:
    found = read({"A": "mild"}, [run("A", "ivus", None), run("A", "oct", 20.0)])
    assert (found.n_both, found.n_both_arcs) == (1, 0)
    assert found.table["grade_ivus"].to_list() == ["unknown"]


def test_arc_limits_move_the_grade() -> None:
    found = read({"A": "mild"}, [run("A", "ivus", 200.0)], limits=ArcLimits(90.0, 180.0))
    assert found.table["grade_ivus"].to_list() == ["severe"]


@pytest.mark.parametrize(
    ("grade", "any_call", "severe_call"),
    [
        ("none", False, False),
        ("mild", True, False),
        ("severe", True, True),
        ("none_mild", None, False),
        ("not_severe", None, False),
        ("unknown", None, None),
    ],
)
def test_angiography_calls_what_its_grade_says(
    grade: str, any_call: bool | None, severe_call: bool | None
) -> None:
    found = derive_calls(read({"A": grade}, []).table).row(0, named=True)
    assert (found["any_angiography"], found["severe_angiography"]) == (any_call, severe_call)
    assert found["any_ivus"] is None


@pytest.mark.parametrize(
    ("arc", "any_call", "severe_call"),
    [(0.0, False, False), (1.0, True, False), (270.0, True, False), (271.0, True, True), (None, None, None)],
)
def test_imaging_calls_by_the_arc(arc: float | None, any_call: bool | None, severe_call: bool | None) -> None:
    found = derive_calls(read({"A": "none"}, [run("A", "oct", arc)]).table).row(0, named=True)
    assert (found["any_oct"], found["severe_oct"]) == (any_call, severe_call)


def test_angiography_is_never_taken_for_the_truth() -> None:
    assert method_pairs() == (
        ("angiography", "ivus"),
        ("oct", "ivus"),
        ("angiography", "oct"),
        ("ivus", "oct"),
    )


@pytest.mark.parametrize(
    ("arc", "thickness", "length", "bounds"),
    [
        (181.0, 0.51, 5.1, (4, 4, 4)),
        (180.0, 0.5, 5.0, (0, 0, 0)),
        (200.0, None, 6.0, (3, 4, None)),
        (None, 0.6, 6.0, (2, 4, None)),
        (None, None, 6.0, (1, 4, None)),
        (0.0, None, None, (0, 0, 0)),
        (None, None, None, (None, None, None)),
    ],
)
def test_oct_score_leaves_a_range_where_a_measurement_is_missing(
    arc: float | None, thickness: float | None, length: float | None, bounds: tuple[int | None, ...]
) -> None:
    frame = pl.DataFrame(
        {"oct_arc": [arc], "oct_thickness": [thickness], "oct_length": [length]},
        schema=dict.fromkeys(("oct_arc", "oct_thickness", "oct_length"), pl.Float64),
    )
    found = derive_oct_score(frame).select("oct_score_lower", "oct_score_upper", "oct_score")
    assert found.row(0) == bounds


def ivus_score(rule: IvusScoreRule | None = None, **reading: object) -> tuple[object, ...]:
    known = {
        "ivus_arc": 300.0,
        "ivus_arc270_length": 5.0,
        "ivus_vessel_diameter": 3.5,
        "ivus_depth": "superficial",
        "ivus_nodule": "none",
    }
    frame = pl.DataFrame(
        {name: [value] for name, value in {**known, **reading}.items()},
        schema_overrides={"ivus_arc": pl.Float64, "ivus_arc270_length": pl.Float64, "ivus_depth": pl.String},
    )
    found = derive_ivus_score(frame, rule=rule)
    return found.select("ivus_score_lower", "ivus_score_upper", "ivus_score").row(0)


def test_ivus_score_gives_a_point_for_each_criterion_and_none_at_the_cut() -> None:
    assert ivus_score() == (0, 0, 0)
    assert ivus_score(ivus_arc270_length=5.1) == (1, 1, 1)
    assert ivus_score(ivus_vessel_diameter=3.4) == (1, 1, 1)
    assert ivus_score(ivus_nodule="eruptive") == (1, 1, 1)
    assert ivus_score(ivus_arc=360.0) == (1, 1, 1)
    assert ivus_score(ivus_arc=360.0, ivus_depth="deep") == (0, 0, 0)
    assert ivus_score(
        ivus_arc=360.0, ivus_arc270_length=9.0, ivus_vessel_diameter=3.0, ivus_nodule="present"
    ) == (4, 4, 4)


def test_ivus_score_leaves_a_range_where_something_was_not_read() -> None:
    assert ivus_score(ivus_arc270_length=None) == (0, 1, None)
    assert ivus_score(ivus_nodule="unknown") == (0, 1, None)
    # Without 270 degrees there is no length above them to miss.
    assert ivus_score(ivus_arc=200.0, ivus_arc270_length=None) == (0, 0, 0)
    assert ivus_score(ivus_arc=360.0, ivus_depth=None) == (0, 1, None)


def test_ivus_criteria_are_settings() -> None:
    wider = IvusScoreRule(arc270_length_mm=4.0, vessel_diameter_mm=4.0)
    assert ivus_score(wider) == (2, 2, 2)


def test_a_lesion_without_calcium_scores_nought_in_a_narrow_vessel() -> None:
    assert ivus_score(ivus_arc=0.0, ivus_vessel_diameter=2.5) == (0, 0, 0)


def test_depth_is_of_ivus_first_and_a_nodule_of_either() -> None:
    readings = read(
        {"A": "mild", "B": "mild", "C": "mild"},
        [
            run("A", "ivus", 90.0, calcium_depth="deep", calcified_nodule="none"),
            run("A", "oct", 90.0, calcium_depth="superficial", calcified_nodule="eruptive"),
            run("B", "ivus", 90.0, calcium_depth="unknown", calcified_nodule="unknown"),
            run("B", "oct", 90.0, calcium_depth="superficial", calcified_nodule="none"),
        ],
    )
    found = describe_calcium(readings.table)
    assert found.select("depth", "nodule").rows() == [
        ("deep", "nodule"),
        ("superficial", "no nodule"),
        (None, None),
    ]
