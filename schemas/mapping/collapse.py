"""Joins rows of the same key: blanks are filled, disagreement is reported, never settled by majority."""

from __future__ import annotations

import polars as pl

_ORIGIN = ("record", "line", "branch")


def collapse_rows(rows: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    """Join rows that share a key.

    Parameters
    ----------
    rows
        Canonical text columns with ``record``, ``line`` and ``branch``.
    key
        Primary key; rows without one stay apart.

    Returns
    -------
    tuple
        The joined rows in order of first appearance; for each row of the input the 0-based row it went into;
        and the disagreements as ``at`` (row joined into), ``column``, ``record``, ``line`` and ``branch``
        of the first row that disagrees.
    """
    places = _places(rows, key)
    if places.max() == rows.height - 1 or rows.is_empty():
        return rows, places, _no_disagreements()
    joined = rows.with_columns(places.alias("at")).group_by("at", maintain_order=True)
    texts = [name for name in rows.columns if name not in _ORIGIN]
    firsts = joined.agg(pl.col(texts).drop_nulls().first(), pl.col(*_ORIGIN).first())
    return firsts.select(rows.columns), places, _disagreements(rows, firsts, places, texts)


def _places(rows: pl.DataFrame, key: str) -> pl.Series:
    """Return the row that each row goes into, counted in order of first appearance."""
    if key not in rows.columns:
        return pl.int_range(rows.height, eager=True).alias("at")
    alone = pl.lit("\x00") + pl.int_range(pl.len()).cast(pl.String)
    named = rows.select(pl.coalesce(pl.col(key), alone).alias("key"))
    firsts = named.unique(maintain_order=True).with_row_index("at")
    return named.join(firsts, on="key", how="left", maintain_order="left").get_column("at").cast(pl.Int64)


def _disagreements(
    rows: pl.DataFrame, firsts: pl.DataFrame, places: pl.Series, texts: list[str]
) -> pl.DataFrame:
    """Return one row for each joined row and column whose texts differ."""
    kept = firsts.select(texts)[places.to_list()]
    found = [_no_disagreements()]
    for name in texts:
        differs = (rows.get_column(name) != kept.get_column(name)).fill_null(value=False)
        if differs.any():
            own = rows.select(_ORIGIN).with_columns(places.alias("at"), pl.lit(name).alias("column"))
            once = own.filter(differs).unique("at", keep="first", maintain_order=True)
            found.append(once.select("at", "column", *_ORIGIN))
    return pl.concat(found)


def _no_disagreements() -> pl.DataFrame:
    """Return a frame of disagreements without rows."""
    return pl.DataFrame(schema={"at": pl.Int64, "column": pl.String, **dict.fromkeys(_ORIGIN, pl.Int64)})
