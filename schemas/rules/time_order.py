"""Rules about the order of dates, or of day counts where a site sends no dates.

Dates are compared with dates and day counts with day counts, never across. A date of month precision, or from
a site that cuts dates to the month, is compared by its month, a year by its year.
"""

from __future__ import annotations

import polars as pl

from schemas.rules.follow_up_time import CROSS_CHECKS as FOLLOW_UP_CHECKS
from schemas.rules.frames import Frames, deaths, failing, first_procedures, none_failing
from schemas.rules.rule import CrossCheck, RowCheck
from schemas.rules.time_texts import RULES

__all__ = ["CROSS_CHECKS", "ROW_CHECKS", "RULES"]

_DATE_PAIRS = {
    "procedures": ("procedure_date", "procedure_day"),
    "follow_up": ("contact_date", "contact_day"),
    "events": ("event_date", "event_day"),
}
_IS_RELATIVE = (pl.col("date_policy") == "relative").fill_null(value=False)
_SITE_IS_KNOWN = pl.col("date_policy").is_not_null()

ROW_CHECKS = (
    RowCheck(
        rule_id="T02",
        table="procedures",
        column="discharge_date",
        passes=pl.col("discharge_date") >= pl.col("procedure_date"),
    ),
    RowCheck(
        rule_id="T02",
        table="procedures",
        column="discharge_day",
        passes=pl.col("discharge_day") >= pl.col("procedure_day"),
    ),
    RowCheck(
        rule_id="T03",
        table="procedures",
        column="discharge_date",
        passes=(pl.col("discharge_date") - pl.col("procedure_date")).dt.total_days() < 10,
    ),
    RowCheck(
        rule_id="T03",
        table="procedures",
        column="discharge_day",
        passes=pl.col("discharge_day") - pl.col("procedure_day") < 10,
    ),
)


def _time_missing(table: str, *, relative: bool) -> CrossCheck:
    """Demand the date, or under relative dates the day; a site that only the store knows may send either."""
    date, day = _DATE_PAIRS[table]

    def fails(frames: Frames) -> pl.Series:
        frame = frames.with_site(table, date, day)
        if relative:
            return failing(frame, _IS_RELATIVE & pl.col(day).is_null())
        neither = pl.col(date).is_null() & pl.col(day).is_null()
        return failing(frame, ~_IS_RELATIVE & (neither | (_SITE_IS_KNOWN & pl.col(date).is_null())))

    return CrossCheck(rule_id="T00", table=table, column=day if relative else date, failing=fails)


def _time_superfluous(table: str, date: str, day: str) -> tuple[CrossCheck, CrossCheck]:
    """Empty the date of a relative site, which would undo its policy, and the day of any other."""

    def dated(frames: Frames) -> pl.Series:
        return failing(frames.with_site(table, date), _IS_RELATIVE & pl.col(date).is_not_null())

    def counted(frames: Frames) -> pl.Series:
        is_counted = _SITE_IS_KNOWN & ~_IS_RELATIVE & pl.col(day).is_not_null()
        return failing(frames.with_site(table, day), is_counted)

    return (
        CrossCheck(rule_id="T17", table=table, column=date, failing=dated),
        CrossCheck(rule_id="T17", table=table, column=day, failing=counted),
    )


def procedures_in_future(frames: Frames) -> pl.Series:
    """Return procedures dated after the load."""
    frame = frames.truly_dated("procedures", "procedure_date")
    return failing(frame, pl.col("procedure_date") > frames.load_date)


def discharges_in_future(frames: Frames) -> pl.Series:
    """Return procedures whose discharge is dated after the load."""
    frame = frames.truly_dated("procedures", "discharge_date")
    return failing(frame, pl.col("discharge_date") > frames.load_date)


def _cutoff_in_future(*, is_needed: bool) -> CrossCheck:
    """Refuse a cut-off after the load; a site whose follow-up rests on it is rejected, others lose it."""
    needs = pl.col("followup_source").is_in(["linkage", "mixed"])

    def fails(frames: Frames) -> pl.Series:
        sites = frames["sites"].filter(needs if is_needed else ~needs)
        return failing(sites, pl.col("data_cutoff_date") > frames.load_date)

    level = "ROW" if is_needed else "NULL"
    return CrossCheck(rule_id="T01", table="sites", column="data_cutoff_date", failing=fails, level=level)


def contacts_in_future(frames: Frames) -> pl.Series:
    """Return contacts dated after the load."""
    return failing(frames.truly_dated("follow_up"), pl.col("contact_date") > frames.load_date)


def _unit_of_date() -> pl.Expr:
    """Coarsest unit in which an event's date and its site's other dates can be compared."""
    is_monthly = (pl.col("event_date_precision") == "month") | (pl.col("date_policy") == "month_only")
    unit = pl.when(pl.col("event_date_precision") == "year").then(pl.lit("1y"))
    return unit.when(is_monthly.fill_null(value=False)).then(pl.lit("1mo")).otherwise(pl.lit("1d"))


def _is_before(first: str, second: str, first_day: str, second_day: str) -> pl.Expr:
    """Whether one moment precedes another, by dates in the row's unit or by days."""
    unit = _unit_of_date()
    by_date = pl.col(first).dt.truncate(unit) < pl.col(second).dt.truncate(unit)
    by_day = pl.col(first_day) < pl.col(second_day)
    return by_date.fill_null(value=False) | by_day.fill_null(value=False)


