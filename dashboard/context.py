"""What every page is given: the snapshot, the filter, and who is looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.store.filters import CohortFilter
    from dashboard.filters import FilterKey
    from dashboard.roles import Role


@dataclass(frozen=True)
class PageContext:
    """Arguments of a page.

    Parameters
    ----------
    snapshot
        Path of the snapshot that this run reads.
    filters
        The cohort chosen in the sidebar, every value checked against what exists.
    key
        The same as a tuple of plain values, for cached reads.
    role
        Who is looking.
    """

    snapshot: str
    filters: CohortFilter
    key: FilterKey
    role: Role
