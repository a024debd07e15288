"""What a submission cannot tell about itself: the period it covers, who may send it, and what came before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """Facts from outside the submission. A rule that needs one which is not given does not apply.

    Parameters
    ----------
    registered_sites
        Sites that the submitter may send (rule F10).
    period
        First and last procedure date that the submission declares (rule F11).
    previous_keys
        Primary keys of the earlier submission that this one replaces, by table (rule K13).
    previous_patients
        Patients as earlier submissions described them: ``patient_id``, ``site_id``, ``sex`` (rule K03).
    history
        Accepted canonical rows of earlier submissions, by table, for rules that compare with the past or
        with other sites (D04, S01 to S04).
    declared_volumes
        Number of procedures that each site declares for the submission (rule M08).
    """

    registered_sites: frozenset[str] | None = None
    period: tuple[date, date] | None = None
    previous_keys: Mapping[str, pl.Series] = field(default_factory=dict)
    previous_patients: pl.DataFrame | None = None
    history: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    declared_volumes: Mapping[str, int] = field(default_factory=dict)


NO_CONTEXT = Context()
"""A submission of which nothing else is known."""
