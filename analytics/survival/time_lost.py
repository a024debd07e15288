"""Days lost to each of several competing causes up to a horizon."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import norm

from analytics.survival.incidence_variance import aalen_johansen
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.refusals import inexact_warnings, refuse_counts
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_restricted import TimeLost
from analytics.survival.risk_table import RiskTable, build_risk_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.event_counts import EventCounts


def estimate_time_lost(
    counts: EventCounts,
    *,
    group: str,
    causes: Sequence[str],
    horizon_days: float,
    confidence: float = 0.95,
) -> TimeLost | NotEstimable:
    """Estimate mean days lost to each cause up to a horizon.

    The days lost to a cause are the area under its cumulative incidence [1]_. Over the causes they add up to
    all days lost, which the restricted mean of a Kaplan-Meier curve per cause would not.

    Parameters
    ----------
    counts
        Unweighted counts; those of ``group`` where there are strata.
    group
        Label of the group.
    causes
        Labels of the cause codes 1, 2, ... in order.
    horizon_days
        Day up to which time counts, > 0; fixed before looking at the curves.
    confidence
        Level of the intervals, plain.

    Returns
    -------
    TimeLost or NotEstimable
        Refused: ``no_patients``, ``event_times_unknown``, ``competing_events`` where a code has no label,
        ``follow_up_too_short`` where nobody is under observation at the horizon and some were still free of
        every event.

    References
    ----------
    .. [1] Andersen (2013), Stat Med 32:5278-5285, https://doi.org/10.1002/sim.5903.
    """
    own = counts.of_group(group)
    refusal = refuse_counts(own, group=group, highest_cause=len(causes))
    if refusal is not None:
        return refusal
    table = build_risk_table(own, n_causes=len(causes))
    estimates, _ = aalen_johansen(table)
    if table.times[-1] < horizon_days and estimates[-1, -1] > 0:
        reason = f"Nobody is under observation on day {horizon_days:g}. Ask for an earlier horizon."
        return NotEstimable(group, reason, "follow_up_too_short")
    reach = normal_quantile(confidence)
    rows = []
    for row, cause in enumerate(causes):
        lost, std_error = _area(table, estimates, row=row, horizon=horizon_days)
        rows.append((cause, lost, std_error, max(lost - reach * std_error, 0.0), lost + reach * std_error))
    schema = {"cause": pl.String} | dict.fromkeys(("lost_days", "std_error", "lower", "upper"), pl.Float64)
    basis = Basis(
        method="area under the Aalen-Johansen incidence",
        variance="Greenwood",
        interval=describe("plain", confidence),
        n=int(own.frame["n"].sum()),
        n_events=int(table.n_event[0].sum()),
        person_days=table.person_days,
        warnings=inexact_warnings(own),
    )
    return TimeLost(
        group, horizon_days, tuple(causes), pl.DataFrame(rows, schema=schema, orient="row"), basis
    )


def compare_time_lost(first: TimeLost, second: TimeLost, *, confidence: float = 0.95) -> pl.DataFrame:
    """Compare the days lost to each cause between two independent groups.

    Parameters
    ----------
    first, second
        Days lost in the group and in its reference.
    confidence
        Level of the intervals.

    Returns
    -------
    pl.DataFrame
        One row per cause: ``cause``, ``difference`` (first minus second, days), ``std_error``, ``lower``,
        ``upper``, ``p_value`` (null where the standard error is zero).

    Raises
    ------
    ValueError
        When horizons or causes differ.
    """
    if first.horizon_days != second.horizon_days or first.causes != second.causes:
        msg = "days lost: horizons or causes differ. Estimate both groups with the same options."
        raise ValueError(msg)
    rows = []
    for one, two in zip(first.table.rows(), second.table.rows(), strict=True):
        difference, spread = one[1] - two[1], sqrt(one[2] ** 2 + two[2] ** 2)
        reach = normal_quantile(confidence) * spread
        p_value = None if spread == 0 else float(2 * norm.sf(abs(difference) / spread))
        rows.append((one[0], difference, spread, difference - reach, difference + reach, p_value))
    names = ("difference", "std_error", "lower", "upper", "p_value")
    return pl.DataFrame(rows, schema={"cause": pl.String} | dict.fromkeys(names, pl.Float64), orient="row")


def _area(
    table: RiskTable, estimates: NDArray[np.float64], *, row: int, horizon: float
) -> tuple[float, float]:
    """Return the area under one incidence and its standard error.

    An error in the hazards of day u moves the area at once, and all later incidence through survival; the
    causes of one day are one multinomial draw from those at risk.
    """
    within = table.times < horizon
    days, n = table.times[within], table.n_risk[within]
    own, every = table.n_event[row][within], table.all_events[within]
    incidence = estimates[row][within]
    survival: NDArray[np.float64] = estimates[-1][within]
    before = np.concatenate([[1.0], survival])[:-1]
    width = np.diff(np.append(days, horizon))
    ahead = np.cumsum((incidence * width)[::-1])[::-1] - incidence * (horizon - days)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where all at risk have an event, nothing follows.
        later = np.where(every < n, ahead / (1 - every / n), 0.0)
        now = before * (horizon - days) - later
        spread = now**2 * own + later**2 * (every - own) - (now * own - later * (every - own)) ** 2 / n
        variance = np.where(every > 0, spread / n**2, 0.0).sum()
    return float((incidence * width).sum()), sqrt(max(float(variance), 0.0))
