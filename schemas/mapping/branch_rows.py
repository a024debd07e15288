"""Evaluates every column of an emit on the rows that came one way through its steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.expressions import evaluate
from schemas.mapping.findings import required_columns
from schemas.mapping.notes import NOTE_SCHEMA, PARTIAL_RULE
from schemas.mapping.scope import CAUSE_SCHEMA, Evaluated, Scope, Target
from schemas.registry import TABLES

if TYPE_CHECKING:
    from schemas.mapping.model import Emit
    from schemas.mapping.steps import Expanded

_MISSING_SCHEMA = {"column": pl.String, "header": pl.String, "reason": pl.String, "n": pl.Int64}


@dataclass(frozen=True, eq=False)
class BranchRows:
    """Rows of one branch of an emit.

    Parameters
    ----------
    rows
        Canonical text with ``order``, ``record`` and ``line``.
    causes, notes
        `CAUSE_SCHEMA` and `NOTE_SCHEMA` with ``order`` in place of ``at``, plus ``column``.
    missing
        ``column``, ``header``, ``reason``, ``n``.
    headers
        Canonical column to the site's header, where the branch reads it from one.
    """

    rows: pl.DataFrame
    causes: pl.DataFrame
    notes: pl.DataFrame
    missing: pl.DataFrame
    headers: dict[str, str]


def evaluate_branch(emit: Emit, part: Expanded, scope: Scope) -> BranchRows:
    """Return the rows of one branch with what was found and noted about them.

    Parameters
    ----------
    emit
        The section.
    part
        Rows of the branch and the way they came.
    scope
        Whole source rows.
    """
    labels = {
        split.variable: scope.index.label(column)
        for split in part.branch.splits
        if (column := scope.index.column(split.header)) is not None
    }
    inner = replace(scope, frame=part.frame, bindings=part.branch.bindings, split_labels=labels)
    found = _evaluated_columns(emit, inner)
    if emit.table == "events":
        found = _with_contradicted_precision(found)
    rows = part.frame.select("order", "record", "line").with_columns(
        value.values.cast(pl.String).alias(name) for name, value in found.items()
    )
    return BranchRows(
        rows,
        pl.concat([_by_order(value.causes, name, part.frame) for name, value in found.items()]),
        pl.concat([_by_order(value.notes, name, part.frame) for name, value in found.items()]),
        _missing_counts(found),
        {name: value.header for name, value in found.items() if value.header is not None},
    )


def _evaluated_columns(emit: Emit, scope: Scope) -> dict[str, Evaluated]:
    """Return the evaluation of each column that an emit sets."""
    columns = TABLES[emit.table].by_name
    keys = {TABLES[emit.table].primary_key, *(link.column for link in TABLES[emit.table].references)}
    needed = required_columns(emit.table, emit.columns)
    found: dict[str, Evaluated] = {}
    for name, expression in emit.columns.items():
        column = columns[name]
        target = Target(
            name, column.kind, column.unit, is_needed=name in needed, is_key=name in keys - {"site_id"}
        )
        value = evaluate(expression, scope, target=target)
        found[name] = value if target.is_needed else value.without_blanks()
    return found


def _by_order(found: pl.DataFrame, column: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return causes or notes of one column by the place of their row among all rows of the emit."""
    order = frame.select(pl.int_range(pl.len()).alias("at"), pl.col("order").cast(pl.Int64))
    tied = found.join(order, on="at", maintain_order="left")
    return tied.drop("at").with_columns(pl.lit(column).alias("column"))


def _missing_counts(found: dict[str, Evaluated]) -> pl.DataFrame:
    """Return how many cells of each column held a missing code, by reason; 0 where none did."""
    rows = [
        (name, value.header, reason, n)
        for name, value in found.items()
        for reason, n in (value.missing or {"": 0}).items()
    ]
    return pl.DataFrame(rows, schema=_MISSING_SCHEMA, orient="row")


def _with_contradicted_precision(found: dict[str, Evaluated]) -> dict[str, Evaluated]:
    """Turn the note of a partial event date into a fault where the row claims to know the day."""
    date, precision = found.get("event_date"), found.get("event_date_precision")
    if date is None or precision is None or date.notes.is_empty():
        return found
    claims = (precision.values == "day").fill_null(value=False).arg_true().cast(pl.Int64).to_list()
    is_false = pl.col("at").is_in(claims) & (pl.col("rule_id") == PARTIAL_RULE)
    causes = date.notes.filter(is_false).with_columns(pl.lit(value=False).alias("is_inherited"))
    causes = pl.concat([date.causes, causes.select(list(CAUSE_SCHEMA))])
    notes = date.notes.filter(~is_false).select(list(NOTE_SCHEMA))
    return {**found, "event_date": replace(date, causes=causes, notes=notes)}
