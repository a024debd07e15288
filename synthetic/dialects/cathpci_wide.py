"""One row per visit, lesions and devices in numbered columns: read by the mapping `cathpci_wide`."""

from __future__ import annotations

import polars as pl

from synthetic.dialects.pieces import Sheet, Tables, date_text, deaths, number, side_by_side, words, yes_no

_BRANDS = {
    "rotational_atherectomy": "Rotablator burr",
    "orbital_atherectomy": "Diamondback 360",
    "intravascular_lithotripsy": "Shockwave Intravascular Lithotripsy (IVL) System",
    "elca": "Laser catheter",
    "cutting_balloon": "Wolverine Cutting Balloon",
    "scoring_balloon": "AngioSculpt",
    "nc_balloon": "NC Emerge RX",
    "super_high_pressure_balloon": "OPN NC",
    "sc_balloon": "Trek",
    "stent": "Xience Sierra DES",
}
_INDICATIONS = {
    "stemi": "STEMI - Immediate PCI",
    "nstemi": "NSTE - ACS",
    "acs_unspecified": "NSTE - ACS",
    "stable_angina": "Stable angina",
    "unstable_angina": "New Onset Angina <= 2 months",
    "silent_ischaemia": "CAD (without ischemic symptoms)",
    "other": "Other",
}
_KINDS = {
    "DissectionSeg": "dissection",
    "PerfSeg": "perforation",
    "K_CardiacTamponade": "tamponade",
    "K_MyocardialInfarction": "periprocedural_mi",
    "K_NewDialysis": "new_dialysis",
    "K_BleedingAccessSite": "access_site_bleeding",
}
_CAUSES = {"cardiac": "Sudden cardiac death", "vascular": "Stroke", "noncardiovascular": "Malignancy"}
_VITAL = {"alive": "Alive", "dead": "Deceased", "lost": "Lost to follow-up"}
_MOMENT = "%m/%d/%Y 09:00"
_LESIONS, _DEVICES, _CONTACTS = 8, 30, 2


def write_sheet(tables: Tables) -> Sheet:
    """Return the export of one site."""
    visits = _visits(tables)
    for part in (_lesions(tables), _devices(tables)):
        visits = visits.join(part, on="procedure_id", how="left", maintain_order="left")
    visits = visits.with_columns(_complications(tables))
    # What is known of a patient later stands on the last visit, once.
    visits = visits.with_columns(
        pl.when(pl.col("day") == pl.col("day").max().over("patient_id"))
        .then(pl.col("patient_id"))
        .alias("closing")
    )
    for part in (_contacts(tables), _deaths(tables)):
        later = part.rename({"patient_id": "closing"})
        visits = visits.join(later, on="closing", how="left", maintain_order="left")
    return Sheet(visits.drop("procedure_id", "patient_id", "told", "day", "closing"))


def _visits(tables: Tables) -> pl.DataFrame:
    """Lay out what stands once per visit."""
    people = tables["patients"].select("patient_id", "sex", "research_use_allowed")
    rows = tables["procedures"].join(people, on="patient_id", how="left", maintain_order="left")
    return rows.select(
        "procedure_id",
        "patient_id",
        pl.col("procedure_date").alias("day"),
        (pl.col("complications_recorded").cast(pl.String) == "all").alias("told"),
        pl.col("patient_id").alias("NCDRPatientID"),
        pl.lit("EXAMPLE").alias("LastName"),
        words("sex", {"male": "Male", "female": "Female"}).alias("Sex"),
        yes_no("research_use_allowed", yes="No", no="Yes").alias("PtRestriction"),
        number("age_years").alias("AgeAtProcedure"),
        date_text("procedure_date", _MOMENT).alias("ProcedureStartDateTime"),
        date_text("discharge_date", "%m/%d/%Y 11:00").alias("DCDateTime"),
        words("discharge_status", _VITAL).alias("DCStatus"),
        words("presentation", _INDICATIONS).alias("PCIIndication"),
        words(
            "urgency",
            {"elective": "Elective", "urgent": "Urgent", "emergency": "Emergency", "salvage": "Salvage"},
        ).alias("PCIStatus"),
        words(
            "diabetes", dict.fromkeys(("non_insulin", "insulin", "yes_unspecified"), "Yes") | {"no": "No"}
        ).alias("Diabetes"),
        yes_no("dialysis").alias("CurrentDialysis"),
        yes_no("prior_mi").alias("PriorMI"),
        number("lvef_pct").alias("LVEF"),
        number("creatinine_umol_l", 1 / 88.42, 2).alias("PreProcCreat"),
        number("hemoglobin_g_l", 0.1, 1).alias("PreProcHgb"),
        number("contrast_ml").alias("ContrastVol"),
    )


