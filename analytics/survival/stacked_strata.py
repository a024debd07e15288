"""The counts of all strata laid end to end, so that one pass estimates all curves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_counts import CAUSE, TIME, stratum_labels
from analytics.survival.refusals import EventTotals, refuse_totals
from analytics.survival.risk_table import RiskTable
from analytics.survival.running import sum_ahead

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts
    from analytics.survival.results import NotEstimable


@dataclass(frozen=True, eq=False)
class StackedStrata:
    """Strata that can be estimated, laid end to end, and the refusals of the others.

    Parameters
    ----------
    labels
        Labels of the strata in the table, in its order.
    table
        Their risk tables end to end; ``edges`` says where each begins. No late entries.
    person_days
        Days under observation, by stratum.
    totals
        Patients and events, by stratum.
    refused
        Refusals by label.
    order
        Labels of all strata, ascending; empty for one stratum.
    """

    labels: tuple[str, ...]
    table: RiskTable
    person_days: tuple[float, ...]
    totals: tuple[EventTotals, ...]
    refused: dict[str, NotEstimable]
    order: tuple[str, ...] = ()


def stack_strata(counts: EventCounts, *, n_causes: int) -> StackedStrata | None:
    """Lay the risk tables of all strata end to end.

    Parameters
    ----------
    counts
        Unweighted counts by at least one stratum column, without delayed entry.
    n_causes
        Number of cause codes to tell apart; strata with higher codes are refused.

    Returns
    -------
    StackedStrata or None
        None where the strata have to be taken one by one: weights, delayed entry, two strata of one label.
    """
    if counts.is_weighted or counts.entries is not None or not counts.strata:
        return None
    known = counts.frame.drop_nulls(counts.strata)
    edges = _edges(known, counts.strata)
    labels = stratum_labels(known[edges[:-1]], counts.strata)
    if len(set(labels)) < len(labels):
        return None
    stratum = np.repeat(np.arange(len(labels)), np.diff(edges))
    totals = _totals(known, stratum, n_causes=n_causes)
    refused = {
        label: refusal
        for label, total in zip(labels, totals, strict=True)
        if (refusal := refuse_totals(total, group=label)) is not None
    }
    kept = np.array([label not in refused for label in labels], dtype=bool)
    if refused:
        known, stratum = known.filter(pl.Series(kept[stratum])), (np.cumsum(kept) - 1)[stratum[kept[stratum]]]
    table = _lay_out(known, stratum, n_causes=n_causes)
    days = known[TIME].to_numpy().astype(np.float64) * known["n"].to_numpy()
    return StackedStrata(
        labels=tuple(label for label in labels if label not in refused),
        table=table,
        person_days=tuple(np.bincount(stratum, weights=days).tolist()),
        totals=tuple(total for total, keep in zip(totals, kept, strict=True) if keep),
        refused=refused,
        order=labels,
    )


def _edges(frame: pl.DataFrame, strata: tuple[str, ...]) -> NDArray[np.int64]:
    """Find the first row of each stratum, and the number of rows."""
    differs = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in strata)
    first = frame.select(differs.fill_null(value=True)).to_series().arg_true().to_numpy()
    return np.append(first, frame.height).astype(np.int64)


def _totals(frame: pl.DataFrame, stratum: NDArray[np.int64], *, n_causes: int) -> tuple[EventTotals, ...]:
    """Count patients and events of each stratum."""
    cause, n = frame[CAUSE].to_numpy(), frame["n"].to_numpy()
    inexact = frame["n_inexact"].to_numpy()
    columns = (n, n * (cause > 0), inexact * (cause > 0), n * (cause > n_causes))
    first = np.flatnonzero(np.diff(stratum, prepend=-1))
    sums = [np.add.reduceat(column, first).tolist() if len(first) else [] for column in columns]
    return tuple(EventTotals(*row) for row in zip(*sums, strict=True))


def _lay_out(frame: pl.DataFrame, stratum: NDArray[np.int64], *, n_causes: int) -> RiskTable:
    """Turn cells in order of stratum, day and cause into risk tables end to end."""
    days = frame[TIME].to_numpy().astype(np.float64)
    new_stratum = np.diff(stratum, prepend=-1) != 0
    new_day = new_stratum | (np.diff(days, prepend=-1.0) != 0)
    position = np.cumsum(new_day) - 1
    n_days = int(new_day.sum())
    cause = frame[CAUSE].to_numpy()
    cells = np.bincount(
        np.where(cause <= n_causes, cause, 0) * n_days + position,
        weights=frame["n"].to_numpy().astype(np.float64),
        minlength=(n_causes + 1) * n_days,
    ).astype(np.float64)
    table: NDArray[np.float64] = cells.reshape(n_causes + 1, n_days)
    edges = (*position[new_stratum].tolist(), n_days)
    spans = tuple(slice(*pair) for pair in pairwise(edges))
    return RiskTable(
        times=days[new_day],
        n_risk=sum_ahead(table.sum(axis=0), spans),
        n_censor=table[0],
        n_event=table[1:],
        person_days=float((days * frame["n"].to_numpy()).sum()),
        entry_times=np.zeros(0),
        entry_n=np.zeros(0),
        edges=edges,
    )
