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
