"""Conditions on a lesion, as data files write them: true, false, or not known from the record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analytics.devices.sources import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAY_BE: Final = {
    "none_mild": ("none", "mild"),
    "not_severe": ("none", "mild", "moderate"),
    "unknown": ("none", "mild", "moderate", "severe"),
}
"""What a coarse grade may stand for; it meets a condition only where all of that does."""

GRADE_COLUMN: Final = "severity"
"""The one column whose codes may be coarse."""

COLUMNS: Final = (
    "severity",
    "vessel",
    "lesion_length_mm",
    "reference_diameter_mm",
    "crossability",
    "tortuosity",
    "angulation",
    "cto",
    "in_stent_restenosis",
    "bifurcation",
    "ostial",
    "calcium_arc_deg",
    "calcium_length_mm",
    "calcium_depth",
    "has_nodule",
    "strategy_as_treated",
)
"""Columns of a lesion that a condition may name."""

_COMPARISONS: Final[dict[str, Callable[[pl.Expr, float], pl.Expr]]] = {
    "above": lambda value, limit: value > limit,
    "at_least": lambda value, limit: value >= limit,
    "below": lambda value, limit: value < limit,
    "at_most": lambda value, limit: value <= limit,
}


@dataclass(frozen=True)
class Condition:
    """A condition on one lesion.

    Parameters
    ----------
    claim
        True, False, or null where the record cannot tell. With several parts the logic is Kleene's: a false
        part settles `all`, a true one settles `any`.
    columns
        Columns that it reads.
    """

    claim: pl.Expr
    columns: frozenset[str]


def read_condition(raw: object, where: str) -> Condition:
    """Read a condition.

    Parameters
    ----------
    raw
        ``{column, is = [...]}``; ``{column, above | at_least | below | at_most = number}``; or
        ``{all = [...]}`` or ``{any = [...]}`` of such.
    where
        Place of the file for the error.

    Returns
    -------
    Condition
        The code ``unknown`` and an empty cell are never known.

    Raises
    ------
    SpecificationError
        Where it is none of these, or names an unknown column.
    """
    if isinstance(raw, dict) and set(raw) == {"all"}:
        return _combine(raw["all"], and_, where)
    if isinstance(raw, dict) and set(raw) == {"any"}:
        return _combine(raw["any"], or_, where)
    if not isinstance(raw, dict) or raw.get("column") not in COLUMNS or len(raw) != 2:
        raise refuse(
            where, "not a condition", f"Write column and one test; columns are {', '.join(COLUMNS)}."
        )
    return _single(raw, where)


def _combine(raw: object, operator: Callable[[pl.Expr, pl.Expr], pl.Expr], where: str) -> Condition:
    """Join parts."""
    if not isinstance(raw, list) or not raw:
        raise refuse(where, "all or any without parts", "Write a list of conditions.")
    parts = [read_condition(part, where) for part in raw]
    claim = reduce(operator, [part.claim for part in parts])
    return Condition(claim, frozenset().union(*(part.columns for part in parts)))


def _single(raw: dict[str, Any], where: str) -> Condition:
    """Read a test of one column."""
    column = raw["column"]
    test = next(name for name in raw if name != "column")
    wanted = raw[test]
    if test == "is" and isinstance(wanted, list) and wanted:
        claim = _is_grade(wanted) if column == GRADE_COLUMN else _is_code(column, wanted)
    elif test in _COMPARISONS and isinstance(wanted, int | float):
        claim = _COMPARISONS[test](pl.col(column), float(wanted))
    else:
        raise refuse(where, "unknown test", f"Use is = [...] or one of {', '.join(_COMPARISONS)}.")
    return Condition(claim, frozenset({column}))


def _is_code(column: str, wanted: Iterable[object]) -> pl.Expr:
    """Whether a code or flag is among some."""
    text = pl.col(column).cast(pl.String)
    values = [str(value).lower() if isinstance(value, bool) else str(value) for value in wanted]
    return pl.when(text != "unknown").then(text.is_in(values))


def _is_grade(wanted: Iterable[str]) -> pl.Expr:
    """Whether a grade is among some; null where a coarse one may be and may not be."""
    names = set(wanted)
    stands_for = {grade: {grade} for grade in ("none", "mild", "moderate", "severe")}
    stands_for |= {grade: set(parts) for grade, parts in MAY_BE.items()}
    surely = [grade for grade, parts in stands_for.items() if parts <= names]
    never = [grade for grade, parts in stands_for.items() if not parts & names]
    grade = pl.col(GRADE_COLUMN)
    return pl.when(grade.is_in(surely)).then(statement=True).when(grade.is_in(never)).then(statement=False)
