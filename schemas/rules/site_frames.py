"""What rules about whole sites look at: the accepted rows of a submission, each with its site."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from schemas.rules.context import NO_CONTEXT, Context
from schemas.rules.limits import DEFAULT_LIMITS, RuleLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

MEASURE_SCHEMA: dict[str, type[pl.DataType]] = {
    "site_id": pl.String,
    "table": pl.String,
    "column": pl.String,
    "n_violating": pl.Int64,
    "n_checked": pl.Int64,
    "value": pl.Float64,
    "is_failed": pl.Boolean,
}
"""What a rule about sites returns; ``is_failed`` is null where the rule does not apply."""

LOST_SCHEMA: dict[str, type[pl.DataType]] = {
    "site_id": pl.String,
    "table": pl.String,
    "column": pl.String,
    "n": pl.Int64,
}
"""Counts of cells for want of whose value a row was rejected."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What rules about sites are judged by.

    Parameters
    ----------
    load_date
        Day of loading.
    context
        What is known beside the submission.
    limits
        Limits of the rules.
    """

    load_date: date
    context: Context = NO_CONTEXT
    limits: RuleLimits = DEFAULT_LIMITS


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteFrames:
    """Accepted rows by table, with ``site_id``, and the scene.

    Parameters
    ----------
    tables
        Typed canonical columns, plus ``site_id`` where the table has none of its own.
    unlisted
        Cells outside their code list: ``site_id``, ``table``, ``column``, ``n``.
    scene
        Day of loading, context and limits.
    lost
        Cells for want of whose value a row was rejected: ``site_id``, ``table``, ``column``, ``n``.
    """

    tables: Mapping[str, pl.DataFrame]
    unlisted: pl.DataFrame
    scene: Scene
    lost: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOST_SCHEMA))
    _made: dict[str, pl.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def once(self, name: str, make: Callable[[SiteFrames], pl.DataFrame]) -> pl.DataFrame:
        """Return what a function makes of these frames, made at the first call only."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    def __getitem__(self, table: str) -> pl.DataFrame:
        """Return the accepted rows of a table."""
        return self.tables[table]

    @property
    def limits(self) -> RuleLimits:
        """Limits of the rules."""
        return self.scene.limits

    def history(self, table: str) -> pl.DataFrame | None:
        """Return the rows of earlier submissions, or None where none are known."""
        return self.scene.context.history.get(table)


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteCheck:
    """A check that measures whole sites.

    Parameters
    ----------
    rule_id
        Rule that a failure breaks.
    measure
        Function over the sites' rows that returns the columns of `MEASURE_SCHEMA`.
    """

    rule_id: str
    measure: Callable[[SiteFrames], pl.DataFrame]


def measured(frame: pl.DataFrame, *, table: str, column: str | None = None) -> pl.DataFrame:
    """Return measures in the form of `MEASURE_SCHEMA`, columns that are not given as null."""
    given = {"table": pl.lit(table), "column": pl.lit(column, pl.String)}
    columns = [
        (given[name] if name in given and name not in frame.columns else _column_or_null(frame, name))
        .cast(dtype)
        .alias(name)
        for name, dtype in MEASURE_SCHEMA.items()
    ]
    return frame.select(columns)


def nothing_measured() -> pl.DataFrame:
    """Return measures without rows."""
    return pl.DataFrame(schema=MEASURE_SCHEMA)


def _column_or_null(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column, or null where the frame lacks it."""
    return pl.col(name) if name in frame.columns else pl.lit(None)


def variance_of_whole_numbers(values: pl.Expr) -> pl.Expr:
    """Return the sample variance of whole numbers; null for fewer than two.

    Their sums are exact, so that the last digit does not depend on the order in which threads add them.
    """
    number = values.cast(pl.Float64)
    n = number.count().cast(pl.Float64)
    squares = (number.pow(2).sum() - number.sum().pow(2) / n).clip(lower_bound=0)
    return pl.when(n > 1).then(squares / (n - 1))


def is_filled(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return whether a cell tells something; a code ``unknown`` does not."""
    cell = pl.col(name)
    if frame.schema[name] != pl.String:
        return cell.is_not_null()
    return (cell != "unknown").fill_null(value=False)
