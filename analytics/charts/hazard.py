"""Hazard-over-time figure: events per 100 patient-years as follow-up goes on, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group
from analytics.charts.numbers import DAYS_PER_YEAR, format_count
from analytics.charts.smooth_panel import SmoothAxes, smooth_panels
from analytics.charts.theme import Spec, frame
from analytics.charts.time_axis import choose_time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.charts.event_curve import CurveText
    from analytics.charts.time_axis import TimeAxis
    from analytics.survival.results_parametric import HazardCurve

PER_100_YEARS = 100 * DAYS_PER_YEAR
HEADROOM = 1.6
"""Intervals are cut this many times above the highest hazard: a wild end must not flatten the rest."""


def hazard_chart(curves: Sequence[HazardCurve], *, text: CurveText, horizon_days: int) -> Spec:
    """Draw hazards over time with pointwise intervals.

    Parameters
    ----------
    curves
        One curve per group, at least one. More than four become small multiples.
    text
        Words of the figure; ``percent_title`` titles the vertical axis, for example
        ``MACE per 100 patient-years``.
    horizon_days
        Right end of the time axis, in days since time zero.

    Returns
    -------
    dict
        Vega-Lite 6 specification with inline data. What lies beyond the last event is thin and dotted, and
        the subtitle says so.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    points = {curve.group: _points(curve, axis) for curve in curves}
    top, is_cut = _top(points)
    note = _note(points, is_cut=is_cut)
    outer = frame(
        title=text.title,
        subtitle=" ".join(part for part in (text.subtitle, note) if part),
        alt=hazard_alt(curves, text=text),
    )
    axes = SmoothAxes(axis, f"{axis.unit} since {text.time_origin}", text.percent_title, top)
    return {**outer, **smooth_panels(points, axes)}


def hazard_alt(curves: Sequence[HazardCurve], *, text: CurveText) -> str:
    """Return the figure in words: the hazard at the beginning and at the end of each group."""
    parts = []
    for curve in curves:
        known = curve.table.filter(~pl.col("is_extrapolated"), pl.col("hazard").is_not_null())
        first, last = (PER_100_YEARS * float(known["hazard"][place]) for place in (0, -1))
        parts.append(
            f"{label_group(curve.group)}: from {first:.1f} to {last:.1f} per 100 patient-years, "
            f"{format_count(curve.basis.n_events)} events in {format_count(curve.basis.n)}"
        )
    return f"{text.title}. Curves of {text.percent_title}. " + "; ".join(parts) + "."


def _points(curve: HazardCurve, axis: TimeAxis) -> list[Spec]:
    """Turn a result into rates per 100 patient-years on the axis."""
    inside = curve.table.filter(
        pl.col("time_days").is_between(axis.first_day, axis.horizon_days), pl.col("hazard").is_not_null()
    )
    return [
        {
            "time": axis.position(row["time_days"]),
            "value": PER_100_YEARS * row["hazard"],
            "lower": PER_100_YEARS * (row["hazard"] if row["lower"] is None else row["lower"]),
            "upper": PER_100_YEARS * (row["hazard"] if row["upper"] is None else row["upper"]),
            "is_extrapolated": row["is_extrapolated"],
        }
        for row in inside.iter_rows(named=True)
    ]


def _top(points: dict[str, list[Spec]]) -> tuple[float, bool]:
    """Give the upper end of the axis, and whether an interval goes beyond it."""
    rows = [row for own in points.values() for row in own]
    highest = max((row["value"] for row in rows), default=1.0) or 1.0
    upper = max((row["upper"] for row in rows), default=1.0)
    return min(max(upper, highest), HEADROOM * highest) * 1.02, upper > HEADROOM * highest


def _note(points: dict[str, list[Spec]], *, is_cut: bool) -> str:
    """Say what a reader must know of the drawing."""
    notes = []
    if any(row["is_extrapolated"] for own in points.values() for row in own):
        notes.append("Dotted: beyond the last event, by the shape of the model alone.")
    if is_cut:
        notes.append("Intervals are cut at the top.")
    return " ".join(notes)
