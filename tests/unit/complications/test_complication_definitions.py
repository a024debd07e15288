"""Which complications there are, what they are made of, and what each is counted by."""

from __future__ import annotations

from analytics.complications.definitions import COMPLICATIONS, PRINCIPAL, default_unit, details_of
from schemas.vocabulary import COMPLICATION_TYPES


def test_definitions_name_types_of_the_schema() -> None:
    assert {kind for item in COMPLICATIONS.values() for kind in item.types} <= set(COMPLICATION_TYPES)


def test_every_complication_of_the_review_is_defined() -> None:
    assert PRINCIPAL == (
        "dissection_any",
        "dissection_d_f",
        "perforation_any",
        "perforation_ellis_iii",
        "slow_flow_no_reflow",
        "av_block",
        "wire_fracture",
        "burr_entrapment",
        "balloon_rupture",
        "laser_complication",
        "device_loss",
        "tamponade",
        "abrupt_closure",
        "side_branch_loss",
        "ventricular_arrhythmia",
        "emergency_cabg",
        "periprocedural_mi",
        "any_procedural",
        "any_later",
    )


def test_details_stand_under_the_complication_that_they_belong_to() -> None:
    assert details_of("perforation_any") == (
        "perforation_ellis_i",
        "perforation_ellis_ii",
        "perforation_ellis_iii_pericardial",
        "perforation_ellis_iii_cs",
    )
    assert details_of("slow_flow_no_reflow") == ("slow_flow_final", "slow_flow_transient")
    assert details_of("tamponade") == ()


def test_each_complication_is_counted_by_its_own_unit() -> None:
    assert default_unit("perforation_any") == default_unit("dissection_c") == "lesion"
    assert default_unit("av_block") == default_unit("any_procedural") == "procedure"
