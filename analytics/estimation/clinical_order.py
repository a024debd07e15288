"""Grades and strategies in the order in which clinicians read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.charts.labels import order_severities, order_strategies

if TYPE_CHECKING:
    from collections.abc import Iterable

UNGRADED = "unknown"
SEVERITY_GROUPS = ("none or mild", "moderate", "severe")
SEVERITIES = ("severity", "severity_group", "severity_angiography", "severity_ivus", "severity_oct")
STRATEGIES = ("strategy", "strategy_intended", "strategy_as_treated")
GRADED = frozenset({*SEVERITIES, *STRATEGIES})
"""Columns whose values have an order, and whose ``unknown`` is no level."""


def order_levels(column: str, found: Iterable[str]) -> tuple[str, ...]:
    """Order the levels of a column.

    Parameters
    ----------
    column
        Its name tells what it holds.
    found
        Its values; grades go from least to most calcium, strategies in their fixed order, others by the
        alphabet.
    """
    levels = sorted(set(found))
    if column == "severity_group":
        return tuple(name for name in SEVERITY_GROUPS if name in levels)
    if column in SEVERITIES:
        return tuple(order_severities(levels))
    if column in STRATEGIES:
        return tuple(order_strategies(levels))
    return tuple(levels)
