"""Rules about what can be true together in one procedure, its complications and what followed."""

from __future__ import annotations

import polars as pl

from schemas.rules.clinical_patient_texts import RULES
from schemas.rules.frames import Frames, failing
from schemas.rules.rule import CrossCheck, RowCheck
from schemas.vocabulary import GRADES_BY_SCALE

__all__ = ["CROSS_CHECKS", "ROW_CHECKS", "RULES"]

_EGFR = pl.col("egfr_ml_min_173m2")
_DIALYSED = pl.col("dialysis").fill_null(value=False)
_LOW_CREATININE = (pl.col("creatinine_umol_l") < 150).fill_null(value=False)
_IS_EMERGENT = (pl.col("presentation") == "stemi").fill_null(value=False) | pl.col(
    "cardiogenic_shock"
).fill_null(value=False)
_GRADE_FITS = pl.any_horizontal(
    (pl.col("grade_scale") == scale) & pl.col("grade").is_in(grades)
    for scale, grades in GRADES_BY_SCALE.items()
)

ROW_CHECKS = (
    RowCheck(
        rule_id="X21",
        table="procedures",
        column="dialysis",
        passes=~(_DIALYSED & (_LOW_CREATININE | (_EGFR > 45).fill_null(value=False))),
    ),
    RowCheck(
        rule_id="X22",
        table="procedures",
        column="ckd",
        passes=~((~pl.col("ckd") & (_EGFR < 45)) | (pl.col("ckd") & (_EGFR > 90))),
    ),
    RowCheck(
        rule_id="X24",
        table="procedures",
        column="urgency",
        passes=~((pl.col("urgency") == "elective") & _IS_EMERGENT),
    ),
    RowCheck(
        rule_id="X36",
        table="procedures",
        column="dapt_at_discharge",
        passes=~((pl.col("discharge_status") == "dead") & pl.col("dapt_at_discharge").is_not_null()),
    ),
    RowCheck(
        rule_id="X31",
        table="complications",
        column="grade",
        passes=_GRADE_FITS | pl.col("grade").is_null() | (pl.col("grade_scale") == "other"),
    ),
    RowCheck(
        rule_id="X35",
        table="follow_up",
        column="nonfatal_events_assessed",
        passes=~((pl.col("vital_status") == "lost") & pl.col("nonfatal_events_assessed")),
    ),
)


def _with_procedure(frames: Frames) -> pl.DataFrame:
    """Return complications with the facts of their procedure."""
    facts = frames["procedures"].select(
        "procedure_id",
        "complications_recorded",
        "dialysis",
        "troponin_post_xuln",
        "ckmb_post_xuln",
        "creatinine_umol_l",
        "creatinine_peak_umol_l",
    )
    return frames["complications"].join(facts, on="procedure_id", how="inner")


def occlusions_with_acute_infarction(frames: Frames) -> pl.Series:
    """Return procedures for STEMI all of whose lesions are chronic occlusions."""
    lesions = (
        frames["lesions"]
        .group_by("procedure_id")
        .agg(pl.col("cto").all(ignore_nulls=False).alias("only_cto"))
    )
    frame = frames["procedures"].join(lesions, on="procedure_id", how="inner")
    return failing(frame, (pl.col("presentation") == "stemi") & pl.col("only_cto"))


def unexplained_slow_flow(frames: Frames) -> pl.Series:
    """Return lesions left with TIMI 0 or 1 in fully recorded procedures, unexplained by complications."""
    explaining = ["slow_flow_no_reflow", "dissection", "abrupt_closure", "perforation"]
    explained = frames["complications"].filter(pl.col("complication_type").is_in(explaining))
    recorded = frames["procedures"].filter(pl.col("complications_recorded") == "all")["procedure_id"]
    is_explained = pl.col("procedure_id").is_in(explained["procedure_id"].implode())
    is_open = ~pl.col("crossability").is_in(["wire_failure", "balloon_uncrossable"]).fill_null(value=False)
    frame = frames["lesions"].filter(pl.col("procedure_id").is_in(recorded.implode()))
    is_explained |= frames.lost("complications", "procedure_id")
    return failing(frame, (pl.col("timi_post") <= 1) & is_open & ~is_explained)


