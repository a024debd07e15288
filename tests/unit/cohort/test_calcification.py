"""Grades from three sources, and from several lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.calcium_measures import ArcLimits, grade_from_arc, ivus_arc_class, oct_calcium_score
from analytics.cohort.calcification import derive_lesion_severity, worst_measured_severity, worst_severity
from analytics.errors import SpecificationError
from schemas.vocabulary import SEVERITY_GRADES

if TYPE_CHECKING:
    from collections.abc import Callable


def severity(
    build: Callable[..., Any], lesion: dict[str, Any], runs: list[dict[str, Any]], **options: object
) -> dict[str, Any]:
    tables = build(
        lesions=[{"lesion_id": "L", "procedure_id": "X", **lesion}],
        imaging=[{"lesion_id": "L", **run} for run in runs],
    )
    return derive_lesion_severity(tables, **options).row(0, named=True)


@pytest.mark.parametrize(
    ("arc", "grade", "quadrants"),
    [
        (None, "unknown", None),
        (0.0, "none", None),
        (1.0, "mild", "I"),
        (90.0, "mild", "I"),
        (90.5, "mild", "II"),
        (180.0, "mild", "II"),
        (180.5, "moderate", "III"),
        (270.0, "moderate", "III"),
        (270.5, "severe", "IV"),
        (360.0, "severe", "IV"),
    ],
)
def test_arc_is_graded_and_classed_with_closed_upper_limits(
    arc: float | None, grade: str, quadrants: str | None
) -> None:
    frame = pl.DataFrame({"arc": [arc]}, schema={"arc": pl.Float64})
    found = frame.select(
        grade_from_arc(pl.col("arc"), ArcLimits()).alias("g"), ivus_arc_class(pl.col("arc")).alias("q")
    )
    assert found.row(0) == (grade, quadrants)


@pytest.mark.parametrize(
    ("arc", "thickness", "length", "score"),
    [
        (180.0, 0.5, 5.0, 0),
        (180.1, 0.5, 5.0, 2),
        (180.0, 0.51, 5.0, 1),
        (180.0, 0.5, 5.1, 1),
        (200.0, 0.4, 6.0, 3),
        (360.0, 1.2, 30.0, 4),
        (None, 1.2, 30.0, None),
        (200.0, None, 30.0, None),
        (200.0, 1.2, None, None),
    ],
)
def test_oct_score_counts_strictly_above_its_limits(
    arc: float | None, thickness: float | None, length: float | None, score: int | None
) -> None:
    frame = pl.DataFrame(
        {"a": [arc], "t": [thickness], "l": [length]}, schema=dict.fromkeys("atl", pl.Float64)
    )
    assert frame.select(oct_calcium_score(pl.col("a"), pl.col("t"), pl.col("l"))).item() == score


def test_angiography_is_preferred_where_it_has_a_grade(one_patient: Callable[..., Any]) -> None:
    found = severity(
        one_patient,
        {"calcification_angio": "mild", "calcification_assessor": "core_lab"},
        [{"modality": "ivus", "calcium_arc_deg": 300.0}],
    )
    assert (found["severity"], found["severity_source"], found["severity_assessor"]) == (
        "mild",
        "angiography",
        "core_lab",
    )
    assert (found["severity_ivus"], found["ivus_arc_class"]) == ("severe", "IV")


def test_ivus_then_oct_stand_in_for_an_unknown_angiogram(one_patient: Callable[..., Any]) -> None:
    oct_run = {
        "modality": "oct",
        "calcium_arc_deg": 100.0,
        "calcium_thickness_mm": 0.6,
        "calcium_length_mm": 6.0,
    }
    found = severity(one_patient, {"calcification_angio": "unknown"}, [oct_run])
    assert (found["severity"], found["severity_source"], found["severity_assessor"]) == ("mild", "oct", None)
    assert found["oct_calcium_score"] == 2
    both = [oct_run, {"modality": "nirs_ivus", "calcium_arc_deg": 200.0}]
    assert severity(one_patient, {"calcification_angio": "unknown"}, both)["severity"] == "moderate"


def test_coarse_angiographic_grade_is_kept_although_imaging_is_finer(one_patient: Callable[..., Any]) -> None:
    found = severity(
        one_patient, {"calcification_angio": "not_severe"}, [{"modality": "ivus", "calcium_arc_deg": 200.0}]
    )
    assert found["severity"] == "not_severe"


def test_order_of_preference_is_a_setting(one_patient: Callable[..., Any]) -> None:
    found = severity(
        one_patient,
        {"calcification_angio": "mild"},
        [{"modality": "ivus", "calcium_arc_deg": 300.0}],
        preference=("ivus", "angiography"),
    )
    assert (found["severity"], found["severity_source"]) == ("severe", "ivus")


def test_calcium_after_treatment_does_not_grade_the_lesion(one_patient: Callable[..., Any]) -> None:
    run = {"modality": "ivus", "stage": "after_modification", "calcium_arc_deg": 300.0}
    assert severity(one_patient, {}, [run])["severity_ivus"] == "unknown"


def test_nothing_known_is_unknown_from_no_source(one_patient: Callable[..., Any]) -> None:
    found = severity(one_patient, {"calcification_angio": "unknown"}, [])
    assert (found["severity"], found["severity_source"]) == ("unknown", None)


def test_arc_limits_are_a_setting(one_patient: Callable[..., Any]) -> None:
    run = {"modality": "ivus", "calcium_arc_deg": 170.0}
    limits = ArcLimits(mild_up_to=90, moderate_up_to=180)
    assert severity(one_patient, {}, [run], limits=limits)["severity_ivus"] == "moderate"


@pytest.mark.parametrize("limits", [(0.0, 90.0), (180.0, 180.0), (180.0, 360.0)])
def test_limits_that_do_not_ascend_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(SpecificationError, match="ascend"):
        ArcLimits(*limits)


@pytest.mark.parametrize(
    ("lesions", "worst"),
    [
        (["mild", "severe"], "severe"),
        (["unknown", "severe"], "severe"),
        (["unknown", "moderate"], "unknown"),
        (["unknown", "mild"], "unknown"),
        (["not_severe", "moderate"], "moderate"),
        (["not_severe", "mild"], "not_severe"),
        (["not_severe", "none_mild"], "not_severe"),
        (["none_mild", "mild"], "mild"),
        (["none_mild", "none"], "none_mild"),
        (["none"], "none"),
    ],
)
def test_worst_of_several_lesions_says_what_is_known_and_no_more(lesions: list[str], worst: str) -> None:
    assert pl.DataFrame({"grade": lesions}).select(worst_severity("grade")).item() == worst


def test_worst_of_several_lesions_covers_every_grade() -> None:
    for grade in SEVERITY_GRADES:
        assert pl.DataFrame({"grade": [grade]}).select(worst_severity("grade")).item() == grade


def test_lesion_that_was_not_imaged_is_left_aside_by_imaging_grades() -> None:
    frame = pl.DataFrame({"grade": ["unknown", "mild"]})
    assert frame.select(worst_measured_severity("grade")).item() == "mild"
    assert frame.head(1).select(worst_measured_severity("grade")).item() == "unknown"
