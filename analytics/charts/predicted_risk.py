"""Predicted-risk figure: what a model says of patients of given covariates, over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analytics.charts.numbers import format_percent
from analytics.charts.smooth_panel import SmoothAxes, smooth_panels
from analytics.charts.theme import Spec, frame
from analytics.charts.time_axis import TimeAxis, choose_time_axis

if TYPE_CHECKING:
    import polars as pl

    from analytics.charts.event_curve import CurveText


def predicted_risk_chart(table: pl.DataFrame, *, text: CurveText, horizon_days: int) -> Spec:
    """Draw predicted risks with pointwise intervals.

    Parameters
    ----------
    table
        One row per profile and day, ascending: ``profile``, ``time_days``, ``risk``, ``lower``, ``upper`` (0
        to 1), ``is_beyond_follow_up``.
    text
        Words of the figure; ``percent_title`` titles the vertical axis.
    horizon_days
        Right end of the time axis.

    Returns
    -------
    dict
        Vega-Lite 6 specification. What lies beyond the data is thin and dotted, and the subtitle says so.
    """
    axis = choose_time_axis(horizon_days, first_day=text.first_day, time_unit=text.time_unit)
    names = table["profile"].unique(maintain_order=True).to_list()
    points = {name: _points(table.filter(profile=name), axis) for name in names}
    highest = max(row["upper"] for own in points.values() for row in own)
    step = 10 if highest > 20 else 5 if highest > 8 else 2
    top = float(min(100, step * math.ceil((highest + 0.01) / step)))
    beyond = (
        "Dotted: beyond the last event, by the model alone." if table["is_beyond_follow_up"].any() else ""
    )
    outer = frame(
        title=text.title,
        subtitle=" ".join(filter(None, (text.subtitle, "Predicted by the model.", beyond))),
        alt=predicted_risk_alt(table, text=text),
    )
    axes = SmoothAxes(axis, f"{axis.unit} since {text.time_origin}", text.percent_title, top)
    return {**outer, **smooth_panels(points, axes)}


def _points(table: pl.DataFrame, axis: TimeAxis) -> list[Spec]:
    """Turn the risks of one profile into percent points, from 0 at the beginning."""
    start = {"time": axis.start, "value": 0.0, "lower": 0.0, "upper": 0.0, "is_extrapolated": False}
    rows = [
        {
            "time": axis.position(row["time_days"]),
            "value": 100 * row["risk"],
            "lower": 100 * row["lower"],
            "upper": 100 * row["upper"],
            "is_extrapolated": row["is_beyond_follow_up"],
        }
        for row in table.iter_rows(named=True)
    ]
    return [start, *rows]


def predicted_risk_alt(table: pl.DataFrame, *, text: CurveText) -> str:
    """Return the figure in words: the last risk of each profile."""
    last = table.group_by("profile", maintain_order=True).last()
    parts = [f"{row['profile']}: {format_percent(row['risk'])}" for row in last.iter_rows(named=True)]
    return f"{text.title}. Predicted curves of {text.percent_title}. At the end: " + "; ".join(parts) + "."
