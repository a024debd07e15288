"""Makes 0 to n rows of one source row: numbered columns, flagged columns, cells that hold several items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.lookup import rows_where
from schemas.mapping.model import FlaggedStep, NumberedStep, SplitStep, Step
from schemas.mapping.scope import CAUSE_SCHEMA, Scope, bind, no_causes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.mapping.model import Emit

_ITEM_END = "\x1f"
NONE_WITH_ITEM_RULE = "C08"
_UNKNOWN_RULE = "C02"


@dataclass(frozen=True)
class Branch:
    """One way through the steps of an emit, with everything constant written out.

    Parameters
    ----------
    bindings
        Constant step variables.
    filled
        Headers that must not be missing.
    flagged
        Headers with the texts of which they must hold one.
    splits
        Cells that are split, in order.
    """

    bindings: Mapping[str, str] = field(default_factory=dict)
    filled: tuple[str, ...] = ()
    flagged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    splits: tuple[SplitStep, ...] = ()


@dataclass(frozen=True, eq=False)
class Expanded:
    """Rows of one branch.

    Parameters
    ----------
    branch
        The way they came.
    frame
        Rows with ``src``, step variables (``$name``), ``order`` (place among all rows of the emit) and
        ``$n`` (count within the source row, from 1).
    """

    branch: Branch
    frame: pl.DataFrame


def branches(steps: tuple[Step, ...]) -> Iterator[Branch]:
    """Return every way through the steps, in file order."""
    ways = [Branch()]
    for step in steps:
        ways = [longer for way in ways for longer in _continued(way, step)]
    yield from ways


def _continued(way: Branch, step: Step) -> Iterator[Branch]:
    """Return a way continued by one step."""
    if isinstance(step, NumberedStep):
        for number in range(step.first, step.last + 1):
            bindings = {**way.bindings, step.variable: str(number)}
            filled = (*way.filled, bind(step.exists, bindings))
            yield Branch(bindings, filled, way.flagged, way.splits)
    elif isinstance(step, FlaggedStep):
        for header, value in step.columns.items():
            bindings = {**way.bindings, step.variable: value}
            flagged = (*way.flagged, (bind(header, bindings), step.accepted))
            yield Branch(bindings, way.filled, flagged, way.splits)
    else:
        split = SplitStep(bind(step.header, way.bindings), step.sep, step.none, step.variable)
        yield Branch(way.bindings, way.filled, way.flagged, (*way.splits, split))


def expand(emit: Emit, scope: Scope) -> tuple[list[Expanded], pl.DataFrame]:
    """Return the rows of each branch, and causes by ``src``: none beside an item, boxes not understood.

    Rows are ordered by source row, then by step.
    """
    chosen = rows_where(scope.frame, emit.where, scope)
    clashes = [_odd_ticks(step, chosen, scope) for step in emit.each if isinstance(step, FlaggedStep)]
    frames: list[pl.DataFrame] = []
    ways = list(branches(emit.each))
    for place, way in enumerate(ways):
        frame = _rows_of_branch(way, chosen, scope)
        for split in way.splits:
            frame, clash = _split(split, frame, scope)
            clashes.append(clash)
        frames.append(frame.with_columns(pl.lit(place).alias("branch")).with_row_index("within"))
    places = pl.concat([frame.select("src", "branch", "within") for frame in frames]).sort(
        "src", "branch", "within"
    )
    places = places.with_row_index("order").with_columns(
        pl.int_range(1, pl.len() + 1).over("src").alias("number")
    )
    expanded = []
    for way, frame in zip(ways, frames, strict=True):
        own = frame.join(places, on=["src", "branch", "within"], how="left", maintain_order="left")
        counted = own.with_columns(pl.col("number").cast(pl.String).alias("$n")).drop(
            "branch", "within", "number"
        )
        expanded.append(Expanded(way, counted))
    return expanded, pl.concat([no_causes(), *clashes])


def _rows_of_branch(way: Branch, chosen: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Return the source rows that a branch applies to."""
    # A predicate of literals only has no length and fails on large frames, so absent headers leave early.
    columns = [scope.index.column(header) for header in way.filled]
    if any(column not in chosen.columns for column in columns):
        return chosen.clear()
    codes = list(scope.read.missing)
    tests = [
        pl.col(column).is_not_null() & ~pl.col(column).is_in(codes)
        for column in columns
        if column is not None
    ]
    rows = chosen.filter(*tests) if tests else chosen
    return rows_where(rows, dict(way.flagged), scope)


def _split(split: SplitStep, frame: pl.DataFrame, scope: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return one row for each item of a cell, and the rows where "none" stands together with an item."""
    column = scope.index.column(split.header)
    name = f"${split.variable}"
    if column is None or column not in frame.columns:
        return frame.clear().with_columns(pl.lit(None, dtype=pl.String).alias(name)), no_causes()
    items = pl.col(column).str.replace_all(split.sep, _ITEM_END).str.split(_ITEM_END).alias(name)
    exploded = frame.filter(pl.col(column).is_not_null()).with_columns(items).explode(name)
    exploded = exploded.with_columns(pl.col(name).str.strip_chars()).filter(pl.col(name) != "")
    is_code = pl.col(name).is_in(list(scope.read.missing))
    is_none = pl.col(name).is_in(list(split.none))
    real = exploded.filter(~is_none & ~is_code)
    clash = exploded.filter(is_none).join(real.select("src").unique(), on="src", how="semi")
    return real, _clashes(clash, scope.index.label(column))


def _odd_ticks(step: FlaggedStep, chosen: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Return the boxes that are neither ticked nor unticked."""
    found = [no_causes()]
    known = [*step.accepted, *step.refused, *scope.read.missing]
    for header in step.columns if step.refused else ():
        column = scope.index.column(header)
        if column is not None and column in chosen.columns:
            odd = chosen.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known))
            found.append(_clashes(odd, scope.index.label(column), rule_id=_UNKNOWN_RULE, detail="box"))
    return pl.concat(found)


def _clashes(
    rows: pl.DataFrame, label: str, *, rule_id: str = NONE_WITH_ITEM_RULE, detail: str = "none"
) -> pl.DataFrame:
    """Return one cause for each source row."""
    once = rows.unique("src", keep="first", maintain_order=True)
    return once.select(
        pl.col("src").alias("at"),
        pl.lit(rule_id).alias("rule_id"),
        pl.lit(label).alias("header"),
        pl.lit(detail).alias("detail"),
        "record",
        "line",
        pl.lit(value=False).alias("is_inherited"),
    ).select(list(CAUSE_SCHEMA))
