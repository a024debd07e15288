"""Takes a value from another row of the same file, as REDCap exports need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.scope import CAUSE_SCHEMA, Scope, no_causes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.mapping.model import Expression

LOOKUP_RULE = "C16"


@dataclass(frozen=True, eq=False)
class Found:
    """Values of other rows.

    Parameters
    ----------
    values
        One text for each row of the scope.
    records
        Record and line that each value stands in.
    causes
        Rows for which no other row fits, or several do that disagree.
    """

    values: pl.Series
    records: pl.DataFrame
    causes: pl.DataFrame


def look_up(expression: Expression, scope: Scope) -> Found:
    """Return, for each row, the value on which the rows that ``at`` and ``on`` pick agree."""
    keys = [column for name in expression.on if (column := scope.index.column(name)) is not None]
    wanted = [column for name in expression.sources if (column := scope.index.column(name)) is not None]
    if len(keys) < len(expression.on) or not wanted:
        nulls = pl.repeat(None, scope.frame.height, dtype=pl.String, eager=True)
        return Found(nulls, scope.frame.select("record", "line"), no_causes())
    parents = (
        rows_where(scope.source, expression.at, scope)
        .select(
            *[pl.col(key).alias(f"key{place}") for place, key in enumerate(keys)], *_parent_values(wanted)
        )
        # The same answer sent twice is one answer; that the record was sent twice is told of its keys.
        .with_columns(pl.col("value").n_unique().over([f"key{at}" for at in range(len(keys))]).alias("fits"))
        .unique([f"key{place}" for place in range(len(keys))], keep="first", maintain_order=True)
    )
    own = scope.frame.select(
        *[pl.col(key).alias(f"key{place}") for place, key in enumerate(keys)], "record", "line"
    )
    tied = own.join(
        parents, on=[f"key{place}" for place in range(len(keys))], how="left", maintain_order="left"
    )
    return _found(tied, label=scope.index.label(wanted[0]))


def rows_where(frame: pl.DataFrame, wanted: Mapping[str, tuple[str, ...]], scope: Scope) -> pl.DataFrame:
    """Return the rows in which each header holds one of its texts, the empty one being a blank cell.

    Parameters
    ----------
    frame
        Rows of the scope or of its source.
    wanted
        Header to texts. A header that the file does not have counts as blank.
    scope
        Finds headers.
    """
    tests: list[pl.Expr] = []
    for name, texts in wanted.items():
        column = scope.index.column(name)
        if column in frame.columns:
            tests.append(pl.col(str(column)).fill_null("").is_in(list(texts)))
        elif "" not in texts:
            return frame.clear()
    return frame.filter(*tests) if tests else frame


def _parent_values(columns: list[str]) -> list[pl.Expr]:
    """Return the looked-up value with its record and line."""
    value = pl.coalesce(columns).alias("value")
    return [value, pl.col("record").alias("parent_record"), pl.col("line").alias("parent_line")]


def _found(tied: pl.DataFrame, *, label: str) -> Found:
    """Return the values where the rows that fit agree, a cause where none fits or they do not."""
    is_one = (pl.col("fits") == 1).fill_null(value=False)
    value = tied.select(pl.when(is_one).then("value").alias("value")).to_series()
    records = tied.select(
        pl.coalesce("parent_record", "record").alias("record"),
        pl.coalesce("parent_line", "line").alias("line"),
    )
    failed = (
        tied.select("record", "line", is_one.alias("is_one")).with_row_index("at").filter(~pl.col("is_one"))
    )
    causes = failed.select(
        pl.col("at").cast(pl.Int64),
        pl.lit(LOOKUP_RULE).alias("rule_id"),
        pl.lit(label).alias("header"),
        pl.lit("look-up").alias("detail"),
        "record",
        "line",
        pl.lit(value=False).alias("is_inherited"),
    )
    return Found(value, records, causes.select(list(CAUSE_SCHEMA)))
