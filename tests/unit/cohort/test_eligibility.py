"""Steps from the registry to index procedures, and the columns of a cohort."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.specification import CohortSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.specification import Cohort
    from analytics.cohort.tables import RegistryTables

    Build = Callable[..., RegistryTables]

COHORT_COLUMNS = [
    "procedure_id",
    "patient_id",
    "site_id",
    "procedure_date",
    "procedure_day",
    "procedure_year",
    "is_index",
    "severity",
    "severity_angiography",
    "severity_ivus",
    "severity_oct",
    "severity_source",
    "severity_assessor",
    "strategy_intended",
    "strategy_as_treated",
    "presentation",
    "presentation_group",
    "age_years",
    "sex",
    "diabetes",
    "has_diabetes",
    "ckd",
    "dialysis",
    "lvef_pct",
    "prior_mi",
    "prior_pci",
    "prior_cabg",
    "complications_recorded",
    "used_rotational_atherectomy",
    "used_orbital_atherectomy",
    "used_intravascular_lithotripsy",
    "used_elca",
    "used_balloon",
    "used_stent",
    "n_lesions",
    "discharge_day",
    "discharge_status",
    "devices_recorded",
]


def day(number: int) -> dt.date:
    return dt.date(2020, 1, 1) + dt.timedelta(days=number)


def pci(name: str, number: int, **more: object) -> dict[str, Any]:
    return {"procedure_id": name, "patient_id": name[0], "procedure_date": day(number), **more}


def index_of(cohort: Cohort) -> list[str]:
    return cohort.procedures.filter("is_index").get_column("procedure_id").to_list()


def left_out(cohort: Cohort) -> dict[str, int]:
    rows = cohort.attrition.filter(pl.col("n_left_out") > 0)
    return dict(rows.select("step", "n_left_out").iter_rows())


def test_cohort_has_the_agreed_columns(registry: Build) -> None:
    assert derive_cohort(registry(procedures=[pci("A1", 0)])).procedures.columns == COHORT_COLUMNS


def test_empty_registry_gives_an_empty_cohort(registry: Build) -> None:
    cohort = derive_cohort(registry())
    assert cohort.procedures.columns == COHORT_COLUMNS
    assert cohort.procedures.height == cohort.lesions.height == 0
    assert cohort.attrition.get_column("n_procedures").to_list() == [0] * 8


def test_attrition_counts_every_step_and_adds_up(registry: Build) -> None:
    tables = registry(
        patients=[{"patient_id": name, "research_use_allowed": name != "B"} for name in "ABCDEF"],
        procedures=[
            pci("A1", 0),
            pci("A2", 400),
            pci("B1", 0),
            pci("C1", 0),
            {**pci("D1", 0), "procedure_date": None},
            pci("E1", 5000),
            pci("F1", 0, age_years=40),
        ],
        lesions=[
            {"lesion_id": f"{name}-{number}", "procedure_id": name, "lesion_number": number}
            for name, n in (("A1", 2), ("A2", 1), ("B1", 1), ("D1", 1), ("E1", 1), ("F1", 1))
            for number in range(1, n + 1)
        ],
    )
    cohort = derive_cohort(tables, CohortSpec(first_day=day(0), last_day=day(1000), min_age_years=50))
    assert cohort.attrition.select(
        "step", "n_patients", "n_procedures", "n_lesions", "n_left_out"
    ).rows() == [
        ("registered", 6, 7, 7, 0),
        ("research_use", 5, 6, 6, 1),
        ("has_lesion", 4, 5, 6, 1),
        ("known_day", 3, 4, 5, 1),
        ("in_window", 2, 3, 4, 1),
        ("min_age", 1, 2, 3, 1),
        ("not_planned_stage", 1, 2, 3, 0),
        ("first_procedure", 1, 1, 2, 1),
    ]
    assert cohort.procedures.select("procedure_id", "is_index").rows() == [("A1", True), ("A2", False)]


def test_every_procedure_can_open_a_clock(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 0), pci("A2", 400)])
    assert index_of(derive_cohort(tables, CohortSpec(index="every_procedure"))) == ["A1", "A2"]


def test_first_procedure_is_the_first_within_the_window(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 0), pci("A2", 400)])
    assert index_of(derive_cohort(tables, CohortSpec(first_day=day(100)))) == ["A2"]


def test_window_includes_both_its_days(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 9), pci("B1", 10), pci("C1", 20), pci("D1", 21)])
    assert index_of(derive_cohort(tables, CohortSpec(first_day=day(10), last_day=day(20)))) == ["B1", "C1"]


def test_of_two_procedures_on_one_day_one_is_the_index(registry: Build) -> None:
    assert index_of(derive_cohort(registry(procedures=[pci("A2", 0), pci("A1", 0)]))) == ["A1"]


def test_announced_stage_within_the_limit_is_no_index(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 0, staged_pci_planned=True), pci("A2", 90), pci("A3", 300)])
    cohort = derive_cohort(tables, CohortSpec(index="every_procedure"))
    assert index_of(cohort) == ["A1", "A3"]
    assert left_out(cohort) == {"not_planned_stage": 1}


def test_procedure_long_after_an_announcement_is_an_index(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 0, staged_pci_planned=True), pci("A2", 91)])
    assert index_of(derive_cohort(tables, CohortSpec(index="every_procedure"))) == ["A1", "A2"]


@pytest.mark.parametrize(("planned", "index"), [(True, ["A1"]), (False, ["A1", "A2"]), (None, ["A1", "A2"])])
def test_event_that_says_whether_it_was_planned_decides(
    registry: Build, *, planned: bool | None, index: list[str]
) -> None:
    event = {"patient_id": "A", "event_type": "revasc_pci", "event_date": day(30), "planned_staged": planned}
    tables = registry(procedures=[pci("A1", 0), pci("A2", 30)], events=[event])
    assert index_of(derive_cohort(tables, CohortSpec(index="every_procedure"))) == index


def test_event_recorded_as_unplanned_overrides_the_announcement(registry: Build) -> None:
    event = {"patient_id": "A", "event_type": "revasc_pci", "event_date": day(30), "planned_staged": False}
    tables = registry(procedures=[pci("A1", 0, staged_pci_planned=True), pci("A2", 30)], events=[event])
    assert index_of(derive_cohort(tables, CohortSpec(index="every_procedure"))) == ["A1", "A2"]


def test_stage_of_a_procedure_before_the_window_is_no_index(registry: Build) -> None:
    tables = registry(procedures=[pci("A1", 0, staged_pci_planned=True), pci("A2", 40), pci("A3", 400)])
    assert index_of(derive_cohort(tables, CohortSpec(first_day=day(10)))) == ["A3"]


@pytest.mark.parametrize(
    ("name", "procedure", "lesion"),
    [
        ("cardiogenic_shock", {"cardiogenic_shock": True}, {}),
        ("stemi", {"presentation": "stemi"}, {}),
        ("dialysis", {"dialysis": True}, {}),
        ("in_stent_restenosis", {}, {"in_stent_restenosis": True}),
        ("chronic_total_occlusion", {}, {"cto": True}),
        ("graft", {}, {"vessel": "vein_graft"}),
    ],
)
def test_exclusion_leaves_out_recorded_facts_only(
    registry: Build, name: str, procedure: dict[str, Any], lesion: dict[str, Any]
) -> None:
    tables = registry(
        procedures=[pci("A1", 0, **procedure), pci("B1", 0)],
        lesions=[
            {"lesion_id": "A1-1", "procedure_id": "A1", **lesion},
            {"lesion_id": "B1-1", "procedure_id": "B1"},
        ],
    )
    cohort = derive_cohort(tables, CohortSpec(exclusions=(name,)))
    assert index_of(cohort) == ["B1"]
    assert left_out(cohort) == {f"not_{name}": 1}
    assert index_of(derive_cohort(tables)) == ["A1", "B1"]


def test_relative_site_has_days_and_no_year(registry: Build) -> None:
    tables = registry(
        sites=[{"date_policy": "relative"}],
        procedures=[{"procedure_id": "A1", "patient_id": "A", "procedure_day": 0, "discharge_day": 3}],
    )
    row = derive_cohort(tables).procedures.row(0, named=True)
    assert (row["procedure_day"], row["discharge_day"], row["procedure_date"], row["procedure_year"]) == (
        0,
        3,
        None,
        None,
    )


def test_dated_site_counts_days_since_1970(registry: Build) -> None:
    row = derive_cohort(registry(procedures=[pci("A1", 0, discharge_date=day(2))])).procedures.row(
        0, named=True
    )
    assert (row["procedure_day"], row["discharge_day"], row["procedure_year"]) == (18262, 18264, 2020)


@pytest.mark.parametrize("policy", ["relative", "shifted"])
def test_window_leaves_out_procedures_without_a_real_calendar(registry: Build, policy: str) -> None:
    procedure = (
        pci("A1", 0) if policy == "shifted" else {"procedure_id": "A1", "patient_id": "A", "procedure_day": 0}
    )
    tables = registry(sites=[{"date_policy": policy}], procedures=[procedure])
    assert index_of(derive_cohort(tables)) == ["A1"]
    assert left_out(derive_cohort(tables, CohortSpec(first_day=day(-1)))) == {"in_window": 1}


def test_shifted_date_gives_no_year(registry: Build) -> None:
    tables = registry(sites=[{"date_policy": "shifted"}], procedures=[pci("A1", 0)])
    assert derive_cohort(tables).procedures.get_column("procedure_year").to_list() == [None]
