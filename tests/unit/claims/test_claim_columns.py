"""What lesions, devices and images say, by hand."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.claims.device_columns import derive_device_columns
from analytics.claims.imaging_columns import derive_image_pairs, derive_imaging_columns
from analytics.claims.lesion_columns import derive_lesion_outcomes, roll_up_lesions


def lesions(**changes: list[object]) -> pl.DataFrame:
    n = 3
    columns: dict[str, list[object]] = {
        "lesion_id": ["L1", "L2", "L3"], "procedure_id": ["P1", "P1", "P2"], "segment_code": ["6"] * n,
        "stenosis_pre_pct": [90.0, 80.0, 70.0], "lesion_length_mm": [20.0, 30.0, 15.0],
        "reference_diameter_mm": [3.0, 2.5, 3.5], "bifurcation": [False] * n, "ostial": [False] * n,
        "cto": [False] * n, "in_stent_restenosis": [False] * n, "timi_post": [3, 3, 3],
        "residual_stenosis_pct": [10.0, 30.0, 5.0], "tortuosity": ["severe", "unknown", "none_mild"],
        "angulation": ["lt45", "gt90", "unknown"],
        "crossability": ["balloon_uncrossable", "balloon_undilatable", None],
    }  # fmt: skip
    return pl.DataFrame({**columns, **changes}, infer_schema_length=None)


def test_success_needs_timi_3_and_less_than_30_per_cent() -> None:
    found = derive_lesion_outcomes(lesions(timi_post=[3, 3, None]))
    assert found["technical_success"].to_list() == [True, False, None]


def test_gain_is_stenosis_gained_times_the_reference() -> None:
    # (90 - 10) % of 3.0 mm = 2.4 mm; (80 - 30) % of 2.5 = 1.25; (70 - 5) % of 3.5 = 2.275
    assert derive_lesion_outcomes(lesions())["acute_gain_mm"].to_list() == pytest.approx([2.4, 1.25, 2.275])


def test_unknown_tortuosity_is_missing_and_an_unopened_lesion_is_resistant() -> None:
    found = derive_lesion_outcomes(lesions())
    assert found["tortuosity"].to_list() == ["severe", None, "none_mild"]
    assert found["is_uncrossable"].to_list() == [True, False, None]
    assert found["is_resistant"].to_list() == [True, True, None]


def test_a_procedure_succeeds_where_every_lesion_does() -> None:
    outcomes = derive_lesion_outcomes(lesions()).with_columns(crossover=pl.Series([False, True, None]))
    found = roll_up_lesions(outcomes)
    assert found["technical_success"].to_list() == [False, True]
    assert found["crossover"].to_list() == [True, None]
    assert found["longest_lesion_mm"].to_list() == [30.0, 15.0]


def uses(*rows: tuple[str, int, str, str, float | None, bool | None]) -> pl.DataFrame:
    names = ("lesion_id", "sequence_no", "device_class", "role", "max_pressure_atm", "device_success")
    return pl.DataFrame(rows, schema=list(names), orient="row", infer_schema_length=None)


def test_a_rescue_is_a_crossover_and_the_first_balloon_has_failed() -> None:
    found = derive_device_columns(
        uses(
            ("L1", 2, "rotational_atherectomy", "rescue_modification", None, True),
            ("L1", 1, "sc_balloon", "pre_dilation", 12.0, False),
            ("L1", 3, "nc_balloon", "post_dilation", 20.0, True),
            ("L2", 1, "nc_balloon", "modification", 16.0, True),
            ("L2", 2, "stent", "bailout", 14.0, True),
        )
    )
    assert found["crossover"].to_list() == [True, False]
    assert found["first_balloon_failed"].to_list() == [True, False]
    assert found["nc_max_pressure_atm"].to_list() == [20.0, 16.0]
    assert found["laser_success"].to_list() == [None, None]


def test_the_laser_succeeds_where_every_pass_does() -> None:
    found = derive_device_columns(
        uses(
            ("L1", 1, "elca", "modification", None, True),
            ("L1", 2, "elca", "modification", None, False),
            ("L2", 1, "elca", "modification", None, True),
        )
    )
    assert found["laser_success"].to_list() == [False, True]


def runs() -> pl.DataFrame:
    names = (
        "imaging_id", "lesion_id", "modality", "stage", "calcium_arc_deg", "calcium_depth",
        "calcium_fracture", "msa_mm2", "stent_expansion_pct",
    )  # fmt: skip
    rows = [
        ("I1", "L1", "ivus", "baseline", 270.0, "deep", None, None, None),
        ("I2", "L1", "oct", "baseline", 150.0, "superficial", None, None, None),
        ("I3", "L1", "oct", "after_stent", None, None, True, 5.5, 79.0),
        ("I4", "L2", "ivus", "baseline", 90.0, "superficial", None, None, None),
        ("I5", "L2", "oct", "baseline", 0.0, "none", None, None, None),
        ("I6", "L3", "ivus", "baseline", 180.0, "mixed", None, None, None),
    ]
    return pl.DataFrame(rows, schema=list(names), orient="row", infer_schema_length=None)


def test_depth_comes_from_oct_first_and_expansion_from_after_the_stent() -> None:
    found = derive_imaging_columns(runs())
    assert found["lesion_id"].to_list() == ["L1", "L2", "L3"]
    assert found["calcium_arc_deg"].to_list() == [270.0, 90.0, 180.0]
    assert found["calcium_depth"].to_list() == ["superficial", "superficial", "mixed"]
    assert found["is_under_expanded"].to_list() == [True, None, None]
    assert found["calcium_fracture"].to_list() == [True, None, None]


def test_only_lesions_that_both_saw_are_pairs() -> None:
    found = derive_image_pairs(runs())
    assert found["lesion_id"].to_list() == ["L1", "L2"]
    # 270 - 150 = 120 degrees short of IVUS; the second lesion is missed outright.
    assert found["oct_falls_short"].to_list() == [True, True]
    assert found["oct_sees_calcium"].to_list() == [True, False]
    assert found["is_deep"].to_list() == [True, False]
