"""Read a user's own studies, in the layout of the shipped figures or a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError
from analytics.evidence.reading import NUMBERS, cast_numbers, read_text
from analytics.evidence.recovering import recover_events
from analytics.evidence.schema import EFFECT_KEY, OUTCOME_KEY, EffectSchema, OutcomeSchema

if TYPE_CHECKING:
    from pathlib import Path


def read_own_figures(path: Path, *, are_ratios: bool = False) -> pl.DataFrame:
    """Read studies to pool from a CSV file.

    Parameters
    ----------
    path
        CSV file with ``study_id``, ``n_total`` and ``n_events``, or ``percent`` from which events are worked
        out where only one count gives it; for ratios ``study_id``, ``estimate``, ``ci_low`` and ``ci_high``
        (95 % limits); other columns of the shipped files as wanted.
    are_ratios
        Whether the rows are ratios.

    Returns
    -------
    polars.DataFrame
        Every column of the shipped layout; blank where the file has none. Words are free: they only have to
        agree from row to row.

    Raises
    ------
    InputFileError
        Where a column is missing, a number is none, events exceed their total, an interval does not hold its
        estimate, or a row is repeated.
    """
    text = read_text(path)
    needed = _needed(text.columns, are_ratios=are_ratios)
    missing = [name for name in needed if name not in text.columns]
    if missing:
        raise InputFileError(
            where=str(path), what=f"column {missing[0]} is missing", fix=f"It needs {', '.join(needed)}."
        )
    schema = EffectSchema if are_ratios else OutcomeSchema
    rows = _filled(cast_numbers(text, where=str(path)), list(schema.to_schema().columns))
    rows = rows if are_ratios else recover_events(rows)
    _check(rows, path, are_ratios=are_ratios)
    return rows


def _needed(columns: list[str], *, are_ratios: bool) -> tuple[str, ...]:
    """Name the columns that a file must have."""
    if are_ratios:
        return ("study_id", "estimate", "ci_low", "ci_high")
    counts = "percent" if "percent" in columns and "n_events" not in columns else "n_events"
    return ("study_id", counts, "n_total")


def _filled(rows: pl.DataFrame, wanted: list[str]) -> pl.DataFrame:
    """Add the columns that are not there, blank; a study is named by its key if it has no other name."""
    blank = [
        pl.lit(None, dtype=NUMBERS.get(name, pl.String)).alias(name)
        for name in wanted
        if name not in rows.columns
    ]
    named = pl.coalesce("study", "study_id").alias("study")
    return rows.with_columns(blank).with_columns(named).select(wanted)


def _check(rows: pl.DataFrame, path: Path, *, are_ratios: bool) -> None:
    """Refuse rows that are no studies."""
    if are_ratios:
        inside = (pl.col("ci_low") <= pl.col("estimate")) & (pl.col("estimate") <= pl.col("ci_high"))
        fits = (inside & (pl.col("ci_low") > 0)).fill_null(value=True)
        words = "an interval does not hold its estimate, or is not above 0"
    else:
        few, some = pl.col("n_events") < 0, pl.col("n_total") < 1
        fits = ~((pl.col("n_events") > pl.col("n_total")) | few | some).fill_null(value=False)
        words = "events do not fit in their total"
    key = EFFECT_KEY if are_ratios else OUTCOME_KEY
    faults = {
        "a row without study_id": pl.col("study_id").is_null(),
        words: ~fits,
        "a study is given twice": pl.struct(*key).is_duplicated(),
    }
    for what, fault in faults.items():
        lines = [str(place + 2) for place in rows.select(fault).to_series().arg_true()]
        if lines:
            where = f"{what} (line {', '.join(lines[:5])})"
            raise InputFileError(where=str(path), what=where, fix="Correct the file.")
