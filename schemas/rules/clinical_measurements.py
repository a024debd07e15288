"""Rules that recompute a value or hold a verdict against the measurements it rests on."""

from __future__ import annotations

import polars as pl

from schemas.rules.frames import Frames, failing, none_failing, repeated_visits
from schemas.rules.rule import CrossCheck, Rule

RULES = (
    Rule(
        id="T14",
        level="WARN",
        sentence="A death in the laboratory, but the patient left alive or on a later day.",
        remedy="Correct the complication, the discharge status or the day of discharge.",
        kahn="Pt",
        tables=("complications", "procedures"),
    ),
    Rule(
        id="X03",
        level="WARN",
        sentence="The answer not severe of a two-level form stands among grades of a four-level form.",
        remedy="Send the grade itself, or map the whole file as a two-level one.",
        kahn="Pa",
        tables=("lesions",),
    ),
    Rule(
        id="X23",
        level="WARN",
        sentence="The filtration rate is over 20 per cent off the one that creatinine, age and sex give.",
        remedy="Check creatinine, its unit and the rate; the rate is held against CKD-EPI 2021.",
        kahn="Cc",
        tables=("procedures", "patients"),
    ),
    Rule(
        id="X28",
        level="WARN",
        sentence="A major bleeding without transfusion and with a fall of haemoglobin below 30 g/L.",
        remedy="Check the grade of the bleeding, the two haemoglobins and the transfusion.",
        kahn="Pa",
        tables=("complications", "procedures"),
    ),
    Rule(
        id="X34",
        level="WARN",
        sentence="A later procedure on a vessel treated before, without a revascularisation event.",
        remedy="Send the event, or mark the earlier procedure as one with a planned stage.",
        kahn="Pa",
        tables=("procedures", "lesions", "events"),
    ),
)

UMOL_L_PER_MG_DL = 88.42
EGFR_TOLERANCE = 0.2
HAEMOGLOBIN_FALL_G_L = 30
GRADED = ("none", "mild", "moderate", "severe")
MAJOR_BARC = ("3a", "3b", "3c", "4", "5a", "5b")


def ckd_epi_2021(creatinine_umol_l: pl.Expr, age_years: pl.Expr, sex: pl.Expr) -> pl.Expr:
    """Return the glomerular filtration rate by the race-free CKD-EPI equation of 2021 [1]_.

    Parameters
    ----------
    creatinine_umol_l
        Serum creatinine, umol/L.
    age_years
        Age, years.
    sex
        ``female`` or ``male``; null for any other.

    Returns
    -------
    polars.Expr
        mL/min/1.73 m2.

    References
    ----------
    .. [1] Inker et al. (2021), N Engl J Med 385:1737-1749, doi:10.1056/NEJMoa2102953, table 2.
    """
    is_female = sex == "female"
    kappa = pl.when(is_female).then(0.7).when(sex == "male").then(0.9)
    alpha = pl.when(is_female).then(-0.241).otherwise(-0.302)
    factor = pl.when(is_female).then(1.012).otherwise(1.0)
    ratio = creatinine_umol_l / UMOL_L_PER_MG_DL / kappa
    low, high = pl.min_horizontal(ratio, pl.lit(1.0)), pl.max_horizontal(ratio, pl.lit(1.0))
    rate = 142 * low.pow(alpha) * high.pow(-1.2) * pl.lit(0.9938).pow(age_years) * factor
    return pl.when(kappa.is_not_null() & creatinine_umol_l.is_not_null()).then(rate)


def deaths_in_laboratory_survived(frames: Frames) -> pl.Series:
    """Return deaths in the laboratory whose procedure ended alive, or with a discharge on a later day."""
    frame = frames["complications"].filter(pl.col("complication_type") == "death_in_lab")
    stays = frames["procedures"].select(
        "procedure_id",
        "discharge_status",
        is_longer=(pl.col("discharge_date") > pl.col("procedure_date")).fill_null(value=False)
        | (pl.col("discharge_day") > pl.col("procedure_day")).fill_null(value=False),
    )
    frame = frame.join(stays, on="procedure_id", how="inner")
    return failing(frame, (pl.col("discharge_status") == "alive") | pl.col("is_longer"))


def two_level_among_graded(frames: Frames) -> pl.Series:
    """Return lesions called not severe in the files of a site that also grades by four levels."""
    binary = pl.col("calcification_angio") == "not_severe"
    lesions = frames["lesions"]
    if not lesions.select(binary.any()).item():
        return failing(lesions, binary)
    sites = frames["procedures"].select("procedure_id", "site_id")
    frame = lesions.select("at", "procedure_id", "calcification_angio").join(sites, on="procedure_id")
    is_lower = pl.col("calcification_angio").is_in(GRADED[:3])
    return failing(frame, binary & is_lower.any().over("site_id"))


