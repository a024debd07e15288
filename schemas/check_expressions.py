"""What makes a cell fail, as one polars expression for each column of a Pandera schema.

The expressions are read off the very checks of the schema. They only tell where Pandera need not be asked: a
check that is not known here counts as failing everywhere, so that Pandera is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandera.polars as pa
    from polars._typing import ClosedInterval

EXPRESSION = "expression"
"""Key among the statistics of a check of our own: a function from the column's name to what passes."""

BEYOND_ROW = "beyond_row"
"""Key among the statistics of a check that looks at other rows too."""


def failing_expression(column: pa.Column) -> pl.Expr:
    """Return whether a cell of a column is missing where it must not be, or fails one of its checks.

    Parameters
    ----------
    column
        Column of a schema, with its name.
    """
    name = str(column.name)
    fails = [_fails(check, name) for check in column.checks]
    if not column.nullable:
        fails.append(pl.col(name).is_null())
    return pl.any_horizontal(fails) if fails else pl.lit(value=False)


def looks_beyond_row(column: pa.Column) -> bool:
    """Return whether a check of a column looks at other rows too, or may do so."""
    return any(BEYOND_ROW in (check.statistics or {}) or not _is_known(check) for check in column.checks)


def _is_known(check: pa.Check) -> bool:
    """Return whether what makes a check fail can be told."""
    has_expression = EXPRESSION in (check.statistics or {}) or check.name in _BUILT_IN
    return has_expression and bool(check.ignore_na) and check.groupby is None


def _fails(check: pa.Check, name: str) -> pl.Expr:
    """Return where a check fails; null passes, as Pandera's ``ignore_na`` says."""
    facts = check.statistics or {}
    if not _is_known(check):
        return pl.lit(value=True)
    own = facts.get(EXPRESSION)
    passes = _BUILT_IN[str(check.name)](pl.col(name), facts) if own is None else own(name)
    return ~passes.fill_null(value=True)


def _matches(cell: pl.Expr, facts: Mapping[str, Any]) -> pl.Expr:
    """Return whether a text matches a pattern from its start."""
    pattern = str(facts["pattern"])
    return cell.str.contains(pattern if pattern.startswith("^") else f"^{pattern}")


_CLOSED: dict[tuple[bool, bool], ClosedInterval] = {
    (True, True): "both",
    (True, False): "left",
    (False, True): "right",
    (False, False): "none",
}

_BUILT_IN: dict[str, Callable[[pl.Expr, Mapping[str, Any]], pl.Expr]] = {
    "isin": lambda cell, facts: cell.is_in(facts["allowed_values"]),
    "greater_than_or_equal_to": lambda cell, facts: cell >= facts["min_value"],
    "less_than_or_equal_to": lambda cell, facts: cell <= facts["max_value"],
    "in_range": lambda cell, facts: cell.is_between(
        facts["min_value"], facts["max_value"], closed=_CLOSED[facts["include_min"], facts["include_max"]]
    ),
    "str_matches": _matches,
}
"""Checks of Pandera that the schemas use, by the name that Pandera gives them."""
