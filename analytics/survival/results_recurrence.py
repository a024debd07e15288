"""What the estimators of recurrent events return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from analytics.survival.results import Basis


@dataclass(frozen=True, eq=False)
class MeanCumulativeCount:
    """Mean number of events per patient up to every day, in one group.

    Parameters
    ----------
    group
        Label of the group.
    table
        One row per day on which somebody had an event, left or died: ``time_days``, ``n_risk`` (patients
        under observation just before the day), ``n_event`` (events of the recurrent kind, several of one
        patient counted each), ``n_terminal`` (deaths), ``survival`` (share alive; 1 without a terminal
        event), ``mean_count``, ``std_error``, ``lower``, ``upper``.
    n_patients
        Patients in the group; ``basis.n`` counts their rows.
    basis
        What the estimate rests on; ``n_events`` counts the recurrent events.
    """

    group: str
    table: pl.DataFrame
    n_patients: int
    basis: Basis
