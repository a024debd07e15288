"""Nothing depends on the order of rows, and a larger registry holds what small cases promise."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analytics.cohort.eligibility import derive_cohort, derive_first_and_every
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.specification import CohortSpec
from analytics.cohort.time_to_event import derive_times_to_events
from schemas.vocabulary import DEVICE_CLASSES, SEVERITY_GRADES

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

N_PATIENTS = 60
SOURCES = ("linkage", "mixed", "active_contact", "passive", "none")
EVENTS = ("mi", "revasc_pci", "revasc_cabg", "stroke_ischaemic", "stent_thrombosis")


def day(number: int) -> dt.date:
    return dt.date(2018, 1, 1) + dt.timedelta(days=number)


def draw_visits(source: random.Random, patient: str, site: str) -> dict[str, list[dict[str, object]]]:
    """Draw one to three procedures of a patient, each with one to three lesions and their devices."""
    rows: dict[str, list[dict[str, object]]] = {"procedures": [], "lesions": [], "device_uses": []}
    for visit in range(source.randint(1, 3)):
        start, name = source.randint(0, 900), f"{patient}-{visit}"
        rows["procedures"].append(
            {
                "procedure_id": name,
                "patient_id": patient,
                "site_id": site,
                "procedure_date": day(start),
                "discharge_date": day(start + source.randint(0, 5)),
                "staged_pci_planned": source.random() > 0.7,
            }
        )
        for number in range(1, source.randint(1, 3) + 1):
            lesion, grade = f"{name}-{number}", source.choice(SEVERITY_GRADES)
            rows["lesions"].append(
                {
                    "lesion_id": lesion,
                    "procedure_id": name,
                    "lesion_number": number,
                    "calcification_angio": grade,
                }
            )
            rows["device_uses"] += [
                {"lesion_id": lesion, "sequence_no": use, "device_class": source.choice(DEVICE_CLASSES)}
                for use in range(1, source.randint(1, 4) + 1)
            ]
    return rows


def draw_course(source: random.Random, patient: str) -> dict[str, list[dict[str, object]]]:
    """Draw three contacts and up to four events of a patient."""
    contacts = [
        {"patient_id": patient, "contact_date": day(source.randint(0, 1500)), "vital_status": status}
        for status in source.choices(("alive", "lost", "dead"), weights=(8, 1, 1), k=3)
    ]
    kinds = [source.choice(EVENTS) for _ in range(source.randint(0, 3))] + ["death"] * (source.random() > 0.8)
    events = [
        {
            "patient_id": patient,
            "event_type": kind,
            "event_date": day(source.randint(900 if kind == "death" else 0, 1500)),
        }
        for kind in kinds
    ]
    return {"follow_up": contacts, "events": events}


@pytest.fixture
def drawn(registry: Callable[..., RegistryTables]) -> RegistryTables:
    """Draw sixty patients at sites of every follow-up source."""
    source = random.Random(20)  # noqa: S311 - a seeded test, no secret
    rows: dict[str, list[dict[str, object]]] = {"patients": []}
    for number in range(N_PATIENTS):
        patient, site = f"P{number:02}", source.choice(SOURCES)
        allowed = source.random() > 0.1
        rows["patients"].append({"patient_id": patient, "site_id": site, "research_use_allowed": allowed})
        for table, drawn_rows in {
            **draw_visits(source, patient, site),
            **draw_course(source, patient),
        }.items():
            rows.setdefault(table, []).extend(drawn_rows)
    linked = {name: day(1500) for name in SOURCES[:2]}
    sites = [
        {"site_id": name, "followup_source": name, "data_cutoff_date": linked.get(name)} for name in SOURCES
    ]
    return registry(sites=sites, **rows)


def shuffled(tables: RegistryTables, seed: int) -> RegistryTables:
    changes = {
        field.name: getattr(tables, field.name).sample(fraction=1.0, shuffle=True, seed=seed)
        for field in dataclasses.fields(tables)
    }
    return dataclasses.replace(tables, **changes)


@pytest.mark.parametrize("index", ["first_procedure", "every_procedure"])
def test_row_order_changes_nothing(drawn: RegistryTables, index: str) -> None:
    spec, endpoints = CohortSpec(index=index), bundled_endpoints().values()
    mixed = shuffled(drawn, 3)
    cohort, other = derive_cohort(drawn, spec), derive_cohort(mixed, spec)
    assert_frame_equal(cohort.procedures, other.procedures)
    assert_frame_equal(cohort.lesions, other.lesions)
    assert_frame_equal(cohort.attrition, other.attrition)
    assert_frame_equal(
        derive_times_to_events(cohort, drawn, endpoints), derive_times_to_events(other, mixed, endpoints)
    )


def test_first_and_every_cohort_of_one_pass_are_those_of_two(drawn: RegistryTables) -> None:
    first, every = derive_first_and_every(drawn)
    for together, alone in ((first, derive_cohort(drawn)), (every, derive_cohort(drawn, every.spec))):
        assert_frame_equal(together.procedures, alone.procedures)
        assert_frame_equal(together.lesions, alone.lesions)
        assert_frame_equal(together.attrition, alone.attrition)
        assert together.spec == alone.spec
    assert first.procedures["is_index"].sum() < every.procedures["is_index"].sum()


def test_every_index_procedure_has_one_time_per_endpoint(drawn: RegistryTables) -> None:
    cohort = derive_cohort(drawn, CohortSpec(index="every_procedure"))
    frame = derive_times_to_events(cohort, drawn, bundled_endpoints().values())
    n_index = cohort.procedures.filter("is_index").height
    assert frame.height == 17 * n_index
    assert frame.select(pl.struct("endpoint", "procedure_id").n_unique()).item() == frame.height
    assert frame.get_column("time_days").min() >= 0
    assert set(frame.get_column("cause")) == {0, 1, 2}
    assert frame.filter((pl.col("cause") == 0) != pl.col("component").is_null()).is_empty()


def test_attrition_adds_up_and_ends_at_the_index_procedures(drawn: RegistryTables) -> None:
    cohort = derive_cohort(drawn)
    left = cohort.attrition.get_column("n_procedures").to_list()
    out = cohort.attrition.get_column("n_left_out").to_list()
    assert [before - after for before, after in pairwise(left)] == out[1:]
    assert left[-1] == cohort.procedures.filter("is_index").height
    assert left[0] == drawn.procedures.height


def test_composite_comes_no_later_than_its_parts(drawn: RegistryTables) -> None:
    cohort = derive_cohort(drawn)
    frame = derive_times_to_events(cohort, drawn, bundled_endpoints().values())
    wide = frame.pivot("endpoint", index="procedure_id", values="time_days")
    for part in ("mi", "stroke", "any_revascularisation"):
        assert wide.filter(pl.col("macce") > pl.col(part)).is_empty()


def test_survival_is_known_at_least_as_long_as_events(drawn: RegistryTables) -> None:
    frame = derive_times_to_events(derive_cohort(drawn), drawn, bundled_endpoints().values())
    wide = frame.pivot("endpoint", index="procedure_id", values="time_days")
    assert wide.filter(pl.col("all_cause_death") < pl.col("mi")).is_empty()
