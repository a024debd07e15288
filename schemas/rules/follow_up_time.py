"""Rules about contacts, repeated procedures and devices in time."""

from __future__ import annotations

from datetime import date

import polars as pl

from schemas.rules.frames import Frames, by_patient, failing, first_procedures, none_failing, repeated_visits
from schemas.rules.rule import CrossCheck

WINDOWS = {
    "d30": (23, 60),
    "m6": (150, 240),
    "m12": (300, 425),
    "m24": (670, 790),
    "m36": (1035, 1155),
    "m60": (1765, 1885),
}
"""Days after a procedure in which a contact falls: NCDR windows to a year, later 60 days either side."""

LITHOTRIPSY_SINCE = date(2017, 1, 1)
MODIFICATION_CLASSES = (
    "rotational_atherectomy",
    "orbital_atherectomy",
    "intravascular_lithotripsy",
    "elca",
    "cutting_balloon",
    "scoring_balloon",
    "super_high_pressure_balloon",
)


def contacts_before_procedure(frames: Frames) -> pl.Series:
    """Return contacts before the first procedure of a patient whom the store does not know."""
    frame = frames.with_site("follow_up").join(first_procedures(frames), on="patient_id", how="inner")
    frame = frame.filter(~pl.col("patient_id").is_in(frames.known("patients").implode()))
    unit = pl.when(pl.col("date_policy") == "month_only").then(pl.lit("1mo")).otherwise(pl.lit("1d"))
    by_date = pl.col("contact_date").dt.truncate(unit) < pl.col("first_date").dt.truncate(unit)
    by_day = pl.col("contact_day") < pl.col("first_day")
    return failing(frame, by_date.fill_null(value=False) | by_day.fill_null(value=False))


def contacts_outside_window(frames: Frames) -> pl.Series:
    """Return planned contacts in whose window no procedure of the patient lies, a rejected one included."""
    low = pl.col("planned_window").replace_strict(
        {name: bounds[0] for name, bounds in WINDOWS.items()}, default=None
    )
    high = pl.col("planned_window").replace_strict(
        {name: bounds[1] for name, bounds in WINDOWS.items()}, default=None
    )
    procedures = frames["procedures"].select("patient_id", "procedure_date", "procedure_day")
    pairs = frames["follow_up"].filter(~frames.lost("procedures", "patient_id"))
    pairs = pairs.join(procedures, on="patient_id", how="inner")
    by_date = (pl.col("contact_date") - pl.col("procedure_date")).dt.total_days()
    days = pl.coalesce(by_date, pl.col("contact_day") - pl.col("procedure_day"))
    fits = pairs.group_by("at").agg(days.is_between(low, high).any(ignore_nulls=False).alias("fits"))
    return failing(fits, ~pl.col("fits"))


def revived_contacts(frames: Frames) -> pl.Series:
    """Return contacts that say alive later than a contact of the patient that said dead."""
    dead = frames["follow_up"].filter(pl.col("vital_status") == "dead")
    dead = dead.group_by("patient_id").agg(
        pl.col("contact_date").min().alias("dead_date"), pl.col("contact_day").min().alias("dead_day")
    )
    frame = (
        frames["follow_up"].filter(pl.col("vital_status") == "alive").join(dead, on="patient_id", how="inner")
    )
    is_later = (pl.col("contact_date") > pl.col("dead_date")).fill_null(value=False)
    return failing(frame, is_later | (pl.col("contact_day") > pl.col("dead_day")).fill_null(value=False))


def linkages_off_cutoff(frames: Frames) -> pl.Series:
    """Return linkage contacts of living patients of linkage sites whose date is not the cut-off."""
    frame = frames.with_site("follow_up").filter(
        (pl.col("followup_source") == "linkage")
        & (pl.col("contact_method") == "linkage")
        & (pl.col("vital_status") == "alive")
    )
    by_date = (pl.col("contact_date") != pl.col("data_cutoff_date")).fill_null(value=False)
    return failing(frame, by_date & (pl.col("date_policy") == "actual"))


def contradicting_ages(frames: Frames) -> pl.Series:
    """Return procedures whose age is over a year off the patient's previous one and the elapsed time."""
    visits, is_second, _ = by_patient(repeated_visits(frames).drop_nulls("day"), "day")
    years = pl.col("day").diff() / 365.25
    return failing(visits, is_second & ((pl.col("age_years").diff() - years).abs() > 1))


def forgotten_pci(frames: Frames) -> pl.Series:
    """Return procedures without prior PCI although an earlier day holds one of the same patient."""
    visits, is_second, _ = by_patient(repeated_visits(frames).drop_nulls("day"), "day")
    first = pl.when(~is_second).then("day").forward_fill()
    return failing(visits, (pl.col("day") > first) & ~pl.col("prior_pci"))


def devices_before_their_time(frames: Frames) -> pl.Series:
    """Return lithotripsy before 2017."""
    lesions = frames["lesions"].select("lesion_id", "procedure_id")
    if frames["device_uses"].is_empty():
        return none_failing()
    dated = frames.truly_dated("procedures", "procedure_id", "procedure_date")
    dated = dated.select("procedure_id", "procedure_date")
    frame = frames["device_uses"].join(lesions, on="lesion_id", how="inner")
    frame = frame.join(dated, on="procedure_id", how="inner")
    is_lithotripsy = pl.col("device_class") == "intravascular_lithotripsy"
    return failing(frame, is_lithotripsy & (pl.col("procedure_date") < LITHOTRIPSY_SINCE))


def runs_after_no_modification(frames: Frames) -> pl.Series:
    """Return runs after modification on lesions without a device that modifies."""
    is_modifier = pl.col("device_class").is_in(MODIFICATION_CLASSES) | pl.col("role").is_in(
        ["modification", "rescue_modification"]
    )
    modified = frames["device_uses"].filter(is_modifier)["lesion_id"].implode()
    frame = frames["imaging"]
    is_modified = pl.col("lesion_id").is_in(modified) | frames.lost("device_uses", "lesion_id")
    return failing(frame, (pl.col("stage") == "after_modification") & ~is_modified)


CROSS_CHECKS = (
    CrossCheck(rule_id="T08", table="follow_up", column="contact_date", failing=contacts_before_procedure),
    CrossCheck(rule_id="T09", table="follow_up", column="planned_window", failing=contacts_outside_window),
    CrossCheck(rule_id="T10", table="follow_up", column="vital_status", failing=revived_contacts),
    CrossCheck(rule_id="T11", table="procedures", column="age_years", failing=contradicting_ages),
    CrossCheck(rule_id="T12", table="procedures", column="prior_pci", failing=forgotten_pci),
    CrossCheck(rule_id="T13", table="device_uses", column="device_class", failing=devices_before_their_time),
    CrossCheck(rule_id="T15", table="imaging", column="stage", failing=runs_after_no_modification),
    CrossCheck(rule_id="T16", table="follow_up", column="contact_date", failing=linkages_off_cutoff),
)
