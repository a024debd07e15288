"""One row per visit to the catheter laboratory in which PCI was attempted."""

from __future__ import annotations

from datetime import date

from schemas import vocabulary
from schemas.fields import code, day, flag, grade, key, link, number, relative_day, table_schema, text, whole

EXPECTED = "expected"

_IDENTITY_AND_TIME = {
    "procedure_id": key("One catheter-laboratory visit in which PCI was attempted."),
    "patient_id": link("Person treated.", references="patients.patient_id"),
    "site_id": link("Site where the procedure was done.", references="sites.site_id"),
    "procedure_date": day(
        "Date on which the procedure began: time zero of its survival analyses.",
        usual_first=date(2005, 1, 1),
        condition="yes unless date_policy is relative",
    ),
    "procedure_day": relative_day("Day on which the procedure began, counted from the patient's time zero."),
    "discharge_date": day(
        "Date on which the index stay ended.", condition="expected unless date_policy is relative"
    ),
    "discharge_day": relative_day("Day on which the index stay ended."),
    "discharge_status": code(
        "Vital status when the index stay ended.", codes=vocabulary.DISCHARGE_STATUSES, required="yes"
    ),
    "operator_id": text("Pseudonym of the first operator.", pattern=r"^[A-Za-z0-9_:.-]{1,64}$"),
}

_PRESENTATION_AND_HISTORY = {
    "age_years": whole(
        "Completed years of age at the procedure.",
        unit="years",
        warn=(18, 100),
        hard=(18, 110),
        required=EXPECTED,
        condition="yes where the site sends ages at all",
    ),
    "presentation": code(
        "Clinical reason for the procedure.", codes=vocabulary.PRESENTATIONS, required="yes"
    ),
    "urgency": code("How soon the procedure had to happen.", codes=vocabulary.URGENCIES, required=EXPECTED),
    "cardiogenic_shock": flag("Shock before the first device.", required=EXPECTED),
    "bmi_kg_m2": number("Body-mass index.", unit="kg/m2", warn=(16, 50), hard=(10, 90)),
    "smoking": code("Smoking status at admission.", codes=vocabulary.SMOKING, required=EXPECTED),
    "diabetes": code("Diabetes and its treatment.", codes=vocabulary.DIABETES, required=EXPECTED),
    "hypertension": flag("Known or treated hypertension.", required=EXPECTED),
    "dyslipidaemia": flag("Known or treated lipid disorder.", required=EXPECTED),
    "heart_failure": flag("Heart failure before the procedure.", required=EXPECTED),
    "atrial_fibrillation": flag("Atrial fibrillation or flutter before the procedure, of any pattern."),
    "prior_mi": flag(
        "Infarction before this admission; the index infarction does not count.", required=EXPECTED
    ),
    "prior_pci": flag("PCI before this procedure.", required=EXPECTED),
    "prior_cabg": flag("Bypass surgery before this procedure.", required=EXPECTED),
    "prior_stroke": flag("Stroke or cerebrovascular disease before this procedure."),
    "pad": flag("Peripheral arterial disease."),
}

_MEASUREMENTS = {
    "lvef_pct": number(
        "Latest left ventricular ejection fraction before the procedure.",
        unit="%",
        warn=(10, 80),
        hard=(1, 99),
        required=EXPECTED,
    ),
    "ckd": flag("Chronic kidney disease as the site records it.", required=EXPECTED),
    "dialysis": flag("On maintenance dialysis before the procedure.", required=EXPECTED),
    "creatinine_umol_l": number(
        "Latest serum creatinine before the procedure.",
        unit="umol/L",
        warn=(30, 442),
        hard=(8.84, 2652),
        required=EXPECTED,
    ),
    "egfr_ml_min_173m2": number(
        "Estimated glomerular filtration rate before the procedure.",
        unit="mL/min/1.73 m2",
        warn=(5, 130),
        hard=(1, 200),
    ),
    "hemoglobin_g_l": number(
        "Latest haemoglobin before the procedure.", unit="g/L", warn=(50, 200), hard=(20, 260)
    ),
    "calcium_mmol_l": number(
        "Total serum calcium, not corrected for albumin.", unit="mmol/L", warn=(1.8, 3.0), hard=(0.5, 5.0)
    ),
    "phosphate_mmol_l": number(
        "Serum inorganic phosphate before the procedure.", unit="mmol/L", warn=(0.5, 2.5), hard=(0.1, 6.0)
    ),
    "hs_crp_mg_l": number(
        "High-sensitivity C-reactive protein before the procedure.", unit="mg/L", warn=(0, 50), hard=(0, 600)
    ),
    "ldl_mmol_l": number(
        "LDL cholesterol before the procedure.", unit="mmol/L", warn=(0.5, 8), hard=(0.05, 25)
    ),
}

_PROCEDURE = {
    "syntax_score": number("Anatomical SYNTAX score.", unit="points", warn=(0, 60), hard=(0, 90)),
    "n_diseased_vessels": grade(
        "Major territories with a significant stenosis, left main not counted.",
        codes=(0, 1, 2, 3),
        unit="vessels",
        required=EXPECTED,
    ),
    "access_site": code("Arterial access.", codes=vocabulary.ACCESS_SITES, required=EXPECTED),
    "mechanical_support": code(
        "Highest level of circulatory support during the procedure.", codes=vocabulary.MECHANICAL_SUPPORT
    ),
    "gp2b3a_inhibitor": flag(
        "A glycoprotein IIb/IIIa inhibitor was given during or just after the procedure."
    ),
    "contrast_ml": number("Contrast volume.", unit="mL", warn=(20, 400), hard=(1, 998)),
    "radiation_air_kerma_mgy": number(
        "Cumulative air kerma at the reference point.", unit="mGy", warn=(0, 5000), hard=(0, 20000)
    ),
}

_AFTERWARDS = {
    "troponin_pre_xuln": number(
        "Last troponin before the procedure, as a multiple of the upper reference limit.",
        unit="x ULN",
        warn=(0, 50),
        hard=(0, 5000),
    ),
    "troponin_post_xuln": number(
        "Peak troponin within 48 hours, as a multiple of the upper reference limit.",
        unit="x ULN",
        warn=(0, 500),
        hard=(0, 50000),
    ),
    "ckmb_post_xuln": number(
        "Peak CK-MB within 48 hours, as a multiple of its upper limit.",
        unit="x ULN",
        warn=(0, 50),
        hard=(0, 500),
    ),
    "hemoglobin_nadir_g_l": number(
        "Lowest haemoglobin after the procedure in the index stay.",
        unit="g/L",
        warn=(40, 200),
        hard=(15, 260),
    ),
    "creatinine_peak_umol_l": number(
        "Highest creatinine within seven days in the index stay.",
        unit="umol/L",
        warn=(30, 600),
        hard=(8.84, 2652),
    ),
    "dapt_at_discharge": flag(
        "Aspirin and a P2Y12 inhibitor prescribed at discharge; empty after a death in hospital."
    ),
    "staged_pci_planned": flag("A further stage was planned when this procedure ended.", required=EXPECTED),
    "complications_recorded": code(
        "Whether presence or absence is stated for every type of complication (all), for some, or for none; "
        "only all lets an absent row mean that nothing happened.",
        codes=vocabulary.COMPLICATIONS_RECORDED,
        required="yes",
    ),
}

PROCEDURES = table_schema(
    "procedures",
    "One row per visit to the catheter laboratory in which PCI was attempted.",
    {**_IDENTITY_AND_TIME, **_PRESENTATION_AND_HISTORY, **_MEASUREMENTS, **_PROCEDURE, **_AFTERWARDS},
)
