"""Denominators, structural zeros and notes, on a handful of procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.flags import derive_complication_flags
from analytics.complications.rates import estimate_complication_rates
from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.complications.results import ComplicationRate

    Build = Callable[..., Any]

BURR = {"strategy_intended": "rotational_atherectomy", "used_rotational_atherectomy": True}


def rate_of(
    frames: Any,  # noqa: ANN401 - the fixture's stand-in for cohort and tables
    key: str,
    group: tuple[str, str] = ("all", "all"),
    unit: str = "procedure",
) -> ComplicationRate:
    flags = derive_complication_flags(frames, frames, unit=unit)
    rates = estimate_complication_rates(flags, complications=[key])
    return next(rate for rate in rates if (rate.strategy, rate.severity) == group)


def test_only_sites_that_state_absence_are_a_denominator(frames: Build) -> None:
    built = frames(
        [
            {"procedure_id": "A"},
            {"procedure_id": "B"},
            {"procedure_id": "C", "complications_recorded": "some"},
            {"procedure_id": "D", "complications_recorded": "none"},
        ],
        [
            {"procedure_id": "A", "complication_type": "tamponade"},
            {"procedure_id": "C", "complication_type": "tamponade"},
        ],
    )
    rate = rate_of(built, "tamponade")
    assert (rate.n_events, rate.n_total, rate.n_unrecorded, rate.rate) == (1, 2, 2, 0.5)
    assert rate.status == "observed"
    assert rate.note == "Left out because their site does not state absence: 2."


def test_zero_events_show_the_exact_upper_limit(frames: Build) -> None:
    rate = rate_of(frames([{"procedure_id": "A"}, {"procedure_id": "B"}]), "wire_fracture")
    assert (rate.status, rate.rate, rate.lower) == ("zero", 0.0, 0.0)
    assert rate.upper == pytest.approx(1 - 0.025**0.5)


def test_nothing_recorded_gives_no_rate(frames: Build) -> None:
    rate = rate_of(frames([{"procedure_id": "A", "complications_recorded": "none"}]), "tamponade")
    assert (rate.status, rate.rate, rate.upper, rate.n_unrecorded) == ("no_denominator", None, None, 1)


def test_two_records_of_one_procedure_count_once(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "A", "complication_type": "av_block"}] * 2)
    assert rate_of(built, "av_block").n_events == 1


def test_record_of_a_procedure_outside_the_cohort_is_not_counted(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "Z", "complication_type": "av_block"}])
    assert rate_of(built, "av_block").n_events == 0


@pytest.mark.parametrize(
    ("kind", "scale", "grade", "key", "n_events"),
    [
        ("dissection", "nhlbi", "C", "dissection_d_f", 0),
        ("dissection", "nhlbi", "D", "dissection_d_f", 1),
        ("dissection", "nhlbi", "E", "dissection_d_f", 1),
        ("dissection", "nhlbi", "F", "dissection_d_f", 1),
        ("dissection", None, "D", "dissection_d_f", 1),
        ("dissection", "nhlbi", "A", "dissection_any", 1),
        ("perforation", "ellis", "II", "perforation_ellis_iii", 0),
        ("perforation", "ellis", "III", "perforation_ellis_iii", 1),
        ("perforation", "ellis", "III_CS", "perforation_ellis_iii", 1),
        ("perforation", "ellis", "I", "perforation_any", 1),
        ("perforation", None, None, "perforation_any", 1),
    ],
)
def test_grade_decides_where_one_is_asked_for(
    frames: Build, kind: str, scale: str | None, grade: str | None, key: str, n_events: int
) -> None:
    record = {"procedure_id": "A", "complication_type": kind, "grade_scale": scale, "grade": grade}
    assert rate_of(frames([{"procedure_id": "A"}], [record]), key).n_events == n_events


def test_ungraded_dissection_stays_in_the_denominator_and_is_named(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A"}, {"procedure_id": "B"}, {"procedure_id": "C"}],
        [
            {"procedure_id": "A", "complication_type": "dissection", "grade_scale": "nhlbi", "grade": "D"},
            {"procedure_id": "B", "complication_type": "dissection"},
        ],
    )
    rate = rate_of(built, "dissection_d_f")
    assert (rate.n_events, rate.n_total) == (1, 3)
    assert (
        rate.note == "Not counted for want of a grade: 1 procedure; the true number of events is at most 2."
    )


def test_grade_on_a_foreign_scale_is_no_grade(frames: Build) -> None:
    record = {"procedure_id": "A", "complication_type": "dissection", "grade_scale": "other", "grade": "D"}
    rate = rate_of(frames([{"procedure_id": "A"}], [record]), "dissection_d_f")
    assert rate.n_events == 0
    assert "at most 1." in rate.note


def test_burr_entrapment_without_any_burr_is_a_structural_zero(frames: Build) -> None:
    rate = rate_of(frames([{"procedure_id": "A"}, {"procedure_id": "B"}]), "burr_entrapment")
    assert (rate.status, rate.n_total, rate.rate, rate.lower, rate.upper) == (
        "structural_zero",
        0,
        None,
        None,
        None,
    )


def test_burr_entrapment_is_counted_among_burrs_only(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A", **BURR}, {"procedure_id": "B", **BURR}, {"procedure_id": "C"}],
        [
            {
                "procedure_id": "A",
                "complication_type": "device_entrapment",
                "attributed_device_class": "rotational_atherectomy",
            }
        ],
    )
    assert rate_of(built, "burr_entrapment").n_total == 2
    assert rate_of(built, "burr_entrapment").n_events == 1
    assert rate_of(built, "burr_entrapment", ("nc_balloon", "all")).status == "structural_zero"
    assert rate_of(built, "burr_entrapment", ("rotational_atherectomy", "severe")).rate == 0.5


def test_crown_of_an_orbital_device_can_be_entrapped_too(frames: Build) -> None:
    built = frames([{"procedure_id": "A", "used_orbital_atherectomy": True}])
    assert rate_of(built, "burr_entrapment").status == "zero"


def test_entrapment_of_another_device_is_not_a_burrs(frames: Build) -> None:
    record = {"complication_type": "device_entrapment", "attributed_device_class": "cutting_balloon"}
    built = frames([{"procedure_id": "A", **BURR}], [{"procedure_id": "A", **record}])
    assert rate_of(built, "burr_entrapment").status == "zero"


def test_entrapment_without_a_named_device_counts_where_a_burr_was_used(frames: Build) -> None:
    record = {"procedure_id": "A", "complication_type": "device_entrapment"}
    assert rate_of(frames([{"procedure_id": "A", **BURR}], [record]), "burr_entrapment").n_events == 1
    assert rate_of(frames([{"procedure_id": "A"}], [record]), "burr_entrapment").status == "structural_zero"


def test_entrapment_that_contradicts_the_device_list_is_named(frames: Build) -> None:
    record = {"complication_type": "device_entrapment", "attributed_device_class": "rotational_atherectomy"}
    rate = rate_of(frames([{"procedure_id": "A"}], [{"procedure_id": "A", **record}]), "burr_entrapment")
    assert rate.status == "structural_zero"
    assert "check the device list" in rate.note


def test_group_without_any_device_on_record_is_no_structural_zero(frames: Build) -> None:
    unknown = {"used_balloon": False, "devices_recorded": False}
    assert rate_of(frames([{"procedure_id": "A", **unknown}]), "burr_entrapment").status == "no_denominator"


def test_balloon_rupture_without_a_balloon_is_a_structural_zero(frames: Build) -> None:
    built = frames([{"procedure_id": "A", "strategy_intended": "no_preparation", "used_balloon": False}])
    assert rate_of(built, "balloon_rupture").status == "structural_zero"


def test_coarse_and_unknown_grades_are_groups_of_their_own(frames: Build) -> None:
    grades = ["not_severe", "none_mild", "unknown", "mild"]
    flags_of = frames([{"procedure_id": grade, "severity": grade} for grade in grades])
    flags = derive_complication_flags(flags_of, flags_of)
    rates = estimate_complication_rates(flags, complications=["tamponade"], by=["severity"])
    assert [(rate.strategy, rate.severity, rate.n_total) for rate in rates] == [
        ("all", "mild", 1),
        ("all", "none_mild", 1),
        ("all", "not_severe", 1),
        ("all", "unknown", 1),
        ("all", "all", 4),
    ]


def test_groups_and_margins_come_in_the_order_of_the_vocabulary(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}, {"procedure_id": "B", **BURR, "severity": "mild"}])
    rates = estimate_complication_rates(derive_complication_flags(built, built), complications=["tamponade"])
    assert [(rate.strategy, rate.severity) for rate in rates] == [
        ("rotational_atherectomy", "mild"),
        ("rotational_atherectomy", "all"),
        ("nc_balloon", "severe"),
        ("nc_balloon", "all"),
        ("all", "mild"),
        ("all", "severe"),
        ("all", "all"),
    ]


def test_lesions_are_counted_where_the_record_names_them(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A"}, {"procedure_id": "B"}],
        [
            {"procedure_id": "A", "lesion_id": "A-2", "complication_type": "perforation"},
            {"procedure_id": "B", "complication_type": "perforation"},
        ],
        lesions=[
            {"procedure_id": "A", "lesion_id": "A-1"},
            {"procedure_id": "A", "lesion_id": "A-2"},
            {"procedure_id": "B", "lesion_id": "B-1"},
        ],
    )
    rate = rate_of(built, "perforation_any", unit="lesion")
    assert (rate.unit, rate.n_events, rate.n_total, rate.note) == ("lesion", 2, 3, "")


def test_record_without_a_lesion_is_unclear_in_a_procedure_with_several(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A"}],
        [{"procedure_id": "A", "complication_type": "perforation"}],
        lesions=[{"procedure_id": "A", "lesion_id": "A-1"}, {"procedure_id": "A", "lesion_id": "A-2"}],
    )
    rate = rate_of(built, "perforation_any", unit="lesion")
    assert (rate.n_events, rate.n_total) == (0, 2)
    assert "for want of a lesion: 2 lesions" in rate.note


def test_cohort_without_procedures_has_no_denominator(frames: Build) -> None:
    built = frames([])
    rates = estimate_complication_rates(derive_complication_flags(built, built))
    assert {rate.status for rate in rates} == {"no_denominator"}
    assert len(rates) == len(COMPLICATIONS)


@pytest.mark.parametrize(
    "options", [{"complications": ["dissektion"]}, {"by": ["device"]}, {"strategy": "strategy_guessed"}]
)
def test_unknown_names_are_a_users_error(frames: Build, options: dict[str, Any]) -> None:
    built = frames([{"procedure_id": "A"}])
    with pytest.raises(SpecificationError, match="Choose from"):
        estimate_complication_rates(derive_complication_flags(built, built), **options)


def test_unknown_unit_is_a_users_error(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}])
    with pytest.raises(SpecificationError, match="unknown unit"):
        derive_complication_flags(built, built, unit="stent")
