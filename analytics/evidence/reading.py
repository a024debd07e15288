"""Read a file of published figures: text to types, then the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pandera.errors import SchemaErrors

from analytics.errors import InputFileError
from analytics.evidence.schema import EffectSchema, OutcomeSchema

if TYPE_CHECKING:
    from pathlib import Path

Schema = type[OutcomeSchema] | type[EffectSchema]

NUMBERS: dict[str, type[pl.DataType]] = {
    "year": pl.Int64,
    "horizon_days": pl.Int64,
    "n_events": pl.Int64,
    "n_total": pl.Int64,
    "percent": pl.Float64,
    "estimate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
}
"""Columns that are numbers; all others are text."""

_SHOWN_LINES = 5


def read_figures(path: Path, schema: Schema) -> pl.DataFrame:
    """Read a CSV file of published figures and hold it against its schema.

    Parameters
    ----------
    path
        CSV file in UTF-8 with the columns of the schema, any order; a blank cell is not known.
    schema
        `OutcomeSchema` or `EffectSchema`.

    Returns
    -------
    polars.DataFrame
        One row per figure, columns in the order of the schema.

    Raises
    ------
    InputFileError
        Where the file cannot be read, lacks a column, or breaks a rule; the rule, the column and the first
        lines are named.
    """
    frame = cast_numbers(read_text(path), where=str(path))
    return check_figures(frame, schema, where=str(path))


def read_text(path: Path) -> pl.DataFrame:
    """Read a CSV file with every column as text, trimmed; blank cells are null.

    Raises
    ------
    InputFileError
        Where there is no such file, or it is no CSV file.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False, encoding="utf8")
    except (OSError, pl.exceptions.PolarsError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise InputFileError(
            where=str(path),
            what="no such file" if missing else "cannot be read as a CSV file",
            fix="Give a CSV file in UTF-8 with a header line.",
        ) from None
    trimmed = pl.all().str.strip_chars()
    return frame.select(pl.when(trimmed != "").then(trimmed).name.keep())


def cast_numbers(text: pl.DataFrame, *, where: str) -> pl.DataFrame:
    """Turn the number columns of a text frame into numbers.

    Raises
    ------
    InputFileError
        Where a cell is no number; column and lines are named.
    """
    kinds = {name: kind for name, kind in NUMBERS.items() if name in text.columns}
    frame = text.with_columns(pl.col(name).cast(kind, strict=False) for name, kind in kinds.items())
    for name, kind in kinds.items():
        broken = text.select(pl.col(name).is_not_null() & frame[name].is_null()).to_series().arg_true()
        if broken.len():
            wanted = "whole number" if kind == pl.Int64 else "number"
            raise _fault(where, f"{name} is no {wanted}", broken.to_list())
    return frame


def check_figures(frame: pl.DataFrame, schema: Schema, *, where: str) -> pl.DataFrame:
    """Hold typed figures against a schema.

    Raises
    ------
    InputFileError
        Where a column is missing or unknown, or a rule is broken.
    """
    wanted = list(schema.to_schema().columns)
    missing = [name for name in wanted if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in wanted]
    if missing or unknown:
        what = f"column {missing[0]} is missing" if missing else "a column that is not known"
        raise InputFileError(where=where, what=what, fix=f"The columns are: {', '.join(wanted)}.")
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = pl.DataFrame(error.failure_cases).select("check", "column", "index")
        rule, column = _first_rule(cases)
        lines = cases.filter(pl.col("check") == rule)["index"].drop_nulls().unique().sort().to_list()
        raise _fault(where, _words(rule, column), lines) from None
    return frame.select(wanted)


def _first_rule(cases: pl.DataFrame) -> tuple[str, str]:
    """Take the first broken rule, and the column it is about."""
    row = cases.row(0, named=True)
    return str(row["check"]), str(row["column"] or "")


def _words(rule: str, column: str) -> str:
    """Say which rule is broken: rules across columns have sentences for names."""
    name = rule.split("(", maxsplit=1)[0]
    return f"{column} breaks {name}" if "(" in rule or column in NUMBERS else f"broken rule {name}"


def _fault(where: str, what: str, rows: list[int]) -> InputFileError:
    """Name the first lines; the header is line 1."""
    shown = ", ".join(str(row + 2) for row in rows[:_SHOWN_LINES])
    more = " and more" if len(rows) > _SHOWN_LINES else ""
    lines = f" (line {shown}{more})" if rows else ""
    return InputFileError(
        where=where, what=what + lines, fix="Correct the file; docs/evidence.md lists rules."
    )
