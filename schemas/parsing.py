"""Canonical text to typed columns, and the cells that could not be read.

The forms are deliberately few, because a lenient reader changes data silently. Whole numbers: an optional
sign and digits. Decimals: digits with an optional point, and an exponent (``1e+05``), which R and other
programs write for large values; ``nan`` and ``inf`` are refused. Booleans: ``true`` or ``false``. Dates:
``YYYY-MM-DD``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from schemas.registry import Column, Table

WHOLE = r"^[+-]?[0-9]+$"
DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
CENSORED = r"^([<>])=? ?([0-9]+\.?[0-9]*|\.[0-9]+)$"
PARTIAL_DATE = r"^[0-9]{4}(-[0-9]{2})?$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def parse_text(text: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the canonical columns of a text table with their types; an unreadable cell becomes null.

    Parameters
    ----------
    text
        Every canonical column as ``String``, and ``at``, the number of the row.
    table
        Table that says which type each column has.
    """
    return text.select("at", *(_typed(column) for column in table.columns))


def unreadable_cells(text: pl.DataFrame, typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return ``at`` and ``column`` of the cells that hold text but have no value of their type."""
    none = text.select("at", column=pl.lit("")).clear()
    found = [
        text.select("at", column=pl.lit(column.name)).filter(
            text[column.name].is_not_null() & typed[column.name].is_null()
        )
        for column in table.columns
        if column.kind not in {"string", "enum"}
    ]
    return pl.concat([none, *found])


def censored_values(text: pl.DataFrame, cells: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return ``at``, ``column`` and ``value`` of decimals sent as below or above a limit (rule C10).

    What lies below a limit is set to half of it, as is usual for a limit of detection [1]_; what lies above
    one is set to it.

    References
    ----------
    .. [1] Hornung & Reed (1990), Appl Occup Environ Hyg 5:46-51.
    """
    found = [pl.DataFrame(schema={"at": pl.Int64, "column": pl.String, "value": pl.Float64})]
    for column in table.columns:
        at = cells.filter(pl.col("column") == column.name)["at"]
        if column.kind != "float" or at.is_empty():
            continue
        raw = text.filter(pl.col("at").is_in(at.implode())).select("at", raw=column.name)
        limit = pl.col("raw").str.extract(CENSORED, 2).cast(pl.Float64, strict=False)
        share = pl.when(pl.col("raw").str.starts_with("<")).then(0.5).otherwise(1.0)
        rows = raw.select("at", pl.lit(column.name).alias("column"), (limit * share).alias("value"))
        found.append(rows.drop_nulls("value"))
    return pl.concat(found)


def partial_dates(text: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the unreadable event dates that lack day or month although the row calls them exact (C12)."""
    if "event_date_precision" not in text.columns:
        return cells.clear()
    partial = pl.col("event_date").str.contains(PARTIAL_DATE)
    is_stated = (pl.col("event_date").str.len_chars() == 7) & (pl.col("event_date_precision") == "month")
    is_stated |= (pl.col("event_date").str.len_chars() == 4) & (pl.col("event_date_precision") == "year")
    at = text.filter(partial & ~is_stated.fill_null(value=False))["at"].implode()
    return cells.filter((pl.col("column") == "event_date") & pl.col("at").is_in(at))


def _typed(column: Column) -> pl.Expr:
    """Return the expression that reads one column."""
    raw = pl.col(column.name)
    if column.kind == "int":
        return _where(raw, WHOLE).cast(pl.Int64, strict=False)
    if column.kind == "float":
        return _where(raw, DECIMAL).cast(pl.Float64, strict=False)
    if column.kind == "bool":
        # A cast from text to Boolean raises in polars 2 even when it is told not to.
        return raw.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if column.kind == "date":
        return _where(raw, ISO_DATE).str.to_date("%Y-%m-%d", strict=False)
    return raw


def _where(raw: pl.Expr, pattern: str) -> pl.Expr:
    """Keep the text that has a form, so that the cast that follows cannot be lenient."""
    return pl.when(raw.str.contains(pattern)).then(raw)
