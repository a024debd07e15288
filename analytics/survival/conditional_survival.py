"""Freedom from the endpoint of those who have come through some time already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.intervals import confidence_limits, describe
from analytics.survival.results import Basis, EventCurve, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.intervals import IntervalKind


@dataclass(frozen=True, eq=False)
class ConditionalSurvival:
    """Probability of staying free of the endpoint, given freedom up to a day.

    Parameters
    ----------
    group
        Label of the group.
    from_day
        Day up to and on which freedom from the endpoint is given.
    n_at_start
        Patients under observation on the first day after it; with delayed entry not all were there before.
    table
        One row per day asked for: ``time_days`` (since time zero, not since ``from_day``), ``survival``,
        ``std_error``, ``lower``, ``upper``.
    basis
        What it rests on; ``n`` is ``n_at_start``, ``n_events`` counts the events after ``from_day`` up to the
        last day asked for.
    """

    group: str
    from_day: float
    n_at_start: int
    table: pl.DataFrame
    basis: Basis


def estimate_conditional_survival(
    curve: EventCurve,
    *,
    from_day: float,
    days: Sequence[float],
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
) -> ConditionalSurvival | NotEstimable:
    """Estimate S(t | s), the chance of staying free up to day t of those free on day s.

    It is S(t) / S(s), and the same as the curve of a landmark analysis at day s: what happened up to day s
    does not enter its error.

    Parameters
    ----------
    curve
        A Kaplan-Meier curve from unweighted counts.
    from_day
        Day s, >= 0.
    days
        Days t, each >= s, in any order.
    confidence, interval
        Level and scale of the pointwise interval.

    Returns
    -------
    ConditionalSurvival or NotEstimable
        Refused: ``no_patients`` where nobody is under observation after day s, ``follow_up_too_short`` where
        a day lies beyond the last day under observation and the curve has not come down to zero.

    Raises
    ------
    ValueError
        When a day lies before ``from_day``, or with a weighted curve.

    References
    ----------
    .. [1] Andersen, Borgan, Gill & Keiding (1993), Statistical Models Based on Counting Processes, section
       IV.3, https://doi.org/10.1007/978-1-4612-4348-9.
    """
    asked = np.asarray(days, dtype=np.float64)
    if np.any(asked < from_day):
        msg = "days: earlier than the day from which they count. Ask for later days."
        raise ValueError(msg)
    if "weighted_n_risk" in curve.table.columns:
        msg = "curve: weighted. Estimate the weighted curve of the patients free on that day instead."
        raise ValueError(msg)
    later = curve.table.filter(pl.col("time_days") > from_day)
    if not later.height:
        reason = f"Nobody is under observation after day {from_day:g}. Ask for an earlier day."
        return NotEstimable(curve.group, reason, "no_patients")
    if asked.max(initial=0.0) > float(later["time_days"][-1]) and later["survival"][-1] > 0:
        reason = "Nobody is under observation on the last day asked for. Ask for an earlier one."
        return NotEstimable(curve.group, reason, "follow_up_too_short")
    table = _estimate(later, asked)
    lower, upper = confidence_limits(
        table["survival"].to_numpy(),
        table["std_error"].to_numpy(),
        confidence=confidence,
        interval=interval,
    )
    within = later.filter(pl.col("time_days") <= asked.max(initial=from_day))
    n_at_start = int(later["n_risk"][0])
    basis = Basis(
        method=f"conditional Kaplan-Meier from day {from_day:g}",
        variance="Greenwood",
        interval=describe(interval, confidence),
        n=n_at_start,
        n_events=int(within["n_event"].sum()),
        person_days=_person_days(later, from_day),
        warnings=curve.basis.warnings,
    )
    return ConditionalSurvival(
        curve.group, from_day, n_at_start, table.with_columns(lower=lower, upper=upper), basis
    )


def _estimate(later: pl.DataFrame, asked: NDArray[np.float64]) -> pl.DataFrame:
    """Multiply the shares that stay free from day to day, and add up Greenwood's terms."""
    n, d = (later[name].to_numpy().astype(np.float64) for name in ("n_risk", "n_event"))
    survival = np.concatenate([[1.0], np.cumprod(1 - d / n)])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where((d > 0) & (d < n), d / (n * (n - d)), 0.0)
    std_error = survival * np.sqrt(np.concatenate([[0.0], np.cumsum(terms)]))
    at = np.searchsorted(later["time_days"].to_numpy(), asked, side="right")
    return pl.DataFrame({"time_days": asked, "survival": survival[at], "std_error": std_error[at]})


def _person_days(later: pl.DataFrame, from_day: float) -> float:
    """Add up the days under observation after the start."""
    days = np.concatenate([[from_day], later["time_days"].to_numpy().astype(np.float64)])
    return float(np.sum(np.diff(days) * later["n_risk"].to_numpy()))
