"""What is worth knowing about a cell that was understood: set by rule, or less exact than its column."""

from __future__ import annotations

import polars as pl

from schemas.mapping.dates import parse_precisions
from schemas.rules.catalogue import RULES
from schemas.submission import FINDING_SCHEMA

CENSORED_RULE = "C10"
PARTIAL_RULE = "C12"
PARTIAL_COLUMNS = ("event_date", "contact_date")
"""The only columns that a date without its day may stand in."""

NOTE_SCHEMA: dict[str, type[pl.DataType]] = {
    "at": pl.Int64,  # row of the evaluated frame
    "rule_id": pl.String,
    "header": pl.String,
    "detail": pl.String,  # precision of a partial date
    "record": pl.Int64,
    "line": pl.Int64,
}
_LIMIT_SIGN = r"^(?:<=?|>=?|≤|≥)\s*"
_PARTIAL_SENTENCE = "The date names no day: the first day was taken, and the precision is "
_PARTIAL_REMEDY = "Nothing to do, or send the whole date."


def no_notes() -> pl.DataFrame:
    """Return a frame of notes without rows."""
    return pl.DataFrame(schema=NOTE_SCHEMA)


def without_limit_sign(texts: pl.Series) -> pl.Series:
    """Return numbers without the sign that says that the true value lies below or above them."""
    return texts.str.replace(_LIMIT_SIGN, "")


def has_limit_sign(texts: pl.Series) -> pl.Series:
    """Return which texts begin with ``<``, ``>``, ``<=`` or ``>=``."""
    return texts.str.contains(_LIMIT_SIGN).fill_null(value=False)


def cell_notes(rule_id: str, details: pl.Series, label: str | None, records: pl.DataFrame) -> pl.DataFrame:
    """Return one note for each cell that has a detail.

    Parameters
    ----------
    rule_id
        Rule that the note belongs to.
    details
        What is told about each cell, null for nothing.
    label
        Header of the cells.
    records
        ``record`` and ``line`` that each cell stands in.
    """
    at = details.is_not_null().arg_true()
    if at.is_empty():
        return no_notes()
    own = records.select("record", "line")[at]
    return own.select(
        pl.Series("at", at, dtype=pl.Int64),
        pl.lit(rule_id).alias("rule_id"),
        pl.lit(label, dtype=pl.String).alias("header"),
        details.gather(at).alias("detail"),
        "record",
        "line",
    )


def partial_precisions(texts: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Return ``month`` or ``year`` where a text is a date without its day, null elsewhere."""
    distinct = texts.unique(maintain_order=True).drop_nulls()
    precisions = parse_precisions(distinct, formats)
    precisions = precisions.zip_with(precisions != "day", pl.Series([None], dtype=pl.String))
    return texts.replace_strict(distinct, precisions, default=None, return_dtype=pl.String)


def note_findings(table: str, notes: pl.DataFrame, *, file: str) -> pl.DataFrame:
    """Return notes (with ``column``) as findings of level INFO, each with its record and line.

    Parameters
    ----------
    table
        Canonical table.
    notes
        `NOTE_SCHEMA` and ``column``.
    file
        File name.
    """
    rules = {name: RULES[name] for name in (CENSORED_RULE, PARTIAL_RULE)}
    is_partial = pl.col("rule_id") == PARTIAL_RULE
    sentences, remedies = (
        pl.col("rule_id").replace_strict(
            list(rules), [getattr(rule, part) for rule in rules.values()], return_dtype=pl.String
        )
        for part in ("sentence", "remedy")
    )
    found = notes.with_columns(
        pl.lit("INFO").alias("level"),
        pl.lit(file).alias("file"),
        pl.lit(table).alias("table"),
        pl.lit(None, dtype=pl.Int64).alias("row"),
        pl.when(is_partial)
        .then(pl.lit(_PARTIAL_SENTENCE) + pl.col("detail") + ".")
        .otherwise(sentences)
        .alias("sentence"),
        pl.when(is_partial).then(pl.lit(_PARTIAL_REMEDY)).otherwise(remedies).alias("remedy"),
        pl.lit(1, dtype=pl.Int64).alias("n"),
    )
    return found.select(list(FINDING_SCHEMA)).unique(maintain_order=True)
