"""The filters of the dashboard as one frozen value, and their SQL conditions with every value bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from analytics.errors import SpecificationError
from analytics.store.statements import placeholders, quote_name

if TYPE_CHECKING:
    from collections.abc import Sequence

StrategyBasis = Literal["intended", "as_treated"]
SeveritySource = Literal["preferred", "angiography", "ivus", "oct"]

STRATEGY_COLUMNS: dict[str, str] = {"intended": "strategy_intended", "as_treated": "strategy_as_treated"}
"""Which column of a cohort table holds the device strategy."""

SEVERITY_COLUMNS: dict[str, str] = {
    "preferred": "severity",
    "angiography": "severity_angiography",
    "ivus": "severity_ivus",
    "oct": "severity_oct",
}
"""Which column of a cohort table holds the calcification grade."""


@dataclass(frozen=True)
class CohortFilter:
    """Which procedures to look at; an empty tuple or None means all.

    Parameters
    ----------
    years
        First and last calendar year of the procedure, both included. Procedures without a calendar date
        (sites with relative days) are left out as soon as years are chosen.
    sites
        Site codes.
    severities
        Calcification grades, read from `severity_source`.
    strategies
        Device strategies, read from `strategy_basis`.
    presentations
        Presentations or groups of presentations (``chronic``, ``acute``, ``other_unknown``).
    strategy_basis
        ``intended`` (first modification device) or ``as_treated``.
    severity_source
        ``preferred`` (the documented order of sources) or one source.
    first_procedures_only
        Whether only index procedures count.
    """

    years: tuple[int, int] | None = None
    sites: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    presentations: tuple[str, ...] = ()
    strategy_basis: StrategyBasis = "intended"
    severity_source: SeveritySource = "preferred"
    first_procedures_only: bool = True

    @property
    def strategy_column(self) -> str:
        """Column that holds the strategy on this basis."""
        return _choose(STRATEGY_COLUMNS, self.strategy_basis, "strategy_basis")

    @property
    def severity_column(self) -> str:
        """Column that holds the grade of this source."""
        return _choose(SEVERITY_COLUMNS, self.severity_source, "severity_source")


ALL_FIRST_PROCEDURES = CohortFilter()
"""No filter except that each patient counts once."""


@dataclass(frozen=True)
class Condition:
    """One condition of a WHERE clause: the columns it reads, its SQL, and the values to bind."""

    columns: tuple[str, ...]
    sql: str
    parameters: tuple[object, ...] = ()


def derive_conditions(filters: CohortFilter) -> tuple[Condition, ...]:
    """Write a filter as conditions on the columns of ``cohort_procedures``.

    Parameters
    ----------
    filters
        What the user chose.

    Returns
    -------
    tuple of Condition
        All must hold; none for a filter that admits everything.

    Raises
    ------
    SpecificationError
        A basis or source that does not exist.
    """
    chosen = (
        _one_of((filters.strategy_column,), filters.strategies),
        _one_of((filters.severity_column,), filters.severities),
        _one_of(("site_id",), filters.sites),
        _one_of(("presentation", "presentation_group"), filters.presentations),
        Condition(("procedure_year",), '"procedure_year" between ? and ?', filters.years)
        if filters.years
        else None,
        Condition(("is_index",), '"is_index"') if filters.first_procedures_only else None,
    )
    return tuple(condition for condition in chosen if condition is not None)


def join_conditions(conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    """Join conditions to a WHERE clause (or nothing) and the values to bind, in order."""
    if not conditions:
        return "", []
    clause = "where " + " and ".join(condition.sql for condition in conditions)
    return clause, [value for condition in conditions for value in condition.parameters]


def _one_of(columns: tuple[str, ...], values: tuple[str, ...]) -> Condition | None:
    """Ask that one of the columns holds one of the values."""
    if not values:
        return None
    tests = [f"{quote_name(column)} in ({placeholders(values)})" for column in columns]
    return Condition(columns, f"({' or '.join(tests)})", values * len(columns))


def _choose(columns: dict[str, str], key: str, setting: str) -> str:
    """Look up a column; an unknown key is the user's error."""
    if key not in columns:
        raise SpecificationError(where=setting, what="unknown value", fix=f"Use one of {', '.join(columns)}.")
    return columns[key]
