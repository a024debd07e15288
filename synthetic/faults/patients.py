"""A patient without any fault, written by hand, and the changes that make one with a fault of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Cells = dict[str, str | None]
"""Canonical cells as text.

``@30`` is the day 30 days after the procedure, ``@end`` the cut-off of the site, ``#52`` 52 and a little
more, ``A`` and ``B`` are two sites, ``P1`` a patient, ``Q1``, ``L1``, ... their records.
"""

Edit = tuple[str, int, Cells]
"""Table, row of the patient's rows in it, cells; a row after the last is added."""


NO_CELLS: Cells = {}
"""Nothing, to add cells to."""


@dataclass(frozen=True)
class PatientFault:
    """A fault of a patient who is added to the registry.

    Parameters
    ----------
    rule_id, level
        Rule that is broken, and what it does.
    place
        Table, row among the patient's rows (``-`` for the site as a whole), and column of the finding.
    edits
        Changes of `BLAMELESS`.
    brings
        What follows, or may: rule, level and place.
    also
        Other rules that the same patients break on purpose.
    source
        Follow-up sources of the sites that the patient may belong to.
    starts
        Day of the procedure where it matters, otherwise one of 2021 to 2024; a patient for each. ``+30`` is
        day 30 of the newest whole quarter of the registry.
    rank
        Which of the fitting sites, the largest first, where it matters.
    fewest
        Procedures without which the site is too small for the fault.
    per
        Where it is given, the patients come again for each so many procedures of the site.
    """

    rule_id: str
    level: str
    place: str
    edits: tuple[Edit, ...]
    brings: tuple[tuple[str, str, str], ...] = ()
    also: tuple[tuple[str, str, str], ...] = ()
    source: tuple[str, ...] = ("mixed", "active_contact")
    starts: tuple[str, ...] = ()
    rank: int | None = None
    fewest: int = 1
    per: int = 0


_PROCEDURE: Cells = {
    "procedure_id": "Q1",
    "patient_id": "P1",
    "site_id": "A",
    "procedure_date": "@0",
    "discharge_date": "@2",
    "discharge_status": "alive",
    "age_years": "70",
    "presentation": "stable_angina",
    "urgency": "elective",
    "cardiogenic_shock": "false",
    "diabetes": "no",
    "hypertension": "true",
    "dialysis": "false",
    "prior_mi": "false",
    "prior_pci": "false",
    "prior_cabg": "false",
    "lvef_pct": "#52",
    "creatinine_umol_l": "#84",
    "hemoglobin_g_l": "#141",
    "hemoglobin_nadir_g_l": "133",
    "creatinine_peak_umol_l": "89",
    "troponin_post_xuln": "3.2",
    "contrast_ml": "#101",
    "dapt_at_discharge": "true",
    "staged_pci_planned": "false",
    "complications_recorded": "all",
}
_LESION: Cells = {
    "lesion_id": "L1",
    "procedure_id": "Q1",
    "lesion_number": "1",
    "vessel": "RI",
    "segment_code": "28",
    "calcification_angio": "severe",
    "calcification_assessor": "operator",
    "stenosis_pre_pct": "86",
    "lesion_length_mm": "#18",
    "reference_diameter_mm": "3.1",
    "cto": "false",
    "crossability": "crossable",
    "timi_post": "3",
    "residual_stenosis_pct": "9",
    "stent_type": "des",
    "stent_count": "1",
    "stent_length_total_mm": "28",
}

BLAMELESS: Mapping[str, tuple[Cells, ...]] = {
    "patients": ({"patient_id": "P1", "site_id": "A", "sex": "female", "research_use_allowed": "true"},),
    "procedures": (_PROCEDURE,),
    "lesions": (_LESION,),
    "imaging": (
        NO_CELLS
        | {"imaging_id": "I1", "lesion_id": "L1", "modality": "oct", "stage": "baseline"}
        | {"calcium_arc_deg": "283", "calcium_length_mm": "6.4", "calcium_depth": "superficial"}
        | {"mla_mm2": "2.6"},
        NO_CELLS
        | {"imaging_id": "I2", "lesion_id": "L1", "modality": "oct", "stage": "final", "msa_mm2": "6"}
        | {"reference_lumen_area_mm2": "8", "stent_expansion_pct": "75", "expansion_basis": "mean_reference"},
    ),
    "device_uses": (
        NO_CELLS
        | {"device_use_id": "U1", "lesion_id": "L1", "sequence_no": "1", "role": "modification"}
        | {"device_class": "rotational_atherectomy", "diameter_mm": "1.5", "rotation_speed_krpm": "160"},
        NO_CELLS
        | {"device_use_id": "U2", "lesion_id": "L1", "sequence_no": "2", "role": "modification"}
        | {"device_class": "intravascular_lithotripsy", "diameter_mm": "3", "max_pressure_atm": "6"}
        | {"ivl_pulses": "80"},
        NO_CELLS
        | {"device_use_id": "U3", "lesion_id": "L1", "sequence_no": "3", "role": "definitive"}
        | {"device_class": "stent", "diameter_mm": "3"},
    ),
    "complications": (),
    "follow_up": (
        NO_CELLS
        | {"contact_id": "F1", "patient_id": "P1", "contact_date": "@30", "contact_method": "telephone"}
        | {"planned_window": "d30", "vital_status": "alive", "nonfatal_events_assessed": "true"},
        NO_CELLS
        | {"contact_id": "F2", "patient_id": "P1", "contact_date": "@365", "contact_method": "telephone"}
        | {"planned_window": "m12", "vital_status": "alive", "nonfatal_events_assessed": "true"},
    ),
    "events": (),
}
"""Rows of one patient by table: a lesion prepared by burr and lithotripsy, stented, followed for a year."""

SECOND_PROCEDURE: Cells = _PROCEDURE | {
    "procedure_id": "Q2",
    "procedure_date": "@100",
    "discharge_date": "@101",
    "prior_pci": "true",
}
"""Another procedure of the patient, 100 days later."""

SECOND_LESION: Cells = _LESION | {
    "lesion_id": "L2",
    "lesion_number": "2",
    "vessel": "RCA",
    "segment_code": "2",
    "crossability": "wire_failure",
    "stent_type": "none",
    "stent_count": "0",
    "stent_length_total_mm": None,
    "residual_stenosis_pct": None,
    "timi_post": None,
}
"""A lesion elsewhere that no wire crossed, hence without devices."""

LATER_LESION: Cells = SECOND_LESION | {"procedure_id": "Q2", "lesion_number": "1"}
"""The same in the second procedure."""

COMPLICATION: Cells = {
    "complication_id": "C1",
    "procedure_id": "Q1",
    "lesion_id": "L1",
    "complication_type": "side_branch_loss",
    "timing": "in_lab",
}

CONTACT: Cells = {
    "contact_id": "F3",
    "patient_id": "P1",
    "contact_date": "@400",
    "contact_method": "clinic",
    "vital_status": "alive",
    "nonfatal_events_assessed": "true",
}

EVENT: Cells = {
    "event_id": "E1",
    "patient_id": "P1",
    "event_type": "readmission_other",
    "event_date": "@200",
    "event_date_precision": "day",
}

DEATH: Cells = EVENT | {"event_type": "death", "event_date": "@500", "death_cause": "cardiac"}

INFARCTION: Cells = EVENT | {"event_type": "mi", "mi_type": "spontaneous", "target_relation": "unknown"}