def _lesions(tables: Tables) -> pl.DataFrame:
    """Lay lesions side by side."""
    grade = pl.col("calcification_angio").cast(pl.String)
    columns = {
        "LesionCounter": pl.col("lesion_number").cast(pl.String),
        "SegmentID": pl.concat_str("segment_code", pl.lit(" - "), pl.col("vessel").cast(pl.String)),
        "StenosisPriorTreat": number("stenosis_pre_pct"),
        "ChronicOcclusion": yes_no("cto"),
        "SevereCalcification": pl.when(grade == "severe")
        .then(pl.lit("Yes"))
        .when(grade != "unknown")
        .then(pl.lit("No")),
        "LesionComplexity": words(
            "lesion_class", {"C": "High/C"} | dict.fromkeys(("A", "B1", "B2", "B", "non_C"), "Non-High/Non-C")
        ),
        "LesionLength": number("lesion_length_mm"),
        "BifurcationLesion": yes_no("bifurcation"),
        "GuidewireLesion": pl.when(pl.col("crossability").cast(pl.String) == "wire_failure")
        .then(pl.lit("No"))
        .otherwise(pl.lit("Yes")),
        "StenosisPostProc": number("residual_stenosis_pct"),
        "PostProcTIMI": pl.concat_str(pl.lit("TIMI-"), pl.col("timi_post").cast(pl.String)),
    }
    return side_by_side(tables["lesions"], "procedure_id", columns, limit=_LESIONS)


def _devices(tables: Tables) -> pl.DataFrame:
    """Lay devices side by side, in order of lesion and use."""
    lesions = tables["lesions"].select("lesion_id", "procedure_id", "lesion_number")
    rows = tables["device_uses"].join(lesions, on="lesion_id", how="left", maintain_order="left")
    known = rows.filter(pl.col("device_class").cast(pl.String).is_in(list(_BRANDS)))
    columns = {
        "ICDevID": words("device_class", _BRANDS),
        "ICDevCounterAssn": pl.col("lesion_number").cast(pl.String),
        "DeviceDiameter": number("diameter_mm"),
    }
    return side_by_side(known, "procedure_id", columns, limit=_DEVICES)


def _complications(tables: Tables) -> list[pl.Expr]:
    """Say yes or no of every kind where the site records all; elsewhere nothing."""
    rows = tables["complications"].with_columns(pl.col("complication_type").cast(pl.String))
    cells = []
    for header, kind in _KINDS.items():
        hit = rows.filter(pl.col("complication_type") == kind)["procedure_id"].implode()
        said = pl.when(pl.col("procedure_id").is_in(hit)).then(pl.lit("Yes"))
        cells.append(said.when(pl.col("told")).then(pl.lit("No")).alias(header))
    return cells


def _contacts(tables: Tables) -> pl.DataFrame:
    """Lay the last contacts side by side; the form means contacts that asked about events."""
    rows = tables["follow_up"].filter(pl.col("nonfatal_events_assessed"))
    rows = rows.sort("contact_date", maintain_order=True)
    last = rows.group_by("patient_id", maintain_order=True).tail(_CONTACTS)
    columns = {
        "FU_AssessmentDate": date_text("contact_date", "%m/%d/%Y"),
        "FU_Status": words("vital_status", _VITAL),
    }
    return side_by_side(last, "patient_id", columns, limit=_CONTACTS)


def _deaths(tables: Tables) -> pl.DataFrame:
    """Return the death of each patient who died."""
    return deaths(tables).select(
        "patient_id",
        date_text("event_date", "%m/%d/%Y").alias("FU_DeathDate01"),
        words("death_cause", _CAUSES).alias("FU_DeathCause01"),
    )