def events_before_procedure(frames: Frames) -> pl.Series:
    """Return events before the first procedure of a patient whom the store does not know."""
    frame = frames.with_site("events").join(first_procedures(frames), on="patient_id", how="inner")
    frame = frame.filter(~pl.col("patient_id").is_in(frames.known("patients").implode()))
    return failing(frame, _is_before("event_date", "first_date", "event_day", "first_day"))


def events_after_cutoff(frames: Frames) -> pl.Series:
    """Return events after the cut-off of their site or after the load."""
    frame = frames.with_site("events").with_columns(load_date=pl.lit(frames.load_date))
    is_shifted = (pl.col("date_policy") == "shifted").fill_null(value=False)
    is_late = _is_before("data_cutoff_date", "event_date", "data_cutoff_day", "event_day")
    return failing(frame, ~is_shifted & (is_late | (pl.col("event_date") > pl.col("load_date"))))


def _after_death(frames: Frames, table: str) -> pl.Series:
    """Return rows later than the latest date that the patient's death may have."""
    date, day = _DATE_PAIRS[table]
    frame = frames[table].join(deaths(frames), on="patient_id", how="inner")
    is_later = (pl.col(date) > pl.col("dead_by")).fill_null(value=False)
    return failing(frame, is_later | (pl.col(day) > pl.col("dead_by_day")).fill_null(value=False))


def events_after_death(frames: Frames) -> pl.Series:
    """Return events after the patient's death."""
    return _after_death(frames, "events")


def contacts_after_death(frames: Frames) -> pl.Series:
    """Return contacts that say alive after the patient's death."""
    late = _after_death(frames, "follow_up").implode()
    return failing(frames["follow_up"], pl.col("at").is_in(late) & (pl.col("vital_status") == "alive"))


def procedures_after_death(frames: Frames) -> pl.Series:
    """Return procedures after a death that follows a procedure; an earlier death breaks rule T04 instead."""
    rows = _after_death(frames, "procedures")
    if rows.is_empty():
        return none_failing()
    late = frames["procedures"].select("at", "patient_id").filter(pl.col("at").is_in(rows.implode()))
    paired = late.join(frames["procedures"].select("patient_id", first_at="at"), on="patient_id", how="inner")
    has_earlier = ~pl.col("first_at").is_in(late["at"].implode())
    has_earlier |= pl.col("patient_id").is_in(frames.known("patients").implode())
    return paired.filter(has_earlier)["at"].unique().sort()


def contradicted_discharges(frames: Frames) -> pl.Series:
    """Return procedures discharged dead without a death by then, or alive after one."""
    names = ("at", "patient_id", "discharge_date", "discharge_day", "discharge_status")
    dead = deaths(frames)
    is_asked = (pl.col("discharge_status") == "dead") | pl.col("patient_id").is_in(
        dead["patient_id"].implode()
    )
    frame = frames["procedures"].select(names).filter(is_asked).join(dead, on="patient_id", how="left")
    has_death = pl.col("dead_by").is_not_null() | pl.col("dead_by_day").is_not_null()
    later = (
        pl.col("dead_from") > pl.col("discharge_date"),
        pl.col("dead_from_day") > pl.col("discharge_day"),
    )
    earlier = (pl.col("dead_by") < pl.col("discharge_date"), pl.col("dead_by_day") < pl.col("discharge_day"))
    is_lost = frames.lost("events", "patient_id")
    is_unproven = (~has_death & ~is_lost) | pl.any_horizontal(test.fill_null(value=False) for test in later)
    is_refuted = pl.any_horizontal(test.fill_null(value=False) for test in earlier)
    status = pl.col("discharge_status")
    return failing(frame, ((status == "dead") & is_unproven) | ((status == "alive") & is_refuted))


CROSS_CHECKS = (
    *(_time_missing(table, relative=relative) for table in _DATE_PAIRS for relative in (False, True)),
    *(check for table, pair in _DATE_PAIRS.items() for check in _time_superfluous(table, *pair)),
    *_time_superfluous("procedures", "discharge_date", "discharge_day"),
    CrossCheck(rule_id="T01", table="procedures", column="procedure_date", failing=procedures_in_future),
    CrossCheck(
        rule_id="T01", table="procedures", column="discharge_date", failing=discharges_in_future, level="NULL"
    ),
    *(_cutoff_in_future(is_needed=is_needed) for is_needed in (True, False)),
    CrossCheck(rule_id="T01", table="follow_up", column="contact_date", failing=contacts_in_future),
    CrossCheck(rule_id="T04", table="events", column="event_date", failing=events_before_procedure),
    CrossCheck(rule_id="T05", table="events", column="event_date", failing=events_after_cutoff),
    CrossCheck(rule_id="T06", table="events", column="event_date", failing=events_after_death),
    CrossCheck(rule_id="T06", table="follow_up", column="contact_date", failing=contacts_after_death),
    CrossCheck(
        rule_id="T06",
        table="procedures",
        column="procedure_date",
        failing=procedures_after_death,
        level="ROW",
    ),
    CrossCheck(rule_id="T07", table="procedures", column="discharge_status", failing=contradicted_discharges),
    *FOLLOW_UP_CHECKS,
)
