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
    "S": "comparison with other sites and earlier periods",
}
"""Classes of data-quality checks after Kahn et al. (2016), eGEMs 4(1):1244, and two of our own."""


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

    @property
    def is_waivable(self) -> bool:
        """Whether a reviewed waiver may set findings of this rule aside.

        What refuses a file, rejects a row or breaks a key cannot be waived; neither can a type or code list.
        """
        return self.level not in {"FILE", "ROW"} and self.id not in UNWAIVABLE


UNWAIVABLE = frozenset({"C01", "C02", "C03", "C07", "C13", "C17", "K07", "K11", "K14"})
"""Rules that are no matter of judgement although they do not reject a row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowCheck:
    """A check that blames one row; it runs inside the Pandera schema of its table.

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
    applies
        Rows that the rule can be held against; without it those whose ``column`` is filled, and with it at
        least one other column that ``passes`` looks at.
    is_beyond_row
        Whether ``passes`` looks at other rows too.
    """

    rule_id: str
    table: str
    column: str
    passes: pl.Expr
    level: str | None = None
    applies: pl.Expr | None = None
    is_beyond_row: bool = False


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
    needs
        ``table.column`` of what a site must send for the rule to apply, beside ``column`` itself.
    """

    rule_id: str
    table: str
    column: str
    failing: Callable[[Frames], pl.Series]
    level: str | None = None
    needs: tuple[str, ...] = ()
