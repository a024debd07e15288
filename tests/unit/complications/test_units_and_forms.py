"""Patients as units, patients who count more than once, forms of slow flow, grades, laser, bailout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from analytics.complications.flags import derive_complication_flags
from analytics.complications.rates import estimate_complication_rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.complications.results import ComplicationRate

    Build = Callable[..., Any]

TAMPONADE = {"complication_type": "tamponade"}
SLOW = {"complication_type": "slow_flow_no_reflow"}


def overall(built: Any, key: str, unit: str = "procedure") -> ComplicationRate:  # noqa: ANN401 - stand-in
    flags = derive_complication_flags(built, built, unit=unit)
    return estimate_complication_rates(flags, complications=[key], by=[])[0]


def test_a_patient_counts_once_however_many_procedures_had_it(frames: Build) -> None:
    built = frames(
        [
            {"procedure_id": "A1", "patient_id": "A", "procedure_day": 1},
            {"procedure_id": "A2", "patient_id": "A", "procedure_day": 40},
            {"procedure_id": "B1", "patient_id": "B", "procedure_day": 3},
        ],
        [{"procedure_id": "A1", **TAMPONADE}, {"procedure_id": "A2", **TAMPONADE}],
    )
    rate = overall(built, "tamponade", "patient")
    assert (rate.unit, rate.n_events, rate.n_total) == ("patient", 1, 2)
    assert overall(built, "tamponade").n_events == 2


def test_a_patient_carries_device_and_grade_of_the_first_procedure(frames: Build) -> None:
    built = frames(
        [
            {"procedure_id": "A1", "patient_id": "A", "procedure_day": 40, "severity": "severe"},
            {
                "procedure_id": "A2",
                "patient_id": "A",
                "procedure_day": 1,
                "severity": "mild",
                "strategy_intended": "elca",
                "used_elca": True,
            },
        ]
    )
    row = derive_complication_flags(built, built, unit="patient").row(0, named=True)
    assert (row["severity"], row["strategy_intended"], row["n_procedures"]) == ("mild", "elca", 2)
    assert row["used_elca"]


def test_a_patient_is_in_the_denominator_only_if_every_procedure_is(frames: Build) -> None:
    built = frames(
        [
            {"procedure_id": "A1", "patient_id": "A"},
            {"procedure_id": "A2", "patient_id": "A", "complications_recorded": "some"},
            {"procedure_id": "B1", "patient_id": "B"},
        ],
        [{"procedure_id": "A1", **TAMPONADE}],
    )
    rate = overall(built, "tamponade", "patient")
    assert (rate.n_events, rate.n_total, rate.n_unrecorded) == (0, 1, 1)


def test_one_unclear_procedure_leaves_a_patient_unclear_unless_another_had_it(frames: Build) -> None:
    ungraded = {"complication_type": "perforation"}
    graded = {**ungraded, "grade_scale": "ellis", "grade": "III"}
    built = frames(
        [
            {"procedure_id": "A1", "patient_id": "A"},
            {"procedure_id": "A2", "patient_id": "A"},
            {"procedure_id": "B1", "patient_id": "B"},
            {"procedure_id": "B2", "patient_id": "B"},
        ],
        [
            {"procedure_id": "A1", **ungraded},
            {"procedure_id": "B1", **ungraded},
            {"procedure_id": "B2", **graded},
        ],
    )
    flags = derive_complication_flags(built, built, unit="patient")
    assert flags["perforation_ellis_iii"].to_list() == [None, True]


def test_patients_who_count_more_than_once_widen_the_interval(frames: Build) -> None:
    # Lesions with the event by patient: 2 of 2, 0 of 2, 0 of 1, 1 of 1, 0 of 1: r = 3/7.
    # x - r n = (8/7, -6/7, -3/7, 4/7, -3/7), squares sum to 134/49; v = 5/4 * (134/49) / 49 = 0.0697626.
    # Effective lesions (12/49) / v = 3.5104478; limits with Student's t of 4 degrees, 2.7764451.
    counts = {"A": (2, 2), "B": (0, 2), "C": (0, 1), "D": (1, 1), "E": (0, 1)}
    lesions = [
        {"procedure_id": name, "patient_id": name, "lesion_id": f"{name}-{number}"}
        for name, (_, total) in counts.items()
        for number in range(total)
    ]
    records = [
        {"procedure_id": name, "lesion_id": f"{name}-{number}", "complication_type": "perforation"}
        for name, (events, _) in counts.items()
        for number in range(events)
    ]
    rate = overall(
        frames([{"procedure_id": name} for name in counts], records, lesions), "perforation_any", "lesion"
    )
    assert (rate.n_events, rate.n_total, rate.n_patients) == (3, 7, 5)
    assert rate.method == "Wilson with effective sample size, by cluster"
    assert rate.n_effective == pytest.approx(12 / 49 / (5 / 4 * 134 / 49 / 49), rel=1e-12)
    for limit in (rate.lower, rate.upper):
        assert limit is not None
        reach = 2.7764451051977987 * math.sqrt(limit * (1 - limit) / rate.n_effective)
        assert abs(3 / 7 - limit) == pytest.approx(reach, rel=1e-9)


def test_without_events_the_patients_bound_the_rate_and_not_the_lesions(frames: Build) -> None:
    lesions = [{"procedure_id": "A", "lesion_id": "A-1"}, {"procedure_id": "A", "lesion_id": "A-2"}]
    lesions += [{"procedure_id": name, "lesion_id": f"{name}-1"} for name in "BC"]
    built = frames([{"procedure_id": name} for name in "ABC"], lesions=lesions)
    rate = overall(built, "perforation_any", "lesion")
    assert (rate.status, rate.n_total, rate.n_patients) == ("zero", 4, 3)
    assert rate.upper == pytest.approx(1 - 0.025 ** (1 / 3))


def test_groups_in_which_nobody_recurs_keep_the_plain_interval(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}, {"procedure_id": "B"}], [{"procedure_id": "A", **TAMPONADE}])
    rate = overall(built, "tamponade")
    assert (rate.method, rate.n_patients, rate.n_effective) == ("Wilson", None, None)


@pytest.mark.parametrize(
    ("timi", "final", "transient", "n_unclear"), [(2, 1, 0, 0), (0, 1, 0, 0), (3, 0, 1, 0), (None, 0, 0, 1)]
)
def test_flow_at_the_end_tells_final_from_transient_slow_flow(
    frames: Build, timi: int | None, final: int, transient: int, n_unclear: int
) -> None:
    lesions = [{"procedure_id": "A", "lesion_id": "A-1", "timi_post": timi}]
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "A", "lesion_id": "A-1", **SLOW}], lesions)
    for unit in ("lesion", "procedure", "patient"):
        assert overall(built, "slow_flow_no_reflow", unit).n_events == 1
        assert overall(built, "slow_flow_final", unit).n_events == final
        assert overall(built, "slow_flow_transient", unit).n_events == transient
        assert ("want of a final flow" in overall(built, "slow_flow_final", unit).note) == bool(n_unclear)


@pytest.mark.parametrize(
    ("flows", "final", "transient"), [((3, 3), 0, 1), ((1, 2), 1, 0), ((3, 2), 0, 0), ((3, None), 0, 0)]
)
def test_a_record_without_a_lesion_takes_a_flow_on_which_all_lesions_agree(
    frames: Build, flows: tuple[int | None, int | None], final: int, transient: int
) -> None:
    lesions = [
        {"procedure_id": "A", "lesion_id": f"A-{number}", "timi_post": timi}
        for number, timi in enumerate(flows)
    ]
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "A", **SLOW}], lesions)
    assert overall(built, "slow_flow_final").n_events == final
    assert overall(built, "slow_flow_transient").n_events == transient


def test_impaired_flow_without_a_record_is_no_slow_flow(frames: Build) -> None:
    lesions = [{"procedure_id": "A", "lesion_id": "A-1", "timi_post": 1}]
    assert overall(frames([{"procedure_id": "A"}], lesions=lesions), "slow_flow_final").n_events == 0


def test_every_grouping_of_dissections_is_counted_from_the_letter(frames: Build) -> None:
    letters = "ABCDEF"
    records = [
        {"procedure_id": name, "complication_type": "dissection", "grade_scale": "nhlbi", "grade": name}
        for name in letters
    ]
    flags = derive_complication_flags(*[frames([{"procedure_id": name} for name in letters], records)] * 2)
    found = {rate.complication: rate.n_events for rate in estimate_complication_rates(flags, by=[])}
    assert [found[f"dissection_{letter.lower()}"] for letter in letters] == [1] * 6
    groupings = ("dissection_any", "dissection_a_c", "dissection_c_f", "dissection_d_f", "dissection_e_f")
    assert [found[key] for key in groupings] == [6, 3, 4, 3, 2]


def test_complications_of_the_laser_need_the_laser_to_be_named(frames: Build) -> None:
    laser = {"strategy_intended": "elca", "used_elca": True}
    named = {"complication_type": "dissection", "attributed_device_class": "elca"}
    built = frames(
        [{"procedure_id": name, **laser} for name in "ABC"] + [{"procedure_id": "D"}],
        [
            {"procedure_id": "A", **named},
            {"procedure_id": "B", "complication_type": "dissection"},
            {"procedure_id": "C", "complication_type": "dissection", "attributed_device_class": "nc_balloon"},
        ],
    )
    rate = overall(built, "laser_complication")
    assert (rate.n_events, rate.n_total) == (1, 3)
    assert "for want of a named device: 1 procedure; the true number of events is at most 2" in rate.note


def test_wire_fracture_with_a_burr_is_counted_among_burrs(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A", "used_rotational_atherectomy": True}, {"procedure_id": "B"}],
        [{"procedure_id": name, "complication_type": "wire_fracture"} for name in "AB"],
    )
    assert overall(built, "wire_fracture").n_total == 2
    rate = overall(built, "wire_fracture_burr")
    assert (rate.n_events, rate.n_total) == (1, 1)
    assert "event without such a device in 1" in rate.note


@pytest.mark.parametrize(
    ("timing", "procedural", "later"),
    [("in_lab", 1, 0), ("in_hospital", 0, 1), ("unknown", 1, 0), (None, 1, 0)],
)
def test_time_within_the_stay_tells_immediate_from_later(
    frames: Build, timing: str | None, procedural: int, later: int
) -> None:
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "A", "timing": timing, **TAMPONADE}])
    assert overall(built, "any_procedural").n_events == procedural
    assert overall(built, "any_later").n_events == later
    assert ("want of a time" in overall(built, "any_later").note) == (timing in {None, "unknown"})


def test_bleeding_is_no_immediate_complication(frames: Build) -> None:
    record = {"procedure_id": "A", "timing": "in_lab", "complication_type": "access_site_bleeding"}
    assert overall(frames([{"procedure_id": "A"}], [record]), "any_procedural").n_events == 0


def test_plan_of_use_is_that_of_the_devices_that_prepare(frames: Build) -> None:
    def use(name: str, device: str, plan: str | None, role: str | None = None) -> dict[str, Any]:
        return {"lesion_id": f"{name}-1", "device_class": device, "use_plan": plan, "role": role}

    uses = [
        use("A", "nc_balloon", "planned"),
        use("B", "nc_balloon", "planned"),
        use("B", "rotational_atherectomy", None, "rescue_modification"),
        use("C", "stent", "bailout", "bailout"),
        use("C", "nc_balloon", "planned"),
        use("D", "nc_balloon", None),
    ]
    built = frames([{"procedure_id": name} for name in "ABCDE"], uses=uses)
    flags = derive_complication_flags(built, built)
    assert flags["use_plan"].to_list() == ["planned", "bailout", "planned", "unknown", "unknown"]
    assert derive_complication_flags(built, built, unit="patient")["use_plan"].to_list()[1] == "bailout"


def test_a_record_without_a_lesion_is_unclear_and_not_a_zero(frames: Build) -> None:
    built = frames(
        [{"procedure_id": "A1", "patient_id": "A"}],
        [{"procedure_id": "A1", "complication_type": "perforation"}],
        lesions=[{"lesion_id": "L1", "procedure_id": "A1"}, {"lesion_id": "L2", "procedure_id": "A1"}],
    )
    rate = overall(built, "perforation_any", "lesion")
    assert (rate.status, rate.n_events, rate.n_total, rate.n_unclear) == ("zero", 0, 2, 2)
