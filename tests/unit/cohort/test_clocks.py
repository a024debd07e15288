"""Every branch of the two clocks, on one patient with index day 0 and discharge on day 2."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from analytics.cohort.clocks import derive_clocks
from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.time_to_event import derive_time_to_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

    Build = Callable[..., RegistryTables]

DAY_0 = dt.date(2020, 1, 1)


def day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


def ends(tables: RegistryTables) -> tuple[int, int]:
    """(vital, assessed) in days since the index procedure."""
    index = derive_cohort(tables).procedures.filter("is_index")
    row = derive_clocks(index, tables).row(0, named=True)
    return row["vital_until"] - row["procedure_day"], row["assessed_until"] - row["procedure_day"]


def outcome(tables: RegistryTables, name: str) -> tuple[Any, ...]:
    """(time, cause, component) of the only index procedure."""
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()[name])
    return frame.select("time_days", "cause", "component").row(0)


def site(source: str, cutoff: int | None = None) -> list[dict[str, Any]]:
    return [{"followup_source": source, "data_cutoff_date": None if cutoff is None else day(cutoff)}]


def contact(number: int, **more: object) -> dict[str, Any]:
    return {"contact_date": day(number), **more}


def death(number: int, **more: object) -> dict[str, Any]:
    return {"event_type": "death", "event_date": day(number), **more}


def mi(number: int, **more: object) -> dict[str, Any]:
    return {"event_type": "mi", "event_date": day(number), **more}


def test_discharge_alone_censors_both_clocks_at_discharge(one_patient: Build) -> None:
    assert ends(one_patient()) == (2, 2)


def test_unknown_status_at_discharge_leaves_only_the_procedure_day(one_patient: Build) -> None:
    assert ends(one_patient(procedure={"discharge_status": "unknown"})) == (0, 0)


def test_unknown_day_of_discharge_leaves_only_the_procedure_day(one_patient: Build) -> None:
    assert ends(one_patient(procedure={"discharge_date": None})) == (0, 0)


def test_assessed_contact_moves_both_clocks(one_patient: Build) -> None:
    assert ends(one_patient(follow_up=[contact(365)])) == (365, 365)


def test_contact_that_asked_for_vital_status_only_moves_survival_alone(one_patient: Build) -> None:
    assert ends(one_patient(follow_up=[contact(30), contact(365, nonfatal_events_assessed=False)])) == (
        365,
        30,
    )


def test_lost_contact_moves_no_clock(one_patient: Build) -> None:
    assert ends(one_patient(follow_up=[contact(30), contact(365, vital_status="lost")])) == (30, 30)


def test_contact_before_the_procedure_moves_no_clock(one_patient: Build) -> None:
    assert ends(one_patient(follow_up=[contact(-5)])) == (2, 2)


def test_later_procedure_is_a_sign_of_life_but_no_assessment(one_patient: Build) -> None:
    later = [{"procedure_id": "Y", "procedure_date": day(100), "discharge_date": day(104)}]
    assert ends(one_patient(later=later)) == (104, 2)


def test_dated_event_is_a_sign_of_life_but_no_assessment(one_patient: Build) -> None:
    assert ends(one_patient(events=[mi(200)])) == (200, 2)


def test_linkage_vouches_for_both_clocks_up_to_its_cutoff(one_patient: Build) -> None:
    assert ends(one_patient(sites=site("linkage", 900))) == (900, 900)


def test_contact_beyond_the_cutoff_is_cut(one_patient: Build) -> None:
    assert ends(one_patient(sites=site("linkage", 900), follow_up=[contact(950)])) == (900, 900)


def test_mixed_source_vouches_for_vital_status_only(one_patient: Build) -> None:
    assert ends(one_patient(sites=site("mixed", 900), follow_up=[contact(30)])) == (900, 30)


@pytest.mark.parametrize("reason", ["withdrew", "transferred"])
def test_linkage_stops_where_the_patient_left(one_patient: Build, reason: str) -> None:
    tables = one_patient(sites=site("linkage", 900), follow_up=[contact(100, end_of_follow_up=reason)])
    assert ends(tables) == (100, 100)


def test_study_end_of_contacts_does_not_stop_a_linkage(one_patient: Build) -> None:
    tables = one_patient(sites=site("linkage", 900), follow_up=[contact(100, end_of_follow_up="study_end")])
    assert ends(tables) == (900, 900)


def test_linkage_without_cutoff_falls_back_on_contacts(one_patient: Build) -> None:
    assert ends(one_patient(sites=site("linkage"), follow_up=[contact(50)])) == (50, 50)


def test_site_without_follow_up_stops_at_discharge_whatever_is_reported(one_patient: Build) -> None:
    tables = one_patient(sites=site("none"), follow_up=[contact(400)], events=[death(300)])
    assert ends(tables) == (2, 2)


def test_death_in_hospital_counts_at_a_site_without_follow_up(one_patient: Build) -> None:
    tables = one_patient(
        sites=site("none"), procedure={"discharge_status": "dead"}, events=[death(2, death_cause="cardiac")]
    )
    assert outcome(tables, "all_cause_death") == (2, 1, "death")
    assert outcome(tables, "mace_d") == (2, 1, "death")


def test_death_beyond_the_cutoff_is_not_counted(one_patient: Build) -> None:
    tables = one_patient(sites=site("linkage", 300), events=[death(400)])
    assert outcome(tables, "all_cause_death") == (300, 0, None)
    assert outcome(tables, "mace_d") == (300, 0, None)


def test_contacts_after_the_death_are_ignored(one_patient: Build) -> None:
    tables = one_patient(events=[death(100)], follow_up=[contact(30), contact(365)])
    assert ends(tables) == (100, 100)


def test_death_within_the_assessed_time_ends_both_clocks(one_patient: Build) -> None:
    tables = one_patient(sites=site("linkage", 900), events=[death(500)])
    assert ends(tables) == (500, 500)
    assert outcome(tables, "mi") == (500, 2, "death")


def test_death_found_by_a_contact_counts_after_the_last_assessed_contact(one_patient: Build) -> None:
    tables = one_patient(
        follow_up=[contact(30), contact(365, vital_status="dead", nonfatal_events_assessed=False)],
        events=[death(200)],
    )
    assert outcome(tables, "mace_d") == (200, 1, "death")
    assert outcome(tables, "tlr") == (200, 2, "death")


def test_death_without_any_contact_row_counts_at_a_contact_site(one_patient: Build) -> None:
    tables = one_patient(follow_up=[contact(30)], events=[death(200)])
    assert outcome(tables, "mace_d") == (200, 1, "death")


def test_death_known_by_linkage_alone_leaves_the_composite_censored(one_patient: Build) -> None:
    tables = one_patient(sites=site("mixed", 2000), follow_up=[contact(365)], events=[death(1000)])
    assert outcome(tables, "all_cause_death") == (1000, 1, "death")
    assert outcome(tables, "mace_d") == (365, 0, None)
    assert outcome(tables, "tlr") == (365, 0, None)


def test_death_adjudicated_by_linkage_leaves_the_composite_censored(one_patient: Build) -> None:
    tables = one_patient(follow_up=[contact(365)], events=[death(1000, adjudication="linkage")])
    assert outcome(tables, "all_cause_death") == (1000, 1, "death")
    assert outcome(tables, "mace_d") == (365, 0, None)


def test_death_found_by_a_contact_counts_at_a_mixed_site(one_patient: Build) -> None:
    tables = one_patient(
        sites=site("mixed", 2000),
        follow_up=[contact(30), contact(365, vital_status="dead", contact_method="telephone")],
        events=[death(200)],
    )
    assert outcome(tables, "mace_d") == (200, 1, "death")


def test_death_found_by_a_linkage_row_does_not_count_at_a_mixed_site(one_patient: Build) -> None:
    tables = one_patient(
        sites=site("mixed", 2000),
        follow_up=[
            contact(30),
            contact(365, vital_status="dead", contact_method="linkage", nonfatal_events_assessed=False),
        ],
        events=[death(200)],
    )
    assert outcome(tables, "mace_d") == (30, 0, None)


def test_death_after_an_unassessed_contact_leaves_the_composite_censored(one_patient: Build) -> None:
    tables = one_patient(
        follow_up=[contact(30), contact(365, nonfatal_events_assessed=False)], events=[death(500)]
    )
    assert outcome(tables, "all_cause_death") == (500, 1, "death")
    assert outcome(tables, "mace_d") == (30, 0, None)


def test_event_before_a_death_that_counts_is_counted(one_patient: Build) -> None:
    tables = one_patient(follow_up=[contact(30)], events=[mi(100), death(200)])
    assert outcome(tables, "mace_d") == (100, 1, "mi")


def test_non_fatal_event_after_the_assessed_clock_is_not_counted(one_patient: Build) -> None:
    tables = one_patient(follow_up=[contact(30)], events=[mi(100)])
    assert outcome(tables, "mi") == (30, 0, None)


def test_event_on_day_zero_counts_with_time_zero(one_patient: Build) -> None:
    assert outcome(one_patient(events=[mi(0)]), "mi") == (0, 1, "mi")


def test_event_before_the_procedure_is_no_event(one_patient: Build) -> None:
    assert outcome(one_patient(events=[mi(-1)]), "mi") == (2, 0, None)
