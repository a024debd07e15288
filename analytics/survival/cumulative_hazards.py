"""Cumulative hazards of Nelson and Aalen, read at fixed days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.survival.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.results import Basis, EventCurve


@dataclass(frozen=True, eq=False)
class CumulativeHazard:
    """Cumulative hazard of one group: events expected of somebody who could have them again and again.

    Parameters
    ----------
    group
        Label of the group.
    table
        One row per day of the curve: ``time_days``, ``n_risk``, ``n_event``, ``cumulative_hazard``,
        ``std_error``, ``lower``, ``upper``.
    at_days
        The same at the days asked for, in their order, with ``is_beyond_follow_up`` (True where nobody was
        followed so long: the last value is carried forward).
    basis
        What it rests on.
    """

    group: str
    table: pl.DataFrame
    at_days: pl.DataFrame
    basis: Basis


def read_cumulative_hazard(
    curve: EventCurve, days: Sequence[float], *, confidence: float = 0.95
) -> CumulativeHazard:
    """Read the cumulative hazard [1]_ [2]_ that stands beside a curve, with limits on the log scale.

    Parameters
    ----------
    curve
        A curve; its ``cumulative_hazard`` is the sum of events over at risk, its ``std_error_hazard`` the
        root of the sum of events over at risk squared.
    days
        Days since time zero, in any order.
    confidence
        Level of the pointwise interval.

    References
    ----------
    .. [1] Nelson (1972), Technometrics 14:945-966. doi:10.1080/00401706.1972.10488991
    .. [2] Aalen (1978), Ann Stat 6:701-726. doi:10.1214/aos/1176344247
    """
    hazard, error = (curve.table[name].to_numpy() for name in ("cumulative_hazard", "std_error_hazard"))
    reach = np.divide(error, hazard, out=np.zeros_like(hazard), where=hazard > 0)
    factor = np.exp(normal_quantile(confidence) * reach)
    table = curve.table.select(
        "time_days",
        "n_risk",
        "n_event",
        "cumulative_hazard",
        std_error="std_error_hazard",
        lower=pl.Series(hazard / factor),
        upper=pl.Series(hazard * factor),
    )
    place = np.searchsorted(table["time_days"].to_numpy(), np.asarray(days), side="right")
    columns = ("cumulative_hazard", "std_error", "lower", "upper")
    last = table["time_days"].max()
    at_days = pl.DataFrame(
        {
            "time_days": list(days),
            **{name: np.append(0.0, table[name].to_numpy())[place] for name in columns},
            "is_beyond_follow_up": [day > last for day in days],  # type: ignore[operator]  # days are numbers
        }
    )
    basis = replace(
        curve.basis,
        method="Nelson-Aalen",
        variance="Poisson increments",
        interval=f"log, {100 * confidence:g} %",
    )
    return CumulativeHazard(curve.group, table, at_days, basis)
