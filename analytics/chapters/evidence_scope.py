"""Which groups of a filtered cohort may be set beside published figures at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.evidence.vocabulary import ALL

if TYPE_CHECKING:
    from analytics.store.filters import CohortFilter

ANGIOGRAPHIC = ("preferred", "angiography")
"""Sources of grades that take the angiogram first."""


def is_whole_group(strategy: str, severity: str, population: CohortFilter) -> bool:
    """Tell whether a group is what published figures are about.

    Parameters
    ----------
    strategy, severity
        Group, ``all`` for a margin.
    population
        The filter of the cohort.

    Returns
    -------
    bool
        False for a margin over devices or grades of which the filter takes only some, and for a grade that
        comes from imaging: sources grade by the angiogram, and imaging sees about twice as much calcium.
    """
    if strategy == ALL and population.strategies:
        return False
    if severity == ALL:
        return not population.severities
    return population.severity_source in ANGIOGRAPHIC