def tamponade_without_perforation(frames: Frames) -> pl.Series:
    """Return tamponades of procedures without a perforation."""
    perforated = frames["complications"].filter(pl.col("complication_type") == "perforation")
    is_perforated = pl.col("procedure_id").is_in(perforated["procedure_id"].implode())
    is_perforated |= frames.lost("complications", "procedure_id")
    return failing(frames["complications"], (pl.col("complication_type") == "tamponade") & ~is_perforated)


def infarctions_without_marker(frames: Frames) -> pl.Series:
    """Return periprocedural infarctions whose markers all stayed below their limit."""
    peak = pl.max_horizontal("troponin_post_xuln", "ckmb_post_xuln")
    return failing(_with_procedure(frames), (pl.col("complication_type") == "periprocedural_mi") & (peak < 1))


def kidney_injury_without_rise(frames: Frames) -> pl.Series:
    """Return kidney injuries with a creatinine rise below 26 umol/L, and new dialysis in the dialysed."""
    rise = pl.col("creatinine_peak_umol_l") - pl.col("creatinine_umol_l")
    no_rise = (pl.col("complication_type") == "acute_kidney_injury") & (rise < 26).fill_null(value=False)
    not_new = (pl.col("complication_type") == "new_dialysis") & pl.col("dialysis").fill_null(value=False)
    return failing(_with_procedure(frames), no_rise | not_new)


def unrecorded_complications(frames: Frames) -> pl.Series:
    """Return complications of procedures that claim to record none."""
    return failing(_with_procedure(frames), pl.col("complications_recorded") == "none")


def thrombosis_without_stent(frames: Frames) -> pl.Series:
    """Return stent thromboses tied to the target of patients without a stent in this submission.

    A rejected lesion may have held one, whatever its type.
    """
    procedures = frames.sent("procedures").select("procedure_id", "patient_id")
    owners = frames["lesions"].join(procedures, on="procedure_id")
    stented = owners.filter(~pl.col("stent_type").is_in(["none", "dcb_only"]).fill_null(value=False))
    frame = frames["events"].filter(pl.col("patient_id").is_in(owners["patient_id"].implode()))
    is_target = pl.col("target_relation").is_in(["target_lesion", "target_vessel"]).fill_null(value=False)
    lost = procedures.filter(frames.lost("lesions", "procedure_id"))
    patients = pl.concat([stented["patient_id"], lost["patient_id"]])
    is_stented = pl.col("patient_id").is_in(patients.implode())
    return failing(frame, (pl.col("event_type") == "stent_thrombosis") & is_target & ~is_stented)


def unplanned_stages(frames: Frames) -> pl.Series:
    """Return staged revascularisations of patients none of whose procedures planned a stage."""
    known = (
        frames["procedures"].group_by("patient_id").agg(pl.col("staged_pci_planned").any().alias("planned"))
    )
    frame = frames["events"].join(known, on="patient_id", how="inner")
    is_clear = ~frames.lost("procedures", "patient_id")
    return failing(frame, pl.col("planned_staged") & ~pl.col("planned") & is_clear)


def dead_without_event(frames: Frames) -> pl.Series:
    """Return contacts that say dead for patients without a death event."""
    dead = frames["events"].filter(pl.col("event_type") == "death")["patient_id"].implode()
    frame = frames["follow_up"].filter(~pl.col("patient_id").is_in(frames.known("patients").implode()))
    is_told = pl.col("patient_id").is_in(dead) | frames.lost("events", "patient_id")
    return failing(frame, (pl.col("vital_status") == "dead") & ~is_told)


CROSS_CHECKS = (
    CrossCheck(rule_id="X14", table="lesions", column="timi_post", failing=unexplained_slow_flow),
    CrossCheck(
        rule_id="X25", table="procedures", column="presentation", failing=occlusions_with_acute_infarction
    ),
    CrossCheck(
        rule_id="X26",
        table="complications",
        column="complication_type",
        failing=tamponade_without_perforation,
    ),
    CrossCheck(
        rule_id="X27", table="complications", column="complication_type", failing=infarctions_without_marker
    ),
    CrossCheck(
        rule_id="X29", table="complications", column="complication_type", failing=kidney_injury_without_rise
    ),
    CrossCheck(rule_id="X30", table="complications", column="procedure_id", failing=unrecorded_complications),
    CrossCheck(rule_id="X32", table="events", column="event_type", failing=thrombosis_without_stent),
    CrossCheck(rule_id="X33", table="events", column="planned_staged", failing=unplanned_stages),
    CrossCheck(rule_id="X35", table="follow_up", column="vital_status", failing=dead_without_event),
)
