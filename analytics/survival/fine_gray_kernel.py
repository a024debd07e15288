"""Sums over the risk sets of a subdistribution: those who had a competing event stay, with falling weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

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


def estimate_censoring(stop: Floats, is_censored: Bools, *, events_first: bool) -> CensoringCurve:
    """Estimate the censoring distribution of one group.

    Parameters
    ----------
    stop
        End of follow-up of each row.
    is_censored
        Whether it ended without an event.
    events_first
        Whether a row with an event on a day has left before anybody is censored on that day.
    """
    time, counts = np.unique(stop[is_censored], return_counts=True)
    ordered = np.sort(stop)
    n_risk = len(ordered) - np.searchsorted(ordered, time, side="left")
    if events_first:
        n_risk = len(ordered) - np.searchsorted(ordered, time, side="right") + counts
    hazard = counts / n_risk
    return CensoringCurve(time, hazard, n_risk.astype(np.float64), np.cumprod(1.0 - hazard))


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
        self.curves = tuple(
            estimate_censoring(
                competing.rows.stop[competing.group == group],
                competing.is_censored[competing.group == group],
                events_first=spec.censoring_ties == "events_first",
            )
            for group in range(competing.n_groups)
        )
        self.set_curves: Floats = np.stack(
            [
                # After a group's last follow-up nothing is known of its censoring: it leaves the risk sets.
                curve.before(self.sets.time)
                * (self.sets.time <= competing.rows.stop[competing.group == group].max())
                for group, curve in enumerate(self.curves)
            ]
        )
        self.tails: tuple[Ints, ...] = tuple(
            np.flatnonzero(competing.is_competing & (competing.group == group))
            for group in range(competing.n_groups)
        )
        self.tail_scale: tuple[Floats, ...] = tuple(
            1.0 / curve.before(competing.rows.stop[tail])
            for curve, tail in zip(self.curves, self.tails, strict=True)
        )
        self._entering = tuple(
            _entering_tails(self.sets.last[tail], tail, scale, (len(self.sets.time), len(self.x)))
            for tail, scale in zip(self.tails, self.tail_scale, strict=True)
        )

    def sum_at_risk(self, values: Floats) -> Floats:
        """Sum a value (or row) per data row over each risk set, weights after a competing event included."""
        sums = super().sum_at_risk(values)
        for group, entering in enumerate(self._entering):
            cumulated = np.cumsum(entering @ values, axis=0)
            sums += (cumulated.T * self.set_curves[group]).T
        return sums

    def over_range(self, cumulated: Floats) -> Floats:
        """Sum values of the risk sets that each row is in, with its weight there."""
        over = super().over_range(cumulated)
        values = np.diff(cumulated, axis=0, prepend=np.zeros_like(cumulated[:1]))
        for group, tail in enumerate(self.tails):
            later = self.later(values, group)[self.sets.last[tail]]
            over[tail] += (later.T * self.tail_scale[group]).T
        return over

    def later(self, values: Floats, group: int) -> Floats:
        """Sum values times G(t-) over each risk set and all after it; a last entry stands for none."""
        weighted = (values.T * self.set_curves[group]).T
        sums = np.cumsum(weighted[::-1], axis=0)[::-1]
        return np.concatenate((sums, np.zeros_like(values[:1])))


def _entering_tails(entered: Ints, tail: Ints, scale: Floats, shape: tuple[int, int]) -> sparse.csr_array:
    """Build the matrix that sums rows with a competing event into the first risk set after it."""
    comes = entered < shape[0]
    return sparse.csr_array((scale[comes], (entered[comes], tail[comes])), shape=shape)
