"""What a rule is, and the two forms in which a rule is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from schemas.rules.frames import Frames

LEVELS = ("FILE", "ROW", "NULL", "WARN", "INFO")
"""Effects: nothing is loaded; the row is rejected; the value is emptied; the row is listed; it is counted."""

KAHN_CLASSES = {
    "Cv": "conformance to a value list or type",
    "Cr": "conformance of keys and references",
    "Cc": "conformance of computed values",
    "K": "completeness",
    "Pa": "plausibility",
    "Pt": "plausibility in time",
    "D": "duplicates",
}
"""Classes of data-quality checks after Kahn et al. (2016), eGEMs 4(1):1244, and one for duplicates."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One entry of the rule catalogue.

    Parameters
    ----------
    id
        Stable id; a finding carries it.
    level
        One of `LEVELS`. A rule of level NULL rejects the row where the column is required.
    sentence
        What is wrong, for a data manager.
    remedy
        How to fix it.
    kahn
        One of `KAHN_CLASSES`.
    tables
        Canonical tables the rule looks at; ``file`` for the incoming file, ``all`` for every table.
    """

    id: str
    level: str
    sentence: str
    remedy: str
    kahn: str
    tables: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class RowCheck:
    """A check that needs one row only; it runs inside the Pandera schema of its table.

    Parameters
    ----------
    rule_id
        Rule that a failure breaks.
    table, column
        Table, and the column that a failure is reported at (and emptied at level NULL).
    passes
        Expression over the table; null passes.
    level
        Effect of a failure where it differs from the rule's own.
    """

    rule_id: str
    table: str
    column: str
    passes: pl.Expr
    level: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossCheck:
    """A check that needs other rows or other tables.

    Parameters
    ----------
    rule_id
        Rule that a failure breaks.
    table, column
        Table, and the column that a failure is reported at (and emptied at level NULL).
    failing
        Function over the accepted rows that returns the ``at`` numbers of the failing rows of ``table``.
    level
        Effect of a failure where it differs from the rule's own.
    """

    rule_id: str
    table: str
    column: str
    failing: Callable[[Frames], pl.Series]
    level: str | None = None
