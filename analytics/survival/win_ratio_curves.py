"""Survival of one group as pairs are scored with it: values, bounds, influence of patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CurveInfluence = Literal["product", "exponential"]
"""How a patient's influence on a survival curve is written: exactly, or with exp(-cumulative hazard)."""


@dataclass(frozen=True, eq=False)
class GroupCurve:
    """Kaplan-Meier estimate of one group.

    Parameters
    ----------
    times, events
        Of every patient; a patient whose time is not a number is not part of the curve.
    jumps
        Distinct times of events, ascending.
    at_risk, deaths
        Patients under observation just before each jump, and events at it.
    last
        Last time of observation; minus infinity where there is nobody.
    lower, upper
        Survival from the start on, after each jump, and beyond follow-up, where it is only known to lie
        between zero and its last value.
    """

    times: NDArray[np.float64]
    events: NDArray[np.bool_]
    jumps: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    deaths: NDArray[np.float64]
    last: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @property
    def is_complete(self) -> bool:
        """Whether the curve is known for ever: it reaches zero, or nobody is in it."""
        return bool(self.upper[-1] == 0) or self.last == -np.inf

    def place(
        self, times: NDArray[np.float64], *, side: Literal["left", "right"] = "right"
    ) -> NDArray[np.int64]:
        """Where in ``lower`` and ``upper`` survival at (or with ``left`` just before) some times stands."""
        found = np.searchsorted(self.jumps, times, side=side).astype(np.int64)
        beyond = (times > self.last) & (not self.is_complete)
        return np.where(beyond, len(self.jumps) + 1, found)

    def influence(self, slopes: NDArray[np.float64], kind: CurveInfluence) -> NDArray[np.float64]:
        """Influence of every patient on a function of the curve.

        Parameters
        ----------
        slopes
            Derivative of the function by each value of ``upper``.
        kind
            ``product``: the derivative of the product-limit estimate by the weight of a patient.
            ``exponential``: that of exp(-cumulative hazard), equal in large samples without ties.
        """
        hazard = self.deaths / self.at_risk
        by_value = slopes[1:-1].copy()
        if len(by_value) == 0:
            return np.zeros(len(self.times))
        by_value[-1] += slopes[-1]
        if kind == "product":
            # Where everybody dies the curve is zero whatever a patient weighs.
            survived = 1 - hazard
            steps = np.divide(1.0, survived, out=np.zeros_like(survived), where=survived > 0)
            values = self.upper[1:-1]
        else:
            steps, values = np.ones_like(hazard), np.exp(-np.cumsum(hazard))
        per_event = steps * np.cumsum((by_value * values)[::-1])[::-1] / self.at_risk
        expected = np.concatenate([[0.0], np.cumsum(hazard * per_event)])
        seen = np.searchsorted(self.jumps, self.times, side="right")
        own = np.where(self.events, per_event[np.maximum(seen - 1, 0)], 0.0)
        return np.where(np.isnan(self.times), 0.0, expected[seen] - own)


def fit_curve(times: NDArray[np.float64], events: NDArray[np.bool_]) -> GroupCurve:
    """Estimate the survival of one group (Kaplan-Meier); events come before censorings of the same time."""
    known = ~np.isnan(times)
    happened = events & known
    ordered = np.sort(times[known])
    jumps, deaths = np.unique(times[happened], return_counts=True)
    at_risk = (len(ordered) - np.searchsorted(ordered, jumps, side="left")).astype(np.float64)
    survival = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
    return GroupCurve(
        times=times,
        events=happened,
        jumps=jumps,
        at_risk=at_risk,
        deaths=deaths.astype(np.float64),
        last=float(ordered[-1]) if len(ordered) else -np.inf,
        lower=np.append(survival, 0.0),
        upper=np.append(survival, survival[-1]),
    )
