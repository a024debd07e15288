"""Closed lists of values, spelled as in the canonical CSV files, in the order in which people read them."""

from __future__ import annotations

SEVERITY_GRADES = ("none", "mild", "moderate", "severe", "none_mild", "not_severe", "unknown")
"""Calcification grades. ``none_mild`` and ``not_severe`` are what two-level sources say; never split."""

SEVERITY_LABELS = {
    "none": "None",
    "mild": "Mild",
    "moderate": "Moderate",
    "severe": "Severe",
    "none_mild": "None or mild",
    "not_severe": "Not severe",
    "unknown": "Unknown",
}

STRATEGIES = (
    "rotational_atherectomy",
    "intravascular_lithotripsy",
    "cutting_balloon",
    "nc_balloon",
    "elca",
    "orbital_atherectomy",
    "ra_cutting",
    "ra_ivl",
    "elca_ra",
    "plain_balloon",
    "other_combination",
    "no_preparation",
    "unknown",
)
"""Device strategies in fixed clinical order."""

STRATEGY_LABELS = {
    "rotational_atherectomy": "Rotational atherectomy",
    "intravascular_lithotripsy": "Intravascular lithotripsy",
    "cutting_balloon": "Cutting or scoring balloon",
    "nc_balloon": "Non-compliant balloon",
    "elca": "Excimer laser",
    "orbital_atherectomy": "Orbital atherectomy",
    "ra_cutting": "Rotational atherectomy + cutting balloon",
    "ra_ivl": "Rotational atherectomy + lithotripsy",
    "elca_ra": "Excimer laser + rotational atherectomy",
    "plain_balloon": "Plain balloon",
    "other_combination": "Other combination",
    "no_preparation": "No lesion preparation",
    "unknown": "Unknown",
}

DEVICE_CLASSES = (
    "rotational_atherectomy",
    "orbital_atherectomy",
    "intravascular_lithotripsy",
    "elca",
    "cutting_balloon",
    "scoring_balloon",
    "nc_balloon",
    "super_high_pressure_balloon",
    "sc_balloon",
    "drug_coated_balloon",
    "stent",
    "other",
)

DATE_POLICIES = ("actual", "shifted", "month_only", "relative")
FOLLOWUP_SOURCES = ("linkage", "active_contact", "passive", "mixed", "none")

SEXES = ("female", "male", "other", "unknown")

DISCHARGE_STATUSES = ("alive", "dead", "unknown")
PRESENTATIONS = (
    "stable_angina",
    "silent_ischaemia",
    "unstable_angina",
    "nstemi",
    "stemi",
    "acs_unspecified",
    "other",
    "unknown",
)
URGENCIES = ("elective", "urgent", "emergency", "salvage", "unknown")
SMOKING = ("never", "former", "current", "unknown")
DIABETES = ("no", "non_insulin", "insulin", "yes_unspecified", "unknown")
ACCESS_SITES = ("radial", "femoral", "brachial", "multiple", "other", "unknown")
MECHANICAL_SUPPORT = ("none", "iabp", "axial_pump", "ecmo", "other", "unknown")
COMPLICATIONS_RECORDED = ("all", "some", "none")

VESSELS = ("LM", "LAD", "LCX", "RCA", "RI", "vein_graft", "arterial_graft", "unknown")
SEGMENTS = (
    *("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11a", "11b", "11c", "12", "13", "14", "15", "15a"),
    *("16", "16a", "17", "18", "19", "19a", "20", "20a", "21", "21a", "22", "22a", "23", "24", "25", "26"),
    *("27", "28", "28a", "29", "29a"),
)
"""Segment numbers of the CathPCI form; other schemes share digits with other meanings."""
CALCIFICATION_ASSESSORS = ("operator", "core_lab", "algorithm", "unknown")
LESION_CLASSES = ("A", "B1", "B2", "C", "B", "non_C", "unknown")
TORTUOSITY = ("none_mild", "moderate", "severe", "unknown")
ANGULATION = ("lt45", "45_90", "gt90", "unknown")
CROSSABILITY = ("crossable", "wire_failure", "balloon_uncrossable", "balloon_undilatable", "unknown")
STENT_TYPES = ("des", "bms", "brs", "dcb_only", "none", "unknown")

