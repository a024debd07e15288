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

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.specification import CohortSpec
from analytics.cohort.time_to_event import derive_times_to_events
from schemas.vocabulary import DEVICE_CLASSES, SEVERITY_GRADES

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.cohort.tables import RegistryTables

N_PATIENTS = 60
EVENTS = ("mi", "revasc_pci", "revasc_cabg", "stroke_ischaemic", "stent_thrombosis")


def day(number: int) -> dt.date:
    return dt.date(2018, 1, 1) + dt.timedelta(days=number)


@pytest.fixture
def drawn(registry: Callable[..., RegistryTables]) -> RegistryTables:
    """Draw sixty patients with one to three procedures at sites of every follow-up source."""
    source = random.Random(20)  # noqa: S311 - a seeded test, no secret
    sources = ("linkage", "mixed", "active_contact", "passive", "none")
    sites = [
        {
            "site_id": name,
            "followup_source": name,
            "data_cutoff_date": day(1500) if name in sources[:2] else None,
        }
        for name in sources
    ]
    patients, procedures, lesions, uses, contacts, events = [], [], [], [], [], []
    for number in range(N_PATIENTS):
        patient, site = f"P{number:02}", source.choice(sources)
        patients.append(
            {"patient_id": patient, "site_id": site, "research_use_allowed": source.random() > 0.1}
        )
        for visit in range(source.randint(1, 3)):
            start = source.randint(0, 900)
            procedure = f"{patient}-{visit}"
            procedures.append(
                {
                    "procedure_id": procedure,
                    "patient_id": patient,
                    "site_id": site,
                    "procedure_date": day(start),
                    "discharge_date": day(start + source.randint(0, 5)),
                    "staged_pci_planned": source.random() > 0.7,
                }
            )
            for lesion in range(1, source.randint(1, 3) + 1):
                name = f"{procedure}-{lesion}"
                grade = source.choice(SEVERITY_GRADES)
                lesions.append(
                    {
                        "lesion_id": name,
                        "procedure_id": procedure,
                        "lesion_number": lesion,
                        "calcification_angio": grade,
                    }
                )
                uses += [
                    {"lesion_id": name, "sequence_no": use, "device_class": source.choice(DEVICE_CLASSES)}
                    for use in range(1, source.randint(1, 4) + 1)
                ]
        contacts += [
            {"patient_id": patient, "contact_date": day(source.randint(0, 1500)), "vital_status": status}
            for status in source.choices(("alive", "lost", "dead"), weights=(8, 1, 1), k=3)
        ]
        events += [
            {
                "patient_id": patient,
                "event_type": source.choice(EVENTS),
                "event_date": day(source.randint(0, 1500)),
            }
            for _ in range(source.randint(0, 3))
        ]
        if source.random() > 0.8:
            events.append(
                {"patient_id": patient, "event_type": "death", "event_date": day(source.randint(900, 1500))}
            )
    return registry(
        sites=sites,
        patients=patients,
        procedures=procedures,
        lesions=lesions,
        device_uses=uses,
        follow_up=contacts,
        events=events,
    )


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
