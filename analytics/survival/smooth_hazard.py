"""The hazard over time by kernel smoothing, from event counts and without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.errors import SpecificationError
from analytics.survival.intervals import describe, normal_quantile
from analytics.survival.results import Basis, NotEstimable
from analytics.survival.results_parametric import HazardCurve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.survival.cox_design import Floats
    from analytics.survival.results import EventCurve

WHERE = "Smooth hazard"
MIN_EVENTS = 10
"""Fewer events show no shape; ours."""
N_TIMES = 101


def estimate_smooth_hazard(
    curve: EventCurve,
    *,
    bandwidth_days: float | None = None,
    times: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> HazardCurve | NotEstimable:
    """Smooth the steps of the Nelson-Aalen cumulative hazard into a hazard [1]_.

    Parameters
    ----------
    curve
        An unweighted curve: its ``time_days``, ``n_event`` and ``n_risk``.
    bandwidth_days
        Half-width of the window, days > 0. None takes the span from the first to the last event over eight
        times the fifth root of the number of events [2]_.
    times
        Where the hazard is wanted, days between the first and the last follow-up; None takes 101 even steps
        from 0 to the last event.
    confidence
        Level of the pointwise interval, on the log scale.

    Returns
    -------
    HazardCurve or NotEstimable
        Epanechnikov weights; near either end the window is cut and its weights are bent so that a straight
        line is still met [3]_. The interval holds the smoothed hazard: it knows nothing of the bias that
        smoothing a peak away brings. NotEstimable with code ``no_events`` or ``too_few_events`` (fewer than
        10).

    Raises
    ------
    SpecificationError
        For a bandwidth that is not positive or a weighted curve.

    References
    ----------
    .. [1] Ramlau-Hansen (1983), Ann Stat 11:453-466. doi:10.1214/aos/1176346152
    .. [2] Muller & Wang (1994), Biometrics 50:61-76. doi:10.2307/2533197
    .. [3] Gasser & Muller (1979), Lect Notes Math 757:23-68. doi:10.1007/BFb0098489
    """
    if "weighted_n_event" in curve.table.columns:
        raise SpecificationError(where=WHERE, what="a weighted curve", fix="Give an unweighted curve.")
    steps = curve.table.filter(pl.col("n_event") > 0)
    n_events = int(steps["n_event"].sum())
    if n_events < MIN_EVENTS:
        code = "too_few_events" if n_events else "no_events"
        return NotEstimable(curve.group, f"{n_events} events show no shape of the hazard over time", code)
    day, event, risk = (
        steps[name].cast(pl.Float64).to_numpy() for name in ("time_days", "n_event", "n_risk")
    )
    width = _bandwidth(day, n_events, bandwidth_days)
    last = float(day[-1])
    wanted = np.linspace(0.0, last, N_TIMES) if times is None else np.asarray(times, dtype=np.float64)
    weight = _weights(wanted, day, width, last)
    hazard = weight @ (event / risk)
    error = np.sqrt(weight**2 @ (event / risk**2))
    return HazardCurve(
        curve.group, _table(wanted, hazard, error, last, confidence), _basis(curve, width, confidence)
    )


def _bandwidth(day: Floats, n_events: int, given: float | None) -> float:
    """Take the half-width as given, or by the rule."""
    width = (day[-1] - day[0]) / (8 * n_events**0.2) if given is None else given
    if not width > 0:
        raise SpecificationError(
            where=WHERE, what="the bandwidth is not positive", fix="Give a number of days above 0."
        )
    return float(width)


def _weights(wanted: Floats, day: Floats, width: float, last: float) -> Floats:
    """Give the weight of each event day at each wanted time, times x days.

    Over what is left of the window the Epanechnikov kernel is multiplied by a line that makes its area one
    and its centre of gravity zero.
    """
    distance = (wanted[:, None] - day) / width
    kernel = np.where(np.abs(distance) <= 1, 0.75 * (1 - distance**2), 0.0)
    # With u = (t - day)/width, the days from 0 to the last leave u between these.
    low, high = np.maximum((wanted - last) / width, -1.0), np.minimum(wanted / width, 1.0)
    area, first, second = (_moment(high, power) - _moment(low, power) for power in (0, 1, 2))
    spread = area * second - first**2
    line = (second[:, None] - first[:, None] * distance) / np.where(spread > 0, spread, np.nan)[:, None]
    return np.where(np.isfinite(line), kernel * line, 0.0) / width


def _moment(u: Floats, power: int) -> Floats:
    """Integrate u to a power times the Epanechnikov kernel from 0."""
    moment: Floats = 0.75 * (u ** (power + 1) / (power + 1) - u ** (power + 3) / (power + 3))
    return moment


def _table(time: Floats, hazard: Floats, error: Floats, last: float, confidence: float) -> pl.DataFrame:
    """Put limits on the log scale around a hazard; none where no event is within reach."""
    known = hazard > 0
    safe = np.where(known, hazard, 1.0)
    factor = np.exp(normal_quantile(confidence) * error / safe)
    limits = {"lower": hazard / factor, "upper": hazard * factor}
    return pl.DataFrame(
        {"time_days": time, "hazard": np.maximum(hazard, 0.0), "std_error": error, **limits}
    ).with_columns(
        pl.when(pl.Series(known)).then(pl.col("lower")),
        pl.when(pl.Series(known)).then(pl.col("upper")),
        is_extrapolated=pl.Series(time > last),
    )


def _basis(curve: EventCurve, width: float, confidence: float) -> Basis:
    """Say what the hazard rests on."""
    return Basis(
        method=f"Kernel-smoothed Nelson-Aalen hazard, half-width {width:.0f} days",
        variance="Poisson increments, smoothing bias not included",
        interval=describe("log", confidence),
        n=curve.basis.n,
        n_events=curve.basis.n_events,
        person_days=curve.basis.person_days,
        warnings=curve.basis.warnings,
    )