MODALITIES = ("ivus", "oct", "nirs_ivus", "ct")
IMAGING_STAGES = ("baseline", "after_modification", "after_stent", "final")
CALCIUM_DEPTHS = ("superficial", "deep", "mixed", "none", "unknown")
NODULES = ("none", "eruptive", "non_eruptive", "present", "unknown")
EXPANSION_BASES = (
    "mean_reference",
    "distal_reference",
    "proximal_reference",
    "tapered",
    "msa_site",
    "unknown",
)

DEVICE_ROLES = (
    "modification",
    "rescue_modification",
    "pre_dilation",
    "post_dilation",
    "definitive",
    "bailout",
    "unknown",
)
USE_PLANS = ("planned", "bailout", "unknown")

COMPLICATION_TYPES = (
    "dissection",
    "perforation",
    "tamponade",
    "slow_flow_no_reflow",
    "side_branch_loss",
    "abrupt_closure",
    "device_entrapment",
    "wire_fracture",
    "device_loss",
    "balloon_rupture",
    "av_block",
    "ventricular_arrhythmia",
    "hypotension",
    "stent_thrombosis",
    "periprocedural_mi",
    "cardiogenic_shock",
    "cardiac_arrest",
    "stroke",
    "emergency_cabg",
    "access_site_bleeding",
    "major_bleeding",
    "vascular_access",
    "transfusion",
    "acute_kidney_injury",
    "new_dialysis",
    "death_in_lab",
    "other",
)
GRADE_SCALES = ("nhlbi", "ellis", "barc", "timi_bleeding", "kdigo", "other")
BARC_GRADES = ("1", "2", "3a", "3b", "3c", "4", "5a", "5b")
GRADES_BY_SCALE = {
    "nhlbi": ("A", "B", "C", "D", "E", "F"),
    "ellis": ("I", "II", "III", "III_CS"),
    "barc": BARC_GRADES,
    "timi_bleeding": ("minimal", "minor", "major"),
    "kdigo": ("1", "2", "3"),
}
"""Grades of each scale; the scale ``other`` takes any text."""
COMPLICATION_TIMINGS = ("in_lab", "in_hospital", "unknown")

CONTACT_METHODS = ("clinic", "telephone", "letter", "hospital_record", "linkage", "other", "unknown")
PLANNED_WINDOWS = ("d30", "m6", "m12", "m24", "m36", "m60", "unscheduled")
VITAL_STATUSES = ("alive", "dead", "lost")
END_OF_FOLLOW_UP = ("no", "withdrew", "transferred", "study_end")

EVENT_TYPES = (
    "death",
    "mi",
    "revasc_pci",
    "revasc_cabg",
    "stent_thrombosis",
    "stroke_ischaemic",
    "stroke_haemorrhagic",
    "stroke_undetermined",
    "bleeding",
    "hf_hospitalisation",
    "readmission_other",
)
DATE_PRECISIONS = ("day", "month", "year", "on_or_before")
"""``on_or_before``: only known to have happened by that day, as from a status at a visit."""
DEATH_CAUSES = ("cardiac", "vascular", "noncardiovascular", "undetermined")
MI_TYPES = ("periprocedural", "spontaneous", "type2", "stent_related", "unknown")
TARGET_RELATIONS = ("target_lesion", "target_vessel", "non_target_vessel", "unknown")
THROMBOSIS_CERTAINTIES = ("definite", "probable", "possible", "unknown")
BLEEDING_BARC = (*BARC_GRADES, "unknown")
ADJUDICATIONS = ("site", "committee", "linkage")
