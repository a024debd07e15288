"""Faults of keys, references, duplicates and time: what records of one patient say about each other."""

from __future__ import annotations

from synthetic.faults.patients import (
    COMPLICATION,
    CONTACT,
    DEATH,
    EVENT,
    INFARCTION,
    LATER_LESION,
    NO_CELLS,
    SECOND_LESION,
    SECOND_PROCEDURE,
    Cells,
    PatientFault,
)


def _warned(rule_id: str, place: str, *edits: tuple[str, int, Cells]) -> PatientFault:
    """Return a fault that is listed and kept."""
    return PatientFault(rule_id, "WARN", place, edits)


def _rejected(rule_id: str, place: str, *edits: tuple[str, int, Cells]) -> PatientFault:
    """Return a fault that costs its row."""
    return PatientFault(rule_id, "ROW", place, edits)


def _again(**cells: str | None) -> tuple[tuple[str, int, Cells], tuple[str, int, Cells]]:
    """Return another procedure of the patient, with a lesion elsewhere."""
    return ("procedures", 1, SECOND_PROCEDURE | cells), ("lesions", 1, LATER_LESION)


_SAME_LESION: Cells = {"vessel": "RI", "segment_code": "28"}
_DEVICE: Cells = {"lesion_id": "L1", "sequence_no": "4", "role": "post_dilation"}
_BALLOON: Cells = _DEVICE | {"device_class": "nc_balloon", "diameter_mm": "3.5"}
_DEVICES_AGAIN: tuple[Cells, ...] = (
    {"device_class": "rotational_atherectomy", "rotation_speed_krpm": "160"},
    {"device_class": "intravascular_lithotripsy", "ivl_pulses": "80"},
    {"device_class": "stent"},
)
_FALLEN_BELOW_LESION = (
    *(("K14", "INFO", f"imaging {place} lesion_id") for place in range(2)),
    *(("K14", "INFO", f"device_uses {place} lesion_id") for place in range(3)),
)

KEYS = (
    PatientFault(
        "K04",
        "WARN",
        "procedures 1 procedure_id",
        (("procedures", 1, SECOND_PROCEDURE),),
    ),
    PatientFault(
        "K05",
        "INFO",
        "lesions 1 lesion_number",
        (("lesions", 1, SECOND_LESION | {"lesion_number": "3"}),),
        (("K05", "INFO", "lesions 0 lesion_number"),),
    ),
    _warned("K06", "lesions 1 lesion_id", ("lesions", 1, SECOND_LESION | {"crossability": "crossable"})),
    PatientFault(
        "K07",
        "NULL",
        "complications 0 lesion_id",
        (*_again(), ("complications", 0, COMPLICATION | {"lesion_id": "L2"})),
    ),
    _warned(
        "K08",
        "complications 0 attributed_device_class",
        ("complications", 0, COMPLICATION | {"attributed_device_class": "elca"}),
    ),
    _rejected(
        "K09",
        "imaging 2 stage",
        (
            "imaging",
            2,
            NO_CELLS
            | {"imaging_id": "I3", "lesion_id": "L1", "modality": "oct", "stage": "baseline"}
            | {"calcium_arc_deg": "281", "mla_mm2": "2.5"},
        ),
    ),
    _rejected(
        "K10",
        "events 1 event_type",
        ("events", 0, DEATH),
        ("events", 1, DEATH | {"event_id": "E2", "event_date": "@501"}),
    ),
    PatientFault(
        "K11",
        "NULL",
        "events 0 procedure_id",
        (*_again(), ("events", 0, EVENT | {"event_date": "@50", "procedure_id": "Q2"})),
    ),
    _warned(
        "K12", "patients 1 patient_id", ("patients", 1, {"patient_id": "P2", "site_id": "A", "sex": "male"})
    ),
    PatientFault(
        "K14",
        "INFO",
        "lesions 0 procedure_id",
        (("procedures", 0, {"presentation": None}),),
        (
            ("C05", "ROW", "procedures 0 presentation"),
            *_FALLEN_BELOW_LESION,
        ),
    ),
)

DUPLICATES = (
    PatientFault(
        "D01",
        "ROW",
        "procedures 1 procedure_id",
        (
            ("procedures", 1, SECOND_PROCEDURE | {"procedure_date": "@0", "discharge_date": "@2"}),
            ("lesions", 1, LATER_LESION | _SAME_LESION),
        ),
        (("K14", "INFO", "lesions 1 procedure_id"),),
    ),
    _warned("D02", "procedures 1 procedure_date", *_again(procedure_date="@0", discharge_date="@2")),
    _warned("D03", "procedures 0 discharge_date", *_again(procedure_date="@1", discharge_date="@4")),
    PatientFault(
        "D04",
        "WARN",
        "procedures 0 procedure_id",
        (
            ("patients", 1, {"patient_id": "P2", "site_id": "B", "sex": "female"}),
            (
                "procedures",
                1,
                SECOND_PROCEDURE
                | {"patient_id": "P2", "site_id": "B", "procedure_date": "@1", "discharge_date": "@3"}
                | {"prior_pci": "false"},
            ),
            ("lesions", 1, LATER_LESION | _SAME_LESION | {"crossability": "crossable"}),
            *(
                (
                    "device_uses",
                    3 + place,
                    _DEVICE
                    | {"device_use_id": f"U{4 + place}", "lesion_id": "L2", "sequence_no": f"{place + 1}"}
                    | cells,
                )
                for place, cells in enumerate(_DEVICES_AGAIN)
            ),
            ("lesions", 1, {"stent_type": "des", "residual_stenosis_pct": "9", "timi_post": "3"}),
        ),
        (("D04", "WARN", "procedures 1 procedure_id"),),
    ),
    _warned("D05", "lesions 1 segment_code", ("lesions", 1, SECOND_LESION | _SAME_LESION)),
    _warned(
        "D06",
        "events 1 event_date",
        ("events", 0, INFARCTION),
        ("events", 1, INFARCTION | {"event_id": "E2", "event_date": "@206"}),
    ),
    _rejected(
        "D07",
        "follow_up 2 contact_date",
        ("follow_up", 2, CONTACT | {"contact_date": "@365"} | {"contact_method": "telephone"}),
    ),
    _warned(
        "D08",
        "device_uses 7 device_class",
        *(("device_uses", 3 + place, _BALLOON | {"device_use_id": f"U{4 + place}"}) for place in range(5)),
    ),
)

