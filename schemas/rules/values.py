"""Rules about single cells, and about values that another value of the same row calls for."""

from __future__ import annotations

import polars as pl

from schemas.rules.rule import RowCheck, Rule

ALL = ("all",)

RULES = (
    Rule(
        id="C01",
        level="NULL",
        sentence="The cell is not a number, whole number, date or true/false value as its column asks for.",
        remedy="Correct the cell, or name its code for missing values in the mapping.",
        kahn="Cv",
        tables=ALL,
    ),
    Rule(
        id="C02",
        level="NULL",
        sentence="The value is not in the code list.",
        remedy="Use one of the codes in the data dictionary, or add the site's value to the mapping.",
        kahn="Cv",
        tables=ALL,
    ),
    Rule(
        id="C03",
        level="NULL",
        sentence="The value lies outside the possible range.",
        remedy="Check the value and its unit against the source; the data dictionary gives the limits.",
        kahn="Pa",
        tables=ALL,
    ),
    Rule(
        id="C04",
        level="WARN",
        sentence="The value lies outside the usual range.",
        remedy="Confirm the value against the source, or correct it.",
        kahn="Pa",
        tables=ALL,
    ),
    Rule(
        id="C05",
        level="ROW",
        sentence="A required value is missing.",
        remedy="Fill in the value at the site, or send the code for unknown where the column has one.",
        kahn="K",
        tables=ALL,
    ),
    Rule(
        id="C06",
        level="WARN",
        sentence="A value is missing that another value of the row calls for.",
        remedy="Fill in the value, or correct the one that calls for it; see the data dictionary.",
        kahn="K",
        tables=ALL,
    ),
    Rule(
        id="C07",
        level="NULL",
        sentence="The expected part was not found in the cell.",
        remedy="Correct the cell, or widen the pattern in the mapping.",
        kahn="Cv",
        tables=ALL,
    ),
    Rule(
        id="C08",
        level="WARN",
        sentence="The answer none stands together with an item; the item was kept.",
        remedy="Leave out either the none or the item.",
        kahn="Pa",
        tables=ALL,
    ),
    Rule(
        id="C09",
        level="WARN",
        sentence="A value is given although another value of the row rules it out.",
        remedy="Empty the value, or correct the one that rules it out.",
        kahn="Pa",
        tables=ALL,
    ),
    Rule(
        id="C10",
        level="INFO",
        sentence="The number was sent as below or above a limit and was set by rule.",
        remedy="Nothing to do.",
        kahn="Cv",
        tables=ALL,
    ),
    Rule(
        id="C11",
        level="WARN",
        sentence="All values of the column are multiples of a quarter circle.",
        remedy="Declare a quadrant scale in the mapping if arcs are read in quadrants.",
        kahn="Pa",
        tables=("imaging",),
    ),
    Rule(
        id="C12",
        level="ROW",
        sentence="The date is partial but its precision is not stated.",
        remedy="State month or year as the precision, or send the whole date.",
        kahn="Cv",
        tables=("events",),
    ),
    Rule(
        id="C13",
        level="NULL",
        sentence="The text does not have the form that its column asks for.",
        remedy="Use the form in the data dictionary: letters, digits and few signs, within the length.",
        kahn="Cv",
        tables=ALL,
    ),
    Rule(
        id="C14",
        level="INFO",
        sentence="Cells held a declared missing code and were emptied.",
        remedy="Nothing to do; if the code is a real value here, take it off the list of the column.",
        kahn="K",
        tables=ALL,
    ),
    Rule(
        id="C15",
        level="WARN",
        sentence="Records of the same key disagree on the value; the first one was kept.",
        remedy="Make the records agree at the site, or give them keys of their own.",
        kahn="Cr",
        tables=ALL,
    ),
    Rule(
        id="C16",
        level="NULL",
        sentence="Not exactly one other record fits, so the value could not be taken from it.",
        remedy="Send the one record that holds the value, or correct the look-up in the mapping.",
        kahn="Cr",
        tables=ALL,
    ),
    Rule(
        id="C17",
        level="INFO",
        sentence="The value depends on a cell that is reported already.",
        remedy="Correct the cell that is reported; this follows.",
        kahn="Cv",
        tables=ALL,
    ),
)


def _needed(table: str, column: str, when: pl.Expr, *, level: str | None = None) -> RowCheck:
    """Demand a value where a condition on the same row holds."""
    filled = pl.col(column).is_not_null()
    return RowCheck(rule_id="C06", table=table, column=column, passes=~when | filled, level=level)


def _sent_for_all(table: str, column: str) -> RowCheck:
    """Demand a value from every row of a site that sends it for any; a site that never sends it is let be."""
    filled = pl.col(column).is_not_null()
    passes = filled | ~filled.any().over("site_id")
    return RowCheck(rule_id="C05", table=table, column=column, passes=passes, is_beyond_row=True)


def _event_is(*types: str) -> pl.Expr:
    """Whether the event is of one of these types."""
    return pl.col("event_type").is_in(types)


def _device_is(*classes: str) -> pl.Expr:
    """Whether the device is of one of these classes."""
    return pl.col("device_class").is_in(classes)


_CUTOFF_NEEDED = pl.col("followup_source").is_in(["linkage", "mixed"])
_IS_RELATIVE = pl.col("date_policy") == "relative"
_TARGET_EVENTS = ("mi", "revasc_pci", "revasc_cabg", "stent_thrombosis")

ROW_CHECKS = (
    _needed("sites", "data_cutoff_date", _CUTOFF_NEEDED & ~_IS_RELATIVE, level="ROW"),
    _needed("sites", "data_cutoff_day", _CUTOFF_NEEDED & _IS_RELATIVE, level="ROW"),
    # De-identified files may leave age out altogether; one blank age among others is a fault.
    _sent_for_all("procedures", "age_years"),
    _needed("imaging", "expansion_basis", pl.col("stent_expansion_pct").is_not_null(), level="ROW"),
    _needed("complications", "grade_scale", pl.col("grade").is_not_null(), level="ROW"),
    _needed("complications", "grade", pl.col("complication_type").is_in(["dissection", "perforation"])),
    _needed(
        "device_uses", "rotation_speed_krpm", _device_is("rotational_atherectomy", "orbital_atherectomy")
    ),
    _needed("device_uses", "ivl_pulses", _device_is("intravascular_lithotripsy")),
    _needed("device_uses", "laser_fluence_mj_mm2", _device_is("elca")),
    _needed("events", "death_cause", _event_is("death")),
    _needed("events", "mi_type", _event_is("mi")),
    _needed("events", "target_relation", _event_is(*_TARGET_EVENTS)),
    _needed("events", "planned_staged", _event_is("revasc_pci")),
    _needed("events", "stent_thrombosis_certainty", _event_is("stent_thrombosis")),
    _needed("events", "bleeding_barc", _event_is("bleeding")),
    RowCheck(
        rule_id="C09",
        table="lesions",
        column="stent_length_total_mm",
        passes=~pl.col("stent_type").is_in(["none", "dcb_only"]) | (pl.col("stent_length_total_mm") == 0),
    ),
    RowCheck(
        rule_id="C09",
        table="lesions",
        column="stent_count",
        passes=~pl.col("stent_type").is_in(["none", "dcb_only"]) | (pl.col("stent_count") == 0),
    ),
)
