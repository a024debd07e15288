"""Reading curves: at chosen days, at chosen probabilities, and as restricted means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.results import CumulativeIncidence, EventCurve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CrossingRule = Literal["first", "nearest"]

# Two probabilities closer than this are one: a curve that should lie exactly at one half may miss it by
# rounding.
SAME_PROBABILITY = 1.5e-8


def read_curve_at(curve: EventCurve, days: Sequence[float]) -> pl.DataFrame:
    """Read a Kaplan-Meier curve at chosen days.

    Parameters
    ----------
    curve
        The curve.
    days
        Days since time zero, in any order; before the first day of the table the curve is 1, after the last
        it stays.

    Returns
    -------
    pl.DataFrame
        One row per day asked for: ``time_days``, ``n_risk`` (under observation just before the day; with
        delayed entry read at the next day of the table), ``survival``, ``std_error``, ``lower``, ``upper``,
        and ``weighted_n_risk`` where the curve is weighted.
    """
    start = {"survival": 1.0, "std_error": 0.0, "lower": 1.0, "upper": 1.0}
    return _read_steps(curve.table, days, start)


def read_incidence_at(incidence: CumulativeIncidence, days: Sequence[float], *, cause: str) -> pl.DataFrame:
    """Read one cumulative incidence at chosen days.

    Parameters
    ----------
    incidence
        The estimate.
    days
        Days since time zero, in any order.
    cause
        One of ``incidence.causes``, or ``event_free``.

    Returns
    -------
    pl.DataFrame
        One row per day asked for: ``time_days``, ``n_risk``, ``incidence``, ``std_error``, ``lower``,
        ``upper``.
    """
    value = 1.0 if cause not in incidence.causes else 0.0
    start = {"incidence": value, "std_error": 0.0, "lower": value, "upper": value}
    return _read_steps(incidence.table.filter(pl.col("cause") == cause), days, start)


def curve_quantiles(
    curve: EventCurve,
    probabilities: Sequence[float] = (0.25, 0.5, 0.75),
    *,
    crossing: CrossingRule = "first",
) -> pl.DataFrame:
    """Return the days by which given shares of patients have had the event.

    The day is the first on which the curve is at or below one minus the share; where the curve runs level
    exactly there, the middle of the level stretch. The limits are the same days on the two interval limits
    [1]_.

    Parameters
    ----------
    curve
        The curve.
    probabilities
        Shares with the event, between 0 and 1.
    crossing
        Interval limits can rise again under delayed entry, and then cross a level more than once: ``first``
        takes the first crossing; ``nearest`` the day on which the limit lies closest below the level.

    Returns
    -------
    pl.DataFrame
        One row per share: ``probability``, ``time_days``, ``lower``, ``upper``; null where the curve or the
        limit does not come down so far.

    References
    ----------
    .. [1] Brookmeyer & Crowley (1982), Biometrics 38:29-41.
    """
    days = curve.table["time_days"].cast(pl.Float64).to_numpy()
    found = {
        name: [
            _crossing_day(days, curve.table[column].to_numpy(), share, crossing) for share in probabilities
        ]
        for name, column in (("time_days", "survival"), ("lower", "lower"), ("upper", "upper"))
    }
    schema = {"probability": pl.Float64, **dict.fromkeys(found, pl.Float64)}
    return pl.DataFrame({"probability": list(probabilities), **found}, schema=schema)


def restricted_mean(curve: EventCurve, horizon_days: float) -> tuple[float, float]:
    """Return mean days free of the event up to a horizon, and its standard error.

    Parameters
    ----------
    curve
        A curve from unweighted counts.
    horizon_days
        Day up to which event-free time counts; beyond the last day of the table the curve is carried on.

    Returns
    -------
    tuple of float
        Area under the curve, and its standard error by Greenwood's formula.

    References
    ----------
    .. [1] Irwin (1949), J Hyg 47:188-189; Andersen, Borgan, Gill & Keiding (1993), example IV.3.8.
    """
    table = curve.table.filter(pl.col("time_days") <= horizon_days)
    days = np.concatenate([[0.0], table["time_days"].to_numpy(), [horizon_days]])
    height = np.concatenate([[1.0], table["survival"].to_numpy()])
    areas = height * np.diff(days)
    n, d = table["n_risk"].to_numpy().astype(float), table["n_event"].to_numpy().astype(float)
    ahead = np.cumsum(areas[::-1])[::-1][1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where((d > 0) & (n > d), ahead**2 * d / (n * (n - d)), 0.0)
    return float(areas.sum()), float(np.sqrt(terms.sum()))


def _read_steps(table: pl.DataFrame, days: Sequence[float], start: dict[str, float]) -> pl.DataFrame:
    """Read right-continuous columns at the days, and numbers at risk just before them."""
    known = table["time_days"].cast(pl.Float64).to_numpy()
    asked = np.asarray(days, dtype=np.float64)
    position = np.searchsorted(known, asked, side="right")
    ahead = np.searchsorted(known, asked, side="left")
    columns: dict[str, pl.Series] = {"time_days": pl.Series(list(days), strict=False)}
    for name in ("n_risk", "weighted_n_risk"):
        if name in table.columns:
            closing = pl.Series([0], dtype=table[name].dtype)
            columns[name] = pl.concat([table[name], closing]).gather(ahead)
    for name, value in start.items():
        opening = pl.Series([value], dtype=pl.Float64)
        columns[name] = pl.concat([opening, table[name]]).gather(position)
    return pl.DataFrame(columns)


def _crossing_day(
    days: NDArray[np.float64], height: NDArray[np.float64], share: float, crossing: CrossingRule
) -> float | None:
    """Find where a step curve comes down to one minus the share; None where it never does."""
    known = np.isfinite(height)
    days, height = days[known], height[known]
    level = 1.0 - share
    below = np.flatnonzero(height <= level + SAME_PROBABILITY)
    if not len(below):
        return None
    first = below[0] if crossing == "first" else below[np.argmax(height[below])]
    if abs(height[first] - level) > SAME_PROBABILITY:
        return float(days[first])
    lower = np.flatnonzero(height < level - SAME_PROBABILITY)
    lower = lower[lower > first]
    return float((days[first] + days[lower[0]]) / 2) if len(lower) else float(days[first])
