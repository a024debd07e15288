"""Infinitesimal-jackknife variance of weighted curves, clustered by patient, site or any other unit.

The variance of an estimate is the sum over units of the squared influence, where the influence of a unit is
the derivative of the estimate in the direction of that unit's weights. Weights are sampling weights, taken as
known: multiplying all of them by a constant changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.survival.event_counts import CAUSE, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts
    from analytics.survival.risk_table import RiskTable


@dataclass(frozen=True, eq=False)
class Units:
    """Rows of weighted data and the units they belong to.

    Parameters
    ----------
    unit
        Code of the unit of each row, 0 to ``n_units - 1``.
    entry, exit
        Each row is at risk on (entry, exit]; minus infinity where observed from the start.
    cause
        0 censored, 1, 2, ... the causes.
    weight
        Weight of each row.
    multiplicity
        Factor on the squared influence of each unit; 1 for real units.
    """

    unit: NDArray[np.int64]
    entry: NDArray[np.float64]
    exit: NDArray[np.float64]
    cause: NDArray[np.int64]
    weight: NDArray[np.float64]
    multiplicity: NDArray[np.float64]


def cell_units(counts: EventCounts) -> Units:
    """Treat every row behind weighted counts as its own unit.

    All rows of one (day, cause) cell have the same influence per unit of weight, so the sum of squared
    weights of the cell stands for them all.

    Raises
    ------
    ValueError
        With delayed entry, where cells no longer hold rows of equal influence.
    """
    if counts.entries is not None:
        msg = "counts: weighted counts with delayed entry have no variance. Give the rows instead."
        raise ValueError(msg)
    frame = counts.frame
    size = frame.height
    return Units(
        unit=np.arange(size),
        entry=np.full(size, -np.inf),
        exit=frame[TIME].to_numpy().astype(np.float64),
        cause=frame[CAUSE].to_numpy(),
        weight=np.ones(size),
        multiplicity=frame["sum_w2"].to_numpy().astype(np.float64),
    )


def influence_variance(raw: RiskTable, weighted: RiskTable, units: Units) -> dict[str, NDArray[np.float64]]:
    """Return weighted survival, incidence and hazard with their robust variances.

    Parameters
    ----------
    raw, weighted
        Risk tables of patients and of weights on the same days.
    units
        The rows behind them.

    Returns
    -------
    dict of arrays
        One value per day: ``survival``, ``survival_variance``, ``hazard_variance`` (of the cumulative hazard
        of all causes); one row per cause: ``hazard`` (increments), ``incidence``, ``incidence_variance``.

    References
    ----------
    .. [1] Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories memorandum MM 72-1215-11.
    .. [2] Andersen, Borgan, Gill & Keiding (1993), Statistical Models Based on Counting Processes, section
       IV.1.
    """
    hazard = _hazard(raw, weighted)
    n_causes, n_days = hazard.shape
    survival = np.cumprod(1.0 - hazard.sum(axis=0))
    before = np.concatenate([[1.0], survival[:-1]])
    out = {
        "survival": survival,
        "hazard": hazard,
        "incidence": np.cumsum(before * hazard, axis=1),
        "survival_variance": np.zeros(n_days),
        "hazard_variance": np.zeros(n_days),
        "incidence_variance": np.zeros((n_causes, n_days)),
    }
    state = _Influence(units, weighted.times, n_causes)
    for day in range(n_days):
        state.step(day, hazard[:, day], before=before[day], n_risk=weighted.n_risk[day])
        out["survival_variance"][day] = state.squared(state.survival)
        out["hazard_variance"][day] = state.squared(state.cumulative_hazard)
        for cause in range(n_causes):
            out["incidence_variance"][cause, day] = state.squared(state.incidence[cause])
    return out


def _hazard(raw: RiskTable, weighted: RiskTable) -> NDArray[np.float64]:
    """Weighted hazard increments by cause; exactly one in sum where everybody at risk has an event."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(weighted.n_event > 0, weighted.n_event / weighted.n_risk, 0.0)
    # Sums of weights differ in the last bit, patients do not.
    complete = (raw.all_events > 0) & (raw.all_events == raw.n_risk)
    total = np.where(complete, hazard.sum(axis=0), 1.0)
    scaled: NDArray[np.float64] = hazard / np.where(total > 0, total, 1.0)
    return scaled


class _Influence:
    """Influence of every unit on survival, incidence and hazard, carried from day to day."""

    def __init__(self, units: Units, days: NDArray[np.float64], n_causes: int) -> None:
        size = len(units.multiplicity)
        self._units = units
        self._at_risk = np.zeros(size)
        self._leaving = _by_day(np.searchsorted(days, units.exit, side="left"), len(days))
        self._entering = _by_day(np.searchsorted(days, units.entry, side="right"), len(days))
        self.survival = np.zeros(size)
        self.cumulative_hazard = np.zeros(size)
        self.incidence = np.zeros((n_causes, size))

    def step(self, day: int, hazard: NDArray[np.float64], *, before: float, n_risk: float) -> None:
        """Move every influence over one day."""
        np.add.at(self._at_risk, *self._weights(self._entering[day]))
        leaving = self._leaving[day]
        total = float(hazard.sum())
        if total > 0:
            noise_of_all = np.zeros_like(self.survival)
            for cause, share in enumerate(hazard):
                noise = -self._at_risk * share
                np.add.at(noise, *self._weights(leaving[self._units.cause[leaving] == cause + 1]))
                noise /= n_risk
                self.incidence[cause] += self.survival * share + before * noise
                noise_of_all += noise
            self.survival = self.survival * (1.0 - total) - before * noise_of_all
            self.cumulative_hazard += noise_of_all
        np.subtract.at(self._at_risk, *self._weights(leaving))

    def squared(self, influence: NDArray[np.float64]) -> float:
        """Sum the squared influence over the units."""
        return float(np.dot(self._units.multiplicity, influence**2))

    def _weights(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the units and the weights of some rows."""
        return self._units.unit[rows], self._units.weight[rows]


def _by_day(day: NDArray[np.int64], n_days: int) -> list[NDArray[np.int64]]:
    """List the rows that belong to each day; rows beyond the last day belong to none."""
    order = np.argsort(day, kind="stable")
    edges = np.searchsorted(day[order], np.arange(n_days + 1), side="left")
    return [order[edges[i] : edges[i + 1]] for i in range(n_days)]
