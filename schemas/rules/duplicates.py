"""Rules about the same thing sent twice under two keys."""

from __future__ import annotations

import polars as pl

from schemas.rules.frames import Frames, by_patient, failing, none_failing, repeated_visits
from schemas.rules.rule import CrossCheck, Rule

RULES = (
    Rule(
        id="D01",
        level="ROW",
        sentence="The procedure repeats an earlier one: same patient, same day, same lesions.",
        remedy="Keep one of the two records.",
        kahn="D",
        tables=("procedures", "lesions"),
    ),
    Rule(
        id="D02",
        level="WARN",
        sentence="The patient has two procedures on one day.",
        remedy="Confirm that there were two visits to the laboratory.",
        kahn="D",
        tables=("procedures",),
    ),
    Rule(
        id="D03",
        level="WARN",
        sentence="The stay overlaps another stay of the same patient.",
        remedy="Correct the discharge of the earlier stay.",
        kahn="D",
        tables=("procedures",),
    ),
    Rule(
        id="D05",
        level="WARN",
        sentence="The same segment comes twice in one procedure.",
        remedy="Confirm that there were two lesions, or remove one.",
        kahn="D",
        tables=("lesions",),
    ),
    Rule(
        id="D06",
        level="WARN",
        sentence="Two events of one kind within seven days of each other.",
        remedy="Confirm that there were two events, or remove one.",
        kahn="D",
        tables=("events",),
    ),
    Rule(
        id="D07",
        level="ROW",
        sentence="A second contact of the patient on the same day by the same method.",
        remedy="Keep one of the two contacts.",
        kahn="D",
        tables=("follow_up",),
    ),
    Rule(
        id="D08",
        level="WARN",
        sentence="The same device is listed more than four times on one lesion.",
        remedy="Check whether the cell was copied down.",
        kahn="D",
        tables=("device_uses",),
    ),
)

_LESION_FACTS = ("vessel", "segment_code", "calcification_angio", "lesion_length_mm", "stenosis_pre_pct")
_GRAFTS = ("vein_graft", "arterial_graft")


def _is_dated(date: str, day: str) -> pl.Expr:
    """Whether a row has a date or a day."""
    return pl.coalesce(pl.col(date).cast(pl.Int64), pl.col(day)).is_not_null()


def repeated_procedures(frames: Frames) -> pl.Series:
    """Return procedures whose patient, day and lesion descriptions equal those of an earlier row."""
    facts = [pl.col(name).cast(pl.String).fill_null("") for name in _LESION_FACTS]
    described = frames["lesions"].select("procedure_id", pl.concat_str(facts, separator="|").alias("fact"))
    lesions = described.group_by("procedure_id").agg(pl.col("fact").sort().str.join("; ").alias("set"))
    if lesions.is_empty():
        return none_failing()
    # Without lesions two visits of one day cannot be told apart, so they are not called one.
    names = ("procedure_id", "procedure_date", "procedure_day")
    frame = frames.exactly_dated("procedures", *names).join(lesions, on="procedure_id", how="inner")
    frame = frame.filter(_is_dated("procedure_date", "procedure_day")).sort("at")
    return failing(
        frame, ~pl.struct("patient_id", "procedure_date", "procedure_day", "set").is_first_distinct()
    )


def procedures_of_one_day(frames: Frames) -> pl.Series:
    """Return procedures after the first of a patient and day."""
    exact = frames.exactly_dated("procedures", "procedure_date")["at"].implode()
    frame = repeated_visits(frames).filter(pl.col("at").is_in(exact)).drop_nulls("day").sort("at")
    return failing(frame, ~pl.struct("patient", "procedure_date", "procedure_day").is_first_distinct())


def overlapping_stays(frames: Frames) -> pl.Series:
    """Return procedures whose stay ends after the next stay of the patient begins."""
    found = []
    for start, end in (("procedure_date", "discharge_date"), ("procedure_day", "discharge_day")):
        dated = repeated_visits(frames).drop_nulls(start)
        visits, _, is_followed = by_patient(dated, start)
        following = pl.col(start).shift(-1)
        # Several visits of one stay share its discharge; that is no overlap.
        is_same_stay = pl.col(end) == pl.col(end).shift(-1)
        found.append(failing(visits, is_followed & (pl.col(end) > following) & ~is_same_stay))
    return pl.concat(found)


def repeated_segments(frames: Frames) -> pl.Series:
    """Return lesions after the first in a segment of a procedure, grafts aside."""
    frame = (
        frames["lesions"]
        .filter(pl.col("segment_code").is_not_null() & ~pl.col("vessel").is_in(_GRAFTS))
        .sort("at")
    )
    return failing(frame, ~pl.struct("procedure_id", "segment_code").is_first_distinct())


def crowded_events(frames: Frames) -> pl.Series:
    """Return events that follow one of the same kind within seven days, deaths aside."""
    found = []
    for when in ("event_date", "event_day"):
        frame = frames.exactly_dated("events").filter(
            (pl.col("event_type") != "death") & pl.col(when).is_not_null()
        )
        frame = frame.sort("patient_id", "event_type", when, "at").with_columns(pl.col(when).cast(pl.Int64))
        gap = pl.col(when).diff().over("patient_id", "event_type")
        found.append(failing(frame, gap <= 7))
    return pl.concat(found)


def repeated_contacts(frames: Frames) -> pl.Series:
    """Return contacts after the first of a patient, day and method."""
    frame = frames.exactly_dated("follow_up").filter(_is_dated("contact_date", "contact_day")).sort("at")
    facts = pl.struct("patient_id", "contact_date", "contact_day", "contact_method")
    return failing(frame, ~facts.is_first_distinct())


def copied_devices(frames: Frames) -> pl.Series:
    """Return devices after the fourth of the same class, model and size on a lesion.

    Without a model only those under one number in the sequence: balloons of one size are common.
    """
    facts = ["lesion_id", "device_class", "device_model", "diameter_mm", "role"]
    nth = pl.int_range(pl.len())
    frame = frames["device_uses"].sort("at")
    frame = frame.with_columns(nth=nth.over(facts), nth_there=nth.over(*facts, "sequence_no"))
    is_again = (pl.col("nth") >= 4) & pl.col("device_model").is_not_null()
    return failing(frame, is_again | (pl.col("nth_there") >= 4))


CROSS_CHECKS = (
    CrossCheck(rule_id="D01", table="procedures", column="procedure_id", failing=repeated_procedures),
    CrossCheck(rule_id="D02", table="procedures", column="procedure_date", failing=procedures_of_one_day),
    CrossCheck(rule_id="D03", table="procedures", column="discharge_date", failing=overlapping_stays),
    CrossCheck(rule_id="D05", table="lesions", column="segment_code", failing=repeated_segments),
    CrossCheck(rule_id="D06", table="events", column="event_date", failing=crowded_events),
    CrossCheck(rule_id="D07", table="follow_up", column="contact_date", failing=repeated_contacts),
    CrossCheck(rule_id="D08", table="device_uses", column="device_class", failing=copied_devices),
)
