"""One violating registry for each rule: the fault is found at its cell, with its level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.rules.catalogue import CROSS_CHECKS, ROW_CHECKS, RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.submission import SubmissionReport

    Rows = dict[str, list[dict[str, str | None]]]
    Validate = Callable[..., SubmissionReport]
    Found = Callable[[SubmissionReport], list[tuple[object, ...]]]

Edit = tuple[str, int, dict[str, str | None]]


def _case(rule_id: str, place: str, edits: list[Edit], *, level: str | None = None) -> object:
    """Return one parametrised case; ``place`` is table, row and column of the finding."""
    table, row, column = place.split()
    at = None if row == "-" else int(row)
    expected = (rule_id, level or RULES[rule_id].level, table, column, at)
    return pytest.param(edits, expected, id=f"{rule_id} {place}")


NEW_DEVICE = {"device_use_id": "U9", "lesion_id": "L1", "sequence_no": "9", "device_class": "stent"}
NEW_DEVICE |= {"role": "definitive", "diameter_mm": "3.0"}
NEW_CONTACT = {
    "contact_id": "F9",
    "patient_id": "P001",
    "contact_date": "2024-01-10",
    "contact_method": "clinic",
}
NEW_CONTACT |= {"vital_status": "alive", "nonfatal_events_assessed": "true"}
NEW_PROCEDURE = {"procedure_id": "Q9", "patient_id": "P001", "site_id": "A", "procedure_date": "2023-06-01"}
NEW_PROCEDURE |= {"discharge_date": "2023-06-03", "discharge_status": "alive", "age_years": "71"}
NEW_PROCEDURE |= {"presentation": "stable_angina", "complications_recorded": "all", "prior_pci": "true"}
NEW_LESION = {
    "lesion_id": "L9",
    "procedure_id": "Q9",
    "lesion_number": "1",
    "vessel": "LAD",
    "segment_code": "12",
}
NEW_LESION |= {"calcification_angio": "severe", "crossability": "wire_failure"}
NEW_COMPLICATION = {"complication_id": "C9", "procedure_id": "Q1", "complication_type": "other"}
NEW_EVENT = {
    "event_id": "E9",
    "patient_id": "P001",
    "event_type": "readmission_other",
    "event_date": "2022-09-01",
}
NEW_EVENT |= {"event_date_precision": "day"}
EMPTY_RUN = {"modality": "oct", "stage": "baseline"}
SAME_LESION = {"lesion_length_mm": "24", "stenosis_pre_pct": "85.5"}

CASES = [
    # Values and required fields
    _case("C01", "procedures 0 lvef_pct", [("procedures", 0, {"lvef_pct": "good"})]),
    _case("C01", "lesions 0 lesion_number", [("lesions", 0, {"lesion_number": "1.0"})], level="ROW"),
    _case("C02", "lesions 1 lesion_class", [("lesions", 1, {"lesion_class": "D"})]),
    _case("C02", "lesions 1 timi_post", [("lesions", 1, {"timi_post": "4"})]),
    _case(
        "C02",
        "lesions 1 calcification_angio",
        [("lesions", 1, {"calcification_angio": "heavy"})],
        level="ROW",
    ),
    _case("C03", "procedures 2 lvef_pct", [("procedures", 2, {"lvef_pct": "155"})]),
    _case("C03", "lesions 2 lesion_number", [("lesions", 2, {"lesion_number": "0"})], level="ROW"),
    _case("C03", "procedures 1 lvef_pct", [("procedures", 1, {"lvef_pct": "1e999"})]),
    _case("C04", "procedures 0 bmi_kg_m2", [("procedures", 0, {"bmi_kg_m2": "52"})]),
    _case("C05", "patients 1 sex", [("patients", 1, {"sex": None})]),
    _case("C06", "device_uses 2 ivl_pulses", [("device_uses", 2, {"ivl_pulses": None})]),
    _case("C06", "sites 0 data_cutoff_date", [("sites", 0, {"data_cutoff_date": None})], level="ROW"),
    _case("C06", "sites 1 data_cutoff_day", [("sites", 1, {"followup_source": "linkage"})], level="ROW"),
    _case("C06", "imaging 1 expansion_basis", [("imaging", 1, {"expansion_basis": None})], level="ROW"),
    _case("C06", "complications 0 grade_scale", [("complications", 0, {"grade_scale": None})], level="ROW"),
    _case("C06", "events 1 death_cause", [("events", 1, {"death_cause": None})]),
    _case(
        "C09",
        "lesions 0 stent_length_total_mm",
        [("lesions", 0, {"stent_type": "none", "stent_length_total_mm": "30"})],
    ),
    _case("C10", "procedures - hs_crp_mg_l", [("procedures", 0, {"hs_crp_mg_l": "<0.5"})]),
    _case("C12", "events 0 event_date", [("events", 0, {"event_date": "2022-06"})]),
    _case("C13", "sites 0 country", [("sites", 0, {"country": "gbr"})]),
    # Keys and references
    _case("K01", "lesions 1 lesion_id", [("lesions", 1, {"lesion_id": "L1"})]),
    _case("K02", "device_uses 4 lesion_id", [("device_uses", 4, {"lesion_id": "L8"})]),
    _case("K02", "complications 0 lesion_id", [("complications", 0, {"lesion_id": "L8"})], level="NULL"),
    _case("K04", "procedures 3 procedure_id", [("procedures", 3, NEW_PROCEDURE)]),
    _case("K05", "lesions - lesion_number", [("lesions", 1, {"lesion_number": "2"})]),
    _case(
        "K06",
        "lesions 3 lesion_id",
        [
            (
                "lesions",
                3,
                NEW_LESION | {"procedure_id": "Q1", "lesion_number": "2", "crossability": "crossable"},
            )
        ],
    ),
    _case("K07", "complications 0 lesion_id", [("complications", 0, {"lesion_id": "L2"})]),
    _case(
        "K08",
        "complications 0 attributed_device_class",
        [("complications", 0, {"attributed_device_class": "elca"})],
    ),
    _case("K09", "imaging 1 stage", [("imaging", 1, {"stage": "baseline"})]),
    _case(
        "K10",
        "events 3 event_type",
        [
            (
                "events",
                3,
                NEW_EVENT
                | {
                    "patient_id": "P002",
                    "event_type": "death",
                    "event_date": "2022-03-04",
                    "event_date_precision": "month",
                },
            )
        ],
    ),
    _case("K11", "events 0 procedure_id", [("events", 0, {"procedure_id": "Q2"})]),
    _case(
        "K12",
        "patients 3 patient_id",
        [("patients", 3, {"patient_id": "P009", "site_id": "A", "sex": "male"})],
    ),
    _case("K14", "lesions - procedure_id", [("procedures", 0, {"presentation": None})]),
    # Duplicates
    _case(
        "D01",
        "procedures 3 procedure_id",
        [
            (
                "procedures",
                3,
                NEW_PROCEDURE | {"procedure_date": "2022-01-10", "discharge_date": "2022-01-12"},
            ),
            ("lesions", 3, NEW_LESION | SAME_LESION),
        ],
    ),
    _case(
        "D02",
        "procedures 3 procedure_date",
        [("procedures", 3, NEW_PROCEDURE | {"procedure_date": "2022-01-10"}), ("lesions", 3, NEW_LESION)],
    ),
    _case(
        "D03",
        "procedures 0 discharge_date",
        [("procedures", 3, NEW_PROCEDURE | {"procedure_date": "2022-01-11"}), ("lesions", 3, NEW_LESION)],
    ),
    _case(
        "D04",
        "procedures 0 procedure_id",
        [
            ("patients", 3, {"patient_id": "P009", "site_id": "B", "sex": "female"}),
            ("sites", 2, {"site_id": "B", "date_policy": "actual", "followup_source": "none"}),
            (
                "procedures",
                3,
                NEW_PROCEDURE | {"patient_id": "P009", "site_id": "B"} | {"procedure_date": "2022-01-11"},
            ),
            ("lesions", 3, NEW_LESION),
            (
                "device_uses",
                9,
                NEW_DEVICE
                | {"lesion_id": "L9", "device_class": "rotational_atherectomy", "rotation_speed_krpm": "160"},
            ),
            ("device_uses", 9, NEW_DEVICE | {"device_use_id": "U10", "lesion_id": "L9"}),
        ],
    ),
    _case(
        "D05",
        "lesions 3 segment_code",
        [("lesions", 3, NEW_LESION | {"procedure_id": "Q1", "lesion_number": "2"})],
    ),
    _case(
        "D06",
        "events 3 event_date",
        [("events", 3, NEW_EVENT | {"event_type": "mi", "event_date": "2022-06-08"})],
    ),
    _case(
        "D07", "follow_up 3 contact_date", [("follow_up", 3, NEW_CONTACT | {"contact_date": "2022-02-09"})]
    ),
    _case(
        "D08",
        "device_uses 9 device_class",
        [
            ("device_uses", 99, NEW_DEVICE | {"device_use_id": f"U{n}", "device_model": "X"})
            for n in range(11, 16)
        ],
    ),
    _case(
        "D08",
        "device_uses 9 device_class",
        [("device_uses", 99, NEW_DEVICE | {"device_use_id": f"U{n}"}) for n in range(11, 16)],
    ),
    # Time
    _case("T00", "procedures 0 procedure_date", [("procedures", 0, {"procedure_date": None})]),
    _case("T00", "procedures 2 procedure_day", [("procedures", 2, {"procedure_day": None})]),
    _case(
        "T00",
        "follow_up 2 contact_day",
        [("follow_up", 2, {"contact_day": None, "contact_date": "2022-02-09"})],
    ),
    _case("T00", "events 1 event_date", [("events", 1, {"event_date": None})]),
    _case(
        "T01",
        "procedures 0 procedure_date",
        [("procedures", 0, {"procedure_date": "2042-01-10", "discharge_date": None})],
    ),
    _case(
        "T01",
        "procedures 0 discharge_date",
        [("procedures", 0, {"discharge_date": "2042-01-10"})],
        level="NULL",
    ),
    _case(
        "T01",
        "sites 0 data_cutoff_date",
        [("sites", 0, {"data_cutoff_date": "2025-02-01", "followup_source": "passive"})],
        level="NULL",
    ),
    _case("T01", "follow_up 1 contact_date", [("follow_up", 1, {"contact_date": "2025-02-01"})]),
    _case("T01", "sites 0 data_cutoff_date", [("sites", 0, {"data_cutoff_date": "2025-02-01"})], level="ROW"),
    _case("T02", "procedures 0 discharge_date", [("procedures", 0, {"discharge_date": "2022-01-09"})]),
    _case("T02", "procedures 2 discharge_day", [("procedures", 2, {"discharge_day": "-1"})]),
    _case("T03", "procedures 0 discharge_date", [("procedures", 0, {"discharge_date": "2022-01-20"})]),
    _case("T04", "events 0 event_date", [("events", 0, {"event_date": "2022-01-09"})]),
    _case("T04", "events 2 event_date", [("events", 2, {"event_day": "-1"})]),
    _case("T05", "events 0 event_date", [("events", 0, {"event_date": "2025-01-01"})]),
    _case("T06", "events 3 event_date", [("events", 3, NEW_EVENT | {"patient_id": "P002"})]),
    _case("T06", "follow_up 3 contact_date", [("follow_up", 3, NEW_CONTACT | {"patient_id": "P002"})]),
    _case(
        "T06",
        "procedures 3 procedure_date",
        [("procedures", 3, NEW_PROCEDURE | {"patient_id": "P002"})],
        level="ROW",
    ),
    _case("T07", "procedures 0 discharge_status", [("procedures", 0, {"discharge_status": "dead"})]),
    _case(
        "T07",
        "procedures 1 discharge_status",
        [("procedures", 1, {"discharge_status": "alive", "discharge_date": "2022-03-06"})],
    ),
    _case("T08", "follow_up 0 contact_date", [("follow_up", 0, {"contact_date": "2019-01-10"})]),
    _case("T09", "follow_up 1 planned_window", [("follow_up", 1, {"contact_date": "2022-07-19"})]),
    _case("T10", "follow_up 1 vital_status", [("follow_up", 0, {"vital_status": "dead"})]),
    _case("T11", "procedures 3 age_years", [("procedures", 3, NEW_PROCEDURE | {"age_years": "74"})]),
    _case("T12", "procedures 3 prior_pci", [("procedures", 3, NEW_PROCEDURE | {"prior_pci": "false"})]),
    _case("T13", "device_uses 2 device_class", [("procedures", 1, {"procedure_date": "2014-03-01"})]),
    _case(
        "T14",
        "complications 1 complication_type",
        [("complications", 1, NEW_COMPLICATION | {"complication_type": "death_in_lab"})],
    ),
    _case(
        "T15",
        "imaging 2 stage",
        [
            (
                "imaging",
                2,
                {"imaging_id": "I3", "lesion_id": "L3", "modality": "oct", "stage": "after_modification"},
            )
        ],
    ),
    _case(
        "T16",
        "follow_up 1 contact_date",
        [("sites", 0, {"followup_source": "linkage"}), ("follow_up", 1, {"contact_method": "linkage"})],
    ),
    _case("T17", "procedures 0 procedure_day", [("procedures", 0, {"procedure_day": "0"})]),
    _case("T17", "events 2 event_date", [("events", 2, {"event_date": "2022-01-01"})]),
    # Lesions and images
    _case("X01", "device_uses 0 device_class", [("lesions", 0, {"calcification_angio": "none"})]),
    _case("X02", "lesions - calcification_angio", [("lesions", 0, {"calcification_angio": "mild"})]),
    _case(
        "X03",
        "lesions 3 calcification_angio",
        [
            (
                "lesions",
                3,
                NEW_LESION
                | {"procedure_id": "Q1", "lesion_number": "2", "calcification_angio": "not_severe"},
            ),
            ("lesions", 0, {"calcification_angio": "moderate"}),
        ],
    ),
    _case("X10", "lesions 2 stent_type", [("lesions", 2, {"stent_type": "none"})]),
    _case("X11", "lesions 0 residual_stenosis_pct", [("lesions", 0, {"residual_stenosis_pct": "90"})]),
    _case("X12", "lesions 0 cto", [("lesions", 0, {"cto": "true"})]),
    _case("X13", "lesions 0 timi_post", [("lesions", 0, {"residual_stenosis_pct": "100"})]),
    _case("X15", "lesions 0 crossability", [("lesions", 0, {"crossability": "wire_failure"})]),
    _case("X16", "lesions - stent_length_total_mm", [("lesions", 0, {"stent_length_total_mm": "12"})]),
    _case("X17", "imaging 1 msa_mm2", [("imaging", 0, {"mla_mm2": "6.1"})]),
    _case("X18", "imaging 1 stent_expansion_pct", [("imaging", 1, {"stent_expansion_pct": "92"})]),
    _case(
        "X19",
        "imaging 0 calcium_thickness_mm",
        [("imaging", 0, {"modality": "ivus", "calcium_thickness_mm": "0.8"})],
    ),
    _case("X20", "imaging 0 calcium_depth", [("imaging", 0, {"calcium_depth": "none"})]),
    # Devices
    _case("X04", "device_uses 0 diameter_mm", [("device_uses", 0, {"diameter_mm": "1.6"})]),
    _case("X04", "device_uses 0 diameter_mm", [("lesions", 0, {"reference_diameter_mm": "2.0"})]),
    _case(
        "X04", "device_uses 0 diameter_mm", [("lesions", 0, {"reference_diameter_mm": "1.5"})], level="NULL"
    ),
    _case("X05", "device_uses 2 diameter_mm", [("device_uses", 2, {"diameter_mm": "4.5"})]),
    _case("X06", "device_uses 0 rotation_speed_krpm", [("device_uses", 0, {"rotation_speed_krpm": "200"})]),
    _case("X07", "device_uses 2 ivl_pulses", [("device_uses", 2, {"ivl_pulses": "95"})]),
    _case("X08", "device_uses 2 max_pressure_atm", [("device_uses", 2, {"max_pressure_atm": "18"})]),
    _case("X09", "device_uses 1 ivl_pulses", [("device_uses", 1, {"ivl_pulses": "95"})]),
    # Procedures, complications, what followed
    _case("X14", "lesions 1 timi_post", [("lesions", 1, {"timi_post": "1"})]),
    _case(
        "X21", "procedures 0 dialysis", [("procedures", 0, {"dialysis": "true", "creatinine_umol_l": "90"})]
    ),
    _case("X22", "procedures 0 ckd", [("procedures", 0, {"ckd": "false", "egfr_ml_min_173m2": "40"})]),
    # Female, 70 years, 88.42 umol/L = 1 mg/dL: 142 x (1/0.7)^-1.2 x 0.9938^70 x 1.012 = 60.6
    _case(
        "X23",
        "procedures 0 egfr_ml_min_173m2",
        [("procedures", 0, {"egfr_ml_min_173m2": "73", "creatinine_umol_l": "88.42"})],
    ),
    _case("X24", "procedures 0 urgency", [("procedures", 0, {"presentation": "stemi"})]),
    _case(
        "X25",
        "procedures 0 presentation",
        [
            ("procedures", 0, {"presentation": "stemi", "urgency": "emergency"}),
            ("lesions", 0, {"cto": "true", "stenosis_pre_pct": "100"}),
        ],
    ),
    _case(
        "X26",
        "complications 1 complication_type",
        [("complications", 1, NEW_COMPLICATION | {"complication_type": "tamponade"})],
    ),
    _case(
        "X27",
        "complications 1 complication_type",
        [
            ("complications", 1, NEW_COMPLICATION | {"complication_type": "periprocedural_mi"}),
            ("procedures", 0, {"troponin_post_xuln": "0.9"}),
        ],
    ),
    _case(
        "X28",
        "complications 1 complication_type",
        [
            ("complications", 1, NEW_COMPLICATION | {"complication_type": "major_bleeding"}),
            ("procedures", 0, {"hemoglobin_g_l": "140", "hemoglobin_nadir_g_l": "115"}),
        ],
    ),
    _case(
        "X29",
        "complications 1 complication_type",
        [
            ("complications", 1, NEW_COMPLICATION | {"complication_type": "new_dialysis"}),
            ("procedures", 0, {"dialysis": "true"}),
        ],
    ),
    _case("X30", "complications 0 procedure_id", [("procedures", 0, {"complications_recorded": "none"})]),
    _case("X31", "complications 0 grade", [("complications", 0, {"grade": "III"})]),
    _case(
        "X32",
        "events 3 event_type",
        [
            ("lesions", 0, {"stent_type": "none"}),
            ("device_uses", 1, {"device_class": "nc_balloon"}),
            (
                "events",
                3,
                NEW_EVENT
                | {
                    "event_type": "stent_thrombosis",
                    "target_relation": "target_lesion",
                    "stent_thrombosis_certainty": "definite",
                },
            ),
        ],
    ),
    _case(
        "X33",
        "events 3 planned_staged",
        [
            ("procedures", 0, {"staged_pci_planned": "false"}),
            (
                "events",
                3,
                NEW_EVENT
                | {"event_type": "revasc_pci", "target_relation": "target_vessel", "planned_staged": "true"},
            ),
        ],
    ),
    _case(
        "X34",
        "procedures 3 procedure_date",
        [
            ("procedures", 0, {"staged_pci_planned": "false"}),
            ("procedures", 3, NEW_PROCEDURE),
            ("lesions", 3, NEW_LESION),
        ],
    ),
    _case("X35", "follow_up 1 nonfatal_events_assessed", [("follow_up", 1, {"vital_status": "lost"})]),
    _case("X35", "follow_up 1 vital_status", [("follow_up", 1, {"vital_status": "dead"})]),
    # Completeness and copies
    _case("M07", "imaging 2 modality", [("imaging", 2, {"imaging_id": "I3", "lesion_id": "L3"} | EMPTY_RUN)]),
    _case(
        "S07",
        "procedures 3 procedure_id",
        [
            (
                "procedures",
                99,
                NEW_PROCEDURE | {"procedure_id": f"Q{n}", "lvef_pct": "60", "contrast_ml": "150"},
            )
            for n in range(11, 16)
        ],
    ),
    _case("X36", "procedures 1 dapt_at_discharge", [("procedures", 1, {"dapt_at_discharge": "true"})]),
]


def _spoil(rows: Rows, edits: list[Edit]) -> None:
    """Change rows in place; a row number after the last adds a row."""
    for table, row, values in edits:
        if row >= len(rows[table]):
            rows[table].append(dict(values))
        else:
            rows[table][row].update(values)


def test_a_registry_without_fault_has_no_finding(base: Rows, validate: Validate) -> None:
    report = validate(base)
    assert report.findings.is_empty(), report.findings.select("rule_id", "table", "column", "row").rows()
    assert report.n_accepted == report.n_input == 25


@pytest.mark.parametrize(("edits", "expected"), CASES)
def test_a_planted_fault_is_found_at_its_cell(
    base: Rows, validate: Validate, found: Found, edits: list[Edit], expected: tuple[object, ...]
) -> None:
    _spoil(base, edits)
    report = validate(base)
    assert expected in found(report)
    assert report.n_accepted + report.n_rejected == report.n_input


def test_every_checked_rule_has_a_case() -> None:
    covered = {case.values[1][0] for case in CASES}
    checked = {check.rule_id for check in (*ROW_CHECKS, *CROSS_CHECKS)} - {"K03"} | {
        "C10",
        "C12",
        "C01",
        "C02",
        "C03",
        "C04",
        "C05",
        "C13",
        "K01",
        "K02",
    }
    assert checked <= covered, sorted(checked - covered)
