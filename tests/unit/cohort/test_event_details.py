"""Which event counts for which index procedure, on which day, and in which stay."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.horizons import derive_in_hospital
from analytics.cohort.specification import CohortSpec
from analytics.cohort.time_to_event import (
    TIME_TO_EVENT_SCHEMA,
    count_events_after_clock,
    derive_time_to_event,
    derive_times_to_events,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

    Build = Callable[..., RegistryTables]

ALL = bundled_endpoints()


def day(number: int) -> dt.date:
    return dt.date(2020, 1, 1) + dt.timedelta(days=number)


def event(kind: str, number: int, **more: object) -> dict[str, Any]:
    return {"event_type": kind, "event_date": day(number), **more}


def outcome(tables: RegistryTables, name: str, *columns: str) -> tuple[Any, ...]:
    """Time, cause and component (or other columns) of the only index procedure."""
    frame = derive_time_to_event(derive_cohort(tables), tables, ALL[name])
    return frame.select(columns or ("time_days", "cause", "component")).row(0)


@pytest.fixture
def followed(one_patient: Build) -> Build:
    """Follow the one patient to day 1000, where events are asked about."""

    def build(*events: dict[str, Any], **rows: object) -> RegistryTables:
        return one_patient(events=list(events), follow_up=[{"contact_date": day(1000)}], **rows)

    return build


def test_event_tied_to_another_index_says_nothing_about_these_lesions(followed: Build) -> None:
    later = [{"procedure_id": "Y", "procedure_date": day(100)}]
    tlr = event("revasc_pci", 200, target_relation="target_lesion", procedure_id="Y")
    tables = followed(tlr, later=later)
    frame = derive_time_to_event(
        derive_cohort(tables, CohortSpec(index="every_procedure")), tables, ALL["tlr"]
    )
    assert frame.select("procedure_id", "time_days", "cause").rows() == [("X", 1000, 0), ("Y", 100, 1)]


def test_repeat_procedure_that_is_tied_to_itself_keeps_its_relation(followed: Build) -> None:
    later = [{"procedure_id": "Y", "procedure_date": day(200)}]
    tlr = event("revasc_pci", 200, target_relation="target_lesion", procedure_id="Y")
    assert outcome(followed(tlr, later=later), "tlr") == (200, 1, "tlr")


@pytest.mark.parametrize(
    ("lesion", "relation", "expected"),
    [
        ("X-1", None, (200, 1)),
        ("X-1", "unknown", (200, 1)),
        ("X-1", "non_target_vessel", (1000, 0)),
        (None, None, (1000, 0)),
    ],
)
def test_event_that_names_an_index_lesion_is_on_target_unless_it_says_otherwise(
    followed: Build, lesion: str | None, relation: str | None, expected: tuple[int, int]
) -> None:
    tables = followed(event("revasc_pci", 200, lesion_id=lesion, target_relation=relation))
    assert outcome(tables, "tlr", "time_days", "cause") == expected


def complication(kind: str, **more: object) -> list[dict[str, Any]]:
    return [{"procedure_id": "X", "complication_type": kind, **more}]


@pytest.mark.parametrize(
    ("kind", "name", "component"),
    [
        ("stroke", "macce", "stroke"),
        ("stent_thrombosis", "stent_thrombosis", "stent_thrombosis"),
        ("emergency_cabg", "tvf", "tvr"),
    ],
)
def test_complication_of_the_stay_is_an_event_of_day_zero(
    followed: Build, kind: str, name: str, component: str
) -> None:
    assert outcome(followed(complications=complication(kind)), name) == (0, 1, component)


def test_complication_does_not_predate_the_dated_event_that_it_is(followed: Build) -> None:
    tables = followed(
        event("stroke_undetermined", 2), complications=complication("stroke", timing="in_hospital")
    )
    assert outcome(tables, "stroke") == (2, 1, "stroke")


def test_recorded_periprocedural_infarction_counts_only_where_the_endpoint_says_so(followed: Build) -> None:
    with_records = dataclasses.replace(ALL["mi"], includes_periprocedural_mi=True)
    tables = followed(
        event("mi", 400, mi_type="spontaneous"), complications=complication("periprocedural_mi")
    )
    cohort = derive_cohort(tables)
    assert derive_time_to_event(cohort, tables, ALL["mi"]).item(0, "time_days") == 400
    assert derive_time_to_event(cohort, tables, with_records).item(0, "time_days") == 0


def test_reported_periprocedural_infarction_is_an_event(followed: Build) -> None:
    tables = followed(
        event("mi", 1, mi_type="periprocedural"), complications=complication("periprocedural_mi")
    )
    assert outcome(tables, "mi")[:2] == (1, 1)


def test_window_ends_the_follow_up(followed: Build) -> None:
    by_one_year = dataclasses.replace(ALL["mi"], window_days=365)
    for number, expected in ((365, (365, 1)), (366, (365, 0))):
        tables = followed(event("mi", number))
        frame = derive_time_to_event(derive_cohort(tables), tables, by_one_year)
        assert frame.select("time_days", "cause").row(0) == expected


def test_status_at_a_visit_is_an_event_by_then_but_not_on_a_day(followed: Build) -> None:
    tables = followed(event("death", 183, event_date_precision="on_or_before"))
    assert outcome(tables, "all_cause_death", "time_days", "cause", "time_is_exact") == (183, 1, False)


def test_censored_time_is_exact(followed: Build) -> None:
    assert outcome(followed(), "mi", "cause", "time_is_exact") == (0, True)


def test_month_is_taken_as_completed_within_follow_up(followed: Build) -> None:
    # Index on 1 January 2020; 15 March 2020 is day 74.
    tables = followed(
        {"event_type": "mi", "event_date": dt.date(2020, 3, 15), "event_date_precision": "month"}
    )
    assert outcome(tables, "mi", "time_days", "time_is_exact") == (74, True)


def test_month_of_the_procedure_never_precedes_it(one_patient: Build) -> None:
    tables = one_patient(
        procedure={"procedure_date": day(20), "discharge_date": day(22)},
        follow_up=[{"contact_date": day(400)}],
        events=[{"event_type": "mi", "event_date": day(14), "event_date_precision": "month"}],
    )
    assert outcome(tables, "mi") == (0, 1, "mi")


def test_month_before_the_procedure_is_no_event(one_patient: Build) -> None:
    tables = one_patient(
        procedure={"procedure_date": day(40), "discharge_date": day(42)},
        follow_up=[{"contact_date": day(400)}],
        events=[{"event_type": "mi", "event_date": day(14), "event_date_precision": "month"}],
    )
    assert outcome(tables, "mi") == (360, 0, None)


def test_month_of_the_last_contact_does_not_outlast_it(one_patient: Build) -> None:
    # Last contact 10 March 2020 (day 69); the infarction was in March, completed to 15 March (day 74).
    tables = one_patient(
        follow_up=[{"contact_date": dt.date(2020, 3, 10)}],
        events=[{"event_type": "mi", "event_date": dt.date(2020, 3, 15), "event_date_precision": "month"}],
    )
    assert outcome(tables, "mi") == (69, 1, "mi")


def test_month_of_a_death_is_moved_past_the_last_sign_of_life(one_patient: Build) -> None:
    # Alive on 20 March 2020 (day 79), died in March: not on the 15th.
    tables = one_patient(
        follow_up=[{"contact_date": dt.date(2020, 3, 20)}],
        events=[{"event_type": "death", "event_date": dt.date(2020, 3, 15), "event_date_precision": "month"}],
    )
    assert outcome(tables, "all_cause_death") == (79, 1, "death")


def test_year_is_placed_but_not_exact(followed: Build) -> None:
    # 1 July 2021 is day 547.
    tables = followed({"event_type": "mi", "event_date": dt.date(2021, 7, 1), "event_date_precision": "year"})
    assert outcome(tables, "mi", "time_days", "cause", "time_is_exact") == (547, 1, False)


def test_month_only_calendar_is_taken_as_a_calendar_of_months(followed: Build) -> None:
    tables = followed(
        event("mi", 60), sites=[{"date_policy": "month_only", "followup_source": "active_contact"}]
    )
    assert outcome(tables, "mi", "time_days", "time_is_exact") == (60, True)


def test_event_after_the_clock_is_counted_apart(one_patient: Build) -> None:
    tables = one_patient(follow_up=[{"contact_date": day(30)}], events=[event("mi", 200)])
    cohort = derive_cohort(tables)
    assert count_events_after_clock(cohort, tables, ALL["mi"]) == 1
    assert count_events_after_clock(cohort, tables, ALL["stroke"]) == 0


def test_frames_of_several_endpoints_stand_below_one_another(followed: Build) -> None:
    tables = followed(event("mi", 100))
    frame = derive_times_to_events(derive_cohort(tables), tables, ALL.values())
    assert frame.schema == TIME_TO_EVENT_SCHEMA
    assert frame.get_column("endpoint").to_list() == list(ALL)


def test_empty_cohort_gives_an_empty_frame(registry: Build) -> None:
    tables = registry()
    frame = derive_times_to_events(derive_cohort(tables), tables, ALL.values())
    assert frame.schema == TIME_TO_EVENT_SCHEMA
    assert frame.height == 0


@pytest.mark.parametrize(("number", "expected"), [(0, True), (2, True), (3, False)])
def test_stay_decides_what_happened_in_hospital(followed: Build, *, number: int, expected: bool) -> None:
    tables = followed(event("mi", number))
    cohort = derive_cohort(tables)
    frame = derive_in_hospital(derive_time_to_event(cohort, tables, ALL["mi"]), cohort.procedures)
    assert frame.item(0, "in_hospital") is expected


def test_unknown_end_of_the_stay_leaves_the_stay_open(followed: Build) -> None:
    for number in (0, 3):
        tables = followed(event("mi", number), procedure={"discharge_date": None})
        cohort = derive_cohort(tables)
        frame = derive_in_hospital(derive_time_to_event(cohort, tables, ALL["mi"]), cohort.procedures)
        assert frame.item(0, "in_hospital") is None


def test_later_event_does_not_hide_the_same_complication_of_the_stay(followed: Build) -> None:
    tables = followed(
        event("revasc_cabg", 400, target_relation="target_vessel", procedure_id="X"),
        complications=[{"procedure_id": "X", "complication_type": "emergency_cabg"}],
    )
    assert outcome(tables, "any_revascularisation") == (0, 1, "revascularisation")


def test_stroke_of_the_stay_is_counted_on_the_day_that_its_event_row_gives(followed: Build) -> None:
    tables = followed(
        event("stroke_ischaemic", 1), complications=[{"procedure_id": "X", "complication_type": "stroke"}]
    )
    assert outcome(tables, "stroke") == (1, 1, "stroke")


@pytest.mark.parametrize(("gap", "time"), [(60, (1000, 0)), (120, (320, 1))])
def test_stage_may_be_announced_by_a_later_procedure(
    one_patient: Build, gap: int, time: tuple[int, int]
) -> None:
    tables = one_patient(
        later=[{"procedure_id": "Y", "procedure_date": day(200), "staged_pci_planned": True}],
        events=[event("revasc_pci", 200 + gap, target_relation="target_vessel", planned_staged=None)],
        follow_up=[{"contact_date": day(1000)}],
    )
    assert outcome(tables, "tvr", "time_days", "cause") == time


@pytest.mark.parametrize("sent", [1, 15, 31])
def test_month_stands_for_its_middle_whatever_day_was_filled_in(followed: Build, sent: int) -> None:
    tables = followed(
        {"event_type": "mi", "event_date": dt.date(2020, 3, sent), "event_date_precision": "month"}
    )
    assert outcome(tables, "mi") == (74, 1, "mi")


def test_month_of_a_death_is_moved_past_an_event_and_a_discharge(one_patient: Build) -> None:
    march = {"event_type": "death", "event_date": dt.date(2020, 3, 1), "event_date_precision": "month"}
    discharged = one_patient(procedure={"procedure_date": day(70), "discharge_date": day(79)}, events=[march])
    infarcted = one_patient(events=[march, event("mi", 80)])
    assert outcome(discharged, "all_cause_death", "time_days", "cause") == (9, 1)
    assert outcome(infarcted, "all_cause_death", "time_days", "cause") == (80, 1)