def contradicting_filtration(frames: Frames) -> pl.Series:
    """Return procedures whose reported rate is over a fifth off the computed one."""
    names = ("at", "patient_id", "egfr_ml_min_173m2", "creatinine_umol_l", "age_years")
    frame = frames["procedures"].select(names).drop_nulls()
    frame = frame.join(frames["patients"].select("patient_id", "sex"), on="patient_id", how="inner")
    computed = ckd_epi_2021(pl.col("creatinine_umol_l"), pl.col("age_years"), pl.col("sex"))
    reported = pl.col("egfr_ml_min_173m2")
    return failing(frame, (reported - computed).abs() > EGFR_TOLERANCE * computed)


def bleedings_without_loss(frames: Frames) -> pl.Series:
    """Return major bleedings with a small fall of haemoglobin in procedures without a transfusion."""
    is_major = (pl.col("complication_type") == "major_bleeding") | (
        (pl.col("grade_scale") == "barc") & pl.col("grade").is_in(MAJOR_BARC)
    )
    given = frames["complications"].filter(pl.col("complication_type") == "transfusion")
    fall = pl.col("hemoglobin_g_l") - pl.col("hemoglobin_nadir_g_l")
    falls = frames["procedures"].select("procedure_id", fall=fall).drop_nulls()
    frame = frames["complications"].filter(is_major).join(falls, on="procedure_id", how="inner")
    is_transfused = pl.col("procedure_id").is_in(given["procedure_id"].implode())
    is_transfused |= frames.lost("complications", "procedure_id")
    return failing(frame, (pl.col("fall") < HAEMOGLOBIN_FALL_G_L) & ~is_transfused)


def revascularisations_without_event(frames: Frames) -> pl.Series:
    """Return procedures on a vessel treated on an earlier day, unplanned, without an event on that day.

    A procedure that follows one with a planned stage needs no event. A revascularisation elsewhere has no
    procedure here, so that the reverse is no fault.
    """
    visits = repeated_visits(frames).drop_nulls("day")
    if frames["lesions"].is_empty():
        return none_failing()
    vessels = frames["lesions"].select("procedure_id", "vessel").unique()
    treated = visits.join(vessels, on="procedure_id", how="inner")
    earlier = treated.select(
        "patient_id", "vessel", earlier_day="day", is_planned=pl.col("staged_pci_planned")
    )
    pairs = treated.join(earlier, on=["patient_id", "vessel"], how="inner")
    pairs = pairs.filter((pl.col("earlier_day") < pl.col("day")) & (pl.col("vessel") != "unknown"))
    planned = visits.filter(pl.col("staged_pci_planned"))["patient_id"].implode()
    day = pl.coalesce(pl.col("event_date").cast(pl.Int64), pl.col("event_day"))
    told = frames["events"].filter(pl.col("event_type") == "revasc_pci")
    told = told.select("patient_id", event_day=day).drop_nulls()
    near = pairs.join(told, on="patient_id", how="inner")
    answered = near.filter((pl.col("event_day") - pl.col("day")).abs() <= 1)["at"].implode()
    is_told = pl.col("at").is_in(answered) | pl.col("patient_id").is_in(planned)
    is_told |= frames.lost("events", "patient_id")
    return failing(pairs.unique("at"), ~is_told)


CROSS_CHECKS = (
    CrossCheck(
        rule_id="T14",
        table="complications",
        column="complication_type",
        failing=deaths_in_laboratory_survived,
        needs=("procedures.discharge_status",),
    ),
    CrossCheck(rule_id="X03", table="lesions", column="calcification_angio", failing=two_level_among_graded),
    CrossCheck(
        rule_id="X23",
        table="procedures",
        column="egfr_ml_min_173m2",
        failing=contradicting_filtration,
        needs=("procedures.creatinine_umol_l", "procedures.age_years"),
    ),
    CrossCheck(
        rule_id="X28",
        table="complications",
        column="complication_type",
        failing=bleedings_without_loss,
        needs=("procedures.hemoglobin_g_l", "procedures.hemoglobin_nadir_g_l"),
    ),
    CrossCheck(
        rule_id="X34",
        table="procedures",
        column="procedure_date",
        failing=revascularisations_without_event,
        needs=("lesions.vessel", "events.event_type"),
    ),
)
