"""Curves laid out as the documented tables, one or many strata at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.event_counts import TIME
from analytics.survival.intervals import IntervalKind, confidence_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.survival.risk_table import RiskTable

EVENT_FREE = "event_free"
"""Label of the rows that hold the probability of no event of any cause."""


def lay_out_incidence(
    table: RiskTable, causes: Sequence[str], estimates: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> pl.DataFrame:
    """Lay out incidences: stratum after stratum, in each one block of days per cause and one for no event.

    Parameters
    ----------
    table
        Risk table with one row of events per cause, of one stratum or of several end to end.
    causes
        Labels of the causes.
    estimates
        Estimates and standard errors: one row per cause, then one for no event.

    Returns
    -------
    pl.DataFrame
        ``cause``, ``time_days`` (Int64 where all days are whole), ``n_risk``, ``n_event``, ``n_censor``,
        ``incidence``, ``std_error``.
    """
    labels = (*causes, EVENT_FREE)
    events = np.vstack([table.n_event, np.zeros(len(table.times))])
    days = _whole_days(table.times)

    def per_cause(row: NDArray[np.generic]) -> NDArray[np.generic]:
        return _in_blocks(np.broadcast_to(row, (len(labels), len(row))), table.spans)

    code = np.broadcast_to(np.arange(len(labels), dtype=np.uint32)[:, None], events.shape)
    return pl.DataFrame(
        {
            "cause": pl.Series(labels, dtype=pl.String).gather(_in_blocks(code, table.spans)),
            TIME: per_cause(days),
            "n_risk": per_cause(table.n_risk.astype(np.int64)),
            "n_event": _in_blocks(events.astype(np.int64), table.spans),
            "n_censor": per_cause(table.n_censor.astype(np.int64)),
            "incidence": _in_blocks(estimates[0], table.spans),
            "std_error": _in_blocks(estimates[1], table.spans),
        }
    )


def lay_out_curve(table: RiskTable, columns: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    """Lay out survival curves, one row per day; what is not a number becomes null.

    Parameters
    ----------
    table
        Risk table of one stratum or of several end to end.
    columns
        Survival with its standard error and limits, cumulative hazard with its standard error, and perhaps
        more.
    """
    numbers = {
        "n_risk": table.n_risk.astype(np.int64),
        "n_event": table.all_events.astype(np.int64),
        "n_censor": table.n_censor.astype(np.int64),
    }
    first = ("survival", "std_error", "lower", "upper", "cumulative_hazard", "std_error_hazard")
    rest = [name for name in columns if name not in first]
    frame = pl.DataFrame({TIME: _whole_days(table.times), **numbers, **columns})
    order = [TIME, *numbers, *first, *rest]
    return frame.select(order).with_columns(pl.selectors.float().exclude(TIME).fill_nan(None))


def add_limits(frame: pl.DataFrame, *, confidence: float, interval: IntervalKind) -> pl.DataFrame:
    """Add ``lower`` and ``upper`` to a table with ``incidence`` and ``std_error``."""
    lower, upper = confidence_limits(
        frame["incidence"].to_numpy(), frame["std_error"].to_numpy(), confidence=confidence, interval=interval
    )
    return frame.with_columns(lower=pl.Series(lower), upper=pl.Series(upper))


def keep_whole_days(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the days of one stratum as integers where all of them are whole."""
    days = frame[TIME]
    if days.dtype == pl.Int64 or not (days == days.round()).all():
        return frame
    return frame.with_columns(days.cast(pl.Int64))


def whole_days(times: NDArray[np.float64]) -> pl.Series:
    """Give days as integers where all of them are whole."""
    return pl.Series(TIME, _whole_days(times))


def _whole_days(days: NDArray[np.float64]) -> NDArray[np.generic]:
    """Give days as integers where all of them are whole."""
    whole = days.astype(np.int64)
    return whole if np.array_equal(whole, days) else days


def _in_blocks(rows: NDArray[np.generic], spans: tuple[slice, ...]) -> NDArray[np.generic]:
    """Write the rows of each stratum one after the other, stratum after stratum."""
    flat = np.empty(rows.size, dtype=rows.dtype)
    height = len(rows)
    for span in spans:
        block = flat[height * span.start : height * span.stop]
        block.reshape(height, -1)[...] = rows[:, span]
    return flat
