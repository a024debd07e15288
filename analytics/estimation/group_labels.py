"""Groups of a specification: who belongs to which, and in which order they are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analytics.estimation.clinical_order import GRADED, UNGRADED, order_levels
from analytics.estimation.groups import GROUP
from analytics.estimation.model_terms import require_columns
from analytics.estimation.results import ALL

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification


def assign_groups(frame: pl.DataFrame, spec: Specification) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add the column ``group``, and say whom the groups leave out.

    Parameters
    ----------
    frame
        Rows with the columns that the specification names.
    spec
        With levels, rows of other levels are not part of the question. Without levels, ``unknown`` grades
        and strategies are no group.

    Returns
    -------
    frame, notes
        Rows whose group is missing keep a null group.
    """
    require_columns(frame, [name for name in (spec.groups.by, *spec.groups.strata) if name])
    if spec.groups.by is None:
        return frame.with_columns(pl.lit(ALL).alias(GROUP)), ()
    level = pl.col(spec.groups.by).cast(pl.String)
    if spec.groups.levels:
        wanted = frame.filter(level.is_in(spec.groups.levels) | level.is_null())
        words = dict(zip(spec.groups.levels, spec.groups.names, strict=True))
        return wanted.with_columns(level.replace_strict(words, return_dtype=pl.String).alias(GROUP)), ()
    if spec.groups.by not in GRADED:
        return frame.with_columns(level.alias(GROUP)), ()
    known = frame.filter((level != UNGRADED) | level.is_null())
    left_out = frame.height - known.height
    note = f"{left_out:,} rows of unknown {spec.groups.by.replace('_', ' ')} are left out"
    return known.with_columns(level.alias(GROUP)), (note,) if left_out else ()


def group_labels(frame: pl.DataFrame, spec: Specification) -> tuple[str, ...]:
    """Group labels in the order of the specification, in clinical order, or sorted.

    Parameters
    ----------
    frame
        Rows with ``group``.
    spec
        Its levels come first; grades go from least to most calcium, strategies in their fixed order.
    """
    if spec.groups.names:
        return spec.groups.names
    found = frame[GROUP].drop_nulls().unique().to_list()
    return order_levels(str(spec.groups.by), found) or (ALL,)


def name_levels(frame: pl.DataFrame, spec: Specification) -> Specification:
    """Write the groups found in the rows into a specification that gives no levels, in their order."""
    if spec.groups.by is None or spec.groups.levels:
        return spec
    return replace(spec, groups=replace(spec.groups, levels=group_labels(frame, spec), labels=()))
