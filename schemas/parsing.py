"""Canonical text to typed columns, and the cells that could not be read.

The forms are deliberately few, because a lenient reader changes data silently. Whole numbers: an optional
sign and digits. Decimals: digits with an optional point, and an exponent (``1e+05``), which R and other
programs write for large values; ``nan`` and ``inf`` are refused. Booleans: ``true`` or ``false``. Dates:
``YYYY-MM-DD``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

    from schemas.registry import Column, Table

WHOLE = r"^[+-]?[0-9]+$"
DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
CENSORED = r"^([<>])=? ?([0-9]+\.?[0-9]*|\.[0-9]+)$"
PARTIAL_DATE = r"^[0-9]{4}(-[0-9]{2})?$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

UNREAD_SCHEMA: dict[str, type[pl.DataType]] = {"at": pl.Int64, "column": pl.String, "text": pl.String}
"""A cell that holds text but no value of its type."""


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


def typed_columns(text: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return every canonical column with its type; one that the text lacks is null in all rows."""
    return completed(read_types(text, table), table, text.height)


def read_types(text: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the canonical columns that a text has, with their types; an unreadable cell becomes null."""
    offered = [column for column in table.columns if text.schema.get(column.name, pl.Null) != pl.Null]
    return text.select(_typed(column) for column in offered)


def completed(typed: pl.DataFrame, table: Table, n: int) -> pl.DataFrame:
    """Return the canonical columns of a typed frame of so many rows, those that it lacks as nulls.

    Columns without any value share one array: ten of them of a million rows would be 80 MB.
    """
    absent = {name for name in table.dtypes if typed.schema.get(name, pl.Null) == pl.Null}
    return pl.DataFrame(
        nulls(name, dtype, n) if name in absent else typed[name] for name, dtype in table.dtypes.items()
    )


@lru_cache(maxsize=8)
def _nulls(dtype: PolarsDataType, n: int) -> pl.Series:
    """Return so many nulls; the last arrays asked for are kept."""
    return pl.Series([None], dtype=dtype).new_from_index(0, n)


def nulls(name: str, dtype: PolarsDataType, n: int) -> pl.Series:
    """Return a column of so many nulls, of which all of one type and length share one array."""
    return _nulls(dtype, n).alias(name)


def unreadable_cells(text: pl.DataFrame, typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return ``at``, ``column`` and ``text`` of the cells that hold text but have no value of their type.

    Parameters
    ----------
    text
        Canonical columns as ``String``, as far as they were sent, and ``at``, the number of the row.
    typed
        The same rows with their types.
    table
        Table that says which type each column has.
    """
    found = [pl.DataFrame(schema=UNREAD_SCHEMA)]
    sent = {name for name, dtype in text.schema.items() if dtype != pl.Null}
    for column in table.columns:
        if column.kind in {"string", "enum"} or column.name not in sent:
            continue
        cells, values = text[column.name], typed[column.name]
        if cells.null_count() == values.null_count():
            continue
        places = (cells.is_not_null() & values.is_null()).arg_true()
        rows = pl.DataFrame({"at": text["at"].gather(places), "text": cells.gather(places)})
        found.append(rows.select("at", pl.lit(column.name).alias("column"), "text"))
    return pl.concat(found)


def censored_values(unread: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return ``at``, ``column`` and ``value`` of decimals sent as below or above a limit (rule C10).

    What lies below a limit is set to half of it, as is usual for a limit of detection [1]_; what lies above
    one is set to it.

    Parameters
    ----------
    unread
        As `unreadable_cells` returns them.
    table
        Table that says which columns are decimals.

    References
    ----------
    .. [1] Hornung & Reed (1990), Appl Occup Environ Hyg 5:46-51.
    """
    decimals = [column.name for column in table.columns if column.kind == "float"]
    limit = pl.col("text").str.extract(CENSORED, 2).cast(pl.Float64, strict=False)
    share = pl.when(pl.col("text").str.starts_with("<")).then(0.5).otherwise(1.0)
    cells = unread.filter(pl.col("column").is_in(decimals))
    return cells.select("at", "column", (limit * share).alias("value")).drop_nulls("value")


def partial_dates(unread: pl.DataFrame, precision: pl.DataFrame) -> pl.DataFrame:
    """Return the unreadable event dates that lack day or month although the row calls them exact (C12).

    Parameters
    ----------
    unread
        As `unreadable_cells` returns them, of a table of events.
    precision
        ``at`` and ``event_date_precision`` as it was sent.
    """
    dates = unread.filter(pl.col("column") == "event_date")
    dates = dates.join(precision, on="at", how="left", maintain_order="left")
    n, stated = pl.col("text").str.len_chars(), pl.col("event_date_precision")
    is_stated = ((n == 7) & (stated == "month")) | ((n == 4) & (stated == "year"))
    is_partial = pl.col("text").str.contains(PARTIAL_DATE)
    return dates.filter(is_partial & ~is_stated.fill_null(value=False)).select("at", "column")


def _typed(column: Column) -> pl.Expr:
    """Return the expression that reads one column."""
    raw = pl.col(column.name)
    if column.kind == "int":
        return _where(raw, WHOLE).cast(pl.Int64, strict=False)
    if column.kind == "float":
        return _where(raw, DECIMAL).cast(pl.Float64, strict=False)
    if column.kind == "bool":
        # A cast from text to Boolean raises in polars 2 even when it is told not to.
        is_true = raw == "true"
        return pl.when(is_true | (raw == "false")).then(is_true).alias(column.name)
    if column.kind == "date":
        return _where(raw, ISO_DATE).str.to_date("%Y-%m-%d", strict=False)
    return raw


def _where(raw: pl.Expr, pattern: str) -> pl.Expr:
    """Keep the text that has a form, so that the cast that follows cannot be lenient."""
    return pl.when(raw.str.contains(pattern)).then(raw)
