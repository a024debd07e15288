"""Sums over the risk sets of a subdistribution: those who had a competing event stay, with falling weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import sparse

from analytics.survival.cox_design import specification_error
from analytics.survival.cox_likelihood import CoxKernel

if TYPE_CHECKING:
    from analytics.survival.cox_design import Floats
    from analytics.survival.cox_rows import Bools, Ints
    from analytics.survival.fine_gray_design import CompetingRows, FineGraySpec


@dataclass(frozen=True, eq=False)
class CensoringCurve:
    """Product-limit estimate of still being uncensored, in one group.

    Parameters
    ----------
    time
        Distinct times at which somebody is censored, ascending.
    hazard
        Share of those at risk of being censored who are.
    n_risk
        Rows at risk of being censored.
    survival
        Probability of being uncensored just after each time.
    """

    time: Floats
    hazard: Floats
    n_risk: Floats
    survival: Floats

    def before(self, times: Floats) -> Floats:
        """Give the probability of being uncensored just before some times."""
        held: Floats = np.append(1.0, self.survival)[np.searchsorted(self.time, times, side="left")]
        return held


@dataclass(frozen=True, eq=False)
class EntryCurve:
    """Product-limit estimate of having come under observation already, in one group.

    Parameters
    ----------
    time
        Distinct times of entry, ascending.
    entered
        Probability of having entered by the time before each of them, then 1.
    """

    time: Floats
    entered: Floats

    def before(self, times: Floats) -> Floats:
        """Give the probability of having entered before some times."""
        held: Floats = self.entered[np.searchsorted(self.time, times, side="left")]
        return held


def estimate_entry(start: Floats, stop: Floats) -> EntryCurve:
    """Estimate the distribution of entry of one group backwards in time, from those at risk of entering.

    Parameters
    ----------
    start, stop
        Each row is under observation in (start, stop].
    """
    time, counts = np.unique(start, return_counts=True)
    n_risk = len(start) - _count_left(stop, time, "right") - (len(start) - _count_left(start, time, "right"))
    shares = np.append(1.0 - counts / n_risk, 1.0)
    return EntryCurve(time, np.cumprod(shares[::-1])[::-1])


def estimate_censoring(
    stop: Floats, is_censored: Bools, *, events_first: bool, start: Floats | None = None
) -> CensoringCurve:
    """Estimate the censoring distribution of one group.

    Parameters
    ----------
    stop
        End of follow-up of each row.
    is_censored
        Whether it ended without an event.
    events_first
        Whether a row with an event on a day has left before anybody is censored on that day.
    start
        Entry of each row; None where everybody was there from the beginning.
    """
    time, counts = np.unique(stop[is_censored], return_counts=True)
    n_risk = len(stop) - _count_left(stop, time, "left")
    if events_first:
        n_risk = len(stop) - _count_left(stop, time, "right") + counts
    if start is not None:
        n_risk = n_risk - (len(start) - _count_left(start, time, "left"))
    hazard = counts / n_risk
    return CensoringCurve(time, hazard, n_risk.astype(np.float64), np.cumprod(1.0 - hazard))


def _count_left(values: Floats, times: Floats, side: Literal["left", "right"]) -> Ints:
    """Count the values before some times, or up to them."""
    return np.searchsorted(np.sort(values), times, side=side).astype(np.int64)


class FineGrayKernel(CoxKernel):
    """Sorted sums of one data set, with weights G(t-)/G(T-) after a competing event at T.

    Every sum is one cumulative sum of the rows under observation and, per censoring group, one of the rows
    after a competing event; nothing of size (rows x event times) is made.

    Parameters
    ----------
    competing
        Complete rows with their causes.
    spec
        The model.
    """

    def __init__(self, competing: CompetingRows, spec: FineGraySpec) -> None:
        super().__init__(competing.rows, spec.ties)
        self.competing = competing
        groups = tuple(np.flatnonzero(competing.group == group) for group in range(competing.n_groups))
        start, stop = competing.rows.start, competing.rows.stop
        self.curves = tuple(
            estimate_censoring(
                stop[group],
                competing.is_censored[group],
                events_first=spec.censoring_ties == "events_first",
                start=start[group] if spec.entry else None,
            )
            for group in groups
        )
        self.entries = tuple(estimate_entry(start[group], stop[group]) for group in groups if spec.entry)
        # After a group's last follow-up nothing is known of its censoring: it leaves the risk sets.
        self.set_curves: Floats = np.stack(
            [
                self._seen(number, self.sets.time) * (self.sets.time <= stop[group].max())
                for number, group in enumerate(groups)
            ]
        )
        self.tails: tuple[Ints, ...] = tuple(group[competing.is_competing[group]] for group in groups)
        seen = [self._seen(number, stop[tail]) for number, tail in enumerate(self.tails)]
        if any((values <= 0).any() for values in seen):
            what = "nobody is under observation at some time before others enter"
            raise specification_error(what=what, fix="Begin at a time from which on somebody is.")
        self.tail_scale: tuple[Floats, ...] = tuple(1.0 / values for values in seen)
        self.end: Ints = self.sets.bounds[competing.rows.stratum + 1]
        self._entering = tuple(
            _entering_tails(self.sets.last, self.end, (tail, scale), (len(self.sets.time), len(self.x)))
            for tail, scale in zip(self.tails, self.tail_scale, strict=True)
        )

    def _seen(self, group: int, times: Floats) -> Floats:
        """Give the probability of being under observation just before some times."""
        seen = self.curves[group].before(times)
        return seen * self.entries[group].before(times) if self.entries else seen

    def sum_at_risk(self, values: Floats) -> Floats:
        """Sum a value (or row) per data row over each risk set, weights after a competing event included."""
        sums = super().sum_at_risk(values)
        for group, entering in enumerate(self._entering):
            sums += (self.cumulate(entering @ values).T * self.set_curves[group]).T
        return sums

    def over_range(self, cumulated: Floats) -> Floats:
        """Sum values of the risk sets that each row is in, with its weight there."""
        over = super().over_range(cumulated)
        before = np.concatenate((np.zeros_like(cumulated[:1]), cumulated[:-1]))
        before[self.sets.bounds[:-1][self.sets.bounds[:-1] < len(before)]] = 0.0
        values = cumulated - before
        for group, tail in enumerate(self.tails):
            sums = self.later(values, group)
            later = sums[self.sets.last[tail]] - sums[self.end[tail]]
            over[tail] += (later.T * self.tail_scale[group]).T
        return over

    def later(self, values: Floats, group: int) -> Floats:
        """Sum values times G(t-) over each risk set and all after it; a last entry stands for none."""
        weighted = (values.T * self.set_curves[group]).T
        sums = np.cumsum(weighted[::-1], axis=0)[::-1]
        return np.concatenate((sums, np.zeros_like(values[:1])))


def _entering_tails(
    last: Ints, end: Ints, tails: tuple[Ints, Floats], shape: tuple[int, int]
) -> sparse.csr_array:
    """Build the matrix that sums rows with a competing event into the first risk set after it."""
    tail, scale = tails
    comes = last[tail] < end[tail]
    return sparse.csr_array((scale[comes], (last[tail][comes], tail[comes])), shape=shape)
