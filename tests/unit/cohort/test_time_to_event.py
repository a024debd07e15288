"""Which event decides, for every component and kind of date; follow-up is assessed to day 1000."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.time_to_event import (
    derive_time_to_event,
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


COMPONENTS = [
    # endpoint, event, cause, component
    ("mace_cad", ("death", {"death_cause": "cardiac"}), 1, "cardiac_death"),
    ("mace_cad", ("death", {"death_cause": "undetermined"}), 1, "cardiac_death"),
    ("mace_cad", ("death", {"death_cause": None}), 1, "cardiac_death"),
    ("mace_cad", ("death", {"death_cause": "vascular"}), 2, "death"),
    ("mace_cad", ("death", {"death_cause": "noncardiovascular"}), 2, "death"),
    ("mace_cad", ("mi", {}), 1, "mi"),
    ("mace_cad", ("revasc_pci", {"target_relation": "target_vessel"}), 1, "tvr"),
    ("mace_cad", ("revasc_pci", {"target_relation": "target_lesion"}), 1, "tvr"),
    ("mace_cad", ("revasc_cabg", {"target_relation": "target_vessel"}), 1, "tvr"),
    ("mace_cad", ("revasc_pci", {"target_relation": "non_target_vessel"}), 0, None),
    ("mace_cad", ("revasc_pci", {"target_relation": None}), 0, None),
    ("mace_cad", ("stroke_ischaemic", {}), 0, None),
    ("mace_d", ("death", {"death_cause": "noncardiovascular"}), 1, "death"),
    ("mace_d", ("mi", {}), 1, "mi"),
    ("mace_d", ("revasc_pci", {"target_relation": "target_vessel"}), 1, "tvr"),
    ("mace_l", ("death", {}), 1, "death"),
    ("mace_l", ("mi", {}), 1, "mi"),
    ("mace_l", ("revasc_pci", {"target_relation": "target_lesion"}), 1, "tlr"),
    ("mace_l", ("revasc_pci", {"target_relation": "target_vessel"}), 0, None),
    ("euro4c_mace", ("death", {"death_cause": "vascular"}), 1, "cardiovascular_death"),
    ("euro4c_mace", ("death", {"death_cause": "noncardiovascular"}), 2, "death"),
    ("euro4c_mace", ("mi", {}), 1, "mi"),
    ("euro4c_mace", ("revasc_pci", {"target_relation": "target_lesion"}), 1, "tlr"),
    ("euro4c_mace", ("stroke_haemorrhagic", {}), 1, "stroke"),
    ("euro4c_mace", ("revasc_cabg", {"target_relation": "non_target_vessel"}), 1, "cabg"),
    ("matrix_mace", ("death", {}), 1, "death"),
    ("matrix_mace", ("mi", {}), 1, "mi"),
    ("matrix_mace", ("stroke_undetermined", {}), 1, "stroke"),
    ("matrix_mace", ("revasc_pci", {"target_relation": "target_lesion"}), 0, None),
    ("macce", ("death", {}), 1, "death"),
    ("macce", ("mi", {}), 1, "mi"),
    ("macce", ("stroke_ischaemic", {}), 1, "stroke"),
    ("macce", ("revasc_pci", {"target_relation": "non_target_vessel"}), 1, "revascularisation"),
    ("tlf", ("death", {"death_cause": "cardiac"}), 1, "cardiac_death"),
    ("tlf", ("mi", {"target_relation": "target_vessel"}), 1, "target_vessel_mi"),
    ("tlf", ("mi", {"target_relation": None}), 1, "target_vessel_mi"),
    ("tlf", ("mi", {"target_relation": "non_target_vessel"}), 0, None),
    ("tlf", ("revasc_pci", {"target_relation": "target_lesion", "clinically_driven": True}), 1, "tlr"),
    ("tlf", ("revasc_pci", {"target_relation": "target_lesion"}), 1, "tlr"),
    ("tlf", ("revasc_pci", {"target_relation": "target_lesion", "clinically_driven": False}), 0, None),
    ("tlf", ("revasc_pci", {"target_relation": "target_vessel", "clinically_driven": True}), 0, None),
    ("tvf", ("death", {"death_cause": "cardiac"}), 1, "cardiac_death"),
    ("tvf", ("mi", {"target_relation": "target_lesion"}), 1, "target_vessel_mi"),
    ("tvf", ("revasc_pci", {"target_relation": "target_vessel", "clinically_driven": True}), 1, "tvr"),
    ("tvf", ("revasc_pci", {"target_relation": "target_vessel", "clinically_driven": False}), 0, None),
    ("poce", ("death", {"death_cause": "noncardiovascular"}), 1, "death"),
    ("poce", ("mi", {}), 1, "mi"),
    ("poce", ("revasc_cabg", {}), 1, "revascularisation"),
    ("all_cause_death", ("death", {}), 1, "death"),
    ("all_cause_death", ("mi", {}), 0, None),
    ("cardiac_death", ("death", {"death_cause": "cardiac"}), 1, "cardiac_death"),
    ("cardiac_death", ("death", {"death_cause": "noncardiovascular"}), 2, "death"),
    ("mi", ("mi", {}), 1, "mi"),
    ("mi", ("death", {}), 2, "death"),
    ("tvr", ("revasc_pci", {"target_relation": "target_vessel"}), 1, "tvr"),
    ("tvr", ("death", {}), 2, "death"),
    ("tlr", ("revasc_pci", {"target_relation": "target_lesion"}), 1, "tlr"),
    ("tlr", ("revasc_pci", {"target_relation": "target_vessel"}), 0, None),
    (
        "any_revascularisation",
        ("revasc_pci", {"target_relation": "non_target_vessel"}),
        1,
        "revascularisation",
    ),
    ("stroke", ("stroke_ischaemic", {}), 1, "stroke"),
    (
        "stent_thrombosis",
        ("stent_thrombosis", {"stent_thrombosis_certainty": "definite"}),
        1,
        "stent_thrombosis",
    ),
    (
        "stent_thrombosis",
        ("stent_thrombosis", {"stent_thrombosis_certainty": "probable"}),
        1,
        "stent_thrombosis",
    ),
    ("stent_thrombosis", ("stent_thrombosis", {"stent_thrombosis_certainty": "possible"}), 0, None),
    ("stent_thrombosis", ("stent_thrombosis", {}), 0, None),
]


@pytest.mark.parametrize(("name", "happened", "cause", "component"), COMPONENTS)
def test_component_counts_as_its_definition_says(
    followed: Build, name: str, happened: tuple[str, dict[str, Any]], cause: int, component: str | None
) -> None:
    kind, more = happened
    time = 1000 if cause == 0 and kind != "death" else 100
    assert outcome(followed(event(kind, 100, **more)), name) == (time, cause, component)


def test_every_component_of_every_endpoint_has_a_case() -> None:
    covered = {(name, component) for name, _, cause, component in COMPONENTS if cause == 1}
    assert covered == {(name, part.name) for name, endpoint in ALL.items() for part in endpoint.components}


def test_first_event_decides(followed: Build) -> None:
    tables = followed(event("mi", 300), event("revasc_pci", 200, target_relation="target_lesion"))
    assert outcome(tables, "mace_l") == (200, 1, "tlr")


def test_endpoint_goes_before_a_competing_death_of_the_same_day(followed: Build) -> None:
    assert outcome(followed(event("death", 50), event("mi", 50)), "mi") == (50, 1, "mi")


def test_components_of_one_day_go_in_the_order_of_the_endpoint(followed: Build) -> None:
    assert outcome(followed(event("mi", 50), event("death", 50)), "mace_d") == (50, 1, "death")


def test_planned_stage_is_never_an_endpoint(followed: Build) -> None:
    staged = event("revasc_pci", 30, target_relation="target_lesion", planned_staged=True)
    assert outcome(followed(staged), "macce") == (1000, 0, None)


def test_announced_stage_without_a_label_is_no_endpoint_within_the_limit(followed: Build) -> None:
    announced = {"staged_pci_planned": True}
    soon = event("revasc_pci", 30, target_relation="non_target_vessel", planned_staged=None)
    late = event("revasc_pci", 91, target_relation="non_target_vessel", planned_staged=None)
    on_target = event("revasc_pci", 30, target_relation="target_lesion", planned_staged=None)
    assert outcome(followed(soon, procedure=announced), "macce") == (1000, 0, None)
    assert outcome(followed(late, procedure=announced), "macce") == (91, 1, "revascularisation")
    assert outcome(followed(on_target, procedure=announced), "macce") == (30, 1, "revascularisation")
    assert outcome(followed(soon), "macce") == (30, 1, "revascularisation")
