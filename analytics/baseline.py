"""Baseline characteristics by group, and standardised differences between groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

BASELINE_SCHEMA: dict[str, type[pl.DataType]] = {
    "variable": pl.String,
    "level": pl.String,  # level of a categorical variable, "true" of a Boolean one, null of a number
    "group": pl.String,
    "n": pl.Int64,  # rows of the group
    "n_known": pl.Int64,  # of them with a value
    "n_level": pl.Int64,  # of these in the level; null for a number
    "share": pl.Float64,  # n_level / n_known; null for a number
    "mean": pl.Float64,
    "sd": pl.Float64,
    "median": pl.Float64,
    "lower_quartile": pl.Float64,
    "upper_quartile": pl.Float64,
}
"""Columns of a baseline table, in order."""

DIFFERENCE_SCHEMA: dict[str, type[pl.DataType]] = {
    "variable": pl.String,
    "level": pl.String,
    "group": pl.String,
    "reference": pl.String,
    "difference": pl.Float64,
}
"""Columns of the standardised differences, in order."""


@dataclass(frozen=True, eq=False)
class BaselineTable:
    """Characteristics of groups side by side.

    Parameters
    ----------
    groups
        Group labels in order; the first is the reference of the differences.
    table
        One row per variable, level and group; columns of `BASELINE_SCHEMA`.
    differences
        One row per variable, level and group other than the reference; columns of `DIFFERENCE_SCHEMA`. Null
        where a group has no value or both variances are zero.
    """

    groups: tuple[str, ...]
    table: pl.DataFrame
    differences: pl.DataFrame


def describe_baseline(
    frame: pl.DataFrame, variables: Sequence[str], *, by: str, groups: Sequence[str] | None = None
) -> BaselineTable:
    """Describe variables by group.

    Parameters
    ----------
    frame
        One row per unit.
    variables
        Columns to describe: numbers by mean, standard deviation, median and quartiles; Booleans and texts by
        counts and shares of the known values.
    by
        Column of group labels; rows without a label are left out.
    groups
        Labels in order, the reference first; all of them in alphabetical order where None.

    Returns
    -------
    BaselineTable
        The description. It describes who was treated with what; it does not say that groups are comparable.

    Raises
    ------
    SpecificationError
        Where a column does not exist.

    References
    ----------
    Quartiles: type 7 of Hyndman & Fan (1996), Am Stat 50:361-365. Differences: Austin (2009), Stat Med
    28:3083-3107, with the mean of both unweighted variances as denominator, and p(1 - p) as variance of a
    share.
    """
    missing = [name for name in (*variables, by) if name not in frame.columns]
    if missing:
        raise SpecificationError(
            where="baseline", what=f"no column {missing[0]}", fix=f"Choose from {', '.join(frame.columns)}."
        )
    labelled = frame.filter(pl.col(by).is_not_null())
    order = tuple(groups) if groups is not None else tuple(labelled.get_column(by).unique().sort().to_list())
    parts = [_describe(labelled, name, by, order) for name in variables]
    table = pl.concat([pl.DataFrame(schema=BASELINE_SCHEMA), *parts])
    return BaselineTable(groups=order, table=table, differences=_compare(table, order))


def _describe(frame: pl.DataFrame, variable: str, by: str, groups: tuple[str, ...]) -> pl.DataFrame:
    """Describe one variable in every group."""
    value = frame.get_column(variable)
    if value.dtype.is_numeric():
        rows = [_describe_number(frame.filter(pl.col(by) == group), variable, group) for group in groups]
        return pl.DataFrame(rows, schema=BASELINE_SCHEMA, orient="row")
    levels = ["true"] if value.dtype == pl.Boolean else value.drop_nulls().unique().sort().to_list()
    rows = [
        _describe_level(frame.filter(pl.col(by) == group), variable, level, group)
        for level in levels
        for group in groups
    ]
    return pl.DataFrame(rows, schema=BASELINE_SCHEMA, orient="row")


def _describe_number(rows: pl.DataFrame, variable: str, group: str) -> tuple[object, ...]:
    """Mean, standard deviation and quartiles of a number."""
    known = rows.get_column(variable).drop_nulls().cast(pl.Float64)
    quartiles = [known.quantile(share, interpolation="linear") for share in (0.5, 0.25, 0.75)]
    return variable, None, group, rows.height, known.len(), None, None, known.mean(), known.std(), *quartiles


def _describe_level(rows: pl.DataFrame, variable: str, level: str, group: str) -> tuple[object, ...]:
    """Count and share of one level."""
    known = rows.get_column(variable).drop_nulls().cast(pl.String)
    n_level = int((known == level).sum())
    share = n_level / known.len() if known.len() else None
    return variable, level, group, rows.height, known.len(), n_level, share, None, None, None, None, None


def _compare(table: pl.DataFrame, groups: tuple[str, ...]) -> pl.DataFrame:
    """Standardise the difference of every group to the first."""
    reference = table.filter(pl.col("group") == groups[0]) if groups else table
    rows = [
        (row["variable"], row["level"], row["group"], groups[0], _standardised_difference(row, base))
        for base in reference.iter_rows(named=True)
        for row in table.iter_rows(named=True)
        if row["group"] != groups[0] and (row["variable"], row["level"]) == (base["variable"], base["level"])
    ]
    return pl.DataFrame(rows, schema=DIFFERENCE_SCHEMA, orient="row")


def _standardised_difference(row: dict[str, float | None], base: dict[str, float | None]) -> float | None:
    """Divide the difference of means or shares by the root of the mean variance."""
    (centre, variance), (base_centre, base_variance) = _moments(row), _moments(base)
    if centre is None or base_centre is None or variance is None or base_variance is None:
        return None
    spread = math.sqrt((variance + base_variance) / 2.0)
    return (centre - base_centre) / spread if spread > 0.0 else None


def _moments(row: dict[str, float | None]) -> tuple[float | None, float | None]:
    """Return mean and variance of a described variable."""
    mean, sd, share = row["mean"], row["sd"], row["share"]
    if share is not None:
        return share, share * (1.0 - share)
    return mean, None if sd is None else sd * sd
