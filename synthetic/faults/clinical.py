"""Faults of the clinical rules: what cannot be true together at a lesion, in a run or in a procedure."""

from __future__ import annotations

from synthetic.faults.patients import (
    COMPLICATION,
    CONTACT,
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


_UNUSUAL_RESIDUAL = ("C04", "WARN", "lesions 0 residual_stenosis_pct")

FAULTS = (
    PatientFault(
        "X01",
        "WARN",
        "device_uses 0 device_class",
        (("lesions", 0, {"calcification_angio": "none"}),),
        (("X01", "WARN", "device_uses 1 device_class"), ("X02", "INFO", "lesions 0 calcification_angio")),
    ),
    PatientFault(
        "X02",
        "INFO",
        "lesions 0 calcification_angio",
        (("lesions", 0, {"calcification_angio": "mild"}),),
    ),
    _warned(
        "X03",
        "lesions 1 calcification_angio",
        ("lesions", 1, SECOND_LESION | {"calcification_angio": "not_severe"}),
        ("lesions", 0, {"calcification_angio": "moderate"}),
    ),
    _warned("X04", "device_uses 0 diameter_mm", ("device_uses", 0, {"diameter_mm": "1.6"})),
    _warned("X04", "device_uses 0 diameter_mm", ("lesions", 0, {"reference_diameter_mm": "2"})),
    PatientFault(
        "X04",
        "NULL",
        "device_uses 0 diameter_mm",
        (("lesions", 0, {"reference_diameter_mm": "1.5"}),),
        (("C04", "WARN", "lesions 0 reference_diameter_mm"),),
    ),
    _warned("X05", "device_uses 1 diameter_mm", ("device_uses", 1, {"diameter_mm": "4.5"})),
    _warned("X06", "device_uses 0 rotation_speed_krpm", ("device_uses", 0, {"rotation_speed_krpm": "195"})),
    _warned("X07", "device_uses 1 ivl_pulses", ("device_uses", 1, {"ivl_pulses": "95"})),
    _warned("X08", "device_uses 1 max_pressure_atm", ("device_uses", 1, {"max_pressure_atm": "18"})),
    PatientFault("X09", "NULL", "device_uses 2 ivl_pulses", (("device_uses", 2, {"ivl_pulses": "80"}),)),
    PatientFault(
        "X10",
        "WARN",
        "lesions 0 stent_type",
        (("lesions", 0, {"stent_type": "none", "stent_count": "0", "stent_length_total_mm": None}),),
    ),
    PatientFault(
        "X11",
        "WARN",
        "lesions 0 residual_stenosis_pct",
        (("lesions", 0, {"residual_stenosis_pct": "90"}),),
        (_UNUSUAL_RESIDUAL,),
    ),
    _warned("X12", "lesions 0 cto", ("lesions", 0, {"cto": "true"})),
    PatientFault(
        "X13",
        "WARN",
        "lesions 0 timi_post",
        (("lesions", 0, {"residual_stenosis_pct": "100"}),),
        (("X11", "WARN", "lesions 0 residual_stenosis_pct"), _UNUSUAL_RESIDUAL),
    ),
    PatientFault(
        "X14",
        "WARN",
        "lesions 0 timi_post",
        (("lesions", 0, {"timi_post": "1"}),),
        (("C04", "WARN", "lesions 0 timi_post"),),
    ),
    _warned("X15", "lesions 0 crossability", ("lesions", 0, {"crossability": "wire_failure"})),
    PatientFault(
        "X16",
        "INFO",
        "lesions 0 stent_length_total_mm",
        (("lesions", 0, {"stent_length_total_mm": "12"}),),
    ),
    _warned("X17", "imaging 1 msa_mm2", ("imaging", 0, {"mla_mm2": "6.1"})),
    _warned("X18", "imaging 1 stent_expansion_pct", ("imaging", 1, {"stent_expansion_pct": "92"})),
    _warned(
        "X19",
        "imaging 0 calcium_thickness_mm",
        ("imaging", 0, {"modality": "ivus", "calcium_thickness_mm": "0.8"}),
    ),
    _warned("X19", "imaging 0 calcium_depth", ("imaging", 0, {"calcium_depth": "deep"})),
    _warned("X20", "imaging 0 calcium_depth", ("imaging", 0, {"calcium_depth": "none"})),
    _warned("X20", "imaging 0 calcium_fracture", ("imaging", 0, {"calcium_fracture": "true"})),
    _warned("X21", "procedures 0 dialysis", ("procedures", 0, {"dialysis": "true"})),
    _warned(
        "X22",
        "procedures 0 ckd",
        ("procedures", 0, {"ckd": "false", "egfr_ml_min_173m2": "40", "creatinine_umol_l": None}),
    ),
    _warned("X23", "procedures 0 egfr_ml_min_173m2", ("procedures", 0, {"egfr_ml_min_173m2": "88"})),
    _warned("X24", "procedures 0 urgency", ("procedures", 0, {"presentation": "stemi"})),
    _warned(
        "X25",
        "procedures 0 presentation",
        ("procedures", 0, {"presentation": "stemi", "urgency": "emergency"}),
        ("lesions", 0, {"cto": "true", "stenosis_pre_pct": "100"}),
    ),
    _warned(
        "X26",
        "complications 0 complication_type",
        ("complications", 0, COMPLICATION | {"complication_type": "tamponade"}),
    ),
    _warned(
        "X27",
        "complications 0 complication_type",
        ("complications", 0, COMPLICATION | {"complication_type": "periprocedural_mi"}),
        ("procedures", 0, {"troponin_post_xuln": "0.9"}),
    ),
    _warned(
        "X28",
        "complications 0 complication_type",
        ("complications", 0, COMPLICATION | {"complication_type": "major_bleeding"}),
    ),
    _warned(
        "X29",
        "complications 0 complication_type",
        ("complications", 0, COMPLICATION | {"complication_type": "acute_kidney_injury"}),
    ),
    _warned(
        "X30",
        "complications 0 procedure_id",
        ("complications", 0, COMPLICATION),
        ("procedures", 0, {"complications_recorded": "none"}),
    ),
    _warned(
        "X32",
        "events 0 event_type",
        ("lesions", 0, {"stent_type": "none", "stent_count": "0", "stent_length_total_mm": None}),
        ("device_uses", 2, {"device_class": "nc_balloon"}),
        (
            "events",
            0,
            EVENT
            | {"event_type": "stent_thrombosis", "target_relation": "target_lesion"}
            | {"stent_thrombosis_certainty": "definite"},
        ),
    ),
    _warned(
        "X33",
        "events 0 planned_staged",
        (
            "events",
            0,
            EVENT
            | {"event_type": "revasc_pci", "target_relation": "target_vessel", "planned_staged": "true"},
        ),
    ),
    _warned(
        "X34",
        "procedures 1 procedure_date",
        ("procedures", 1, SECOND_PROCEDURE),
        ("lesions", 1, LATER_LESION | {"vessel": "RI", "segment_code": "28"}),
    ),
    _warned(
        "X35",
        "follow_up 2 nonfatal_events_assessed",
        ("follow_up", 2, CONTACT | {"vital_status": "lost"}),
    ),
    _warned("X35", "follow_up 2 vital_status", ("follow_up", 2, CONTACT | {"vital_status": "dead"})),
    PatientFault(
        "X36",
        "NULL",
        "procedures 0 dapt_at_discharge",
        (
            ("procedures", 0, {"discharge_status": "dead"}),
            (
                "events",
                0,
                EVENT | {"event_type": "death", "event_date": "@2", "death_cause": "cardiac"},
            ),
            ("follow_up", 0, {"vital_status": "dead", "planned_window": None}),
            ("follow_up", 1, {"vital_status": "dead", "planned_window": None}),
        ),
    ),
    _warned(
        "T15",
        "imaging 2 stage",
        (
            "imaging",
            2,
            NO_CELLS
            | {"imaging_id": "I3", "lesion_id": "L2", "modality": "oct", "stage": "after_modification"}
            | {"calcium_arc_deg": "283"},
        ),
        ("lesions", 1, SECOND_LESION),
    ),
    _warned(
        "M07",
        "imaging 2 modality",
        (
            "imaging",
            2,
            {"imaging_id": "I3", "lesion_id": "L1", "modality": "ivus", "stage": "after_modification"},
        ),
    ),
    _warned("C06", "device_uses 1 ivl_pulses", ("device_uses", 1, {"ivl_pulses": None})),
    PatientFault(
        "C06",
        "ROW",
        "imaging 1 expansion_basis",
        (("imaging", 1, {"expansion_basis": None}),),
    ),
    _warned(
        "C06",
        "events 0 mi_type",
        ("events", 0, INFARCTION | {"mi_type": None}),
    ),
    PatientFault(
        "C06",
        "ROW",
        "complications 0 grade_scale",
        (("complications", 0, COMPLICATION | {"complication_type": "dissection", "grade": "B"}),),
    ),
    _warned(
        "C09",
        "lesions 1 stent_length_total_mm",
        ("lesions", 1, SECOND_LESION | {"stent_length_total_mm": "30"}),
    ),
    PatientFault("C10", "INFO", "procedures 0 hs_crp_mg_l", (("procedures", 0, {"hs_crp_mg_l": "<0.5"}),)),
    PatientFault(
        "C12",
        "ROW",
        "events 0 event_date",
        (("events", 0, INFARCTION | {"event_date": "2025-02"}),),
    ),
)
"""Faults of the families X, and of C, M and T where they stand in one lesion, run or event."""
