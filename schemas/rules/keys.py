"""Rules about keys and references. K01 and K02 are checked by `schemas.references`, the rest here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.frames import Frames, failing, none_failing
from schemas.rules.rule import CrossCheck, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = (
    Rule(
        id="K01",
        level="ROW",
        sentence="The key of the row was used before; the earlier row was kept.",
        remedy="Remove the second row, or give it a key of its own.",
        kahn="Cr",
        tables=("all",),
    ),
    Rule(
        id="K02",
        level="ROW",
        sentence="The row refers to a record that does not exist.",
        remedy="Send the record it refers to, or correct the reference.",
        kahn="Cr",
        tables=("all",),
    ),
    Rule(
        id="K03",
        level="WARN",
        sentence="Sex or site of the patient differs from an earlier submission.",
        remedy="Check which one is right, and whether the two are one person.",
        kahn="Cr",
        tables=("patients",),
    ),
    Rule(
        id="K04",
        level="WARN",
        sentence="The procedure has no lesion; lesion analyses leave it out.",
        remedy="Send at least one lesion with the procedure.",
        kahn="Cr",
        tables=("procedures",),
    ),
    Rule(
        id="K05",
        level="INFO",
        sentence="The lesions of the procedure are not numbered 1, 2, 3 without a gap.",
        remedy="Check that no lesion is missing.",
        kahn="Cr",
        tables=("lesions",),
    ),
    Rule(
        id="K06",
        level="WARN",
        sentence="The lesion has no device although a wire crossed it.",
        remedy="Send the devices used, or record a wire failure.",
        kahn="Cr",
        tables=("lesions",),
    ),
    Rule(
        id="K07",
        level="NULL",
        sentence="The lesion of the complication belongs to another procedure.",
        remedy="Correct the lesion, or leave it empty.",
        kahn="Cr",
        tables=("complications",),
    ),
    Rule(
        id="K08",
        level="WARN",
        sentence="The device held responsible was not used in that procedure.",
        remedy="Correct the device class, or send the missing device.",
        kahn="Cr",
        tables=("complications",),
    ),
    Rule(
        id="K09",
        level="ROW",
        sentence="A second reading of the same lesion, modality and stage.",
        remedy="Keep one reading, or correct the stage.",
        kahn="D",
        tables=("imaging",),
    ),
    Rule(
        id="K10",
        level="ROW",
        sentence="A second death of the same patient; the most exactly dated, then the first, was kept.",
        remedy="Keep one death event.",
        kahn="Cr",
        tables=("events",),
    ),
    Rule(
        id="K11",
        level="NULL",
        sentence="The procedure of the event belongs to another patient or is later than the event.",
        remedy="Correct the procedure, or leave it empty; the analysis finds the index procedure itself.",
        kahn="Cr",
        tables=("events",),
    ),
    Rule(
        id="K12",
        level="WARN",
        sentence="The patient has no procedure.",
        remedy="Send the procedure, or leave the patient out.",
        kahn="Cr",
        tables=("patients",),
    ),
    Rule(
        id="K13",
        level="WARN",
        sentence="A record that was sent before is missing from the new file.",
        remedy="Confirm that it is to be deleted.",
        kahn="Cr",
        tables=("file",),
    ),
    Rule(
        id="K14",
        level="INFO",
        sentence="Rows or links were left out because the record they belong to was rejected.",
        remedy="Correct that record; these rows need no change.",
        kahn="Cr",
        tables=("all",),
    ),
)

MISSED_TABLES = {"K04": "lesions"}
"""Rules that every row breaks where a table has no row at all: said once for a file, with the row count."""

_PRECISION_RANK = {"day": 0, "month": 1, "year": 2, "on_or_before": 3}


def procedures_without_lesion(frames: Frames) -> pl.Series:
    """Return procedures that no lesion refers to."""
    frame = frames["procedures"]
    lesions = frames.sent("lesions")["procedure_id"].implode()
    return failing(frame, ~pl.col("procedure_id").is_in(lesions))


def lesions_numbered_with_gap(frames: Frames) -> pl.Series:
    """Return lesions of procedures whose largest lesion number is not their count."""
    fails = pl.col("lesion_number").max().over("procedure_id") != pl.len().over("procedure_id")
    frame = frames["lesions"].with_columns(fails.alias("fails"))
    return failing(frame, pl.col("fails") & ~frames.lost("lesions", "procedure_id"))


def lesions_without_device(frames: Frames) -> pl.Series:
    """Return lesions without a device that are not wire failures."""
    used = frames.sent("device_uses")["lesion_id"].implode()
    wire_failed = (pl.col("crossability") == "wire_failure").fill_null(value=False)
    return failing(frames["lesions"], ~pl.col("lesion_id").is_in(used) & ~wire_failed)


def complications_of_foreign_lesion(frames: Frames) -> pl.Series:
    """Return complications whose lesion stands under another procedure."""
    owner = frames["lesions"].select("lesion_id", owner_id="procedure_id")
    frame = frames["complications"].join(owner, on="lesion_id", how="inner")
    return failing(frame, pl.col("owner_id") != pl.col("procedure_id"))


def complications_of_unused_device(frames: Frames) -> pl.Series:
    """Return complications attributed to a device class that their procedure did not use."""
    lesions = frames["lesions"].select("lesion_id", "procedure_id")
    used = frames["device_uses"].join(lesions, on="lesion_id", how="inner")
    used = used.select("procedure_id", attributed_device_class="device_class").unique()
    frame = frames["complications"].filter(pl.col("attributed_device_class").is_not_null())
    frame = frame.filter(pl.col("procedure_id").is_in(lesions["procedure_id"].implode()))
    unclear = lesions.filter(frames.lost("device_uses", "lesion_id"))["procedure_id"].implode()
    is_unclear = pl.col("procedure_id").is_in(unclear) | frames.lost("lesions", "procedure_id")
    frame = frame.filter(~is_unclear)
    return frame.join(used, on=["procedure_id", "attributed_device_class"], how="anti")["at"].sort()


def repeated_readings(frames: Frames) -> pl.Series:
    """Return every reading after the first of a lesion, modality and stage."""
    repeated = ~pl.struct("lesion_id", "modality", "stage").is_first_distinct()
    return failing(frames["imaging"].sort("at"), repeated)


def repeated_deaths(frames: Frames) -> pl.Series:
    """Return every death of a patient but the most exactly dated, earliest sent one."""
    rank = pl.col("event_date_precision").replace_strict(_PRECISION_RANK, default=9)
    frame = frames["events"].filter(pl.col("event_type") == "death")
    frame = frame.with_columns(rank.alias("rank")).sort("rank", "at")
    return failing(frame, ~pl.col("patient_id").is_first_distinct())


def events_of_foreign_procedure(frames: Frames) -> pl.Series:
    """Return events tied to a procedure of another patient, or to one after the event."""
    owner = frames["procedures"].select(
        "procedure_id", "procedure_date", "procedure_day", owner_id="patient_id"
    )
    frame = frames.with_site("events").join(owner, on="procedure_id", how="inner")
    is_exact = pl.col("event_date_precision").is_in(["day", "on_or_before"])
    is_exact &= (pl.col("date_policy") != "month_only").fill_null(value=True)
    is_later = (pl.col("procedure_date") > pl.col("event_date")).fill_null(value=False)
    is_later_day = (pl.col("procedure_day") > pl.col("event_day")).fill_null(value=False)
    return failing(
        frame, (pl.col("owner_id") != pl.col("patient_id")) | (is_exact & (is_later | is_later_day))
    )


def patients_without_procedure(frames: Frames) -> pl.Series:
    """Return patients without a procedure, unless the store may hold one."""
    if not frames.known("procedures").is_empty():
        return none_failing()
    return failing(
        frames["patients"], ~pl.col("patient_id").is_in(frames.sent("procedures")["patient_id"].implode())
    )


def patients_described_otherwise(frames: Frames) -> pl.Series:
    """Return patients whose sex or site differs from what earlier submissions said."""
    earlier = frames.context.previous_patients
    if earlier is None:
        return none_failing()
    said = earlier.select("patient_id", said_site="site_id", said_sex="sex").unique("patient_id")
    frame = frames["patients"].join(said, on="patient_id", how="inner")
    is_told = pl.col("sex").is_in(["female", "male"]) & pl.col("said_sex").is_in(["female", "male"])
    is_changed = is_told & (pl.col("sex") != pl.col("said_sex"))
    return failing(frame, is_changed | (pl.col("site_id") != pl.col("said_site")))


def vanished_rows(previous: Mapping[str, pl.Series], sent: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the records that an earlier submission held and this one does not (rule K13).

    Parameters
    ----------
    previous
        Primary keys of the earlier submission by table.
    sent
        What came now by table, accepted and rejected rows; the first column is the primary key.

    Returns
    -------
    polars.DataFrame
        ``table`` and ``key``, one row for each record whose deletion needs consent. Keys are pseudonyms:
        for the submission's ledger, never for a finding.
    """
    gone = [pl.DataFrame(schema={"table": pl.String, "key": pl.String})]
    for table, keys in previous.items():
        now = sent[table].to_series(0) if table in sent else pl.Series(dtype=pl.String)
        lost = keys.unique(maintain_order=True).to_frame("key").filter(~pl.col("key").is_in(now.implode()))
        gone.append(lost.select(pl.lit(table).alias("table"), "key"))
    return pl.concat(gone)


CROSS_CHECKS = (
    CrossCheck(rule_id="K03", table="patients", column="sex", failing=patients_described_otherwise),
    CrossCheck(rule_id="K04", table="procedures", column="procedure_id", failing=procedures_without_lesion),
    CrossCheck(rule_id="K05", table="lesions", column="lesion_number", failing=lesions_numbered_with_gap),
    CrossCheck(rule_id="K06", table="lesions", column="lesion_id", failing=lesions_without_device),
    CrossCheck(
        rule_id="K07", table="complications", column="lesion_id", failing=complications_of_foreign_lesion
    ),
    CrossCheck(
        rule_id="K08",
        table="complications",
        column="attributed_device_class",
        failing=complications_of_unused_device,
    ),
    CrossCheck(rule_id="K09", table="imaging", column="stage", failing=repeated_readings),
    CrossCheck(rule_id="K10", table="events", column="event_type", failing=repeated_deaths),
    CrossCheck(rule_id="K11", table="events", column="procedure_id", failing=events_of_foreign_procedure),
    CrossCheck(rule_id="K12", table="patients", column="patient_id", failing=patients_without_procedure),
)
