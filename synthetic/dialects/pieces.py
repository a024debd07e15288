"""What the dialects share: text of numbers and dates, words for codes, lists side by side in one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A hospital's file.

    Parameters
    ----------
    rows
        Text cells under the hospital's headers; null is an empty cell.
    encoding
        Encoding of the file.
    line_terminator
        End of every line.
    quotes
        Whether every cell is quoted, or only those that must be.
    """

    rows: pl.DataFrame
    encoding: str = "utf-8"
    line_terminator: str = "\n"
    quotes: Literal["necessary", "always"] = "necessary"


def words(column: str, spelled: Mapping[str, str], *, other: str | None = None) -> pl.Expr:
    """Return a coded column in the hospital's words; codes that it has no word for become `other`."""
    return pl.col(column).cast(pl.String).replace_strict(dict(spelled), default=other, return_dtype=pl.String)


def yes_no(column: str, yes: str = "Yes", no: str = "No") -> pl.Expr:
    """Return a flag in two words."""
    return pl.when(pl.col(column)).then(pl.lit(yes)).when(~pl.col(column)).then(pl.lit(no)).alias(column)


def date_text(column: str, form: str, *, nothing: str | None = None) -> pl.Expr:
    """Return a date in the hospital's form."""
    return (
        pl.col(column).dt.strftime(form).fill_null(nothing) if nothing else pl.col(column).dt.strftime(form)
    )


def number(column: str, factor: float = 1.0, digits: int = 4) -> pl.Expr:
    """Return a number as text, in another unit where a factor is given; whole numbers without a point."""
    value = (pl.col(column).cast(pl.Float64) * factor).round(digits)
    whole = value.cast(pl.Int64).cast(pl.String)
    return pl.when(value == value.floor()).then(whole).otherwise(value.cast(pl.String)).alias(column)


def side_by_side(rows: pl.DataFrame, key: str, columns: Mapping[str, pl.Expr], *, limit: int) -> pl.DataFrame:
    """Lay the rows of a key into one: the first under ``<name>01``, the next under ``<name>02``.

    Parameters
    ----------
    rows
        In the order in which they are to stand.
    key
        Column that the rows of one group share.
    columns
        Text cells by the name before the number.
    limit
        Most rows of a group that there is room for; later ones are left out, as the form has no place.
    """
    numbered = rows.with_columns(pl.int_range(1, pl.len() + 1).over(key).alias("__place"))
    parts = []
    for place in range(1, min(limit, int(numbered["__place"].max() or 0)) + 1):  # type: ignore[arg-type]  # a number
        cells = [cell.alias(f"{name}{place:02}") for name, cell in columns.items()]
        parts.append(numbered.filter(pl.col("__place") == place).select(key, *cells))
    whole = rows.select(key).unique(maintain_order=True)
    for part in parts:
        whole = whole.join(part, on=key, how="left", maintain_order="left")
    return whole


def joined(rows: pl.DataFrame, key: str, cell: pl.Expr, separator: str) -> pl.DataFrame:
    """Return the cells of each key in one, as column ``cell``."""
    return (
        rows.select(key, cell.alias("cell"))
        .drop_nulls("cell")
        .group_by(key, maintain_order=True)
        .agg(pl.col("cell").str.join(separator))
    )


def deaths(tables: Tables) -> pl.DataFrame:
    """Return patients' deaths: ``patient_id``, ``event_date``, ``death_cause``."""
    events = tables["events"].filter(pl.col("event_type").cast(pl.String) == "death")
    return events.select("patient_id", "event_date", "death_cause").unique("patient_id", maintain_order=True)
