"""A small registry without any fault, and ways to spoil it."""

from __future__ import annotations

import copy
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from schemas.registry import TABLES
from schemas.submission import TextTable
from schemas.validation import validate_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

Row = dict[str, str | None]
Rows = dict[str, list[Row]]

LOAD_DATE = date(2025, 1, 31)

_PROCEDURE: Row = {
    "site_id": "A",
    "discharge_status": "alive",
    "age_years": "70",
    "presentation": "stable_angina",
    "urgency": "elective",
    "dialysis": "false",
    "prior_pci": "false",
    "complications_recorded": "all",
}
_LESION: Row = {
    "lesion_number": "1",
    "vessel": "LAD",
    "calcification_angio": "severe",
    "stenosis_pre_pct": "85.5",
    "residual_stenosis_pct": "10",
    "lesion_length_mm": "24",
    "reference_diameter_mm": "3.0",
    "crossability": "crossable",
    "timi_post": "3",
    "stent_type": "des",
}
_DEVICE: Row = {"sequence_no": "1", "device_class": "stent", "role": "definitive", "diameter_mm": "3.0"}

BASE: Rows = {
    "sites": [
        {
            "site_id": "A",
            "country": "GB",
            "date_policy": "actual",
            "followup_source": "mixed",
            "data_cutoff_date": "2024-12-31",
        },
        {"site_id": "R", "date_policy": "relative", "followup_source": "active_contact"},
    ],
    "patients": [
        {"patient_id": "P001", "site_id": "A", "sex": "female", "research_use_allowed": "true"},
        {"patient_id": "P002", "site_id": "A", "sex": "male"},
        {"patient_id": "R001", "site_id": "R", "sex": "male"},
    ],
    "procedures": [
        _PROCEDURE
        | {
            "procedure_id": "Q1",
            "patient_id": "P001",
            "procedure_date": "2022-01-10",
            "discharge_date": "2022-01-12",
        }
        | {"lvef_pct": "55", "staged_pci_planned": "true"},
        _PROCEDURE
        | {
            "procedure_id": "Q2",
            "patient_id": "P002",
            "procedure_date": "2022-03-01",
            "discharge_date": "2022-03-05",
        }
        | {"discharge_status": "dead"},
        _PROCEDURE
        | {
            "procedure_id": "Q3",
            "patient_id": "R001",
            "site_id": "R",
            "procedure_day": "0",
            "discharge_day": "2",
        },
    ],
    "lesions": [
        _LESION | {"lesion_id": "L1", "procedure_id": "Q1", "segment_code": "12"},
        _LESION | {"lesion_id": "L2", "procedure_id": "Q2"},
        _LESION | {"lesion_id": "L3", "procedure_id": "Q3"},
    ],
    "imaging": [
        {"imaging_id": "I1", "lesion_id": "L1", "modality": "oct", "stage": "baseline"}
        | {
            "calcium_arc_deg": "280",
            "calcium_length_mm": "6",
            "calcium_depth": "superficial",
            "mla_mm2": "2.5",
        },
        {"imaging_id": "I2", "lesion_id": "L1", "modality": "oct", "stage": "final", "msa_mm2": "6.0"}
        | {
            "reference_lumen_area_mm2": "8.0",
            "stent_expansion_pct": "75",
            "expansion_basis": "mean_reference",
        },
    ],
    "device_uses": [
        _DEVICE
        | {"device_use_id": "U1", "lesion_id": "L1", "device_class": "rotational_atherectomy"}
        | {"role": "modification", "diameter_mm": "1.5", "rotation_speed_krpm": "160"},
        _DEVICE | {"device_use_id": "U2", "lesion_id": "L1", "sequence_no": "2"},
        _DEVICE
        | {"device_use_id": "U3", "lesion_id": "L2", "device_class": "intravascular_lithotripsy"}
        | {"role": "modification", "ivl_pulses": "80", "max_pressure_atm": "6"},
        _DEVICE | {"device_use_id": "U4", "lesion_id": "L2", "sequence_no": "2"},
        _DEVICE | {"device_use_id": "U5", "lesion_id": "L3"},
    ],
    "complications": [
        {"complication_id": "C1", "procedure_id": "Q1", "lesion_id": "L1", "complication_type": "dissection"}
        | {"grade_scale": "nhlbi", "grade": "B", "timing": "in_lab"}
        | {"attributed_device_class": "rotational_atherectomy"},
    ],
    "follow_up": [
        {"contact_id": "F1", "patient_id": "P001", "contact_date": "2022-02-09", "contact_method": "clinic"}
        | {"planned_window": "d30", "vital_status": "alive", "nonfatal_events_assessed": "true"},
        {"contact_id": "F2", "patient_id": "P001", "contact_date": "2023-01-10", "contact_method": "clinic"}
        | {"planned_window": "m12", "vital_status": "alive", "nonfatal_events_assessed": "true"},
        {"contact_id": "F3", "patient_id": "R001", "contact_day": "30", "contact_method": "telephone"}
        | {"planned_window": "d30", "vital_status": "alive", "nonfatal_events_assessed": "false"},
    ],
    "events": [
        {"event_id": "E1", "patient_id": "P001", "procedure_id": "Q1", "event_type": "mi", "lesion_id": "L1"}
        | {"event_date": "2022-06-01", "event_date_precision": "day", "mi_type": "spontaneous"}
        | {"target_relation": "target_vessel", "adjudication": "committee"},
        {"event_id": "E2", "patient_id": "P002", "event_type": "death", "event_date": "2022-03-05"}
        | {"event_date_precision": "day", "death_cause": "cardiac"},
        {"event_id": "E3", "patient_id": "R001", "event_type": "death", "event_day": "180"}
        | {"event_date_precision": "on_or_before", "death_cause": "undetermined"},
    ],
}


def _as_text_table(table: str, rows: list[Row]) -> TextTable:
    """Return rows as text, numbered like a file with one header line of capitals."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    n = len(rows)
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names}
        | {"row": range(n), "record": range(1, n + 1), "line": range(2, n + 2)},
        schema=dict.fromkeys(names, pl.String) | dict.fromkeys(("row", "record", "line"), pl.Int64),
    )
    return TextTable(table, frame, f"{table}.csv", {name: name.upper() for name in names})


@pytest.fixture
def base() -> Rows:
    """Return rows of every table without a fault; a test may spoil them."""
    return copy.deepcopy(BASE)


@pytest.fixture
def as_texts() -> Callable[[Rows], list[TextTable]]:
    """Return a function that turns rows into text tables."""
    return lambda rows: [_as_text_table(table, rows[table]) for table in rows]


@pytest.fixture
def validate(as_texts: Callable[[Rows], list[TextTable]]) -> Callable[..., SubmissionReport]:
    """Return a function that validates rows on a fixed day of loading."""

    def run(rows: Rows, **options: object) -> SubmissionReport:
        options.setdefault("load_date", LOAD_DATE)
        return validate_submission(as_texts(rows), **options)

    return run


@pytest.fixture
def found() -> Callable[[SubmissionReport], list[tuple[str, ...]]]:
    """Return a function that lists rule, level, table, column and row of each finding."""

    def listed(report: SubmissionReport) -> list[tuple[str, ...]]:
        return report.findings.select("rule_id", "level", "table", "column", "row").rows()

    return listed


@pytest.fixture
def table_names() -> list[str]:
    """Return the canonical tables in load order."""
    return list(TABLES)
