"""One row per procedure, all quoted, day first, zero dates, ``code. label``: read by the mapping `bcis`."""

from __future__ import annotations

import polars as pl

from synthetic.dialects.pieces import Sheet, Tables, date_text, joined, number, words

_YES_NO = {True: "1. Yes", False: "0. No"}
_DEVICES = {
    "sc_balloon": None,
    "nc_balloon": "1. Non-compliant balloon",
    "rotational_atherectomy": "2. Rotational atherectomy",
    "orbital_atherectomy": "3. Orbital atherectomy",
    "intravascular_lithotripsy": "4. Intravascular lithotripsy",
    "elca": "5. Laser atherectomy",
    "cutting_balloon": "6. Cutting balloon",
    "scoring_balloon": "7. Scoring balloon",
    "super_high_pressure_balloon": "8. Very high pressure balloon",
    "drug_coated_balloon": "9. Drug coated balloon",
    "stent": "10. Stent",
}
_KINDS = {
    "dissection": "1. Coronary dissection",
    "perforation": "2. Coronary perforation",
    "tamponade": "3. Tamponade",
    "slow_flow_no_reflow": "4. No or slow flow",
    "side_branch_loss": "5. Side branch occlusion",
    "abrupt_closure": "6. Abrupt closure",
    "device_entrapment": "7. Device entrapment",
    "ventricular_arrhythmia": "8. Ventricular arrhythmia",
    "emergency_cabg": "9. Emergency CABG",
}
_OTHER = "98. Other"
_NO_DATE = "0000-00-00"


def write_sheet(tables: Tables) -> Sheet:
    """Return the export of one site."""
    people = tables["patients"].select("patient_id", "sex")
    rows = tables["procedures"].join(people, on="patient_id", how="left", maintain_order="left")
    for name, part in {
        "lesions": _lesions(tables),
        "devices": _devices(tables),
        "complications": _complications(tables),
    }.items():
        rows = rows.join(part, on="procedure_id", how="left", maintain_order="left", suffix=f"_{name}")
    return Sheet(rows.select(_cells()), line_terminator="\r\n", quotes="always")


def _flag(column: str) -> pl.Expr:
    """Return a flag as code and label."""
    return pl.col(column).replace_strict(_YES_NO, default="99. Unknown", return_dtype=pl.String)


def _cells() -> list[pl.Expr]:
    """Return the columns of the export."""
    told = pl.col("complications_recorded").cast(pl.String) == "all"
    return [
        pl.col("site_id").alias("HOSPITAL"),
        pl.col("patient_id").alias("CASE_NUMBER"),
        pl.lit("EXAMPLE").alias("PATIENT_NAME"),
        words("sex", {"male": "1. Male", "female": "2. Female"}, other="9. Unknown").alias("GENDER"),
        number("age_years").alias("AGE_AT_OPERATION"),
        date_text("procedure_date", "%d/%m/%Y 09:00").alias("DATETIME_OF_OPERATION"),
        date_text("discharge_date", "%d/%m/%Y", nothing=_NO_DATE).alias("DATE_OF_DISCHARGE"),
        words("discharge_status", {"alive": "0. Alive", "dead": "1. Dead"}, other="9. Unknown").alias(
            "STATUS_AT_DISCHARGE"
        ),
        words(
            "presentation",
            {
                "stable_angina": "1. Stable angina",
                "nstemi": "2. NSTEMI",
                "stemi": "3. STEMI",
                "unstable_angina": "4. ACS, unspecified",
                "acs_unspecified": "4. ACS, unspecified",
                "silent_ischaemia": "8. Other",
                "other": "8. Other",
            },
            other="9. Unknown",
        ).alias("CLINICAL_SYNDROME_PCI"),
        words(
            "urgency",
            {
                "elective": "1. Elective",
                "urgent": "2. Urgent",
                "emergency": "3. Emergency",
                "salvage": "4. Salvage",
            },
            other="9. Unknown",
        ).alias("PROCEDURE_URGENCY"),
        _flag("cardiogenic_shock").alias("CARDIOGENIC_SHOCK_PREPROC"),
        words(
            "diabetes",
            {"no": "0. Not diabetic", "non_insulin": "2. Oral medication", "insulin": "3. Insulin"},
            other="9. Unknown",
        ).alias("DIABETES"),
        _flag("prior_mi").alias("PREVIOUS_MI"),
        _flag("prior_pci").alias("PREVIOUS_PCI"),
        _flag("prior_cabg").alias("PREVIOUS_CABG"),
        number("lvef_pct").fill_null("Not measured").alias("LV_EJECTION_FRACTION"),
        number("creatinine_umol_l").fill_null("0").alias("CREATININE"),
        pl.col("n_lesions").cast(pl.String).alias("NUMBER_OF_LESIONS_ATTEMPTED"),
        pl.col("vessel_text").alias("VESSEL_ATTEMPTED"),
        pl.col("devices_text").fill_null("0. None").alias("PROCEDURAL_DEVICES"),
        pl.when(told)
        .then(pl.col("complications_text").fill_null("0. None"))
        .otherwise(pl.lit("Not assessed"))
        .alias("COMPLICATIONS"),
    ]


def _lesions(tables: Tables) -> pl.DataFrame:
    """Return how many lesions were attempted, and the vessel of the first."""
    vessels = {"LM": "1. Left main", "LAD": "2. LAD", "LCX": "3. LCX", "RCA": "4. RCA"}
    return (
        tables["lesions"]
        .group_by("procedure_id", maintain_order=True)
        .agg(
            pl.len().alias("n_lesions"),
            words("vessel", vessels, other="9. Unknown").first().alias("vessel_text"),
        )
    )


def _devices(tables: Tables) -> pl.DataFrame:
    """Return the devices of a procedure in one cell, each kind once."""
    lesions = tables["lesions"].select("lesion_id", "procedure_id")
    rows = tables["device_uses"].join(lesions, on="lesion_id", how="left", maintain_order="left")
    spelled = rows.select("procedure_id", words("device_class", _named(_DEVICES)).alias("word")).unique(
        maintain_order=True
    )
    return joined(spelled, "procedure_id", pl.col("word"), "; ").rename({"cell": "devices_text"})


def _named(spelled: dict[str, str | None]) -> dict[str, str]:
    """Leave out what the form has no answer for."""
    return {code: word for code, word in spelled.items() if word is not None}


def _complications(tables: Tables) -> pl.DataFrame:
    """Return the complications of a procedure in one cell, each kind once."""
    rows = tables["complications"].select(
        "procedure_id", words("complication_type", _KINDS, other=_OTHER).alias("word")
    )
    found = joined(rows.unique(maintain_order=True), "procedure_id", pl.col("word"), "; ")
    return found.rename({"cell": "complications_text"})
