"""Risk tables: who is under observation just before each day, and who leaves on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_counts import CAUSE, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts


@dataclass(frozen=True, eq=False)
class RiskTable:
    """At-risk and event numbers on the distinct days of one stratum.

    Parameters
    ----------
    times
        Distinct days on which somebody left observation, ascending.
    n_risk
        Under observation just before each day: left on or after it, entered before it. Sum of weights where
        ``weighted``.
    n_censor
        Censored on the day.
    n_event
        One row per cause code 1, 2, ...; one column per day.
    person_days
        Days under observation of all patients together, unweighted.
    entry_times, entry_n
        Days of late entry and how many entered, for reading numbers at risk between the days; empty
        otherwise.
    edges
        Where each stratum begins, where several lie end to end, and the number of days; empty for one stratum
        (see :func:`analytics.survival.stacked_strata.stack_strata`).
    """

    times: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    n_censor: NDArray[np.float64]
    n_event: NDArray[np.float64]
    person_days: float
    entry_times: NDArray[np.float64]
    entry_n: NDArray[np.float64]
    edges: tuple[int, ...] = ()

    @property
    def all_events(self) -> NDArray[np.float64]:
        """Events of any cause per day."""
        total: NDArray[np.float64] = self.n_event.sum(axis=0)
        return total

    @property
    def spans(self) -> tuple[slice, ...]:
        """Days of each stratum in turn; all of them for one stratum."""
        edges = self.edges or (0, len(self.times))
        return tuple(slice(*pair) for pair in pairwise(edges))

    def at_risk(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count those under observation just before arbitrary days.

        Parameters
        ----------
        days
            Days since time zero, in any order.
        """
        left = np.concatenate([[0.0], np.cumsum(self.n_censor + self.all_events)])
        entered = np.concatenate([[0.0], np.cumsum(self.entry_n)])
        from_start = left[-1] - entered[-1]
        late = entered[np.searchsorted(self.entry_times, days, side="left")]
        result: NDArray[np.float64] = from_start + late - left[np.searchsorted(self.times, days, side="left")]
        return result


def build_risk_table(counts: EventCounts, *, n_causes: int = 1, weighted: bool = False) -> RiskTable:
    """Turn the counts of one stratum into a risk table.

    Parameters
    ----------
    counts
        Counts without strata columns (see :meth:`EventCounts.of_group`).
    n_causes
        Number of cause codes to tell apart; higher codes count as censored.
    weighted
        Use sums of weights in place of patients.

    Returns
    -------
    RiskTable
        Ascending days; empty arrays where there are no patients.
    """
    size = "sum_w" if weighted else "n"
    frame = counts.frame
    days = frame[TIME].to_numpy().astype(np.float64)
    times, position = np.unique(days, return_inverse=True)
    cause = frame[CAUSE].to_numpy()
    row = np.where((cause >= 1) & (cause <= n_causes), cause, 0)
    cells: NDArray[np.float64] = np.bincount(
        row * len(times) + position,
        weights=frame[size].to_numpy().astype(np.float64),
        minlength=(n_causes + 1) * len(times),
    ).astype(np.float64)
    table = cells.reshape(n_causes + 1, len(times))
    entries = counts.entries
    entry_times = np.zeros(0) if entries is None else entries[TIME].to_numpy().astype(np.float64)
    entry_n = np.zeros(0) if entries is None else entries[size].to_numpy().astype(np.float64)
    return RiskTable(
        times=times,
        n_risk=_just_before(times, table.sum(axis=0), entry_times, entry_n),
        n_censor=table[0],
        n_event=table[1:],
        person_days=_person_days(counts),
        entry_times=entry_times,
        entry_n=entry_n,
    )


def _just_before(
    times: NDArray[np.float64],
    leaving: NDArray[np.float64],
    entry_times: NDArray[np.float64],
    entry_n: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Count who leaves on or after each day, less those who had not yet entered."""
    staying = np.cumsum(leaving[::-1])[::-1]
    not_yet = np.concatenate([np.cumsum(entry_n[::-1])[::-1], [0.0]])
    result: NDArray[np.float64] = staying - not_yet[np.searchsorted(entry_times, times, side="left")]
    return result


def _person_days(counts: EventCounts) -> float:
    """Add up days under observation, from entry or time zero to the last day."""
    total = counts.frame.select((pl.col(TIME) * pl.col("n")).sum()).item()
    late = 0 if counts.entries is None else counts.entries.select((pl.col(TIME) * pl.col("n")).sum()).item()
    return float(total - late)
