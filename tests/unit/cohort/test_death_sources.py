"""Deaths known from contacts, stays, complications and linkage, and clocks that count days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
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


def test_contact_that_found_the_patient_dead_bounds_a_death_without_event_row(one_patient: Build) -> None:
    tables = one_patient(follow_up=[contact(30), contact(183, vital_status="dead")])
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["all_cause_death"])
    assert frame.select("time_days", "cause", "time_is_exact").row(0) == (183, 1, False)


def test_stay_that_ended_in_death_is_a_death_on_its_last_day(one_patient: Build) -> None:
    tables = one_patient(procedure={"discharge_status": "dead"})
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["all_cause_death"])
    assert frame.select("time_days", "cause", "time_is_exact").row(0) == (2, 1, True)


def test_stay_that_ended_in_death_on_an_unknown_day_stands_on_the_procedure_day(one_patient: Build) -> None:
    tables = one_patient(procedure={"discharge_status": "dead", "discharge_date": None})
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["all_cause_death"])
    assert frame.select("time_days", "cause", "time_is_exact").row(0) == (0, 1, True)


def test_death_in_the_laboratory_known_from_complications_only_is_a_death(one_patient: Build) -> None:
    tables = one_patient(
        procedure={"discharge_status": "unknown"},
        complications=[{"procedure_id": "X", "complication_type": "death_in_lab"}],
    )
    assert outcome(tables, "all_cause_death") == (0, 1, "death")


def test_relative_days_take_the_place_of_dates(one_patient: Build) -> None:
    tables = one_patient(
        sites=[{"date_policy": "relative", "followup_source": "active_contact"}],
        procedure={"procedure_date": None, "discharge_date": None, "procedure_day": 0, "discharge_day": 3},
        follow_up=[{"contact_day": 183}],
        events=[{"event_type": "mi", "event_day": 90}],
    )
    assert ends(tables) == (183, 183)
    assert outcome(tables, "mi") == (90, 1, "mi")


def test_cutoff_of_a_relative_site_is_a_day_too(one_patient: Build) -> None:
    tables = one_patient(
        sites=[{"date_policy": "relative", "followup_source": "linkage", "data_cutoff_day": 183}],
        procedure={"procedure_date": None, "discharge_date": None, "procedure_day": 0},
    )
    assert ends(tables) == (183, 183)


def test_linked_death_counts_as_early_as_the_living_of_the_site_were_asked(registry: Build) -> None:
    names = ["D", "L", "M"]
    tables = registry(
        sites=site("mixed", 3000),
        procedures=[
            {"procedure_id": name, "patient_id": name, "procedure_date": day(0), "discharge_date": day(2)}
            for name in names
        ],
        follow_up=[
            *({"patient_id": name, **contact(30)} for name in names),
            *({"patient_id": name, **contact(365)} for name in names if name != "D"),
        ],
        events=[{"patient_id": "D", **death(200)}],
    )
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["mace_d"])
    assert frame.select("procedure_id", "time_days", "cause").rows() == [
        ("D", 200, 1),
        ("L", 365, 0),
        ("M", 365, 0),
    ]


@pytest.mark.parametrize(("asked", "time"), [(False, 0), (True, 200)])
def test_death_stays_out_of_a_composite_where_contacts_never_ask_the_living(
    registry: Callable[..., RegistryTables], asked: bool, time: int
) -> None:
    tables = registry(
        procedures=[
            {"procedure_id": name, "patient_id": name, "procedure_date": day(0)} for name in ("DEAD", "ALIVE")
        ],
        follow_up=[
            {"patient_id": "ALIVE", "contact_date": day(365), "nonfatal_events_assessed": asked},
            {
                "patient_id": "DEAD",
                "contact_date": day(365),
                "vital_status": "dead",
                "nonfatal_events_assessed": False,
            },
        ],
        events=[{"patient_id": "DEAD", "event_type": "death", "event_date": day(200)}],
    )
    frame = derive_time_to_event(derive_cohort(tables), tables, bundled_endpoints()["mace_d"])
    found = frame.filter(pl.col("procedure_id") == "DEAD").select("time_days", "cause").row(0)
    assert found == (time, int(asked))
