"""Builders of schema columns, so that a table module reads as a list of fields.

Every rule about one cell stands here once, as a Pandera check that carries the id of its rule. What the
checks cannot say (unit, usual range, whether a value is expected) travels as column metadata;
`schemas.registry` reads it back.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandera.polars as pa
import polars as pl

from schemas.check_expressions import EXPRESSION

if TYPE_CHECKING:
    from collections.abc import Mapping

Bound = float | date | None
Range = tuple[Bound, Bound]

REQUIRED = ("yes", "expected", "no")
FIRST_DATE = date(1990, 1, 1)
IDENTIFIER = r"^[A-Za-z0-9_:.-]{1,64}$"


def text(
    definition: str,
    *,
    pattern: str | None = None,
    required: str = "no",
    references: str | None = None,
    condition: str = "",
) -> pa.Column:
    """Return a text column.

    Parameters
    ----------
    definition
        One sentence for the data dictionary.
    pattern
        Regular expression of the whole text, written ``^...$`` because Pandera anchors at the start only.
    required
        One of `REQUIRED`.
    references
        ``table.column`` that the value must exist in, or None.
    condition
        When a value is expected although the column is not, in words for the dictionary; rule C06 checks it.
    """
    checks = [] if pattern is None else [pa.Check.str_matches(pattern, error="C13")]
    facts = {"kind": "string", "pattern": pattern, "references": references, "condition": condition}
    return _column(pl.String, checks, definition, required, facts)


def key(definition: str, *, pattern: str = IDENTIFIER) -> pa.Column:
    """Return the primary-key column of a table: a required pseudonymous identifier."""
    column = text(definition, pattern=pattern, required="yes")
    column.metadata = {**(column.metadata or {}), "key": True}
    return column


def link(definition: str, *, references: str, required: str = "yes") -> pa.Column:
    """Return a column that holds the key ``table.column`` of another table."""
    return text(definition, pattern=IDENTIFIER, required=required, references=references)


def code(
    definition: str, *, codes: tuple[str, ...], required: str = "no", condition: str = "", kind: str = "enum"
) -> pa.Column:
    """Return a column whose values come from a closed list.

    Parameters
    ----------
    definition
        One sentence for the data dictionary.
    codes
        Every value that may stand in the column.
    required
        One of `REQUIRED`.
    condition
        When a value is expected although the column is not, in words for the dictionary; rule C06 checks it.
    kind
        ``enum``, or ``string`` for a list that is text by nature (segment numbers).
    """
    checks = [pa.Check.isin(list(codes), error="C02")]
    return _column(
        pl.String, checks, definition, required, {"kind": kind, "codes": codes, "condition": condition}
    )


def number(
    definition: str,
    *,
    unit: str,
    warn: Range | None = None,
    hard: Range,
    required: str = "no",
    condition: str = "",
) -> pa.Column:
    """Return a decimal column with unit, usual range (rule C04) and possible range (rule C03), inclusive."""
    checks = [pa.Check(_is_finite, error="C03", statistics={EXPRESSION: _finite}), _between(hard)]
    facts = {"kind": "float", "unit": unit, "warn": warn, "hard": hard, "condition": condition}
    return _column(pl.Float64, checks, definition, required, facts)


def whole(
    definition: str,
    *,
    unit: str = "",
    warn: Range | None = None,
    hard: Range,
    required: str = "no",
    condition: str = "",
) -> pa.Column:
    """Return a whole-number column with its unit, usual range (rule C04) and possible range (rule C03)."""
    facts = {"kind": "int", "unit": unit, "warn": warn, "hard": hard, "condition": condition}
    return _column(pl.Int64, [_between(hard)], definition, required, facts)


def grade(
    definition: str,
    *,
    codes: tuple[int, ...],
    unit: str = "grade",
    warn: Range | None = None,
    required: str = "no",
) -> pa.Column:
    """Return a whole-number column with a closed list of values."""
    facts = {
        "kind": "int",
        "unit": unit,
        "codes": tuple(str(value) for value in codes),
        "warn": warn,
        "hard": (min(codes), max(codes)),
    }
    return _column(pl.Int64, [pa.Check.isin(list(codes), error="C02")], definition, required, facts)


def flag(definition: str, *, required: str = "no", condition: str = "") -> pa.Column:
    """Return a true-or-false column."""
    return _column(pl.Boolean, [], definition, required, {"kind": "bool", "condition": condition})


def day(
    definition: str,
    *,
    first: date = FIRST_DATE,
    usual_first: date | None = None,
    required: str = "no",
    condition: str = "",
) -> pa.Column:
    """Return a calendar-date column.

    Parameters
    ----------
    definition
        One sentence for the data dictionary.
    first, usual_first
        Earliest possible and earliest usual date. The latest is the load date, which rule T01 knows.
    required
        One of `REQUIRED`.
    condition
        When a value is demanded although the column is not, in words for the dictionary.
    """
    warn = None if usual_first is None else (usual_first, None)
    facts = {"kind": "date", "warn": warn, "hard": (first, None), "condition": condition}
    return _column(pl.Date, [_between((first, None))], definition, required, facts)


def relative_day(definition: str, *, first: int = -36525) -> pa.Column:
    """Return a column of whole days since the patient's time zero, for sites that send no dates."""
    return whole(
        definition,
        unit="days",
        hard=(first, 36525),
        condition="stands in for the date where date_policy is relative",
    )


def table_schema(name: str, definition: str, columns: Mapping[str, pa.Column]) -> pa.DataFrameSchema:
    """Return the hard schema of a table: types, code lists, possible ranges, required values."""
    return pa.DataFrameSchema(dict(columns), strict=True, name=name, title=name, description=definition)


def usual_range_check(bounds: Range) -> pa.Check:
    """Return the check of rule C04 for a usual range."""
    return _between(bounds, rule_id="C04")


def _column(
    dtype: type[pl.DataType], checks: list[pa.Check], definition: str, required: str, facts: Mapping[str, Any]
) -> pa.Column:
    """Assemble a column; only a required one refuses nulls."""
    metadata = {name: value for name, value in facts.items() if value}
    return pa.Column(
        dtype,
        checks,
        nullable=required != "yes",
        description=definition,
        metadata={**metadata, "required": required},
    )


def _between(bounds: Range, *, rule_id: str = "C03") -> pa.Check:
    """Return an inclusive range check; an open end is not checked."""
    low, high = bounds
    if high is None:
        return pa.Check.ge(low, error=rule_id)
    if low is None:
        return pa.Check.le(high, error=rule_id)
    return pa.Check.in_range(low, high, error=rule_id)


def _is_finite(data: pa.PolarsData) -> pl.LazyFrame:
    """Infinite and not-a-number pass range checks on nullable floats, so they are refused by name."""
    return data.lazyframe.select(_finite(data.key).fill_null(value=True))


def _finite(name: str) -> pl.Expr:
    """Return whether a number is finite."""
    return pl.col(name).is_finite()
