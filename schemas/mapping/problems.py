"""One thing that is wrong in a mapping, and what a column can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.registry import Column

_PATTERNS = {
    "bool": r"true|false",
    "int": r"-?[0-9]+",
    "float": r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_WORDS = {
    "bool": "true, false",
    "int": "whole numbers",
    "float": "numbers",
    "date": "ISO dates",
}


@dataclass(frozen=True)
class MappingProblem:
    """One thing that is wrong in a mapping.

    Parameters
    ----------
    where, what, fix
        Place, fact and remedy, as in `SchemaFileError`.
    """

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.where}: {self.what}. {self.fix}."


def value_fault(text: str, column: Column) -> str | None:
    """Return the remedy if a column cannot hold a canonical text, None if it can.

    Parameters
    ----------
    text
        Canonical text.
    column
        The column: its code list, its form and its possible range count.
    """
    if column.codes:
        return None if text in column.codes else "Use one of " + ", ".join(column.codes)
    pattern = _PATTERNS.get(column.kind) or column.pattern
    if pattern is not None and re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is None:
        words = _WORDS.get(column.kind)
        return f"Use one of {words}" if words else f"Use the form {pattern}"
    if column.kind in {"int", "float"} and column.hard is not None:
        low, high = (bound if isinstance(bound, int | float) else None for bound in column.hard)
        if (low is not None and float(text) < low) or (high is not None and float(text) > high):
            return f"Use a number from {_end(low)} to {_end(high)}"
    return None


def _end(bound: float | None) -> str:
    """Return one end of a range in words."""
    return "any" if bound is None else f"{bound:g}"
