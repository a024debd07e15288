"""Variance of a mean cumulative count: squared influence of every patient, summed on every day.

While a patient is under observation, the influence is a constant less a curve common to all; else it stands
still. So the sum of squares needs only running sums that change where a row opens or closes, and the work
grows with the number of rows, not with rows times days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RowSpans:
    """Rows of patients, sorted by patient and start, on a grid of days.

    Parameters
    ----------
    unit
        Code of the patient of each row, ascending.
    opens
        Number of days of the grid up to and on the start; the row is at risk after its start.
    closes
        Position of the day on which the row ends.
    n_days
        Days in the grid.
    weight
        Sampling weight of the patient of each row.
    cluster
        Code of the cluster of each row's patient; None where patients are independent.
    """

    unit: NDArray[np.int64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    n_days: int
    weight: NDArray[np.float64]
    cluster: NDArray[np.int64] | None = None

    def later_row(self) -> NDArray[np.bool_]:
        """Tell which rows continue the patient of the row before."""
        return np.concatenate([[False], self.unit[1:] == self.unit[:-1]])


@dataclass(frozen=True, eq=False)
class Influence:
    """One influence process of every patient, from row to row.

    Parameters
    ----------
    drift
        What everybody under observation has lost by each day of the grid.
    level
        Per row: the influence while the row is open is ``level - drift``.
    after
        Per row: the influence from its end to the start of the next.
    """

    drift: NDArray[np.float64]
    level: NDArray[np.float64]
    after: NDArray[np.float64]


def follow_influence(spans: RowSpans, gain: NDArray[np.float64], loss: NDArray[np.float64]) -> Influence:
    """Carry an influence through the rows of each patient.

    Parameters
    ----------
    spans
        The rows.
    gain
        What each row gains on the day on which it ends.
    loss
        What everybody under observation loses on each day of the grid.
    """
    drift = np.cumsum(loss)
    from_start = np.concatenate([[0.0], drift])
    # A start between two days, or on one, has the drift up to and on it.
    at_start = from_start[spans.opens]
    change = gain - (drift[spans.closes] - at_start)
    running = np.cumsum(change)
    first = np.flatnonzero(~spans.later_row())
    sizes = np.diff(np.append(first, len(change)))
    after = running - np.repeat(running[first] - change[first], sizes)
    return Influence(drift, after - change + at_start, after)


def sum_products(spans: RowSpans, one: Influence, two: Influence) -> NDArray[np.float64]:
    """Sum the product of two weighted influences over the patients, or over their clusters, on every day.

    Parameters
    ----------
    spans
        The rows.
    one, two
        Influences of the same rows.
    """
    if spans.cluster is not None:
        return _sum_clusters(spans, spans.cluster, one, two)
    squared = spans.weight**2
    product = _while_open(spans, squared * one.level * two.level)
    crossed = one.drift * _while_open(spans, squared * two.level)
    crossed += two.drift * _while_open(spans, squared * one.level)
    open_rows = one.drift * two.drift * _while_open(spans, squared)
    return product - crossed + open_rows + _while_closed(spans, squared * one.after * two.after)


def _sum_clusters(
    spans: RowSpans, cluster: NDArray[np.int64], one: Influence, two: Influence
) -> NDArray[np.float64]:
    """Sum over clusters: each is a level less the drift times the weight it has under observation.

    Both are constant between two changes of a cluster, so every change adds one stretch of days.
    """
    later, rows = spans.later_row(), len(cluster)
    again = np.flatnonzero(later)
    row = np.concatenate((np.arange(rows), np.arange(rows), again - 1))
    day = np.concatenate((spans.opens, spans.closes, spans.opens[again]))
    weight = spans.weight[row]
    held = weight * np.concatenate((np.ones(rows), -np.ones(rows), np.zeros(len(again))))
    levels = [
        weight * np.concatenate((each.level, each.after - each.level, -each.after[again - 1]))
        for each in (one, two)
    ]
    order = np.lexsort((day, cluster[row]))
    number, since = cluster[row][order], day[order]
    last = np.append(number[1:] != number[:-1], True)
    until = np.where(last, spans.n_days, np.append(since[1:], spans.n_days))
    first, second, open_weight = (_within(values[order], number) for values in (*levels, held))

    def along(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return _between(since, until, values, spans.n_days)

    crossed = one.drift * along(second * open_weight) + two.drift * along(first * open_weight)
    return along(first * second) - crossed + one.drift * two.drift * along(open_weight**2)


def _within(values: NDArray[np.float64], number: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cumulate values within runs of equal numbers."""
    running = np.cumsum(values)
    first = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    sizes = np.diff(np.append(first, len(values)))
    return running - np.repeat(running[first] - values[first], sizes)


def _while_open(spans: RowSpans, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum values of the rows that are open after each day."""
    return _between(spans.opens, spans.closes, values, spans.n_days)


def _while_closed(spans: RowSpans, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum values of the rows that have ended and that no row of the patient has followed yet."""
    later = spans.later_row()
    until = np.full(len(values), spans.n_days)
    until[:-1][later[1:]] = spans.opens[1:][later[1:]]
    return _between(spans.closes, until, values, spans.n_days)


def _between(
    first: NDArray[np.int64], last: NDArray[np.int64], values: NDArray[np.float64], n_days: int
) -> NDArray[np.float64]:
    """Sum values over the days from the first, up to but not on the last."""
    added = np.bincount(first, weights=values, minlength=n_days + 1)
    taken = np.bincount(last, weights=values, minlength=n_days + 1)
    return np.cumsum(added - taken)[:n_days].astype(np.float64)