COPIED = PatientFault(
    "S07",
    "WARN",
    "procedures 0 procedure_id",
    tuple(
        edit
        for place, vessel in enumerate(("LM", "LAD", "LCX", "RCA"), start=1)
        for edit in (
            (
                "procedures",
                place,
                SECOND_PROCEDURE
                | {"procedure_id": f"Q{1 + place}", "procedure_date": f"@{60 * place}"}
                | {"discharge_date": f"@{60 * place + 1}"},
            ),
            (
                "lesions",
                place,
                LATER_LESION
                | {"lesion_id": f"L{1 + place}", "procedure_id": f"Q{1 + place}", "vessel": vessel},
            ),
        )
    ),
    tuple(("S07", "WARN", f"procedures {place} procedure_id") for place in range(1, 5)),
)

TIME = (
    PatientFault(
        "T00",
        "ROW",
        "procedures 0 procedure_date",
        (("procedures", 0, {"procedure_date": None}),),
        (("K14", "INFO", "lesions 0 procedure_id"), *_FALLEN_BELOW_LESION),
    ),
    _rejected("T00", "events 0 event_date", ("events", 0, EVENT | {"event_date": None})),
    _rejected("T00", "follow_up 2 contact_date", ("follow_up", 2, CONTACT | {"contact_date": None})),
    PatientFault(
        "T01",
        "ROW",
        "procedures 1 procedure_date",
        _again(procedure_date="2199-01-10", discharge_date=None),
        (("K14", "INFO", "lesions 1 procedure_id"),),
    ),
    PatientFault(
        "T01", "NULL", "procedures 0 discharge_date", (("procedures", 0, {"discharge_date": "2199-01-10"}),)
    ),
    _rejected("T01", "follow_up 2 contact_date", ("follow_up", 2, CONTACT | {"contact_date": "2199-01-10"})),
    _warned("T03", "procedures 0 discharge_date", ("procedures", 0, {"discharge_date": "@12"})),
    _warned(
        "T06",
        "events 1 event_date",
        ("events", 0, DEATH),
        ("events", 1, EVENT | {"event_id": "E2", "event_date": "@510"}),
    ),
    _warned(
        "T06",
        "follow_up 2 contact_date",
        ("events", 0, DEATH),
        ("follow_up", 2, CONTACT | {"contact_date": "@510"}),
    ),
    PatientFault(
        "T06",
        "ROW",
        "procedures 1 procedure_date",
        (("events", 0, DEATH), *_again(procedure_date="@510", discharge_date="@511")),
        (("K14", "INFO", "lesions 1 procedure_id"),),
    ),
    _warned(
        "T07",
        "procedures 0 discharge_status",
        ("procedures", 0, {"discharge_status": "dead", "dapt_at_discharge": None}),
    ),
    _rejected("T08", "follow_up 2 contact_date", ("follow_up", 2, CONTACT | {"contact_date": "@-100"})),
    _warned("T09", "follow_up 2 planned_window", ("follow_up", 2, CONTACT | {"planned_window": "m6"})),
    _rejected(
        "T10",
        "follow_up 3 vital_status",
        ("follow_up", 2, CONTACT | {"vital_status": "dead"}),
        ("follow_up", 3, CONTACT | {"contact_id": "F4", "contact_date": "@410"}),
        ("events", 0, DEATH | {"event_date": "@450"}),
    ),
    _warned("T11", "procedures 1 age_years", *_again(age_years="74")),
    _warned("T12", "procedures 1 prior_pci", *_again(prior_pci="false")),
    # A patient long before the others leaves a gap that chance does not explain.
    PatientFault(
        "T13",
        "WARN",
        "device_uses 1 device_class",
        (),
        starts=("2008-06-01",),
    ),
    _warned(
        "T14",
        "complications 0 complication_type",
        ("complications", 0, COMPLICATION | {"complication_type": "death_in_lab"}),
    ),
    PatientFault(
        "T16",
        "WARN",
        "follow_up 2 contact_date",
        (("follow_up", 2, CONTACT | {"contact_method": "linkage"}),),
        source=("linkage",),
        rank=1,
    ),
    PatientFault(
        "T17",
        "NULL",
        "procedures 0 procedure_day",
        (("procedures", 0, {"procedure_day": "0"}),),
        # One day count makes the column of the other one look forgotten.
        (("F13", "INFO", "procedures - discharge_day"),),
    ),
)

FAULTS = (*KEYS, *DUPLICATES, COPIED, *TIME)
"""Faults of the families K, D and T."""
