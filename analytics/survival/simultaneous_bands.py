"""Confidence bands that hold for a whole stretch of a Kaplan-Meier curve at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from analytics.survival.band_constants import equal_precision_value, hall_wellner_value
from analytics.survival.intervals import confidence_limits, describe, normal_quantile
from analytics.survival.results import Basis, EventCurve, NotEstimable

if TYPE_CHECKING:
    from analytics.survival.intervals import IntervalKind

BandKind = Literal["hall-wellner", "equal-precision"]


@dataclass(frozen=True, eq=False)
class SurvivalBand:
    """A band that holds the whole curve between two days with the stated confidence.

    Parameters
    ----------
    group
        Label of the curve.
    kind
        ``hall-wellner`` or ``equal-precision``.
    first_day, last_day
        The stretch of days over which the band holds.
    critical_value
        What stands in place of the normal quantile; for ``hall-wellner`` the limit of the bridge.
    table
        One row per day of the curve in the stretch: ``time_days``, ``survival``, ``lower``, ``upper``. Limits
        hold up to the next row.
    basis
        What the band rests on.
    """

    group: str
    kind: BandKind
    first_day: float
    last_day: float
    critical_value: float
    table: pl.DataFrame
    basis: Basis


def estimate_band(
    curve: EventCurve,
    *,
    kind: BandKind = "equal-precision",
    days: tuple[float, float] | None = None,
    confidence: float = 0.95,
    interval: IntervalKind = "log-log",
) -> SurvivalBand | NotEstimable:
    """Estimate a confidence band for a curve.

    Pointwise intervals hold at one day chosen beforehand. A band holds at all days of the stretch together,
    so it may be read wherever the curve looks interesting; it is wider.

    Parameters
    ----------
    curve
        A Kaplan-Meier curve from unweighted counts; with delayed entry for ``equal-precision`` only.
    kind
        ``equal-precision`` [2]_ is everywhere the same multiple of the pointwise interval; ``hall-wellner``
        [1]_ is narrower in the middle and wider early. The first rests on the variance at both ends alone,
        the second on a number of patients, which a curve with delayed entry does not have.
    days
        First and last day of the stretch, fixed beforehand; from the first event to the last on which
        somebody stayed free of it where None.
    confidence
        Level of the band.
    interval
        Scale of the limits, as for pointwise intervals; ``log-log`` and ``arcsin`` keep the level in small
        samples [3]_.

    Returns
    -------
    SurvivalBand or NotEstimable
        Refused: ``no_events`` where the stretch holds fewer than two event days of use.

    Raises
    ------
    ValueError
        With a weighted curve, or by Hall and Wellner with delayed entry: no limits were derived for these.

    References
    ----------
    .. [1] Hall & Wellner (1980), Biometrika 67:133-143, https://doi.org/10.1093/biomet/67.1.133.
    .. [2] Nair (1984), Technometrics 26:265-275, https://doi.org/10.1080/00401706.1984.10487964.
    .. [3] Borgan & Liestol (1990), Scand J Stat 17:35-41.
    """
    if "weighted_n_risk" in curve.table.columns:
        msg = "curve: no band holds for a weighted curve. Ask for pointwise intervals."
        raise ValueError(msg)
    if kind == "hall-wellner" and _has_late_entry(curve.table):
        msg = "curve: Hall and Wellner's band does not hold with delayed entry. Ask for equal precision."
        raise ValueError(msg)
    table = curve.table.filter((pl.col("survival") > 0) & (pl.col("std_error") > 0))
    if days is not None:
        table = _within(table, days)
    if table["survival"].n_unique() < 2:
        reason = "Fewer than two event days lie in the stretch asked for. Ask for a longer one."
        return NotEstimable(curve.group, reason, "no_events")
    survival, std_error = table["survival"].to_numpy(), table["std_error"].to_numpy()
    variance = curve.basis.n * (std_error / survival) ** 2
    first, last = (float(value / (1 + value)) for value in (variance[0], variance[-1]))
    if kind == "hall-wellner":
        critical = hall_wellner_value(first, last, confidence)
        reach = critical * (1 + variance) / np.sqrt(curve.basis.n) * survival
    else:
        critical = equal_precision_value(first, last, confidence)
        reach = critical * std_error
    # The limits are those of a pointwise interval whose standard error makes its reach that of the band.
    lower, upper = confidence_limits(
        survival, reach / normal_quantile(confidence), confidence=confidence, interval=interval
    )
    return SurvivalBand(
        group=curve.group,
        kind=kind,
        first_day=float(table["time_days"][0]),
        last_day=float(table["time_days"][-1]) if days is None else float(days[1]),
        critical_value=critical,
        table=table.select("time_days", "survival").with_columns(lower=lower, upper=upper),
        basis=Basis(
            method=f"{kind} band of {curve.basis.method}",
            variance=curve.basis.variance,
            interval=f"{describe(interval, confidence)}, simultaneous",
            n=curve.basis.n,
            n_events=curve.basis.n_events,
            person_days=curve.basis.person_days,
            warnings=curve.basis.warnings,
        ),
    )


def _has_late_entry(table: pl.DataFrame) -> bool:
    """Tell whether more are at risk than the day before left over."""
    left = table["n_risk"] - table["n_event"] - table["n_censor"]
    return bool((table["n_risk"].slice(1) != left.head(table.height - 1)).any())


def _within(table: pl.DataFrame, days: tuple[float, float]) -> pl.DataFrame:
    """Keep the days of the stretch, and let the curve on its first day stand for where it starts."""
    before = table.filter(pl.col("time_days") <= days[0]).tail(1)
    after = table.filter((pl.col("time_days") > days[0]) & (pl.col("time_days") <= days[1]))
    return pl.concat([before, after])
