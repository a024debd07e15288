"""Hazard-over-time figure: events per 100 patient-years as follow-up goes on, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.labels import label_group
from analytics.charts.numbers import DAYS_PER_YEAR, format_count
from analytics.charts.step_panel import LABEL_GAP, spread_labels
from analytics.charts.theme import (
    DASHES,
    MAX_SERIES,
    SERIES_COLOURS,
    SHAPES,
    SeriesStyle,
    Spec,
    frame,
    series_styles,
    text_layer,
)
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
    if len(curves) <= MAX_SERIES:
        styles = series_styles([curve.group for curve in curves])
        return {**outer, **_panel(points, styles, _Axes(axis, text, top, 640, 320))}
    small = _Axes(axis.every_other_tick(), text, top, 360, 180)
    plain = SeriesStyle(SERIES_COLOURS[0], DASHES[0], SHAPES[0])
    panels = [
        {
            "title": {"text": label_group(group), "fontSize": 13, "anchor": "start", "frame": "group"},
            **_panel({group: own}, {group: plain}, small, is_named=False),
        }
        for group, own in points.items()
    ]
    return {**outer, "columns": 2, "spacing": 30, "concat": panels}


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


class _Axes:
    """Axes and size of one panel."""

    def __init__(self, time: TimeAxis, text: CurveText, top: float, width: int, height: int) -> None:
        self.time, self.top, self.width, self.height = time, top, width, height
        self.time_title, self.rate_title = f"{time.unit} since {text.time_origin}", text.percent_title

    def x(self) -> Spec:
        """Encode time."""
        return {
            "field": "time",
            "type": "quantitative",
            "title": self.time_title,
            "scale": {"domain": [self.time.start, self.time.end], "nice": False, "zero": False},
            "axis": {"values": list(self.time.ticks), "grid": False, "format": ".1~f", "labelFlush": False},
        }

    def y(self, field: str) -> Spec:
        """Encode a rate, from zero up."""
        return {
            "field": field,
            "type": "quantitative",
            "title": self.rate_title,
            "scale": {"domain": [0.0, self.top], "nice": False},
            "axis": {"tickCount": 6, "format": ",.3~f", "titlePadding": 10},
        }


def _points(curve: HazardCurve, axis: TimeAxis) -> list[Spec]:
    """Turn a result into rates per 100 patient-years on the axis."""
    inside = curve.table.filter(
        pl.col("time_days").is_between(axis.first_day, axis.horizon_days), pl.col("hazard").is_not_null()
    )
    return [
        {
            "time": axis.position(row["time_days"]),
            "rate": PER_100_YEARS * row["hazard"],
            "lower": PER_100_YEARS * (row["hazard"] if row["lower"] is None else row["lower"]),
            "upper": PER_100_YEARS * (row["hazard"] if row["upper"] is None else row["upper"]),
            "is_extrapolated": row["is_extrapolated"],
        }
        for row in inside.iter_rows(named=True)
    ]


def _top(points: dict[str, list[Spec]]) -> tuple[float, bool]:
    """Give the upper end of the axis, and whether an interval goes beyond it."""
    rows = [row for own in points.values() for row in own]
    highest = max((row["rate"] for row in rows), default=1.0) or 1.0
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


def _panel(
    points: dict[str, list[Spec]], styles: dict[str, SeriesStyle], axes: _Axes, *, is_named: bool = True
) -> Spec:
    """Return a layered view: bands, lines, and the names at the right edge."""
    layers = [layer for group, own in points.items() for layer in _layers(group, own, styles[group], axes)]
    if is_named:
        layers += _names(points, axes)
    return {"width": axes.width, "height": axes.height, "layer": layers}


def _layers(group: str, points: list[Spec], style: SeriesStyle, axes: _Axes) -> list[Spec]:
    """Draw one group: what was seen with its band, and what is extrapolated."""
    seen = [row for row in points if not row["is_extrapolated"]]
    beyond = seen[-1:] + [row for row in points if row["is_extrapolated"]]
    band: Spec = {
        "data": {"values": points},
        "mark": {"type": "area", "opacity": 0.14, "color": style.colour, "aria": False, "clip": True},
        "encoding": {"x": axes.x(), "y": axes.y("lower"), "y2": {"field": "upper"}},
    }
    line = _line(seen, axes, strokeWidth=2.2, strokeDash=list(style.dash), color=style.colour)
    line["mark"]["description"] = label_group(group)
    if len(beyond) < 2:
        return [band, line]
    return [band, line, _line(beyond, axes, strokeWidth=1.2, strokeDash=[1, 3], color=style.colour)]


def _line(points: list[Spec], axes: _Axes, **mark: object) -> Spec:
    """Draw a line through points."""
    return {
        "data": {"values": points},
        "mark": {"type": "line", "clip": True, **mark},
        "encoding": {"x": axes.x(), "y": axes.y("rate")},
    }


def _names(points: dict[str, list[Spec]], axes: _Axes) -> list[Spec]:
    """Write each group's name at the right edge, moved apart where two ends are close."""
    drawn = {group: own for group, own in points.items() if own}
    wanted = [(1 - min(own[-1]["rate"] / axes.top, 1.0)) * axes.height for own in drawn.values()]
    pixels = spread_labels(wanted, gap=LABEL_GAP, lowest=float(axes.height))
    return [
        text_layer(
            [{"text": label_group(group)}],
            x={"value": "width"},
            y={"value": pixel},
            align="left",
            dx=7,
            baseline="middle",
        )
        for group, pixel in zip(drawn, pixels, strict=True)
    ]
